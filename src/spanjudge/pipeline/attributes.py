"""Which attributes recent spans have, and which values: as rules find them."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, cast

import msgspec

from spanjudge.evaluators import span_values
from spanjudge.evaluators.span_values import Seen
from spanjudge.spans.parts import as_json

_LONGEST_EXAMPLE = 80
LONGEST_VALUE = 200
"""Characters of a value that somebody would choose; longer ones are content and are left out."""


class SeenAttribute(msgspec.Struct, frozen=True, kw_only=True):
    """A name, on how many spans it is, and what it holds on the newest of them."""

    name: str
    count: int
    type: str
    example: str


def names_of(spans: Sequence[Seen], prefix: str, limit: int) -> list[SeenAttribute]:
    """Names that begin with the prefix, most frequent first; then those that only contain it."""
    counts: Counter[str] = Counter()
    examples: dict[str, Any] = {}
    for seen in spans:
        for name, value in _found(seen):
            counts[name] += 1
            if name not in examples:
                examples[name] = value
    wanted = prefix.strip().casefold()
    ranked = sorted(
        (not name.casefold().startswith(wanted), -count, name)
        for name, count in counts.items()
        if wanted in name.casefold()
    )
    return [_told(name, -count, examples[name]) for _, count, name in ranked[:limit]]


def values_of(spans: Sequence[Seen], name: str, prefix: str, limit: int) -> list[tuple[str, int]]:
    """Values of one attribute, most frequent first; those that begin with the prefix before the others."""
    read = span_values.reader(name)
    counts: Counter[str] = Counter()
    for seen in spans:
        value = read(seen)
        if value is None or isinstance(value, bytes):
            continue
        held: Sequence[Any] = cast("Sequence[Any]", value) if isinstance(value, list | tuple) else (value,)
        for one in held:
            text = _text(one)
            if len(text) <= LONGEST_VALUE:
                counts[text] += 1
    wanted = prefix.strip().casefold()
    ranked = sorted(
        (not text.casefold().startswith(wanted), -count, text)
        for text, count in counts.items()
        if wanted in text.casefold()
    )
    return [(text, -count) for _, count, text in ranked[:limit]]


def _found(seen: Seen) -> Iterable[tuple[str, Any]]:
    raw = seen.raw
    computed = {
        name: value
        for name in span_values.COMPUTED
        if not span_values.is_slow(name) and (value := span_values.reader(name)(seen)) is not None
    }
    yield from computed.items()
    for name, value in raw.attributes.items():
        if name not in computed:
            yield name, value
    for name, value in raw.resource.attributes.items():
        if name not in computed:
            yield f"resource.{name}", value


def _told(name: str, count: int, value: Any) -> SeenAttribute:
    text = _text(value)
    return SeenAttribute(
        name=name,
        count=count,
        type=_type(value),
        example=text if len(text) <= _LONGEST_EXAMPLE else f"{text[: _LONGEST_EXAMPLE - 1]}…",
    )


def _text(value: Any) -> str:
    return value if isinstance(value, str) else as_json(value, indent=None)


def _type(value: Any) -> str:
    match value:
        case bool():
            return "boolean"
        case int() | float():
            return "number"
        case list() | tuple():
            return "list"
        case str():
            return "string"
        case _:
            return "object"
