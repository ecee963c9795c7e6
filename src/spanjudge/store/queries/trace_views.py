"""One trace, with the outcomes on its spans and its neighbours in time."""

from sqlalchemy import Connection, and_, or_, select

from spanjudge.pipeline.listings import TraceView
from spanjudge.store.queries import verdicts
from spanjudge.store.queries.rows import packed
from spanjudge.store.queries.traces import COLUMNS, trace_row
from spanjudge.store.tables import spans, traces

_MOST_SPANS = 5_000


def trace_view(connection: Connection, trace_id: str) -> TraceView | None:
    """Nothing when it is not stored."""
    key = bytes.fromhex(trace_id)
    found = packed(connection, select(*COLUMNS).where(traces.c.trace_id == key))
    if not found:
        return None
    trace = trace_row(found[0], verdicts.of_traces(connection, [trace_id]))
    members = packed(connection, select(spans.c.span_id).where(spans.c.trace_id == key).limit(_MOST_SPANS))
    of_spans = verdicts.of_spans(connection, [(trace_id, row[0]) for row in members])
    columns = traces.c
    time, number = trace.start_ns, trace.number
    before = or_(columns.start_ns < time, and_(columns.start_ns == time, columns.id < number))
    after = or_(columns.start_ns > time, and_(columns.start_ns == time, columns.id > number))
    previous = (
        select(columns.trace_id)
        .where(columns.start_ns <= time, before)
        .order_by(columns.start_ns.desc(), columns.id.desc())
        .limit(1)
    )
    following = (
        select(columns.trace_id)
        .where(columns.start_ns >= time, after)
        .order_by(columns.start_ns, columns.id)
        .limit(1)
    )
    return TraceView(
        trace=trace,
        of_spans={span_id: said for (_, span_id), said in of_spans.items()},
        previous=next((row[0] for row in packed(connection, previous)), None),
        following=next((row[0] for row in packed(connection, following)), None),
    )
