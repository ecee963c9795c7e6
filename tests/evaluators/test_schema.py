"""The JSON schema for editors agrees with the reader."""
# ruff: noqa: E501 - an expected message stands in one line

import json
from pathlib import Path
from typing import Any

import jsonschema
import msgspec
import pytest
import yaml

from spanjudge.evaluators import gallery
from spanjudge.evaluators.acceptance import Acceptance
from spanjudge.evaluators.answer_format import Anchor, Boolean, Category, Label, Score
from spanjudge.evaluators.evaluator import Evaluator, Prompt, Rule, Scope, VerdictLabels
from spanjudge.evaluators.file import editor_schema
from spanjudge.evaluators.schema import document
from tests.evaluators.test_file import WHOLE

SCHEMA = editor_schema()
DOCS = Path(__file__).parents[2] / "docs/evaluator.schema.json"


def errors(text: str) -> list[str]:
    try:
        jsonschema.validate(yaml.safe_load(text), SCHEMA)
    except jsonschema.ValidationError as error:
        return [error.message]
    return []


def test_the_file_in_the_documentation_is_the_one_the_code_builds() -> None:
    assert DOCS.read_text(encoding="utf-8") == document(), (
        "python -m spanjudge.evaluators.schema > docs/evaluator.schema.json"
    )
    assert json.loads(document()) == SCHEMA


def test_it_is_a_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("section", ["scorers", "metrics", "templates"])
def test_the_gallery_fits(section: str) -> None:
    for name in getattr(gallery, section)():
        assert errors(gallery.text(section, name)) == []


def test_the_example_of_every_field_fits() -> None:
    assert errors(WHOLE) == []


@pytest.mark.parametrize(
    "text",
    [
        "rubric: x\nanswer: {type: boolean}",
        "name: n\nanswer: {type: boolean}",
        "name: n\nrubric: x\nprompt: {user: '{{span.input}}'}\nanswer: {type: boolean}",
        "name: 1n\nrubric: x\nanswer: {type: boolean}",
        "name: n\nrubric: x\nanswer: {type: bool}",
        "name: n\nrubric: x\nanswer: {type: boolean}\nneds: [input]",
        "name: n\nrubric: x\nanswer: {type: boolean}\nneeds: [inputs]",
        "name: n\nrubric: x\nanswer: {type: boolean, min: 0}",
        "name: n\nrubric: x\nanswer: {type: category, labels: [{name: a}]}",
        "name: n\nrubric: x\nanswer: {type: category, labels: [{name: yes}, {name: no}]}",
        "name: n\nrubric: x\nanswer: {type: boolean}\nacceptance: {min: 0}",
        "name: n\nrubric: x\nanswer: {type: score}\nacceptance: {pass_when: true}",
        "name: n\nrubric: x\nanswer: {type: score}\nacceptance: {}",
        "name: n\nrubric: x\nanswer: {type: boolean}\nscope: {sampling: 101}",
        "name: n\nrubric: x\nanswer: {type: boolean}\nscope: {rules: [{attribute: a, operator: exists, value: 1}]}",
        "name: n\nrubric: x\nanswer: {type: boolean}\nscope: {rules: [{attribute: a, operator: in, value: b}]}",
        "name: n\nrubric: x\nanswer: {type: boolean}\nscope: {rules: [{attribute: a, operator: equals}]}",
        "name: n\nrubric: x\nanswer: {type: category, labels: [{name: a}, {name: b}]}\nlabels: {pass: a, fail: b}",
        "name: n\nrubric: x\nbrief: ''\nanswer: {type: boolean}",
        "name: n\nbrief: x\nprompt: {user: '{{span.input}}'}\nanswer: {type: boolean}",
    ],
)
def test_what_the_reader_refuses_is_marked(text: str) -> None:
    assert errors(text)


def test_it_names_exactly_the_fields_of_the_code() -> None:
    properties: dict[str, Any] = SCHEMA["properties"]
    answers = properties["answer"]["oneOf"]
    places: list[tuple[type[msgspec.Struct], dict[str, Any]]] = [
        (Evaluator, SCHEMA),
        (Scope, properties["scope"]),
        (Rule, properties["scope"]["properties"]["rules"]["items"]),
        (Prompt, properties["prompt"]),
        (Category, answers[0]),
        (Label, answers[0]["properties"]["labels"]["items"]),
        (Boolean, answers[1]),
        (Score, answers[2]),
        (Anchor, answers[2]["properties"]["anchors"]["items"]),
        (Acceptance, properties["acceptance"]),
        (VerdictLabels, properties["labels"]),
    ]
    for struct, schema in places:
        fields = msgspec.structs.fields(struct)
        assert set(schema["properties"]) - {"type"} == {field.encode_name for field in fields}
        required = {field.encode_name for field in fields if field.required}
        assert set(schema.get("required", ())) - {"type"} == required
        described = [field for field in schema["properties"].values() if "const" not in field]
        assert all(field.get("description") for field in described), "an editor shows a help for every field"
