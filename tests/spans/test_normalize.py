"""Reading any span: errors, odd shapes, huge values."""

import json
import logging
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spanjudge.spans import normalize as normalizing
from spanjudge.spans.facts import facts
from spanjudge.spans.normalize import DIALECTS, normalize
from spanjudge.spans.raw import STATUS_ERROR, STATUS_OK, LogEvent, RawEvent, RawSpan, Resource
from spanjudge.spans.span import Span
from tests.spans.made import SPAN, TRACE, raw_span

CHAT = {"gen_ai.operation.name": "chat"}
ANSWER = {"gen_ai.output.messages": '[{"role": "assistant", "content": "There."}]'}


class TestErrors:
    def test_a_status(self) -> None:
        message = "ValueError: no such model\n\nTraceback (most recent call last):\n  File ..."
        raw = raw_span({**CHAT, **ANSWER}, status_code=STATUS_ERROR, status_message=message)
        span = normalize(raw)

        assert span.error == "ValueError: no such model"
        assert (span.output_text, span.tool_calls) == (None, ())

    def test_a_status_without_a_word(self) -> None:
        assert normalize(raw_span(CHAT, status_code=STATUS_ERROR)).error

    def test_an_error_type(self) -> None:
        assert normalize(raw_span({**CHAT, "error.type": "timeout"})).error == "timeout"

    @pytest.mark.parametrize(("status", "fails"), [(0, True), (STATUS_ERROR, True), (STATUS_OK, False)])
    def test_an_exception_is_an_error_unless_all_is_said_to_be_well(
        self, status: int, *, fails: bool
    ) -> None:
        events = [("exception", {"exception.type": "TimeoutError", "exception.message": ""})]
        span = normalize(raw_span({**CHAT, **ANSWER}, events=events, status_code=status))

        assert span.error == ("TimeoutError" if fails else None)
        assert span.output_text == (None if fails else "There.")

    def test_no_error(self) -> None:
        assert (
            normalize(raw_span({**CHAT, "error.type": "", "gen_ai.evaluation.error": "None"})).error is None
        )


def test_a_span_keeps_what_it_is() -> None:
    raw = RawSpan(
        trace_id=TRACE,
        span_id=SPAN,
        parent_span_id="00f067aa0ba902b7",
        name="GET /",
        start_ns=1,
        end_ns=2,
        scope="http",
        resource=Resource(service="shop"),
        attributes={"http.request.method": "GET", "gen_ai.input.messages": "[]"},
    )

    assert normalize(raw) == Span(
        trace_id=TRACE,
        span_id=SPAN,
        parent_span_id="00f067aa0ba902b7",
        name="GET /",
        service="shop",
        scope="http",
        start_ns=1,
        end_ns=2,
    )


def test_a_dialect_that_breaks_does_not_stop_the_others(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(raw: RawSpan, logs: object) -> None:
        raise KeyError(raw, logs)

    monkeypatch.setattr(normalizing, "DIALECTS", (("broken", broken), *DIALECTS))
    with caplog.at_level(logging.WARNING):
        span = normalize(raw_span({**CHAT, **ANSWER}))

    assert span.output_text == "There."
    assert "the dialect broken cannot read this span" in span.notes
    assert "There." not in caplog.text


def nested(depth: int) -> Any:
    value: Any = "x"
    for place in range(depth):
        value = [value] if place % 2 else {"content": value}
    return value


@pytest.mark.parametrize("depth", [50, 400, 3_000])
@pytest.mark.parametrize(
    "key",
    [
        "gen_ai.input.messages",
        "gen_ai.tool.call.arguments",
        "gen_ai.tool.definitions",
        "gen_ai.prompt",
        "gen_ai.prompt.0.content",
        "gcp.vertex.agent.llm_request",
        "traceloop.entity.input",
        "all_messages_events",
        "input.value",
        "mlflow.spanInputs",
        "langfuse.observation.input",
        "ai.prompt",
    ],
)
def test_values_that_are_nested_absurdly_deep(key: str, depth: int) -> None:
    text = "[" * depth + "]" * depth
    for operation in ("chat", "execute_tool", "retrieval", "embeddings"):
        for value in (text, nested(min(depth, 900))):
            assert isinstance(normalize(raw_span({"gen_ai.operation.name": operation, key: value})), Span)


def test_a_huge_value_is_read_in_one_go() -> None:
    text = "All work and no play. " * 200_000
    messages = json.dumps([{"role": "user", "parts": [{"type": "text", "content": text}]}])
    span = normalize(raw_span({**CHAT, "gen_ai.input.messages": messages}))

    assert span.input_text == text.strip()


def test_a_long_line_without_a_space_is_no_trap() -> None:
    text = ("a" * 1_000 + ".") * 2_000

    assert normalize(raw_span({**CHAT, "gen_ai.prompt": text})).input_text == text


KEYS = (
    "gen_ai.operation.name",
    "gen_ai.provider.name",
    "gen_ai.system",
    "gen_ai.request.model",
    "gen_ai.response.model",
    "gen_ai.input.messages",
    "gen_ai.output.messages",
    "gen_ai.system_instructions",
    "gen_ai.tool.definitions",
    "gen_ai.tool.name",
    "gen_ai.tool.args",
    "gen_ai.tool.call.id",
    "gen_ai.tool.call.arguments",
    "gen_ai.tool.call.result",
    "gen_ai.retrieval.documents",
    "gen_ai.embeddings.input.texts",
    "gen_ai.usage.input_tokens",
    "gen_ai.usage.output_tokens",
    "gen_ai.agent.name",
    "gen_ai.agent.tools",
    "gen_ai.conversation.id",
    "gen_ai.prompt",
    "gen_ai.completion",
    "gen_ai.prompt.0.role",
    "gen_ai.prompt.0.content",
    "gen_ai.prompt.0.tool_calls.0.arguments",
    "gen_ai.prompt.1.content",
    "gen_ai.completion.0.content",
    "gen_ai.completion.0.function_call.name",
    "gen_ai.content.prompt",
    "llm.request.type",
    "llm.request.functions.0.parameters",
    "traceloop.span.kind",
    "traceloop.entity.input",
    "traceloop.entity.output",
    "gcp.vertex.agent.llm_request",
    "gcp.vertex.agent.llm_response",
    "gcp.vertex.agent.tool_call_args",
    "gcp.vertex.agent.tool_response",
    "events",
    "all_messages_events",
    "pydantic_ai.all_messages",
    "final_result",
    "tool_arguments",
    "request_data",
    "response_data",
    "model_request_parameters",
    "db.vector.query.response.documents",
    "openinference.span.kind",
    "llm.input_messages.0.message.content",
    "llm.output_messages.0.message.contents.0.message_content.text",
    "input.value",
    "output.value",
    "langsmith.span.kind",
    "langfuse.observation.type",
    "langfuse.observation.input",
    "langfuse.observation.output",
    "mlflow.spanType",
    "mlflow.spanInputs",
    "mlflow.spanOutputs",
    "ai.operationId",
    "ai.prompt",
    "ai.prompt.messages",
    "ai.response.toolCalls",
    "haystack.component.type",
    "haystack.component.input",
    "error.type",
)
WORDS = (
    "role",
    "parts",
    "content",
    "type",
    "text",
    "user",
    "assistant",
    "system",
    "tool",
    "name",
    "arguments",
    "tool_call",
    "tool_calls",
    "tool_call_response",
    "response",
    "function",
    "id",
    "messages",
    "message",
    "contents",
    "config",
    "kwargs",
    "args",
    "inputs",
    "input_str",
    "lc",
    "event.name",
    "gen_ai.choice",
    "gen_ai.user.message",
    "toolUse",
    "toolResult",
    "image",
    "source",
    "documents",
    "chat",
    "execute_tool",
    "invoke_agent",
    "retrieval",
    "embeddings",
    "LLM",
    "AGENT",
    "workflow",
    "generation",
    "CHAT_MODEL",
    "llm",
    "system: a\nuser: b",
    "user: [{'role': 'user'}]",
    "{'a': 1}",
    "content='a' name='b'",
)

words = st.sampled_from(WORDS) | st.text(max_size=8)
plain = st.none() | st.booleans() | st.integers() | st.floats() | words | st.binary(max_size=4)
values = st.recursive(
    plain,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(words, inner, max_size=4),
    max_leaves=12,
)


def as_json_text(value: object) -> str:
    return json.dumps(value, default=str)


attributes = st.dictionaries(
    st.sampled_from(KEYS),
    values | values.map(as_json_text) | values.map(as_json_text).map(as_json_text) | values.map(repr),
    max_size=8,
)
event_names = st.sampled_from(
    [
        "gen_ai.client.inference.operation.details",
        "gen_ai.user.message",
        "gen_ai.tool.message",
        "gen_ai.choice",
        "gen_ai.content.prompt",
        "gen_ai.content.completion",
        "exception",
    ]
)
event_fields = st.dictionaries(
    st.sampled_from(
        ["content", "message", "role", "index", "tool_calls", "gen_ai.prompt", "gen_ai.input.messages"]
    ),
    values,
    max_size=3,
)
events = st.builds(RawEvent, name=event_names, attributes=event_fields)
logs = st.builds(
    LogEvent,
    trace_id=st.just(TRACE),
    span_id=st.just(SPAN),
    name=event_names,
    body=values | values.map(as_json_text) | event_fields,
    attributes=event_fields,
)


@given(
    attributes, st.lists(events, max_size=3), st.lists(logs, max_size=3), st.sampled_from(["", "langsmith"])
)
def test_any_value_under_any_key_is_read(
    given_attributes: dict[str, Any], given_events: list[RawEvent], given_logs: list[LogEvent], scope: str
) -> None:
    raw = raw_span(given_attributes, events=given_events, scope=scope)
    known, span = facts(raw), normalize(raw, given_logs)

    assert (known.operation, known.kind) == (span.operation, span.kind)
    assert not [note for note in span.notes if "cannot read" in note]
    for text in (span.system_prompt, span.input_text, span.output_text, span.tool_result, span.error):
        assert text is None or (isinstance(text, str) and text == text.strip() and text)
    assert all(isinstance(part, object) for message in span.input_messages for part in message.parts)
