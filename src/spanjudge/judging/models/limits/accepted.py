"""What a provider accepted in the last minute, second by second."""

import msgspec

_SECONDS = 60


class Lately(msgspec.Struct, frozen=True):
    """Seconds since the first call of a stretch; calls, their tokens, the most of them at the same time."""

    seconds: float = 0.0
    calls: int = 0
    tokens: int = 0
    at_once: int = 0


class Accepted:
    """Counts of calls in sixty slots. Moments are seconds of the caller's clock."""

    def __init__(self) -> None:
        """Nothing yet."""
        self._slots: list[tuple[int, int, int, int]] = [(-_SECONDS, 0, 0, 0)] * _SECONDS

    def add(self, now: float, tokens: int, at_once: int) -> None:
        """A call was answered that was sent as one of so many under way."""
        second = int(now)
        known, calls, spent, most = self._slots[second % _SECONDS]
        if known != second:
            calls = spent = most = 0
        slot = (second, calls + 1, spent + tokens, max(most, at_once))
        self._slots[second % _SECONDS] = slot

    def lately(self, now: float, seconds: int = _SECONDS) -> Lately:
        """Those of the last so many seconds, a minute at most."""
        kept = [slot for slot in self._slots if now - slot[0] < seconds]
        if not kept:
            return Lately()
        return Lately(
            now - min(slot[0] for slot in kept),
            sum(slot[1] for slot in kept),
            sum(slot[2] for slot in kept),
            max(slot[3] for slot in kept),
        )
