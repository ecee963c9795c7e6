"""What one definition of an evaluator says otherwise than another, field by field, for people to read."""

import difflib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

import msgspec

from spanjudge.evaluators.evaluator import Evaluator
from spanjudge.evaluators.layout import ORDER
from spanjudge.evaluators.problem import Path, spell

_CONTEXT_LINES = 1
_WORDS = {"None": "none", "True": "true", "False": "false"}


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """One field that differs. `old` and `new` are as in the file; `None` is not there.

    `lines` tells it in words where the values are long: removed lines begin with `-`, added ones with `+`.
    """

    field: str
    old: Any
    new: Any
    lines: tuple[str, ...] = ()

    def text(self) -> list[str]:
        """For people: one line, or a heading and what changed below it."""
        if self.lines:
            return [f"{self.field}:", *(f"  {line}" for line in self.lines)]
        return [f"{self.field}: {shown(self.old)} → {shown(self.new)}"]


def differences(old: Evaluator, new: Evaluator) -> list[Difference]:
    """Every field that differs, in the order of the file format; fields left out count as their default."""
    return list(_differing(_whole(old), _whole(new), ()))


def shown(value: object) -> str:
    """A value in one line, as people write it in the file."""
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, str):
        return value if value.strip() else f'"{value}"'
    if isinstance(value, Mapping):
        items = cast("Mapping[str, Any]", value).items()
        return "{" + ", ".join(f"{key}: {shown(held)}" for key, held in items if held is not None) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(shown, cast("Sequence[Any]", value))) + "]"
    return _WORDS.get(str(value), str(value))


def _whole(evaluator: Evaluator) -> dict[str, Any]:
    """The definition with its defaults written out, in the order of the file format."""
    fields = cast("dict[str, Any]", msgspec.to_builtins(evaluator))
    return {name: fields[name] for name in ORDER}


def _differing(old: Any, new: Any, path: Path) -> Iterator[Difference]:
    if old == new:
        return
    if isinstance(old, dict) and isinstance(new, dict):
        before, after = cast("dict[str, Any]", old), cast("dict[str, Any]", new)
        for key in dict.fromkeys([*before, *after]):
            yield from _differing(before.get(key), after.get(key), (*path, key))
        return
    yield Difference(field=spell(path), old=old, new=new, lines=tuple(_lines(old, new)))


def _lines(old: Any, new: Any) -> Iterator[str]:
    if isinstance(old, str) and isinstance(new, str) and ("\n" in old or "\n" in new):
        yield from _text_lines(old, new)
    elif _structs(old) or _structs(new):
        yield from _item_lines(list(old or ()), list(new or ()))


def _text_lines(old: str, new: str) -> Iterator[str]:
    """The lines that differ, with one around them."""
    before, after = old.splitlines(), new.splitlines()
    if before == after:
        yield "only the line break at the end differs"
        return
    found = difflib.unified_diff(before, after, lineterm="", n=_CONTEXT_LINES)
    for number, line in enumerate(found):
        if number > 1:  # the first two name files, and there are none
            yield "…" if line.startswith("@@") else line.rstrip()


def _structs(value: Any) -> bool:
    items = cast("list[Any]", value) if isinstance(value, list | tuple) else []
    return bool(items) and isinstance(items[0], dict)


def _item_lines(old: list[Any], new: list[Any]) -> Iterator[str]:
    """Labels, anchors and rules: what went and what came."""
    gone, come = [item for item in old if item not in new], [item for item in new if item not in old]
    yield from (f"- {shown(item)}" for item in gone)
    yield from (f"+ {shown(item)}" for item in come)
    if not gone and not come:
        yield f"another order: {', '.join(_name(item) for item in new)}"


def _name(item: Any) -> str:
    """What an item is called, or all of it."""
    held = cast("dict[str, Any]", item)
    return str(held.get("name") or held.get("attribute") or held.get("value"))
