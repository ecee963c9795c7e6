"""Retention: what is old goes, unless somebody still needs it."""

from collections import Counter
from typing import Any

from sqlalchemy import Connection, text

from spanjudge.store.bulk import Select, Statement
from spanjudge.store.envelopes import Envelopes
from spanjudge.store.keys import portions, span_key, span_keys_between

_old_spans = Select(
    "SELECT trace_id, span_id, id, received_ns, session_id, envelope_id FROM spans"
    " WHERE received_ns < :before AND (received_ns > :from_ns OR (received_ns = :from_ns AND id > :from_id))"
    " ORDER BY received_ns, id LIMIT :most",
    ids=("trace_id", "span_id"),
    plain=("id", "received_ns", "session_id", "envelope_id"),
)
_trace_needed = text(
    "SELECT EXISTS (SELECT 1 FROM jobs WHERE target >= :first AND target <= :last AND state < 2)"
)
_target_needed = text(
    "SELECT EXISTS (SELECT 1 FROM jobs WHERE target = :target AND state < 2)"
    " OR EXISTS (SELECT 1 FROM windows WHERE target = :target AND due_ns IS NOT NULL)"
)
_delete_spans = Statement("DELETE FROM spans WHERE id IN :ids", lists=("ids",))
_delete_jobs = Statement(
    "DELETE FROM jobs WHERE target IN :targets AND state > 1 AND created_ns < :before", lists=("targets",)
)
_count_spans = text("UPDATE meta SET value = value - :count WHERE name = 'spans'")
_logs_of = Select(
    "WITH wanted (trace_id, span_id) AS :ids SELECT l.id, l.envelope_id FROM wanted CROSS JOIN logs AS l"
    " WHERE l.trace_id = wanted.trace_id AND l.span_id = wanted.span_id",
    plain=("id", "envelope_id"),
    pairs="ids",
)
_lone_logs = Select(
    "SELECT l.id, l.envelope_id FROM logs AS l WHERE l.received_ns < :before AND NOT EXISTS"
    " (SELECT 1 FROM spans AS s WHERE s.trace_id = l.trace_id AND s.span_id = l.span_id)"
    " ORDER BY l.received_ns LIMIT :most",
    plain=("id", "envelope_id"),
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

# So many spans that must stay are passed over in one go before others get their turn at the database.
_PASSED_OVER = 8


class Retention:
    """Deletes a portion at a time, and remembers how far it has come past spans that must stay."""

    def __init__(self, envelopes: Envelopes) -> None:
        """Begin with the oldest."""
        self._envelopes = envelopes
        self._from = (-1, 0)

    def purge(
        self, connection: Connection, *, spans_before_ns: int, results_before_ns: int, limit: int
    ) -> int:
        """Delete at most `limit` old spans, and as many old results; how many."""
        count = self._purge_spans(connection, spans_before_ns, limit)
        lone = _lone_logs(connection, before=spans_before_ns, most=limit)
        self._delete_logs(connection, lone)
        rows = {"before": results_before_ns, "most": limit}
        count += connection.execute(_delete_results, rows).rowcount
        # A window knows how often its target was judged: it stays as long as the results.
        both = min(spans_before_ns, results_before_ns)
        connection.execute(_delete_windows, {"before": both, "most": limit})
        return count

    def _purge_spans(self, connection: Connection, before_ns: int, limit: int) -> int:
        deleted = 0
        for _ in range(_PASSED_OVER):
            from_ns, from_id = self._from
            rows = _old_spans(
                connection, before=before_ns, from_ns=from_ns, from_id=from_id, most=limit - deleted
            )
            if not rows:
                self._from = (-1, 0)
                break
            self._from = max((row[3], row[2]) for row in rows)
            deleted += self._delete(connection, _not_needed(connection, rows), before_ns)
            if deleted >= limit:
                break
        return deleted

    def _delete(self, connection: Connection, rows: list[list[Any]], before_ns: int) -> int:
        if not rows:
            return 0
        for some in portions([row[2] for row in rows]):
            _delete_spans(connection, {"ids": some})
        self._envelopes.drop(connection, Counter(row[5] for row in rows))
        connection.execute(_count_spans, {"count": len(rows)})
        targets = {span_key(row[0], row[1]) for row in rows}
        targets |= {b"t" + bytes.fromhex(row[0]) for row in rows}
        targets |= {_session(row[4]) for row in rows if row[4]}
        for some in portions(list(targets)):
            _delete_jobs(connection, {"targets": some, "before": before_ns})
        pairs = [(bytes.fromhex(row[0]), bytes.fromhex(row[1])) for row in rows]
        for some in portions(pairs):
            self._delete_logs(connection, _logs_of(connection, ids=some))
        return len(rows)

    def _delete_logs(self, connection: Connection, rows: list[list[Any]]) -> None:
        for some in portions([row[0] for row in rows]):
            _delete_logs(connection, {"ids": some})
        self._envelopes.drop(connection, Counter(row[1] for row in rows))


def _session(session_id: str) -> bytes:
    return b"c" + session_id.encode("utf-8", "surrogatepass")


def _not_needed(connection: Connection, rows: list[list[Any]]) -> list[list[Any]]:
    """Without spans of traces and sessions that are still to be judged."""
    needed: dict[bytes, bool] = {}

    def trace(trace_id: bytes) -> bool:
        first, last = span_keys_between(trace_id)
        return bool(connection.execute(_trace_needed, {"first": first, "last": last}).scalar_one())

    def target(key: bytes) -> bool:
        if key not in needed:
            needed[key] = bool(connection.execute(_target_needed, {"target": key}).scalar_one()) or (
                key[:1] == b"t" and trace(key[1:])
            )
        return needed[key]

    return [
        row
        for row in rows
        if not target(b"t" + bytes.fromhex(row[0])) and not (row[4] and target(_session(row[4])))
    ]
