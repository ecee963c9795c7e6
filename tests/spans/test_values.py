"""The words that dialects share: JSON text, flattened lists, media, tools, documents, roles."""

from typing import Any

import pytest

from spanjudge.spans.documents import documents_of, texts_of
from spanjudge.spans.indexed import at, indexed, tree
from spanjudge.spans.json_text import as_count, as_list, as_name, as_object, as_text, decoded
from spanjudge.spans.media import without_media
from spanjudge.spans.roles import known_role
from spanjudge.spans.tool_definitions import is_tool_definition, tool_definitions
from tests.spans.dialects.made import PIXEL, packed


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ('{"a": [1]}', {"a": [1]}),
        (packed(packed({"a": 1})), {"a": 1}),
        (packed("CHAT_MODEL"), "CHAT_MODEL"),
        ("  [1, NaN]  ", None),
        ("{not json}", "{not json}"),
        ('{"cut": "of', '{"cut": "of'),
        ("plain", "plain"),
        (7, 7),
    ],
)
def test_json_texts_are_decoded_once_or_twice(value: Any, found: Any) -> None:
    if found is None:
        assert as_list(value)[0] == 1
    else:
        assert decoded(value) == found


@pytest.mark.parametrize(
    ("value", "count"),
    [
        (3, 3),
        ("3", 3),
        ('"3"', 3),
        (3.0, 3),
        (0, 0),
        (3.5, None),
        (-1, None),
        (True, None),
        ("x", None),
        (None, None),
        (float("inf"), None),
        (float("nan"), None),
        (10**30, None),
    ],
)
def test_counts(value: Any, count: int | None) -> None:
    assert as_count(value) == count


def test_objects_lists_names_and_texts_of_the_wrong_kind_are_nothing() -> None:
    assert (as_object("[1]"), as_object(3), as_list("{}"), as_list(None)) == ({}, {}, [], [])
    assert (as_name('"gpt-4o"'), as_name("  "), as_name(3), as_name(["a"])) == ("gpt-4o", None, None, None)
    assert (as_text({"a": "é"}), as_text(b"\xff"), as_text(None)) == ('{"a": "é"}', "\ufffd", None)


def test_flattened_lists_keep_their_order_and_the_span_s_own_values() -> None:
    given: dict[str, Any] = {"m.10.x": "k", "m.9.x": "j", "m.0": "plain", "m.0.y": 1, "m.z": 2, "mm.0.x": 3}
    assert indexed(given, "m") == [{"": "plain", "y": 1}, {"x": "j"}, {"x": "k"}]
    held = {"inner": 1}
    keyed = {"a.0": held, "a.0.b": 2}
    assert indexed(keyed, "a") == [{"": {"inner": 1}, "b": 2}]
    assert held == {"inner": 1}
    assert (at(tree(given, "m"), "9", "x"), at(given, "no", "way")) == ("j", None)


@pytest.mark.parametrize(
    ("text", "lean"),
    [
        (f"see data:image/png;base64,{PIXEL}, please", "see [image/png, about 1 KB, not shown], please"),
        ("data:image/png;base64,", "[image/png, about 1 KB, not shown]"),
        ("A1b" * 400, "[base64, about 1 KB, not shown]"),
        ("a" * 2000, "a" * 2000),
        ("Ünïcödé wörds " * 200, "Ünïcödé wörds " * 200),
        ("data:text", "data:text"),
    ],
)
def test_bytes_are_left_out_of_texts(text: str, lean: str) -> None:
    assert without_media(text) == lean


def test_tool_definitions_in_every_spelling() -> None:
    schema = {"type": "object", "properties": {"a": {"type": "string"}}}
    spelled: list[Any] = [
        {"type": "function", "function": {"name": "t", "description": "d", "parameters": schema}},
        {"type": "function", "name": "t", "description": "d", "parameters": schema},
        {"name": "t", "description": "d", "input_schema": schema},
        {"name": "t", "description": "d", "inputSchema": packed(schema)},
        {"toolSpec": {"name": "t", "description": "d", "inputSchema": {"json": schema}}},
        {"function_declarations": [{"name": "t", "description": "d", "parameters": schema}]},
    ]
    for one in spelled:
        for value in ([one], packed([one]), [packed(one)]):
            (tool,) = tool_definitions(value)
            assert (tool.name, tool.description, tool.parameters) == ("t", "d", schema)
    assert [tool.name for tool in tool_definitions(["a", "b", "a"])] == ["a", "b"]
    assert tool_definitions({"x": 1}) == tool_definitions("words") == tool_definitions(None) == ()


def test_a_call_or_a_result_is_no_definition() -> None:
    assert is_tool_definition(packed({"type": "function", "function": {"name": "t", "parameters": {}}}))
    assert not is_tool_definition({"type": "function", "function": {"name": "t", "arguments": "{}"}})
    assert not is_tool_definition({"name": "t", "content": "Sunny", "parameters": {}})
    assert not is_tool_definition("Sunny")


def test_documents_in_every_spelling() -> None:
    spelled: list[Any] = [
        {"page_content": "30 days.", "metadata": {}, "id": "1"},
        {"content": "30 days.", "id": "1", "score": None},
        {"node": {"text": "30 days.", "id_": "1"}, "score": 0.4},
        {"node": {"text_resource": {"text": "30 days."}, "id_": "1"}},
        {"kwargs": {"page_content": "30 days.", "id": 1}},
        {"document": {"content": "30 days.", "id": "1"}},
    ]
    for one in spelled:
        for value in ([one], {"documents": [one]}, packed([one]), [[one]]):
            (document,) = documents_of(value)
            assert (document.content, document.id) == ("30 days.", "1")
    assert documents_of(spelled[2:3])[0].score == 0.4
    assert documents_of([{"id": "1"}, {"content": " "}, 3, None]) == ()
    assert texts_of({"input": ["a", "b"]}) == texts_of(["a", "b"]) == ("a", "b")


@pytest.mark.parametrize(
    ("written", "role"),
    [
        ("ChatRole.USER", "user"),
        ("HumanMessage", "user"),
        ("AIMessageChunk", "assistant"),
        ("developer", "system"),
        ("model", "assistant"),
        ("boss", None),
        (3, None),
    ],
)
def test_roles(written: Any, role: str | None) -> None:
    assert known_role(written) == role
