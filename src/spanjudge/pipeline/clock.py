"""The pipeline's time: the wall clock's, without small steps backwards."""

import time
from collections.abc import Callable

Now = Callable[[], int]
"""Nanoseconds since 1970."""

_SLEW = 0.9
_FOLLOWED = 3_600 * 1_000_000_000


class Clock:
    """Nanoseconds since 1970. An instance is called.

    Leases, due times and retries are compared with what was written a moment ago. A wall clock that is set
    forward is followed at once; when it is set back by an hour or less, ours goes on a tenth slower than time
    does, until the wall clock has caught up. A clock set back by more was very wrong before: it is followed,
    and what was to be done in the future that is none now waits for it.
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
        if self._said - _FOLLOWED < wall < self._said:
            wall = max(wall, self._said + int((at - self._at) * _SLEW))
        self._said, self._at = wall, at
        return wall
