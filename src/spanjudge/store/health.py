"""How things stand."""

from sqlalchemy import Connection, text

from spanjudge.pipeline.ports import Health

_waiting = text("SELECT count(*), min(due_ns) FROM jobs WHERE state = 0 GROUP BY evaluator")
_leased = text("SELECT count(*) FROM jobs WHERE state = 1")
_outbox = text("SELECT count(*) FROM outbox")
_spans = text("SELECT value FROM meta WHERE name = 'spans'")


def health(connection: Connection, *, now_ns: int) -> Health:
    """Counts, and the size of what is stored, without room that deleted rows left."""
    waiting = connection.execute(_waiting).all()
    oldest = min((due_ns for _, due_ns in waiting), default=None)
    pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
    free = connection.exec_driver_sql("PRAGMA freelist_count").scalar_one()
    page = connection.exec_driver_sql("PRAGMA page_size").scalar_one()
    return Health(
        waiting=sum(count for count, _ in waiting),
        leased=connection.execute(_leased).scalar_one(),
        oldest_ns=oldest if oldest is not None and oldest <= now_ns else None,
        outbox=connection.execute(_outbox).scalar_one(),
        spans=connection.execute(_spans).scalar_one_or_none() or 0,
        size_bytes=(pages - free) * page,
    )
