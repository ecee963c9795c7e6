"""The JSON schema of an answer, and what an edited one means."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from spanjudge.evaluators import gallery
from spanjudge.evaluators.evaluator import Evaluator
from spanjudge.evaluators.problem import spell
from spanjudge.judging.compose import question
from spanjudge.server.rest.evaluators.answer_schema import SchemaProblemsError, answer_of, schema_of
from spanjudge.server.rest.evaluators.definitions import answer_of as core_answer_of
from spanjudge.server.rest.evaluators.definitions import definition_of
from spanjudge.server.rest.shapes.evaluators import Answer
from tests.mock_judge import MockJudge
from tests.server.rest.definitions import VALUES
from tests.server.rest.trying import Trying, trying

GALLERY = {
    f"{room}/{name}": evaluator
    for room, found in (
        ("templates", gallery.templates()),
        ("metrics", gallery.metrics()),
        ("scorers", gallery.scorers()),
    )
    for name, evaluator in found.items()
}
CATEGORY = Answer.model_validate(
    {
        "type": "category",
        "labels": [
            {"name": "ON", "description": "about travel"},
            {"name": "OFF", "description": "about something else"},
            {"name": "NONE", "description": "too little to tell"},
        ],
    }
)
SCALE = Answer.model_validate(
    {
        "type": "score",
        "min": 0,
        "max": 1,
        "anchors": [{"value": 0, "description": "bad"}, {"value": 1, "description": "good"}],
    }
)
BOOLEAN = Answer.model_validate({"type": "boolean", "when_true": "polite", "when_false": "rude"})
NUMBER = Answer.model_validate({"type": "score", "min": 1, "max": 5})
WHOLE = {"type": "object", "required": ["explanation", "label"], "additionalProperties": False}


def with_value(schema: dict[str, Any], **value: Any) -> dict[str, Any]:
    """The schema with another schema of its value, under the same or another name."""
    properties = {"explanation": schema["properties"]["explanation"], **value}
    return schema | {"properties": properties, "required": list(properties)}


def refused(schema: Any, known: Answer | None = None) -> dict[str, str]:
    """What is said against a schema, by the place in it."""
    with pytest.raises(SchemaProblemsError) as raised:
        answer_of(schema, known)
    return {
        spell(one.path).removeprefix("answer_schema").removeprefix("."): one.message
        for one in raised.value.problems
    }


@pytest.mark.parametrize("name", GALLERY)
def test_the_schema_is_the_one_that_is_sent_and_means_what_it_came_from(name: str) -> None:
    evaluator = GALLERY[name]
    answer = definition_of(evaluator).answer
    schema = schema_of(answer)
    assert schema == question([evaluator]).schema
    assert core_answer_of(answer_of(schema, answer)) == evaluator.answer


def test_a_number_has_its_bounds_besides() -> None:
    schema = schema_of(NUMBER)
    sent = question([Evaluator(name="n", rubric="r", answer=core_answer_of(NUMBER))]).schema
    assert schema["properties"]["score"] == sent["properties"]["score"] | {"minimum": 1, "maximum": 5}
    assert sent["properties"]["score"] == {
        "type": "number",
        "description": "a number from 1 to 5, both included",
    }
    assert answer_of(sent, NUMBER) == NUMBER
    schema["properties"]["score"]["maximum"] = 10
    assert (answer_of(schema, NUMBER).min, answer_of(schema, NUMBER).max) == (1, 10)


@pytest.mark.parametrize("answer", [CATEGORY, SCALE, BOOLEAN, NUMBER], ids=lambda one: one.type)
def test_the_schema_is_one_and_takes_what_a_judge_writes(answer: Answer) -> None:
    schema = schema_of(answer)
    jsonschema.Draft202012Validator.check_schema(schema)
    value = {"category": {"label": "ON"}, "boolean": {"value": True}}.get(answer.type)
    if value is None:
        value = {"score": "1" if answer.anchors else 1}
    jsonschema.validate({"explanation": "because", **value}, schema)


def test_descriptions_stay_with_their_labels() -> None:
    schema = schema_of(CATEGORY)
    moved = with_value(schema, label={"type": "string", "enum": ["NONE", "ON"]})
    assert [(one.name, one.description) for one in answer_of(moved, CATEGORY).labels] == [
        ("NONE", "too little to tell"),
        ("ON", "about travel"),
    ]
    renamed = with_value(schema, label={"type": "string", "enum": ["ON", "ELSEWHERE", "NONE"]})
    assert [(one.name, one.description) for one in answer_of(renamed, CATEGORY).labels] == [
        ("ON", "about travel"),
        ("ELSEWHERE", "about something else"),
        ("NONE", "too little to tell"),
    ]
    added = with_value(schema, label={"enum": ["ON", "OFF", "NONE", "BOTH"]})
    assert answer_of(added, CATEGORY).labels[3].description == ""
    assert answer_of(schema_of(BOOLEAN), BOOLEAN) == BOOLEAN


def test_descriptions_can_be_written_into_the_schema() -> None:
    one_of = [{"const": "YES", "description": "it is"}, {"const": "NO", "title": "it is not"}]
    answer = answer_of(with_value(schema_of(CATEGORY), label={"oneOf": one_of}), CATEGORY)
    assert [(one.name, one.description) for one in answer.labels] == [("YES", "it is"), ("NO", "it is not")]


@pytest.mark.parametrize(
    ("schema", "answer"),
    [
        ({"enum": ["A", "B"]}, {"type": "category", "labels": [{"name": "A"}, {"name": "B"}]}),
        ({"type": "boolean"}, {"type": "boolean"}),
        ({"enum": [True, False]}, {"type": "boolean"}),
        ({"type": "number", "minimum": 0, "maximum": 10}, {"type": "score", "min": 0, "max": 10}),
        (
            {"type": "number", "enum": [1, 2, 3]},
            {"type": "score", "min": 1, "max": 3, "anchors": [{"value": 1}, {"value": 2}, {"value": 3}]},
        ),
        (
            {"properties": {"score": {"enum": ["0", "0.5", "1"]}}},
            {"type": "score", "min": 0, "max": 1, "anchors": [{"value": 0}, {"value": 0.5}, {"value": 1}]},
        ),
        (
            {
                "$schema": "https://json-schema.org/draft/2020-12/schema",
                "title": "Verdict",
                "type": "boolean",
            },
            {"type": "boolean"},
        ),
    ],
)
def test_a_schema_of_the_value_alone_is_enough(schema: dict[str, Any], answer: dict[str, Any]) -> None:
    assert answer_of(schema) == Answer.model_validate(answer)


@pytest.mark.parametrize(
    ("schema", "place", "words"),
    [
        ({}, "", "says nothing about the value; supported are"),
        ({"type": "strin"}, "type", "did you mean “string”?"),
        ({"type": ["string", "null"]}, "type", "no type of a value"),
        ({"type": "string"}, "type", "add enum with the labels"),
        ({"type": "integer", "minimum": 1, "maximum": 5}, "type", "integer is not supported; write “number”"),
        ({"type": "number"}, "minimum", "must be a number"),
        ({"type": "number", "minimum": "0", "maximum": 1}, "minimum", "must be a number"),
        ({"type": "number", "minimum": 1, "maximum": 1}, "maximum", "must be more than min"),
        ({"type": "number", "exclusiveMinimum": 0}, "exclusiveMinimum", "did you mean"),
        ({"type": "string", "enum": ["A"]}, "enum", "holds 1; write 2 to 50 labels"),
        ({"enum": ["A", "B", "A"]}, "enum[2]", "is labels[0] already"),
        ({"enum": ["A", " "]}, "enum[1]", "no white space"),
        ({"enum": ["A", 2]}, "enum[1]", "must be a text"),
        ({"enum": "A"}, "enum", "must be a list"),
        ({"enum": [3, 1]}, "enum[1]", "sort from low to high"),
        ({"enum": ["A", "B"], "type": "number"}, "type", "does not fit"),
        ({"enumm": ["A", "B"]}, "enumm", "did you mean “enum”?"),
        ({"oneOf": [{"const": "A"}, {"cost": "B"}]}, "oneOf[1]", "must be {const: …, description: …}"),
        ({"type": "boolean", "description": "polite?"}, "description", "write it into the rubric"),
        ({"type": "object"}, "properties", "must be an object with the value in it"),
        ({"properties": []}, "properties", "must be an object"),
        ({"type": "array", "properties": {"label": {"enum": ["A", "B"]}}}, "type", "must be “object”"),
        ({"properties": {"explanation": {"type": "string"}}}, "properties", "lacks the value"),
        ({"properties": {"topic": {"enum": ["A", "B"]}}}, "properties.topic", "no name for the value"),
        ({"properties": {"label": ["A", "B"]}}, "properties.label", "must be an object"),
        ({"properties": {"label": {"type": "boolean"}}}, "properties.label", "a boolean is called “value”"),
        ({"properties": {"value": {"enum": ["A", "B"]}}}, "properties.value", "a category is called “label”"),
        (
            {"properties": {"score": {"enum": ["low", "high"]}}},
            "properties.score.enum[0]",
            "must be a number",
        ),
        (
            {"properties": {"value": {"type": "boolean"}, "mood": {"type": "string"}}},
            "properties.mood",
            "make another evaluator",
        ),
        ({"properties": {"value": {"type": "boolean"}}, "required": []}, "required", "must name value"),
        (
            {"properties": {"value": {"type": "boolean"}}, "additionalProperties": {}},
            "additionalProperties",
            "false",
        ),
        (
            {"properties": {"value": {"type": "boolean"}, "explanation": {"type": "array"}}},
            "properties.explanation",
            "always is a text",
        ),
        ({"properties": {"claims": {"type": "array"}}}, "properties.claims", "counted in code"),
    ],
)
def test_what_cannot_be_taken_is_named_with_its_place(schema: dict[str, Any], place: str, words: str) -> None:
    found = refused(schema)
    assert place in found, found
    assert words in found[place]


def test_claims_stay_as_they_are() -> None:
    answer = definition_of(GALLERY["scorers/hallucination"]).answer
    schema = schema_of(answer)
    assert "claims" in schema["properties"]
    assert answer_of(schema, answer) == answer
    schema["properties"]["claims"]["items"]["properties"]["quote"] = {"type": "integer"}
    assert list(refused(schema, answer)) == ["properties.claims"]


KEYWORDS = st.sampled_from(
    ["type", "enum", "oneOf", "properties", "required", "minimum", "maximum", "description", "const"]
)
WORDS = st.sampled_from(["object", "string", "boolean", "number", "label", "value", "score", "claims"])
SCHEMAS = st.recursive(
    VALUES | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYWORDS | WORDS, inner, max_size=4),
)


@settings(max_examples=200, deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(KEYWORDS, SCHEMAS, max_size=5), st.sampled_from([CATEGORY, SCALE, BOOLEAN, NUMBER]))
@example({"enum": [10**400, 1]}, NUMBER)
@example({"oneOf": {"const": 1}}, SCALE)
@example({"enum": [[1], [1]]}, SCALE)
@example({"enum": [[True], {}]}, SCALE)
def test_whatever_is_edited_is_taken_or_told(schema: dict[str, Any], known: Answer) -> None:
    answer, problems = None, ()
    try:
        answer = answer_of(schema, known)
    except SchemaProblemsError as error:
        problems = error.problems
    if answer is None:
        assert problems
        assert all(one.message and one.path[0] == "answer_schema" for one in problems)
    else:
        assert answer_of(schema_of(answer), answer) == answer


@pytest.fixture
async def server(tmp_path: Path, mock_judge: MockJudge) -> AsyncIterator[Trying]:
    async with trying(tmp_path, mock_judge) as server:
        yield server


async def test_both_ways_over_the_api(server: Trying) -> None:
    answer = CATEGORY.model_dump(by_alias=True)
    there = await server.post("/evaluators/schema", {"answer": answer})
    assert (there["answer"], there["answer_schema"]) == (answer, schema_of(CATEGORY))
    assert await server.post("/evaluators/schema", there) == there
    edited = with_value(there["answer_schema"], label={"enum": ["ON"]})
    reply = await server.send("POST", "/evaluators/schema", {"answer": answer, "answer_schema": edited})
    assert (reply.status, reply.code) == (422, "answer_schema")
    assert reply.fields["errors"] == [
        {"field": "answer_schema.properties.label.enum", "message": "holds 1; write 2 to 50 labels"}
    ]
    assert "stays as it was" in reply.fields["detail"]
    unfinished = await server.post("/evaluators/schema", {"answer": {"type": "category"}})
    assert unfinished["answer_schema"]["properties"]["label"]["enum"] == []
    wrong: list[dict[str, Any]] = [{}, {"answer_schema": []}, {"answer_schema": "{"}]
    for body in wrong:
        assert (await server.send("POST", "/evaluators/schema", body)).status == 422
