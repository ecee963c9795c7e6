"""OTLP in JSON, as the specification maps it: ids in hexadecimal, 64-bit numbers as text or numbers.

https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding. Each span is decoded on its own, so that
a bad one fails alone, and becomes the protobuf message that a binary request would have brought.
"""

import base64
import binascii
import contextlib
import re
from collections.abc import Callable
from typing import Any, TypeVar, cast

import msgspec
from google.protobuf import message as protobuf
from opentelemetry.proto.common.v1.common_pb2 import (
    AnyValue,
    ArrayValue,
    InstrumentationScope,
    KeyValue,
    KeyValueList,
)
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord, SeverityNumber
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from spanjudge.spans.otlp_wire import (
    MOST_PARTS,
    MOST_PARTS_OF_ITEM,
    Group,
    Groups,
    Limit,
    OtlpError,
    OtlpTooLargeError,
    Signal,
    envelope,
)

_Number = int | str | float | None
_Item = TypeVar("_Item")

_KINDS: dict[str, int] = dict(Span.SpanKind.items())
_STATUSES: dict[str, int] = dict(Status.StatusCode.items())
_SEVERITIES: dict[str, int] = dict(SeverityNumber.items())
_MOST_OBJECTS = 2 * MOST_PARTS  # an attribute is one, and its value another
_ID_BYTES = frozenset({8, 16})
_LARGEST_ENUM = 2**31 - 1


class _Value(msgspec.Struct, rename="camel", gc=False):
    string_value: str | None = None
    bool_value: bool | None = None
    int_value: _Number = None
    double_value: _Number = None
    bytes_value: str | None = None
    array_value: "_Array | None" = None
    kvlist_value: "_Pairs | None" = None


class _Pair(msgspec.Struct, gc=False):
    key: str = ""
    value: _Value | None = None


class _Array(msgspec.Struct, gc=False):
    values: list[_Value | None] | None = None


class _Pairs(msgspec.Struct, gc=False):
    values: list[_Pair] | None = None


class _Attributed(msgspec.Struct, rename="camel", gc=False):
    attributes: list[_Pair] | None = None
    dropped_attributes_count: _Number = None


class _Scope(_Attributed, rename="camel", gc=False):
    name: str | None = None
    version: str | None = None


class _Event(_Attributed, rename="camel", gc=False):
    name: str | None = None
    time_unix_nano: _Number = None


class _Link(_Attributed, rename="camel", gc=False):
    trace_id: str | None = None
    span_id: str | None = None
    trace_state: str | None = None
    flags: _Number = None


class _Status(msgspec.Struct, gc=False):
    code: int | str | None = None
    message: str | None = None


class _Span(_Attributed, rename="camel", gc=False):
    trace_id: str | None = None
    span_id: str | None = None
    parent_span_id: str | None = None
    trace_state: str | None = None
    flags: _Number = None
    name: str | None = None
    kind: int | str | None = None
    start_time_unix_nano: _Number = None
    end_time_unix_nano: _Number = None
    events: list[_Event] | None = None
    dropped_events_count: _Number = None
    links: list[_Link] | None = None
    dropped_links_count: _Number = None
    status: _Status | None = None


class _LogRecord(_Attributed, rename="camel", gc=False):
    time_unix_nano: _Number = None
    observed_time_unix_nano: _Number = None
    severity_number: int | str | None = None
    severity_text: str | None = None
    body: _Value | None = None
    flags: _Number = None
    trace_id: str | None = None
    span_id: str | None = None
    event_name: str | None = None


class _ScopeItems(msgspec.Struct, rename="camel"):
    scope: msgspec.Raw = msgspec.Raw()
    spans: list[msgspec.Raw] | None = None
    log_records: list[msgspec.Raw] | None = None
    schema_url: str | None = None


class _ResourceItems(msgspec.Struct, rename="camel"):
    resource: msgspec.Raw = msgspec.Raw()
    scope_spans: list[_ScopeItems] | None = None
    scope_logs: list[_ScopeItems] | None = None
    schema_url: str | None = None


class _Request(msgspec.Struct, rename="camel"):
    resource_spans: list[_ResourceItems] | None = None
    resource_logs: list[_ResourceItems] | None = None


_request: msgspec.json.Decoder[_Request] = msgspec.json.Decoder(_Request)
_resource: msgspec.json.Decoder[_Attributed | None] = msgspec.json.Decoder(_Attributed | None)
_scope: msgspec.json.Decoder[_Scope | None] = msgspec.json.Decoder(_Scope | None)
_span: msgspec.json.Decoder[_Span] = msgspec.json.Decoder(_Span)
_log_record: msgspec.json.Decoder[_LogRecord] = msgspec.json.Decoder(_LogRecord)


def groups(body: bytes, signal: Signal) -> Groups:
    """Take a request apart. Raises `OtlpError`."""
    return groups_of(parse(body), signal)


def parse(body: bytes) -> _Request:
    """The frame of a request, of either signal. Raises `OtlpError`."""
    body = body.removeprefix(b"\xef\xbb\xbf")
    if body.count(b"{") > _MOST_OBJECTS and _parts(body) > _MOST_OBJECTS:
        raise OtlpTooLargeError(f"The request holds more than {MOST_PARTS:,} attributes.")
    try:
        request = _decode(body)
        if request.resource_spans is None and request.resource_logs is None and _SNAKE.search(body):
            request = _request.decode(_camel(body))
    except msgspec.ValidationError as error:
        raise OtlpError(f"The body is JSON and no OTLP request: {error}.") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise OtlpError(f"The body is no JSON: {error}.") from None
    except RecursionError:
        raise OtlpError("The body is JSON that is nested too deeply.") from None
    return request


def _decode(body: bytes) -> _Request:
    try:
        return _request.decode(body)
    except msgspec.ValidationError:
        raise
    except msgspec.DecodeError:
        # Text cut between the halves of a character, as JavaScript does it, is no JSON to a strict decoder.
        if not 0 < body.count(b"\\ud") + body.count(b"\\uD") <= _MOST_SURROGATES:
            raise
        return _request.decode(_SURROGATE.sub(_whole_characters, body))


def groups_of(request: _Request, signal: Signal) -> Groups:
    """One signal of a request. Raises `OtlpError`."""
    of_spans = signal == "traces"
    resources = request.resource_spans if of_spans else request.resource_logs
    found: list[Group] = []
    limit = Limit()
    for resource in resources or ():
        limit.groups(1)
        for scope in (resource.scope_spans if of_spans else resource.scope_logs) or ():
            limit.groups(1)
            items = (scope.spans if of_spans else scope.log_records) or []
            limit.items(len(items))
            found.append(_group(resource, scope, items, signal))
    return Groups(found, "" if found else _warning(request, signal))


def _group(resource: _ResourceItems, scope: _ScopeItems, items: list[msgspec.Raw], signal: Signal) -> Group:
    try:
        around = envelope(
            _decoded(resource.resource, _resource.decode, _as_resource),
            (resource.schema_url or "").encode(),
            _decoded(scope.scope, _scope.decode, _as_scope),
            (scope.schema_url or "").encode(),
        )
    except (OtlpError, UnicodeEncodeError) as error:
        return Group(b"", [], [f"their resource or scope cannot be decoded: {error}"] * len(items))
    blobs: list[bytes] = []
    bad: list[str] = []
    for item in items:
        try:
            if signal == "traces":
                blobs.append(_decoded(item, _span.decode, _as_span))
            else:
                blobs.append(_decoded(item, _log_record.decode, _as_log_record))
        except OtlpError as error:
            what = "span" if signal == "traces" else "log record"
            bad.append(f"a {what} cannot be decoded: {error}")
    return Group(around, blobs, bad)


def _decoded(raw: msgspec.Raw, decode: Callable[[Any], _Item], encode: Callable[[_Item], bytes]) -> bytes:
    """One piece of JSON as a protobuf message. Raises `OtlpError`."""
    text = bytes(raw)
    if not text:
        return b""
    if text.count(b"{") > MOST_PARTS_OF_ITEM and _parts(text) > MOST_PARTS_OF_ITEM:
        raise OtlpError(f"it holds more than {MOST_PARTS_OF_ITEM:,} attributes and values")
    try:
        return encode(decode(text))
    except (msgspec.DecodeError, OtlpError) as error:
        raise OtlpError(str(error)) from None
    except UnicodeError:
        raise OtlpError("it holds text that is not UTF-8") from None
    except (ValueError, TypeError, OverflowError):
        raise OtlpError("a number is out of range") from None
    except (RecursionError, protobuf.DecodeError):
        raise OtlpError("its values are nested too deeply") from None


def _as_span(span: _Span) -> bytes:
    status = span.status
    message = Span(
        trace_id=_id(span.trace_id, "traceId"),
        span_id=_id(span.span_id, "spanId"),
        parent_span_id=_id(span.parent_span_id, "parentSpanId"),
        trace_state=span.trace_state or "",
        flags=_int(span.flags, "flags"),
        name=span.name or "",
        kind=_enum(span.kind, _KINDS),
        start_time_unix_nano=_int(span.start_time_unix_nano, "startTimeUnixNano"),
        end_time_unix_nano=_int(span.end_time_unix_nano, "endTimeUnixNano"),
        attributes=_pairs(span.attributes),
        dropped_attributes_count=_int(span.dropped_attributes_count, "droppedAttributesCount"),
        events=[_event(event) for event in span.events or ()],
        dropped_events_count=_int(span.dropped_events_count, "droppedEventsCount"),
        links=[_link(link) for link in span.links or ()],
        dropped_links_count=_int(span.dropped_links_count, "droppedLinksCount"),
    )
    if status is not None:
        message.status.CopyFrom(Status(code=_enum(status.code, _STATUSES), message=status.message or ""))
    return message.SerializeToString()


def _event(event: _Event) -> Span.Event:
    return Span.Event(
        time_unix_nano=_int(event.time_unix_nano, "timeUnixNano"),
        name=event.name or "",
        attributes=_pairs(event.attributes),
        dropped_attributes_count=_int(event.dropped_attributes_count, "droppedAttributesCount"),
    )


def _link(link: _Link) -> Span.Link:
    return Span.Link(
        trace_id=_id(link.trace_id, "traceId"),
        span_id=_id(link.span_id, "spanId"),
        trace_state=link.trace_state or "",
        attributes=_pairs(link.attributes),
        dropped_attributes_count=_int(link.dropped_attributes_count, "droppedAttributesCount"),
        flags=_int(link.flags, "flags"),
    )


def _as_log_record(record: _LogRecord) -> bytes:
    return LogRecord(
        time_unix_nano=_int(record.time_unix_nano, "timeUnixNano"),
        observed_time_unix_nano=_int(record.observed_time_unix_nano, "observedTimeUnixNano"),
        severity_number=_enum(record.severity_number, _SEVERITIES),
        severity_text=record.severity_text or "",
        body=None if record.body is None else _value(record.body),
        attributes=_pairs(record.attributes),
        dropped_attributes_count=_int(record.dropped_attributes_count, "droppedAttributesCount"),
        flags=_int(record.flags, "flags"),
        trace_id=_id(record.trace_id, "traceId"),
        span_id=_id(record.span_id, "spanId"),
        event_name=record.event_name or "",
    ).SerializeToString()


def _as_resource(resource: _Attributed | None) -> bytes:
    return b"" if resource is None else Resource(attributes=_pairs(resource.attributes)).SerializeToString()


def _as_scope(scope: _Scope | None) -> bytes:
    if scope is None:
        return b""
    return InstrumentationScope(
        name=scope.name or "", version=scope.version or "", attributes=_pairs(scope.attributes)
    ).SerializeToString()


def _pairs(pairs: list[_Pair] | None) -> list[KeyValue]:
    return [
        KeyValue(key=pair.key, value=None if pair.value is None else _value(pair.value))
        for pair in pairs or ()
    ]


def _value(value: _Value) -> AnyValue:  # noqa: PLR0911  # one for each kind of value
    if value.string_value is not None:
        return AnyValue(string_value=value.string_value)
    if value.int_value is not None:
        return AnyValue(int_value=_int(value.int_value, "intValue"))
    if value.bool_value is not None:
        return AnyValue(bool_value=value.bool_value)
    if value.double_value is not None:
        return AnyValue(double_value=float(value.double_value))
    if value.array_value is not None:
        values = value.array_value.values or ()
        return AnyValue(
            array_value=ArrayValue(values=[AnyValue() if each is None else _value(each) for each in values])
        )
    if value.kvlist_value is not None:
        return AnyValue(kvlist_value=KeyValueList(values=_pairs(value.kvlist_value.values)))
    if value.bytes_value is not None:
        return AnyValue(bytes_value=_base64(value.bytes_value))
    return AnyValue()


def _int(number: _Number, name: str) -> int:
    if type(number) is int:
        return number
    if number is None:
        return 0
    try:
        return int(number) if isinstance(number, str) else _whole(number)
    except ValueError:
        raise OtlpError(f"{name} is no whole number") from None


def _whole(number: float) -> int:
    if not number.is_integer():
        raise ValueError
    return int(number)


def _enum(given: int | str | None, numbers: dict[str, int]) -> Any:
    """An enum's number: given numbers stay, known or not; an unknown name is the unspecified one."""
    if isinstance(given, str):
        given = int(given[:20]) if given.isdecimal() else numbers.get(given, 0)
    return given if given is not None and 0 <= given <= _LARGEST_ENUM else 0


def _id(given: str | None, name: str) -> bytes:
    """An id of hexadecimal digits, or of base64 as protobuf's own JSON (no OTLP) writes it."""
    if not given:
        return b""
    try:
        return bytes.fromhex(given)
    except ValueError:
        pass
    decoded = b""
    with contextlib.suppress(binascii.Error, ValueError):
        decoded = base64.b64decode(given, validate=True)
    if len(decoded) not in _ID_BYTES:
        raise OtlpError(f"{name} is not made of hexadecimal digits")
    return decoded


def _base64(text: str) -> bytes:
    try:
        return base64.b64decode(
            text.replace("-", "+").replace("_", "/") + "=" * (-len(text) % 4), validate=True
        )
    except (binascii.Error, ValueError):
        raise OtlpError("bytesValue is no base64") from None


def _parts(text: bytes) -> int:
    """How many objects there are in JSON; braces inside of texts are none."""
    plain = text.replace(b"\\\\", b"").replace(b'\\"', b"")
    return _TEXT.sub(b"", plain).count(b"{")


_TEXT = re.compile(rb'"[^"]*"')
# A run of backslashes from its beginning, so that their number tells whether the last one escapes anything.
_SURROGATE = re.compile(
    rb"(?<!\\)(\\++)u[dD](?:[89abAB][0-9a-fA-F]{2}(\\u[dD][c-fC-F][0-9a-fA-F]{2})?|[c-fC-F][0-9a-fA-F]{2})"
)
_MOST_SURROGATES = 10_000
_SNAKE = re.compile(rb'"resource_(spans|logs)"')


def _whole_characters(escape: re.Match[bytes]) -> bytes:
    slashes = escape[1]
    is_text = len(slashes) % 2 == 0
    return escape[0] if is_text or escape[2] else slashes + b"ufffd"


def _camel(body: bytes) -> bytes:
    """The same JSON with its keys in lowerCamelCase; attribute keys are values, and are left alone."""
    return msgspec.json.encode(_renamed(msgspec.json.decode(body)))


def _renamed(value: Any) -> Any:
    if isinstance(value, dict):
        pairs = cast("dict[str, Any]", value)
        return {_UNDERSCORE.sub(lambda found: found[1].upper(), key): _renamed(pairs[key]) for key in pairs}
    if isinstance(value, list):
        values = cast("list[Any]", value)
        return [_renamed(each) for each in values]
    return value


_UNDERSCORE = re.compile(r"_([a-z])")


def _warning(request: _Request, signal: Signal) -> str:
    if signal == "traces" and request.resource_logs:
        return "The request holds resourceLogs: send log records to /v1/logs."
    if signal == "logs" and request.resource_spans:
        return "The request holds resourceSpans: send spans to /v1/traces."
    expected = "resourceSpans" if signal == "traces" else "resourceLogs"
    return f"The request holds no {expected}: nothing was taken from it."
