"""Leasing on PostgreSQL, where many workers do so at the same time.

Whoever leases jobs of a target takes all of its due jobs, as one call answers for them. So it is the target that
is taken, by a lock that nobody waits for: who finds it taken goes on to the next.
"""

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import Connection

from spanjudge.store.bulk import Statement

# A target's lock is one of so many: each takes a place in a table of the server that is not large.
_LOCKS = 1_024
_ROUNDS = 4

_TAKE = (
    "WITH mine AS MATERIALIZED (SELECT target FROM unnest(CAST(:targets AS bytea[])) AS target WHERE"
    f" pg_try_advisory_xact_lock(1936745578, abs(hashtext(encode(target, 'hex')) % {_LOCKS}))),"  # noqa: S608  # our own number
    " due AS MATERIALIZED (SELECT jobs.id FROM jobs JOIN mine ON jobs.target = mine.target"
    " WHERE jobs.state = 0 AND jobs.due_ns <= :now AND jobs.evaluator IN :names"
    " ORDER BY jobs.id FOR NO KEY UPDATE OF jobs SKIP LOCKED)"
    " UPDATE jobs SET state = 1, owner = :owner FROM due WHERE jobs.id = due.id AND jobs.state = 0 RETURNING "
)


class Take:
    """Leases jobs as rows of some columns."""

    def __init__(self, ids: Sequence[str], plain: Sequence[str]) -> None:
        """`ids` come as hexadecimal text."""
        columns = [f"encode(jobs.{name}, 'hex')" for name in ids] + [f"jobs.{name}" for name in plain]
        self._statement = Statement(_TAKE + ", ".join(columns), lists=("names",))

    def __call__(
        self,
        connection: Connection,
        queued: Callable[[int], Sequence[str]],
        *,
        owner: str,
        names: Sequence[str],
        now_ns: int,
        limit: int,
    ) -> list[list[Any]]:
        """About `limit` jobs.

        `queued` gives the targets (hexadecimal) of so many jobs that wait, those that are to come first first.
        """
        taken: list[list[Any]] = []
        tried: set[str] = set()
        seen = 0
        for ask in (limit << doubled for doubled in range(_ROUNDS)):
            waiting = queued(ask)
            wanted: dict[str, int] = {}
            for target in waiting:
                if target not in tried and (target in wanted or sum(wanted.values()) < limit - len(taken)):
                    wanted[target] = wanted.get(target, 0) + 1
            tried.update(wanted)
            if wanted:
                targets = list(map(bytes.fromhex, wanted))
                values = {"targets": targets, "owner": owner, "names": names, "now": now_ns}
                taken += map(list, self._statement(connection, values))
            # Enough; or there is no more, than others have taken already.
            if len(taken) >= limit or len(waiting) < ask or len(waiting) == seen:
                break
            seen = len(waiting)
        return taken
