"""What was judged: the model, operation and session that results are told apart by."""

from collections.abc import Sequence

from sqlalchemy import Connection

from spanjudge.store.bulk import Select
from spanjudge.store.keys import portions, target_key
from spanjudge.store.traces import listed
from spanjudge.telemetry.evaluated import Target

Judged = tuple[str | None, str | None, str | None]
"""Model, operation, session."""

UNKNOWN: Judged = (None, None, None)

_spans = Select(
    "WITH wanted (trace_id, span_id) AS :ids"
    " SELECT s.trace_id, s.span_id, s.model, s.operation, s.session_id FROM wanted CROSS JOIN spans AS s"
    " WHERE s.trace_id = wanted.trace_id AND s.span_id = wanted.span_id",
    ids=("trace_id", "span_id"),
    plain=("model", "operation", "session_id"),
    pairs="ids",
)
_traces = Select(
    "SELECT trace_id, models, session_id FROM traces WHERE trace_id IN :traces",
    ids=("trace_id",),
    plain=("models", "session_id"),
    lists=("traces",),
)


def judged(connection: Connection, targets: Sequence[Target]) -> dict[bytes, Judged]:
    """By the target's key. The model of a trace is told where there is one only."""
    found: dict[bytes, Judged] = {}
    pairs = {
        (bytes.fromhex(one.trace_id), bytes.fromhex(one.span_id)) for one in targets if one.kind == "span"
    }
    for some in portions(list(pairs)):
        for trace_id, span_id, model, operation, session_id in _spans(connection, ids=some):
            found[b"s" + bytes.fromhex(trace_id + span_id)] = (model, operation, session_id)
    traces = {bytes.fromhex(one.trace_id) for one in targets if one.kind == "trace"}
    for some in portions(list(traces)):
        for trace_id, models, session_id in _traces(connection, traces=some):
            names = listed(models)
            found[b"t" + bytes.fromhex(trace_id)] = (names[0] if len(names) == 1 else None, None, session_id)
    found.update((target_key(one), (None, None, one.session_id)) for one in targets if one.kind == "session")
    return found
