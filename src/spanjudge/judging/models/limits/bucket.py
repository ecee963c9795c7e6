"""A token bucket that never lets more than its limit through in any minute."""

MINUTE = 60.0

_BURST = 1 / 20
"""A bucket holds three seconds' worth.

A provider that counts by the second refuses more than that at once, and one that counts by the minute would
refuse the seconds after it. What may come at once is taken off what comes steadily, so this costs at most a
twentieth of the limit.
"""


class Bucket:
    """What may be spent: it grows steadily up to a small burst. Moments are seconds of the caller's clock.

    Within any minute no more than `per_minute` is taken: the burst at its beginning and what grew during it.
    An amount beyond the burst waits until so much has grown. `whole`: amounts are whole numbers (calls), so
    that the one at a minute's beginning leaves room for the next exactly at its end.
    """

    __slots__ = ("_at", "_wanted", "_whole", "burst", "level", "per_minute", "rate")

    def __init__(self, per_minute: float, now: float, *, whole: bool = False) -> None:
        """Full at first."""
        self._whole = whole
        self._at = now
        self._wanted = 0.0
        self.level = float("inf")
        self.limit(per_minute, now)

    def limit(self, per_minute: float, now: float) -> None:
        """Change the limit: what was saved up beyond its burst is lost, what was spent stays so."""
        if self.level != float("inf"):
            self._grow(now)
        self._at = now
        self.per_minute = per_minute
        self.burst = per_minute * _BURST
        if self._whole:
            self.burst = max(1.0, float(int(self.burst)))
        self.rate = (per_minute - self.burst + self._whole) / MINUTE
        self.level = min(self.level, self.burst)

    def wait(self, amount: float, now: float) -> float:
        """Seconds until so much may be taken; it is saved up for from now on."""
        self._grow(now)
        # More than a whole minute's worth never fits: it is taken when there is as much as there can be.
        amount = min(amount, self.per_minute if not self._whole else max(1.0, self.per_minute))
        if self.level >= amount:
            return 0.0
        self._wanted = amount
        return (amount - self.level) / self.rate if self.rate > 0 else float("inf")

    def take(self, amount: float) -> None:
        """Spend it, also when it is not there: then what follows waits."""
        self.level -= amount
        self._wanted = 0.0

    def give(self, amount: float) -> None:
        """It was not spent after all; below zero: more was."""
        self.level = min(self.level + amount, max(self.burst, self.level))

    def empty(self, now: float) -> None:
        """Nothing was saved up: what comes next comes at the steady pace."""
        self._grow(now)
        self.level = min(self.level, 1.0 if self._whole else 0.0)

    def _grow(self, now: float) -> None:
        if now > self._at:
            most = max(self.burst, self._wanted, self.level)
            self.level = min(self.level + (now - self._at) * self.rate, most)
            self._at = now
