"""Outcomes on PostgreSQL, where no index tells that one is there: results are partitioned by when they came.

While the target's trace (or session) is locked, all that is stored of the target is looked up: so an outcome
is stored once, and the newest of an evaluator and a target is the current one.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection

from spanjudge.store import tables
from spanjudge.store.bulk import Copy, Row, Select, Statement
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
_ids = Statement("SELECT nextval('results_id_seq') FROM generate_series(1, :count)")
_copy = Copy(tables.results, *COLUMNS, "id")
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
    if not new:
        return
    # Given out here, as `COPY` does not tell which ones it gives.
    ids = [row[0] for row in _ids.rows(connection, {"count": len(new)})]
    stored: list[list[Any]] = []
    rows: list[Row] = []
    for one, number in zip(new.values(), ids, strict=True):
        key, outcome = target_key(one.target), one.outcome
        rows.append((*row_of(one, now_ns, facts.get(key, UNKNOWN)), number))
        stored.append([key.hex(), number, outcome.evaluator, outcome.evaluator_version, one.generation])
    _copy(connection, rows)
    alike: dict[tuple[str, str], list[list[Any]]] = {}
    for row in [*([row[0], *row[2:6]] for row in there if row[6]), *stored]:
        alike.setdefault((row[0], row[2]), []).append(row)
    old = [row[1] for rows in alike.values() if len(rows) > 1 for row in older(rows)]
    if old:
        _supersede(connection, {"ids": old})
    if destinations:
        chosen = list(dict.fromkeys(destinations))
        _send(connection, {"destinations": chosen, "results": ids, "now": now_ns})
