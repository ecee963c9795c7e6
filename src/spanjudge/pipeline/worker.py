"""Judges what waits: a lane for each judge model, one heartbeat, one writer of ends."""

import asyncio
import logging
import secrets
import socket
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence

from spanjudge.judging.judge import Judge
from spanjudge.judging.result import EvaluationFailure
from spanjudge.judging.usage import UsageRow
from spanjudge.pipeline.catalogue import Catalogue
from spanjudge.pipeline.clock import Now
from spanjudge.pipeline.endings import Ending, Patience, sort_of
from spanjudge.pipeline.finishing import Finishing
from spanjudge.pipeline.fresh import FreshSpans
from spanjudge.pipeline.hearing import Hearings
from spanjudge.pipeline.lane import Desk, Lane
from spanjudge.pipeline.options import PipelineOptions
from spanjudge.pipeline.pauses import Pauses
from spanjudge.pipeline.ports import Retry, Store, StoreError
from spanjudge.pipeline.supervision import ended, supervised
from spanjudge.telemetry import outcome_log
from spanjudge.telemetry.evaluated import Evaluated

_log = logging.getLogger("spanjudge.pipeline")

_SECOND = 1_000_000_000
_LAST_WORDS = 5.0


def new_owner() -> str:
    """The name of this process, new with every start: one that died is told from the one after it."""
    return f"{socket.gethostname()[:40]}-{secrets.token_hex(6)}"


class Worker:
    """Leases jobs, has them heard, and stores what they come to.

    `owner` is the name that its jobs are leased by (see `new_owner`).
    """

    def __init__(
        self,
        store: Store,
        judges: Mapping[str, Judge],
        catalogue: Catalogue,
        options: PipelineOptions,
        now: Now,
        *,
        owner: str,
        destinations: Sequence[str],
        on_results: Callable[[Sequence[Evaluated]], None],
        on_usage: Callable[[Sequence[UsageRow]], None] = lambda _: None,
        judged_elsewhere: Callable[[], Collection[str]] = tuple,
        fresh: FreshSpans | None = None,
    ) -> None:
        """`on_results` is told of outcomes that are stored, `on_usage` of stored usage.

        `judged_elsewhere` gives the judge models that other processes have; `fresh` holds spans that
        receiving has read.
        """
        self._judged_elsewhere = judged_elsewhere
        self.owner = owner
        self.counts: Counter[str] = Counter()
        """Jobs ended since the start, by how: `done`, `failed`, `skipped`, `retrying`."""
        self.errors: Counter[str] = Counter()
        """Failures and retries since the start, by code."""
        self._store = store
        self._judges = judges
        self._catalogue = catalogue
        self._options = options
        self._now = now
        self._finishing = Finishing(
            store,
            self.owner,
            now,
            destinations=destinations,
            on_stored=self._stored,
            on_results=on_results,
            on_usage=on_usage,
        )
        self.pauses = Pauses(
            store, catalogue, now, member=owner, first=options.first_probe, longest=options.longest_probe
        )
        self._hearings = Hearings(
            judges,
            catalogue,
            self.pauses,
            now,
            patience=Patience(attempts=options.attempts, oldest=options.oldest),
            grace=options.grace,
            used=self._finishing.used,
            fresh=fresh,
        )
        self._hand: set[int] = set()
        self._lanes: list[Lane] = []
        self._tasks: list[asyncio.Task[None]] = []
        self._beat: asyncio.Task[None] | None = None

    @property
    def judges(self) -> tuple[str, ...]:
        """The names of the judge models."""
        return tuple(self._judges)

    @property
    def in_hand(self) -> int:
        """Jobs leased and not yet ended."""
        return len(self._hand)

    @property
    def storing_fails(self) -> str | None:
        """Why results wait to be stored, or nothing."""
        return self._finishing.trouble

    async def start(self, *, alone: bool = True) -> None:
        """Begin; the catalogue has been read. `alone`: no other process judges on this store."""
        self.pauses.start(alone=alone)
        desk = Desk(
            self._store,
            self._catalogue,
            self.pauses,
            self._hearings,
            self._options,
            self._now,
            self.owner,
            self._hand,
            self._finishing.put,
        )
        self._finishing.start()
        self._lanes = [Lane(name, judge, desk) for name, judge in self._judges.items()]
        self._tasks = [
            asyncio.create_task(supervised(f"judging by “{lane.name}”", lane.run)) for lane in self._lanes
        ]
        self._beat = asyncio.create_task(supervised("keeping leases", self._keep_leases))

    def wake(self) -> None:
        """There may be something to judge."""
        for lane in self._lanes:
            lane.wake()

    async def look(self) -> None:
        """The evaluators changed."""
        await self.look_at_judges()
        self.wake()

    async def look_at_judges(self) -> None:
        """Pause evaluators whose judge model neither these settings have nor those of another worker."""
        for judge in self._catalogue.published:
            if judge not in self._judges and judge not in self._judged_elsewhere():
                await self.pauses.unknown(judge, list(self._judges))

    async def stop(self, seconds: float) -> None:
        """Lease nothing more, finish what is under way for so long, hand the rest back."""
        for task in self._tasks:
            await ended(task)
        await asyncio.gather(*(lane.drain(seconds) for lane in self._lanes))
        await self._finishing.aclose(_LAST_WORDS)
        if self._beat is not None:
            await ended(self._beat)
        try:
            returned = await self._store.release(self.owner)
        except StoreError as error:
            _log.warning("leases run out by themselves", extra={"reason": str(error)})
        else:
            _log.info("judging stopped", extra={"jobs_handed_back": returned})
        self._hand.clear()

    async def _keep_leases(self) -> None:
        lease = self._options.lease
        pause = lease / 3
        while True:
            await asyncio.sleep(pause)
            try:
                await self._store.extend(self.owner, until_ns=self._now() + int(lease * _SECOND))
            except StoreError as error:
                _log.warning("leases cannot be kept now", extra={"reason": str(error)})
                pause = min(1.0, lease / 10)
            else:
                pause = lease / 3

    def _stored(self, ends: Sequence[Ending]) -> None:
        self._hand.difference_update([end.job.id for end in ends])
        self._hearings.forget(ends)
        retried = False
        for end in ends:
            sort = sort_of(end)
            self.counts[sort] += 1
            retried = retried or sort == "retrying"
            self._tell(end, sort)
        if retried:
            self.wake()

    def _tell(self, end: Ending, sort: str) -> None:
        """One line for each end: ids, never content."""
        job = end.job
        facts: dict[str, object] = {
            "evaluator": job.evaluator,
            "target": job.target.kind,
            "trace_id": job.target.trace_id,
            "span_id": job.target.span_id,
        }
        if isinstance(end, Retry):
            if end.error_code is not None:
                self.errors[end.error_code] += 1
            facts |= {"code": end.error_code, "due_in_s": round((end.due_ns - self._now()) / _SECOND, 1)}
            outcome_log.evaluations.info(sort, extra=facts)
        elif end.evaluated is None:
            outcome_log.evaluations.info(sort, extra=facts | {"reason": end.reason})
        else:
            outcome = end.evaluated.outcome
            if isinstance(outcome, EvaluationFailure):
                self.errors[outcome.code] += 1
            outcome_log.log(outcome, facts)
