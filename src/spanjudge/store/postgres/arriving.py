"""What requests brought, on PostgreSQL, where many store at once and no index tells a span sent again.

Spans are partitioned by when they came, so that an index cannot say that ids are unique. Instead, while the row
of its trace is locked, it is looked up which spans are there; for a trace that is new there is nothing to look up.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection

from spanjudge.pipeline.ports import Committed, Intake, LogRow, NewJob, SpanRow
from spanjudge.store import jobs as job_rows
from spanjudge.store import counted, late_content, tables, windows
from spanjudge.store.bulk import InsertArrays, Row, Select
from spanjudge.store.counted import room_for
from spanjudge.store.envelopes import Envelopes
from spanjudge.store.keys import portions, span_key, target_key
from spanjudge.store.postgres.locks import PLACEHOLDER, drop_placeholders
from spanjudge.store.spans import COLUMNS, LOG_COLUMNS, NewSpans, log_row_of, row_of
from spanjudge.store.traces import COLUMNS as OF_TRACES
from spanjudge.store.traces import TraceSum, put, summed

_Key = tuple[str, str]

_claim = InsertArrays(
    tables.traces,
    *OF_TRACES,
    "received_ns bigint",
    rest="ON CONFLICT (trace_id) DO NOTHING RETURNING trace_id",
)
_lock = Select(
    f"SELECT {', '.join(OF_TRACES)}, received_ns FROM traces WHERE trace_id IN :traces ORDER BY trace_id",  # noqa: S608  # our own columns
    ids=OF_TRACES[:2],
    plain=(*OF_TRACES[2:], "received_ns"),
    lists=("traces",),
    lock="FOR NO KEY UPDATE",
)
_there = Select(
    "WITH wanted (trace_id, span_id) AS :ids SELECT s.trace_id, s.span_id FROM wanted JOIN spans AS s"
    " ON s.trace_id = wanted.trace_id AND s.span_id = wanted.span_id WHERE s.received_ns >= :since",
    ids=("trace_id", "span_id"),
    pairs="ids",
)
_logs_there = Select(
    "WITH wanted (trace_id, span_id) AS :ids SELECT l.trace_id, l.span_id, l.digest FROM wanted"
    " JOIN logs AS l ON l.trace_id = wanted.trace_id AND l.span_id = wanted.span_id",
    ids=("trace_id", "span_id", "digest"),
    pairs="ids",
)


class _Copy:
    """Puts rows in as PostgreSQL takes them fastest."""

    def __init__(self, table: str, columns: Sequence[str], types: str) -> None:
        self._sql = f"COPY {table} ({', '.join(columns)}) FROM STDIN (FORMAT BINARY)"
        self._types = types.split()

    def __call__(self, connection: Connection, rows: Sequence[Row]) -> None:
        if not rows:
            return
        driver: Any = connection.connection
        with driver.cursor() as cursor, cursor.copy(self._sql) as copy:
            copy.set_types(self._types)
            for row in rows:
                copy.write_row(row)


_copy_spans = _Copy(
    "spans", COLUMNS, "bytea bytea bytea text text text text text int8 int8 bool int8 int8 bytea"
)
_copy_logs = _Copy("logs", LOG_COLUMNS, "bytea bytea bytea int8 int8 bytea")


def commit(
    connection: Connection, intakes: Sequence[Intake], envelopes: Envelopes, *, now_ns: int
) -> Committed:
    """Traces first, as they are the locks of all the rest; see `spanjudge.store.postgres.locks`."""
    spans: dict[_Key, SpanRow] = {}
    for one in intakes:
        for span in one.spans:
            spans.setdefault((span.trace_id, span.span_id), span)
    logs = [log for one in intakes for log in one.logs]
    jobs = [job for one in intakes for job in one.jobs]
    sums = summed(spans.values())
    others = _others(logs, jobs, intakes) - {bytes.fromhex(trace_id) for trace_id in sums}
    known = _lock_all(connection, sums, others, now_ns)
    there = _spans_there(connection, [key for key in spans if key[0] in known], known)
    new_spans = [span for key, span in spans.items() if key not in there]
    new_logs = _new_logs(connection, logs)
    bodies = {one.envelope for one in (*new_spans, *new_logs)}
    ids = envelopes.ready(connection, bodies, now_ns=now_ns)
    _copy_spans(connection, [row_of(span, ids[span.envelope], now_ns) for span in new_spans])
    _copy_logs(connection, [log_row_of(log, ids[log.envelope], now_ns) for log in new_logs])
    _grow(connection, new_spans, known)
    concerned = {span_key(log.trace_id, log.span_id) for log in new_logs}
    if concerned:
        late_content.arrived(connection, concerned, now_ns=now_ns)
    new_jobs = job_rows.add(connection, jobs, now_ns=now_ns)
    new = NewSpans(len(new_spans), {(one.trace_id, one.span_id) for one in new_spans} if there else None)
    windows.touch(connection, windows.news(intakes, new))
    drop_placeholders(connection, others)
    contents = (len(one.blob) for rows in (new_spans, new_logs) for one in rows)
    counted.add(connection, spans=new.count, size=room_for(contents))
    return Committed(spans=new.count, logs=len(new_logs), jobs=new_jobs)


def _others(logs: Sequence[LogRow], jobs: Sequence[NewJob], intakes: Sequence[Intake]) -> set[bytes]:
    """Traces of which something came that may be without spans here."""
    targets = [job.target for job in jobs]
    targets += [touch.target for one in intakes for touch in one.touches]
    keys = {target_key(target) for target in targets if target.kind != "session"}
    return {key[1:17] for key in keys} | {bytes.fromhex(log.trace_id) for log in logs}


def _lock_all(
    connection: Connection, sums: Mapping[str, TraceSum], others: set[bytes], now_ns: int
) -> dict[str, list[Any]]:
    """Lock traces, new ones by storing them: what is stored of those that were there, by id."""
    rows: dict[bytes, Row] = {bytes.fromhex(name): (*one.row(), now_ns) for name, one in sums.items()}
    rows.update((trace_id, (trace_id, *PLACEHOLDER, now_ns)) for trace_id in others)
    left = sorted(rows)
    known: dict[str, list[Any]] = {}
    while left:
        new = {bytes(row[0]) for row in _claim.returning(connection, [rows[trace_id] for trace_id in left])}
        left = [trace_id for trace_id in left if trace_id not in new]
        if left:
            known.update((row[0], row) for row in _lock(connection, traces=left))
        # What went meanwhile is made again.
        left = [trace_id for trace_id in left if trace_id.hex() not in known]
    return known


def _spans_there(connection: Connection, keys: Sequence[_Key], known: Mapping[str, list[Any]]) -> set[_Key]:
    """Those of the spans that are stored: not before the first of their traces came."""
    if not keys:
        return set()
    since = min(known[trace_id][-1] or 0 for trace_id, _ in keys)
    pairs = [(bytes.fromhex(trace_id), bytes.fromhex(span_id)) for trace_id, span_id in keys]
    return {(row[0], row[1]) for row in _there(connection, ids=pairs, since=since)}


def _new_logs(connection: Connection, logs: Sequence[LogRow]) -> list[LogRow]:
    """Those of the log records that are not stored, each once."""
    keyed = {tuple(log_row_of(log, 0, 0)[:3]): log for log in logs}
    pairs = list({(key[0], key[1]) for key in keyed})
    for some in portions(pairs):
        for row in _logs_there(connection, ids=some):
            keyed.pop(tuple(map(bytes.fromhex, row)), None)
    return list(keyed.values())


def _grow(connection: Connection, new: Sequence[SpanRow], known: Mapping[str, list[Any]]) -> None:
    """Traces that were there are more now."""
    grown = summed(span for span in new if span.trace_id in known)
    for trace_id, one in grown.items():
        one.merge(known[trace_id][:-1])
    put(connection, grown.values())
