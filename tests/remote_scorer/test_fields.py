"""From fields to a subject."""

import json
from typing import Any

import pytest

from spanjudge.remote_scorer.fields import is_variable, metadata_of, subject_of
from spanjudge.remote_scorer.problem import Problem
from spanjudge.spans.span import Document

PARTS = [
    {"role": "system", "parts": [{"type": "text", "content": "Be brief."}]},
    {"role": "user", "parts": [{"type": "text", "content": "Hi"}]},
    {"role": "assistant", "parts": [{"type": "text", "content": "Hello"}]},
    {"role": "user", "parts": [{"type": "text", "content": "Capital of France?"}]},
]
ANSWER = [{"role": "assistant", "parts": [{"type": "text", "content": "Paris"}], "finish_reason": "stop"}]
OLDER = [{"role": "user", "content": "Capital of France?"}]


@pytest.mark.parametrize(
    "value", ["Capital of France?", PARTS, json.dumps(PARTS), OLDER, json.dumps(OLDER), OLDER[0]]
)
def test_input_comes_in_every_form(value: object) -> None:
    subject = subject_of({"input": value, "output": "Paris"})
    assert subject.input == "Capital of France?"


@pytest.mark.parametrize("value", ["Paris", ANSWER, json.dumps(ANSWER), ANSWER[0]])
def test_output_comes_in_every_form(value: object) -> None:
    assert subject_of({"output": value}).output == "Paris"


def test_messages_bring_conversation_and_system_prompt() -> None:
    subject = subject_of({"input": PARTS})
    assert subject.system_prompt == "Be brief."
    assert [message.role for message in subject.messages] == ["system", "user", "assistant", "user"]


def test_an_object_that_is_no_message_is_read_as_json() -> None:
    assert json.loads(subject_of({"output": {"city": "Paris"}}).output or "") == {"city": "Paris"}


def test_an_answer_that_only_calls_tools_is_the_calls() -> None:
    call = {"id": "1", "type": "function", "function": {"name": "find", "arguments": '{"q": "Paris"}'}}
    subject = subject_of({"output": [{"role": "assistant", "content": None, "tool_calls": [call]}]})
    assert [call.name for call in subject.tool_calls] == ["find"]
    assert "find" in (subject.output or "")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("expected", "expected"),
        ("output", "gen_ai_output_messages"),
        ("input", "gen_ai.input.messages"),
        ("input", " input "),
        ("input", "llm_input"),
        ("output", "_o2_llm_output"),
        ("context", "span.attributes.context"),
        ("output", "{{ output }}"),
        ("metadata", "metadata"),
    ],
)
def test_the_name_of_an_unmapped_variable_is_absent(name: str, value: str) -> None:
    assert is_variable(name, value)
    assert subject_of({name: value}) == subject_of({})
    assert metadata_of({name: value}) == {}


@pytest.mark.parametrize("value", ["input", "yes", "gen_ai is a field", "spanish", "trace", "llm_error"])
def test_words_that_are_no_such_name_stay(value: str) -> None:
    assert subject_of({"output": value}).output == value


@pytest.mark.parametrize("name", ["input", "output", "expected", "messages", "system_prompt"])
@pytest.mark.parametrize("value", [1, 1.5, True, False])
def test_numbers_and_truth_values_are_no_content(name: str, value: object) -> None:
    with pytest.raises(Problem, match=name):
        subject_of({name: value})


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ({"a": 1}, {"a": 1}),
        ('{"a": 1}', {"a": 1}),
        ("plain", {"metadata": "plain"}),
        (None, {}),
        ("", {}),
    ],
)
def test_metadata_is_an_object_or_its_text(given: object, kept: dict[str, Any]) -> None:
    assert metadata_of({"metadata": given}) == kept


def test_metadata_of_another_type_is_refused() -> None:
    with pytest.raises(Problem, match="an array"):
        metadata_of({"metadata": [1]})


@pytest.mark.parametrize(
    ("given", "documents"),
    [
        ("Paris is a city.", ["Paris is a city."]),
        (["a", "b"], ["a", "b"]),
        ('["a", "b"]', ["a", "b"]),
        ([{"page_content": "a"}, {"content": "b"}], ["a", "b"]),
        ({"documents": ["a"]}, ["a"]),
        ([{"title": "T", "year": 1}], ["title: T\nyear: 1"]),
        ([], []),
    ],
)
def test_context_is_text_or_documents(given: object, documents: list[str]) -> None:
    assert [document.content for document in subject_of({"context": given}).context] == documents


def test_documents_keep_id_and_score() -> None:
    subject = subject_of({"context": [{"id": 7, "score": 0.5, "text": "a"}]})
    assert subject.context == (Document(content="a", id="7", score=0.5),)


@pytest.mark.parametrize("as_text", [True, False])
def test_tools_and_tool_calls_are_read(as_text: bool) -> None:  # noqa: FBT001  # a parameter of the test
    tools: Any = [
        {"type": "function", "function": {"name": "find", "description": "Finds", "parameters": {}}}
    ]
    calls: Any = [{"function": {"name": "find", "arguments": "{}"}}]
    if as_text:
        tools, calls = json.dumps(tools), json.dumps(calls)
    subject = subject_of({"tools": tools, "tool_calls": calls})
    assert [tool.name for tool in subject.tools] == ["find"]
    assert [call.name for call in subject.tool_calls] == ["find"]


def test_a_session_is_its_steps_written_out() -> None:
    steps = [{"name": "search", "input": "Paris", "output": {"hits": 2}}, {"name": "answer"}]
    subject = subject_of({"steps": json.dumps(steps), "statistics": {"turns": 2, "errors": 0}})
    assert subject.output == (
        "steps:\n1.\n  name: search\n  input: Paris\n  output:\n    hits: 2\n2.\n  name: answer\n\n"
        "statistics:\nturns: 2\nerrors: 0"
    )


def test_a_trace_keeps_its_output_and_gets_its_story_as_messages() -> None:
    subject = subject_of({"input": "q", "output": "a", "spans": [{"name": "llm"}], "steps": "one\ntwo"})
    assert subject.output == "a"
    assert [(message.role, message.text) for message in subject.messages] == [
        ("steps", "one\ntwo"),
        ("spans", "1.\n  name: llm"),
    ]


def test_records_nested_without_end_are_written_out() -> None:
    deep: Any = "end"
    for _ in range(500):
        deep = {"in": deep}
    assert "in:" in (subject_of({"steps": deep}).output or "")
