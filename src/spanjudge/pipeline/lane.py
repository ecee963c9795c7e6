"""The lane of one judge model: its jobs are leased, heard and ended; no other judge's trouble slows it.

How much is taken on, and when, the judge model itself says (`ResilientModel.places` and `.wait`): it knows
its limits, its provider's refusals, and whether anybody is there.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Sequence

import msgspec

from spanjudge.judging.judge import Judge
from spanjudge.judging.models.limits.rank import Rank, ranked
from spanjudge.judging.models.state import resilient_of
from spanjudge.pipeline.catalogue import Catalogue
from spanjudge.pipeline.clock import Now
from spanjudge.pipeline.endings import Ending
from spanjudge.pipeline.hearing import Heard, Hearings
from spanjudge.pipeline.options import PipelineOptions
from spanjudge.pipeline.pauses import Pauses
from spanjudge.pipeline.ports import Job, Material, Retry, Store, StoreError
from spanjudge.pipeline.supervision import ended, log_fault, woken
from spanjudge.telemetry.evaluated import Target

_log = logging.getLogger("spanjudge.pipeline")

_SECOND = 1_000_000_000
_GAP = 0.005
"""Seconds between two leases at least: what comes meanwhile is leased together."""

_MOST_LEASED = 1_000
_AHEAD = 1.5
"""Groups leased, for each that may be under way: the judge never waits for the store."""

_FOR_SMALL_JUDGES = 2
_BEHIND = 0.75
"""What groups of backfills may have of the places, so that what comes in begins at once."""

_AT_A_TIME = 16
"""Groups begun in one turn of the event loop."""


class Group(msgspec.Struct):
    """The jobs of one target, with what is stored of it when it is a span."""

    target: Target
    jobs: list[Job]
    material: Material | None = None

    @property
    def rank(self) -> Rank:
        """That of its most urgent job."""
        return min(map(_rank, self.jobs))


class Desk(msgspec.Struct, frozen=True):
    """What all lanes share. `hand` holds the ids of jobs leased and not yet ended."""

    store: Store
    catalogue: Catalogue
    pauses: Pauses
    hearings: Hearings
    options: PipelineOptions
    now: Now
    owner: str
    hand: set[int]
    put: Callable[[Sequence[Ending]], Awaitable[None]]


class Lane:
    """Keeps one judge model busy, within what it says of itself.

    Groups that somebody asked for are begun before those that came in, and these before those of backfills.
    """

    def __init__(self, name: str, judge: Judge, desk: Desk) -> None:
        """`name` is the judge model's in the settings."""
        self.name = name
        self._desk = desk
        self._judge = judge
        self._new = asyncio.Event()
        self._ready: tuple[deque[Group], ...] = tuple(deque[Group]() for _ in Rank)
        self._unread: list[Group] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._behind = 0
        self._more = False
        self._jobs_a_group = 1.0
        self._leased_at = 0.0

    def wake(self) -> None:
        """There may be something to do."""
        self._new.set()

    async def run(self) -> None:
        """Lease and judge until cancelled."""
        while True:
            try:
                found = await self._probe() or await self._lease()
            except StoreError as error:
                _log.warning("jobs cannot be leased now", extra={"judge": self.name, "reason": str(error)})
                found = False
            self._begin()
            if not found:
                await woken(self._new, min(self._desk.options.poll, self._wait or 60.0))

    async def drain(self, seconds: float) -> None:
        """Finish what is under way, for so long; the rest is given up."""
        self._drop()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=seconds)
        for task in list(self._tasks):
            await ended(task)

    async def _lease(self) -> bool:
        """Take on jobs when there is room for a good number of them; whether there were any."""
        names = self._desk.catalogue.published.get(self.name)
        most = int(self._allowed * _AHEAD)
        behind = self._behind + len(self._ready[Rank.BACKFILL])
        taken = (
            len(self._tasks) - self._behind + sum(map(len, self._ready[: Rank.BACKFILL])) + len(self._unread)
        )
        # What backfills have taken on does not keep out what comes in.
        room = most - taken
        if not self._unread:
            if not names:
                return False
            if room <= 0 or (taken and room < most / 4):
                self._more = True
                return False
            loop = asyncio.get_running_loop()
            await asyncio.sleep(max(0.0, self._leased_at + _GAP - loop.time()))
            self._leased_at = loop.time()
            backfills = int((max(1, int(most * _BEHIND)) - behind) * self._jobs_a_group)
            await self._take(names, min(int(room * self._jobs_a_group) or 1, _MOST_LEASED), backfills)
        groups = await self._read()
        for group in groups:
            self._ready[group.rank].append(group)
        return bool(groups)

    async def _take(self, names: Sequence[str], limit: int, backfills: int) -> None:
        """Lease jobs, so many of backfills at most; what is stored of their targets is read next."""
        desk = self._desk
        now = desk.now()
        until = now + int(desk.options.lease * _SECOND)
        jobs = await desk.store.lease(
            desk.owner, evaluators=names, now_ns=now, until_ns=until, limit=limit, backfills=backfills
        )
        self._more = len(jobs) >= limit
        groups: dict[tuple[str, str], Group] = {}
        for job in jobs:
            # After a jump of the clock our own leases look stale: what is in hand is not begun twice.
            if job.id in desk.hand:
                continue
            desk.hand.add(job.id)
            key = (job.target.kind, job.target.key)
            if key not in groups:
                groups[key] = Group(job.target, [])
            groups[key].jobs.append(job)
        if groups:
            self._jobs_a_group += (len(jobs) / len(groups) - self._jobs_a_group) / 4
        self._unread.extend(groups.values())

    async def _read(self) -> list[Group]:
        """What was leased; of spans with what is stored of them."""
        groups = list(self._unread)
        targets = [group.target for group in groups if group.target.kind == "span"]
        if targets:
            material = await self._material(targets)
            for group in groups:
                group.material = material.get(group.target.kind + group.target.key)
        del self._unread[: len(groups)]
        return groups

    async def _material(self, targets: Sequence[Target]) -> dict[str, Material]:
        return await self._desk.store.material(targets, most_spans=self._desk.options.most_spans)

    def _begin(self) -> None:
        for _ in range(_AT_A_TIME):
            group = self._next()
            if group is None:
                return
            behind = group.rank is Rank.BACKFILL
            self._behind += behind
            task = asyncio.create_task(self._hear(group))
            self._tasks.add(task)
            task.add_done_callback(self._over_behind if behind else self._over)
        # Hundreds begun at once would keep everybody else in this event loop waiting.
        asyncio.get_running_loop().call_soon(self._begin)

    def _next(self) -> Group | None:
        """The group to begin now."""
        if not any(self._ready):
            return None
        allowed = self._allowed
        if len(self._tasks) >= allowed:
            return None
        for rank, groups in enumerate(self._ready):
            if groups and (rank != Rank.BACKFILL or self._behind < max(1, int(allowed * _BEHIND))):
                return groups.popleft()
        return None

    def _over_behind(self, task: "asyncio.Task[None]") -> None:
        self._behind -= 1
        self._over(task)

    def _over(self, task: "asyncio.Task[None]") -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log_fault("judging failed inside", error, judge=self.name)
        self._begin()
        if self._more:
            self._new.set()

    @property
    def _wait(self) -> float:
        """Seconds until something may be begun."""
        model = resilient_of(self._judge.model)
        return 0.0 if model is None else model.wait

    @property
    def _allowed(self) -> int:
        """Groups that may be under way now."""
        return 0 if self._wait > 0 else groups_at_once(self._judge, self._desk.options.concurrency)

    def _drop(self) -> list[Group]:
        """Take back what was not begun."""
        dropped = [group for groups in self._ready for group in groups]
        for groups in self._ready:
            groups.clear()
        return dropped

    async def _probe(self) -> bool:
        """Try one target of paused evaluators when it is time; whether to look again at once."""
        names = () if self._wait else await self._desk.pauses.to_probe(self.name)
        if not names:
            return False
        try:
            await self._probe_with(names)
        finally:
            await self._desk.pauses.probed(self.name)
        return True

    async def _probe_with(self, names: Sequence[str]) -> None:
        await self._take(names, 1, 1)
        groups = await self._read()
        if not groups:
            # Nothing waits: the next job that comes is the probe.
            await self._desk.pauses.resume(self.name)
        for group in groups:
            heard = await self._hearing(group)
            if heard.troubled and not heard.answered:
                await self._desk.pauses.postpone(self.name)

    async def _hear(self, group: Group) -> None:
        await self._hearing(group)

    async def _hearing(self, group: Group) -> Heard:
        desk = self._desk

        async def load() -> Material | None:
            if group.target.kind == "span":
                return group.material
            return (await self._material([group.target])).get(group.target.kind + group.target.key)

        with ranked(group.rank):
            heard = await desk.hearings.hear(group.target, group.jobs, load)
        ends = heard.ends
        if heard.hopeless:
            now = desk.now()
            ends += [Retry(job=job, due_ns=now) for dropped in self._drop() for job in dropped.jobs]
        await desk.put(ends)
        if heard.answered and desk.catalogue.held.get(self.name):
            await desk.pauses.resume(self.name)
        return heard


def groups_at_once(judge: Judge, concurrency: int) -> int:
    """Groups under way now: few enough that none waits long inside the judge model for its turn."""
    model = resilient_of(judge.model)
    places = concurrency if model is None else min(concurrency, model.places)
    return min(places, _FOR_SMALL_JUDGES) if judge.model.traits.small else places


def _rank(job: Job) -> Rank:
    """Who waits for it."""
    if job.backfill is not None:
        return Rank.BACKFILL
    return Rank.INTERACTIVE if job.overlooks == "scope" else Rank.LIVE
