"""Text on its way to PostgreSQL, which takes neither zero bytes nor the halves of characters."""

from typing import Any

from psycopg import DataError
from psycopg.abc import Buffer
from psycopg.types.string import StrBinaryDumper, StrDumperUnknown

from spanjudge.store.keys import readable


class ReadableDumper(StrDumperUnknown):
    """As psycopg's own, but what cannot be stored is replaced: see `readable`."""

    def dump(self, obj: Any) -> Buffer | None:
        """In UTF-8."""
        try:
            return super().dump(obj)
        except (DataError, UnicodeEncodeError):
            return super().dump(_storable(obj))


class ReadableBinaryDumper(StrBinaryDumper):
    """The same for lists and for `COPY`; psycopg itself lets zero bytes through here."""

    def dump(self, obj: Any) -> Buffer | None:
        """In UTF-8."""
        if "\x00" in obj:
            obj = _storable(obj)
        try:
            return super().dump(obj)
        except UnicodeEncodeError:
            return super().dump(_storable(obj))


def _storable(text: str) -> str:
    return readable(text).replace("\x00", "\ufffd")
