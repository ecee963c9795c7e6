"""A JSON schema as a plan: what is fixed, what is picked from a closed set, what is written freely.

Generating token by token, a small model spends a third of its time on braces, property names and quotes that
the schema has already decided. A plan writes these itself and asks the model for the rest only; the
answer fits the schema by construction.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from spanjudge.judging.models.model import JudgeModelError

TEXT_LIMIT = 600
"""Characters of a text the schema does not bound: a small model may never end by itself."""

_MOST_ITEMS = 8
_CLOSED_RANGE = 101
_CHARACTER = r'([^"\\\x7F\x00-\x1F] | "\\" (["\\/bfnrt] | "u" [0-9a-fA-F]{4}))'


class Fixed(msgspec.Struct, frozen=True):
    """Text that is certain: braces, names, commas."""

    text: str


class Text(msgspec.Struct, frozen=True):
    """A text of at most `limit` characters, between the quotes the fixed parts hold."""

    limit: int


class Pick(msgspec.Struct, frozen=True):
    """One of a closed set, as JSON spells it after the opening quote: `yes"`, `true`, `0.5`."""

    path: tuple[str, ...]
    choices: tuple[str, ...]


class Free(msgspec.Struct, frozen=True):
    """A value with inner structure (a list, an open number), described by a grammar rule in GBNF."""

    rule: str


Step = Fixed | Text | Pick | Free


def plan(schema: Mapping[str, Any]) -> tuple[Step, ...]:
    """The steps that spell an object of this schema, neighbouring fixed parts joined.

    Raises `JudgeModelError` (`judge_answer_invalid`) for a schema outside the common subset.
    """
    steps: list[Step] = []
    for step in _steps(schema, ()):
        if isinstance(step, Fixed) and steps and isinstance(last := steps[-1], Fixed):
            steps[-1] = Fixed(last.text + step.text)
        else:
            steps.append(step)
    return tuple(steps)


def _steps(schema: Mapping[str, Any], path: tuple[str, ...]) -> Iterator[Step]:
    choices = _choices(schema)
    if choices is not None:
        yield from _pick(choices, path)
        return
    match schema.get("type"):
        case "object":
            opening = "{"
            for name, value in schema.get("properties", {}).items():
                yield Fixed(f"{opening}{_json(name)}: ")
                yield from _steps(value, (*path, name))
                opening = ", "
            yield Fixed("{}" if opening == "{" else "}")
        case "string":
            yield Fixed('"')
            yield Text(min(int(schema.get("maxLength", TEXT_LIMIT)), TEXT_LIMIT))
            yield Fixed('"')
        case _:
            yield Free(_rule(schema))


def _pick(choices: tuple[Any, ...], path: tuple[str, ...]) -> Iterator[Step]:
    if len(choices) == 1:
        yield Fixed(_json(choices[0]))
        return
    spelled = tuple(_json(choice) for choice in choices)
    if all(isinstance(choice, str) for choice in choices):
        yield Fixed('"')
        spelled = tuple(text[1:] for text in spelled)
    yield Pick(path, spelled)


def _choices(schema: Mapping[str, Any]) -> tuple[Any, ...] | None:
    """The closed set of values, if it is one; a short range of whole numbers is."""
    if "enum" in schema:
        return tuple(schema["enum"])
    if "const" in schema:
        return (schema["const"],)
    match schema.get("type"):
        case "boolean":
            return (True, False)
        case "null":
            return (None,)
        case "integer" if "minimum" in schema and "maximum" in schema:
            numbers = range(int(schema["minimum"]), int(schema["maximum"]) + 1)
            return tuple(numbers) if len(numbers) <= _CLOSED_RANGE else None
        case _:
            return None


def _rule(schema: Mapping[str, Any]) -> str:
    """The schema as one GBNF expression with the plan's own spacing."""
    choices = _choices(schema)
    if choices is not None:
        return "(" + " | ".join(_literal(_json(choice)) for choice in choices) + ")"
    match schema.get("type"):
        case "object":
            parts = [
                f"{_literal(_json(name) + ': ')} {_rule(value)}"
                for name, value in schema.get("properties", {}).items()
            ]
            return f'"{{" {_literal(", ").join(f" {part} " for part in parts)} "}}"'
        case "array":
            return _list(schema)
        case "string":
            limit = min(int(schema.get("maxLength", TEXT_LIMIT)), TEXT_LIMIT)
            return rf'"\"" {_CHARACTER}{{0,{limit}}} "\""'
        case "integer":
            return '("-"? ("0" | [1-9] [0-9]{0,8}))'
        case "number":
            return '("-"? ("0" | [1-9] [0-9]{0,8}) ("." [0-9]{1,4})?)'
        case other:
            raise JudgeModelError(
                "judge_answer_invalid", f"the embedded judge cannot answer a schema of type {other!r}"
            )


def _list(schema: Mapping[str, Any]) -> str:
    item = _rule(schema.get("items", {"type": "string"}))
    least = int(schema.get("minItems", 0))
    most = max(least, min(int(schema.get("maxItems", _MOST_ITEMS)), _MOST_ITEMS))
    more = rf"({_literal(', ')} {item}){{{max(least - 1, 0)},{max(most - 1, 0)}}}"
    filled = f"{item} {more}" if most > 1 else item
    return f'"[" {filled} "]"' if least else f'"[" ({filled})? "]"'


def _literal(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def _json(value: Any) -> str:
    """JSON with every character spelled out, as a model writes it."""
    return msgspec.json.encode(value).decode()


def grammar_of(choices: tuple[str, ...]) -> str:
    """A grammar that lets one of these texts through."""
    return "root ::= " + " | ".join(_literal(choice) for choice in choices)


def grammar_before(rule: str, following: str) -> str:
    """A grammar for a value and the fixed text behind it, so that a token may span both."""
    return f"root ::= {rule} {_literal(following)}"
