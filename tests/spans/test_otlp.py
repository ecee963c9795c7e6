"""OTLP in protobuf: what is taken, and what fails alone."""

import subprocess
import sys

import pytest
from google.protobuf.message import Message
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.common.v1.common_pb2 import AnyValue
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, Span

from spanjudge.spans import otlp_wire
from spanjudge.spans.otlp import (
    OtlpError,
    OtlpTooLargeError,
    SpansRead,
    decode_log,
    decode_span,
    read_logs,
    read_spans,
)
from spanjudge.spans.otlp_wire import field
from tests.spans.requests import SPAN_ID, TRACE_ID, logs, span_of, traces, user_message


def names(read: SpansRead) -> list[str]:
    return [span.raw.name for span in read.spans]


def test_the_protobuf_runtime_is_loaded_with_the_first_request() -> None:
    script = (
        "import sys, spanjudge.spans.otlp as otlp; heavy = {'google.protobuf', 'opentelemetry.proto'};"
        "assert not heavy & set(sys.modules); otlp.read_spans(b''); assert heavy <= set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", script], check=True)  # noqa: S603  # a fixed script


def test_a_span_is_read_with_all_it_has() -> None:
    message = traces()
    span = span_of(message)
    span.parent_span_id = SPAN_ID
    span.kind = Span.SPAN_KIND_CLIENT
    span.status.code = 2  # type: ignore[assignment]  # the enum's number
    span.status.message = "rate limited"
    event = span.events.add(name="gen_ai.choice", time_unix_nano=5)
    event.attributes.add(key="index").value.int_value = 0
    (received,) = read_spans(message).spans
    raw = received.raw
    assert (raw.trace_id, raw.span_id, raw.parent_span_id) == (
        TRACE_ID.hex(),
        "0000000000000001",
        SPAN_ID.hex(),
    )
    assert (raw.name, raw.kind, raw.status_code, raw.status_message) == ("span 0", 3, 2, "rate limited")
    assert (raw.start_ns, raw.end_ns) == (1_700_000_000_000_000_000, 1_700_000_001_000_000_000)
    assert (raw.resource.service, raw.scope, raw.scope_version) == ("travel-desk", "a.scope", "1.2")
    assert [(event.name, event.attributes, event.time_ns) for event in raw.events] == [
        ("gen_ai.choice", {"index": 0}, 5)
    ]


def test_every_kind_of_value_becomes_native() -> None:
    message = traces()
    pairs = span_of(message).attributes
    pairs.add(key="text").value.string_value = "a"
    pairs.add(key="empty").value.string_value = ""
    pairs.add(key="whole").value.int_value = -3
    pairs.add(key="zero").value.int_value = 0
    pairs.add(key="number").value.double_value = 0.5
    pairs.add(key="none").value.double_value = 0.0
    pairs.add(key="yes").value.bool_value = True
    pairs.add(key="no").value.bool_value = False
    pairs.add(key="bytes").value.bytes_value = b"\xff"
    pairs.add(key="nothing")
    array = pairs.add(key="array").value.array_value.values
    array.add(string_value="x")
    array.add().kvlist_value.values.add(key="k").value.array_value.values.add(int_value=1)
    pairs.add(key="no array").value.array_value.SetInParent()
    attributes = read_spans(message).spans[0].raw.attributes
    expected = {
        "text": "a",
        "empty": "",
        "whole": -3,
        "zero": 0,
        "number": 0.5,
        "none": 0.0,
        "yes": True,
        "no": False,
        "bytes": b"\xff",
        "nothing": None,
        "array": ["x", {"k": [1]}],
        "no array": [],
    }
    assert attributes == expected
    assert {key: type(value) for key, value in attributes.items()} == {
        key: type(value) for key, value in expected.items()
    }


def test_the_blob_is_what_was_sent_and_the_envelope_is_shared() -> None:
    message = traces(2)
    message.resource_spans[0].schema_url = "https://example.org/resource"
    message.resource_spans[0].scope_spans[0].schema_url = "https://example.org/scope"
    span_of(message).links.add(trace_id=TRACE_ID, span_id=SPAN_ID)
    first, second = read_spans(message).spans
    assert first.blob == span_of(message).SerializeToString()
    assert first.envelope is second.envelope
    around = ResourceSpans()
    around.CopyFrom(message.resource_spans[0])
    del around.scope_spans[0].spans[:]
    assert ResourceSpans.FromString(first.envelope) == around


def test_what_is_stored_is_read_back() -> None:
    message = traces(attributes=2)
    span_of(message).events.add(name="an event")
    received = read_spans(message).spans[0]
    again = decode_span(received.blob, received.envelope)
    assert vars(again).keys() >= {"trace_id", "resource"}
    for name in ("trace_id", "span_id", "name", "resource", "scope", "scope_version", "attributes", "events"):
        assert getattr(again, name) == getattr(received.raw, name)


@pytest.mark.parametrize("stored", [(b"\xff", b""), (b"", b"\xff"), (b"", b"")])
def test_what_is_no_span_in_the_store_is_said_so(stored: tuple[bytes, bytes]) -> None:
    with pytest.raises(OtlpError):
        decode_span(*stored)
    with pytest.raises(OtlpError):
        decode_log(*stored)


def test_a_span_without_resource_and_scope_is_one_all_the_same() -> None:
    message = traces()
    message.resource_spans[0].ClearField("resource")
    message.resource_spans[0].scope_spans[0].ClearField("scope")
    raw = read_spans(message).spans[0].raw
    assert (raw.resource.service, raw.scope) == ("unknown_service", "")


def test_a_key_that_comes_twice_has_its_last_value_that_says_something() -> None:
    message = traces()
    pairs = span_of(message).attributes
    for key, value in (("a", "first"), ("b", "first"), ("a", "last"), ("b", ""), ("c", "")):
        pairs.add(key=key).value.string_value = value
    nested = pairs.add(key="d").value.kvlist_value.values
    nested.add(key="e").value.int_value = 1
    nested.add(key="e").value.int_value = 0
    assert read_spans(message).spans[0].raw.attributes == {"a": "last", "b": "first", "c": "", "d": {"e": 0}}


SPOILED = b"SPO\xff\xfeED"

BAD_IDS: list[tuple[dict[str, bytes], str]] = [
    ({"trace_id": b"abc"}, "a trace id of 3 bytes where 16 are needed"),
    ({"trace_id": b""}, "a trace id of 0 bytes where 16 are needed"),
    ({"trace_id": bytes(16)}, "a trace id of zeros only"),
    ({"span_id": b"x" * 16}, "a span id of 16 bytes where 8 are needed"),
    ({"span_id": bytes(8)}, "a span id of zeros only"),
    ({"parent_span_id": b"x"}, "a parent span id of 1 bytes where 8 are needed"),
]


@pytest.mark.parametrize(("ids", "why"), BAD_IDS)
def test_a_span_with_a_bad_id_is_rejected_alone(ids: dict[str, bytes], why: str) -> None:
    message = traces(3)
    for name, value in ids.items():
        setattr(span_of(message, 1), name, value)
    read = read_spans(message)
    assert names(read) == ["span 0", "span 2"]
    assert (read.rejected, read.problems) == (1, (f"1 span rejected: {why}",))


def test_a_parent_of_zeros_is_none() -> None:
    message = traces()
    span_of(message).parent_span_id = bytes(8)
    assert not read_spans(message).spans[0].raw.parent_span_id


def test_text_that_is_not_utf8_takes_only_its_own_span_with_it() -> None:
    message = traces(3)
    span_of(message, 1).name = "SPOILED"
    read = read_spans(message.SerializeToString().replace(b"SPOILED", SPOILED))
    assert names(read) == ["span 0", "span 2"]
    assert read.problems == ("1 span rejected: a span cannot be decoded: it holds text that is not UTF-8",)


def test_a_resource_that_is_not_utf8_takes_its_own_spans_with_it() -> None:
    message = traces(2)
    message.resource_spans.add().CopyFrom(message.resource_spans[0])
    message.resource_spans[0].resource.attributes[0].value.string_value = "SPOILED"
    read = read_spans(message.SerializeToString().replace(b"SPOILED", SPOILED))
    assert (len(read.spans), read.rejected) == (2, 2)
    assert "resource or scope" in read.problems[0]


def nested(depth: int) -> bytes:
    """Key and value of an attribute: arrays in arrays."""
    value = field(1, b"deep")
    for _ in range(depth):
        value = field(5, field(1, value))
    return field(9, field(1, b"key") + field(2, value))


def test_values_nested_beyond_reason_are_rejected_and_others_are_not() -> None:
    spans = [span.SerializeToString() for span in traces(2).resource_spans[0].scope_spans[0].spans]
    fine, deep = spans[0] + nested(20), spans[1] + nested(60)
    scope = field(2, fine) + field(2, deep)
    read = read_spans(field(1, field(2, scope)))
    assert names(read) == ["span 0"]
    value = read.spans[0].raw.attributes["key"]
    for _ in range(20):
        (value,) = value
    assert value == "deep"
    assert "nested too deeply" in read.problems[0]


def test_a_span_with_an_absurd_number_of_attributes_is_rejected_alone() -> None:
    message = traces(2)
    for index in range(100_000):
        span_of(message).attributes.add(key=f"key.{index}").value.int_value = index
    read = read_spans(message)
    assert names(read) == ["span 1"]
    assert read.problems == ("1 span rejected: a span with more than 50,000 attributes and values",)


def test_absurd_numbers_hidden_inside_values_are_counted_too() -> None:
    message = traces(2)
    span_of(message).attributes.add(key="a").value.array_value.values.extend([AnyValue()] * 60_000)
    event = span_of(message, 1).events.add()
    event.attributes.add(key="a").value.kvlist_value.values.add(key="k").value.array_value.values.extend(
        [AnyValue(int_value=1)] * 60_000
    )
    assert read_spans(message).rejected == 2


def test_a_long_text_is_no_absurd_number() -> None:
    message = traces()
    span_of(message).attributes.add(key="a").value.string_value = "{" * 1_000_000
    assert len(read_spans(message).spans) == 1


def test_times_are_taken_as_they_are() -> None:
    message = traces(3)
    span_of(message, 0).start_time_unix_nano = 2**64 - 1
    span_of(message, 1).start_time_unix_nano = 0
    span_of(message, 2).end_time_unix_nano = 5
    assert [span.raw.start_ns for span in read_spans(message).spans][:2] == [2**64 - 1, 0]
    assert len(read_spans(message).spans) == 3


@pytest.mark.parametrize(
    "body", [b"hello", b"\xff" * 20, b'{"resourceSpans": []}', b"\x0a\x05\x12", b"\x0b\x0c"]
)
def test_what_is_no_request_is_said_so(body: bytes) -> None:
    with pytest.raises(OtlpError, match="malformed, or was cut off"):
        read_spans(body)


def test_a_request_that_was_cut_off_is_refused_wherever_it_was_cut() -> None:
    body = traces(2, attributes=1).SerializeToString()
    for end in range(1, len(body)):
        with pytest.raises(OtlpError):
            read_spans(body[:end])


def test_an_empty_request_is_fine_and_one_of_something_else_is_warned_of() -> None:
    assert read_spans(b"") == SpansRead(spans=[])
    assert read_spans(b"\x7a\x03abc").problems == ("The request holds no traces: nothing was taken from it.",)


def test_unknown_fields_are_ignored() -> None:
    body = traces(2).SerializeToString()
    unknown = b"\xa2\x06\x03abc" + b"\xa0\x06\x05" + b"\xa1\x06" + bytes(8) + b"\xa5\x06" + bytes(4)
    assert names(read_spans(unknown + body + unknown)) == ["span 0", "span 1"]


def test_the_kinds_of_problems_are_told_once_and_not_all_of_them() -> None:
    message = traces(30)
    for number in range(20):
        span_of(message, number).trace_id = b"x" * (number % 10)
    read = read_spans(message)
    assert (len(read.spans), read.rejected, len(read.problems)) == (10, 20, 5)
    assert read.problems[1] == "2 spans rejected: a trace id of 1 bytes where 16 are needed"


TINY_SPANS = b"\x12\x00" * (otlp_wire.MOST_ITEMS + 1)
TINY_VALUES = field(9, field(2, field(5, b"\x0a\x00" * 20_000)))
DENSE_SPAN = field(2, field(1, TRACE_ID) + field(2, SPAN_ID) + TINY_VALUES)


@pytest.mark.parametrize(
    ("body", "what"),
    [
        (b"\x0a\x00" * 30_000, "resources and scopes"),
        (field(1, b"\x12\x00" * 30_000), "resources and scopes"),
        (field(1, field(2, TINY_SPANS)), "spans or log records"),
        (field(1, field(2, DENSE_SPAN * 60)), "attributes and values"),
    ],
)
def test_few_bytes_that_would_become_much_are_refused_before_they_do(body: bytes, what: str) -> None:
    with pytest.raises(OtlpTooLargeError, match=what):
        read_spans(body)


def test_a_large_request_of_usual_spans_is_taken() -> None:
    message = traces(3, attributes=2)
    span_of(message).attributes.add(key="long").value.string_value = "x" * 5_000_000
    span_of(message).events.add(name="an event").attributes.add(key="a").value.int_value = 1
    read = read_spans(message)
    assert [len(span.raw.attributes) for span in read.spans] == [3, 2, 2]
    assert [event.attributes for event in read.spans[0].raw.events] == [{"a": 1}]


def test_a_log_record_that_carries_content_is_read() -> None:
    (received,) = read_logs(logs(user_message())).logs
    event = received.event
    assert (event.trace_id, event.span_id) == (TRACE_ID.hex(), SPAN_ID.hex())
    assert (event.name, event.body, event.time_ns, event.scope) == (
        "gen_ai.user.message",
        {"content": "Hello."},
        7,
        "a.scope",
    )
    assert decode_log(received.blob, received.envelope) == event


def test_the_name_may_stand_in_an_attribute() -> None:
    record = LogRecord(trace_id=TRACE_ID, span_id=SPAN_ID, observed_time_unix_nano=9)
    record.attributes.add(key="event.name").value.string_value = "gen_ai.choice"
    record.body.string_value = '{"message": {}}'
    event = read_logs(logs(record)).logs[0].event
    assert (event.name, event.body, event.time_ns) == ("gen_ai.choice", '{"message": {}}', 9)


def test_log_records_that_are_none_of_our_business_are_ignored() -> None:
    plain = LogRecord(trace_id=TRACE_ID, span_id=SPAN_ID)
    plain.body.string_value = "user logged in"
    mention = LogRecord(trace_id=TRACE_ID, span_id=SPAN_ID)
    mention.body.string_value = "gen_ai.user.message is an event"
    verdict = LogRecord(trace_id=TRACE_ID, span_id=SPAN_ID, event_name="gen_ai.evaluation.result")
    verdict.attributes.add(key="gen_ai.evaluation.name").value.string_value = "Relevance"
    homeless = user_message()
    homeless.span_id = b""
    odd = user_message()
    odd.trace_id = b"abc"
    zeros = user_message()
    zeros.span_id = bytes(8)
    read = read_logs(logs(plain, mention, verdict, homeless, odd, zeros, user_message()))
    assert (len(read.logs), read.ignored, read.rejected, read.problems) == (1, 6, 0, ())


def test_a_log_record_about_genai_without_a_name_is_kept() -> None:
    record = LogRecord(trace_id=TRACE_ID, span_id=SPAN_ID)
    record.body.kvlist_value.values.add(key="gen_ai.input.messages").value.string_value = "[]"
    assert len(read_logs(logs(record)).logs) == 1


def test_a_bad_log_record_is_rejected_alone() -> None:
    absurd = user_message()
    absurd.body.kvlist_value.values[0].value.array_value.values.extend([AnyValue()] * 60_000)
    body = logs(user_message("SPOILED"), absurd, user_message()).SerializeToString()
    read = read_logs(body.replace(b"SPOILED", SPOILED))
    assert (len(read.logs), read.rejected, len(read.problems)) == (1, 2, 2)


@given(st.binary(max_size=200))
def test_whatever_comes_is_read_or_refused(body: bytes) -> None:
    for read in (read_spans, read_logs):
        for json in (False, True):
            try:
                read(body, json=json)
            except OtlpError:
                continue


@given(st.data())
def test_a_damaged_request_is_read_or_refused(data: st.DataObject) -> None:
    message: Message = traces(2, attributes=2)
    body = bytearray(message.SerializeToString())
    for _ in range(data.draw(st.integers(1, 4))):
        body[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))
    try:
        read = read_spans(bytes(body))
    except OtlpError:
        return
    for span in read.spans:
        assert isinstance(span.raw.attributes, dict)
        assert span.raw.events == ()
