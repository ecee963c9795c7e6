"""OpenLIT: a whole conversation in one text."""

import pytest

from spanjudge.spans.normalize import normalize
from spanjudge.spans.span import ToolCall, ToolResultPart
from tests.spans.made import raw_span

CHAT = {"gen_ai.operation.name": "chat", "gen_ai.system": "openai", "telemetry.sdk.name": "openlit"}


def test_a_text_is_split_at_its_speakers() -> None:
    prompt = "system: Be brief.\nIn one line.\nuser: Who?\nassistant: She.\nuser: Where?"
    span = normalize(raw_span({**CHAT, "gen_ai.prompt": prompt, "gen_ai.completion": "There."}))

    assert (span.system_prompt, span.input_text, span.output_text) == (
        "Be brief.\nIn one line.",
        "Where?",
        "There.",
    )
    assert [message.role for message in span.input_messages] == ["system", "user", "assistant", "user"]


@pytest.mark.parametrize("text", ["Where?", "Translate this:\nuser: hello", "a user: b"])
def test_a_text_that_does_not_begin_with_a_speaker_is_the_users(text: str) -> None:
    assert normalize(raw_span({**CHAT, "gen_ai.prompt": text})).input_text == text


def test_an_empty_line_is_no_message() -> None:
    prompt = "user: Where?\nuser: \nuser: "

    assert normalize(raw_span({**CHAT, "gen_ai.prompt": prompt})).input_text == "Where?"


def test_a_python_list_of_all_messages_is_what_is_read() -> None:
    listed = (
        "[{'role': 'user', 'content': \"Where's it?\"}, {'role': 'assistant', 'content': None, 'tool_calls': "
        "[{'id': '1', 'function': {'arguments': '{\"city\": \"Paris\"}', 'name': 'look'}}]}, "
        "{'role': 'tool', 'tool_call_id': '1', 'content': 'a map'}]"
    )
    span = normalize(raw_span({**CHAT, "gen_ai.prompt": f"user: Where's it?\nuser: {listed}\ntool: a map"}))

    assert span.input_text == "Where's it?"
    assert span.input_messages[1].tool_calls == (ToolCall(name="look", arguments={"city": "Paris"}, id="1"),)
    assert span.input_messages[2].parts == (ToolResultPart("a map", "1"),)
    assert any("Python list" in note for note in span.notes)


@pytest.mark.parametrize("written", ['{"city": "Paris"}', "{'city': 'Paris'}", {"city": "Paris"}])
def test_attributes_of_tools_on_a_chat_are_what_it_asks_for(written: object) -> None:
    attributes = {**CHAT, "gen_ai.tool.name": "look", "gen_ai.tool.call.id": "1", "gen_ai.tool.args": written}
    span = normalize(raw_span({**attributes, "gen_ai.prompt": "user: Where?", "gen_ai.completion": ""}))

    assert span.tool_calls == (ToolCall(name="look", arguments={"city": "Paris"}, id="1"),)
    assert (span.output_text, span.tool_name) == (None, None)


def test_several_calls_are_joined_by_commas() -> None:
    attributes = {
        **CHAT,
        "gen_ai.tool.name": "look, go",
        "gen_ai.tool.call.id": "1, 2",
        "gen_ai.tool.args": '{"city": "Paris, Texas"}, {"by": "train"}',
    }

    assert normalize(raw_span(attributes)).tool_calls == (
        ToolCall(name="look", arguments={"city": "Paris, Texas"}, id="1"),
        ToolCall(name="go", arguments={"by": "train"}, id="2"),
    )


def test_the_operation_may_have_the_model_behind_it() -> None:
    span = normalize(raw_span({**CHAT, "gen_ai.operation.name": "Chat gpt-3.5-turbo"}))

    assert span.operation == "chat"


def test_documents_are_joined_by_semicolons() -> None:
    attributes = {
        "gen_ai.operation.name": "retrieval VectorStoreRetriever",
        "gen_ai.prompt": "Where?",
        "gen_ai.retrieval.documents": "a text; another text",
    }
    span = normalize(raw_span(attributes))

    assert (span.operation, span.input_text) == ("retrieval", "Where?")
    assert [document.content for document in span.context] == ["a text", "another text"]
