"""Spring AI: vector stores, chat clients and tools."""

import json

from spanjudge.spans.normalize import normalize
from tests.spans.made import raw_span


def test_a_vector_store_is_a_retrieval() -> None:
    attributes = {
        "db.vector.query.content": "Where?",
        "db.vector.query.response.documents": json.dumps([{"id": "d1", "text": "a text"}]),
    }
    span = normalize(raw_span(attributes))

    assert (span.operation, span.input_text) == ("retrieval", "Where?")
    assert [document.content for document in span.context] == ["a text"]


def test_a_chat_client_is_plumbing_with_a_question() -> None:
    attributes = {
        "gen_ai.operation.name": "framework",
        "gen_ai.system": "spring_ai",
        "spring.ai.chat.client.system.text": "Be brief.",
        "spring.ai.chat.client.user.text": "Where?",
        "spring.ai.chat.client.conversation.id": "c1",
    }
    span = normalize(raw_span(attributes))

    assert (span.kind, span.framework, span.provider) == ("chain", "spring_ai", None)
    assert (span.system_prompt, span.input_text, span.conversation_id) == ("Be brief.", "Where?", "c1")


def test_a_tool() -> None:
    attributes = {
        "gen_ai.operation.name": "execute_tool",
        "gen_ai.tool.name": "look",
        "spring.ai.tool.call.arguments": '{"city": "Paris"}',
        "spring.ai.tool.call.result": '"a map"',
    }
    span = normalize(raw_span(attributes))

    assert (span.tool_name, span.tool_arguments, span.tool_result) == ("look", {"city": "Paris"}, "a map")
