"""Receive, match, commit, judge, export, retain: the running whole."""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

import msgspec

from spanjudge.judging.budget.ledger import Ledger
from spanjudge.judging.judge import Judge
from spanjudge.pipeline.backfill import Backfills
from spanjudge.pipeline.budget_gauges import observe_budgets
from spanjudge.pipeline.catalogue import Catalogue
from spanjudge.pipeline.clock import Clock, Now
from spanjudge.pipeline.commit import Commits
from spanjudge.pipeline.coordination import ExportState
from spanjudge.pipeline.fresh import FreshSpans
from spanjudge.pipeline.lane import groups_at_once
from spanjudge.pipeline.options import PipelineOptions
from spanjudge.pipeline.outbox import Pump
from spanjudge.pipeline.ports import Exporter, Health, OverloadedError, Store, StoreError
from spanjudge.pipeline.queue_gauges import observe_queue, oldest_wait
from spanjudge.pipeline.rates import Rate, Rates
from spanjudge.pipeline.receive import Matcher, WindowTimes
from spanjudge.pipeline.retention import Disk, Retention
from spanjudge.pipeline.supervision import ended, supervised
from spanjudge.pipeline.windows import Windows
from spanjudge.pipeline.worker import Worker
from spanjudge.spans.otlp import ReceivedLog, ReceivedSpan
from spanjudge.telemetry.evaluated import Evaluated
from spanjudge.telemetry.metrics import ResultMetrics, ServerMetrics

_log = logging.getLogger("spanjudge.pipeline")

_SECOND = 1_000_000_000
_LOOK_SECONDS = 1.0
_HEALTH_SECONDS = 5.0
_WINDOW_SECONDS = 1.0
_SAVE_SECONDS = 2.0
_LAST_EXPORTS = 5.0


class PipelineHealth(msgspec.Struct, frozen=True, kw_only=True):
    """How the pipeline stands. `oldest_wait` is seconds; `counts` and `errors` are since the start.

    `in_hand` are jobs under way here, `leased` those under way anywhere; `export` says of each destination
    how it stands. `full` says why nothing is taken, `storing_fails` why results wait to be stored.
    """

    waiting: int = 0
    in_hand: int = 0
    oldest_wait: float = 0.0
    outbox: int = 0
    spans: int = 0
    size_bytes: int = 0
    counts: dict[str, int] = {}
    errors: dict[str, int] = {}
    paused: dict[str, str] = {}
    export: tuple[ExportState, ...] = ()
    rates: Rates = Rates()
    leased: int = 0
    full: str | None = None
    storing_fails: str | None = None


class Pipeline:
    """Takes spans in, judges them, and hands results to exporters. It is what receivers hand over to.

    Store, judges and exporters belong to the caller and stay open. `ledger` guards the judges' budgets: it is
    loaded and kept here; the judges given are those behind it.
    """

    def __init__(
        self,
        store: Store,
        judges: Mapping[str, Judge],
        exporters: Sequence[Exporter],
        options: PipelineOptions | None = None,
        *,
        ledger: Ledger | None = None,
        now: Now | None = None,
    ) -> None:
        """See the class."""
        self._store = store
        self._options = options = options or PipelineOptions()
        self._now = now or Clock()
        self._ledger = ledger
        self._metrics = ResultMetrics()
        self._received = 0
        self._refused = 0
        self._receiving, self._matching, self._judging = Rate(), Rate(), Rate()
        self._catalogue = Catalogue(store)
        self._fresh = FreshSpans()
        self._matcher = self._new_matcher()
        self._commits = Commits(
            store, self._now, most_spans=options.most_pending_spans, most_bytes=options.most_pending_bytes
        )
        self._pumps = [Pump(store, exporter, self._now, batch=options.export_batch) for exporter in exporters]
        self._worker = Worker(
            store,
            judges,
            self._catalogue,
            options,
            self._now,
            destinations=[exporter.name for exporter in exporters],
            on_results=self._results,
            fresh=self._fresh,
        )
        self.backfills = Backfills(
            store,
            lambda: self._catalogue.live,
            self._now,
            places=lambda name: groups_at_once(judges[name], options.concurrency) if name in judges else 1,
            on_jobs=self.wake,
        )
        self._windows = Windows(store, lambda: self._catalogue.live, most_spans=options.most_spans)
        self._retention = Retention(
            store,
            self._now,
            spans_days=options.spans_days,
            results_days=options.results_days,
            max_bytes=options.max_bytes,
            every=options.purge_every,
        )
        self._disk = Disk(options.disk, options.least_free_bytes)
        self._threads = ThreadPoolExecutor(1, "matching")
        self._health: Health | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._running = False

    @property
    def health(self) -> PipelineHealth:
        """How things stand, as seen a few seconds ago at most."""
        seen = self._health
        paused = {one.evaluator.name: one.reason for one in self._catalogue.live if one.status == "paused"}
        found = PipelineHealth(
            in_hand=self._worker.in_hand,
            counts=dict(self._worker.counts),
            errors=dict(self._worker.errors),
            paused=paused,
            export=tuple(msgspec.structs.replace(pump.state) for pump in self._pumps),
            rates=Rates(
                received=self._receiving.per_second,
                matched=self._matching.per_second,
                judged=self._judging.per_second,
                exported=sum(pump.rate.per_second for pump in self._pumps),
            ),
            full=self._disk.full,
            storing_fails=self._worker.storing_fails,
        )
        if seen is None:
            return found
        return msgspec.structs.replace(
            found,
            waiting=seen.waiting,
            leased=seen.leased,
            oldest_wait=oldest_wait(seen, self._now()),
            outbox=seen.outbox,
            spans=seen.spans,
            size_bytes=seen.size_bytes,
        )

    @property
    def owner(self) -> str:
        """The name that jobs under way here are leased by."""
        return self._worker.owner

    async def start(self) -> None:
        """Begin. Raises `StoreError` when the store cannot be read."""
        await self._catalogue.refresh()
        if self._ledger is not None:
            await self._ledger.load(self._store)
            await self._ledger.follow(self._store)
            observe_budgets(self._ledger)
        self._measure()
        dropped = await self._store.forget_destinations([pump.state.destination for pump in self._pumps])
        if dropped:
            _log.warning(
                "results for destinations that are no longer set are dropped", extra={"count": dropped}
            )
        await self._look_at_health()
        await self._worker.start()
        await self.refresh()
        for pump in self._pumps:
            pump.start()
        work: dict[str, Callable[[], Coroutine[None, None, None]]] = {
            "looking at evaluators": self._keep_evaluators,
            "closing traces and sessions": self._close_windows,
            "looking at the store": self._keep_health,
            "deleting what is old": self._retention.run,
            "running backfills": self.backfills.run,
            "storing usage": self._keep_usage,
        }
        self._tasks = [asyncio.create_task(supervised(name, run)) for name, run in work.items()]
        self._running = True

    async def receive(self, spans: Sequence[ReceivedSpan], logs: Sequence[ReceivedLog] = ()) -> None:
        """See `Receiving`."""
        try:
            await self._receive(spans, logs)
        except (OverloadedError, StoreError):
            self._refused += 1
            raise
        self._received += len(spans)
        self._receiving.add(len(spans))

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
            self._matching.add(committed.jobs)
        # Logs may have brought what older jobs wait for.
        if committed.jobs or committed.logs:
            self._worker.wake()

    async def stop(self, drain_seconds: float = 30.0) -> None:
        """Take nothing more, finish what is under way for so long, hand the rest back, flush exports."""
        self._running = False
        await self._commits.aclose(drain_seconds)
        for task in self._tasks:
            await ended(task)
        await self._worker.stop(drain_seconds)
        await asyncio.gather(*(pump.aclose(min(drain_seconds, _LAST_EXPORTS)) for pump in self._pumps))
        if self._ledger is not None:
            try:
                await self._ledger.save(self._store)
            except StoreError as error:
                _log.error("usage could not be stored", extra={"reason": str(error)})
        self._threads.shutdown(wait=False, cancel_futures=True)

    def wake(self) -> None:
        """There may be something to judge that did not come in by `receive`."""
        self._worker.wake()

    def _admit(self) -> None:
        if not self._running:
            raise OverloadedError("the server is starting or stopping: send it again", retry_after=2.0)
        if full := self._disk.full:
            raise OverloadedError(f"nothing can be stored: {full}", retry_after=30.0)
        if self._health is not None and self._health.waiting > self._options.most_waiting_jobs:
            raise OverloadedError(
                f"{self._health.waiting:,} evaluations wait for their judge: send it again later",
                retry_after=30.0,
            )

    def _results(self, results: Sequence[Evaluated]) -> None:
        self._judging.add(len(results))
        for pump in self._pumps:
            pump.wake()
        for evaluated in results:
            self._metrics.record(evaluated)

    def _new_matcher(self) -> Matcher:
        options = self._options
        self._matched = self._catalogue.live
        return Matcher(
            self._matched,
            grace_ns=int(options.grace * _SECOND),
            fresh=self._fresh,
            times=WindowTimes(
                trace_idle_ns=int(options.trace_idle * _SECOND),
                trace_longest_ns=int(options.trace_longest * _SECOND),
                session_idle_ns=int(options.session_idle * _SECOND),
                session_longest_ns=int(options.session_longest * _SECOND),
            ),
        )

    async def refresh(self) -> None:
        """Take over changes of evaluators now instead of within a second."""
        await self._catalogue.refresh()
        # Pauses refresh it as well: what counts is whether it is what the matcher knows.
        if self._catalogue.live is not self._matched:
            self._matcher = self._new_matcher()
            await self._worker.look()

    async def _keep_evaluators(self) -> None:
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            await self.refresh()

    async def _close_windows(self) -> None:
        while True:
            closed = await self._windows.close(self._now())
            if closed:
                self._worker.wake()
            else:
                await asyncio.sleep(_WINDOW_SECONDS)

    async def _keep_health(self) -> None:
        while True:
            await asyncio.sleep(_HEALTH_SECONDS)
            await self._look_at_health()

    async def _look_at_health(self) -> None:
        self._health = await self._store.health(now_ns=self._now())

    async def _keep_usage(self) -> None:
        while self._ledger is not None:
            await asyncio.sleep(_SAVE_SECONDS)
            await self._ledger.save(self._store)
            await self._ledger.follow(self._store)

    def _measure(self) -> None:
        observe_queue(lambda: self._health, self._now)
        ServerMetrics(
            {
                "in_hand": lambda: self._worker.in_hand,
                "spans": lambda: None if self._health is None else self._health.spans,
                "received": lambda: self._received,
                "refused": lambda: self._refused,
                "dropped": lambda: sum(pump.state.dropped for pump in self._pumps),
            }
        )
