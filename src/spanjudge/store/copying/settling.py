"""What a database keeps besides, each kind in its own way: counters, the next ids, partitions, uses."""

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection, Table, text

from spanjudge.store import counted
from spanjudge.store.postgres.partitions import Partitions
from spanjudge.store.tables import metadata

_DAY = 86_400_000_000_000
_ROW = counted.room_of(1, 0)

# Leases are of processes that do not work on the copy.
_hand_back = text("UPDATE jobs SET state = 0, owner = NULL WHERE state = 1")
_count_spans = text("SELECT count(*) FROM spans")
_days = text(
    "SELECT DISTINCT received_ns / :day FROM spans UNION SELECT DISTINCT received_ns / :day FROM logs"
    " UNION SELECT DISTINCT stored_ns / :day FROM results ORDER BY 1"
)
_count_uses = text(
    "UPDATE envelopes SET uses = (SELECT count(*) FROM spans WHERE envelope_id = envelopes.id)"
    " + (SELECT count(*) FROM logs WHERE envelope_id = envelopes.id)"
)
_date_traces = text(
    "UPDATE traces SET received_ns = first.received_ns FROM"
    " (SELECT trace_id, min(received_ns) AS received_ns FROM spans GROUP BY trace_id) AS first"
    " WHERE first.trace_id = traces.trace_id"
)
_date_envelopes = text(
    "UPDATE envelopes SET uses = 0, seen_ns = (SELECT max(received_ns) FROM"
    " (SELECT received_ns FROM spans UNION ALL SELECT received_ns FROM logs) AS stored)"
)
_room = text(
    "SELECT CAST(coalesce(sum(CAST(:row AS bigint) + length(blob)), 0) AS bigint) FROM"
    " (SELECT blob FROM spans UNION ALL SELECT blob FROM logs) AS stored"
)
OWN_COUNTERS = ("spans", "bytes", "grants")
"""Counters in `meta` that each kind of database keeps in its own way; those with a colon belong to them."""


def days(connection: Connection) -> list[int]:
    """The days (since 1970) on which something was stored."""
    return list(connection.execute(_days, {"day": _DAY}).scalars())


def make_ready(connection: Connection, stored_on: Sequence[int]) -> None:
    """See to partitions for what was stored on these days."""
    if connection.dialect.name == "sqlite":
        return
    for day in stored_on:
        Partitions().make(connection, day * _DAY)
    # Read from elsewhere, a portion may take its time.
    connection.execute(text("SELECT set_config('idle_in_transaction_session_timeout', '0', true)"))


def settle(connection: Connection, last_ids: Mapping[str, int]) -> None:
    """Set right what was not copied; the next id of each table comes after `last_ids`."""
    connection.execute(_hand_back)
    connection.execute(
        text(
            "DELETE FROM meta WHERE name IN ('spans', 'bytes') OR name LIKE 'spans:%' OR name LIKE 'bytes:%'"
        )
    )
    is_sqlite = connection.dialect.name == "sqlite"
    for statement in (_count_uses,) if is_sqlite else (_date_traces, _date_envelopes):
        connection.execute(statement)
    spans = connection.execute(_count_spans).scalar_one()
    room = 0 if is_sqlite else connection.execute(_room, {"row": _ROW}).scalar_one()
    counted.add(connection, spans=spans, size=room)
    for name, last in last_ids.items():
        if not last:
            continue
        if is_sqlite:
            _sqlite_next(connection, name, last)
        else:
            connection.execute(
                text("SELECT setval(pg_get_serial_sequence(:table, 'id'), :last)"),
                {"table": name, "last": last},
            )
    if not is_sqlite:
        connection.exec_driver_sql("ANALYZE")


def _sqlite_next(connection: Connection, table: str, last: int) -> None:
    if not metadata.tables[table].dialect_options["sqlite"]["autoincrement"]:
        return
    row = {"table": table, "last": last}
    changed = connection.execute(
        text("UPDATE sqlite_sequence SET seq = max(seq, :last) WHERE name = :table"), row
    )
    if not changed.rowcount:
        connection.execute(text("INSERT INTO sqlite_sequence (name, seq) VALUES (:table, :last)"), row)


def last_ids(connection: Connection, tables: Sequence[Table]) -> dict[str, int]:
    """The last id that was ever given out, by table; also when its row is gone."""
    found: dict[str, int] = {}
    given: dict[str, int] = {}
    if connection.dialect.name == "sqlite":
        given = {
            row.name: row.seq for row in connection.execute(text("SELECT name, seq FROM sqlite_sequence"))
        }
    for table in tables:
        if table.autoincrement_column is None:
            continue
        highest = connection.exec_driver_sql(f"SELECT coalesce(max(id), 0) FROM {table.name}").scalar_one()  # noqa: S608  # our own names
        last = given.get(table.name, 0)
        if connection.dialect.name != "sqlite":
            sequence = connection.execute(
                text("SELECT pg_get_serial_sequence(:table, 'id')"), {"table": table.name}
            ).scalar_one()
            last = connection.exec_driver_sql(
                f"SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM {sequence}"  # noqa: S608  # as above
            ).scalar_one()
        found[table.name] = max(int(highest), int(last))
    return found
