"""The part of a judge's answer that belongs to one criterion: how it is asked for and how it is read.

A form comes from an evaluator's answer format. Its properties stand in the schema in the order in which they
are to be written: the explanation first.
"""

import math
import re
import unicodedata
from functools import cached_property
from typing import Any, Protocol, cast

import msgspec

from spanjudge.evaluators.answer_format import AnswerFormat, Boolean, Category, Score

Value = bool | str | float

EXPLANATION = {
    "type": "string",
    "description": "One to three short sentences that name the evidence which decides.",
}
_CLEAN_NUMBER = re.compile(r"[+-]?\d{1,15}(\.\d{1,15})?", re.ASCII)
_TRUE, _FALSE = frozenset({"true", "yes"}), frozenset({"false", "no"})
_SHOWN = 80


class AnswerProblemError(ValueError):
    """What is wrong with an answer, in words the judge can be told; quotes at most 80 characters of it."""


class Form(Protocol):
    """How one criterion is answered. `key` is the property that holds the value."""

    @property
    def key(self) -> str:
        """The property that holds the value."""
        ...

    @property
    def properties(self) -> dict[str, Any]:
        """JSON schema of every property but the explanation."""
        ...

    @property
    def choices(self) -> dict[str, Value]:
        """The closed set as it is spelled in JSON, with the value of each; empty when it is not closed."""
        ...

    def words(self) -> str:
        """What may be answered, for the prompt."""
        ...

    def read(self, raw: object) -> Value:
        """The value; raises `AnswerProblemError` when it does not fit."""
        ...


class LabelForm(msgspec.Struct, frozen=True, dict=True):
    """One label of a closed set."""

    format: Category
    key: str = "label"

    @property
    def properties(self) -> dict[str, Any]:
        """See `Form`."""
        return {"label": {"type": "string", "enum": [label.name for label in self.format.labels]}}

    @property
    def choices(self) -> dict[str, Value]:
        """See `Form`."""
        return {_json(label.name): label.name for label in self.format.labels}

    def words(self) -> str:
        """See `Form`."""
        lines = (
            f"- {_json(label.name)}{f': {label.description}' if label.description else ''}"
            for label in self.format.labels
        )
        return "Labels:\n" + "\n".join(lines)

    def read(self, raw: object) -> Value:
        """Exact, or but for case, white space and the like when that leaves one label."""
        names = [label.name for label in self.format.labels]
        text = str(raw) if isinstance(raw, int) and not isinstance(raw, bool) else raw
        if isinstance(text, str):
            if text in names:
                return text
            near = [name for name in names if _folded(name) == _folded(text)]
            if len(near) == 1:
                return near[0]
        raise AnswerProblemError(f'"label" is {shown(raw)} and must be one of {", ".join(map(_json, names))}')


class BooleanForm(msgspec.Struct, frozen=True):
    """True or false."""

    format: Boolean
    key: str = "value"

    @property
    def properties(self) -> dict[str, Any]:
        """See `Form`."""
        return {"value": {"type": "boolean"}}

    @property
    def choices(self) -> dict[str, Value]:
        """See `Form`."""
        return {"true": True, "false": False}

    def words(self) -> str:
        """See `Form`."""
        yes, no = self.format.when_true, self.format.when_false
        return (
            "Values:\n"
            f"- true: {yes or 'the criterion is met'}\n"
            f"- false: {no or ('anything else' if yes else 'the criterion is not met')}"
        )

    def read(self, raw: object) -> Value:
        """A JSON boolean, or exactly the word."""
        if isinstance(raw, bool):
            return raw
        word = raw.strip().casefold() if isinstance(raw, str) else ""
        if word in _TRUE or word in _FALSE:
            return word in _TRUE
        raise AnswerProblemError(f'"value" is {shown(raw)} and must be true or false')


class NumberForm(msgspec.Struct, frozen=True):
    """A number in a range."""

    format: Score
    key: str = "score"

    @property
    def properties(self) -> dict[str, Any]:
        """The range stands in the description: not every provider takes `minimum` and `maximum`."""
        return {"score": {"type": "number", "description": self.range}}

    @property
    def choices(self) -> dict[str, Value]:
        """See `Form`."""
        return {}

    def words(self) -> str:
        """See `Form`."""
        return f"Score: {self.range}"

    def read(self, raw: object) -> Value:
        """A finite number in the range; a clean number in a text counts."""
        number = _number(raw)
        if number is None or not self.format.min <= number <= self.format.max:
            raise AnswerProblemError(f'"score" is {shown(raw)} and must be {self.range}')
        return number + 0.0  # no negative zero

    @property
    def range(self) -> str:
        """The range in words."""
        return f"a number from {self.format.min:g} to {self.format.max:g}, both included"


class LevelForm(msgspec.Struct, frozen=True, dict=True):
    """One of the described points of a scale, asked for by its number as a text: a closed set."""

    format: Score
    key: str = "score"

    @property
    def properties(self) -> dict[str, Any]:
        """See `Form`."""
        return {"score": {"type": "string", "enum": [f"{a.value:g}" for a in self.format.anchors]}}

    @property
    def choices(self) -> dict[str, Value]:
        """See `Form`."""
        return {_json(f"{a.value:g}"): float(a.value) for a in self.format.anchors}

    def words(self) -> str:
        """See `Form`."""
        lines = (f'- "{a.value:g}": {a.description}' for a in self.format.anchors)
        return "Scores:\n" + "\n".join(lines)

    def read(self, raw: object) -> Value:
        """The number of an anchor, as text or as number."""
        if isinstance(raw, str):
            known = self._values.get(raw)
            if known is not None:
                return known
        number = _number(raw)
        for anchor in self.format.anchors:
            if number is not None and math.isclose(number, anchor.value, rel_tol=1e-9, abs_tol=1e-9):
                return float(anchor.value)
        levels = ", ".join(f'"{a.value:g}"' for a in self.format.anchors)
        raise AnswerProblemError(f'"score" is {shown(raw)} and must be one of {levels}')

    @cached_property
    def _values(self) -> dict[str, float]:
        """By the very text that was asked for, which is what nearly every judge gives."""
        return {f"{a.value:g}": float(a.value) for a in self.format.anchors}


def form_of(answer: AnswerFormat) -> Form:
    """The form of an answer format; a score that is counted from claims is asked by its anchors here."""
    match answer:
        case Category():
            return LabelForm(answer)
        case Boolean():
            return BooleanForm(answer)
        case Score(anchors=()):
            return NumberForm(answer)
        case Score():
            return LevelForm(answer)


def shown(raw: object) -> str:
    """A piece of the judge's own answer, short enough to be told."""
    try:
        text = msgspec.json.encode(raw).decode()
    except (TypeError, ValueError, RecursionError):
        text = type(raw).__name__
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"


def _json(text: str) -> str:
    return msgspec.json.encode(text).decode()


def _folded(text: str) -> str:
    """Without case, surrounding quotes and stops, and differences of white space, hyphen and underscore."""
    plain = unicodedata.normalize("NFKC", text).casefold().strip(" \t\r\n\"'`.*“”„")
    return " ".join(re.split(r"[\s_-]+", plain))


def _number(raw: object) -> float | None:
    if isinstance(raw, str) and _CLEAN_NUMBER.fullmatch(raw.strip()):
        return float(raw.strip())
    if isinstance(raw, bool) or not isinstance(raw, int | float):
        return None
    try:
        number = float(cast("float", raw))
    except OverflowError:
        return None
    return number if math.isfinite(number) else None
