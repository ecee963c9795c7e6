"""What the spans of a trace come to: one row a trace, so that lists need not read every span."""

from collections.abc import Collection, Iterable, Sequence
from typing import Any

from sqlalchemy import Connection

from spanjudge.pipeline.ports import SpanRow
from spanjudge.store import tables
from spanjudge.store.bulk import Insert, Lookup, Row, Select, Statement
from spanjudge.store.keys import portions, whole
from spanjudge.store.spans import NewSpans

MARK = "\x1f"
"""Stands before and after each value of a list in one column."""

_MOST_LISTED = 50
_MOST_READ = 2_000

COLUMNS = (
    "trace_id",
    "root_id",
    "root_ns",
    "has_root",
    "name",
    "service",
    "services",
    "operations",
    "models",
    "session_id",
    "start_ns",
    "end_ns",
    "spans",
    "errors",
)
_IDS, _PLAIN = COLUMNS[:2], COLUMNS[2:]
_put = Insert(
    tables.traces,
    *COLUMNS,
    update="(trace_id) DO UPDATE SET " + ", ".join(f"{name} = excluded.{name}" for name in COLUMNS[1:]),
)
_known = Lookup(tables.traces, "trace_id", ids=_IDS, plain=_PLAIN)
_OF_SPANS = (
    "service",
    "name",
    "operation",
    "model",
    "session_id",
    "start_ns",
    "end_ns",
    "is_error",
)
_spans_of = Select(
    f"SELECT trace_id, span_id, parent_span_id, {', '.join(_OF_SPANS)} FROM spans"  # noqa: S608  # our own columns
    " WHERE trace_id IN :traces",
    ids=("trace_id", "span_id", "parent_span_id"),
    plain=_OF_SPANS,
    lists=("traces",),
)
_left = Select(
    "SELECT trace_id, count(*) AS spans FROM spans WHERE trace_id IN :traces GROUP BY trace_id",
    ids=("trace_id",),
    plain=("spans",),
    lists=("traces",),
)
_recount = Statement("UPDATE traces SET spans = :spans WHERE trace_id = :trace")
_drop = Statement("DELETE FROM traces WHERE trace_id IN :traces", lists=("traces",))


class TraceSum:
    """A trace as far as its spans are known. The order in which they come changes nothing."""

    __slots__ = (
        "end_ns",
        "errors",
        "has_root",
        "models",
        "name",
        "operations",
        "root_id",
        "root_ns",
        "service",
        "services",
        "session_id",
        "spans",
        "start_ns",
        "trace_id",
    )

    def __init__(self, trace_id: str) -> None:
        self.trace_id = trace_id
        self.root_id, self.name, self.service = "", "", ""
        self.root_ns = 0
        self.has_root: bool = False
        self.services: set[str] = set()
        self.operations: set[str] = set()
        self.models: set[str] = set()
        self.session_id: str | None = None
        self.start_ns, self.end_ns = 2**64, 0
        self.spans, self.errors = 0, 0

    def add(self, span: SpanRow) -> None:
        """Another span."""
        start_ns, end_ns, is_root = span.start_ns, span.end_ns, not span.parent_span_id
        if (
            not self.root_id
            or (is_root and not self.has_root)
            or (is_root == self.has_root and (start_ns, span.span_id) < (self.root_ns, self.root_id))
        ):
            self.root_id, self.root_ns, self.has_root = span.span_id, start_ns, is_root
            self.name, self.service = span.name, span.service
        self.services.add(span.service)
        if span.operation:
            self.operations.add(span.operation)
        if span.model:
            self.models.add(span.model)
        session = span.session_id
        if session and (self.session_id is None or session < self.session_id):
            self.session_id = session
        self.start_ns = min(self.start_ns, start_ns)
        self.end_ns = max(self.end_ns, end_ns)
        self.spans += 1
        if span.is_error:
            self.errors += 1

    def merge(self, row: Sequence[Any]) -> None:
        """What was stored of it before."""
        _, root_id, root_ns, has_root, name, service, services, operations, models = row[:9]
        session_id, start_ns, end_ns, spans, errors = row[9:]
        if (not has_root, root_ns, root_id) < (not self.has_root, self.root_ns, self.root_id):
            self.root_id, self.root_ns, self.has_root = root_id, root_ns, bool(has_root)
            self.name, self.service = name, service
        self.services.update(listed(services))
        self.operations.update(listed(operations))
        self.models.update(listed(models))
        if session_id and (self.session_id is None or session_id < self.session_id):
            self.session_id = session_id
        self.start_ns = min(self.start_ns, start_ns)
        self.end_ns = max(self.end_ns, end_ns)
        self.spans += spans
        self.errors += errors

    def row(self) -> Row:
        """In the order of the columns."""
        return (
            bytes.fromhex(self.trace_id),
            bytes.fromhex(self.root_id),
            whole(self.root_ns),
            self.has_root,
            self.name,
            self.service,
            _list(self.services),
            _list(self.operations),
            _list(self.models),
            self.session_id,
            whole(self.start_ns),
            whole(self.end_ns),
            self.spans,
            self.errors,
        )


def listed(column: str) -> list[str]:
    """The values of a list in one column."""
    return column[1:-1].split(MARK) if column else []


def in_list(value: str) -> str:
    """A value as it stands in a list."""
    return value.replace(MARK, " ")


def _list(values: Collection[str]) -> str:
    if len(values) <= 1:
        return "".join(f"{MARK}{in_list(value)}{MARK}" for value in values if value)
    chosen = sorted({in_list(value) for value in values if value})[:_MOST_LISTED]
    return f"{MARK}{MARK.join(chosen)}{MARK}" if chosen else ""


def grow(connection: Connection, spans: Iterable[SpanRow], new: NewSpans) -> None:
    """Spans were stored: their traces are more now."""
    if not new.count:
        return
    left = None if new.keys is None else set(new.keys)
    if left is not None:
        spans = [span for span in spans if _taken(left, (span.trace_id, span.span_id))]
    found = summed(spans)
    for row in _known(connection, [bytes.fromhex(trace_id) for trace_id in found]):
        found[row[0]].merge(row)
    put(connection, found.values())


def _taken(left: set[tuple[str, str]], key: tuple[str, str]) -> bool:
    """Whether it is one of those, the first time."""
    if key not in left:
        return False
    left.discard(key)
    return True


def summed(spans: Iterable[SpanRow]) -> dict[str, TraceSum]:
    """What spans, each once, come to by trace."""
    found: dict[str, TraceSum] = {}
    for span in spans:
        trace = found.get(span.trace_id)
        if trace is None:
            trace = found[span.trace_id] = TraceSum(span.trace_id)
        trace.add(span)
    return found


def put(connection: Connection, found: Iterable[TraceSum]) -> None:
    """Store what traces come to, in the place of what was stored."""
    _put(connection, [trace.row() for trace in found])


def shrink(connection: Connection, traces: Collection[bytes]) -> None:
    """Spans of these traces were deleted: what is left is counted again, or nothing is left."""
    short: list[bytes] = []
    for some in portions(list(traces)):
        left = {bytes.fromhex(trace_id): count for trace_id, count in _left(connection, traces=some)}
        _drop(connection, {"traces": [trace_id for trace_id in some if trace_id not in left]})
        for trace_id, count in left.items():
            # A very long trace goes a portion at a time: its other facts are seen to when little is left.
            if count > _MOST_READ:
                _recount(connection, {"spans": count, "trace": trace_id})
            else:
                short.append(trace_id)
    for some in portions(short, 8):
        found: dict[str, TraceSum] = {}
        for row in _spans_of(connection, traces=some):
            trace = found.setdefault(row[0], TraceSum(row[0]))
            trace.add(_span(row))
        _put(connection, [trace.row() for trace in found.values()])


def _span(row: Sequence[Any]) -> SpanRow:
    trace_id, span_id, parent, service, name, operation, model, session_id, start_ns, end_ns, is_error = row
    return SpanRow(
        trace_id=trace_id,
        span_id=span_id,
        parent_span_id=parent or "",
        service=service,
        name=name,
        operation=operation,
        model=model,
        session_id=session_id,
        start_ns=start_ns,
        end_ns=end_ns,
        is_error=bool(is_error),
        blob=b"",
        envelope=b"",
    )
