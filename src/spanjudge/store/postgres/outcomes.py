"""Outcomes on PostgreSQL, where no index tells that one is there: results are partitioned by when they came.

While the target's trace (or session) is locked, all that is stored of the target is looked up: so an outcome is
stored once, and the newest of an evaluator and a target is the current one.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection

from spanjudge.store import tables
from spanjudge.store.bulk import InsertArrays, Select, Statement
from spanjudge.store.judged import UNKNOWN, judged
from spanjudge.store.keys import target_key
from spanjudge.store.outcomes import COLUMNS, row_of
from spanjudge.store.superseding import older
from spanjudge.telemetry.evaluated import Evaluated

_there = Select(
    "SELECT target, result_id, id, evaluator, version, generation, current FROM results"
    " WHERE target IN :targets",
    ids=("target", "result_id"),
    plain=("id", "evaluator", "version", "generation", "current"),
    lists=("targets",),
)
_insert = InsertArrays(
    tables.results,
    *COLUMNS,
    rest="RETURNING encode(target, 'hex'), encode(result_id, 'hex'), id, evaluator, version, generation",
)
_supersede = Statement("UPDATE results SET current = false WHERE id IN :ids", lists=("ids",))
_send = Statement(
    "INSERT INTO outbox (destination, result, attempts, due_ns)"
    " SELECT destination, result, 0, :now FROM unnest(CAST(:destinations AS text[])) AS destination,"
    " unnest(CAST(:results AS bigint[])) AS result"
)


def store(
    connection: Connection, outcomes: Sequence[Evaluated], destinations: Sequence[str], *, now_ns: int
) -> None:
    """Store those that are not there, with an entry for each destination; their targets are held."""
    facts = judged(connection, [one.target for one in outcomes])
    keys = {target_key(one.target) for one in outcomes}
    there = _there(connection, targets=list(keys))
    known = {row[1] for row in there}
    new = {one.id: one for one in outcomes if one.id not in known}
    rows = [row_of(one, now_ns, facts.get(target_key(one.target), UNKNOWN)) for one in new.values()]
    stored = [list(row) for row in _insert.returning(connection, rows)]
    if not stored:
        return
    alike: dict[tuple[str, str], list[list[Any]]] = {}
    for target, _, *row in [*(row[:6] for row in there if row[6]), *stored]:
        alike.setdefault((target, row[1]), []).append([target, *row])
    old = [row[1] for rows in alike.values() if len(rows) > 1 for row in older(rows)]
    if old:
        _supersede(connection, {"ids": old})
    if destinations:
        chosen = list(dict.fromkeys(destinations))
        _send(connection, {"destinations": chosen, "results": [row[2] for row in stored], "now": now_ns})
