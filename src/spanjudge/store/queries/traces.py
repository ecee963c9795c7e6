"""Traces, newest first."""

from collections.abc import Collection, Mapping, Sequence

from sqlalchemy import ColumnElement, Connection, func, or_, select

from spanjudge.pipeline.listings import Page, Place, TraceRow, Verdicts
from spanjudge.pipeline.queries import Filters
from spanjudge.store.keys import portions
from spanjudge.store.queries import verdicts
from spanjudge.store.queries.conditions import Condition
from spanjudge.store.queries.listing import JudgedListing, Row
from spanjudge.store.queries.needle import Needle, id_range
from spanjudge.store.queries.rows import packed
from spanjudge.store.queries.wanted import judged_traces, traces_with
from spanjudge.store.tables import logs, spans, traces
from spanjudge.store.traces import MARK, in_list, listed

COLUMNS = (
    traces.c.id,
    traces.c.start_ns,
    traces.c.trace_id,
    traces.c.root_id,
    traces.c.name,
    traces.c.service,
    traces.c.services,
    traces.c.models,
    traces.c.session_id,
    traces.c.end_ns,
    traces.c.spans,
    traces.c.errors,
)
_TRACE_ID, _NAME, _SERVICES, _SESSION, _SPANS = 2, 4, 6, 8, 10
_MOST_SPANS = 4_000
_NEWEST = (traces.c.start_ns.desc(), traces.c.id.desc())


class _Traces(JudgedListing):
    number, time, close_by = 0, 1, 512
    number_column, time_column = traces.c.id, traces.c.start_ns

    def conditions(self, filters: Filters) -> list[Condition]:
        return conditions(filters)

    def keys(self, connection: Connection, where: Sequence[Condition], most: int) -> list[Row]:
        columns = (traces.c.id, traces.c.start_ns, traces.c.trace_id)
        return packed(connection, select(*columns).where(*where).order_by(*_NEWEST).limit(most))

    def rows(self, connection: Connection, keys: Sequence[Row]) -> list[Row]:
        numbers = [key[0] for key in keys]
        return [
            row
            for some in portions(numbers)
            for row in packed(connection, select(*COLUMNS).where(traces.c.id.in_(some)))
        ]

    def with_outcomes(self, connection: Connection, filters: Filters, keys: list[Row]) -> list[Row]:
        having = traces_with(connection, filters, [key[2] for key in keys])
        return [key for key in keys if key[2] in having]

    def judged(self, connection: Connection, filters: Filters, most: int) -> list[Row]:
        return packed(connection, judged_traces(filters).limit(most))

    def among(self, connection: Connection, filters: Filters, ids: list[Row]) -> list[Row]:
        where = self.conditions(filters)
        return [
            row
            for some in portions([bytes.fromhex(one[0]) for one in ids])
            for row in packed(connection, select(*COLUMNS).where(traces.c.trace_id.in_(some), *where))
        ]

    def identified(self, filters: Filters, needle: Needle) -> list[Condition] | None:
        where = self.conditions(filters)
        if needle.span_id:
            wanted = bytes.fromhex(needle.span_id)
            of_span = select(spans.c.trace_id).where(spans.c.span_id == wanted)
            return [*where, traces.c.trace_id.in_(of_span)]
        if needle.is_long_id:
            return [*where, traces.c.trace_id.between(*id_range(needle.id_start, 32))]
        return None

    def holding(self, connection: Connection, needle: Needle, rows: list[Row]) -> list[Row]:
        found = {row[_TRACE_ID] for row in rows if _named(needle, row)}
        left = [row for row in rows if row[_TRACE_ID] not in found]
        while left:
            some = [left.pop()]
            size = some[0][_SPANS]
            while left and size + left[-1][_SPANS] <= _MOST_SPANS:
                size += left[-1][_SPANS]
                some.append(left.pop())
            found |= with_text(connection, needle, [row[_TRACE_ID] for row in some])
        return [row for row in rows if row[_TRACE_ID] in found]


_traces = _Traces()


def conditions(filters: Filters) -> list[Condition]:
    """What the filters want of a trace, but for outcomes and text."""
    columns = traces.c
    found: list[Condition] = []
    if filters.start_ns is not None:
        found.append(columns.start_ns >= filters.start_ns)
    if filters.end_ns is not None:
        found.append(columns.start_ns < filters.end_ns)
    for column, wanted in (
        (columns.services, filters.services),
        (columns.models, filters.models),
        (columns.operations, filters.operations),
    ):
        if wanted:
            found.append(or_(*(_holds(column, value) for value in dict.fromkeys(wanted))))
    if filters.session:
        found.append(columns.session_id == filters.session)
    return found


def _holds(column: ColumnElement[str], value: str) -> Condition:
    # Not LIKE, which takes capital for small letters.
    return func.replace(column, f"{MARK}{in_list(value)}{MARK}", "") != column


def _named(needle: Needle, row: Row) -> bool:
    texts = f"{row[_NAME]}{MARK}{row[_SESSION] or ''}{row[_SERVICES]}"
    return needle.begins(row[_TRACE_ID]) or needle.in_text(texts)


def with_text(connection: Connection, needle: Needle, trace_ids: Collection[str]) -> set[str]:
    """Those of the traces in whose spans or log records the text is."""
    ids = [bytes.fromhex(trace_id) for trace_id in trace_ids]
    in_span = needle.in_column(spans.c.blob)
    in_id = needle.in_span_id()
    if in_id is not None:
        in_span = or_(in_id, in_span)
    found = packed(connection, select(spans.c.trace_id).where(spans.c.trace_id.in_(ids), in_span).distinct())
    in_log = needle.in_column(logs.c.blob)
    found += packed(connection, select(logs.c.trace_id).where(logs.c.trace_id.in_(ids), in_log).distinct())
    return {row[0] for row in found}


def page(connection: Connection, filters: Filters, *, after: Place | None, limit: int) -> Page[TraceRow]:
    """The next part of the list."""
    found = _traces.found(connection, filters, after, limit)
    said = verdicts.of_traces(connection, [row[_TRACE_ID] for row in found.rows])
    rows = tuple(trace_row(row, said) for row in found.rows)
    return Page(rows=rows, following=found.following, partial=found.partial)


def trace_row(row: Row, said: Mapping[str, Verdicts]) -> TraceRow:
    """A row of `COLUMNS`."""
    number, start_ns, trace_id, root_id, name, service, _, models, session_id, end_ns, count, errors = row
    return TraceRow(
        number=number,
        trace_id=trace_id,
        root_id=root_id,
        name=name,
        service=service,
        models=tuple(listed(models)),
        session_id=session_id,
        start_ns=start_ns,
        end_ns=end_ns,
        spans=count,
        errors=errors,
        verdicts=said.get(trace_id, Verdicts()),
    )
