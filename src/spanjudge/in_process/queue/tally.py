"""Counting from any number of threads without a lock."""

import itertools
import threading
from collections.abc import Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)


class Tally:
    """A number that only grows.

    One step of an `itertools.count` cannot be interrupted, not by another thread, a signal or a fork, and
    nobody ever waits for it. Only who reads takes a lock.
    """

    __slots__ = ("_lock", "_reads", "_steps")

    def __init__(self) -> None:
        """Nothing was counted."""
        self._steps = itertools.count()
        self._reads = 0
        self._lock = threading.RLock()

    def add(self) -> None:
        """One more."""
        next(self._steps)

    @property
    def value(self) -> int:
        """How many so far. To look is a step too, and taken off again."""
        with self._lock:
            seen = next(self._steps) - self._reads
            self._reads += 1
            return seen


class Tallies(Generic[K]):
    """A tally for each of a few keys, and what is new since the last look."""

    MOST = 100

    def __init__(self, others: K) -> None:
        """When there are too many keys, the further ones are counted under `others`."""
        self._tallies: dict[K, Tally] = {}
        self._seen: dict[K, int] = {}
        self._others = others

    def add(self, key: K) -> None:
        """One more of these; from any thread."""
        tally = self._tallies.get(key)
        if tally is None:
            if len(self._tallies) >= self.MOST:
                key = self._others
            tally = self._tallies.setdefault(key, Tally())
        tally.add()

    def news(self) -> list[tuple[K, int]]:
        """What came since the last call; from one thread at a time."""
        found: list[tuple[K, int]] = []
        for key, tally in tuple(self._tallies.items()):
            value = tally.value
            new = value - self._seen.get(key, 0)
            if new:
                self._seen[key] = value
                found.append((key, new))
        return found
