"""The outbox: results on their way to destinations."""

from collections.abc import Sequence

from sqlalchemy import Connection, text

from spanjudge.pipeline.ports import Outgoing
from spanjudge.store.bulk import Select, Statement
from spanjudge.store.keys import portions, whole
from spanjudge.store.outcomes import IDS, PLAIN, evaluated_of

_add = text(
    "INSERT INTO outbox (destination, result, attempts, due_ns)"
    " SELECT :destination, id, 0, :now FROM results WHERE id > :after"
)
_due = Select(
    "SELECT r.result_id, r.target, r.trace_id, r.span_id, r.id, r.generation, r.service, r.response_id,"
    " r.time_ns, r.code, r.outcome, o.entry, o.attempts, o.due_ns"
    " FROM (SELECT id AS entry, result, attempts, due_ns FROM outbox"
    " WHERE destination = :destination AND due_ns <= :now ORDER BY due_ns, id LIMIT :most) AS o"
    " JOIN results AS r ON r.id = o.result",
    ids=IDS,
    plain=(*PLAIN, "entry", "attempts", "due_ns"),
)
_delete = Statement("DELETE FROM outbox WHERE destination = :destination AND id IN :ids", lists=("ids",))
_postpone = Statement(
    "UPDATE outbox SET due_ns = :due, attempts = attempts + 1"
    " WHERE destination = :destination AND id IN :ids",
    lists=("ids",),
)
_destinations = text("SELECT DISTINCT destination FROM outbox")
_forget = text("DELETE FROM outbox WHERE destination = :destination")


def add(connection: Connection, destinations: Sequence[str], *, after: int, now_ns: int) -> None:
    """An entry for each destination of every result stored after that id."""
    for destination in dict.fromkeys(destinations):
        connection.execute(_add, {"destination": destination, "now": now_ns, "after": after})


def due(connection: Connection, destination: str, *, now_ns: int, limit: int) -> list[Outgoing]:
    """The oldest entries for a destination that are due."""
    rows = _due(connection, destination=destination, now=now_ns, most=limit)
    rows.sort(key=lambda row: (row[13], row[11]))
    return [Outgoing(id=row[11], evaluated=evaluated_of(row), attempts=row[12]) for row in rows]


def sent(connection: Connection, destination: str, ids: Sequence[int]) -> None:
    """Forget entries."""
    for some in portions(ids):
        _delete(connection, {"destination": destination, "ids": some})


def postpone(connection: Connection, destination: str, ids: Sequence[int], *, due_ns: int) -> None:
    """Try entries again at `due_ns`."""
    for some in portions(ids):
        _postpone(connection, {"destination": destination, "due": whole(due_ns), "ids": some})


def forget_destinations(connection: Connection, keep: Sequence[str]) -> int:
    """Drop entries for other destinations; how many."""
    known = connection.execute(_destinations).scalars().all()
    return sum(
        connection.execute(_forget, {"destination": name}).rowcount for name in known if name not in set(keep)
    )
