"""What is old goes, in small steps; and nothing is taken while the disk is nearly full."""

import asyncio
import logging
import shutil
import sys
import time
from collections.abc import Callable
from pathlib import Path

from spanjudge.pipeline.clock import Now
from spanjudge.pipeline.ports import Store, StoreError

_log = logging.getLogger("spanjudge.pipeline")

_SECOND = 1_000_000_000
_DAY = 86_400 * _SECOND
_STEP = 500
_SMALLER = 0.95
"""Of `max_bytes`: what a store that grew too large is brought back to."""

_JUMP = 3_600 * _SECOND


class Retention:
    """Deletes spans and results that are older than so many days, and the oldest spans beyond `max_bytes`.

    Each step deletes a few hundred rows and then leaves the store alone for twice as long as it took. After
    the clock was set forward by more than an hour nothing is deleted for an hour: a clock that is wrong for a
    moment must not cost a month of spans.
    """

    def __init__(
        self,
        store: Store,
        now: Now,
        *,
        spans_days: float,
        results_days: float,
        max_bytes: int = 0,
        every: float = 60.0,
        mine: Callable[[], bool] = lambda: True,
        monotonic: Now = time.monotonic_ns,
    ) -> None:
        """`every` is seconds between sweeps; `mine` tells whether it is for this process to do."""
        self._store = store
        self._now = now
        self._spans_ns = int(spans_days * _DAY)
        self._results_ns = int(results_days * _DAY)
        self._max_bytes = max_bytes
        self._every = every
        self._mine = mine
        self._monotonic = monotonic
        self._looked = (now(), monotonic())
        self._distrust_until: int | None = None

    async def run(self) -> None:
        """Sweep now and then until cancelled."""
        while True:
            await asyncio.sleep(self._every)
            if not self._mine():
                continue
            try:
                await self.sweep()
            except StoreError as error:
                _log.warning("nothing can be deleted now", extra={"reason": str(error)})

    async def sweep(self) -> int:
        """Delete what is due; how many rows that was."""
        if self._clock_jumped():
            return 0
        now = self._now()
        spans_before, results_before = now - self._spans_ns, now - self._results_ns
        gone = await self._purge(spans_before, results_before)
        if self._max_bytes:
            gone += await self._shrink(now, results_before)
        if gone:
            _log.info("old spans and results are deleted", extra={"rows": gone})
        return gone

    async def _purge(self, spans_before: int, results_before: int, *, steps: int = sys.maxsize) -> int:
        gone = 0
        for _ in range(steps):
            began = self._monotonic()
            step = await self._store.purge(
                spans_before_ns=spans_before, results_before_ns=results_before, limit=_STEP
            )
            if not step:
                break
            gone += step
            await asyncio.sleep(2 * (self._monotonic() - began) / _SECOND)
        return gone

    async def _shrink(self, now: int, results_before: int) -> int:
        """Delete the oldest spans of a store that grew too large, whatever their age."""
        if (await self._store.health(now_ns=self._now())).size_bytes <= self._max_bytes:
            return 0
        gone = 0
        aim = int(self._max_bytes * _SMALLER)
        while (health := await self._store.health(now_ns=self._now())).size_bytes > aim:
            # Spans are of different sizes: half of what seems to be too many, and another look.
            too_many = health.spans * (health.size_bytes - aim) / health.size_bytes
            steps = max(1, int(too_many / 2 / _STEP))
            step = await self._purge(now, results_before, steps=steps)
            if not step:
                _log.warning(
                    "the store is larger than it may be, and nothing is left that may be deleted",
                    extra={"max_bytes": self._max_bytes},
                )
                break
            gone += step
        return gone

    def _clock_jumped(self) -> bool:
        now, at = self._now(), self._monotonic()
        before, before_at = self._looked
        self._looked = (now, at)
        if (now - before) - (at - before_at) > _JUMP:
            self._distrust_until = at + _JUMP
            _log.warning("the clock was set forward: nothing is deleted for an hour")
        if self._distrust_until is not None and at >= self._distrust_until:
            self._distrust_until = None
        return self._distrust_until is not None


class Disk:
    """How much is free on the disk of the store; looked up at most once a second."""

    def __init__(
        self, path: Path | None, least_free: int, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Without a path there is always room; `clock` gives seconds."""
        self._path = path
        self._least_free = least_free
        self._clock = clock
        self._looked = float("-inf")
        self._full: str | None = None

    @property
    def full(self) -> str | None:
        """Why nothing can be taken, or nothing."""
        if self._path is not None and self._clock() - self._looked >= 1.0:
            self._looked = self._clock()
            full = self._look(self._path)
            if full and not self._full:
                _log.error("nothing is taken until there is room on the disk", extra={"reason": full})
            elif self._full and not full:
                _log.info("there is room on the disk again")
            self._full = full
        return self._full

    def _look(self, path: Path) -> str | None:
        try:
            free = shutil.disk_usage(path).free
        except OSError:
            return None  # a path that cannot be asked about says nothing; the store itself will
        if free >= self._least_free:
            return None
        least = f"{self._least_free / 1e6:,.0f} MB"
        return f"{free / 1e6:,.0f} MB are free on the disk of the store, less than {least}"
