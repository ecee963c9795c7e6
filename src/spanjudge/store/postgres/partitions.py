"""Partitions of spans, log records (a day each) and results (seven days each).

They are made before they are needed: what is stored first on a day sees to its partitions and to the next ones.
What has none, for instance because a lock could not be had, goes into a partition for all the rest, so that
nothing is ever refused. Retention drops whole partitions, which costs no more for many rows than for few.
"""

import time
from typing import NamedTuple

import msgspec
from sqlalchemy import Connection, text

from spanjudge.store.postgres.locks import alone

_DAY = 86_400_000_000_000
_AGAIN_SECONDS = 60.0


class Kind(NamedTuple):
    """A table, the column it is partitioned by, and how long a partition is (nanoseconds)."""

    table: str
    column: str
    length: int


SPANS, LOGS, RESULTS = (
    Kind("spans", "received_ns", _DAY),
    Kind("logs", "received_ns", _DAY),
    Kind("results", "stored_ns", 7 * _DAY),
)
_KINDS = (SPANS, LOGS, RESULTS)

_partitions = text(
    "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = CAST(:table AS regclass)"
)
# What reads all partitions holds up who adds one, and he all that come after.
_no_long_wait = text("SELECT set_config('lock_timeout', '2s', true)")


class Partition(msgspec.Struct, frozen=True):
    """One partition: its rows were stored from `start_ns` to before `end_ns`."""

    name: str
    start_ns: int
    end_ns: int


class Partitions:
    """Which partitions are known to be there."""

    def __init__(self) -> None:
        """None is."""
        self._seen: tuple[int, ...] | None = None
        self._not_before = float("-inf")

    def is_ready(self, now_ns: int) -> bool:
        """Whether the partitions for what is stored now have been seen to, or cannot be at the moment."""
        return self._seen == _numbers(now_ns) or time.monotonic() < self._not_before

    def make(self, connection: Connection, now_ns: int) -> None:
        """See that there are partitions for now and for what comes next."""
        alone_with(connection)
        for kind in _KINDS:
            there = set(connection.execute(_partitions, {"table": kind.table}).scalars())
            number = now_ns // kind.length
            for each in (number, number + 1):
                name = f"{kind.table}_{each}"
                if name not in there and not _other_holds(connection, kind, each):
                    _make(connection, kind, name, each)

    def note(self, now_ns: int) -> None:
        """They are there."""
        self._seen = _numbers(now_ns)

    def postpone(self) -> None:
        """They could not be made: try again in a while."""
        self._not_before = time.monotonic() + _AGAIN_SECONDS


def _numbers(now_ns: int) -> tuple[int, ...]:
    return tuple(now_ns // kind.length for kind in _KINDS)


def _other_holds(connection: Connection, kind: Kind, number: int) -> bool:
    """Whether the partition for the rest has such rows: then they all go there."""
    first, last = number * kind.length, (number + 1) * kind.length
    asked = (
        f"SELECT 1 FROM {kind.table}_other WHERE {kind.column} >= {first} AND {kind.column} < {last} LIMIT 1"  # noqa: S608  # our own names
    )
    return connection.exec_driver_sql(asked).first() is not None


def _make(connection: Connection, kind: Kind, name: str, number: int) -> None:
    # Made apart and then attached: who reads and writes other partitions meanwhile is not held up.
    first, last = number * kind.length, (number + 1) * kind.length
    for statement in (
        f"CREATE TABLE {name} (LIKE {kind.table} INCLUDING DEFAULTS INCLUDING CONSTRAINTS)",
        f"ALTER TABLE {kind.table} ATTACH PARTITION {name} FOR VALUES FROM ({first}) TO ({last})",
    ):
        connection.exec_driver_sql(statement)


def before(connection: Connection, kind: Kind, before_ns: int) -> list[Partition]:
    """Partitions with nothing younger, the oldest first."""
    found: list[Partition] = []
    for name in connection.execute(_partitions, {"table": kind.table}).scalars():
        number = name.rpartition("_")[2]
        if number.isdigit() and (int(number) + 1) * kind.length <= before_ns:
            found.append(Partition(name, int(number) * kind.length, (int(number) + 1) * kind.length))
    return sorted(found, key=lambda one: one.start_ns)


def measured(connection: Connection, name: str) -> tuple[int, int]:
    """Rows of a partition of spans or log records, and the bytes of their contents."""
    asked = f"SELECT count(*), CAST(coalesce(sum(length(blob)), 0) AS bigint) FROM {name}"  # noqa: S608  # our own name
    count, size = connection.exec_driver_sql(asked).one()
    return count, size


def alone_with(connection: Connection) -> None:
    """Be the only transaction that makes or drops partitions, and wait for no reader for long."""
    connection.execute(_no_long_wait)
    alone(connection, "partitions")


def drop(connection: Connection, name: str) -> None:
    """Take a partition away with everything in it."""
    connection.exec_driver_sql(f"DROP TABLE {name}")
