"""How many calls may be under way: as many as were set, fewer after the provider could not take them."""

_LESS = 0.7
_PATIENCE = 15.0
_MOST_PATIENCE = 60.0
"""Seconds until the size at which calls were refused is tried again: at first, and after that went wrong."""

_ALMOST = 1e-6


class Window:
    """Shrinks when the provider refuses calls, grows with those it answers (TCP's congestion window).

    Sources: RFC 5681, and RFC 9438 for staying below the size that was refused. After a refusal it begins
    with one call; each answer, also of a call that was under way then, makes it one larger up to seven tenths
    of the size that was refused, and further on by one a round up to just below that size. Only after a while
    without a refusal it goes beyond. Moments are seconds of a clock.
    """

    __slots__ = ("_below", "_doubles_to", "_patience", "_until", "most", "size")

    def __init__(self, most: int) -> None:
        """Open at first."""
        self.most = most
        self.size = float(most)
        self._doubles_to = self._below = float(most)
        self._patience = _PATIENCE
        self._until = float("-inf")

    @property
    def room(self) -> int:
        """Calls that may be under way."""
        return int(self.size + _ALMOST)

    def shrink(self, under_way: int, now: float) -> None:
        """Refused, with so many calls under way."""
        refused = min(self.size, float(under_way))
        again = now < self._until + _MOST_PATIENCE
        self._patience = min(self._patience * 2, _MOST_PATIENCE) if again else _PATIENCE
        self._until = now + self._patience
        self._below = max(1.0, refused - 1.0)
        self._doubles_to = max(1.0, refused * _LESS)
        self.size = 1.0

    def restart(self) -> None:
        """Nobody answers at all: one call goes first."""
        self._doubles_to = max(1.0, self.size / 2)
        self.size = 1.0

    def grow(self, now: float) -> None:
        """A call was answered."""
        if self.size < self.most:
            step = 1.0 if self.size < self._doubles_to else 1.0 / self.size
            most = float(self.most) if now >= self._until else min(self._below, float(self.most))
            self.size = max(self.size, min(self.size + step, most))
