"""Google's Agent Development Kit 1.x."""

import json
from typing import Any

import pytest

from spanjudge.spans.normalize import normalize
from spanjudge.spans.span import SpanUsage, ToolCall, ToolResultPart
from tests.spans.made import raw_span

SCOPE = "gcp.vertex.agent"
CALL = {"function_call": {"id": "1", "name": "look", "args": {"city": "Paris"}}}
RESULT = {"function_response": {"id": "1", "name": "look", "response": {"result": "a map"}}}
REQUEST: dict[str, Any] = {
    "model": "gemini-2.0-flash",
    "config": {
        "system_instruction": "Be brief.",
        "tools": [{"function_declarations": [{"name": "look", "description": "Looks.", "parameters": {}}]}],
    },
    "contents": [{"role": "user", "parts": [{"text": "Where?"}]}],
}


def call_llm(request: object, response: object, **more: object) -> Any:
    attributes = {
        "gen_ai.system": "gcp.vertex.agent",
        "gen_ai.request.model": "gemini-2.0-flash",
        "gcp.vertex.agent.session_id": "s1",
        "gcp.vertex.agent.llm_request": request,
        "gcp.vertex.agent.llm_response": response,
        **more,
    }
    return normalize(raw_span(attributes, name="call_llm", scope=SCOPE))


def test_a_call() -> None:
    response = {
        "content": {"role": "model", "parts": [{"text": "There.\n"}]},
        "usage_metadata": {"prompt_token_count": 9, "candidates_token_count": 2, "total_token_count": 11},
    }
    span = call_llm(json.dumps(REQUEST), json.dumps(response))

    assert (span.operation, span.provider, span.framework) == ("generate_content", "gcp.gemini", SCOPE)
    assert (span.system_prompt, span.input_text, span.output_text) == ("Be brief.", "Where?", "There.")
    assert [tool.name for tool in span.tools] == ["look"]
    assert (span.usage, span.conversation_id) == (SpanUsage(input=9, output=2), "s1")
    assert (span.request_model, span.dialect) == ("gemini-2.0-flash", "google_adk")


def test_a_call_of_a_tool_and_its_result() -> None:
    contents = [*REQUEST["contents"], {"role": "model", "parts": [CALL]}, {"role": "user", "parts": [RESULT]}]
    asking = call_llm(json.dumps(REQUEST), json.dumps({"content": {"role": "model", "parts": [CALL]}}))
    answering = call_llm(json.dumps({**REQUEST, "contents": contents}), "{}")

    assert asking.tool_calls == (ToolCall(name="look", arguments={"city": "Paris"}, id="1"),)
    assert asking.output_text is None
    assert answering.input_text == "Where?"
    assert answering.input_messages[2].role == "tool"
    assert isinstance(answering.input_messages[2].parts[0], ToolResultPart)


def test_the_instruction_may_be_a_content_with_parts() -> None:
    config = {"system_instruction": {"parts": [{"text": "Be brief."}, {"text": "Rhyme."}]}}

    assert call_llm({**REQUEST, "config": config}, {}).system_prompt == "Be brief.\n\nRhyme."


@pytest.mark.parametrize("nothing", ["{}", {}, "<not serializable>", None])
def test_content_that_is_switched_off(nothing: object) -> None:
    span = call_llm(nothing, nothing)

    assert (span.operation, span.has_content) == ("generate_content", False)


@pytest.mark.parametrize(
    ("name", "operation"),
    [
        ("invocation", "invoke_workflow"),
        ("agent_run [guide]", "invoke_agent"),
        ("execute_tool look", "execute_tool"),
    ],
)
def test_spans_without_an_operation_are_known_by_their_name(name: str, operation: str) -> None:
    assert normalize(raw_span(name=name, scope=SCOPE)).operation == operation


def test_a_tool_span_has_an_empty_request_all_the_same() -> None:
    attributes = {
        "gen_ai.system": "gcp.vertex.agent",
        "gen_ai.operation.name": "execute_tool",
        "gen_ai.tool.name": "look",
        "gcp.vertex.agent.llm_request": "{}",
        "gcp.vertex.agent.llm_response": "{}",
        "gcp.vertex.agent.tool_call_args": '{"city": "Paris"}',
        "gcp.vertex.agent.tool_response": '{"result": "a map"}',
    }
    span = normalize(raw_span(attributes, scope=SCOPE))

    assert (span.operation, span.framework) == ("execute_tool", SCOPE)
    assert (span.tool_name, span.tool_arguments, span.tool_result) == ("look", {"city": "Paris"}, "a map")


@pytest.mark.parametrize(
    ("model", "provider"),
    [
        ("gemini-2.0-flash", "gcp.gemini"),
        ("openai/gpt-4o", "openai"),
        ("vertex_ai/claude-3", "gcp.vertex_ai"),
        ("models/gemini-1.5-pro", "gcp.gemini"),
        ("claude-3-5-haiku", "anthropic"),
        ("my-own", None),
    ],
)
def test_the_provider_is_guessed_from_the_model(model: str, provider: str | None) -> None:
    assert call_llm("{}", "{}", **{"gen_ai.request.model": model}).provider == provider
