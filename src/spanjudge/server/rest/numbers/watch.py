"""Who wants to know when something was stored: one look a second for all of them, and none for nobody."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable

import msgspec

from spanjudge.pipeline.ports import StoreError
from spanjudge.pipeline.queries import Counters, Queries

_log = logging.getLogger("spanjudge.server")


class Moved(msgspec.Struct, frozen=True):
    """The counters as they are now; `at_ns` is when that was seen."""

    counters: Counters
    at_ns: int


class Watch:
    """Looks at the counters while anybody listens, and tells all listeners when they moved.

    `most` may listen at once. `ending` is set when the server ends: then every listener's stream ends too.
    """

    def __init__(
        self,
        queries: Queries,
        now: Callable[[], int],
        ending: asyncio.Event,
        *,
        most: int = 100,
        every: float = 1.0,
        soonest: float = 0.2,
        heartbeat: float = 15.0,
        longest: float = 600.0,
    ) -> None:
        """Seconds: `every` between looks, `soonest` if hinted, `heartbeat` of silence, `longest` a stream."""
        self._queries = queries
        self._now = now
        self._ending = ending
        self._most = most
        self._every = every
        self._soonest = soonest
        self._hinted = asyncio.Event()
        self._heartbeat = heartbeat
        self._longest = longest
        self._listeners: set[asyncio.Event] = set()
        self._latest: Moved | None = None
        self._looking: asyncio.Task[None] | None = None

    @property
    def listeners(self) -> int:
        """How many listen."""
        return len(self._listeners)

    @property
    def full(self) -> bool:
        """Whether nobody else may listen."""
        return len(self._listeners) >= self._most

    def hint(self) -> None:
        """Something may have changed: look soon."""
        self._hinted.set()

    async def look(self) -> Moved:
        """The counters now. Raises `StoreError`."""
        return Moved(await self._queries.counters(), self._now())

    async def listen(self, seen: Counters) -> AsyncGenerator[Moved | None]:
        """What moved after `seen`; nothing, now and then, as a sign of life.

        Ends with the server, and after `longest`: who still wants to know comes again, and is let in again.
        """
        mine = asyncio.Event()
        self._listeners.add(mine)
        if self._looking is None:
            self._latest = None
            self._looking = asyncio.create_task(self._look())
        until = asyncio.get_running_loop().time() + self._longest
        try:
            while not self._ending.is_set() and asyncio.get_running_loop().time() < until:
                try:
                    async with asyncio.timeout(self._heartbeat):
                        await mine.wait()
                except TimeoutError:
                    yield None
                mine.clear()
                latest = self._latest
                if latest is not None and latest.counters != seen:
                    seen = latest.counters
                    yield latest
        finally:
            self._leave(mine)

    def _leave(self, mine: asyncio.Event) -> None:
        self._listeners.discard(mine)
        if not self._listeners and self._looking is not None:
            self._looking.cancel()
            self._looking = None

    async def _look(self) -> None:
        told = False
        while not self._ending.is_set():
            try:
                found = await self.look()
            except StoreError as error:
                if not told:
                    _log.warning("changes cannot be looked for now", extra={"reason": str(error)})
                told = True
            else:
                told = False
                if self._latest is None or found.counters != self._latest.counters:
                    self._latest = found
                    self._wake()
            self._hinted.clear()
            if not await self._ends(self._soonest):
                await self._ends(self._every - self._soonest, unless=self._hinted)
        self._wake()

    async def _ends(self, seconds: float, *, unless: asyncio.Event | None = None) -> bool:
        """Wait so long, or until the server ends or something else is set; whether the server ends."""
        waits = [asyncio.create_task(event.wait()) for event in (self._ending, unless) if event is not None]
        try:
            await asyncio.wait(waits, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
            await asyncio.gather(*waits, return_exceptions=True)
        return self._ending.is_set()

    def _wake(self) -> None:
        for listener in self._listeners:
            listener.set()
