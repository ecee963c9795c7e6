"""The operators of rules, on values as spans carry them.

Values are compared as people mean them: a text that spells a number equals the number, `true` equals the
text "true"; `true` is never 1, and two texts are equal only when every letter is. An attribute that is absent
equals the empty text; so do an empty list and an empty map. A list equals its only element; `contains` and
`in` look at its elements, and so do the operators on texts. A map is read as its JSON text; `contains` also
knows its keys. An operator that says *not* holds wherever its opposite does not, so also where there is no
attribute.
"""

import math
import operator as operator_of
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

from spanjudge.evaluators.evaluator import Operator
from spanjudge.evaluators.pattern import searcher
from spanjudge.spans.parts import as_json

Test = Callable[[Any], bool]

_NUMBER = re.compile(r"[+-]?(?:\d{1,40}(?:\.\d{0,40})?|\.\d{1,40})(?:[eE][+-]?\d{1,3})?", re.ASCII)


def condition(operator: Operator, wanted: Any) -> Test:
    """What tells whether a value (`None`: there is none) satisfies a rule.

    Raises `EvaluatorError` for a regular expression that is none, `MissingExtraError` where expressions
    cannot be used.
    """
    opposite = _OPPOSITES.get(operator)
    if opposite is not None:
        holds = _CONDITIONS[opposite](wanted)
        return lambda value: not holds(value)
    return _CONDITIONS[operator](wanted)


def is_empty(value: Any) -> bool:
    """Whether there is nothing: no attribute, an empty text, list or map."""
    return value is None or (isinstance(value, str | bytes | list | tuple | Mapping) and not value)


def text_of(value: Any) -> str:
    """A value as text: numbers as they are written, `true`, lists and maps as JSON."""
    if isinstance(value, str):
        return value
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:  # noqa: PLR2004  whole and exact
        return str(int(value))
    return as_json(value, indent=None)


def _equals(wanted: Any) -> Test:
    if wanted == "":
        return is_empty
    return lambda value: _same(value, wanted)


def _same(value: Any, wanted: Any) -> bool:
    """Whether two values mean the same; a list is the same as its only element."""
    if isinstance(value, str) and isinstance(wanted, str):
        return value == wanted
    if value is None:
        return False
    if isinstance(value, list | tuple):
        items = cast("Sequence[Any]", value)
        return len(items) == 1 and _same(items[0], wanted)
    if isinstance(value, bool) or isinstance(wanted, bool):
        return _truth(value) is not None and _truth(value) == _truth(wanted)
    if isinstance(value, int | float) or isinstance(wanted, int | float):
        held, limit = _number(value), _number(wanted)
        return held is not None and held == limit
    return text_of(value) == text_of(wanted)


def _truth(value: Any) -> bool | None:
    if isinstance(value, bool):
        return value
    return {"true": True, "false": False}.get(value.lower()) if isinstance(value, str) else None


def _number(value: Any) -> int | float | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if not isinstance(value, str) or not _NUMBER.fullmatch(value.strip()):
        return None
    text = value.strip()
    return int(text) if text.lstrip("+-").isdecimal() else float(text)


def _contains(wanted: Any) -> Test:
    part = text_of(wanted)

    def holds(value: Any) -> bool:
        if isinstance(value, str):
            return part in value
        if value is None:
            return False
        if isinstance(value, list | tuple):
            return any(_same(item, wanted) for item in cast("Sequence[Any]", value))
        if isinstance(value, Mapping) and part in value:
            return True
        return part in text_of(value)

    return holds


def _among(wanted: Any) -> Test:
    choices = tuple(cast("Sequence[Any]", wanted)) if isinstance(wanted, list | tuple) else (wanted,)
    texts = frozenset(choice for choice in choices if isinstance(choice, str))
    others = len(texts) < len(set(map(repr, choices)))

    def one(value: Any) -> bool:
        if isinstance(value, str) and (value in texts or not others):
            return value in texts
        return any(_same(value, choice) for choice in choices)

    def holds(value: Any) -> bool:
        if is_empty(value):
            return "" in texts
        if isinstance(value, list | tuple):
            return any(one(item) for item in cast("Sequence[Any]", value))
        return one(value)

    return holds


def _ordered(wanted: Any, compare: Callable[[int | float, int | float], bool]) -> Test:
    limit = _number(wanted)

    def holds(value: Any) -> bool:
        held = _number(value)
        return held is not None and limit is not None and compare(held, limit)

    return holds


def _on_text(found: Callable[[str], bool]) -> Test:
    def holds(value: Any) -> bool:
        if isinstance(value, str):
            return found(value)
        if value is None:
            return False
        if isinstance(value, list | tuple):
            return any(found(text_of(item)) for item in cast("Sequence[Any]", value))
        return found(text_of(value))

    return holds


_CONDITIONS: dict[Operator, Callable[[Any], Test]] = {
    "equals": _equals,
    "contains": _contains,
    "not_exists": lambda _: is_empty,
    "in": _among,
    "starts_with": lambda wanted: _on_text(lambda text: text.startswith(str(wanted))),
    "ends_with": lambda wanted: _on_text(lambda text: text.endswith(str(wanted))),
    "matches": lambda wanted: _on_text(searcher(str(wanted))),
    "greater": lambda wanted: _ordered(wanted, operator_of.gt),
    "less": lambda wanted: _ordered(wanted, operator_of.lt),
}
_OPPOSITES: dict[Operator, Operator] = {
    "not_equals": "equals",
    "not_contains": "contains",
    "exists": "not_exists",
    "not_in": "in",
}
