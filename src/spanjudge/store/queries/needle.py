"""A text that is looked for in what was sent, whatever its case and however JSON spells it."""

import json
import re

from sqlalchemy import ColumnElement, or_

from spanjudge.store.queries.dialects import in_bytes
from spanjudge.store.tables import spans

_HEXADECIMAL = re.compile(r"[0-9a-f]{4,32}")
_SPAN_ID, _LONG = 16, 8


class Needle:
    """The text in the spellings in which it may stand. Letters A to Z match in any case; others as typed,
    all small, all capital, or as titles have them.
    """  # noqa: D205  # one sentence an idea

    def __init__(self, text: str) -> None:
        """`text` is not empty."""
        self.text = text = text.strip()
        cased = (text, text.lower(), text.upper(), text.title(), text.casefold())
        spelt = [form for one in dict.fromkeys(cased) for form in _spellings(one)]
        self.forms = tuple(dict.fromkeys(form.encode("utf-8", "replace").lower() for form in spelt))
        """In UTF-8, with small letters."""
        lowered = text.lower()
        self.id_start = lowered if _HEXADECIMAL.fullmatch(lowered) else ""
        """The beginning of an id, if it can be one."""

    @property
    def is_long_id(self) -> bool:
        """Whether it can be an id and is long enough to mean one."""
        return len(self.id_start) >= _LONG

    @property
    def span_id(self) -> str:
        """The whole id of a span, if it can be one."""
        return self.id_start if len(self.id_start) == _SPAN_ID else ""

    def in_text(self, text: str | None) -> bool:
        """Whether it is in a text."""
        if not text:
            return False
        content = text.encode("utf-8", "replace").lower()
        return any(form in content for form in self.forms)

    def begins(self, identity: str) -> bool:
        """Whether an id begins with it."""
        return bool(self.id_start) and identity.startswith(self.id_start)

    def in_column(self, column: ColumnElement[bytes]) -> ColumnElement[bool]:
        """Whether it is in a column of bytes."""
        return or_(*(in_bytes(column, form) for form in self.forms))

    def in_span_id(self) -> ColumnElement[bool] | None:
        """Whether a span's id begins with it, if it can be an id."""
        if not 0 < len(self.id_start) <= _SPAN_ID:
            return None
        first, last = id_range(self.id_start, _SPAN_ID)
        return spans.c.span_id.between(first, last)


def id_range(start: str, digits: int) -> tuple[bytes, bytes]:
    """The first and the last id with this beginning."""
    return bytes.fromhex(start.ljust(digits, "0")), bytes.fromhex(start.ljust(digits, "f"))


def _spellings(text: str) -> tuple[str, ...]:
    """As it is, and as it stands in JSON, and in JSON in JSON."""
    once = {_escaped(text, ascii_only=True), _escaped(text, ascii_only=False)}
    twice = {_escaped(form, ascii_only=True) for form in once}
    return (text, *sorted(once), *sorted(twice))


def _escaped(text: str, *, ascii_only: bool) -> str:
    return json.dumps(text, ensure_ascii=ascii_only)[1:-1]
