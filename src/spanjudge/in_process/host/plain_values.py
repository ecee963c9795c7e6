"""Values of somebody else's objects: looked up without ever raising, and copied as plain data."""

import dataclasses
from collections.abc import Collection, Mapping, Sequence
from collections.abc import Set as AbstractSet
from enum import Enum
from typing import Any, cast

_DEEPEST = 12
_MOST_VALUES = 20_000
_LONGEST_OTHER = 2_000
_TOO_DEEP = "[a value nested too deeply to be shown]"


def held(owner: object, *names: str) -> Any:
    """The first of the attributes, or keys of a mapping, that is there and not `None`; else `None`."""
    for name in names:
        found = _held(owner, name)
        if found is not None:
            return found
    return None


def _held(owner: object, name: str) -> Any:
    try:
        if isinstance(owner, Mapping):
            return cast("Mapping[str, Any]", owner).get(name)
        return getattr(owner, name, None)
    except Exception:  # noqa: BLE001  an object that cannot be asked holds nothing
        return None


def held_text(owner: object, *names: str) -> str | None:
    """The first of the attributes or keys that holds a text that is not blank, trimmed."""
    for name in names:
        found = held(owner, name)
        if isinstance(found, str) and found.strip():
            return _text(found).strip()
    return None


def items(value: object) -> Sequence[Any]:
    """The items of a list, tuple or set; any other value is one alone, `None` none.

    What iterating would use up, such as a stream, is not touched.
    """
    if value is None:
        return ()
    if isinstance(value, list | tuple):
        return cast("Sequence[Any]", value)
    if is_listing(value):
        return list(cast("Collection[Any]", value))
    return (value,)


def is_listing(value: object) -> bool:
    """Whether a value is a collection of others: no text, no binary data, no mapping."""
    if isinstance(value, Mapping | str | bytes | bytearray | memoryview):
        return False
    return isinstance(value, Sequence | AbstractSet)


def size_of(value: object) -> int | None:
    """Number of bytes of binary data; `None` for any other value."""
    if isinstance(value, bytes | bytearray):
        return len(value)
    return value.nbytes if isinstance(value, memoryview) else None


def plain(value: object) -> Any:
    """A copy made of texts, numbers, lists and mappings only. Never raises and always ends.

    Binary data is told by its size, what is nested too deeply or holds itself by words; other objects are
    their text.
    """
    return _Copy().of(value, ())


class _Copy:
    """One copy under way: `left` is how many values may still follow."""

    def __init__(self) -> None:
        self.left = _MOST_VALUES

    def of(self, value: object, above: tuple[int, ...]) -> Any:
        try:
            return self._of(value, above)
        except Exception:  # noqa: BLE001  somebody else's object may do anything
            return f"[a {type(value).__name__} that cannot be read]"

    def _of(self, value: object, above: tuple[int, ...]) -> Any:
        if isinstance(value, Enum):
            value = value.value
        if isinstance(value, str):
            return _text(value)
        if value is None or isinstance(value, bool | int | float):
            return value
        size = size_of(value)
        if size is not None:
            return f"[binary data, about {max(1, size // 1024):,} KB, not shown]"
        if len(above) > _DEEPEST or id(value) in above:
            return _TOO_DEEP
        return self._inside(value, (*above, id(value)))

    def _inside(self, value: object, above: tuple[int, ...]) -> Any:
        if isinstance(value, Mapping):
            pairs = cast("Mapping[Any, Any]", value).items()
            return {_text(str(key)): self.of(each, above) for key, each in pairs if self._more()}
        if is_listing(value):
            return [self.of(each, above) for each in items(value) if self._more()]
        if dataclasses.is_dataclass(value) and not isinstance(value, type):
            names = [field.name for field in dataclasses.fields(value) if not field.name.startswith("_")]
            return {name: self.of(held(value, name), above) for name in names if self._more()}
        return str(value)[:_LONGEST_OTHER]

    def _more(self) -> bool:
        self.left -= 1
        return self.left > 0


def _text(value: str) -> str:
    """The text itself, also of a subclass with a text of its own, such as the member of an enumeration."""
    return value if type(value) is str else str.__str__(value)
