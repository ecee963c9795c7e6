"""Latencies in buckets: constant memory however many there are, every value within one per cent."""

import math

_STEP = math.log1p(0.01)
SMALLEST = 1e-5
"""Seconds; shorter ones count as this."""


class Histogram:
    """How often which latency was met. Seconds."""

    def __init__(self) -> None:
        """Empty."""
        self._counts: dict[int, int] = {}
        self.count = 0
        self.longest = 0.0
        self._sum = 0.0

    def add(self, seconds: float) -> None:
        """One more. Raises `ValueError` for a negative one: a clock that runs backwards spoils the rest."""
        if seconds < 0:
            raise ValueError(f"a latency of {seconds} s")
        bucket = int(math.log(max(seconds, SMALLEST) / SMALLEST) / _STEP)
        self._counts[bucket] = self._counts.get(bucket, 0) + 1
        self.count += 1
        self._sum += seconds
        self.longest = max(self.longest, seconds)

    @property
    def buckets(self) -> int:
        """How many are in use."""
        return len(self._counts)

    @property
    def mean(self) -> float:
        """The average, exact; 0 when empty."""
        return self._sum / self.count if self.count else 0.0

    def percentile(self, share: float) -> float:
        """The latency that this share (0 to 1) of all does not exceed; 0 when empty.

        Up to one per cent too high; the highest is exact.
        """
        wanted, seen = math.ceil(share * self.count), 0
        if wanted >= self.count:
            return self.longest
        for bucket in sorted(self._counts):
            seen += self._counts[bucket]
            if seen >= max(1, wanted):
                return min(self.longest, SMALLEST * math.exp((bucket + 1) * _STEP))
        return self.longest

    def told(self) -> dict[str, float]:
        """Milliseconds: p50, p90, p99, p99.9, max."""
        shares = {"p50": 0.5, "p90": 0.9, "p99": 0.99, "p99.9": 0.999}
        found = {name: round(1e3 * self.percentile(share), 2) for name, share in shares.items()}
        return {**found, "max": round(1e3 * self.longest, 2)}
