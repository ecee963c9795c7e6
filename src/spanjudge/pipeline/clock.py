"""The pipeline's time: the wall clock's, but never backwards."""

import time
from collections.abc import Callable

Now = Callable[[], int]
"""Nanoseconds since 1970."""

_SLEW = 0.9


class Clock:
    """Nanoseconds since 1970. An instance is called.

    Leases, due times and retries are compared with what was written a moment ago. A wall clock that is set
    forward is followed at once; while it is behind what we already said, ours goes on a tenth slower than
    time does, until the wall clock has caught up. So an hour set back costs nobody an hour's wait.
    """

    def __init__(self, wall: Now = time.time_ns, monotonic: Now = time.monotonic_ns) -> None:
        """`monotonic` counts nanoseconds from anywhere."""
        self._wall = wall
        self._monotonic = monotonic
        self._said = wall()
        self._at = monotonic()

    def __call__(self) -> int:
        """The time."""
        wall, at = self._wall(), self._monotonic()
        if wall < self._said:
            wall = max(wall, self._said + int((at - self._at) * _SLEW))
        self._said, self._at = wall, at
        return wall
