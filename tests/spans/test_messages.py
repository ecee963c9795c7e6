import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spanjudge.spans.messages import Content, parse_content, transcript
from spanjudge.spans.span import (
    MediaPart,
    Message,
    ReasoningPart,
    TextPart,
    ToolCall,
    ToolCallPart,
    ToolResultPart,
)

GENAI: list[dict[str, Any]] = [
    {"role": "system", "parts": [{"type": "text", "content": "Be brief."}]},
    {
        "role": "user",
        "parts": [
            {"type": "text", "content": "What is this?"},
            {"type": "blob", "mime_type": "image/png", "content": "iVBORw0K" * 400},
        ],
    },
    {
        "role": "assistant",
        "parts": [
            {"type": "reasoning", "content": "I should look."},
            {"type": "tool_call", "id": "c1", "name": "look", "arguments": {"zoom": 2}},
        ],
    },
    {"role": "tool", "parts": [{"type": "tool_call_response", "id": "c1", "response": {"found": "a cat"}}]},
    {"role": "assistant", "parts": [{"type": "text", "content": "A cat."}], "finish_reason": "stop"},
]


def read(value: object) -> Content:
    content = parse_content(value)
    assert content is not None
    return content


def parts(value: object) -> tuple[object, ...]:
    (message,) = read([{"role": "assistant", "parts": [value]}]).messages
    return message.parts


@pytest.mark.parametrize(
    "value",
    [GENAI, tuple(GENAI), json.dumps(GENAI), json.dumps(json.dumps(GENAI)), {"messages": GENAI}, [GENAI]],
    ids=["list", "tuple", "text", "text encoded twice", "object that holds messages", "list in a list"],
)
def test_the_parts_form_in_every_wrapping(value: object) -> None:
    content = read(value)
    assert [message.role for message in content.messages] == [
        "system",
        "user",
        "assistant",
        "tool",
        "assistant",
    ]
    assert content.as_input() == "What is this?"
    assert content.as_output() == "A cat."
    assert content.system_prompt == "Be brief."
    assert content.tool_calls == (ToolCall(name="look", arguments={"zoom": 2}, id="c1"),)
    assert content.messages[3].parts == (ToolResultPart('{"found": "a cat"}', "c1"),)


def test_the_bytes_of_media_are_nowhere() -> None:
    content = read(GENAI)
    assert content.messages[1].parts[1] == MediaPart("image/png, about 2 KB, not shown")
    assert "iVBORw0K" not in content.text


def test_the_transcript_reads_like_a_conversation() -> None:
    assert read(GENAI).text == (
        "system:\nBe brief.\n\n"
        "user:\nWhat is this?\n[image/png, about 2 KB, not shown]\n\n"
        'assistant:\n[reasoning] I should look.\n[tool call] look {"zoom": 2}\n\n'
        'tool:\n[tool result] {"found": "a cat"}\n\n'
        "assistant:\nA cat."
    )


@pytest.mark.parametrize(
    ("part", "expected"),
    [
        ("bare text", TextPart("bare text")),
        ({"type": "text", "text": "OpenAI"}, TextPart("OpenAI")),
        ({"type": "output_text", "text": "Responses"}, TextPart("Responses")),
        ({"type": "text", "text": {"value": "Assistants"}}, TextPart("Assistants")),
        ({"type": "thinking", "thinking": "hm"}, ReasoningPart("hm")),
        ({"text": "Gemini"}, TextPart("Gemini")),
        ({"text": "hm", "thought": True}, ReasoningPart("hm")),
        (
            {"type": "tool_use", "id": "1", "name": "f", "input": {"a": 1}},
            ToolCallPart(ToolCall(name="f", arguments={"a": 1}, id="1")),
        ),
        (
            {"type": "tool_call", "name": "f", "arguments": '{"a": 1}'},
            ToolCallPart(ToolCall(name="f", arguments={"a": 1})),
        ),
        (
            {"type": "tool_call", "name": "f", "arguments": "a = 1"},
            ToolCallPart(ToolCall(name="f", arguments="a = 1")),
        ),
        (
            {"type": "tool-call", "toolCallId": "1", "toolName": "f", "args": {}},
            ToolCallPart(ToolCall(name="f", arguments={}, id="1")),
        ),
        (
            {"functionCall": {"name": "f", "args": {"a": 1}}},
            ToolCallPart(ToolCall(name="f", arguments={"a": 1})),
        ),
        (
            {"toolUse": {"toolUseId": "1", "name": "f", "input": {}}},
            ToolCallPart(ToolCall(name="f", arguments={}, id="1")),
        ),
        ({"type": "tool_call_response", "id": "1", "result": "ok"}, ToolResultPart("ok", "1")),
        ({"type": "tool_call_response", "content": "ok"}, ToolResultPart("ok")),
        ({"type": "tool_call_response", "output": 7}, ToolResultPart("7")),
        (
            {
                "type": "tool_result",
                "tool_use_id": "1",
                "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}],
            },
            ToolResultPart("a\nb", "1"),
        ),
        ({"toolResult": {"toolUseId": "1", "content": [{"text": "ok"}]}}, ToolResultPart("ok", "1")),
        (
            {"type": "uri", "modality": "image", "uri": "https://example.org/a.png"},
            MediaPart("image: https://example.org/a.png"),
        ),
        ({"type": "file", "mime_type": "application/pdf", "file_id": "f1"}, MediaPart("application/pdf: f1")),
        (
            {"type": "image_url", "image_url": {"url": "data:image/jpeg;base64," + "A" * 8192}},
            MediaPart("image/jpeg, about 6 KB, not shown"),
        ),
        (
            {"type": "image", "source": {"type": "base64", "media_type": "image/gif", "data": "R0lG"}},
            MediaPart("image/gif, about 1 KB, not shown"),
        ),
        ({"type": "image", "image": "A" * 8192}, MediaPart("image, about 6 KB, not shown")),
        (
            {"type": "image", "image": "https://example.org/a.png"},
            MediaPart("image: https://example.org/a.png"),
        ),
        ({"type": "unheard_of", "content": "shown"}, TextPart("shown")),
        ({"type": "unheard_of", "x": 1}, TextPart('{"type": "unheard_of", "x": 1}')),
        (17, TextPart("17")),
    ],
)
def test_parts_in_every_spelling(part: object, expected: object) -> None:
    assert parts(part) == (expected,)


def test_the_older_form_with_tool_calls_beside_the_content() -> None:
    content = read(
        [
            {"role": "developer", "content": "Be brief."},
            {"role": "user", "content": [{"type": "text", "text": "Weather?"}], "name": "ann"},
            {
                "role": "assistant",
                "content": None,
                "tool_calls": [
                    {"id": "1", "type": "function", "function": {"name": "w", "arguments": '{"c": 1}'}}
                ],
            },
            {"role": "tool", "tool_call_id": "1", "content": "sunny"},
            {"role": "assistant", "content": "Sunny."},
        ]
    )
    assert content.messages[1] == Message(role="user", parts=(TextPart("Weather?"),), name="ann")
    assert content.tool_calls == (ToolCall(name="w", arguments={"c": 1}, id="1"),)
    assert content.messages[3].parts == (ToolResultPart("sunny", "1"),)
    assert (content.as_input(), content.as_output()) == ("Weather?", "Sunny.")


def test_a_user_message_of_tool_results_is_not_what_the_user_said() -> None:
    content = read(
        [
            {"role": "user", "content": "Weather?"},
            {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "1", "content": "sunny"}]},
        ]
    )
    assert content.messages[1].role == "tool"
    assert content.as_input() == "Weather?"


@pytest.mark.parametrize("role", ["ai", "model", "AIMessage", "Assistant", "bot"])
def test_roles_of_other_dialects(role: str) -> None:
    assert read({"role": role, "content": "Hello"}).as_output() == "Hello"


def test_a_provider_response_is_its_message() -> None:
    body: dict[str, Any] = {"id": "x", "choices": [{"message": {"role": "assistant", "content": "Hello"}}]}
    assert read(body).as_output() == "Hello"


def test_of_several_choices_the_first_counts() -> None:
    choices = [{"role": "assistant", "content": word, "finish_reason": "stop"} for word in ("one", "two")]
    assert read(choices).as_output() == "one"


def test_of_a_whole_run_the_last_answer_counts() -> None:
    run = [{"role": "assistant", "content": "I will look."}, {"role": "assistant", "content": "Found it."}]
    assert read(run).as_output() == "Found it."


def test_bare_parts_belong_to_whoever_is_asked_about() -> None:
    content = parse_content([{"type": "text", "content": "Hello"}], role="assistant")
    assert content is not None
    assert content.as_output() == "Hello"
    assert content.as_input() is None


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("plain text", "plain text"),
        ('"quoted"', '"quoted"'),
        ('{"answer": 1}', '{"answer": 1}'),
        ("[1, 2]", "[1, 2]"),
        ("{not json", "{not json"),
        ('[{"role": "admin", "content": "x"}]', '[{"role": "admin", "content": "x"}]'),
        ({"answer": 1}, '{\n  "answer": 1\n}'),
        ([], "[]"),
        (3.5, "3.5"),
        (False, "false"),
        (b"bytes \xff", "bytes \ufffd"),
        ({"type": "text"}, '{\n  "type": "text"\n}'),
        ({"role": "user"}, '{\n  "role": "user"\n}'),
        (
            ["a", {"role": "user", "content": "b"}],
            '[\n  "a",\n  {\n    "role": "user",\n    "content": "b"\n  }\n]',
        ),
    ],
)
def test_what_is_no_message_is_text(value: object, text: str) -> None:
    assert read(value) == Content(text=text)


def test_an_empty_answer_is_empty_and_a_tool_call_is_no_answer() -> None:
    assert read({"role": "assistant", "content": ""}).as_output() == ""
    assert read(GENAI[2]).as_output() is None
    assert read({"role": "user", "content": "hi"}).as_output() is None
    assert read("").as_output() == ""
    assert read("  ").as_input() is None
    assert parse_content(None) is None


def test_depth_and_odd_characters_are_survived() -> None:
    deep: object = "x"
    for _ in range(10_000):
        deep = [deep]
    assert read("[" * 10_000 + "]" * 10_000).messages == ()
    assert "too deeply" in read(deep).text
    assert read('[{"role": "user", "content": "\\ud800\\u0000"}]').as_input() == "\ud800\x00"
    assert read([{"role": "user", "content": "\ud800"}]).as_input() == "\ud800"
    assert read("x" * 20_000_000).messages == ()


json_values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text() | st.binary(),
    lambda inner: (
        st.lists(inner)
        | st.dictionaries(
            st.sampled_from(
                [
                    "role",
                    "parts",
                    "content",
                    "type",
                    "text",
                    "tool_calls",
                    "function",
                    "name",
                    "messages",
                    "x",
                ]
            )
            | st.text(),
            inner | st.sampled_from(["user", "assistant", "text", "tool_call", "blob", "tool_result"]),
        )
    ),
    max_leaves=20,
)


@given(json_values)
def test_nothing_makes_it_fail(value: object) -> None:
    for form in (value, json.dumps(value, default=str), json.dumps(json.dumps(value, default=str))):
        content = parse_content(form)
        if content is None:
            assert form is None
            continue
        assert isinstance(content.text, str)
        assert all(isinstance(message.text, str) for message in content.messages)
        assert isinstance(transcript(content.messages), str)
        assert content.as_input() is None or content.as_input()
        assert isinstance(content.tool_calls, tuple)
        _ = content.as_output(), content.system_prompt
