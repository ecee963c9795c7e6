"""Leasing on PostgreSQL, where many workers do so at the same time.

Whoever leases jobs of a target takes all of its due jobs, as one call answers for them. So it is the target
that is taken, by a lock that nobody waits for: who finds it taken goes on to the next.
"""

from collections.abc import Sequence
from typing import Any, Protocol

from sqlalchemy import Connection

from spanjudge.store.bulk import Statement

_ROUNDS = 4

# “state < 1” is the same as “= 0”, but for the index of what waits: that one would be gone through as a
# whole.
_TAKE = (
    "WITH mine AS MATERIALIZED (SELECT target FROM unnest(CAST(:targets AS bytea[])) AS target WHERE"
    # A target's lock is one of so many: each takes a place in a table of the server that is not large.
    " pg_try_advisory_xact_lock(1936745578, abs(hashtext(encode(target, 'hex')) % 1024))),"
    " due AS MATERIALIZED (SELECT job.id FROM mine CROSS JOIN LATERAL (SELECT id FROM jobs"
    " WHERE target = mine.target AND evaluator IN :names AND state < 1 AND due_ns <= :now"
    " FOR NO KEY UPDATE SKIP LOCKED) AS job)"
    " UPDATE jobs SET state = 1, owner = :owner WHERE id = ANY(ARRAY(SELECT id FROM due)) AND state < 1"
    " RETURNING "
)


_counts = Statement(
    "SELECT encode(target, 'hex'), count(*) FROM jobs WHERE target IN :targets AND evaluator IN :names"
    " AND state < 1 AND due_ns <= :now GROUP BY target",
    lists=("targets", "names"),
)


class Queue(Protocol):
    """Who is next."""

    def __call__(self, *, limit: int, backfills: int) -> Sequence[str]:
        """Targets (hexadecimal) of at least so many due jobs, those that are next first: see `queues`."""
        ...


class Take:
    """Leases jobs as rows of some columns."""

    def __init__(self, ids: Sequence[str], plain: Sequence[str]) -> None:
        """`ids` come as hexadecimal text; the last of the `plain` ones is the backfill."""
        columns = [f"encode(jobs.{name}, 'hex')" for name in ids] + [f"jobs.{name}" for name in plain]
        self._statement = Statement(_TAKE + ", ".join(columns), lists=("names",))

    def __call__(
        self,
        connection: Connection,
        queue: Queue,
        *,
        owner: str,
        names: Sequence[str],
        now_ns: int,
        limit: int,
        backfills: int,
    ) -> list[list[Any]]:
        """About `limit` jobs, so many of backfills at most."""
        taken: list[list[Any]] = []
        tried: set[str] = set()
        for ask in (limit << doubled for doubled in range(_ROUNDS)):
            allowed = backfills - sum(row[-1] is not None for row in taken)
            waiting = [key for key in queue(limit=ask, backfills=max(0, allowed)) if key not in tried]
            chosen = self._cut(connection, waiting, names, now_ns, limit - len(taken))
            if not chosen:
                break
            tried.update(chosen)
            values = {
                "targets": list(map(bytes.fromhex, chosen)),
                "names": names,
                "owner": owner,
                "now": now_ns,
            }
            found = list(map(list, self._statement.rows(connection, values)))
            taken += found
            # Further on only past what others are just taking.
            if len(taken) >= limit or {row[0] for row in found} >= set(chosen):
                break
        return taken

    @staticmethod
    def _cut(
        connection: Connection, waiting: Sequence[str], names: Sequence[str], now_ns: int, limit: int
    ) -> list[str]:
        """The first of the targets, with `limit` jobs or a few more."""
        if not waiting:
            return []
        targets = [bytes.fromhex(key) for key in waiting]
        rows = _counts.rows(connection, {"targets": targets, "names": names, "now": now_ns})
        counts: dict[str, int] = {row[0]: row[1] for row in rows}
        chosen: list[str] = []
        for key in waiting:
            if limit <= 0:
                break
            if key in counts:
                chosen.append(key)
                limit -= counts[key]
        return chosen
