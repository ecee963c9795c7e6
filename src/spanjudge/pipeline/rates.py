"""How many a second: of the last minute, counted as it happens."""

import time
from collections.abc import Callable

import msgspec

_SECONDS = 60


class Rate:
    """Counts of the last 60 whole seconds. Counting costs an addition."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """`clock` gives seconds."""
        self._clock = clock
        self._began = clock()
        self._counts = [0] * _SECONDS
        self._second = int(self._began)

    def add(self, count: int = 1) -> None:
        """So many happened now."""
        second = int(self._clock())
        if second != self._second:
            self._move_on(second)
        self._counts[second % _SECONDS] += count

    @property
    def per_second(self) -> float:
        """The mean of the last minute, or of as long as there has been counting."""
        now = self._clock()
        self._move_on(int(now))
        return sum(self._counts) / min(max(now - self._began, 1.0), _SECONDS)

    def _move_on(self, second: int) -> None:
        for passed in range(max(self._second + 1, second - _SECONDS + 1), second + 1):
            self._counts[passed % _SECONDS] = 0
        self._second = second


class Rates(msgspec.Struct, frozen=True, kw_only=True):
    """Per second, of the last minute: spans received, jobs matched, outcomes judged, results exported."""

    received: float = 0.0
    matched: float = 0.0
    judged: float = 0.0
    exported: float = 0.0
