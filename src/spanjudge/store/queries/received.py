"""How many spans came in today, without going through all of them each time."""

import threading

from sqlalchemy import Connection, text

_LATE_NS = 120 * 1_000_000_000
"""After so long a span is to be seen that was received: its transaction has ended, on whatever machine."""

_between = text("SELECT count(*) FROM spans WHERE received_ns >= :start AND received_ns < :end")
_since = text("SELECT count(*) FROM spans WHERE received_ns >= :start")


class Received:
    """Counts the spans of a day; those of which no more can come are counted once."""

    def __init__(self) -> None:
        """Nothing is counted yet."""
        self._day_ns = self._counted_ns = self._count = 0
        self._lock = threading.Lock()

    def count(self, connection: Connection, *, day_ns: int, now_ns: int) -> int:
        """How many came in since `day_ns`, also when they have been deleted meanwhile."""
        with self._lock:
            day, counted, count = self._day_ns, self._counted_ns, self._count
        settled = max(day_ns, now_ns - _LATE_NS)
        if day != day_ns or settled < counted:
            counted, count = day_ns, 0
        count += connection.execute(_between, {"start": counted, "end": settled}).scalar_one()
        with self._lock:
            self._day_ns, self._counted_ns, self._count = day_ns, settled, count
        return count + connection.execute(_since, {"start": settled}).scalar_one()
