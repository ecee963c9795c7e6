"""OTLP in JSON: the same spans as in protobuf, and every way to write them."""

import base64
import json
from collections.abc import Callable
from typing import Any, cast

import pytest
from google.protobuf.json_format import MessageToDict, MessageToJson
from opentelemetry.proto.common.v1.common_pb2 import AnyValue
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, Span

from spanjudge.spans.otlp import OtlpError, OtlpTooLargeError, read_logs, read_spans
from spanjudge.spans.otlp_wire import MOST_PARTS
from tests.spans.requests import SPAN_ID, TRACE_ID, logs, span_of, traces, user_message

IDS = {"traceId": TRACE_ID.hex(), "spanId": SPAN_ID.hex()}


def body(*spans: dict[str, Any], resource: Any = None, scope: Any = None) -> bytes:
    scopes: Any = [{"scope": scope or {}, "spans": list(spans)}]
    return json.dumps({"resourceSpans": [{"resource": resource or {}, "scopeSpans": scopes}]}).encode()


def attribute(value: dict[str, Any]) -> Any:
    read = read_spans(body({**IDS, "attributes": [{"key": "a", "value": value}]}), json=True)
    assert read.problems == ()
    return read.spans[0].raw.attributes["a"]


def rich_span() -> Span:
    message = traces(attributes=2)
    span = span_of(message)
    span.parent_span_id = SPAN_ID
    span.trace_state = "a=b"
    span.flags = 257
    span.kind = Span.SPAN_KIND_CLIENT
    span.status.code = 2  # type: ignore[assignment]  # the enum's number
    span.status.message = "no"
    span.dropped_attributes_count, span.dropped_events_count, span.dropped_links_count = 1, 2, 3
    event = span.events.add(name="an event", time_unix_nano=5, dropped_attributes_count=4)
    event.attributes.add(key="bytes").value.bytes_value = b"\xfb\xff"
    link = span.links.add(trace_id=TRACE_ID, span_id=SPAN_ID, trace_state="c=d", flags=1)
    link.attributes.add(key="half").value.double_value = 0.5
    values = span.attributes.add(key="array").value.array_value.values
    values.add(int_value=2**53 + 1)
    values.add().kvlist_value.values.add(key="k").value.bool_value = True
    return span


def hexed(message: Any) -> Any:
    """Protobuf's own JSON writes ids in base64, OTLP in hexadecimal."""
    if isinstance(message, dict):
        fields = cast("dict[str, Any]", message)
        ids = ("traceId", "spanId", "parentSpanId")
        return {
            key: base64.b64decode(value).hex() if key in ids else hexed(value)
            for key, value in fields.items()
        }
    return [hexed(each) for each in cast("list[Any]", message)] if isinstance(message, list) else message


def test_a_span_in_json_becomes_the_span_that_protobuf_would_have_brought() -> None:
    span = rich_span()
    read = read_spans(body(hexed(MessageToDict(span))), json=True)
    assert Span.FromString(read.spans[0].blob) == span


def test_a_log_record_in_json_becomes_the_one_that_protobuf_would_have_brought() -> None:
    record = user_message()
    record.attributes.add(key="a").value.int_value = 1
    record.severity_text, record.severity_number, record.flags = "INFO", 9, 1  # type: ignore[assignment]  # the enum's number
    record.observed_time_unix_nano = 8
    message = hexed(MessageToDict(logs(record)))
    read = read_logs(json.dumps(message).encode(), json=True)
    assert LogRecord.FromString(read.logs[0].blob) == record
    assert read.logs[0].event.scope == "a.scope"


def test_resource_and_scope_come_along() -> None:
    request = traces()
    request.resource_spans[0].schema_url = "https://example.org/resource"
    request.resource_spans[0].scope_spans[0].schema_url = "https://example.org/scope"
    sent = json.dumps(hexed(MessageToDict(request))).encode()
    received = read_spans(sent, json=True).spans[0]
    span_less = request.resource_spans[0]
    del span_less.scope_spans[0].spans[:]
    assert ResourceSpans.FromString(received.envelope) == span_less
    assert (received.raw.resource.service, received.raw.scope) == ("travel-desk", "a.scope")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"stringValue": "a"}, "a"),
        ({"stringValue": ""}, ""),
        ({"intValue": "7"}, 7),
        ({"intValue": 7}, 7),
        ({"intValue": 7.0}, 7),
        ({"intValue": "-9223372036854775808"}, -(2**63)),
        ({"doubleValue": 0.5}, 0.5),
        ({"doubleValue": "0.5"}, 0.5),
        ({"doubleValue": "Infinity"}, float("inf")),
        ({"doubleValue": 0}, 0.0),
        ({"boolValue": False}, False),
        ({"bytesValue": "+/8="}, b"\xfb\xff"),
        ({"bytesValue": "-_8"}, b"\xfb\xff"),
        ({"arrayValue": {}}, []),
        ({"arrayValue": {"values": [{"intValue": 1}, {}, None]}}, [1, None, None]),
        ({"kvlistValue": {"values": [{"key": "k", "value": {"stringValue": "v"}}]}}, {"k": "v"}),
        ({}, None),
        ({"stringValue": None}, None),
        ({"futureValue": 3}, None),
    ],
)
def test_every_way_to_write_a_value(value: dict[str, Any], expected: object) -> None:
    found = attribute(value)
    assert found == expected
    assert type(found) is type(expected)


@pytest.mark.parametrize(
    ("fields", "kind", "status"),
    [
        ({"kind": 3, "status": {"code": 2}}, 3, 2),
        ({"kind": "SPAN_KIND_CLIENT", "status": {"code": "STATUS_CODE_ERROR"}}, 3, 2),
        ({"kind": "3", "status": {"code": "1"}}, 3, 1),
        ({"kind": "SPAN_KIND_OF_THE_FUTURE", "status": {}}, 0, 0),
        ({"kind": None, "status": None}, 0, 0),
        ({"kind": -1}, 0, 0),
    ],
)
def test_enums_are_numbers_or_names(fields: dict[str, Any], kind: int, status: int) -> None:
    raw = read_spans(body({**IDS, **fields}), json=True).spans[0].raw
    assert (raw.kind, raw.status_code) == (kind, status)


def test_ids_in_upper_case_and_unknown_fields_are_fine() -> None:
    span = {"traceId": TRACE_ID.hex().upper(), "spanId": SPAN_ID.hex().upper(), "future": {"x": [1]}}
    raw = read_spans(body(span), json=True).spans[0].raw
    assert (raw.trace_id, raw.span_id, raw.parent_span_id) == (TRACE_ID.hex(), SPAN_ID.hex(), "")


@pytest.mark.parametrize("preserve", [False, True])
def test_what_protobuf_itself_writes_as_json_is_understood(preserve: bool) -> None:  # noqa: FBT001  # a parameter
    request = traces(2, attributes=1)
    sent = MessageToJson(request, preserving_proto_field_name=preserve).encode()
    read = read_spans(sent, json=True)
    assert [span.blob for span in read.spans] == [
        span.SerializeToString() for span in request.resource_spans[0].scope_spans[0].spans
    ]


BAD_SPANS: list[tuple[dict[str, Any], str]] = [
    ({"traceId": "abcd"}, "a trace id of 2 bytes where 16 are needed"),
    ({"traceId": "no hex"}, "traceId is not made of hexadecimal digits"),
    ({"spanId": "0" * 16}, "a span id of zeros only"),
    ({"name": 5}, "Expected `str | null`, got `int` - at `$.name`"),
    ({"startTimeUnixNano": "soon"}, "startTimeUnixNano is no whole number"),
    ({"startTimeUnixNano": 0.5}, "startTimeUnixNano is no whole number"),
    ({"startTimeUnixNano": 2**64}, "out of range"),
    ({"endTimeUnixNano": "9" * 5000}, "endTimeUnixNano is no whole number"),
    ({"attributes": [{"key": "a", "value": {"bytesValue": "!"}}]}, "bytesValue is no base64"),
    ({"attributes": [{"key": "a", "value": {"doubleValue": "x"}}]}, "out of range"),
    ({"attributes": [{"key": "a", "value": {"intValue": 2**63}}]}, "out of range"),
    ({"attributes": [{"key": "a", "value": {}}] * 60_000}, "more than 50,000 attributes and values"),
    ({"attributes": {"a": 1}}, "at `$.attributes`"),
]


@pytest.mark.parametrize(("fields", "why"), BAD_SPANS)
def test_a_bad_span_is_rejected_alone(fields: dict[str, Any], why: str) -> None:
    read = read_spans(body({**IDS, **fields}, {**IDS, "name": "fine"}), json=True)
    assert ([span.raw.name for span in read.spans], read.rejected) == (["fine"], 1)
    assert why in read.problems[0]


@pytest.mark.parametrize(
    ("name", "read_as"),
    [
        (rb"cut \ud83d", "cut \ufffd"),
        (rb"\ud83d\ud83d\ude00\uDE00", "\ufffd\U0001f600\ufffd"),
        (rb"\\ud83d \" \u00e4 \uD83d", '\\ud83d " ä \ufffd'),
    ],
)
def test_text_cut_inside_of_a_character_keeps_the_rest(name: bytes, read_as: str) -> None:
    sent = body({**IDS, "name": "SPOILED"}, {**IDS, "name": "fine"}).replace(b"SPOILED", name)
    assert [span.raw.name for span in read_spans(sent, json=True).spans] == [read_as, "fine"]


def test_text_that_is_not_utf8_takes_only_its_own_span_with_it() -> None:
    sent = body({**IDS, "name": "SPOILED"}, {**IDS, "name": "fine"}).replace(b"SPOILED", b"\xff\xfe")
    read = read_spans(sent, json=True)
    assert ([span.raw.name for span in read.spans], read.rejected) == (["fine"], 1)


def nested(depth: int) -> bytes:
    value = b'{"arrayValue":{"values":[' * depth + b"{}" + b"]}}" * depth
    sent = body({**IDS, "attributes": ["SPOILED"]}, {**IDS, "name": "fine"})
    return sent.replace(b'"SPOILED"', b'{"key":"a","value":' + value + b"}")


def test_values_nested_beyond_reason_are_rejected_alone() -> None:
    read = read_spans(nested(60), json=True)
    assert ([span.raw.name for span in read.spans], read.rejected) == (["fine"], 1)
    assert "nested too deeply" in read.problems[0]


def test_json_nested_beyond_all_reason_is_refused() -> None:
    with pytest.raises(OtlpError, match="nested too deeply"):
        read_spans(nested(20_000), json=True)


@pytest.mark.parametrize(
    ("resource", "scope"),
    [
        ({"attributes": 5}, None),
        (None, {"name": 5}),
        ({"attributes": [{"key": "a", "value": {"intValue": "x"}}]}, None),
    ],
)
def test_a_bad_resource_or_scope_takes_its_spans_with_it(resource: Any, scope: Any) -> None:
    read = read_spans(body(IDS, IDS, resource=resource, scope=scope), json=True)
    assert (len(read.spans), read.rejected) == (0, 2)
    assert "resource or scope" in read.problems[0]


@pytest.mark.parametrize(
    ("sent", "why"),
    [
        (b"", "no JSON"),
        (b"{", "no JSON"),
        (b"\x0a\x05hello", "no JSON"),
        (b"[]", "no OTLP request"),
        (b'{"resourceSpans": {}}', r"no OTLP request.*\$\.resourceSpans"),
        (b'{"resourceSpans": [{"scopeSpans": [5]}]}', r"\$\.resourceSpans\[0\]\.scopeSpans\[0\]"),
        (b'{"x":' + b"[" * 100_000, "nested too deeply|no JSON"),
    ],
)
def test_what_is_no_request_is_said_so(sent: bytes, why: str) -> None:
    with pytest.raises(OtlpError, match=why):
        read_spans(sent, json=True)


def test_a_byte_order_mark_is_no_harm() -> None:
    assert len(read_spans(b"\xef\xbb\xbf" + body(IDS), json=True).spans) == 1


@pytest.mark.parametrize(
    ("read", "sent", "warning"),
    [
        (read_spans, b"{}", "The request holds no resourceSpans: nothing was taken from it."),
        (
            read_spans,
            b'{"resourceLogs": [{}]}',
            "The request holds resourceLogs: send log records to /v1/logs.",
        ),
        (read_logs, b'{"resourceSpans": [{}]}', "The request holds resourceSpans: send spans to /v1/traces."),
    ],
)
def test_a_request_of_something_else_is_warned_of(
    read: Callable[..., Any], sent: bytes, warning: str
) -> None:
    assert tuple(read(sent, json=True).problems) == (warning,)


def test_few_bytes_that_would_become_much_are_refused_before_they_do() -> None:
    many = b'{"resourceSpans":[{"scopeSpans":[{"spans":[' + b"{}," * (2 * MOST_PARTS + 1) + b"{}]}]}]}"
    with pytest.raises(OtlpTooLargeError, match="1,000,000 attributes"):
        read_spans(many, json=True)


def test_braces_in_texts_are_none_of_these() -> None:
    text = '{"\\' * 1_000_000
    read = read_spans(body({**IDS, "attributes": [{"key": "a", "value": {"stringValue": text}}]}), json=True)
    assert read.spans[0].raw.attributes == {"a": text}


def test_an_array_of_values_in_json_is_the_same_as_in_protobuf() -> None:
    assert AnyValue.FromString(AnyValue(int_value=1).SerializeToString()).int_value == attribute(
        {"intValue": "1"}
    )
