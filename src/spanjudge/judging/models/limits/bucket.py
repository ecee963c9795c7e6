"""Evenly, and never more than the limit in any minute: a token bucket, and a count of the last minute."""

from collections import deque

MINUTE = 60.0

_BURST = 1 / 20
"""What was not used is kept for three seconds at most.

A provider that counts by the second refuses more than that at once, and one that counts by the minute would
refuse what comes after it.
"""

_PACE = 0.97
"""A little below the limit, so that bursts do not come to stand before a full minute again and again."""

_SLOT = 1.0
_ALMOST = 1e-9
"""Sums of fractions are never quite even."""


class Bucket:
    """What may be spent: it grows evenly up to a small burst. Moments are seconds of the caller's clock.

    An amount beyond the burst is taken when the bucket is full, and what follows waits until it is paid for.
    `whole`: amounts are whole numbers, so that the burst is one at least.
    """

    __slots__ = ("_at", "_minute", "_whole", "burst", "level", "per_minute", "rate")

    def __init__(self, per_minute: float, now: float, *, whole: bool = False) -> None:
        """Full at first."""
        self._whole = whole
        self._at = now
        self._minute = _Minute()
        self.level = float("inf")
        self.limit(per_minute, now)

    def limit(self, per_minute: float, now: float) -> None:
        """Change the limit: what was saved up beyond its burst is lost, what was spent stays so."""
        if self.level != float("inf"):
            self._grow(now)
        self.per_minute = per_minute
        self.burst = per_minute * _BURST
        if self._whole:
            self.burst = max(1.0, float(int(self.burst)))
        self.rate = per_minute * _PACE / MINUTE
        self.level = min(self.level, self.burst)

    def wait(self, amount: float, now: float) -> float:
        """Seconds until so much may be taken."""
        self._grow(now)
        lacking = min(amount, self.burst) - self.level
        if lacking > self.burst * _ALMOST:
            return lacking / self.rate if self.rate > 0 else float("inf")
        return self._minute.wait(amount, self.per_minute, now)

    def take(self, amount: float, now: float) -> None:
        """Spend it, also when it is not there: then what follows waits."""
        self.level -= amount
        self._minute.add(amount, now)

    def give(self, amount: float, taken: float) -> None:
        """So much of what was `taken` then was not spent after all; below zero: more was."""
        self.level = min(self.level + amount, max(self.burst, self.level))
        self._minute.correct(-amount, taken)

    def empty(self, now: float) -> None:
        """Nothing was saved up: what comes next comes evenly."""
        self._grow(now)
        self.level = min(self.level, 1.0 if self._whole else 0.0)

    def _grow(self, now: float) -> None:
        if now > self._at:
            self.level = min(self.level + (now - self._at) * self.rate, max(self.burst, self.level))
            self._at = now


class _Minute:
    """What was spent in the last minute, by the second: a second counts until its last moment is that old."""

    __slots__ = ("_slots", "_spent")

    def __init__(self) -> None:
        self._slots: deque[list[float]] = deque()
        self._spent = 0.0

    def add(self, amount: float, now: float) -> None:
        second = float(int(now))
        self._spent += amount
        if self._slots and self._slots[-1][0] == second:
            self._slots[-1][1] += amount
        else:
            self._slots.append([second, amount])

    def correct(self, amount: float, then: float) -> None:
        second = float(int(then))
        for slot in reversed(self._slots):
            if slot[0] == second:
                slot[1] += amount
                self._spent += amount
            if slot[0] <= second:
                return

    def wait(self, amount: float, limit: float, now: float) -> float:
        """Seconds until the amount fits; what is more than the limit fits into an empty minute."""
        self._forget(now)
        over = self._spent + min(amount, limit) - limit
        if over <= limit * _ALMOST:
            return 0.0
        for second, spent in self._slots:
            over -= spent
            if over <= limit * _ALMOST:
                return second + _SLOT + MINUTE - now
        return 0.0

    def _forget(self, now: float) -> None:
        while self._slots and self._slots[0][0] + _SLOT + MINUTE <= now:
            self._spent -= self._slots.popleft()[1]
        if not self._slots:
            self._spent = 0.0
