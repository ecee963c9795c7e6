"""OpenLLMetry: flattened messages, and the inputs and outputs of workflows."""

import json
from typing import Any

import pytest

from spanjudge.spans.normalize import normalize
from spanjudge.spans.span import MediaPart, SpanUsage, TextPart, ToolCall, ToolResultPart
from tests.spans.made import raw_span

REQUEST = {"llm.request.type": "chat", "gen_ai.system": "OpenAI", "gen_ai.request.model": "m"}


def prompts(*messages: dict[str, Any], prefix: str = "gen_ai.prompt") -> dict[str, Any]:
    return {
        f"{prefix}.{place}.{key}": value
        for place, message in enumerate(messages)
        for key, value in message.items()
    }


def completion(**message: Any) -> dict[str, Any]:
    return prompts(
        {key.replace("__", "."): value for key, value in message.items()}, prefix="gen_ai.completion"
    )


def test_messages_in_the_order_of_their_numbers() -> None:
    turns = [
        {"role": "user" if place % 2 == 0 else "assistant", "content": str(place)} for place in range(13)
    ]
    span = normalize(
        raw_span({**REQUEST, **prompts(*turns), **completion(role="assistant", content="There.")})
    )

    assert [message.text for message in span.input_messages] == [str(place) for place in range(13)]
    assert (span.input_text, span.output_text) == ("12", "There.")
    assert (span.operation, span.provider) == ("chat", "openai")


def test_anthropic_is_called_a_completion_and_writes_blocks() -> None:
    use = {"type": "tool_use", "id": "t1", "name": "look", "input": {"city": "Paris"}}
    result = {"type": "tool_result", "tool_use_id": "t1", "content": "a map"}
    image = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "iVBORw0KGgo"}}
    asked = [{"type": "text", "text": "Where?"}, image]
    attributes = {
        **REQUEST,
        "llm.request.type": "completion",
        "gen_ai.system": "Anthropic",
        **prompts(
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": json.dumps(asked)},
            {"role": "assistant", "content": json.dumps([use])},
            {"role": "user", "content": json.dumps([result])},
        ),
        **completion(role="assistant", content="There.", finish_reason="end_turn"),
    }
    span = normalize(raw_span(attributes))

    assert (span.operation, span.provider) == ("chat", "anthropic")
    assert (span.system_prompt, span.input_text, span.output_text) == ("Be brief.", "Where?", "There.")
    assert span.input_messages[1].parts == (TextPart("Where?"), MediaPart("image/png, about 1 KB, not shown"))
    assert span.input_messages[3].role == "tool"
    assert span.input_messages[3].parts == (ToolResultPart("a map", "t1"),)


def test_a_call_that_stands_in_the_content_and_beside_it_is_one_call() -> None:
    use = {"type": "tool_use", "id": "t1", "name": "look", "input": {"city": "Paris"}}
    call = {
        "tool_calls.0.id": "t1",
        "tool_calls.0.name": "look",
        "tool_calls.0.arguments": '{"city": "Paris"}',
    }
    attributes = prompts(
        {"role": "assistant", "content": json.dumps([use]), **call}, prefix="gen_ai.completion"
    )

    assert normalize(raw_span({**REQUEST, **attributes})).tool_calls == (
        ToolCall(name="look", arguments={"city": "Paris"}, id="t1"),
    )


@pytest.mark.parametrize(
    "call",
    [
        {"tool_calls.0.name": "look", "tool_calls.0.arguments": '{"city": "Paris"}'},
        {"tool_calls.0.function.name": "look", "tool_calls.0.function.arguments": '{"city": "Paris"}'},
        {"function_call.name": "look", "function_call.arguments": "{'city': 'Paris'}"},
    ],
)
def test_calls_in_every_spelling(call: dict[str, Any]) -> None:
    attributes = prompts(
        {"role": "assistant", "finish_reason": "tool_calls", **call}, prefix="gen_ai.completion"
    )
    span = normalize(raw_span({**REQUEST, **attributes}))

    assert span.tool_calls == (ToolCall(name="look", arguments={"city": "Paris"}),)
    assert span.output_text is None


def test_the_prompt_of_the_older_completions_api() -> None:
    attributes = {**REQUEST, "llm.request.type": "completion", "gen_ai.prompt.0.user": "Once upon"}
    span = normalize(raw_span({**attributes, **completion(content=" a time", finish_reason="stop")}))

    assert (span.operation, span.input_text, span.output_text) == ("text_completion", "Once upon", "a time")


@pytest.mark.parametrize("key", ["parameters", "input_schema"])
def test_functions(key: str) -> None:
    functions = prompts({"name": "look", "description": "Looks.", key: "{}"}, prefix="llm.request.functions")
    (tool,) = normalize(raw_span({**REQUEST, **functions})).tools

    assert (tool.name, tool.description, tool.parameters) == ("look", "Looks.", {})


def test_tokens_under_older_names() -> None:
    attributes = {**REQUEST, "llm.usage.prompt_tokens": 3, "llm.usage.completion_tokens": 4}

    assert normalize(raw_span(attributes)).usage == SpanUsage(input=3, output=4)


class TestSteps:
    @pytest.mark.parametrize(
        ("given", "gave"),
        [
            ({"args": [], "kwargs": {"question": "Where?"}}, '"There."'),
            ({"args": ["Where?"], "kwargs": {}}, '"There."'),
            (
                {"inputs": {"messages": [{"type": "human", "content": "Where?"}]}, "tags": [], "kwargs": {}},
                {
                    "outputs": {
                        "messages": [
                            {"type": "human", "content": "Where?"},
                            {"type": "ai", "content": "There."},
                        ]
                    }
                },
            ),
            (
                {"inputs": {"input": "Where?"}, "tags": [], "metadata": {}, "kwargs": {"name": "chain"}},
                {"outputs": "There.", "kwargs": {"tags": []}},
            ),
        ],
    )
    def test_a_root_workflow_has_what_came_in_and_out(self, given: object, gave: object) -> None:
        attributes = {
            "traceloop.span.kind": "workflow",
            "traceloop.entity.name": "tour",
            "traceloop.entity.input": json.dumps(given),
            "traceloop.entity.output": gave if isinstance(gave, str) else json.dumps(gave),
            "traceloop.association.properties.session_id": "s1",
        }
        span = normalize(raw_span(attributes))

        assert (span.kind, span.conversation_id) == ("chain", "s1")
        assert (span.input_text, span.output_text) == ("Where?", "There.")
        assert not normalize(raw_span(attributes, parent_span_id="00f067aa0ba902b7")).has_content

    def test_a_tool(self) -> None:
        identity = ["langchain", "schema", "messages", "ToolMessage"]
        message = {
            "lc": 1,
            "type": "constructor",
            "id": identity,
            "kwargs": {"content": "a map", "type": "tool"},
        }
        attributes = {
            "traceloop.span.kind": "tool",
            "traceloop.entity.name": "look",
            "traceloop.entity.input": json.dumps(
                {"input_str": "{'city': 'Paris'}", "tags": [], "metadata": {}}
            ),
            "traceloop.entity.output": json.dumps({"output": message, "kwargs": {"tags": []}}),
        }
        span = normalize(raw_span(attributes))

        assert (span.tool_name, span.tool_arguments, span.tool_result) == ("look", {"city": "Paris"}, "a map")
