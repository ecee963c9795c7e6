"""The one writer of ends: what many groups came to is stored in one transaction."""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Sequence

from spanjudge.judging.budget.budgeted_judge import usage_row
from spanjudge.judging.usage import UsageRow
from spanjudge.pipeline.clock import Now
from spanjudge.pipeline.endings import Ending, Identity, finished, internal_failure
from spanjudge.pipeline.ports import (
    Finish,
    Retry,
    Store,
    StoreError,
)
from spanjudge.pipeline.supervision import ended, log_fault, supervised
from spanjudge.telemetry.evaluated import Evaluated

_log = logging.getLogger("spanjudge.pipeline")

_FIRST_PAUSE = 0.2
_LONGEST_PAUSE = 5.0
_GIVE_UP_AFTER = 3
_REFUSALS = 3


class Finishing:
    """Stores ends at most `gap` seconds after they came about.

    While the store cannot (a full disk), ends are kept and tried again; `put` then holds its callers back as
    soon as `most` ends wait, so that no more judging is begun. `on_stored` is told of the ends that are on
    disk, `on_results` of the outcomes among them, `on_usage` of usage that is on disk.
    """

    def __init__(
        self,
        store: Store,
        owner: str,
        now: Now,
        *,
        destinations: Sequence[str],
        on_stored: Callable[[Sequence[Ending]], None],
        on_results: Callable[[Sequence[Evaluated]], None],
        on_usage: Callable[[Sequence[UsageRow]], None] = lambda _: None,
        gap: float = 0.05,
        most: int = 4_096,
    ) -> None:
        """See the class."""
        self._store = store
        self._owner = owner
        self._now = now
        self._destinations = tuple(destinations)
        self._on_stored = on_stored
        self._on_results = on_results
        self._on_usage = on_usage
        self._gap = gap
        self._most = most
        self._ends: list[Ending] = []
        self._usage: list[UsageRow] = []
        self._new = asyncio.Event()
        self._room = asyncio.Event()
        self._room.set()
        self._idle = asyncio.Event()
        self._idle.set()
        self.trouble: str | None = None
        """Why nothing can be stored at the moment, or nothing."""
        self._refusals: dict[int, int] = {}
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to store."""
        self._task = asyncio.create_task(supervised("storing results", self._run))

    async def put(self, ends: Sequence[Ending]) -> None:
        """Hand ends over; returns at once, unless too many wait."""
        self._ends.extend(ends)
        self._idle.clear()
        self._new.set()
        if len(self._ends) >= self._most:
            self._room.clear()
            await self._room.wait()

    def used(self, row: UsageRow) -> None:
        """Note what was used without coming to a result."""
        self._usage.append(row)
        self._idle.clear()
        self._new.set()

    async def aclose(self, patience: float) -> None:
        """Store what is left, for at most `patience` seconds."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(patience):
                await self._idle.wait()
        if self._task is not None:
            await ended(self._task)

    async def _run(self) -> None:
        pause = _FIRST_PAUSE
        while True:
            await self._new.wait()
            self._new.clear()
            try:
                await self._store_usage()
                await self._store_ends()
            except StoreError as error:
                self.trouble = str(error)
                if pause == _FIRST_PAUSE:
                    _log.error("results cannot be stored now; they are kept", extra={"reason": str(error)})
                self._new.set()
                await asyncio.sleep(pause)
                pause = min(pause * 2, _LONGEST_PAUSE)
                continue
            if self.trouble is not None:
                _log.info("results are stored again")
                self.trouble = None
                pause = _FIRST_PAUSE
            if self._ends or self._usage:
                self._new.set()
                await asyncio.sleep(_FIRST_PAUSE)
            else:
                self._idle.set()
                await asyncio.sleep(self._gap)

    async def _store_usage(self) -> None:
        # Taken off only when stored; what is noted meanwhile stays.
        while rows := list(self._usage):
            await self._store.add_usage(rows)
            del self._usage[: len(rows)]
            self._on_usage(rows)

    async def _store_ends(self) -> None:
        """Store what there is; what is refused while others are taken is left. Raises `StoreError`."""
        while ends := list(self._ends):
            try:
                await self._finish(ends)
            except Exception as error:  # noqa: BLE001 - told apart one by one
                await self._one_by_one(ends, error)
                return
            self._stored(ends)

    async def _one_by_one(self, ends: list[Ending], error: Exception) -> None:
        """Store each alone, so that a bad end keeps nobody else waiting."""
        stored: list[Ending] = []
        refused: list[Ending] = []
        to_blame = 0
        for end in ends:
            try:
                await self._finish([end])
            except Exception as own:  # noqa: BLE001 - as above
                refused.append(end)
                error = own
                if not stored and len(refused) == _GIVE_UP_AFTER:
                    break
            else:
                stored.append(end)
                to_blame = len(refused)
        self._stored(stored)
        # The next round begins with others.
        last = set(map(id, refused))
        self._ends = [end for end in self._ends if id(end) not in last] + refused
        if not isinstance(error, StoreError):
            to_blame = len(refused)
        for end in refused[:to_blame]:
            self._blame(end, error)
        if not stored:
            raise StoreError(str(error) if isinstance(error, StoreError) else type(error).__name__) from error

    def _blame(self, end: Ending, error: Exception) -> None:
        """An end that cannot be stored while others can: after a while a plain failure takes its place."""
        job = end.job
        refusals = self._refusals[job.id] = self._refusals.get(job.id, 0) + 1
        if refusals < _REFUSALS:
            return
        place = self._ends.index(end)
        if refusals == _REFUSALS:
            log_fault("an outcome cannot be stored", error, evaluator=job.evaluator, job=job.id)
            failure = internal_failure(job, error)
            self._ends[place] = finished(job, failure, Identity(target=job.target), self._now())
            return
        del self._ends[place]
        self._on_stored([end])

    def _stored(self, ends: Sequence[Ending]) -> None:
        if not ends:
            return
        if list(ends) == self._ends[: len(ends)]:
            del self._ends[: len(ends)]
        else:
            gone = set(map(id, ends))
            self._ends = [end for end in self._ends if id(end) not in gone]
        if len(self._ends) < self._most:
            self._room.set()
        for end in ends if self._refusals else ():
            self._refusals.pop(end.job.id, None)
        self._on_stored(ends)
        results = [end.evaluated for end in ends if isinstance(end, Finish) and end.evaluated is not None]
        if results:
            now = self._now()
            self._on_usage([usage_row(one.outcome, now) for one in results])
            self._on_results(results)

    async def _finish(self, ends: Sequence[Ending]) -> None:
        await self._store.finish(
            [end for end in ends if isinstance(end, Finish)],
            [end for end in ends if isinstance(end, Retry)],
            owner=self._owner,
            now_ns=self._now(),
            destinations=self._destinations,
        )
