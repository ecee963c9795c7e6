"""Pydantic AI and Logfire."""

import json

from spanjudge.spans.normalize import normalize
from spanjudge.spans.span import SpanUsage
from tests.spans.made import raw_span

RUN = [
    {"role": "user", "parts": [{"type": "text", "content": "Where?"}]},
    {"role": "assistant", "parts": [{"type": "tool_call", "id": "1", "name": "look", "arguments": "{}"}]},
    {"role": "user", "parts": [{"type": "tool_call_response", "id": "1", "result": "a map"}]},
    {"role": "assistant", "parts": [{"type": "text", "content": "There."}]},
]


def test_the_last_message_of_a_run_is_its_answer() -> None:
    attributes = {
        "pydantic_ai.all_messages": json.dumps(RUN),
        "agent_name": "guide",
        "model_name": "m",
        "gen_ai.aggregated_usage.input_tokens": 9,
    }
    span = normalize(raw_span(attributes, scope="pydantic-ai"))

    assert (span.operation, span.agent, span.request_model) == ("invoke_agent", "guide", None)
    assert (span.input_text, span.output_text, span.usage) == ("Where?", "There.", None)
    assert len(span.input_messages) == 3


def test_a_run_without_messages_has_its_final_result() -> None:
    attributes = {"gen_ai.operation.name": "invoke_agent", "final_result": '{"city": "Paris"}'}

    assert normalize(raw_span(attributes)).output_text == '{"city": "Paris"}'


def test_a_tool_span_of_version_1() -> None:
    attributes = {"gen_ai.tool.name": "look", "tool_arguments": '{"city": "Paris"}', "tool_response": "a map"}
    span = normalize(raw_span(attributes, name="running tool", scope="pydantic-ai"))

    assert (span.operation, span.tool_name) == ("execute_tool", "look")
    assert (span.tool_arguments, span.tool_result) == ({"city": "Paris"}, "a map")


def test_tools_stand_in_the_parameters_of_the_request() -> None:
    offered = {"function_tools": [{"name": "look", "parameters_json_schema": {"type": "object"}}]}
    attributes = {"gen_ai.operation.name": "chat", "model_request_parameters": json.dumps(offered)}

    assert [tool.name for tool in normalize(raw_span(attributes)).tools] == ["look"]


def test_logfires_older_integration() -> None:
    request = {
        "model": "m",
        "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Where?"}],
    }
    response = {
        "message": {"role": "assistant", "content": "There."},
        "usage": {"prompt_tokens": 3, "completion_tokens": 4},
    }
    attributes = {
        "gen_ai.request.model": "m",
        "request_data": json.dumps(request),
        "response_data": json.dumps(response),
    }
    span = normalize(raw_span(attributes))

    assert (span.operation, span.usage) == ("chat", SpanUsage(input=3, output=4))
    assert (span.system_prompt, span.input_text, span.output_text) == ("Be brief.", "Where?", "There.")


def test_logfires_older_stream() -> None:
    attributes = {
        "gen_ai.request.model": "m",
        "request_data": {"model": "m", "messages": [{"role": "user", "content": "Where?"}]},
        "response_data": {"combined_chunk_content": "There.", "chunk_count": 3},
    }

    assert normalize(raw_span(attributes)).output_text == "There."
