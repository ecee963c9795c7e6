"""One judge call for all who ask the same at once, and its result for those who ask again soon.

The client in the field gives up after 30 s, asks again up to three times and may deliver a span twice;
nothing of that may be paid twice.
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable

from spanjudge.judging.result import EvaluationResult, Outcome

CLIENT_PATIENCE = 20.0
"""Seconds after which a client may be about to give up (the one in the field does at 30)."""

UNHEARD_FAILURE_SECONDS = 3.0
"""How long a failure that took longer than that is kept for the retry that is already on its way."""


class OverloadedError(Exception):
    """No more judge calls can run at once."""


class ClosingError(Exception):
    """The server is going down, and the judge call with it."""


class _Flight:
    """A judge call under way and how many wait for it."""

    __slots__ = ("task", "waiting")

    def __init__(self, task: "asyncio.Task[Outcome]") -> None:
        self.task = task
        self.waiting = 0


class Flights:
    """Judge calls by key: running ones are joined, results kept for a while, failures are not.

    A caller that is cancelled leaves the call running, because its result will be kept for the retry; when
    nothing is kept (`cache_seconds` is 0) the call is cancelled with the last caller that waits for it.
    A failure is asked again by whoever asks again, with one exception: one that took so long that its
    client may have left is kept for a moment.
    """

    def __init__(self, *, cache_seconds: float, cache_size: int, max_in_flight: int) -> None:
        """Times in seconds; the oldest result makes room when `cache_size` is reached."""
        self._cache_seconds = cache_seconds if cache_size > 0 else 0.0
        self._cache_size = cache_size
        self._max_in_flight = max_in_flight
        self._running: dict[bytes, _Flight] = {}
        self._kept: OrderedDict[bytes, tuple[float, Outcome]] = OrderedDict()

    @property
    def running(self) -> int:
        """Judge calls under way."""
        return len(self._running)

    @property
    def kept(self) -> int:
        """Results in memory."""
        return len(self._kept)

    @property
    def keeps(self) -> bool:
        """Whether results are kept, so that a call is worth finishing with nobody waiting."""
        return self._cache_seconds > 0

    async def outcome(self, key: bytes, ask: Callable[[], Awaitable[Outcome]]) -> tuple[Outcome, bool]:
        """What came out, and whether it was kept from before.

        Raises `OverloadedError` when a new call would be one too many, `ClosingError` when the call was
        ended by `aclose`.
        """
        kept = self._recall(key)
        if kept is not None:
            return kept, True
        flight = self._running.get(key)
        if flight is None:
            if len(self._running) >= self._max_in_flight:
                raise OverloadedError
            flight = _Flight(asyncio.create_task(self._fly(key, ask)))
            self._running[key] = flight
        flight.waiting += 1
        try:
            return await asyncio.shield(flight.task), False
        except asyncio.CancelledError:
            asked_to_stop = (task := asyncio.current_task()) is not None and task.cancelling() > 0
            if flight.task.cancelled() and not asked_to_stop:
                raise ClosingError from None
            raise
        finally:
            flight.waiting -= 1
            if flight.waiting == 0 and not self.keeps and not flight.task.done():
                if self._running.get(key) is flight:
                    del self._running[key]
                flight.task.cancel()

    async def aclose(self, patience: float = 0.0) -> None:
        """Let running calls finish for `patience` seconds, then cancel them."""
        tasks = [flight.task for flight in self._running.values()]
        if tasks and patience > 0:
            await asyncio.wait(tasks, timeout=patience)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _fly(self, key: bytes, ask: Callable[[], Awaitable[Outcome]]) -> Outcome:
        started = time.monotonic()
        try:
            outcome = await ask()
        finally:
            flight = self._running.get(key)
            if flight is not None and flight.task is asyncio.current_task():
                del self._running[key]
        self._keep(key, outcome, time.monotonic() - started)
        return outcome

    def _keep(self, key: bytes, outcome: Outcome, took: float) -> None:
        if not self.keeps:
            return
        if isinstance(outcome, EvaluationResult):
            seconds = self._cache_seconds
        elif took >= CLIENT_PATIENCE:
            seconds = min(UNHEARD_FAILURE_SECONDS, self._cache_seconds)
        else:
            return
        now = time.monotonic()
        self._kept[key] = (now + seconds, outcome)
        self._kept.move_to_end(key)
        # Kept for the same time nearly all, so what is over stands in front; nothing stays much longer.
        while len(self._kept) > self._cache_size or next(iter(self._kept.values()))[0] < now:
            self._kept.popitem(last=False)

    def _recall(self, key: bytes) -> Outcome | None:
        kept = self._kept.get(key)
        if kept is None:
            return None
        if kept[0] < time.monotonic():
            del self._kept[key]
            return None
        return kept[1]
