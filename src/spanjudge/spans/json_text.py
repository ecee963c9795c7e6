"""Attribute values that are JSON text: read leniently, once or twice encoded, and never raising."""

import json
from typing import Any, cast

import msgspec

_LONGEST = 16_000_000
"""Characters; a longer text is taken as it is."""

_LONGEST_COUNT = 15
"""Digits; a longer number counts nothing."""

_STARTS = frozenset('{[" \t\r\n')

_TIMES = 3
"""How often a value may have been encoded: as an attribute, by the framework, by its user."""


def decoded(value: object) -> object:
    """The structure a JSON text holds, or the text that a quoted one holds; any other value as it is."""
    if not isinstance(value, str) or value[:1] not in _STARTS:
        # Nearly every value is a plain text.
        return value
    for _ in range(_TIMES):
        if not isinstance(value, str) or not 2 <= len(value) <= _LONGEST:  # noqa: PLR2004 - two brackets
            break
        text = value.strip()
        if text[:1] not in ("{", "[", '"') or text[-1:] not in ("}", "]", '"'):
            break
        found = loaded(text)
        if found is None:
            break
        value = found
    return value


def as_object(value: object) -> dict[str, Any]:
    """The mapping a value is or holds as JSON; empty for anything else."""
    found = decoded(value)
    return cast("dict[str, Any]", found) if isinstance(found, dict) else {}


def as_list(value: object) -> list[Any]:
    """The list a value is or holds as JSON; empty for anything else."""
    found = decoded(value)
    if isinstance(found, tuple):
        return list(cast("tuple[Any, ...]", found))
    return cast("list[Any]", found) if isinstance(found, list) else []


def as_name(value: object) -> str | None:
    """A short text such as a model or a tool, without its JSON quotes; `None` for nothing and other kinds."""
    found = value if isinstance(value, str) and value[:1] not in _STARTS else decoded(value)
    return (found.strip() or None) if isinstance(found, str) else None


def as_count(value: object) -> int | None:
    """A number of tokens, also from text; `None` for anything that is not a whole number from 0 on."""
    found = decoded(value)
    if isinstance(found, str) and found.isascii() and found.isdecimal() and len(found) <= _LONGEST_COUNT:
        found = int(found)
    if isinstance(found, bool) or not isinstance(found, int | float):
        return None
    return int(found) if 0 <= found < 10**_LONGEST_COUNT and float(found).is_integer() else None


def as_text(value: object) -> str | None:
    """Any value as text: text itself, JSON for the rest; `None` for `None`."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bytes | bytearray):
        return bytes(value).decode("utf-8", "replace")
    try:
        return json.dumps(value, ensure_ascii=False, default=str)
    except (TypeError, ValueError, RecursionError):
        return None


def loaded(text: str) -> object:
    """The value of a JSON text, `None` when it is none.

    The fast reader first; the patient one for what it refuses and spans hold (lone surrogates, NaN).
    """
    try:
        return msgspec.json.decode(text)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        pass
    try:
        return cast("object", json.loads(text))
    except (ValueError, RecursionError):
        return None
