"""What a provider accepted in the last minute, second by second."""

_SECONDS = 60


class Accepted:
    """Counts of calls and their tokens in sixty slots. Moments are seconds of the caller's clock."""

    def __init__(self) -> None:
        """Nothing yet."""
        self._slots: list[tuple[int, int, int]] = [(-_SECONDS, 0, 0)] * _SECONDS

    def add(self, now: float, tokens: int) -> None:
        """A call was answered."""
        second = int(now)
        known, calls, spent = self._slots[second % _SECONDS]
        if known != second:
            calls = spent = 0
        self._slots[second % _SECONDS] = (second, calls + 1, spent + tokens)

    def lately(self, now: float) -> tuple[float, int, int]:
        """Seconds since the first of the last minute, the calls since then, and their tokens."""
        kept = [slot for slot in self._slots if now - slot[0] < _SECONDS]
        if not kept:
            return 0.0, 0, 0
        first = min(second for second, _, _ in kept)
        return now - first, sum(calls for _, calls, _ in kept), sum(spent for _, _, spent in kept)
