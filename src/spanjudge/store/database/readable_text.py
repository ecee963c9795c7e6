"""Text on its way to PostgreSQL, which takes neither zero bytes nor the halves of characters.

Such text is rare, and looking at every text costs as much as sending it: so a transaction that was refused
for it is done again on a connection that looks.
"""

from typing import Any

from psycopg import Connection, DataError
from psycopg.abc import Buffer
from psycopg.types.string import StrBinaryDumper, StrDumperUnknown

from spanjudge.store.keys import readable


def look_at_text(connection: Connection[Any], *, carefully: bool) -> None:
    """Replace what cannot be stored, or not."""
    # What is registered last is what single values take.
    for dumper in _CAREFUL if carefully else _PLAIN:
        connection.adapters.register_dumper(str, dumper)


def is_unreadable(error: BaseException) -> bool:
    """Whether a text was refused because of what cannot be stored."""
    if isinstance(error, UnicodeEncodeError):
        return True
    origin: Any = getattr(error, "orig", None) or error
    if not isinstance(origin, DataError):
        return False
    # psycopg refuses zero bytes itself, and then there is no state.
    return origin.sqlstate == _NOT_IN_REPERTOIRE or (origin.sqlstate is None and "NUL" in str(origin))


_NOT_IN_REPERTOIRE = "22021"


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


_PLAIN = (StrBinaryDumper, StrDumperUnknown)
_CAREFUL = (ReadableBinaryDumper, ReadableDumper)
