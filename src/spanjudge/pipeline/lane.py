"""The lane of one judge model: its jobs are leased, heard and ended; no other judge's trouble slows it."""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Sequence

import msgspec

from spanjudge.judging.judge import Judge
from spanjudge.pipeline.catalogue import Catalogue
from spanjudge.pipeline.clock import Now
from spanjudge.pipeline.endings import Ending
from spanjudge.pipeline.hearing import Heard, Hearings
from spanjudge.pipeline.options import PipelineOptions
from spanjudge.pipeline.pauses import Pauses
from spanjudge.pipeline.ports import Job, Material, Retry, Store, StoreError
from spanjudge.pipeline.supervision import ended, log_fault, woken
from spanjudge.pipeline.throttle import Throttle
from spanjudge.telemetry.evaluated import Target

_log = logging.getLogger("spanjudge.pipeline")

_SECOND = 1_000_000_000
_GAP = 0.005
"""Seconds between two leases at least: what comes meanwhile is leased together."""

_MOST_LEASED = 1_000
_AHEAD = 1.5
"""Groups leased, for each that may be under way: the judge never waits for the store."""

_FOR_SMALL_JUDGES = 2
_AT_A_TIME = 16
"""Groups begun in one turn of the event loop."""


class Group(msgspec.Struct):
    """The jobs of one target, with what is stored of it when it is a span."""

    target: Target
    jobs: list[Job]
    material: Material | None = None


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
    """Keeps one judge model busy, within `concurrency` groups under way and the throttle."""

    def __init__(self, name: str, judge: Judge, desk: Desk) -> None:
        """`name` is the judge model's in the settings."""
        self.name = name
        self._desk = desk
        loop = asyncio.get_running_loop()
        self._throttle = Throttle(groups_at_once(judge, desk.options.concurrency), loop.time)
        self._new = asyncio.Event()
        self._ready: deque[Group] = deque()
        self._unread: list[Group] = []
        self._tasks: set[asyncio.Task[None]] = set()
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
                await woken(self._new, min(self._desk.options.poll, self._throttle.wait or 60.0))

    async def drain(self, seconds: float) -> None:
        """Finish what is under way, for so long; the rest is given up."""
        self._ready.clear()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=seconds)
        for task in list(self._tasks):
            await ended(task)

    async def _lease(self) -> bool:
        """Take on jobs when there is room for a good number of them; whether there were any."""
        names = self._desk.catalogue.published.get(self.name)
        most = int(self._throttle.allowed * _AHEAD)
        taken = len(self._tasks) + len(self._ready) + len(self._unread)
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
            await self._take(names, min(int(room * self._jobs_a_group) or 1, _MOST_LEASED))
        groups = await self._read()
        self._ready.extend(groups)
        return bool(groups)

    async def _take(self, names: Sequence[str], limit: int) -> None:
        """Lease jobs; what is stored of their targets is read next."""
        desk = self._desk
        now = desk.now()
        until = now + int(desk.options.lease * _SECOND)
        jobs = await desk.store.lease(desk.owner, evaluators=names, now_ns=now, until_ns=until, limit=limit)
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
            if not self._ready or len(self._tasks) >= self._throttle.allowed:
                return
            task = asyncio.create_task(self._hear(self._ready.popleft()))
            self._tasks.add(task)
            task.add_done_callback(self._over)
        # Hundreds begun at once would keep everybody else in this event loop waiting.
        asyncio.get_running_loop().call_soon(self._begin)

    def _over(self, task: "asyncio.Task[None]") -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log_fault("judging failed inside", error, judge=self.name)
        self._begin()
        if self._more:
            self._new.set()

    async def _probe(self) -> bool:
        """Try one target of paused evaluators when it is time; whether to look again at once."""
        names = () if self._throttle.wait else self._desk.pauses.due(self.name)
        if not names:
            return False
        await self._take(names, 1)
        groups = await self._read()
        if not groups:
            # Nothing waits: the next job that comes is the probe.
            await self._desk.pauses.resume(self.name)
        for group in groups:
            heard = await self._hearing(group)
            if heard.troubled and not heard.answered:
                await self._desk.pauses.postpone(self.name)
        return True

    async def _hear(self, group: Group) -> None:
        await self._hearing(group)

    async def _hearing(self, group: Group) -> Heard:
        desk = self._desk

        async def load() -> Material | None:
            if group.target.kind == "span":
                return group.material
            return (await self._material([group.target])).get(group.target.kind + group.target.key)

        heard = await desk.hearings.hear(group.target, group.jobs, load)
        if heard.answered:
            self._throttle.succeeded()
        elif heard.troubled:
            self._throttle.troubled(heard.retry_after)
        ends = heard.ends
        if heard.hopeless:
            now = desk.now()
            ends += [Retry(job=job, due_ns=now) for ready in self._ready for job in ready.jobs]
            self._ready.clear()
        await desk.put(ends)
        if heard.answered and desk.catalogue.held.get(self.name):
            await desk.pauses.resume(self.name)
        return heard


def groups_at_once(judge: Judge, concurrency: int) -> int:
    """Groups under way: few enough that none waits long inside the judge model for its turn."""
    model = judge.model
    if model.traits.small:
        return _FOR_SMALL_JUDGES
    while (calls := getattr(model, "concurrency", None)) is None:
        model = getattr(model, "inner", None)
        if model is None:
            return concurrency
    return min(concurrency, 2 * int(calls))
