"""The JSON schema (draft 2020-12) of the evaluator file, for editors: completion, help and red lines.

`python -m spanjudge.evaluators.schema > docs/evaluator.schema.json` writes the copy in the documentation.
The reader (`shape.py`, `validation.py`) is stricter: what refers to other fields is beyond a schema.
"""

import sys
from typing import Any, get_args

import msgspec

from spanjudge.evaluators.evaluator import Need, Operator
from spanjudge.evaluators.validation import (
    MAX_LABEL_CHARS,
    MAX_LABELS,
    MIN_LABELS,
    NAME_PATTERN,
    VARIABLE_PATTERN,
)

_NO_VALUE = ["exists", "not_exists"]
_LISTS = ["in", "not_in"]


def build() -> dict[str, Any]:
    """The schema as a new dictionary."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Spanjudge evaluator",
        "description": "What is asked about a span, trace or session, and how it is answered.",
        **_object(
            {
                "name": _text("Unique name; the score's name.", pattern=NAME_PATTERN),
                "description": _text("One line that says what is asked; the judge reads it too."),
                "target": _words("What is judged.", ["span", "trace", "session"], default="span"),
                "judge": _text("A judge model from the settings.", minLength=1, default="default"),
                "scope": _scope(),
                "needs": {
                    "description": "Without these the target is not judged, and says so.",
                    "type": "array",
                    "items": {"enum": [*get_args(Need)]},
                },
                "rubric": _text(
                    "Prose that tells the judge what good means; the product writes the prompt around it.",
                    minLength=1,
                ),
                "brief": _text(
                    "The rubric in a few short sentences, for a call in which a capable judge answers "
                    "several evaluators that all have one; says what the ends of the scale mean.",
                    minLength=1,
                ),
                "prompt": _prompt(),
                "variables": {
                    "description": "Names for {{…}} in a prompt, each with the span attribute's exact key.",
                    "type": "object",
                    "propertyNames": {"pattern": VARIABLE_PATTERN},
                    "additionalProperties": {"type": "string", "minLength": 1},
                },
                "answer": _answer(),
                "acceptance": _acceptance(),
                "labels": {
                    "description": "Words for the two verdicts of a score or boolean.",
                    **_object(
                        {"pass": _text("Shown for pass."), "fail": _text("Shown for fail.")}, "pass", "fail"
                    ),
                },
            },
            "name",
            "answer",
        ),
        "oneOf": [{"required": ["rubric"]}, {"required": ["prompt"]}],
        "allOf": [
            _acceptance_of("category", "pass_values"),
            _acceptance_of("boolean", "pass_when"),
            _acceptance_of("score", "min", "max"),
            {"if": _answer_is("category"), "then": {"not": {"required": ["labels"]}}},
            {"if": {"required": ["prompt"]}, "then": {"not": {"required": ["brief"]}}},
        ],
    }


def _object(properties: dict[str, Any], *required: str) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "object", "properties": properties, "additionalProperties": False}
    if required:
        schema["required"] = [*required]
    return schema


def _text(description: str, **more: Any) -> dict[str, Any]:
    return {"description": description, "type": "string", **more}


def _number(description: str, **more: Any) -> dict[str, Any]:
    return {"description": description, "type": "number", **more}


def _words(description: str, words: list[str], **more: Any) -> dict[str, Any]:
    return {"description": description, "enum": words, **more}


def _scope() -> dict[str, Any]:
    scalar = {"type": ["string", "number", "boolean"]}
    rule = _object(
        {
            "attribute": _text("The exact key of a span attribute, or parent_span_id.", minLength=1),
            "operator": _words("How the attribute is compared.", [*get_args(Operator)]),
            "value": {
                "description": 'Text, number, true or false; a list for in and not_in; "" is the empty text.',
                "anyOf": [scalar, {"type": "array", "items": scalar, "minItems": 1}],
            },
        },
        "attribute",
        "operator",
    )
    rule["if"] = {"properties": {"operator": {"enum": _NO_VALUE}}}
    rule["then"] = {"not": {"required": ["value"]}}
    rule["else"] = {
        "required": ["value"],
        "if": {"properties": {"operator": {"enum": _LISTS}}},
        "then": {"properties": {"value": {"type": "array"}}},
        "else": {"properties": {"value": scalar}},
    }
    return {
        "description": "Which targets are judged.",
        **_object(
            {
                "services": {
                    "description": "Service names; none means all.",
                    "type": "array",
                    "items": {"type": "string", "minLength": 1},
                },
                "sampling": _number("Percent of matching targets.", minimum=0, maximum=100, default=100),
                "rules": {"description": "All must hold.", "type": "array", "items": rule},
            }
        ),
    }


def _prompt() -> dict[str, Any]:
    return {
        "description": "Both templates in full, instead of a rubric. Variables: {{span.input}}, "
        '{{span.output}}, {{span.attributes["my.key"]}} and others.',
        **_object(
            {
                "system": _text("Role and criteria.", default=""),
                "user": _text("What the judge looks at; names at least one variable.", minLength=1),
            },
            "user",
        ),
    }


def _answer() -> dict[str, Any]:
    label = _object(
        {
            "name": _text("The label as it appears on results.", minLength=1, maxLength=MAX_LABEL_CHARS),
            "description": _text("One line that tells the judge when it applies."),
        },
        "name",
    )
    anchor = _object(
        {
            "value": _number("A point of the scale."),
            "description": _text("What an answer at this point looks like.", minLength=1),
        },
        "value",
        "description",
    )
    category = {
        "type": {"const": "category"},
        "labels": {
            "description": "The closed set; the judge picks one.",
            "type": "array",
            "items": label,
            "minItems": MIN_LABELS,
            "maxItems": MAX_LABELS,
        },
    }
    boolean = {
        "type": {"const": "boolean"},
        "when_true": _text("What true means."),
        "when_false": _text("What false means."),
    }
    score = {
        "type": {"const": "score"},
        "min": _number("Lowest number, included.", default=0),
        "max": _number("Highest number, included.", default=1),
        "anchors": {
            "description": "Described points, from low to high; the judge picks one.",
            "type": "array",
            "items": anchor,
            "minItems": 2,
        },
        "method": _words(
            "claims: a capable judge lists the claims of the output, and the score is the share that fails.",
            ["direct", "claims"],
            default="direct",
        ),
    }
    return {
        "description": "How the judge answers.",
        "oneOf": [_object(category, "type", "labels"), _object(boolean, "type"), _object(score, "type")],
    }


def _acceptance() -> dict[str, Any]:
    return {
        "description": "From the answer to pass or fail; without it there is no verdict.",
        **_object(
            {
                "pass_values": {
                    "description": "The labels that pass (category).",
                    "type": "array",
                    "items": {"type": "string"},
                    "minItems": 1,
                },
                "pass_when": {"description": "The value that passes (boolean).", "type": "boolean"},
                "min": _number("Lowest number that passes (score)."),
                "max": _number("Highest number that passes (score); below min the outside passes."),
            }
        ),
        "minProperties": 1,
    }


def _answer_is(kind: str) -> dict[str, Any]:
    return {
        "properties": {
            "answer": {"type": "object", "properties": {"type": {"const": kind}}, "required": ["type"]}
        }
    }


def _acceptance_of(kind: str, *fields: str) -> dict[str, Any]:
    fitting = {"propertyNames": {"enum": [*fields]}}
    return {"if": _answer_is(kind), "then": {"properties": {"acceptance": fitting}}}


def document() -> str:
    """The schema as the text of the documentation's file."""
    return msgspec.json.format(msgspec.json.encode(build()), indent=2).decode() + "\n"


if __name__ == "__main__":
    sys.stdout.write(document())
