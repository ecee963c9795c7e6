"""A span of the SDK reads as it does over the wire."""

from types import SimpleNamespace
from typing import Any

import pytest
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.util.instrumentation import InstrumentationScope

from spanjudge.in_process.recorded.content_events import ContentEvents
from spanjudge.in_process.recorded.readable import Glance, LogRecord, log_event, native, raw_span, service_of
from spanjudge.spans.normalize import normalize
from spanjudge.spans.raw import LogEvent, RawSpan
from tests.in_process.replay import Replay, scenarios
from tests.spans.captures import capture


def ended(attributes: Any = None, **options: Any) -> ReadableSpan:
    provider = TracerProvider(resource=Resource({"service.name": "travel-desk"}), shutdown_on_exit=False)
    span = provider.get_tracer("a.scope", "1.2").start_span("chat", attributes=attributes, **options)
    span.end()
    assert isinstance(span, ReadableSpan)
    return span


@pytest.mark.parametrize(("folder", "scenario"), scenarios())
def test_spans_and_log_events_read_as_over_the_wire(folder: str, scenario: str) -> None:
    heard: list[LogEvent] = []
    logs = LoggerProvider(shutdown_on_exit=False)
    logs.add_log_record_processor(ContentEvents(heard.append))
    wire = capture(folder, scenario)
    resource = next(iter(wire.raws.values())).resource
    replay = Replay(attributes=dict(resource.attributes), logger_provider=logs)
    replay.record(folder, scenario)

    read = {raw.span_id: raw for raw in map(raw_span, replay.exporter.get_finished_spans())}

    assert read.keys() == wire.raws.keys()
    for span_id, raw in read.items():
        assert what_is_on(raw) == what_is_on(wire.raws[span_id])
        own = [event for event in heard if event.span_id == span_id]
        assert normalize(raw, own) == wire.spans[span_id]


def what_is_on(raw: RawSpan) -> dict[str, object]:
    plain = {key: value for key, value in vars(raw).items() if not key.startswith("_")}
    return {**plain, "operation": None, "attributes": dict(raw.attributes), "events": raw.events}


def test_nothing_is_copied_before_it_is_looked_at() -> None:
    raw = raw_span(ended({"a": 1}))

    assert "attributes" not in vars(raw)
    assert "events" not in vars(raw)
    assert raw.attributes == {"a": 1}
    assert raw.events == ()


def test_a_span_keeps_what_it_was_when_it_ended() -> None:
    span = ended({"words": ["a", "b"], "flag": True})
    attributes = dict(raw_span(span).attributes)
    attributes["words"].append("c")

    assert raw_span(span).attributes == {"words": ["a", "b"], "flag": True}


def test_what_a_glance_found_is_not_looked_for_again() -> None:
    span = ended({"gen_ai.operation.name": "chat", "words": ["a"]})
    glance = Glance(span)
    glance.operation = ("chat", None)
    glance.attributes["seen"] = True
    raw = raw_span(span, glance)

    assert (glance.name, glance.scope, glance.attributes["words"]) == ("chat", "a.scope", ("a",))
    assert raw.attributes == {"gen_ai.operation.name": "chat", "words": ["a"], "seen": True}
    assert raw.operation == ("chat", None)
    assert service_of(span) == "travel-desk"


def test_a_span_without_anything() -> None:
    raw = raw_span(ReadableSpan("bare"))

    assert (raw.trace_id, raw.span_id, raw.parent_span_id, raw.scope) == ("", "", "", "")
    assert (raw.start_ns, raw.end_ns, dict(raw.attributes)) == (0, 0, {})
    # A resource that was made without a name is called so by the SDK itself.
    assert raw.resource.service.startswith("unknown_service")


def test_resources_are_not_mixed_up() -> None:
    first, second = ended(), ReadableSpan("other", resource=Resource({"service.name": "cinema"}))

    assert [raw_span(one).resource.service for one in (first, second, first)] == [
        "travel-desk",
        "cinema",
        "travel-desk",
    ]


def test_values_of_any_shape() -> None:
    deep: list[Any] = []
    for _ in range(2000):
        deep = [deep]

    class Number(int):
        pass

    assert native((1, ("a", {"k": (2,)}), None)) == [1, ["a", {"k": [2]}], None]
    assert native(b"\xff") == b"\xff"
    assert native({1: "a"}) == {"1": "a"}
    assert native(Number(3)) == 3
    assert native(complex(1, 2)) == "(1+2j)"
    assert native(deep) is not None


def record(**given: Any) -> LogRecord:
    fields: dict[str, Any] = {
        "trace_id": 1,
        "span_id": 2,
        "event_name": None,
        "attributes": None,
        "body": None,
        "timestamp": None,
        "observed_timestamp": 7,
    }
    found: Any = SimpleNamespace(**{**fields, **given})
    return found


def test_log_records_that_may_hold_content() -> None:
    by_name = log_event(record(event_name="gen_ai.choice", body={"index": 0}), InstrumentationScope("s"))
    by_attribute = log_event(record(attributes={"event.name": "gen_ai.user.message"}), None)
    by_body = log_event(record(body={"gen_ai.input.messages": ("a",)}, timestamp=3), None)

    assert by_name == LogEvent(
        trace_id="1".zfill(32),
        span_id="2".zfill(16),
        name="gen_ai.choice",
        body={"index": 0},
        time_ns=7,
        scope="s",
    )
    assert by_attribute is not None
    assert by_attribute.name == "gen_ai.user.message"
    assert by_body is not None
    assert by_body.body == {"gen_ai.input.messages": ["a"]}
    assert by_body.time_ns == 3


@pytest.mark.parametrize(
    "given",
    [
        {"event_name": "gen_ai.choice", "trace_id": None},
        {"event_name": "gen_ai.choice", "span_id": 0},
        {"event_name": "gen_ai.evaluation.result", "attributes": {"gen_ai.evaluation.name": "bias"}},
        {"body": "started", "attributes": {"code.lineno": 3}},
        {"event_name": 3},
    ],
)
def test_log_records_that_hold_none(given: dict[str, Any]) -> None:
    assert log_event(record(**given), None) is None
