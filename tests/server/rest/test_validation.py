"""What is wrong with a definition, beside its field, whatever is sent; and its YAML."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from spanjudge.evaluators import gallery
from spanjudge.evaluators.evaluator import Evaluator
from spanjudge.evaluators.file import load_text
from spanjudge.server.rest.evaluators.checking import formatted, parsed
from spanjudge.server.rest.evaluators.definitions import definition_of, evaluator_of, problems, validated
from spanjudge.server.rest.parts import Facts
from spanjudge.server.rest.shapes.evaluators import Definition, Issue
from tests.mock_judge import MockJudge
from tests.server.rest.definitions import EVALUATORS, UNFINISHED
from tests.server.rest.trying import Trying, trying

FACTS = Facts(version="1", judges=("default", "large"), file_evaluators=frozenset({"kept"}))
GOOD: dict[str, Any] = {"name": "good", "rubric": "true when good", "answer": {"type": "boolean"}}
TEN_MEGABYTES = 10_000_000

often = settings(
    max_examples=100,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
)


@pytest.fixture
async def server(tmp_path: Path, mock_judge: MockJudge) -> AsyncIterator[Trying]:
    async with trying(tmp_path, mock_judge) as server:
        yield server


def told(fields: dict[str, Any]) -> dict[str, str]:
    """What is said about a definition, by field."""
    issues = validated(Definition.model_validate(fields), FACTS).issues
    return {one.field: one.message for one in issues}


@often
@given(EVALUATORS)
def test_an_evaluator_goes_out_and_comes_back_the_same(evaluator: Evaluator) -> None:
    definition = definition_of(evaluator)
    sent = json.loads(definition.model_dump_json(by_alias=True))
    back = evaluator_of(Definition.model_validate(sent))
    assert back == evaluator
    assert back.version == evaluator.version
    assert definition_of(back) == definition


@often
@given(UNFINISHED)
@example({"scope": {"rules": [{"attribute": "kind", "operator": "in", "value": [{"a": [1]}]}]}})
@example({"scope": {"rules": [{"attribute": "n", "operator": "greater", "value": float("nan")}]}})
def test_whatever_is_unfinished_is_looked_at(fields: dict[str, Any]) -> None:
    try:
        definition = Definition.model_validate(fields)
    except ValidationError:
        return  # texts that UTF-8 cannot carry are refused before
    found = validated(definition, FACTS)
    found.model_dump_json()
    errors = [one for one in found.issues if one.severity == "error"]
    assert (found.version is None) == bool(errors)
    for issue in found.issues:
        assert issue.message
        assert issue.field
    written = formatted(definition, FACTS)
    assert written.issues == found.issues
    if not errors:
        assert load_text(written.yaml) == evaluator_of(definition)
        again = parsed(written.yaml, FACTS)
        assert again.definition is not None
        assert evaluator_of(again.definition).version == found.version


@often
@given(st.text(max_size=40) | st.text("{}[]:-,|>&*!'\"#\n \\abudn0", max_size=40))
@example('name: "\\ud800"\nrubric: r\nanswer: {type: boolean}')
@example('name: n\nrubric: "a\\0b"\nanswer: {type: boolean}')
@example("name: \ud800")
@example("a: " + "[" * 100)
def test_whatever_text_is_read(text: str) -> None:
    found = parsed(text, FACTS)
    found.model_dump_json()
    assert found.definition is not None or found.issues


def test_everything_of_the_gallery_is_good() -> None:
    for evaluator in [
        *gallery.templates().values(),
        *gallery.metrics().values(),
        *gallery.scorers().values(),
    ]:
        found = validated(definition_of(evaluator), FACTS)
        assert (found.issues, found.version) == ([], evaluator.version)


def test_an_empty_form_says_field_by_field_what_is_missing() -> None:
    assert told({}) == {
        "name": "is empty; write a letter first, then letters, digits, _ or -, at most 200 in all",
        "rubric": "is empty; tell the judge in prose what good means, or write a prompt instead",
        "answer.labels": "holds 0; write 2 to 50 labels",
    }


def test_each_fault_stands_beside_its_field() -> None:
    labels = [{"name": "A"}, {"name": "B"}, {"name": "A"}, {"name": ""}]
    found = told(
        GOOD
        | {
            "judge": "huge",
            "scope": {
                "services": ["shop", " "],
                "sampling": 101,
                "rules": [
                    {"attribute": "a", "operator": "matches", "value": "("},
                    {"attribute": " ", "operator": "exists"},
                ],
            },
            "rubric": "good\nwhen {{span.output}} is",
            "variables": {"1st": ""},
            "answer": {"type": "category", "labels": labels},
            "acceptance": {"pass_values": ["C"], "min": 1},
            "labels": {"pass": "Yes", "fail": "No"},
        }
    )
    assert set(found) == {
        "judge",
        "scope.services[1]",
        "scope.sampling",
        "scope.rules[0].value",
        "scope.rules[1].attribute",
        "rubric",
        "variables.1st",
        "answer.labels[2].name",
        "answer.labels[3].name",
        "acceptance.min",
        "acceptance.pass_values[0]",
        "labels",
    }
    assert "choose one of default, large" in found["judge"]
    assert found["answer.labels[3].name"].startswith("is empty")


def test_the_fields_of_another_answer_are_no_secret() -> None:
    answer = {"type": "boolean", "labels": [{"name": "A"}], "min": 0.0, "when_true": "good"}
    assert told(GOOD | {"answer": answer}) == {
        "answer.labels": "belongs to an answer of type category; remove it or change the type",
        "answer.min": "belongs to an answer of type score; remove it or change the type",
    }


def test_the_place_inside_a_prompt_is_told() -> None:
    prompt = {"system": "", "user": "Question:\n{{span.imput}}"}
    found = told(GOOD | {"rubric": None, "prompt": prompt})
    assert found["prompt.user"].startswith("line 2, column 1: {{span.imput}} is not known; did you mean")


def test_both_halves_of_a_prompt_are_looked_at() -> None:
    found = told(GOOD | {"rubric": None, "prompt": {"system": "{{nope}}", "user": " "}})
    assert set(found) == {"prompt.system", "prompt.user"}
    assert found["prompt.user"].startswith("is empty")


def test_a_label_that_is_gone_is_told_by_those_there_are() -> None:
    labels = [{"name": "A"}, {"name": "A"}, {"name": ""}]
    answer = {"type": "category", "labels": labels}
    found = told(GOOD | {"answer": answer, "acceptance": {"pass_values": ["C"]}})
    assert found["acceptance.pass_values[0]"] == "“C” is none of the labels; write one of A"


def test_doubts_are_warnings_and_stop_nothing() -> None:
    scope = {"sampling": 0, "rules": [{"attribute": "kind", "operator": "equals", "value": "clown"}]}
    definition = Definition.model_validate(GOOD | {"name": "kept", "scope": scope})
    found = validated(definition, FACTS)
    assert [(one.field, one.severity) for one in found.issues] == [
        ("scope.sampling", "warning"),
        ("scope", "warning"),
        ("name", "warning"),
    ]
    assert found.version is not None
    assert problems(definition, FACTS.judges) == []


TOO_LONG: dict[str, dict[str, Any]] = {
    "rubric": {"rubric": "r" * TEN_MEGABYTES},
    "prompt": {"rubric": None, "prompt": {"system": "", "user": "{{" * (TEN_MEGABYTES // 2)}},
    "rule": {"scope": {"rules": [{"attribute": "a", "operator": "in", "value": ["v" * 30] * 200_000}]}},
    "labels": {"answer": {"type": "category", "labels": [{}] * 200_000}},
}


@pytest.mark.parametrize("fields", TOO_LONG.values(), ids=TOO_LONG)
async def test_what_is_far_too_long_is_told_in_one_line(server: Trying, fields: dict[str, Any]) -> None:
    reply = await server.send("POST", "/evaluators", {"definition": GOOD | fields})
    assert (reply.status, reply.code) == (422, "invalid_evaluator")
    (error,) = reply.fields["errors"]
    assert error["field"].startswith(("rubric", "prompt.user", "scope.rules[0].value", "answer.labels"))
    assert "256 KiB" in error["message"]
    looked_at = await server.post("/evaluators/validate", {"definition": GOOD | fields})
    assert [one["field"] for one in looked_at["issues"]] == [error["field"]]
    assert len(reply.text) < 2_000


@pytest.mark.parametrize(
    ("fields", "field", "words"),
    [
        ({"rubrik": "r"}, "rubrik", "no such field"),
        ({"answer": {"labels": [{"nmae": "A"}]}}, "answer.labels[0].nmae", "no such field"),
        ({"answer": {"labels": [{"name": 3}]}}, "answer.labels[0].name", "must be a text"),
        ({"scope": {"rules": [{"attribute": "a", "operator": "is"}]}}, "scope.rules[0].operator", "must be"),
        ({"scope": {"sampling": "most"}}, "scope.sampling", "must be a number"),
        ({"scope": {"rules": {}}}, "scope.rules", "must be a list"),
        ({"needs": ["imput"]}, "needs[0]", "must be"),
        ({"target": "spam"}, "target", "must be"),
        ({"labels": {"passed": "P"}}, "labels.passed", "no such field"),
        ({"name": "a\0b"}, "name", "NUL"),
    ],
)
async def test_wrong_types_and_unknown_fields_are_told_by_their_path(
    server: Trying, fields: dict[str, Any], field: str, words: str
) -> None:
    reply = await server.send("POST", "/evaluators/validate", {"definition": fields})
    assert reply.status == 422
    (error,) = reply.fields["errors"]
    assert error["field"] == field
    assert words in error["message"]


def lines(issues: list[Issue]) -> list[tuple[int | None, str]]:
    return [(one.line, one.field) for one in issues]


def test_yaml_faults_have_their_lines() -> None:
    text = "name: 9\nrubric: good\nanswer:\n  type: category\n  labels:\n    - {nmae: A}\n"
    found = parsed(text, FACTS)
    assert found.definition is None
    assert lines(found.issues) == [
        (1, "name"),
        (6, "answer.labels[0].nmae"),
        (6, "answer.labels[0].name"),
    ]
    assert found.yaml == text
    assert lines(parsed("", FACTS).issues) == [(1, "")]
    assert "256 KiB" in parsed("a" * 300_000, FACTS).issues[0].message


def test_yaml_that_reads_well_may_still_be_doubted() -> None:
    text = "# why\nname: kept\nrubric: good\njudge: huge\nanswer: {type: boolean}\n"
    found = parsed(text, FACTS)
    assert found.definition is not None
    assert found.definition.judge == "huge"
    assert [(one.field, one.severity, one.line) for one in found.issues] == [
        ("judge", "error", None),
        ("name", "warning", 2),
    ]


async def test_yaml_goes_there_and_back_over_the_api(server: Trying) -> None:
    entries = (await server.get("/gallery"))["items"]
    for entry in entries:
        written = await server.post("/evaluators/format", {"definition": entry["definition"]})
        assert written["issues"] == []
        read = await server.post("/evaluators/parse", {"yaml": written["yaml"]})
        assert (read["definition"], read["issues"]) == (entry["definition"], [])
    unfinished = await server.post("/evaluators/format", {"definition": {"name": "half", "rubric": "a\nb"}})
    assert unfinished["yaml"].startswith("name: half\nrubric: |-\n  a\n  b\n")
    assert [one["field"] for one in unfinished["issues"]] == ["answer.labels"]
