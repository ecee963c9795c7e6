"""Haystack's own tracing, with content tracing enabled."""

from typing import Any

import pytest

from spanjudge.spans.span import ToolResultPart
from tests.spans.dialects.made import calls, packed, read, texts

USER: dict[str, Any] = {"role": "user", "meta": {}, "name": None, "content": [{"text": "Weather?"}]}
CALL = {"tool_name": "get_weather", "arguments": {"city": "Paris"}, "id": "c1"}
REPLY: dict[str, Any] = {
    "role": "assistant",
    "meta": {"model": "gpt-4o-mini-2024-07-18", "usage": {"prompt_tokens": 9, "completion_tokens": 4}},
    "name": None,
    "content": [{"text": "Sunny."}],
}


def component(kind: str, given: Any, made: Any) -> dict[str, Any]:
    return {
        "haystack.component.name": "it",
        "haystack.component.type": kind,
        "haystack.component.input": packed(given),
        "haystack.component.output": packed(made),
    }


@pytest.mark.parametrize(
    "reply",
    [
        REPLY,
        {"_role": "assistant", "_content": [{"text": "Sunny."}], "_name": None, "_meta": REPLY["meta"]},
        {"role": "assistant", "content": "Sunny.", "name": None, "meta": REPLY["meta"]},
    ],
)
def test_a_chat_generator(reply: dict[str, Any]) -> None:
    system = {"role": "system", "content": [{"text": "Be brief."}]}
    tool = {
        "type": "haystack.tools.tool.Tool",
        "data": {"name": "get_weather", "parameters": {"type": "object"}},
    }
    given = {
        "messages": [system, USER],
        "tools": [tool],
        "generation_kwargs": {"model": "gpt-4o-mini"},
    }
    span = read(component("OpenAIChatGenerator", given, {"replies": [reply]}))
    assert (span.operation, span.system_prompt) == ("chat", "Be brief.")
    assert (span.input_text, span.output_text) == ("Weather?", "Sunny.")
    assert [tool.name for tool in span.tools] == ["get_weather"]
    assert (span.request_model, span.response_model) == ("gpt-4o-mini", "gpt-4o-mini-2024-07-18")
    assert span.usage is not None
    assert (span.usage.input, span.usage.output) == (9, 4)


def test_a_generator_of_texts() -> None:
    made = {"replies": ["Sunny."], "meta": [{"model": "m", "usage": {"prompt_tokens": 1}}]}
    span = read(component("OpenAIGenerator", {"prompt": "Weather?"}, made))
    assert (span.input_text, span.output_text, span.response_model) == ("Weather?", "Sunny.", "m")


def test_a_reply_that_calls_a_tool_and_the_tool_s_answer() -> None:
    called: dict[str, Any] = {"role": "assistant", "content": [{"tool_call": CALL}], "meta": {}}
    result = {
        "role": "tool",
        "content": [{"tool_call_result": {"result": "Sunny", "origin": CALL, "error": False}}],
    }
    span = read(component("OpenAIChatGenerator", {"messages": [USER]}, {"replies": [called]}))
    assert (span.output_text, calls(span)) == (None, [("get_weather", {"city": "Paris"})])
    after = read(component("OpenAIChatGenerator", {"messages": [USER, called, result]}, {"replies": [REPLY]}))
    assert after.input_messages[2].parts == (ToolResultPart("Sunny", "c1"),)
    assert (after.input_text, texts(after)) == ("Weather?", [])


def test_retrievers_embedders_and_other_components() -> None:
    document: dict[str, Any] = {"id": "d1", "content": "30 days.", "meta": {}, "score": 0.5}
    retriever = read(component("InMemoryBM25Retriever", {"query": "Refunds?"}, {"documents": [document]}))
    assert (retriever.operation, retriever.input_text) == ("retrieval", "Refunds?")
    assert [(d.content, d.id, d.score) for d in retriever.context] == [("30 days.", "d1", 0.5)]
    embedder = read(
        component("OpenAITextEmbedder", {"text": "a"}, {"embedding": [0.1], "meta": {"model": "e"}})
    )
    assert (embedder.operation, embedder.input_texts, embedder.request_model) == ("embeddings", ("a",), "e")
    documents = read(component("OpenAIDocumentEmbedder", {"documents": [document]}, {"documents": []}))
    assert documents.input_texts == ("30 days.",)
    assert read(component("PromptBuilder", {"question": "?"}, {"prompt": "Answer: ?"})).kind == "chain"


def test_a_pipeline_s_data_is_that_of_its_components() -> None:
    pipeline = read(
        {
            "haystack.pipeline.input_data": packed(
                {"retriever": {"query": "Refunds?"}, "prompt_builder": {"question": "Refunds?"}}
            ),
            "haystack.pipeline.output_data": packed(
                {"llm": {"replies": ["30 days."], "meta": [{"model": "m"}]}}
            ),
        },
        "haystack.pipeline.run",
    )
    assert (pipeline.kind, pipeline.input_text, pipeline.output_text) == ("chain", "Refunds?", "30 days.")
    chat = read(
        {
            "haystack.pipeline.input_data": packed({"llm": {"messages": [USER]}}),
            "haystack.pipeline.output_data": packed({"llm": {"replies": [REPLY]}}),
        }
    )
    assert (chat.input_text, chat.output_text) == ("Weather?", "Sunny.")


def test_an_agent_and_its_steps() -> None:
    called: dict[str, Any] = {"role": "assistant", "content": [{"tool_call": CALL}]}
    result = {
        "role": "tool",
        "content": [{"tool_call_result": {"result": "Sunny", "origin": CALL, "error": False}}],
    }
    agent = read(
        {
            "haystack.agent.max_steps": 10,
            "haystack.agent.tools": packed([{"type": "Tool", "data": {"name": "get_weather"}}]),
            "haystack.agent.input": packed({"messages": [USER], "streaming_callback": None}),
            "haystack.agent.output": packed(
                {"messages": [USER, called, result, REPLY], "last_message": REPLY}
            ),
        },
        "haystack.agent.run",
    )
    assert (agent.operation, agent.input_text, agent.output_text) == ("invoke_agent", "Weather?", "Sunny.")
    assert (calls(agent), [tool.name for tool in agent.tools]) == ([], ["get_weather"])
    step = read(
        {
            "haystack.agent.step.llm.input": packed({"messages": [USER]}),
            "haystack.agent.step.llm.output": packed({"replies": [REPLY]}),
        },
        "haystack.agent.step.llm",
        parent="00f067aa0ba902b7",
    )
    assert (step.operation, step.input_text, step.output_text) == ("chat", "Weather?", "Sunny.")
    tool = read(
        {
            "haystack.tool.name": "get_weather",
            "haystack.agent.step.tool.input": packed({"city": "Paris"}),
            "haystack.agent.step.tool.output": "Sunny",
        },
        "haystack.agent.step.tool",
        parent="00f067aa0ba902b7",
    )
    assert (tool.operation, tool.tool_name) == ("execute_tool", "get_weather")
    assert (tool.tool_arguments, tool.tool_result) == ({"city": "Paris"}, "Sunny")


def test_without_content_tracing_there_is_only_the_operation() -> None:
    span = read({"haystack.component.name": "llm", "haystack.component.type": "OpenAIChatGenerator"})
    assert (span.operation, span.input_text, span.output_text) == ("chat", None, None)
    assert "no output content on this span" in span.notes
