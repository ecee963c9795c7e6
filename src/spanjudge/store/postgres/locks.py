"""What belongs together is changed by one transaction at a time.

On PostgreSQL the row of a trace is the lock of everything of that trace: its spans and log records, its jobs
(which of them are one call recorded twice), its window, and which of its outcomes are the current ones. The
locks of a transaction are taken first and in one order, so that transactions wait for each other but not in
a circle: rows of traces by their ids – those that are made here before those that are there –, then envelopes,
then jobs by their ids, then rows of windows by their targets (a session's is the lock of its session), and last
what many transactions touch: usage, and counters. Where that order cannot be kept, as for a trace that went
meanwhile, PostgreSQL ends one of two that wait for each other, and `Database` does it again.
"""

from collections.abc import Collection, Generator, Iterable
from contextlib import contextmanager

from sqlalchemy import Connection, text

from spanjudge.store import tables
from spanjudge.store.bulk import InsertArrays, Statement
from spanjudge.store.traces import COLUMNS

PLACEHOLDER = (b"", 0, False, "", "", "", "", "", None, 0, 0, 0, 0)
"""What stands in the columns of a trace (see `traces.COLUMNS`) behind its id while it is but a lock."""

_make = InsertArrays(tables.traces, *COLUMNS, rest="ON CONFLICT (trace_id) DO NOTHING RETURNING trace_id")
_lock = Statement(
    "SELECT trace_id FROM traces WHERE trace_id IN :traces ORDER BY trace_id FOR NO KEY UPDATE",
    lists=("traces",),
)
_lock_sessions = Statement(
    "SELECT target FROM windows WHERE target IN :targets ORDER BY target FOR NO KEY UPDATE",
    lists=("targets",),
)
# A session that was never watched has no window: then a lock without a row has to do.
_lock_unwatched = Statement(
    "SELECT pg_advisory_xact_lock(1936745577, hashtext(encode(target, 'hex'))) FROM"
    " (SELECT target FROM unnest(CAST(:targets AS bytea[])) AS target ORDER BY target) AS unwatched"
)
_take_away = Statement("DELETE FROM traces WHERE trace_id IN :traces AND spans = 0", lists=("traces",))
_alone = text("SELECT pg_advisory_xact_lock(1936745576, hashtext(:name))")


@contextmanager
def held(connection: Connection, targets: Iterable[bytes]) -> Generator[None]:
    """Have these targets (keys, see `keys.target_key`) for this transaction alone.

    For a trace that has no row yet one is made that nobody else ever sees. On SQLite there is one writer.
    """
    if connection.dialect.name == "sqlite":
        yield
        return
    keys = set(targets)
    traces = {key[1:17] for key in keys if key[:1] != b"c"}
    made = lock_traces(connection, traces)
    lock_sessions(connection, [key for key in keys if key[:1] == b"c"])
    yield
    drop_placeholders(connection, made)


def lock_traces(connection: Connection, traces: Collection[bytes]) -> set[bytes]:
    """Lock the rows of traces; those for which one had to be made."""
    made: set[bytes] = set()
    left = set(traces)
    while left:
        found = {bytes(row[0]) for row in _lock(connection, {"traces": sorted(left)})}
        left -= found
        if left:
            rows = [(trace_id, *PLACEHOLDER) for trace_id in sorted(left)]
            new = {bytes(row[0]) for row in _make.returning(connection, rows)}
            made |= new
            left -= new
        # What is still left was made, or is taken away, by somebody else just now.
    return made


def drop_placeholders(connection: Connection, made: Collection[bytes]) -> None:
    """Take rows away that were made for their locks and have got no span."""
    if made:
        _take_away(connection, {"traces": sorted(made)})


def lock_sessions(connection: Connection, keys: Collection[bytes]) -> None:
    """Lock sessions, after all traces."""
    if not keys:
        return
    found = {bytes(row[0]) for row in _lock_sessions(connection, {"targets": sorted(keys)})}
    unwatched = sorted(set(keys) - found)
    if unwatched:
        _lock_unwatched(connection, {"targets": unwatched})


def alone(connection: Connection, name: str) -> None:
    """Be the only transaction that does what has this name. On SQLite every writer is."""
    if connection.dialect.name != "sqlite":
        connection.execute(_alone, {"name": name})
