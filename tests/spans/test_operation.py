"""The operation of a span: what decides, and in which order."""

import pytest

from spanjudge.spans.facts import facts
from spanjudge.spans.operation import operation_of
from tests.spans.made import raw_span

CHAIN = (None, "chain")


@pytest.mark.parametrize(
    ("attributes", "operation"),
    [
        ({"openinference.span.kind": "LLM"}, ("chat", None)),
        ({"openinference.span.kind": "llm", "gen_ai.operation.name": "embeddings"}, ("chat", None)),
        ({"openinference.span.kind": "RERANKER"}, CHAIN),
        ({"openinference.span.kind": "UNKNOWN"}, (None, None)),
        ({"openinference.span.kind": "UNKNOWN", "gen_ai.operation.name": "chat"}, ("chat", None)),
        ({"langsmith.span.kind": "retriever", "gen_ai.operation.name": "embeddings"}, ("retrieval", None)),
        ({"langsmith.span.kind": "chain", "gen_ai.operation.name": "chat"}, CHAIN),
        ({"ai.operationId": "ai.streamText.doStream"}, ("chat", None)),
        ({"ai.operationId": "ai.generateObject", "gen_ai.operation.name": "x"}, ("invoke_agent", None)),
        ({"ai.operationId": "ai.toolCall"}, ("execute_tool", None)),
        ({"ai.operationId": "ai.embedMany.doEmbed"}, ("embeddings", None)),
        ({"gen_ai.operation.name": "CHAT"}, ("chat", None)),
        ({"gen_ai.operation.name": "chat gpt-3.5-turbo"}, ("chat", None)),
        ({"gen_ai.operation.name": "embedding"}, ("embeddings", None)),
        ({"gen_ai.operation.name": "vector_db_retrieve"}, ("retrieval", None)),
        ({"gen_ai.operation.name": "execute_event_loop_cycle"}, CHAIN),
        ({"gen_ai.operation.name": "plan"}, ("plan", None)),
        ({"gen_ai.operation.name": " "}, (None, None)),
        ({"gen_ai.operation.name": 7, "gen_ai.request.model": "m"}, ("chat", None)),
        ({"langfuse.observation.type": "generation"}, ("chat", None)),
        (
            {"langfuse.observation.type": "span", "gen_ai.operation.name": "invoke_agent"},
            ("invoke_agent", None),
        ),
        ({"mlflow.spanType": '"CHAT_MODEL"'}, ("chat", None)),
        ({"mlflow.spanType": '"PARSER"'}, CHAIN),
        ({"traceloop.span.kind": "workflow"}, CHAIN),
        ({"traceloop.span.kind": "agent"}, ("invoke_agent", None)),
        ({"llm.request.type": "completion"}, ("text_completion", None)),
        ({"llm.request.type": "completion", "gen_ai.prompt.0.role": "user"}, ("chat", None)),
        ({"llm.request.type": "acompletion"}, ("chat", None)),
        ({"llm.request.type": "rerank"}, CHAIN),
        ({"haystack.component.type": "OpenAIChatGenerator"}, ("chat", None)),
        ({"haystack.component.type": "PromptBuilder"}, CHAIN),
        ({"gcp.vertex.agent.llm_request": "{}"}, ("generate_content", None)),
        ({"db.vector.query.content": "Where?"}, ("retrieval", None)),
        ({"gen_ai.tool.name": "look"}, ("execute_tool", None)),
        ({"gen_ai.request.model": "m"}, ("chat", None)),
        ({"llm.model_name": "m"}, ("chat", None)),
        ({"gen_ai.usage.input_tokens": 0}, ("chat", None)),
        ({"http.request.method": "GET"}, (None, None)),
        ({"gen_ai.evaluation.sampled": True}, (None, None)),
        ({}, (None, None)),
    ],
)
def test_the_first_attribute_that_says_something_decides(
    attributes: dict[str, object], operation: tuple[str | None, str | None]
) -> None:
    assert operation_of(raw_span(attributes)) == operation


def test_a_name_alone_decides_nothing() -> None:
    assert operation_of(raw_span(name="chat gpt-4o")) == (None, None)


def test_a_preparation_of_a_call_is_none() -> None:
    raw = raw_span({"openinference.span.kind": "LLM"}, name="OpenAI._prepare_chat_with_tools")

    assert operation_of(raw) == CHAIN


def test_evaluation_keys_on_a_call_do_not_make_it_an_evaluation() -> None:
    attributes = {"gen_ai.operation.name": "chat", "gen_ai.evaluation.sampled": True}

    assert facts(raw_span(attributes)).is_model_call


@pytest.mark.parametrize(
    ("attributes", "conversation"),
    [
        ({"gen_ai.conversation.id": "c", "session.id": "s"}, "c"),
        ({"session.id": "s"}, "s"),
        ({"traceloop.association.properties.session_id": "s"}, "s"),
        ({"langsmith.metadata.thread_id": "s"}, "s"),
        ({"gen_ai.conversation.id": " ", "session.id": 5}, None),
        ({}, None),
    ],
)
def test_the_conversation(attributes: dict[str, object], conversation: str | None) -> None:
    assert facts(raw_span({**attributes, "gen_ai.request.model": "m"})).conversation_id == conversation


def test_a_span_that_is_not_about_genai_may_belong_to_a_conversation() -> None:
    known = facts(raw_span({"session.id": "s"}))

    assert (known.is_genai, known.conversation_id) == (False, "s")


def test_the_model_that_answered_is_preferred() -> None:
    attributes = {"gen_ai.request.model": "gpt-3.5-turbo", "gen_ai.response.model": "gpt-4o-mini"}

    assert facts(raw_span(attributes)).model == "gpt-4o-mini"
    assert facts(raw_span({**attributes, "gen_ai.response.model": "Unknown"})).model == "gpt-3.5-turbo"
