"""How many spans there are, and the one that came last."""

from sqlalchemy import Connection, text

from spanjudge.pipeline.queries import NewestSpan
from spanjudge.store.counted import SPANS

_newest = text(f"SELECT service, received_ns, ({SPANS}) FROM spans ORDER BY id DESC LIMIT 1")


def newest_span(connection: Connection) -> NewestSpan | None:
    """The last row."""
    row = connection.execute(_newest).first()
    return None if row is None else NewestSpan(service=row[0], received_ns=row[1], count=row[2] or 1)
