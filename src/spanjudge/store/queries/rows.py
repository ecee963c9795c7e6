"""Rows of a query in one step, see `spanjudge.store.bulk`."""

from typing import Any

import msgspec
from sqlalchemy import Connection, LargeBinary, Select, func, select

Asked = Select[*tuple[Any, ...]]

_rows = msgspec.json.Decoder(list[list[Any]])


def packed(connection: Connection, query: Asked) -> list[list[Any]]:
    """The rows as lists, bytes as hexadecimal text. Their order is not kept: sort afterwards."""
    inner = query.subquery()
    if connection.dialect.name != "sqlite":
        return [
            [value.hex() if isinstance(value, bytes | memoryview) else value for value in row]
            for row in connection.execute(select(inner))
        ]
    columns = [
        func.lower(func.hex(column)) if isinstance(column.type, LargeBinary) else column for column in inner.c
    ]
    return _rows.decode(
        connection.execute(select(func.json_group_array(func.json_array(*columns)))).scalar_one()
    )
