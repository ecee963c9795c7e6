"""What Python's `repr` wrote: some instrumentations record objects as that and nothing else.

Read are literals, calls (`HumanMessage(content='…')`), members (`<ChatRole.USER: 'user'>`), opaque objects
(`<Document at 0x7f…>`) and the bare fields that pydantic's `str` writes (`content='…' name=None`).
"""

import re
from typing import Any

CLASS = "__class__"
"""Key under which a call's name stands in the mapping it is read to."""

_LONGEST = 400_000
_DEEPEST = 60
_STRING = re.compile(r"[rbu]{0,2}('(?:[^'\\]|\\.)*+'|\"(?:[^\"\\]|\\.)*+\")", re.DOTALL | re.IGNORECASE)
_NUMBER = re.compile(r"-?(?:\d[\d_]*\.?\d*(?:[eE][+-]?\d+)?|(?:inf|nan)\b)")
_NAME = re.compile(r"[A-Za-z_][\w.]*")
_FIELD = re.compile(r"([A-Za-z_]\w*)\s*=(?!=)")
_MEMBER = re.compile(r"<([A-Za-z_][\w.]*): ")
_OPAQUE = re.compile(r"<[^<>]*>")
_SPACE = re.compile(r"\s*")
_ESCAPE = re.compile(
    r"\\(?:([\\'\"abfnrtv\n])|x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{1,3}))"
)
_ESCAPED = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v", "\n": ""}
_WORDS: dict[str, Any] = {"None": None, "True": True, "False": False, "nan": None, "inf": None}
_OPENERS = {"[": "]", "(": ")"}
_LOOKS = re.compile(r"\s*(?:[\[({<]|[A-Za-z_][\w.]*\s*[(=])")


class _UnreadableError(ValueError):
    pass


def read_repr(text: str) -> Any:
    """The value a `repr` stands for; `None` when the text is none, or is cut off.

    A call becomes a mapping of its named arguments, with its name under `CLASS` and what it was given by
    position under `args`. Sets and tuples become lists.
    """
    if len(text) > _LONGEST or not _LOOKS.match(text):
        return None
    reader = _Reader(text)
    try:
        return reader.whole()
    except (_UnreadableError, IndexError, RecursionError):
        return None


class _Reader:
    def __init__(self, text: str) -> None:
        self._text = text
        self._place = 0
        self._depth = 0

    def whole(self) -> Any:
        self._skip()
        if _FIELD.match(self._text, self._place):
            return self._fields()
        value = self._value()
        self._skip()
        if self._place != len(self._text):
            raise _UnreadableError
        return value

    def _fields(self) -> dict[str, Any]:
        found: dict[str, Any] = {CLASS: ""}
        while self._place < len(self._text):
            name = self._match(_FIELD)[1]
            found[name] = self._value()
            self._skip()
            self._take(",")
        return found

    def _value(self) -> Any:
        self._skip()
        self._depth += 1
        if self._depth > _DEEPEST:
            raise _UnreadableError
        try:
            return self._one()
        finally:
            self._depth -= 1

    def _one(self) -> Any:  # noqa: PLR0911 - one return for each kind of value
        sign = self._text[self._place]
        if sign in _OPENERS:
            return self._list(_OPENERS[sign])
        if sign == "{":
            return self._mapping()
        if sign == "<":
            return self._angled()
        if match := _STRING.match(self._text, self._place):
            return self._string(match)
        if match := _NUMBER.match(self._text, self._place):
            self._place = match.end()
            return _number(match[0])
        name = self._match(_NAME)[0]
        if self._take("("):
            return self._call(name)
        return _WORDS.get(name, name)

    def _list(self, end: str) -> list[Any]:
        self._place += 1
        found: list[Any] = []
        while not self._ends(end):
            found.append(self._value())
            self._comma(end)
        return found

    def _mapping(self) -> Any:
        self._place += 1
        found: dict[str, Any] = {}
        members: list[Any] = []
        while not self._ends("}"):
            key = self._value()
            self._skip()
            if self._take(":"):
                found[key if isinstance(key, str) else str(key)] = self._value()
            else:
                members.append(key)
            self._comma("}")
        return members or found

    def _call(self, name: str) -> dict[str, Any]:
        found: dict[str, Any] = {CLASS: name.rpartition(".")[2]}
        given: list[Any] = []
        while not self._ends(")"):
            self._skip()
            if match := _FIELD.match(self._text, self._place):
                self._place = match.end()
                found[match[1]] = self._value()
            else:
                given.append(self._value())
            self._comma(")")
        if given:
            found["args"] = given
        return found

    def _angled(self) -> Any:
        if match := _MEMBER.match(self._text, self._place):
            self._place = match.end()
            value = self._value()
            self._skip()
            if not self._take(">"):
                raise _UnreadableError
            return value
        return self._match(_OPAQUE)[0]

    def _string(self, match: re.Match[str]) -> str:
        """One string, and those that stand right after it: Python joins them."""
        texts: list[str] = []
        found: re.Match[str] | None = match
        while found:
            self._place = found.end()
            texts.append(_ESCAPE.sub(_unescaped, found[1][1:-1]))
            here = self._place
            self._skip()
            found = _STRING.match(self._text, self._place) if self._text[here : here + 1].isspace() else None
        return "".join(texts)

    def _match(self, pattern: re.Pattern[str]) -> re.Match[str]:
        match = pattern.match(self._text, self._place)
        if match is None:
            raise _UnreadableError
        self._place = match.end()
        return match

    def _ends(self, sign: str) -> bool:
        self._skip()
        return self._take(sign)

    def _comma(self, end: str) -> None:
        self._skip()
        if not self._take(",") and self._text[self._place] != end:
            raise _UnreadableError

    def _take(self, sign: str) -> bool:
        if self._text.startswith(sign, self._place):
            self._place += 1
            return True
        return False

    def _skip(self) -> None:
        match = _SPACE.match(self._text, self._place)
        self._place = match.end() if match else self._place


def _number(text: str) -> float | int | None:
    text = text.replace("_", "")
    try:
        return int(text) if text.lstrip("-").isdecimal() else float(text)
    except ValueError:
        return None


def _unescaped(match: re.Match[str]) -> str:
    if match[1]:
        return _ESCAPED.get(match[1], match[1])
    if match[5]:
        return chr(int(match[5], 8))
    point = int(match[2] or match[3] or match[4], 16)
    return chr(point) if point <= 0x10FFFF else "\ufffd"  # noqa: PLR2004 - the last code point
