"""Rows of data sets, however they are written."""

import json
from pathlib import Path
from typing import Any

import pytest

from spanjudge.cli.offline.item import FileError, Item
from spanjudge.cli.offline.rows import items, read
from spanjudge.evaluators import gallery

TOXICITY = gallery.scorers()["toxicity"]


def rows(path: Path, text: str, name: str = "rows.jsonl") -> list[Item]:
    file = path / name
    file.write_text(text, encoding="utf-8")
    found = read(file)
    assert found is not None
    return items(found, [TOXICITY])


def one(path: Path, **fields: Any) -> Item:
    return rows(path, json.dumps(fields))[0]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.jsonl", '{"input": "q", "output": "a"}\n\n{"input": "q", "output": "b"}\n'),
        ("a.json", '[{"input": "q", "output": "a"},\n {"input": "q", "output": "b"}]'),
        ("a.csv", '\ufeffinput,output\nq,a\n"q",b\n'),
    ],
)
def test_json_lines_a_list_and_csv_say_the_same(name: str, text: str, tmp_path: Path) -> None:
    found = rows(tmp_path, text, name)
    assert [(item.name, item.subject.input, item.subject.output) for item in found] == [
        ("1", "q", "a"),
        ("2", "q", "b"),
    ]
    assert found[0].evaluators == (TOXICITY,)


def test_everything_a_judge_can_see(tmp_path: Path) -> None:
    item = one(
        tmp_path,
        id="x-1",
        input="And tomorrow?",
        output="Rain.",
        messages=[{"role": "user", "content": "Weather?"}, {"role": "assistant", "content": "Sun."}],
        context=["first", {"content": "second", "id": "d2", "score": 0.5}],
        expected="Rain.",
        system_prompt="Be short.",
        tools=[{"type": "function", "function": {"name": "look", "parameters": {"type": "object"}}}],
        tool_calls=[{"id": "1", "function": {"name": "look", "arguments": '{"day": 1}'}}],
        model="m",
        provider="p",
        service="weather",
        attributes={"tenant": "t"},
    )
    subject = item.subject
    assert (item.name, item.service) == ("x-1", "weather")
    assert [message.text for message in subject.messages] == ["Weather?", "Sun."]
    assert [document.content for document in subject.context] == ["first", "second"]
    assert (subject.expected, subject.system_prompt) == ("Rain.", "Be short.")
    assert subject.tools[0].name == "look"
    assert subject.tool_calls[0].arguments == {"day": 1}
    assert (subject.model, subject.provider, subject.attributes["tenant"]) == ("m", "p", "t")


def test_an_empty_output_is_one_and_a_missing_one_is_none(tmp_path: Path) -> None:
    assert one(tmp_path, input="q", output=" ").subject.output == " "
    assert one(tmp_path, input="q", output=None).subject.output is None
    assert one(tmp_path, input="q").subject.output is None


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (42, "42"),
        (0.5, "0.5"),
        (False, "false"),
        ("gen_ai.request.model", "gen_ai.request.model"),
        ("output", "output"),
    ],
)
def test_what_an_operation_may_return(value: object, text: str, tmp_path: Path) -> None:
    assert one(tmp_path, input="q", output=value).subject.output == text


def test_the_span_a_row_was_made_from(tmp_path: Path) -> None:
    trace, span = "0af7651916cd43dd8448eb211c80319c", "B7AD6B7169203331"
    target = one(tmp_path, input="q", output="a", trace_id=trace, span_id=span).target
    assert (target.trace_id, target.span_id) == (trace, span.lower())
    with pytest.raises(FileError, match="“span_id” must be 16 hexadecimal digits"):
        one(tmp_path, input="q", output="a", trace_id=trace, span_id="7")


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("a.jsonl", '{"input": "q"}\n{"input": \n', "a.jsonl:2: is no JSON"),
        ("a.jsonl", '{"input": "q"}\n[1]\n', "a.jsonl:2: expected a row"),
        ("a.jsonl", '{"question": "q"}', "a.jsonl:1: holds question; a row needs “input” or “output”"),
        (
            "a.jsonl",
            '{"id": 1, "input": "q"}\n{"id": "1", "input": "q"}',
            "a.jsonl:2: the id “1” stands there twice",
        ),
        ("a.jsonl", '{"input": "q", "attributes": 1}', "a.jsonl:1: “attributes” must be an object"),
        ("a.csv", "input,output\na,b,c\n", "a.csv:2: has more cells"),
    ],
)
def test_bad_rows_are_told_with_their_line(name: str, text: str, told: str, tmp_path: Path) -> None:
    with pytest.raises(FileError) as caught:
        rows(tmp_path, text, name)
    assert str(caught.value).startswith(f"{tmp_path}/{told}")


def test_other_files_are_left_to_others(tmp_path: Path) -> None:
    for content in ('{"resourceSpans": []}', '{"resourceLogs": []}\n{"resourceSpans": []}', "\x0a\x05"):
        (tmp_path / "f").write_text(content, encoding="utf-8")
        assert read(tmp_path / "f") is None
    with pytest.raises(FileError, match="cannot be read"):
        read(tmp_path / "gone")


def test_results_are_named_by_their_content(tmp_path: Path) -> None:
    first, again, other = (
        one(tmp_path, input="q", output="a"),
        one(tmp_path, input="q", output="a"),
        one(tmp_path, input="q", output="b"),
    )
    assert first.result_id(TOXICITY) == again.result_id(TOXICITY) != other.result_id(TOXICITY)
