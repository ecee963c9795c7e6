"""Numbers that grow when something was stored."""

from sqlalchemy import Connection, text

from spanjudge.pipeline.queries import Counters

_counters = text(
    "SELECT coalesce((SELECT max(id) FROM spans), 0), coalesce((SELECT max(id) FROM results), 0),"
    " coalesce((SELECT value FROM meta WHERE name = 'evaluators'), 0)"
)


def counters(connection: Connection) -> Counters:
    """The last row of each."""
    spans, results, evaluators = connection.execute(_counters).one()
    return Counters(spans=spans, results=results, evaluators=evaluators)
