"""One span, one log record: from its OTLP message to `RawSpan` and `LogEvent`. Needs the protobuf runtime."""

from collections.abc import Callable, Iterable
from functools import lru_cache, partial
from typing import Any, NamedTuple

from google.protobuf.message import DecodeError
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, Span

from spanjudge.spans.otlp_wire import (
    MOST_PARTS_OF_ITEM,
    Groups,
    Limit,
    OtlpError,
    OtlpTooLargeError,
    is_absurd,
    may_be_too_much,
)
from spanjudge.spans.raw import LogEvent, RawEvent, RawSpan, Resource, is_about_genai
from spanjudge.spans.received import LogsRead, ReceivedLog, ReceivedSpan, SpansRead

TRACE_ID_BYTES, SPAN_ID_BYTES = 16, 8
_NO_TRACE, _NO_SPAN = bytes(TRACE_ID_BYTES), bytes(SPAN_ID_BYTES)

_LARGEST_KEPT = 16_384
"""Bytes of an envelope that is worth remembering."""


class Envelope(NamedTuple):
    """Who sent: resource, instrumentation scope and its version."""

    resource: Resource
    scope: str
    version: str


class Problems:
    """What was wrong with a request, said once for each kind."""

    MOST = 5

    def __init__(self, what: str) -> None:
        """`what` was sent: span, log record."""
        self._what = what
        self._counts: dict[str, int] = {}
        self.rejected = 0

    def add(self, why: str, count: int = 1) -> None:
        """`count` of them were rejected."""
        self.rejected += count
        if why in self._counts or len(self._counts) < self.MOST:
            self._counts[why] = self._counts.get(why, 0) + count

    def said(self) -> tuple[str, ...]:
        """A sentence for each kind."""
        return tuple(
            f"{count:,} {self._what}{'s' * (count != 1)} rejected: {why}"
            for why, count in self._counts.items()
        )


def spans_of(groups: Groups) -> SpansRead:
    """The spans of a request. Raises `OtlpError` when there are some and none can be decoded."""
    spans: list[ReceivedSpan] = []
    problems = Problems("span")
    limit = Limit() if may_be_too_much(groups.groups) else None
    for envelope, items, bad in groups.groups:
        for why in bad:
            problems.add(why)
        if not items:
            continue
        try:
            sender = _envelope(envelope)
        except DecodeError as error:
            problems.add(f"their resource or scope cannot be decoded: {_why(error)}", len(items))
            continue
        for blob in items:
            try:
                spans.append(ReceivedSpan(_span(blob, sender, limit), blob, envelope))
            except OtlpTooLargeError:
                raise
            except OtlpError as error:
                problems.add(str(error))
    return SpansRead(
        spans=spans,
        rejected=problems.rejected,
        problems=(*problems.said(), *([groups.warning] if groups.warning else [])),
    )


def logs_of(groups: Groups) -> LogsRead:
    """The log records of a request that may carry content."""
    logs: list[ReceivedLog] = []
    problems = Problems("log record")
    ignored = 0
    limit = Limit()
    for envelope, items, bad in groups.groups:
        for why in bad:
            problems.add(why)
        for blob in items:
            if b"gen_ai." not in blob:
                ignored += 1
                continue
            try:
                event = _log(blob, _envelope(envelope).scope, limit)
            except OtlpTooLargeError:
                raise
            except DecodeError as error:
                problems.add(f"their resource or scope cannot be decoded: {_why(error)}")
                continue
            except OtlpError as error:
                problems.add(str(error))
                continue
            if event is None:
                ignored += 1
            else:
                logs.append(ReceivedLog(event, blob, envelope))
    return LogsRead(
        logs=logs,
        rejected=problems.rejected,
        ignored=ignored,
        problems=(*problems.said(), *([groups.warning] if groups.warning else [])),
    )


def span(blob: bytes, envelope: bytes) -> RawSpan:
    """A span out of the store. Raises `OtlpError`."""
    return _span(blob, _stored(envelope))


def log(blob: bytes, envelope: bytes) -> LogEvent:
    """A log record out of the store. Raises `OtlpError`."""
    event = _log(blob, _stored(envelope).scope)
    if event is None:
        raise OtlpError("This log record belongs to no span, or is not about GenAI.")
    return event


def _stored(envelope: bytes) -> Envelope:
    try:
        return _envelope(envelope)
    except DecodeError as error:
        raise OtlpError(f"The envelope cannot be decoded: {_why(error)}") from None


def _span(blob: bytes, sender: Envelope, limit: Limit | None = None) -> RawSpan:
    """`limit` is there when the request may be too much: then the span is decoded whole, and counted."""
    if is_absurd(blob, "traces"):
        raise _absurd("span")
    try:
        message = Span.FromString(blob)
    except DecodeError as error:
        raise OtlpError(f"a span cannot be decoded: {_why(error)}") from None
    trace_id, span_id, parent = message.trace_id, message.span_id, message.parent_span_id
    if len(trace_id) != TRACE_ID_BYTES or trace_id == _NO_TRACE:
        raise _bad_id("trace id", trace_id, TRACE_ID_BYTES)
    if len(span_id) != SPAN_ID_BYTES or span_id == _NO_SPAN:
        raise _bad_id("span id", span_id, SPAN_ID_BYTES)
    if parent and len(parent) != SPAN_ID_BYTES:
        raise _bad_id("parent span id", parent, SPAN_ID_BYTES)
    status = message.status
    return RawSpan(
        trace_id=trace_id.hex(),
        span_id=span_id.hex(),
        # Some senders say “no parent” with zeros.
        parent_span_id="" if parent == _NO_SPAN else parent.hex(),
        name=message.name,
        kind=message.kind,
        start_ns=message.start_time_unix_nano,
        end_ns=message.end_time_unix_nano,
        status_code=status.code,
        status_message=status.message,
        resource=sender.resource,
        scope=sender.scope,
        scope_version=sender.version,
        attributes=_attributes(message, limit) if limit else partial(_attributes, message),
        events=_events(message, limit) if limit else partial(_events, message),
    )


def _log(blob: bytes, scope: str, limit: Limit | None = None) -> LogEvent | None:
    """The log record, or nothing when it cannot carry content of a span."""
    if is_absurd(blob, "logs"):
        raise _absurd("log record")
    try:
        message = LogRecord.FromString(blob)
    except DecodeError as error:
        raise OtlpError(f"a log record cannot be decoded: {_why(error)}") from None
    trace_id, span_id = message.trace_id, message.span_id
    if len(trace_id) != TRACE_ID_BYTES or len(span_id) != SPAN_ID_BYTES:
        return None
    if trace_id == _NO_TRACE or span_id == _NO_SPAN:
        return None
    attributes = _attributes(message, limit)
    name = message.event_name or attributes.get("event.name")
    name = name if isinstance(name, str) else ""
    body = _native(message.body, limit)
    if not is_about_genai(name, attributes, body):
        return None
    return LogEvent(
        trace_id=trace_id.hex(),
        span_id=span_id.hex(),
        name=name,
        body=body,
        attributes=attributes,
        time_ns=message.time_unix_nano or message.observed_time_unix_nano,
        scope=scope,
    )


def _envelope(envelope: bytes) -> Envelope:
    return _kept(envelope) if len(envelope) <= _LARGEST_KEPT else _read_envelope(envelope)


def _read_envelope(envelope: bytes) -> Envelope:
    # Resource and scope stand in the same places in `ResourceLogs`.
    message = ResourceSpans.FromString(envelope)
    attributes = _attributes(message.resource)
    service = attributes.get("service.name")
    resource = Resource(service=str(service) if service else "unknown_service", attributes=attributes)
    if not message.scope_spans:
        return Envelope(resource, "", "")
    scope = message.scope_spans[0].scope
    return Envelope(resource, scope.name, scope.version)


_kept: Callable[[bytes], Envelope] = lru_cache(maxsize=256)(_read_envelope)


def _attributes(message: Any, limit: Limit | None = None) -> dict[str, Any]:
    """Every attribute of a message that has some.

    A key must not come twice, and nothing says what to do when it does: as in a map the last one
    counts, but an empty value takes nothing away.
    """
    pairs = message.attributes
    if limit:
        limit.parts(len(pairs))
    found: dict[str, Any] = {}
    for pair in pairs:
        value = pair.value
        # Most are text; what is not set reads as empty, and empty ones are looked at twice.
        found[pair.key] = value.string_value or value.int_value or value.double_value or _native(value, limit)
    return found if len(found) == len(pairs) else _without_duplicates(pairs, limit)


def _without_duplicates(pairs: Iterable[KeyValue], limit: Limit | None) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for pair in pairs:
        value = _native(pair.value, limit)
        if found.get(pair.key) in _EMPTY or value not in _EMPTY:
            found[pair.key] = value
    return found


_EMPTY: tuple[Any, ...] = (None, "", b"", [], {})


def _events(message: Span, limit: Limit | None = None) -> tuple[RawEvent, ...]:
    if limit:
        limit.parts(len(message.events))
    return tuple(
        RawEvent(name=event.name, attributes=_attributes(event, limit), time_ns=event.time_unix_nano)
        for event in message.events
    )


def _native(value: AnyValue, limit: Limit | None) -> Any:
    """What an `AnyValue` holds; `None` when it holds nothing."""
    kind = value.WhichOneof("value")
    if kind is None:
        return None
    if kind == "array_value":
        values = value.array_value.values
        if limit:
            limit.parts(len(values))
        return [each.string_value or _native(each, limit) for each in values]
    if kind == "kvlist_value":
        pairs = value.kvlist_value.values
        if limit:
            limit.parts(len(pairs))
        return _without_duplicates(pairs, limit)
    return getattr(value, kind, None)


def _bad_id(what: str, given: bytes, length: int) -> OtlpError:
    if len(given) == length:
        return OtlpError(f"a {what} of zeros only")
    return OtlpError(f"a {what} of {len(given)} bytes where {length} are needed")


def _absurd(what: str) -> OtlpError:
    return OtlpError(f"a {what} with more than {MOST_PARTS_OF_ITEM:,} attributes and values")


def _why(error: DecodeError) -> str:
    text = str(error)
    if "UTF-8" in text:
        return "it holds text that is not UTF-8"
    if "MaxDepth" in text:
        return "its values are nested too deeply"
    return "it is malformed"
