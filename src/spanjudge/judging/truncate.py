"""Long fields, cut in the middle with a mark that says how much was left out."""

import unicodedata
from collections.abc import Mapping

_HEAD_SHARE = 0.6
"""Of what is kept, the part before the mark: questions and answers say most at their start."""

_SMALLEST = 200
"""No field is cut below this many characters."""

_MARK_ROOM = 60
_LONGEST_CLUSTER = 32
_JOINER = "\u200d"


def fit(fields: Mapping[str, str], limit: int) -> tuple[dict[str, str], tuple[str, ...]]:
    """The fields in no more than about `limit` characters, and the names of those that were cut.

    Short fields stay whole and leave their room to the long ones, which get equal shares.
    """
    if sum(map(len, fields.values())) <= limit:
        return dict(fields), ()
    room, waiting = limit, sorted(fields, key=lambda name: len(fields[name]))
    shares: dict[str, int] = {}
    while waiting:
        name = waiting.pop(0)
        shares[name] = max(_SMALLEST, room // (len(waiting) + 1))
        room = max(0, room - min(shares[name], len(fields[name])))
    kept = {name: cut(text, shares[name]) for name, text in fields.items()}
    return kept, tuple(name for name, text in fields.items() if kept[name] is not text)


def cut(text: str, size: int) -> str:
    """The text when it fits, else its start and end around a mark; no sign is cut in two."""
    if len(text) <= size:
        return text
    kept = max(2, size - _MARK_ROOM)
    head = _boundary(text, int(kept * _HEAD_SHARE))
    tail = _boundary(text, len(text) - (kept - head))
    if tail <= head:
        return text
    return f"{text[:head]}\n[… {tail - head:,} characters left out here …]\n{text[tail:]}"


def _boundary(text: str, place: int) -> int:
    """The nearest place at or before `place` that lies between two characters as a reader sees them."""
    for back in range(_LONGEST_CLUSTER):
        if place - back <= 0:
            return 0
        if _may_part(text, place - back):
            return place - back
    return place


def _may_part(text: str, place: int) -> bool:
    before, after = text[place - 1], text[place]
    if after.isascii() and before != "\r":
        return before != _JOINER
    joined = (
        _JOINER in (before, after)
        or before + after == "\r\n"
        or unicodedata.category(after) in ("Mn", "Mc", "Me")
        or "\U0001f3fb" <= after <= "\U0001f3ff"
        or ("\ud800" <= before <= "\udbff" and "\udc00" <= after <= "\udfff")
        or (_is_flag_letter(after) and _flag_letters_before(text, place) % 2 == 1)
        or "\U000e0020" <= after <= "\U000e007f"
    )
    return not joined


def _is_flag_letter(sign: str) -> bool:
    return "\U0001f1e6" <= sign <= "\U0001f1ff"


def _flag_letters_before(text: str, place: int) -> int:
    """Two make a flag, so an odd number means that the next one belongs to the last."""
    start = place
    while start > 0 and _is_flag_letter(text[start - 1]):
        start -= 1
    return place - start
