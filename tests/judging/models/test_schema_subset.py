import json
import re
from typing import Any

import pytest

from spanjudge.judging.models.schema_subset import SchemaTooDeepError, common_subset

REFUSED_SOMEWHERE = {
    "default", "title", "examples", "minimum", "maximum", "minLength", "maxLength", "minItems", "maxItems",
    "const", "oneOf", "allOf", "not", "pattern", "$ref", "$defs", "uniqueItems", "format",
}  # fmt: skip


def keywords(schema: dict[str, Any]) -> set[str]:
    return set(re.findall(r'"([$\w]+)":', json.dumps(schema)))


WILD: dict[str, Any] = {
    "title": "Verdict",
    "properties": {
        "claims": {
            "type": "array",
            "minItems": 1,
            "uniqueItems": True,
            "items": {"$ref": "#/$defs/Claim"},
        },
        "score": {"type": "number", "description": "How good.", "minimum": 0, "maximum": 1, "default": 0},
        "kind": {"const": "verdict"},
        "quote": {"type": ["string", "null"], "description": "Word by word.", "maxLength": 80},
        "either": {"oneOf": [{"type": "string", "pattern": "^a"}, {"type": "integer"}]},
    },
    "required": ["score"],
    "$defs": {"Claim": {"type": "object", "properties": {"text": {"type": "string", "format": "uri"}}}},
}


def test_only_words_every_provider_takes_are_left() -> None:
    assert keywords(common_subset(WILD)) & REFUSED_SOMEWHERE == set()


def test_objects_are_closed_and_everything_is_required_in_its_order() -> None:
    schema = common_subset(WILD)
    assert schema["type"] == "object"
    assert schema["required"] == ["claims", "score", "kind", "quote", "either"]
    assert schema["additionalProperties"] is False
    claim = schema["properties"]["claims"]["items"]
    assert claim == {
        "type": "object",
        "properties": {"text": {"type": "string"}},
        "required": ["text"],
        "additionalProperties": False,
    }


def test_what_a_keyword_said_is_said_in_words() -> None:
    properties = common_subset(WILD)["properties"]
    assert properties["score"] == {"type": "number", "description": "How good. (at least 0, at most 1)"}
    assert properties["claims"]["description"] == "at least 1 items"
    assert properties["kind"] == {"enum": ["verdict"]}


def test_unions_become_any_of() -> None:
    properties = common_subset(WILD)["properties"]
    assert [part["type"] for part in properties["quote"]["anyOf"]] == ["string", "null"]
    assert properties["quote"]["description"].startswith("Word by word.")
    assert properties["either"] == {"anyOf": [{"type": "string"}, {"type": "integer"}]}


def test_a_schema_of_the_subset_stays_as_it_is() -> None:
    once = common_subset(WILD)
    assert common_subset(once) == once


def test_a_schema_that_refers_to_itself_is_an_error_and_no_endless_walk() -> None:
    node: dict[str, Any] = {"type": "object", "properties": {"next": {"$ref": "#/$defs/Node"}}}
    with pytest.raises(SchemaTooDeepError, match="refers to itself"):
        common_subset({"$ref": "#/$defs/Node", "$defs": {"Node": node}})
