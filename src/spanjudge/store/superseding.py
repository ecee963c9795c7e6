"""Which outcome of an evaluator and a target is the current one: the newest."""

from collections.abc import Collection
from typing import Any

from sqlalchemy import Connection

from spanjudge.store.bulk import Select, Statement
from spanjudge.store.keys import portions

_current = Select(
    "SELECT target, id, evaluator, version, generation FROM results WHERE target IN :targets"
    " AND current <> (1 = 0)",
    ids=("target",),
    plain=("id", "evaluator", "version", "generation"),
    lists=("targets",),
)
_supersede = Statement("UPDATE results SET current = (1 = 0) WHERE id IN :ids", lists=("ids",))


def supersede(connection: Connection, targets: Collection[bytes]) -> None:
    """Of each evaluator the outcome stored last stands.

    But what was judged again (a higher generation of the same version) is not taken back by an older job
    that ends later.
    """
    for some in portions(list(targets)):
        alike: dict[tuple[str, str], list[list[Any]]] = {}
        for row in _current(connection, targets=some):
            alike.setdefault((row[0], row[2]), []).append(row)
        old = [row[1] for rows in alike.values() if len(rows) > 1 for row in older(rows)]
        for ids in portions(old):
            _supersede(connection, {"ids": ids})


def older(rows: list[list[Any]]) -> list[list[Any]]:
    """Of current outcomes of one evaluator and target, as above, those that are superseded."""
    last = max(rows, key=lambda row: row[1])
    stands = max((row for row in rows if row[3] == last[3]), key=lambda row: (row[4], row[1]))
    return [row for row in rows if row is not stands]
