"""What is worth saying about the processes that share a store."""

import logging

from spanjudge.pipeline.coordination import Roll

_log = logging.getLogger("spanjudge.pipeline")

_PATIENCE_NS = 30 * 1_000_000_000


class Company:
    """Says once when several processes share a store that is not made for many, and when nobody judges."""

    def __init__(self, note: str = "") -> None:
        """`note` is said as soon as there are two."""
        self._note = note
        self._missing_since: int | None = None
        self._told_missing = False

    def look(self, roll: Roll, now_ns: int) -> None:
        """See who is there."""
        if self._note and len(roll.members) > 1:
            _log.info("several processes share the store", extra={"note": self._note})
            self._note = ""
        if any("worker" in one.roles for one in roll.members):
            if self._told_missing:
                _log.info("a worker is there again")
            self._missing_since, self._told_missing = None, False
            return
        self._missing_since = self._missing_since or now_ns
        # While workers are exchanged there may be none for a moment.
        if not self._told_missing and now_ns - self._missing_since > _PATIENCE_NS:
            _log.warning("nobody judges: start a process with the role worker (`spanjudge worker`)")
            self._told_missing = True
