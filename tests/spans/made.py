"""Spans made for a test: only what the test is about is given."""

from collections.abc import Mapping, Sequence
from typing import Any

from spanjudge.spans.raw import LogEvent, RawEvent, RawSpan

TRACE = "0af7651916cd43dd8448eb211c80319c"
SPAN = "b7ad6b7169203331"


def raw_span(attributes: Mapping[str, Any] | None = None, **given: Any) -> RawSpan:
    """A span with these attributes. `events` may be pairs of name and attributes."""
    events = tuple(
        event if isinstance(event, RawEvent) else RawEvent(name=event[0], attributes=event[1])
        for event in given.pop("events", ())
    )
    fields: dict[str, Any] = {"trace_id": TRACE, "span_id": SPAN, "start_ns": 1_000, "end_ns": 2_000, **given}
    return RawSpan(attributes=attributes or {}, events=events, **fields)


def log_events(*records: tuple[str, object] | tuple[str, object, Mapping[str, Any]]) -> Sequence[LogEvent]:
    """Log records of the span, in this order: name, body and perhaps attributes."""
    return [
        LogEvent(
            trace_id=TRACE,
            span_id=SPAN,
            name=record[0],
            body=record[1],
            attributes=record[2] if len(record) > 2 else {},
            time_ns=place,
        )
        for place, record in enumerate(records)
    ]
