"""LangSmith, Langfuse and MLflow beyond the captures: values that are JSON, in every shape."""

from typing import Any

import pytest

from spanjudge.spans.span import Span
from tests.spans.dialects.made import PIXEL, calls, packed, read, texts

LC_HUMAN = {"lc": 1, "type": "constructor", "id": ["x", "HumanMessage"], "kwargs": {"content": "Weather?"}}
LC_CALL = {
    "lc": 1,
    "type": "constructor",
    "id": ["langchain", "schema", "messages", "AIMessage"],
    "kwargs": {
        "content": [
            {"type": "text", "text": "Looking."},
            {"type": "tool_use", "id": "c1", "name": "w", "input": {"city": "Paris"}},
        ],
        "tool_calls": [{"name": "w", "args": {"city": "Paris"}, "id": "c1", "type": "tool_call"}],
    },
}
DEFINITION = {"type": "function", "function": {"name": "w", "parameters": {"type": "object"}}}


def langsmith(kind: str, given: Any, made: Any, **more: Any) -> Span:
    attributes = {
        "langsmith.span.kind": kind,
        "gen_ai.prompt": packed(given),
        "gen_ai.completion": packed(made),
    }
    return read(attributes | more, "w", scope="langsmith")


def langfuse(kind: str, given: Any, made: Any, **more: Any) -> Span:
    attributes = {
        "langfuse.observation.type": kind,
        "langfuse.observation.input": given if isinstance(given, str) else packed(given),
        "langfuse.observation.output": made if isinstance(made, str) else packed(made),
    }
    return read(attributes | more, "w", scope="langfuse-sdk")


def mlflow(kind: str, given: Any, made: Any, **more: Any) -> Span:
    attributes = {
        "mlflow.spanType": packed(kind),
        "mlflow.spanInputs": packed(given),
        "mlflow.spanOutputs": packed(made),
    }
    return read(attributes | more, "w", scope="mlflow.tracing.provider")


EVERY: list[Any] = [(langsmith, "llm"), (langfuse, "generation"), (mlflow, "CHAT_MODEL")]
STEPS: list[Any] = [(langsmith, "chain"), (langfuse, "chain"), (mlflow, "CHAIN")]
TOOLS: list[Any] = [(langsmith, "tool"), (langfuse, "tool"), (mlflow, "TOOL")]
RETRIEVALS: list[Any] = [(langsmith, "retriever"), (langfuse, "retriever"), (mlflow, "RETRIEVER")]


@pytest.mark.parametrize(("dialect", "kind"), EVERY)
def test_langchain_messages_and_generations(dialect: Any, kind: str) -> None:
    span = dialect(
        kind,
        {"messages": [[LC_HUMAN]]},
        {"generations": [[{"text": "Looking.", "message": LC_CALL}]], "llm_output": None},
    )
    assert (span.operation, span.input_text, span.output_text) == ("chat", "Weather?", "Looking.")
    assert calls(span) == [("w", {"city": "Paris"})]


@pytest.mark.parametrize(("dialect", "kind"), EVERY)
@pytest.mark.parametrize(
    "made",
    [
        {
            "choices": [{"index": 0, "message": {"role": "assistant", "content": "Sunny."}}],
            "id": "chatcmpl-1",
        },
        {"role": "assistant", "content": "Sunny."},
        {"role": "assistant", "content": [{"type": "text", "text": "Sunny."}], "stop_reason": "end_turn"},
        [{"role": "assistant", "content": "Sunny."}],
        {
            "output": [
                {
                    "type": "message",
                    "role": "assistant",
                    "content": [{"type": "output_text", "text": "Sunny."}],
                }
            ]
        },
        {"candidates": [{"content": {"role": "model", "parts": [{"text": "Sunny."}]}}]},
        {"output": {"message": {"role": "assistant", "content": [{"text": "Sunny."}]}}},
        {"choices": [{"text": "Sunny."}]},
        {"generations": [[{"text": "Sunny.", "generation_info": None, "type": "Generation"}]]},
        {"message": {"role": "assistant", "blocks": [{"block_type": "text", "text": "Sunny."}]}},
        "Sunny.",
        {"output": "Sunny."},
        {"content": "Sunny.", "type": "ai", "additional_kwargs": {}},
        {"type": "ai", "data": {"content": "Sunny."}},
    ],
)
def test_answers_of_every_provider_and_framework(dialect: Any, kind: str, made: Any) -> None:
    span = dialect(kind, {"messages": [{"role": "user", "content": "Weather?"}]}, made)
    assert (span.input_text, span.output_text, span.tool_calls) == ("Weather?", "Sunny.", ())


@pytest.mark.parametrize(("dialect", "kind"), EVERY)
@pytest.mark.parametrize(
    ("given", "system"),
    [
        ({"system": "Be brief.", "messages": [{"role": "user", "content": "Weather?"}]}, "Be brief."),
        ({"instructions": "Be brief.", "input": "Weather?", "model": "m"}, "Be brief."),
        ({"input": [{"role": "user", "content": "Weather?"}], "instructions": "Be brief."}, "Be brief."),
        (
            {
                "contents": [{"role": "user", "parts": [{"text": "Weather?"}]}],
                "config": {"system_instruction": "Be brief."},
            },
            "Be brief.",
        ),
        ([["system", "Be brief."], ["human", "Weather?"]], "Be brief."),
        (
            {
                "messages": [
                    {"type": "system", "content": "Be brief."},
                    {"type": "human", "content": "Weather?"},
                ]
            },
            "Be brief.",
        ),
        ({"prompts": ["Weather?"]}, None),
        ({"prompt": "Weather?"}, None),
        ("Weather?", None),
    ],
)
def test_requests_of_every_provider_and_framework(
    dialect: Any, kind: str, given: Any, system: str | None
) -> None:
    span = dialect(kind, given, "Sunny.")
    assert (span.input_text, span.system_prompt, span.output_text) == ("Weather?", system, "Sunny.")


@pytest.mark.parametrize(("dialect", "kind"), STEPS)
@pytest.mark.parametrize(
    ("given", "made"),
    [
        ({"input": "Refunds?"}, {"output": "30 days."}),
        ({"question": "Refunds?", "chat_history": []}, {"answer": "30 days.", "source_documents": []}),
        ({"args": ["Refunds?"], "kwargs": {}}, "30 days."),
        ({"kwargs": {"question": "Refunds?"}}, {"result": "30 days."}),
        ({"messages": [["user", "Refunds?"]]}, {"messages": [["human", "Refunds?"], ["ai", "30 days."]]}),
        ("Refunds?", {"return_values": {"output": "30 days."}, "log": "..."}),
    ],
)
def test_the_root_of_a_chain(dialect: Any, kind: str, given: Any, made: Any) -> None:
    span = dialect(kind, given, made)
    assert (span.kind, span.input_text, span.output_text) == ("chain", "Refunds?", "30 days.")


@pytest.mark.parametrize(("dialect", "kind"), TOOLS)
@pytest.mark.parametrize(
    ("given", "made"),
    [
        ({"city": "Paris"}, "Sunny"),
        ({"input_str": "{'city': 'Paris'}", "tags": [], "metadata": {}}, {"output": "Sunny"}),
        (
            "{'city': 'Paris'}",
            {"output": {"lc": 1, "id": ["x", "ToolMessage"], "kwargs": {"content": "Sunny"}}},
        ),
        ({"args": [], "kwargs": {"city": "Paris"}}, {"type": "tool", "data": {"content": "Sunny"}}),
        ({"city": "Paris"}, "content='Sunny' name='w' tool_call_id='c1'"),
        ({"city": "Paris"}, {"content": [{"type": "text", "text": "Sunny"}], "isError": False}),
    ],
)
def test_tools(dialect: Any, kind: str, given: Any, made: Any) -> None:
    span = dialect(kind, given, made)
    assert (span.operation, span.tool_name) == ("execute_tool", "w")
    assert (span.tool_arguments, span.tool_result) == ({"city": "Paris"}, "Sunny")


@pytest.mark.parametrize(("dialect", "kind"), RETRIEVALS)
@pytest.mark.parametrize(
    "made",
    [
        [{"page_content": "30 days.", "metadata": {"doc_uri": "u"}, "id": "1"}],
        {"documents": [{"page_content": "30 days.", "type": "Document"}]},
        [{"lc": 1, "type": "constructor", "id": ["x", "Document"], "kwargs": {"page_content": "30 days."}}],
        "[Document(metadata={}, page_content='30 days.')]",
        ["30 days."],
    ],
)
def test_retrievals(dialect: Any, kind: str, made: Any) -> None:
    span = dialect(kind, {"query": "Refunds?"}, made)
    assert (span.operation, span.input_text, texts(span)) == ("retrieval", "Refunds?", ["30 days."])


@pytest.mark.parametrize(("dialect", "kind"), RETRIEVALS)
def test_documents_without_their_text_are_told(dialect: Any, kind: str) -> None:
    span = dialect(kind, {"query": "Refunds?"}, [{"id": "1", "score": 0.2}])
    assert span.context == ()
    assert "the retrieved documents are recorded without their texts" in span.notes


def test_langfuse_takes_tool_definitions_for_messages() -> None:
    span = langfuse(
        "generation",
        [{"role": "user", "content": "Weather?"}, {"role": "tool", "content": DEFINITION}],
        {
            "role": "assistant",
            "content": "",
            "tool_calls": [{"name": "w", "args": {"city": "Paris"}, "id": "c"}],
        },
        **{
            "langfuse.observation.metadata.ls_provider": "openai",
            "langfuse.observation.metadata.ls_model_name": "gpt-4o-mini",
            "langfuse.observation.model.name": "gpt-4o-mini-2024-07-18",
            "langfuse.observation.usage_details": packed({"input": 3, "output": 4, "total": 7}),
            "session.id": "s1",
        },
    )
    assert [message.role for message in span.input_messages] == ["user"]
    assert [tool.name for tool in span.tools] == ["w"]
    assert (span.output_text, calls(span)) == (None, [("w", {"city": "Paris"})])
    assert (span.provider, span.request_model, span.response_model) == (
        "openai",
        "gpt-4o-mini",
        "gpt-4o-mini-2024-07-18",
    )
    assert span.usage is not None
    assert (span.usage.input, span.usage.output, span.conversation_id) == (3, 4, "s1")


def test_langfuse_roots_may_have_their_values_on_the_trace() -> None:
    attributes = {
        "langfuse.observation.type": "span",
        "langfuse.trace.input": "Refunds?",
        "langfuse.trace.output": packed({"answer": "30 days."}),
        "langfuse.observation.level": "ERROR",
    }
    root = read(attributes)
    assert (root.input_text, root.output_text) == ("Refunds?", "30 days.")
    assert root.notes == ("Langfuse's level of this observation is ERROR",)
    assert read(attributes, parent="00f067aa0ba902b7").input_text is None


def test_langfuse_and_mlflow_agents_and_embeddings() -> None:
    agent = langfuse("agent", {"messages": [{"role": "user", "content": "Hi"}]}, "Hello")
    assert (agent.operation, agent.agent, agent.output_text) == ("invoke_agent", "w", "Hello")
    assert langfuse("embedding", ["a", "b"], {}).input_texts == ("a", "b")
    assert mlflow("AGENT", {"request": "Hi"}, "Hello").operation == "invoke_agent"
    embedded = mlflow("EMBEDDING", {"input": "a", "model": "e"}, {"data": []})
    assert (embedded.input_texts, embedded.request_model) == (("a",), "e")


def test_mlflow_values_may_be_encoded_twice() -> None:
    span = mlflow(
        "LLM",
        packed({"messages": [{"role": "user", "content": "Weather?"}], "model": "m", "tools": [DEFINITION]}),
        packed("Sunny."),
        **{
            "mlflow.chat.tokenUsage": packed({"input_tokens": 1, "output_tokens": 2}),
            "mlflow.llm.model": packed("m-1"),
            "mlflow.llm.provider": packed("bedrock"),
        },
    )
    assert (span.input_text, span.output_text, span.request_model) == ("Weather?", "Sunny.", "m")
    assert ([tool.name for tool in span.tools], span.response_model) == (["w"], "m-1")
    assert span.provider == "aws.bedrock"


def test_langsmith_retrievers_are_no_embeddings_and_threads_are_conversations() -> None:
    span = langsmith(
        "retriever",
        {"query": "Refunds?"},
        {"documents": []},
        **{"gen_ai.operation.name": "embeddings", "langsmith.metadata.thread_id": "t1"},
    )
    assert (span.operation, span.conversation_id, span.notes) == ("retrieval", "t1", ())


@pytest.mark.parametrize(("dialect", "kind"), [*EVERY, *STEPS])
def test_media_are_never_kept(dialect: Any, kind: str) -> None:
    image = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PIXEL}"}}
    given = {"messages": [{"role": "user", "content": [{"type": "text", "text": "Look"}, image]}]}
    span = dialect(kind, given, {"image": f"data:image/png;base64,{PIXEL}"})
    assert span.input_text == "Look"
    assert PIXEL not in repr(span)
    assert "[image/png, about 1 KB, not shown]" in (span.output_text or "")


@pytest.mark.parametrize(("dialect", "kind"), EVERY)
def test_an_answer_of_nothing_is_an_answer(dialect: Any, kind: str) -> None:
    span = dialect(kind, [{"role": "user", "content": "Hi"}], {"role": "assistant", "content": ""})
    assert [message.role for message in span.output_messages] == ["assistant"]
    assert not span.output_text
