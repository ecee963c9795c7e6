"""How things stand."""

from sqlalchemy import Connection, text

from spanjudge.pipeline.ports import Health
from spanjudge.store import counted

_waiting = text("SELECT count(*), min(due_ns) FROM jobs WHERE state = 0 GROUP BY evaluator")
_leased = text("SELECT count(*) FROM jobs WHERE state = 1")
_outbox = text("SELECT count(*) FROM outbox")


def health(connection: Connection, *, now_ns: int) -> Health:
    """Counts, and the size of what is stored; without room that deleted rows left."""
    waiting = connection.execute(_waiting).all()
    oldest = min((due_ns for _, due_ns in waiting), default=None)
    return Health(
        waiting=sum(count for count, _ in waiting),
        leased=connection.execute(_leased).scalar_one(),
        oldest_ns=oldest if oldest is not None and oldest <= now_ns else None,
        outbox=connection.execute(_outbox).scalar_one(),
        spans=counted.spans(connection),
        size_bytes=counted.size(connection),
    )
