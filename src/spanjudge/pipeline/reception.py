"""Spans come in: admitted, matched, stored, and only then acknowledged."""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from spanjudge.pipeline.catalogue import Catalogue
from spanjudge.pipeline.clock import Now
from spanjudge.pipeline.commit import Commits
from spanjudge.pipeline.fresh import FreshSpans
from spanjudge.pipeline.options import PipelineOptions
from spanjudge.pipeline.ports import OverloadedError, Store, StoreError
from spanjudge.pipeline.rates import Rate
from spanjudge.pipeline.receive import Matcher, WindowTimes
from spanjudge.pipeline.retention import Disk
from spanjudge.spans.otlp import ReceivedLog, ReceivedSpan

_SECOND = 1_000_000_000


class Reception:
    """Takes spans and log records in, as long as there is room for them; it is a `Receiving`."""

    def __init__(
        self,
        store: Store,
        catalogue: Catalogue,
        options: PipelineOptions,
        now: Now,
        *,
        fresh: FreshSpans | None,
        waiting: Callable[[], int],
        on_jobs: Callable[[], None],
    ) -> None:
        """`waiting` is how many evaluations wait, `on_jobs` is told that there is something to judge."""
        self.received = 0
        """Spans taken since the start."""
        self.refused = 0
        """Requests not taken since the start."""
        self.receiving, self.matching = Rate(), Rate()
        self._catalogue = catalogue
        self._options = options
        self._now = now
        self._fresh = fresh
        self._waiting = waiting
        self._on_jobs = on_jobs
        self._matcher = self._new_matcher()
        self._commits = Commits(
            store, now, most_spans=options.most_pending_spans, most_bytes=options.most_pending_bytes
        )
        self._disk = Disk(options.disk, options.least_free_bytes)
        self._threads = ThreadPoolExecutor(1, "matching")
        self._open = False

    @property
    def full(self) -> str | None:
        """Why nothing is taken, or nothing."""
        return self._disk.full

    def open(self) -> None:
        """Take spans from now on."""
        self._open = True

    def close(self) -> None:
        """Take nothing more."""
        self._open = False

    async def aclose(self, drain_seconds: float) -> None:
        """Store what was taken."""
        self.close()
        await self._commits.aclose(drain_seconds)

    def end(self) -> None:
        """Give the threads back."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def renew(self) -> None:
        """The evaluators changed."""
        self._matcher = self._new_matcher()

    async def receive(self, spans: Sequence[ReceivedSpan], logs: Sequence[ReceivedLog] = ()) -> None:
        """See `Receiving`."""
        try:
            await self._receive(spans, logs)
        except (OverloadedError, StoreError):
            self.refused += 1
            raise
        self.received += len(spans)
        self.receiving.add(len(spans))

    async def _receive(self, spans: Sequence[ReceivedSpan], logs: Sequence[ReceivedLog]) -> None:
        self._admit()
        count = len(spans) + len(logs)
        if not count:
            return
        size = sum(len(one.blob) for one in spans) + sum(len(one.blob) for one in logs)
        with self._commits.room(spans=count, size=size):
            if count >= self._options.match_in_thread:
                loop = asyncio.get_running_loop()
                intake = await loop.run_in_executor(
                    self._threads, lambda: self._matcher.intake(spans, logs, now_ns=self._now())
                )
            else:
                intake = self._matcher.intake(spans, logs, now_ns=self._now())
            committed = await self._commits.commit(intake)
        if committed.jobs:
            self.matching.add(committed.jobs)
        # Logs may have brought what older jobs wait for.
        if committed.jobs or committed.logs:
            self._on_jobs()

    def _admit(self) -> None:
        if not self._open:
            raise OverloadedError("the server is starting or stopping: send it again", retry_after=2.0)
        if full := self._disk.full:
            raise OverloadedError(f"nothing can be stored: {full}", retry_after=30.0)
        if (waiting := self._waiting()) > self._options.most_waiting_jobs:
            raise OverloadedError(
                f"{waiting:,} evaluations wait for their judge: send it again later", retry_after=30.0
            )

    def _new_matcher(self) -> Matcher:
        options = self._options
        return Matcher(
            self._catalogue.live,
            grace_ns=int(options.grace * _SECOND),
            fresh=self._fresh,
            times=WindowTimes(
                trace_idle_ns=int(options.trace_idle * _SECOND),
                trace_longest_ns=int(options.trace_longest * _SECOND),
                session_idle_ns=int(options.session_idle * _SECOND),
                session_longest_ns=int(options.session_longest * _SECOND),
            ),
        )
