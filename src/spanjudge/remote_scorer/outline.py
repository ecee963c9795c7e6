"""Any JSON value written out for reading: what trace and session jobs send beside or instead of text."""

import json
from collections.abc import Iterator
from typing import Any, cast

MAX_DEPTH = 8
"""Deeper levels are written as compact JSON."""


def outline(value: object) -> str:
    """Objects as `key: value` lines, lists numbered, levels indented; text as it is."""
    if isinstance(value, str):
        return value
    return "\n".join(_lines(value, 0))


def _lines(value: Any, depth: int) -> Iterator[str]:
    indent = "  " * depth
    if depth >= MAX_DEPTH or not isinstance(value, dict | list):
        yield indent + _flat(value)
    elif isinstance(value, dict):
        for key, inner in cast("dict[str, Any]", value).items():
            yield from _entry(f"{indent}{key}:", inner, depth)
    else:
        for number, inner in enumerate(cast("list[Any]", value), 1):
            yield from _entry(f"{indent}{number}.", inner, depth)


def _entry(label: str, value: Any, depth: int) -> Iterator[str]:
    if isinstance(value, dict | list) and value:
        yield label
        yield from _lines(value, depth + 1)
    else:
        first, *more = _flat(cast("object", value)).splitlines() or [""]
        yield f"{label} {first}".rstrip()
        yield from ("  " * (depth + 1) + line for line in more)


def _flat(value: object) -> str:
    if isinstance(value, str):
        return value
    try:
        return json.dumps(value, ensure_ascii=False)
    except (ValueError, RecursionError):
        return "…"
