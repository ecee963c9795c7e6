"""The words of an evaluators text: names, values, brackets, commas."""

from typing import Literal

import msgspec

Word = Literal["name", "value", "(", ")", ",", "=", "stray", "end"]

_MARKS: dict[str, Word] = {"(": "(", ")": ")", ",": ",", "=": "="}
_QUOTES = "'\""
_ENDS = frozenset(_MARKS) | frozenset(_QUOTES)


class Token(msgspec.Struct, frozen=True):
    """One word. `position` counts characters from 1; `value` is a text in quotation marks, without them."""

    word: Word
    text: str
    position: int


def tokens(text: str) -> list[Token]:
    """All words; the last is the `end`. Whatever has no place here is `stray`."""
    found: list[Token] = []
    at = 0
    while at < len(text):
        mark = text[at]
        if mark.isspace():
            at += 1
            continue
        quoted = _quoted(text, at) if mark in _QUOTES and found and found[-1].word == "=" else None
        if quoted is not None:
            found.append(Token("value", quoted, at + 1))
            at += len(quoted) + 2
        elif mark in _MARKS:
            found.append(Token(_MARKS[mark], mark, at + 1))
            at += 1
        elif mark in _QUOTES:
            found.append(Token("stray", mark, at + 1))
            at += 1
        else:
            end = at + 1
            while end < len(text) and not (text[end].isspace() or text[end] in _ENDS):
                end += 1
            found.append(Token("name", text[at:end], at + 1))
            at = end
    found.append(Token("end", "", len(text) + 1))
    return found


def _quoted(text: str, at: int) -> str | None:
    """The text in the marks that open here; none where what follows shows that they were never closed."""
    closed = text.find(text[at], at + 1)
    if closed < 0:
        return None
    after = closed + 1
    while after < len(text) and text[after].isspace():
        after += 1
    return text[at + 1 : closed] if after == len(text) or text[after] in ",)" else None
