"""How many spans are stored, and how many bytes: counters, as going through all of them would take too long."""

from collections.abc import Iterable

from sqlalchemy import Connection, text

_ON_CONFLICT = " ON CONFLICT (name) DO UPDATE SET value = meta.value + excluded.value"
_add = text("INSERT INTO meta (name, value) VALUES ('spans', :spans)" + _ON_CONFLICT)
# A row for each of many connections: one for all would have them commit one after another.
_add_both = text(
    "INSERT INTO meta (name, value) SELECT name || ':' || pg_backend_pid() % 64, value"
    " FROM (VALUES ('bytes', CAST(:bytes AS bigint)), ('spans', CAST(:spans AS bigint))) AS counted (name, value)"
    + _ON_CONFLICT
)
SPANS = "SELECT CAST(coalesce(sum(value), 0) AS BIGINT) FROM meta WHERE name = 'spans' OR name LIKE 'spans:%'"
_spans = text(SPANS)
# A file of PostgreSQL does not get smaller by what is deleted, but room is used again: what counts is what is in it.
_size = text(
    "SELECT CAST(pg_database_size(current_database()) - coalesce((SELECT sum(pg_total_relation_size(part.relid))"
    " FROM unnest(ARRAY['spans', 'logs']) AS whole, pg_partition_tree(CAST(whole AS regclass)) AS part), 0)"
    " + (SELECT coalesce(sum(value), 0) FROM meta WHERE name LIKE 'bytes:%') AS bigint)"
)
_ROW = 400
"""Bytes of a row of spans or log records beside its content, with its places in the indexes."""


def room_for(contents: Iterable[int]) -> int:
    """The bytes that rows with contents of these lengths take on PostgreSQL."""
    return sum(_ROW + length for length in contents)


def room_of(rows: int, contents: int) -> int:
    """The same for so many rows, with contents of so many bytes together."""
    return _ROW * rows + contents


def add(connection: Connection, *, spans: int, size: int = 0) -> None:
    """So many spans, and bytes of spans and log records, more; negative numbers: fewer."""
    if connection.dialect.name != "sqlite":
        if spans or size:
            connection.execute(_add_both, {"spans": spans, "bytes": size})
    elif spans:
        connection.execute(_add, {"spans": spans})


def spans(connection: Connection) -> int:
    """How many there are."""
    return connection.execute(_spans).scalar_one()


def size(connection: Connection) -> int:
    """The bytes of what is stored, without room that deleted rows left."""
    if connection.dialect.name != "sqlite":
        return connection.execute(_size).scalar_one()
    pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
    free = connection.exec_driver_sql("PRAGMA freelist_count").scalar_one()
    page = connection.exec_driver_sql("PRAGMA page_size").scalar_one()
    return (pages - free) * page
