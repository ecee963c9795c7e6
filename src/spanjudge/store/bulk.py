"""Many rows in few steps, both ways.

Python's lock changes hands around every step of a database driver. While the event loop is busy each change
costs up to five milliseconds, so that 500 rows taken one by one take seconds. Hence: inserts of many rows a
statement, and reads whose rows the database packs into one.

PostgreSQL takes and gives any number of rows in one step: lists of values are arrays there, sent in binary,
which costs a tenth of what values one by one do.
"""

import re

from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any

import msgspec
from sqlalchemy import (
    BigInteger,
    Boolean,
    Connection,
    CursorResult,
    Float,
    Integer,
    LargeBinary,
    SmallInteger,
    Table,
    Text,
    TextClause,
    text,
)

from spanjudge.store.keys import readable

# Few different statements, so that the driver finds each of them prepared.
_PORTIONS = (64, 8, 1)

_LIST = re.compile(r"\bIN :(\w+)")
_NAMED = re.compile(r"(?<![:\w]):(\w+)")

_rows = msgspec.json.Decoder(list[list[Any]])

Row = tuple[Any, ...]


class Insert:
    """Puts rows in as tuples of the columns' order; rows that are there already stay as they are."""

    def __init__(self, table: Table, *columns: str, update: str = "") -> None:
        """`update` is what happens to a row that is there: `ON CONFLICT` from the target on."""
        self._table = table.name
        self._columns = columns
        self._update = update or "DO NOTHING"
        self._texts: dict[int, str] = {}
        self._arrays = InsertArrays(table, *columns, rest=f"ON CONFLICT {self._update}")

    def _text(self, rows: int) -> str:
        known = self._texts.get(rows)
        if known is None:
            row = "(" + ", ".join("?" * len(self._columns)) + ")"
            names = ", ".join(self._columns)
            known = (
                f"INSERT INTO {self._table} ({names}) VALUES {', '.join([row] * rows)}"  # noqa: S608  # names of our own tables
                f" ON CONFLICT {self._update}"
            )
            self._texts[rows] = known
        return known

    def __call__(self, connection: Connection, rows: Sequence[Row]) -> int:
        """Put them in; how many were new (with `update`: or changed)."""
        if connection.dialect.name != "sqlite":
            return self._arrays(connection, rows)
        count, start = 0, 0
        for size in _PORTIONS:
            sql = self._text(size)
            while len(rows) - start >= size:
                values = tuple(chain.from_iterable(rows[start : start + size]))
                try:
                    done = connection.exec_driver_sql(sql, values)
                except UnicodeEncodeError:
                    done = connection.exec_driver_sql(sql, tuple(readable(value) for value in values))
                count += done.rowcount
                start += size
        return count


class InsertArrays:
    """On PostgreSQL: puts any number of rows in by one statement, an array for each column."""

    def __init__(self, table: Table, *columns: str, rest: str = "") -> None:
        """`rest` is what stands behind: `ON CONFLICT`, `RETURNING`.

        A column that only PostgreSQL has is told with its type: `NAME TYPE`.
        """
        arrays = ", ".join(f"CAST(%b AS {_array_of(table, name)})" for name in columns)
        names = ", ".join(name.partition(" ")[0] for name in columns)
        self._sql = f"INSERT INTO {table.name} ({names}) SELECT * FROM unnest({arrays}) {rest}"  # noqa: S608  # our own tables

    def __call__(self, connection: Connection, rows: Sequence[Row]) -> int:
        """Put them in; how many were new or changed."""
        return self._run(connection, rows).rowcount if rows else 0

    def returning(self, connection: Connection, rows: Sequence[Row]) -> list[Any]:
        """Put them in; what the statement returns."""
        return list(self._run(connection, rows)) if rows else []

    def _run(self, connection: Connection, rows: Sequence[Row]) -> CursorResult[Any]:
        return connection.exec_driver_sql(self._sql, tuple(map(list, zip(*rows, strict=True))))


def _array_of(table: Table, column: str) -> str:
    if " " in column:
        return f"{column.partition(' ')[2]}[]"
    kind = table.c[column].type
    found = next((name for python, name in _ARRAYS if isinstance(kind, python)), None)
    if found is None:
        raise TypeError(f"no array of {kind!r} is known, for {table.name}.{column}")
    return f"{found}[]"


# The narrower kind of number comes first: it is a kind of the wider one.
_ARRAYS: tuple[tuple[type[Any], str], ...] = (
    (LargeBinary, "bytea"),
    (Text, "text"),
    (Boolean, "boolean"),
    (SmallInteger, "smallint"),
    (BigInteger, "bigint"),
    (Integer, "integer"),
    (Float, "double precision"),
)


class Statement:
    """A statement some of whose parameters are lists: `IN :name`, or `AS :name` for rows of two values.

    On SQLite lists are filled up with nulls to one of few sizes, so that the driver finds the statement prepared. Null
    matches nothing: mind that in a `NOT IN`.
    """

    def __init__(self, sql: str, *, lists: Sequence[str] = (), pairs: str = "") -> None:
        """`lists` are parameters with several values, `pairs` one with several pairs of bytes."""
        self._sql = sql
        self._lists = lists
        self._pairs = pairs
        self._texts: dict[tuple[int, ...], TextClause] = {}
        self._with_arrays: dict[frozenset[str], str] = {}

    def __call__(self, connection: Connection, parameters: Mapping[str, Any]) -> CursorResult[Any]:
        """Run it."""
        if connection.dialect.name != "sqlite":
            return self._arrays(connection, parameters)
        if not self._lists and not self._pairs:
            return connection.execute(self._text(()), dict(parameters))
        values = {name: value for name, value in parameters.items() if name not in self._lists}
        sizes: list[int] = []
        for name in self._lists:
            given = parameters[name]
            sizes.append(_size(len(given)))
            values.update((f"{name}_{index}", value) for index, value in enumerate(given))
            values.update((f"{name}_{index}", None) for index in range(len(given), sizes[-1]))
        if self._pairs:
            given = values.pop(self._pairs)
            sizes.append(_size(len(given)))
            flat = [*chain.from_iterable(given), *[None] * (2 * (sizes[-1] - len(given)))]
            values.update((f"{self._pairs}_{index}", value) for index, value in enumerate(flat))
        return connection.execute(self._text(tuple(sizes)), values)

    def _arrays(self, connection: Connection, parameters: Mapping[str, Any]) -> CursorResult[Any]:
        """As PostgreSQL takes it: every list is one parameter."""
        values = dict(parameters)
        for name in self._lists:
            values[name] = list(values[name])
        if self._pairs:
            pairs = values.pop(self._pairs)
            values[f"{self._pairs}_0"] = [one for one, _ in pairs]
            values[f"{self._pairs}_1"] = [one for _, one in pairs]
        # An array of nothing has no type of its own, unless it is written as text.
        arrays = frozenset(name for name, value in values.items() if isinstance(value, list) and value)
        values.update((name, "{}") for name, value in values.items() if value == [])
        known = self._with_arrays.get(arrays)
        if known is None:
            known = self._with_arrays[arrays] = self._array_text(arrays)
        return connection.exec_driver_sql(known, values)

    def _array_text(self, arrays: frozenset[str]) -> str:
        def mark(name: str) -> str:
            return f"%({name}){'b' if name in arrays else 's'}"

        sql = self._sql.replace("%", "%%")
        if self._pairs:
            columns = ", ".join(f"CAST({mark(f'{self._pairs}_{place}')} AS bytea[])" for place in range(2))
            sql = sql.replace(f":{self._pairs}", f"(SELECT * FROM unnest({columns}))")
        sql = _LIST.sub(lambda found: f"= ANY({mark(found[1])})", sql)
        return _NAMED.sub(lambda found: mark(found[1]), sql)

    def _text(self, sizes: tuple[int, ...]) -> TextClause:
        known = self._texts.get(sizes)
        if known is None:
            sql = self._sql
            for name, size in zip(self._lists, sizes, strict=False):
                marks = ", ".join(f":{name}_{index}" for index in range(size))
                sql = sql.replace(f":{name}", f"({marks})")
            if self._pairs:
                name = self._pairs
                marks = ", ".join(
                    f"(:{name}_{2 * index}, :{name}_{2 * index + 1})" for index in range(sizes[-1])
                )
                sql = sql.replace(f":{name}", f"(VALUES {marks})")
            known = self._texts[sizes] = text(sql)
        return known


MOST_VALUES = 512
"""How many values a list may have."""

_SIZES = (1, 8, 64, MOST_VALUES)


def _size(count: int) -> int:
    return next(size for size in _SIZES if size >= count)


class Select:
    """A statement whose rows come over in one step, as lists of the columns: `ids`, `plain`, `blob`.

    `ids` are columns of bytes that come as lower-case hexadecimal text, `blob` is one column of bytes (never
    null). Their order is not kept: sort afterwards.
    """

    def __init__(
        self,
        source: str,
        *,
        ids: Sequence[str] = (),
        plain: Sequence[str] = (),
        blob: str | None = None,
        lists: Sequence[str] = (),
        pairs: str = "",
        lock: str = "",
    ) -> None:
        """`source` is a `SELECT`; for `lists` and `pairs` see `Statement`.

        `lock` is how PostgreSQL locks its rows (`FOR UPDATE …`); on SQLite nobody else writes.
        """
        packed = [f"lower(hex({name}))" for name in ids] + list(plain)
        spread = [f"encode({name}, 'hex')" for name in ids] + list(plain)
        joined = ""
        if blob:
            packed.append(f"length({blob})")
            spread.append(blob)
            joined = f", CAST(group_concat({blob}, '') AS BLOB)"
        self._packed = Statement(
            f"SELECT json_group_array(json_array({', '.join(packed)})){joined} FROM ({source}) AS rows",  # noqa: S608  # our own statement
            lists=lists,
            pairs=pairs,
        )
        self._spread = Statement(
            f"SELECT {', '.join(spread)} FROM ({source} {lock}) AS rows",  # noqa: S608  # our own statement
            lists=lists,
            pairs=pairs,
        )

    def __call__(self, connection: Connection, **parameters: Any) -> list[list[Any]]:
        """The rows."""
        if connection.dialect.name != "sqlite":
            return [list(row) for row in self._spread(connection, parameters)]
        packed, *joined = self._packed(connection, parameters).one()
        rows = _rows.decode(packed)
        if joined:
            _cut(rows, joined[0] or b"")
        return rows


class Lookup:
    """Rows by a key, for thousands of keys a second: as `Select`, without what names of parameters cost."""

    def __init__(self, table: Table, key: str, *, ids: Sequence[str], plain: Sequence[str]) -> None:
        """`key` is the column of the keys; for `ids` and `plain` see `Select`."""
        self._where = f"FROM {table.name} WHERE {key} IN"
        packed = [f"lower(hex({name}))" for name in ids] + list(plain)
        spread = [f"encode({name}, 'hex')" for name in ids] + list(plain)
        self._packed = f"SELECT json_group_array(json_array({', '.join(packed)})) {self._where}"
        self._spread = f"SELECT {', '.join(spread)} FROM {table.name} WHERE {key} = ANY(%b)"

    def __call__(self, connection: Connection, keys: Sequence[Any]) -> list[list[Any]]:
        """The rows that there are."""
        if connection.dialect.name != "sqlite":
            return list(map(list, connection.exec_driver_sql(self._spread, (list(keys),)))) if keys else []
        found: list[list[Any]] = []
        start = 0
        for size in _PORTIONS:
            sql = f"{self._packed} ({', '.join('?' * size)})"
            while len(keys) - start >= size:
                done = connection.exec_driver_sql(sql, tuple(keys[start : start + size]))
                found += _rows.decode(done.scalar_one())
                start += size
        return found


def _cut(rows: list[list[Any]], joined: bytes) -> None:
    """Give every row its part of the joined blobs in place of its length."""
    start = 0
    for row in rows:
        end = start + row[-1]
        row[-1] = joined[start:end]
        start = end
    if start != len(joined):
        raise ValueError(f"{len(joined)} bytes came for rows of {start}")
