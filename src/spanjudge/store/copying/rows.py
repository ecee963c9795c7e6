"""Rows read and written in large portions, as either database takes them fastest."""

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Connection,
    Float,
    Integer,
    LargeBinary,
    SmallInteger,
    Table,
    Text,
    func,
    select,
)

_PORTION = 1_000
_TYPES = (
    (SmallInteger, "int2"),
    (BigInteger, "int8"),
    (Integer, "int4"),
    (Boolean, "bool"),
    (Float, "float8"),
    (LargeBinary, "bytea"),
    (Text, "text"),
)


def read(connection: Connection, table: Table) -> Iterator[list[tuple[Any, ...]]]:
    """All rows in the order of their key, a portion at a time."""
    statement = select(table).order_by(*table.primary_key.columns)
    rows = connection.execution_options(yield_per=_PORTION).execute(statement)
    for portion in rows.partitions():
        yield [tuple(row) for row in portion]


def write(connection: Connection, table: Table, rows: Sequence[tuple[Any, ...]]) -> None:
    """Put them in, with their ids."""
    names = [column.name for column in table.columns]
    if connection.dialect.name == "sqlite":
        marks = ", ".join("?" * len(names))
        connection.exec_driver_sql(
            f"INSERT INTO {table.name} ({', '.join(names)}) VALUES ({marks})",  # noqa: S608  # our own names
            list(rows),
        )
        return
    driver: Any = connection.connection.driver_connection
    with (
        driver.cursor() as cursor,
        cursor.copy(f"COPY {table.name} ({', '.join(names)}) FROM STDIN (FORMAT BINARY)") as copy,
    ):
        copy.set_types([_type(column.type) for column in table.columns])
        for row in rows:
            copy.write_row(row)


def count(connection: Connection, table: Table) -> tuple[int, int]:
    """How many rows there are, and how many bytes their longest column has together."""
    blob = next((column for column in table.columns if isinstance(column.type, LargeBinary)), None)
    wide = table.columns.get("blob", table.columns.get("body", blob))
    size = func.coalesce(func.sum(func.length(wide)), 0) if wide is not None else func.count()
    rows, total = connection.execute(select(func.count(), size).select_from(table)).one()
    return int(rows), int(total)


def is_empty(connection: Connection, table: Table) -> bool:
    """Whether nothing is in it."""
    return connection.execute(select(1).select_from(table).limit(1)).first() is None


def _type(kind: Any) -> str:
    return next(name for known, name in _TYPES if isinstance(kind, known))
