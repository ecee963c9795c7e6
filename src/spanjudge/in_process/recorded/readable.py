"""From the objects of the OpenTelemetry SDK to raw spans and log events, as they would come over the wire.

Keys, ids and numbers are those of OTLP; the values of attributes are lists and mappings where the SDK has
tuples. Works with the SDK from 1.37 on.
"""

from collections.abc import Mapping
from functools import partial
from typing import Any, Protocol, cast

from opentelemetry.sdk.resources import Resource as SdkResource
from opentelemetry.sdk.trace import ReadableSpan

from spanjudge.spans.raw import LogEvent, RawEvent, RawSpan, Resource, is_about_genai

_PLAIN = frozenset({str, int, float, bool, bytes, type(None)})
_DEEPEST = 64
"""Levels of lists and mappings in one value; what is below is left out."""


class Scope(Protocol):
    """An instrumentation scope, as far as it is needed here."""

    @property
    def name(self) -> str:
        """Its name."""
        ...


class LogRecord(Protocol):
    """What log records have in every version of the SDK."""

    trace_id: int | None
    span_id: int | None
    event_name: str | None
    attributes: Any
    body: Any
    timestamp: int | None
    observed_timestamp: int | None


class Glance:
    """As much of a span as it takes to tell what it is about: most are about something else.

    `attributes` are a copy with the SDK's own values: tuples where OTLP has lists.
    """

    __slots__ = ("attributes", "name", "operation", "scope")

    def __init__(self, span: ReadableSpan) -> None:
        """See the class."""
        scope = span.instrumentation_scope
        self.attributes = _copy(span.attributes)
        self.name = span.name
        self.scope = scope.name if scope else ""
        self.operation: tuple[str | None, str | None] | None = None


def raw_span(span: ReadableSpan, glance: Glance | None = None) -> RawSpan:
    """A span that has ended. Attributes and events are copied when they are first looked at.

    Attributes are not copied again that were for a glance.
    """
    context, parent, scope, status = span.context, span.parent, span.instrumentation_scope, span.status
    found = RawSpan(
        trace_id=f"{context.trace_id:032x}" if context else "",
        span_id=f"{context.span_id:016x}" if context else "",
        parent_span_id=f"{parent.span_id:016x}" if parent and parent.span_id else "",
        name=span.name,
        # OTLP has a number for “unspecified” before those of the SDK.
        kind=span.kind.value + 1,
        start_ns=span.start_time or 0,
        end_ns=span.end_time or 0,
        status_code=status.status_code.value,
        status_message=status.description or "",
        resource=_resource_of(span.resource),
        scope=scope.name if scope else "",
        scope_version=(scope.version or "") if scope else "",
        attributes=partial(native_attributes, glance.attributes if glance else span.attributes),
        events=partial(_events, span) if span.events else (),
    )
    if glance:
        found.operation = glance.operation
    return found


def log_event(record: LogRecord, scope: Scope | None) -> LogEvent | None:
    """A log record that may carry content of a span; `None` for any other."""
    if not record.trace_id or not record.span_id:
        return None
    attributes: Any = record.attributes or {}
    name = record.event_name or attributes.get("event.name")
    name = name if isinstance(name, str) else ""
    if not is_about_genai(name, attributes, record.body):
        return None
    return LogEvent(
        trace_id=f"{record.trace_id:032x}",
        span_id=f"{record.span_id:016x}",
        name=name,
        body=native(record.body),
        attributes=native_attributes(attributes),
        time_ns=record.timestamp or record.observed_timestamp or 0,
        scope=scope.name if scope else "",
    )


def service_of(span: ReadableSpan) -> str:
    """The name of the service that a span is of."""
    return _resource_of(span.resource).service


def native_attributes(attributes: Mapping[str, Any] | None) -> dict[str, Any]:
    """A copy of attributes, with lists for tuples."""
    found = _copy(attributes)
    for key, value in found.items():
        if type(value) not in _PLAIN:
            found[key] = native(value)
    return found


def _copy(attributes: Mapping[str, Any] | None) -> dict[str, Any]:
    if not attributes:
        return {}
    # The SDK's attributes copy their inner dictionary at once; one by one each takes a method call.
    copy: Any = getattr(attributes, "copy", None)
    return copy() if copy is not None else dict(attributes)


def native(value: Any, depth: int = 0) -> Any:
    """A value as it would come out of OTLP: text, numbers, bytes, lists, mappings."""
    if type(value) in _PLAIN:
        return value
    if depth >= _DEEPEST:
        return None
    if isinstance(value, Mapping):
        pairs = cast("Mapping[Any, Any]", value)
        return {str(key): native(part, depth + 1) for key, part in pairs.items()}
    if isinstance(value, tuple | list):
        return [native(part, depth + 1) for part in cast("list[Any]", value)]
    if isinstance(value, str | bool | int | float | bytes):
        return value
    return str(value)


def _events(span: ReadableSpan) -> tuple[RawEvent, ...]:
    return tuple(
        RawEvent(
            name=event.name,
            attributes=native_attributes(cast("Mapping[str, Any] | None", event.attributes)),
            time_ns=event.timestamp,
        )
        for event in span.events
    )


_last: tuple[SdkResource, Resource] | None = None


def _resource_of(resource: SdkResource) -> Resource:
    """An application has one resource, or a few: the last one is kept."""
    global _last  # noqa: PLW0603  whichever thread writes last: it is only ever used with the object it is of
    kept = _last
    if kept is not None and kept[0] is resource:
        return kept[1]
    attributes = native_attributes(resource.attributes)
    service = attributes.get("service.name")
    found = Resource(service=str(service) if service else "unknown_service", attributes=attributes)
    _last = resource, found
    return found
