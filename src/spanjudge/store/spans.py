"""Spans and their log records: storing them, and finding what belongs to a target."""

import hashlib
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, text

from spanjudge.pipeline.ports import LogRow, Material, SpanRow, StoredSpan
from spanjudge.store import counted, tables
from spanjudge.store.bulk import Insert, Row, Select
from spanjudge.store.envelopes import Envelopes
from spanjudge.store.keys import id_bytes, portions, span_key, whole
from spanjudge.telemetry.evaluated import Target

COLUMNS = (
    "trace_id",
    "span_id",
    "parent_span_id",
    "service",
    "name",
    "operation",
    "model",
    "session_id",
    "start_ns",
    "end_ns",
    "is_error",
    "received_ns",
    "envelope_id",
    "blob",
)
LOG_COLUMNS = ("trace_id", "span_id", "digest", "received_ns", "envelope_id", "blob")
_insert_spans = Insert(tables.spans, *COLUMNS)
_insert_logs = Insert(tables.logs, *LOG_COLUMNS)
_last_span = text("SELECT coalesce(max(id), 0) FROM spans")
_last_log = text("SELECT coalesce(max(id), 0) FROM logs")
_spans_after = Select("SELECT trace_id, span_id FROM spans WHERE id > :id", ids=("trace_id", "span_id"))
_logs_after = Select(
    "SELECT trace_id, span_id, envelope_id FROM logs WHERE id > :id",
    ids=("trace_id", "span_id"),
    plain=("envelope_id",),
)


class NewSpans(msgspec.Struct):
    """What came of storing spans: how many were new, and which (`None`: all)."""

    count: int
    keys: set[tuple[str, str]] | None = None

    def has(self, span: SpanRow) -> bool:
        """Whether this one was new."""
        return self.keys is None or (span.trace_id, span.span_id) in self.keys


def add_spans(
    connection: Connection, spans: Sequence[SpanRow], envelopes: Envelopes, *, now_ns: int
) -> NewSpans:
    """Store them; those that are there already change nothing."""
    if not spans:
        return NewSpans(0)
    ids = envelopes.add(connection, [span.envelope for span in spans])
    before = connection.execute(_last_span).scalar_one()
    rows = [row_of(span, ids[span.envelope], now_ns) for span in spans]
    new = NewSpans(_insert_spans(connection, rows))
    if new.count < len(spans):
        new.keys = {(row[0], row[1]) for row in _spans_after(connection, id=before)}
        left = set(new.keys)
        spare: list[bytes] = []
        for span in spans:
            key = (span.trace_id, span.span_id)
            if key in left:
                left.discard(key)
            else:
                spare.append(span.envelope)
        envelopes.drop(connection, _uses(ids[body] for body in spare))
    counted.add(connection, spans=new.count)
    return new


def row_of(span: SpanRow, envelope: int, now_ns: int) -> Row:
    """A row of `COLUMNS`."""
    return (
        bytes.fromhex(span.trace_id),
        bytes.fromhex(span.span_id),
        id_bytes(span.parent_span_id),
        span.service,
        span.name,
        span.operation,
        span.model,
        span.session_id or None,
        whole(span.start_ns),
        whole(span.end_ns),
        span.is_error,
        now_ns,
        envelope,
        span.blob,
    )


def log_row_of(log: LogRow, envelope: int, now_ns: int) -> Row:
    """A row of `LOG_COLUMNS`."""
    return (
        bytes.fromhex(log.trace_id),
        bytes.fromhex(log.span_id),
        hashlib.blake2b(log.blob, digest_size=12).digest(),
        now_ns,
        envelope,
        log.blob,
    )


def add_logs(
    connection: Connection, logs: Sequence[LogRow], envelopes: Envelopes, *, now_ns: int
) -> tuple[int, set[bytes]]:
    """Store log records: how many were new, and the keys of the spans that have new ones."""
    if not logs:
        return 0, set()
    ids = envelopes.add(connection, [log.envelope for log in logs])
    before = connection.execute(_last_log).scalar_one()
    rows = [log_row_of(log, ids[log.envelope], now_ns) for log in logs]
    count = _insert_logs(connection, rows)
    if count == len(logs):
        return count, {span_key(log.trace_id, log.span_id) for log in logs}
    stored = _logs_after(connection, id=before)
    taken = _uses(ids[log.envelope] for log in logs)
    for _, _, envelope in stored:
        taken[envelope] -= 1
    envelopes.drop(connection, taken)
    return count, {span_key(trace_id, span_id) for trace_id, span_id, _ in stored}


def _uses(ids: Iterable[int]) -> dict[int, int]:
    counts: dict[int, int] = defaultdict(int)
    for number in ids:
        counts[number] += 1
    return counts


_FOUND = "s.trace_id, s.span_id, s.received_ns, s.envelope_id, s.start_ns, s.id, s.blob"


# CROSS JOIN: SQLite takes the wanted pairs first and looks each up.
_WANTED = "WITH wanted (trace_id, span_id) AS :ids"


def _spans(where: str, *, source: str = "spans AS s", lists: Sequence[str] = (), pairs: str = "") -> Select:
    return Select(
        f"{_WANTED if pairs else ''} SELECT {_FOUND} FROM {source} WHERE {where}",  # noqa: S608  # our own conditions
        ids=("trace_id", "span_id"),
        plain=("received_ns", "envelope_id", "start_ns", "id"),
        blob="blob",
        lists=lists,
        pairs=pairs,
    )


_by_ids = _spans(
    "s.trace_id = wanted.trace_id AND s.span_id = wanted.span_id",
    source="wanted CROSS JOIN spans AS s",
    pairs="ids",
)
_by_rows = _spans("s.id IN :rows", lists=("rows",))
# The inner statement reads the index alone, which is small enough to be read from end to end.
_by_span = _spans("s.id IN (SELECT id FROM spans WHERE span_id = :span_id)")
_retrievals = _spans(
    "s.id IN (SELECT id FROM spans WHERE trace_id = :trace_id AND operation = 'retrieval'"
    " ORDER BY start_ns, id LIMIT :most)"
)
_ENDS = (
    "SELECT id FROM"
    " (SELECT id, start_ns FROM spans WHERE {0} = :key ORDER BY start_ns, id LIMIT :first) AS begin"
    " UNION SELECT id FROM"
    " (SELECT id, start_ns FROM spans WHERE {0} = :key ORDER BY start_ns DESC, id DESC LIMIT :last) AS finish"
)
# The first and the last spans of a long one stay: there is the question, and there the outcome.
_members = {"trace": text(_ENDS.format("trace_id")), "session": text(_ENDS.format("session_id"))}
_member_count = {
    "trace": text("SELECT count(*) FROM spans WHERE trace_id = :key"),
    "session": text("SELECT count(*) FROM spans WHERE session_id = :key"),
}
_logs_of = Select(
    "WITH wanted (trace_id, span_id) AS :ids"
    " SELECT l.trace_id, l.span_id, l.envelope_id, l.id, l.blob FROM wanted CROSS JOIN logs AS l"
    " WHERE l.trace_id = wanted.trace_id AND l.span_id = wanted.span_id",
    ids=("trace_id", "span_id"),
    plain=("envelope_id", "id"),
    blob="blob",
    pairs="ids",
)
_has_logs = Select(
    "WITH wanted (trace_id, span_id) AS :ids"
    " SELECT DISTINCT l.trace_id, l.span_id FROM wanted CROSS JOIN logs AS l"
    " WHERE l.trace_id = wanted.trace_id AND l.span_id = wanted.span_id",
    ids=("trace_id", "span_id"),
    pairs="ids",
)

_Pair = tuple[bytes, bytes]


def with_logs(connection: Connection, keys: Collection[bytes]) -> set[bytes]:
    """Those of the spans, by key, that have log records."""
    pairs = [(key[1:17], key[17:]) for key in keys]
    return {
        span_key(trace_id, span_id)
        for some in portions(pairs)
        for trace_id, span_id in _has_logs(connection, ids=some)
    }


_has_retrievals = Select(
    "SELECT DISTINCT trace_id FROM spans WHERE trace_id IN :traces AND operation = 'retrieval'",
    ids=("trace_id",),
    lists=("traces",),
)


def with_retrievals(connection: Connection, traces: Collection[bytes]) -> set[bytes]:
    """Those of the traces, by id, in which something was retrieved."""
    return {
        bytes.fromhex(trace_id)
        for some in portions(list(traces))
        for (trace_id,) in _has_retrievals(connection, traces=some)
    }


class _Found:
    """Rows of spans on their way to `StoredSpan`: logs and envelopes are fetched for all together."""

    def __init__(self, connection: Connection, envelopes: Envelopes) -> None:
        self._connection = connection
        self._envelopes = envelopes
        self._rows: dict[int, list[Any]] = {}

    def take(self, rows: list[list[Any]]) -> list[int]:
        """Note rows; their ids in order of start."""
        rows.sort(key=lambda row: (row[4], row[5]))
        for row in rows:
            self._rows[row[5]] = row
        return [row[5] for row in rows]

    def stored(self) -> dict[int, StoredSpan]:
        """Every noted span."""
        pairs = [(bytes.fromhex(row[0]), bytes.fromhex(row[1])) for row in self._rows.values()]
        logs = [row for some in portions(pairs) for row in _logs_of(self._connection, ids=some)]
        logs.sort(key=lambda row: row[3])
        bodies = self._envelopes.bodies(
            self._connection, {row[3] for row in self._rows.values()} | {row[2] for row in logs}
        )
        events: dict[tuple[str, str], list[tuple[bytes, bytes]]] = defaultdict(list)
        for trace_id, span_id, envelope, _, blob in logs:
            events[trace_id, span_id].append((blob, bodies[envelope]))
        return {
            row[5]: StoredSpan(
                trace_id=row[0],
                span_id=row[1],
                received_ns=row[2],
                envelope=bodies[row[3]],
                blob=row[6],
                logs=tuple(events.get((row[0], row[1]), ())),
            )
            for row in self._rows.values()
        }


def material(
    connection: Connection, targets: Sequence[Target], envelopes: Envelopes, *, most_spans: int
) -> dict[str, Material]:
    """All that is stored of the targets, by `target.kind + target.key`."""
    found = _Found(connection, envelopes)
    pairs = {
        (bytes.fromhex(target.trace_id), bytes.fromhex(target.span_id))
        for target in targets
        if target.kind == "span"
    }
    single: dict[str, int] = {}
    for some in portions(list(pairs)):
        rows = _by_ids(connection, ids=some)
        single.update((row[0] + row[1], row[5]) for row in rows)
        found.take(rows)
    # Few traces hold retrievals: asking for all of them at once saves a statement for each of the others.
    retrieved = with_retrievals(connection, {bytes.fromhex(key[:32]) for key in single})
    retrievals: dict[str, list[int]] = {
        trace_id.hex(): found.take(_retrievals(connection, trace_id=trace_id, most=most_spans))
        for trace_id in retrieved
    }
    longer = {
        target.kind + target.key: _of_many(connection, target, found, most_spans)
        for target in targets
        if target.kind != "span"
    }
    stored = found.stored()
    made = {
        "span" + key: Material(
            spans=(stored[row],),
            retrievals=tuple(stored[other] for other in retrievals.get(key[:32], ()) if other != row),
            total=1,
        )
        for key, row in single.items()
    }
    for name, (rows, total) in longer.items():
        if rows:
            made[name] = Material(spans=tuple(stored[row] for row in rows), total=total)
    names = dict.fromkeys(target.kind + target.key for target in targets)
    return {name: made[name] for name in names if name in made}


def _of_many(connection: Connection, target: Target, found: _Found, most: int) -> tuple[list[int], int]:
    key = bytes.fromhex(target.trace_id) if target.kind == "trace" else target.session_id
    chosen = connection.execute(
        _members[target.kind], {"key": key, "first": most - most // 2, "last": most // 2}
    ).scalars()
    rows = list(chosen)
    total = len(rows)
    if total >= most:
        total = connection.execute(_member_count[target.kind], {"key": key}).scalar_one()
    found_rows = [row for some in portions(rows) for row in _by_rows(connection, rows=some)]
    return found.take(found_rows), total


def find(
    connection: Connection, span_id: str, trace_id: str | None, envelopes: Envelopes
) -> list[StoredSpan]:
    """Spans with this id, oldest first."""
    found = _Found(connection, envelopes)
    if trace_id is None:
        rows = _by_span(connection, span_id=bytes.fromhex(span_id))
    else:
        rows = _by_ids(connection, ids=[(bytes.fromhex(trace_id), bytes.fromhex(span_id))])
    order = found.take(rows)
    stored = found.stored()
    return [stored[row] for row in order]


def by_rows(connection: Connection, rows: Collection[int], envelopes: Envelopes) -> dict[int, StoredSpan]:
    """Spans by their row; those that are gone are left out."""
    found = _Found(connection, envelopes)
    for some in portions(list(rows)):
        found.take(_by_rows(connection, rows=some))
    return found.stored()


def by_ids(
    connection: Connection, pairs: Collection[tuple[str, str]], envelopes: Envelopes
) -> dict[tuple[str, str], StoredSpan]:
    """Spans by trace and span id; those that are not stored are left out."""
    found = _Found(connection, envelopes)
    for some in portions([(bytes.fromhex(trace_id), bytes.fromhex(span_id)) for trace_id, span_id in pairs]):
        found.take(_by_ids(connection, ids=some))
    return {(one.trace_id, one.span_id): one for one in found.stored().values()}
