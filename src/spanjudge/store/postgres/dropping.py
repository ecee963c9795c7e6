"""Retention by whole partitions: what nobody needs any more goes at once, and what pointed there in portions."""

from collections.abc import Sequence
from functools import partial
from typing import Any

from sqlalchemy import Connection, text

from spanjudge.store import counted
from spanjudge.store.bulk import Select, Statement
from spanjudge.store.database import Database
from spanjudge.store.envelopes import Envelopes
from spanjudge.store.keys import portions, readable, session_key
from spanjudge.store.postgres import partitions
from spanjudge.store.postgres.locks import held
from spanjudge.store.postgres.partitions import LOGS, RESULTS, SPANS, Partition
from spanjudge.store.traces import shrink

_DAY = 86_400_000_000_000

# By their partial indexes: jobs that ended are by far the most.
_OPEN = (
    "(SELECT target FROM jobs WHERE state = 0 UNION ALL SELECT target FROM jobs WHERE state = 1"
    " UNION ALL SELECT target FROM windows WHERE due_ns IS NOT NULL) AS wanted"
)
_SESSIONS_OPEN = text(f"SELECT DISTINCT target FROM {_OPEN} WHERE substr(target, 1, 1) = 'c'")  # noqa: S608  # our own statement
_oldest_span = text("SELECT min(received_ns) FROM spans")
_oldest_log = text("SELECT min(received_ns) FROM logs")
_cut_traces = Select(
    "SELECT trace_id, received_ns, id, session_id FROM traces AS t WHERE received_ns < :before"
    " AND (received_ns, id) > (:from_ns, :from_id) AND NOT EXISTS"
    " (SELECT 1 FROM spans AS s WHERE s.trace_id = t.trace_id AND s.received_ns = t.received_ns)"
    " ORDER BY received_ns, id LIMIT :most",
    ids=("trace_id",),
    plain=("received_ns", "id", "session_id"),
)
_delete_jobs = Statement(
    "DELETE FROM jobs USING unnest(CAST(:traces AS bytea[])) AS gone (trace_id)"
    " WHERE jobs.state > 1 AND (jobs.target = 't'::bytea || gone.trace_id AND NOT EXISTS"
    " (SELECT 1 FROM spans AS s WHERE s.trace_id = gone.trace_id)"
    " OR jobs.target >= 's'::bytea || gone.trace_id"
    " AND jobs.target < 's'::bytea || gone.trace_id || decode('ffffffffffffffffff', 'hex') AND NOT EXISTS"
    " (SELECT 1 FROM spans AS s WHERE s.trace_id = gone.trace_id AND s.span_id = substr(jobs.target, 18, 8)))"
)
_begins_later = Statement(
    "UPDATE traces SET received_ns = (SELECT min(s.received_ns) FROM spans AS s WHERE s.trace_id = traces.trace_id)"
    " WHERE trace_id IN :traces",
    lists=("traces",),
)
_sessions_left = Select(
    "SELECT DISTINCT session_id FROM spans WHERE session_id IN :names",
    plain=("session_id",),
    lists=("names",),
)
_delete_of = Statement("DELETE FROM jobs WHERE state > 1 AND target IN :targets", lists=("targets",))

_BEGIN = (-1, 0)


class Dropping:
    """Drops partitions, one at a time, and deletes what belonged to their rows."""

    def __init__(self, database: Database, envelopes: Envelopes) -> None:
        """On PostgreSQL."""
        self._database = database
        self._envelopes = envelopes
        self._from = _BEGIN

    async def purge(self, *, spans_before_ns: int, results_before_ns: int, limit: int) -> int:
        """Drop one partition of each kind that is old and not needed, or tidy up a portion; how many rows."""
        count = 0
        for partition in await self._database.read(lambda db: partitions.before(db, SPANS, spans_before_ns)):
            gone = await self._drop_spans(partition)
            if gone is not None:
                count += gone
                self._from = _BEGIN
                break
        for partition in await self._database.read(
            lambda db: partitions.before(db, LOGS, min(spans_before_ns, _log_limit(db)))
        ):
            await self._drop_logs(partition)
        for partition in await self._database.read(
            lambda db: partitions.before(db, RESULTS, results_before_ns)
        ):
            gone = await self._database.write(partial(_drop_results, partition))
            if gone is not None:
                count += gone
                break
        count += await self._database.write(partial(self._tidy, spans_before_ns, limit))
        return count

    async def _drop_spans(self, partition: Partition) -> int | None:
        # Counted beside other work: nothing is stored any more in a partition of a day that is over.
        found = await self._database.read(partial(_measured_if_free, partition))
        if found is None:
            return None
        return await self._database.write(partial(_drop_spans, partition, *found))

    async def _drop_logs(self, partition: Partition) -> None:
        count, size = await self._database.read(partial(_measured, partition))
        await self._database.write(partial(_drop_logs, partition, count, size))

    def _tidy(self, before_ns: int, limit: int, connection: Connection) -> int:
        """See to traces whose first span has gone: what is left of them, and their jobs."""
        from_ns, from_id = self._from
        rows = _cut_traces(connection, before=before_ns, from_ns=from_ns, from_id=from_id, most=limit)
        if rows:
            self._from = max((row[1], row[2]) for row in rows)
            _tidy_traces(connection, rows)
        else:
            self._from = _BEGIN
            oldest = (connection.execute(one).scalar() for one in (_oldest_span, _oldest_log))
            limits = [before_ns, *(one for one in oldest if one is not None)]
            self._envelopes.forget_unseen(connection, before_ns=min(limits))
        return len(rows)


def _tidy_traces(connection: Connection, rows: Sequence[Sequence[Any]]) -> None:
    traces = [bytes.fromhex(row[0]) for row in rows]
    sessions = {row[3] for row in rows if row[3]}
    with held(connection, {b"t" + trace_id for trace_id in traces}):
        shrink(connection, traces)
        _delete_jobs(connection, {"traces": traces})
        _begins_later(connection, {"traces": traces})
        left = {row[0] for row in _sessions_left(connection, names=list(sessions))} if sessions else set()
        targets = [session_key(name) for name in sessions - left]
        for some in portions(targets):
            _delete_of(connection, {"targets": some})


def _log_limit(connection: Connection) -> int:
    """Log records that came before this can belong to no span that is stored: those come within a day."""
    oldest = connection.execute(_oldest_span).scalar()
    return 2**63 - 1 if oldest is None else oldest - _DAY


def _is_free(connection: Connection, partition: Partition) -> bool:
    """Whether nothing waits for any of these spans, nor for their traces and sessions."""
    waits = (
        f"SELECT 1 FROM {_OPEN} WHERE substr(target, 1, 1) <> 'c' AND EXISTS"  # noqa: S608  # our own names
        f" (SELECT 1 FROM {partition.name} AS s WHERE s.trace_id = substr(wanted.target, 2, 16)) LIMIT 1"
    )
    if connection.exec_driver_sql(waits).first() is not None:
        return False
    keys = connection.execute(_SESSIONS_OPEN).scalars().all()
    names = [readable(bytes(key[1:]).decode("utf-8", "surrogatepass")) for key in keys]
    in_session = f"SELECT 1 FROM {partition.name} WHERE session_id = ANY(%s) LIMIT 1"  # noqa: S608  # our own names
    return all(
        connection.exec_driver_sql(in_session, (list(some),)).first() is None for some in portions(names)
    )


def _measured_if_free(partition: Partition, connection: Connection) -> tuple[int, int] | None:
    return partitions.measured(connection, partition.name) if _is_free(connection, partition) else None


def _measured(partition: Partition, connection: Connection) -> tuple[int, int]:
    return partitions.measured(connection, partition.name)


def _drop_spans(partition: Partition, count: int, size: int, connection: Connection) -> int | None:
    if not _still_there(connection, SPANS, partition) or not _is_free(connection, partition):
        return None
    partitions.drop(connection, partition.name)
    counted.add(connection, spans=-count, size=-counted.room_of(count, size))
    return count


def _drop_logs(partition: Partition, count: int, size: int, connection: Connection) -> None:
    if _still_there(connection, LOGS, partition):
        partitions.drop(connection, partition.name)
        counted.add(connection, spans=0, size=-counted.room_of(count, size))


def _drop_results(partition: Partition, connection: Connection) -> int | None:
    if not _still_there(connection, RESULTS, partition):
        return None
    name = partition.name
    waits = f"SELECT 1 FROM outbox JOIN {name} AS r ON r.id = outbox.result LIMIT 1"  # noqa: S608  # our own names
    if connection.exec_driver_sql(waits).first() is not None:
        return None
    count: int = connection.exec_driver_sql(f"SELECT count(*) FROM {name}").scalar_one()  # noqa: S608  # our own names
    partitions.drop(connection, name)
    return count


def _still_there(connection: Connection, kind: partitions.Kind, partition: Partition) -> bool:
    """Whether no other process has dropped it."""
    partitions.alone_with(connection)
    return partition in partitions.before(connection, kind, partition.end_ns)
