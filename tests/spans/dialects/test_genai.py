"""OpenTelemetry's current attributes, in the shapes that instrumentations really write."""

import json
from typing import Any

import pytest

from spanjudge.spans.normalize import normalize
from spanjudge.spans.span import SpanUsage, ToolCall, ToolResultPart
from tests.spans.made import log_events, raw_span

DETAILS = "gen_ai.client.inference.operation.details"
CHAT = {"gen_ai.operation.name": "chat", "gen_ai.provider.name": "openai", "gen_ai.request.model": "m"}
ASKED: list[Any] = [{"role": "user", "parts": [{"type": "text", "content": "Where?"}]}]
EMPTY: dict[str, Any] = {"role": "user", "parts": []}
SAID: list[Any] = [
    {"role": "assistant", "parts": [{"type": "text", "content": "Here.\n"}], "finish_reason": "stop"}
]


def chat(asked: object = None, said: object = None, **more: object) -> dict[str, Any]:
    return {**CHAT, "gen_ai.input.messages": asked, "gen_ai.output.messages": said, **more}


@pytest.mark.parametrize("times", [0, 1, 2])
def test_messages_are_read_native_encoded_and_encoded_twice(times: int) -> None:
    asked: object = ASKED
    said: object = SAID
    for _ in range(times):
        asked, said = json.dumps(asked), json.dumps(said)
    span = normalize(raw_span(chat(asked, said)))

    assert (span.input_text, span.output_text) == ("Where?", "Here.")


@pytest.mark.parametrize("nothing", [None, "", "[]", [], "null", "{}"])
def test_content_that_is_switched_off_is_no_content(nothing: object) -> None:
    span = normalize(raw_span(chat(nothing, nothing)))

    assert (span.input_text, span.output_text, span.has_content) == (None, None, False)
    assert span.notes == ("no input content on this span", "no output content on this span")


@pytest.mark.parametrize("content", [None, "", []])
def test_an_answer_without_text_is_none(content: object) -> None:
    said = [{"role": "assistant", "content": content, "finish_reason": "stop"}]

    assert normalize(raw_span(chat(ASKED, said))).output_text is None


def test_only_the_first_of_several_choices_is_the_answer() -> None:
    said = [
        *SAID,
        {"role": "assistant", "parts": [{"type": "text", "content": "No."}], "finish_reason": "stop"},
    ]
    span = normalize(raw_span(chat(ASKED, said)))

    assert span.output_text == "Here."
    assert len(span.output_messages) == 1


def test_an_agents_run_is_answered_by_its_last_message() -> None:
    run = [
        {"role": "assistant", "parts": [{"type": "tool_call", "id": "1", "name": "look", "arguments": "{}"}]},
        {"role": "tool", "parts": [{"type": "tool_call_response", "id": "1", "response": "a map"}]},
        {"role": "assistant", "parts": [{"type": "text", "content": "There."}]},
    ]
    span = normalize(raw_span(chat(ASKED, run, **{"gen_ai.operation.name": "invoke_agent"})))

    assert span.output_text == "There."
    assert span.tool_calls == ()
    assert len(span.output_messages) == 3


@pytest.mark.parametrize("key", ["response", "result", "content", "output"])
def test_results_that_a_user_sends_are_the_tools(key: str) -> None:
    asked = [*ASKED, {"role": "user", "parts": [{"type": "tool_call_response", "id": "1", key: "a map"}]}]
    span = normalize(raw_span(chat(asked, SAID)))

    assert span.input_text == "Where?"
    assert span.input_messages[-1].role == "tool"
    assert span.input_messages[-1].parts == (ToolResultPart("a map", "1"),)


def test_a_last_question_without_text_is_not_replaced_by_an_earlier_one() -> None:
    span = normalize(raw_span(chat([*ASKED, *SAID, EMPTY], SAID)))

    assert span.input_text is None
    assert "a user message is recorded without its parts" in span.notes


@pytest.mark.parametrize("arguments", [{"city": "Paris"}, '{"city": "Paris"}', "{'city': 'Paris'}"])
def test_arguments_are_an_object_however_they_are_written(arguments: object) -> None:
    said = [{"role": "assistant", "parts": [{"type": "tool_call", "name": "look", "arguments": arguments}]}]
    span = normalize(raw_span(chat(ASKED, said)))

    assert span.tool_calls == (ToolCall(name="look", arguments={"city": "Paris"}),)
    assert span.output_text is None


def test_instructions_come_before_system_messages_each_once() -> None:
    asked = [{"role": "system", "content": "Be brief."}, {"role": "developer", "content": "Rhyme."}, *ASKED]
    instructions = '[{"type": "text", "content": "Be brief."}]'
    span = normalize(raw_span(chat(asked, SAID, **{"gen_ai.system_instructions": instructions})))

    assert span.system_prompt == "Be brief.\n\nRhyme."


def test_instructions_may_be_plain_text() -> None:
    assert (
        normalize(raw_span(chat(**{"gen_ai.system_instructions": " Be brief.\n"}))).system_prompt
        == "Be brief."
    )


@pytest.mark.parametrize(
    "tool",
    [
        {"type": "function", "name": "look", "description": "Looks.", "parameters": {"type": "object"}},
        {"type": "function", "function": {"name": "look", "description": "Looks.", "parameters": {}}},
        {"name": "look", "description": "Looks.", "input_schema": {"type": "object"}},
        {"name": "look"},
    ],
)
def test_tool_definitions_in_every_spelling(tool: dict[str, Any]) -> None:
    span = normalize(raw_span(chat(**{"gen_ai.tool.definitions": json.dumps([tool])})))

    assert [offered.name for offered in span.tools] == ["look"]


def test_the_details_event_of_a_span_may_be_split() -> None:
    events = [
        (DETAILS, {"gen_ai.system_instructions": '[{"type": "text", "content": "Be brief."}]'}),
        (DETAILS, {"gen_ai.input.messages": json.dumps(ASKED)}),
        (DETAILS, {"gen_ai.output.messages": json.dumps(SAID)}),
    ]
    span = normalize(raw_span(CHAT, events=events))

    assert (span.system_prompt, span.input_text, span.output_text) == ("Be brief.", "Where?", "Here.")


@pytest.mark.parametrize("in_body", [True, False])
def test_the_details_event_may_be_a_log_record(*, in_body: bool) -> None:
    fields = {
        "gen_ai.input.messages": ASKED,
        "gen_ai.output.messages": SAID,
        "gen_ai.response.id": "r1",
        "gen_ai.usage.input_tokens": 7,
    }
    logs = log_events((DETAILS, fields) if in_body else (DETAILS, None, fields))
    span = normalize(raw_span({**CHAT, "gen_ai.input.messages": "[]"}), logs)

    assert (span.input_text, span.output_text) == ("Where?", "Here.")
    assert (span.response_id, span.usage) == ("r1", SpanUsage(input=7))


def test_what_the_span_says_goes_before_what_its_log_says() -> None:
    other = [{"role": "user", "content": "Who?"}]

    span = normalize(raw_span(chat(ASKED, SAID)), log_events((DETAILS, {"gen_ai.input.messages": other})))

    assert span.input_text == "Where?"


@pytest.mark.parametrize(
    ("attributes", "usage"),
    [
        ({"gen_ai.usage.input_tokens": 3, "gen_ai.usage.output_tokens": "4"}, SpanUsage(input=3, output=4)),
        (
            {"gen_ai.usage.prompt_tokens": 3, "gen_ai.usage.completion_tokens": 4},
            SpanUsage(input=3, output=4),
        ),
        ({"gen_ai.usage.input_tokens": None, "gen_ai.usage.output_tokens": 4}, SpanUsage(output=4)),
        ({"gen_ai.usage.input_tokens": None}, None),
        ({"gen_ai.usage.input_tokens": "many", "gen_ai.usage.output_tokens": -1}, None),
    ],
)
def test_usage_is_what_was_counted_or_nothing(attributes: dict[str, Any], usage: SpanUsage | None) -> None:
    assert normalize(raw_span({**CHAT, **attributes})).usage == usage


def test_an_unknown_model_is_no_model() -> None:
    span = normalize(raw_span({**CHAT, "gen_ai.request.model": "unknown", "gen_ai.response.model": "m-2"}))

    assert (span.request_model, span.response_model) == (None, "m-2")


def test_a_part_that_is_only_its_class_is_lost_and_said_so() -> None:
    said = [{"role": "assistant", "parts": ["ToolCall"], "finish_reason": "tool_calls"}]
    span = normalize(raw_span(chat(ASKED, said)))

    assert (span.output_text, span.tool_calls, span.output_messages) == (None, (), ())
    assert any("ToolCall" in note for note in span.notes)
    assert "the answer only calls tools, and the calls are not recorded" in span.notes


def test_a_bare_string_is_a_text_part() -> None:
    said = [{"role": "assistant", "parts": ["Here", {"type": "text", "content": "it is."}]}]

    assert normalize(raw_span(chat(ASKED, said))).output_text == "Here\n\nit is."


def users(*texts: str) -> list[dict[str, Any]]:
    return [{"role": "user", "parts": [{"type": "text", "content": text}]} for text in texts]


@pytest.mark.parametrize(
    ("texts", "asked"),
    [
        (("Be brief.", "Where?"), "Where?"),
        (("Be brief.", "Where?", "", "a map"), "Where?"),
        (("Be brief.", "Where?", "", "a map", "a list"), "Where?"),
        (("Where?", "", "a map", "", "a list"), "Where?"),
        (("Where?", "", "a map", "There.", "Who?"), "Who?"),
    ],
)
def test_messages_that_are_all_the_users_are_told_apart_by_their_place(texts: Any, asked: str) -> None:
    raw = raw_span(chat(users(*texts), SAID), scope="opentelemetry.util.genai.handler")
    span = normalize(raw)

    assert span.input_text == asked
    assert any("only its place" in note for note in span.notes)


def test_a_tool_span() -> None:
    span = normalize(
        raw_span(
            {
                "gen_ai.operation.name": "execute_tool",
                "gen_ai.tool.name": "look",
                "gen_ai.tool.call.arguments": '{"city": "Paris"}',
                "gen_ai.tool.call.result": '[{"text": "a map"}]',
            }
        )
    )

    assert (span.tool_name, span.tool_arguments, span.tool_result) == ("look", {"city": "Paris"}, "a map")
    assert (span.input_text, span.output_text) == (None, None)


def test_a_tool_span_may_hold_its_call_in_messages_only() -> None:
    call = {"type": "tool_call", "id": "1", "name": "look", "arguments": {"city": "Paris"}}
    back = {"type": "tool_call_response", "id": "1", "response": [{"text": "a map"}]}
    events = [
        (DETAILS, {"gen_ai.input.messages": json.dumps([{"role": "tool", "parts": [call]}])}),
        (DETAILS, {"gen_ai.output.messages": json.dumps([{"role": "tool", "parts": [back]}])}),
    ]
    span = normalize(raw_span({"gen_ai.operation.name": "execute_tool"}, events=events))

    assert (span.tool_name, span.tool_arguments, span.tool_result) == ("look", {"city": "Paris"}, "a map")


@pytest.mark.parametrize(
    ("result", "text"),
    [
        ("Sunny", "Sunny"),
        ('"Sunny"', "Sunny"),
        ("\"content='Sunny' name='look' tool_call_id='1'\"", "Sunny"),
        (
            '{"output": {"lc": 1, "id": ["ToolMessage"], "kwargs": {"content": "Sunny", "type": "tool"}}}',
            "Sunny",
        ),
        ('{"result": "Sunny"}', "Sunny"),
        ('{"sky": "blue", "wind": 3}', '{"sky": "blue", "wind": 3}'),
        ({"sky": "blue"}, '{"sky": "blue"}'),
        ("", None),
        (None, None),
    ],
)
def test_results_of_tools_are_text_without_their_wrappings(result: object, text: str | None) -> None:
    attributes = {"gen_ai.operation.name": "execute_tool", "gen_ai.tool.call.result": result}

    assert normalize(raw_span(attributes)).tool_result == text


def test_embedded_texts_may_stand_in_messages() -> None:
    attributes = {**CHAT, "gen_ai.operation.name": "embeddings", "gen_ai.input.messages": users("a", " b ")}
    span = normalize(raw_span(attributes))

    assert (span.input_texts, span.input_text, span.input_messages) == (("a", "b"), None, ())


def test_a_retrieval_has_its_query_and_its_documents() -> None:
    documents = [{"id": "d1", "score": 0.5, "content": "a text"}, {"id": "d2", "score": None}]
    span = normalize(
        raw_span(
            {
                "gen_ai.operation.name": "retrieval",
                "gen_ai.retrieval.query.text": "Where?",
                "gen_ai.retrieval.documents": json.dumps(documents),
            }
        )
    )

    assert span.input_text == "Where?"
    assert [(doc.id, doc.score, doc.content) for doc in span.context] == [("d1", 0.5, "a text")]


def test_documents_without_a_text_are_said_to_be() -> None:
    attributes = {
        "gen_ai.operation.name": "retrieval",
        "gen_ai.retrieval.documents": '[{"id": "1", "score": null}]',
    }
    span = normalize(raw_span(attributes))

    assert (span.context, span.notes) == ((), ("documents are recorded without their text",))


def test_pictures_are_told_and_not_kept() -> None:
    data = "iVBORw0KGgo" + "Ab3/" * 600
    parts = [
        {"type": "text", "content": f"![map](data:image/png;base64,{data}) Where?"},
        {"type": "blob", "mime_type": "image/png", "modality": "image", "content": data},
        {"type": "tool_call", "name": "draw", "arguments": {"picture": data}},
        {"type": "tool_call_response", "response": data},
    ]
    attributes = chat([{"role": "user", "parts": parts}], [{"role": "assistant", "parts": parts}])
    span = normalize(raw_span(attributes))

    assert "Ab3/Ab3/" not in repr(span)
    assert span.input_text is not None
    assert span.input_text.startswith("![map]([image/png, about")
    assert span.input_text.endswith("Where?")


def test_a_judge_of_texts_is_told_of_what_it_does_not_see() -> None:
    parts = [
        {"type": "text", "content": "Where?"},
        {"type": "uri", "modality": "image", "uri": "https://a.example/b"},
    ]

    (note,) = normalize(raw_span(chat([{"role": "user", "parts": parts}], SAID))).notes
    assert "does not see" in note


def test_definitions_with_parameters_are_preferred() -> None:
    full = [{"type": "function", "name": "look", "parameters": {"type": "object"}}]
    bare = '[{"type": "function", "name": "look", "parameters": null}]'
    logs = log_events((DETAILS, None, {"gen_ai.tool.definitions": full}))
    (tool,) = normalize(raw_span({**CHAT, "gen_ai.tool.definitions": bare}), logs).tools

    assert tool.parameters == {"type": "object"}
