"""Retention: what is old goes, unless somebody still needs it."""

from collections import Counter
from functools import partial
from typing import Any

from sqlalchemy import Connection, text

from spanjudge.store import counted
from spanjudge.store.bulk import Select, Statement
from spanjudge.store.counted import room_for
from spanjudge.store.database import Database
from spanjudge.store.envelopes import Envelopes
from spanjudge.store.keys import portions, session_key, span_key, span_keys_between
from spanjudge.store.postgres.dropping import Dropping
from spanjudge.store.postgres.locks import held
from spanjudge.store.traces import shrink

_old_spans = Select(
    "SELECT trace_id, span_id, id, received_ns, session_id, envelope_id, length(blob) AS size FROM spans"
    " WHERE received_ns < :before AND (received_ns, id) > (:from_ns, :from_id)"
    " ORDER BY received_ns, id LIMIT :most",
    ids=("trace_id", "span_id"),
    plain=("id", "received_ns", "session_id", "envelope_id", "size"),
)
_needed_traces = Select(
    "WITH wanted (first, last) AS :ranges SELECT first FROM wanted WHERE EXISTS"
    " (SELECT 1 FROM jobs WHERE target >= wanted.first AND target <= wanted.last AND state < 2)",
    ids=("first",),
    pairs="ranges",
)
_needed_targets = Select(
    "SELECT target FROM jobs WHERE target IN :targets AND state < 2"
    " UNION SELECT target FROM windows WHERE target IN :targets AND due_ns IS NOT NULL",
    ids=("target",),
    lists=("targets",),
)
_delete_spans = Statement("DELETE FROM spans WHERE id IN :ids", lists=("ids",))
_there = Select("SELECT id FROM spans WHERE id IN :ids", plain=("id",), lists=("ids",))
_left_traces = Select(
    "SELECT DISTINCT trace_id FROM spans WHERE trace_id IN :ids", ids=("trace_id",), lists=("ids",)
)
_left_sessions = Select(
    "SELECT DISTINCT session_id FROM spans WHERE session_id IN :names",
    plain=("session_id",),
    lists=("names",),
)
_delete_jobs = Statement("DELETE FROM jobs WHERE target IN :targets AND state > 1", lists=("targets",))
_logs_of = Select(
    "WITH wanted (trace_id, span_id) AS :ids SELECT l.id, l.envelope_id, length(l.blob) AS size"
    " FROM wanted CROSS JOIN logs AS l"
    " WHERE l.trace_id = wanted.trace_id AND l.span_id = wanted.span_id",
    plain=("id", "envelope_id", "size"),
    pairs="ids",
)
_lone_logs = Select(
    "SELECT l.trace_id, l.id, l.envelope_id, length(l.blob) AS size FROM logs AS l WHERE l.received_ns < :before AND NOT EXISTS"
    " (SELECT 1 FROM spans AS s WHERE s.trace_id = l.trace_id AND s.span_id = l.span_id)"
    " ORDER BY l.received_ns LIMIT :most",
    ids=("trace_id",),
    plain=("id", "envelope_id", "size"),
)
_delete_logs = Statement("DELETE FROM logs WHERE id IN :ids", lists=("ids",))
_delete_results = text(
    "DELETE FROM results WHERE id IN (SELECT id FROM results WHERE stored_ns < :before"
    " AND NOT EXISTS (SELECT 1 FROM outbox WHERE outbox.result = results.id)"
    " ORDER BY stored_ns LIMIT :most)"
)
_delete_windows = text(
    "DELETE FROM windows WHERE target IN"
    " (SELECT target FROM windows WHERE due_ns IS NULL AND last_ns < :before LIMIT :most)"
)

# So many portions of spans that must stay are passed over in one view of the data.
_PASSED_OVER = 8


class Retention:
    """Deletes a portion at a time, and remembers how far it has come past spans that must stay."""

    def __init__(self, database: Database, envelopes: Envelopes) -> None:
        """Begin with the oldest."""
        self._database = database
        self._envelopes = envelopes
        self._whole = Dropping(database, envelopes) if database.is_shared else None
        self._before_ns = 0
        self._from = _BEGIN

    async def purge(self, *, spans_before_ns: int, results_before_ns: int, limit: int) -> int:
        """Delete at most `limit` old spans, and as many old results; how many. On PostgreSQL whole days first.

        What is to go is looked up beside other work; only the deletion itself holds up who writes.
        """
        if self._whole is not None:
            dropped = await self._whole.purge(
                spans_before_ns=spans_before_ns, results_before_ns=results_before_ns, limit=limit
            )
            if dropped:
                return dropped
        if spans_before_ns != self._before_ns:
            self._before_ns, self._from = spans_before_ns, _BEGIN
        count, done = 0, False
        while not count and not done:
            found, done = await self._database.read(lambda db: self._find(db, spans_before_ns, limit))
            if found:
                count = await self._database.write(partial(self._delete, found))
        # Log records wait for their span: those that came after the spans looked at so far may still do so.
        lone_before = spans_before_ns if done else self._from[0]
        before = (lone_before, spans_before_ns, results_before_ns)
        return count + await self._database.write(partial(self._delete_others, before, limit))

    def _find(self, connection: Connection, before_ns: int, limit: int) -> tuple[list[list[Any]], bool]:
        """Spans that may go, and whether there are no more."""
        for _ in range(_PASSED_OVER):
            from_ns, from_id = self._from
            rows = _old_spans(connection, before=before_ns, from_ns=from_ns, from_id=from_id, most=limit)
            if not rows:
                self._from = _BEGIN
                return [], True
            self._from = max((row[3], row[2]) for row in rows)
            free = _not_needed(connection, rows)
            if free:
                return free, False
        return [], False

    def _delete(self, found: list[list[Any]], connection: Connection) -> int:
        """Delete what may still go and is still there; how many spans."""
        with held(connection, {span_key(row[0], row[1]) for row in found}):
            return self._delete_held(connection, found)

    def _delete_held(self, connection: Connection, found: list[list[Any]]) -> int:
        there = {
            row[0] for some in portions([row[2] for row in found]) for row in _there(connection, ids=some)
        }
        rows = [row for row in _not_needed(connection, found) if row[2] in there]
        for some in portions([row[2] for row in rows]):
            _delete_spans(connection, {"ids": some})
        self._envelopes.drop(connection, Counter(row[5] for row in rows))
        counted.add(connection, spans=-len(rows), size=-room_for(row[6] for row in rows))
        shrink(connection, {bytes.fromhex(row[0]) for row in rows})
        for some in portions(_gone_targets(connection, rows)):
            _delete_jobs(connection, {"targets": some})
        pairs = [(bytes.fromhex(row[0]), bytes.fromhex(row[1])) for row in rows]
        for some in portions(pairs):
            self._delete_logs(connection, _logs_of(connection, ids=some))
        return len(rows)

    def _delete_logs(self, connection: Connection, rows: list[list[Any]]) -> None:
        for some in portions([row[0] for row in rows]):
            _delete_logs(connection, {"ids": some})
        counted.add(connection, spans=0, size=-room_for(row[2] for row in rows))
        self._envelopes.drop(connection, Counter(row[1] for row in rows))

    def _delete_others(self, before: tuple[int, int, int], limit: int, connection: Connection) -> int:
        """Logs without a span, results, and windows."""
        lone_before_ns, spans_before_ns, results_before_ns = before
        lone = _lone_logs(connection, before=lone_before_ns, most=limit)
        with held(connection, {b"t" + bytes.fromhex(row[0]) for row in lone}):
            if connection.dialect.name != "sqlite":
                # Their spans may have come until they were held.
                still = {row[1] for row in _lone_logs(connection, before=lone_before_ns, most=limit)}
                lone = [row for row in lone if row[1] in still]
            self._delete_logs(connection, [row[1:] for row in lone])
        rows = {"before": results_before_ns, "most": limit}
        count = connection.execute(_delete_results, rows).rowcount
        # A window knows how often its target was judged: it stays as long as the results.
        both = min(spans_before_ns, results_before_ns)
        connection.execute(_delete_windows, {"before": both, "most": limit})
        return count


_BEGIN = (-1, 0)


def _gone_targets(connection: Connection, rows: list[list[Any]]) -> list[bytes]:
    """The deleted spans, and the traces and sessions of which nothing is left."""
    gone = [span_key(row[0], row[1]) for row in rows]
    traces = {bytes.fromhex(row[0]) for row in rows}
    for some in portions(list(traces)):
        traces -= {bytes.fromhex(row[0]) for row in _left_traces(connection, ids=some)}
    sessions = {row[4] for row in rows if row[4]}
    for some in portions(list(sessions)):
        sessions -= {row[0] for row in _left_sessions(connection, names=some)}
    return [*gone, *(b"t" + trace_id for trace_id in traces), *map(session_key, sessions)]


def _not_needed(connection: Connection, rows: list[list[Any]]) -> list[list[Any]]:
    """Without spans of traces and sessions that are still to be judged."""
    traces = {bytes.fromhex(row[0]) for row in rows}
    needed: set[bytes] = set()
    for ranges in portions([span_keys_between(trace_id) for trace_id in traces]):
        needed |= {b"t" + bytes.fromhex(row[0])[1:] for row in _needed_traces(connection, ranges=ranges)}
    targets = {b"t" + trace_id for trace_id in traces} | {session_key(row[4]) for row in rows if row[4]}
    for some in portions(list(targets)):
        needed |= {bytes.fromhex(row[0]) for row in _needed_targets(connection, targets=some)}
    return [
        row
        for row in rows
        if b"t" + bytes.fromhex(row[0]) not in needed and not (row[4] and session_key(row[4]) in needed)
    ]
