"""Spans, newest first."""

from collections.abc import Iterable, Sequence

from sqlalchemy import Connection, LargeBinary, select

from spanjudge.pipeline.listings import Page, Place, SpanRow, Verdicts
from spanjudge.pipeline.queries import Filters
from spanjudge.store.bulk import Select
from spanjudge.store.keys import portions
from spanjudge.store.queries import verdicts
from spanjudge.store.queries.conditions import Condition
from spanjudge.store.queries.listing import JudgedListing, Row
from spanjudge.store.queries.needle import Needle, id_range
from spanjudge.store.queries.rows import packed
from spanjudge.store.queries.wanted import judged_spans, spans_with
from spanjudge.store.tables import logs, spans

_COLUMNS = (
    spans.c.id,
    spans.c.start_ns,
    spans.c.trace_id,
    spans.c.span_id,
    spans.c.parent_span_id,
    spans.c.name,
    spans.c.service,
    spans.c.operation,
    spans.c.model,
    spans.c.session_id,
    spans.c.end_ns,
    spans.c.is_error,
    spans.c.received_ns,
)
_TRACE_ID, _SPAN_ID, _NAME, _SERVICE, _SESSION = 2, 3, 5, 6, 9


class _Spans(JudgedListing):
    number, time, close_by = 0, 1, 2_048
    number_column, time_column = spans.c.id, spans.c.start_ns

    def conditions(self, filters: Filters) -> list[Condition]:
        columns = spans.c
        found: list[Condition] = []
        if filters.start_ns is not None:
            found.append(columns.start_ns >= filters.start_ns)
        if filters.end_ns is not None:
            found.append(columns.start_ns < filters.end_ns)
        for column, wanted in (
            (columns.service, filters.services),
            (columns.model, filters.models),
            (columns.operation, filters.operations),
        ):
            if wanted:
                found.append(column.in_(wanted))
        if filters.session:
            found.append(columns.session_id == filters.session)
        return found

    def keys(self, connection: Connection, where: Sequence[Condition], most: int) -> list[Row]:
        columns = (spans.c.id, spans.c.start_ns, spans.c.trace_id, spans.c.span_id)
        newest = (spans.c.start_ns.desc(), spans.c.id.desc())
        return packed(connection, select(*columns).where(*where).order_by(*newest).limit(most))

    def rows(self, connection: Connection, keys: Sequence[Row]) -> list[Row]:
        numbers = [key[0] for key in keys]
        return [
            row
            for some in portions(numbers)
            for row in packed(connection, select(*_COLUMNS).where(spans.c.id.in_(some)))
        ]

    def with_outcomes(self, connection: Connection, filters: Filters, keys: list[Row]) -> list[Row]:
        having = spans_with(connection, filters, [(key[2], key[3]) for key in keys])
        return [key for key in keys if (key[2], key[3]) in having]

    def judged(self, connection: Connection, filters: Filters, most: int) -> list[Row]:
        return packed(connection, judged_spans(filters).limit(most))

    def among(self, connection: Connection, filters: Filters, ids: list[Row]) -> list[Row]:
        return [row for row in by_ids(connection, ids) if _fits(filters, row)]

    def identified(self, filters: Filters, needle: Needle) -> list[Condition] | None:
        where = self.conditions(filters)
        if needle.span_id:
            return [*where, spans.c.span_id == bytes.fromhex(needle.span_id)]
        if needle.is_long_id:
            return [*where, spans.c.trace_id.between(*id_range(needle.id_start, 32))]
        return None

    def holding(self, connection: Connection, needle: Needle, rows: list[Row]) -> list[Row]:
        found = {row[self.number] for row in rows if _named(needle, row)}
        left = [row for row in rows if row[self.number] not in found]
        found |= with_text(connection, needle, left)
        return [row for row in rows if row[self.number] in found]


_spans = _Spans()

_by_ids = Select(
    f"WITH wanted (trace_id, span_id) AS :ids SELECT {', '.join(f's.{column.name}' for column in _COLUMNS)}"  # noqa: S608  # our own columns
    " FROM wanted CROSS JOIN spans AS s WHERE s.trace_id = wanted.trace_id AND s.span_id = wanted.span_id",
    ids=("trace_id", "span_id", "parent_span_id"),
    plain=[column.name for column in _COLUMNS if not isinstance(column.type, LargeBinary)],
    pairs="ids",
)


def by_ids(connection: Connection, pairs: Iterable[Sequence[str]]) -> list[Row]:
    """Rows of `_COLUMNS` of spans by trace and span id."""
    wanted = [(bytes.fromhex(trace_id), bytes.fromhex(span_id)) for trace_id, span_id in pairs]
    found = [row for some in portions(wanted) for row in _by_ids(connection, ids=some)]
    # Ids come first there.
    return [[*row[3:5], *row[:3], *row[5:]] for row in found]


def _fits(filters: Filters, row: Row) -> bool:
    """What `conditions` says in SQL."""
    start, service, operation, model, session = (row[place] for place in (1, *range(6, 10)))
    return (
        (filters.start_ns is None or start >= filters.start_ns)
        and (filters.end_ns is None or start < filters.end_ns)
        and (not filters.services or service in filters.services)
        and (not filters.operations or operation in filters.operations)
        and (not filters.models or model in filters.models)
        and (not filters.session or session == filters.session)
    )


def _named(needle: Needle, row: Row) -> bool:
    return (
        needle.begins(row[_TRACE_ID])
        or needle.begins(row[_SPAN_ID])
        or any(map(needle.in_text, (row[_NAME], row[_SERVICE], row[_SESSION])))
    )


def with_text(connection: Connection, needle: Needle, rows: list[Row]) -> set[int]:
    """The numbers of those rows in whose span or log records the text is."""
    if not rows:
        return set()
    ids = [row[_Spans.number] for row in rows]
    in_blob = needle.in_column(spans.c.blob)
    found = {row[0] for row in packed(connection, select(spans.c.id).where(spans.c.id.in_(ids), in_blob))}
    traces = list({bytes.fromhex(row[_TRACE_ID]) for row in rows})
    in_log = select(logs.c.trace_id, logs.c.span_id).where(
        logs.c.trace_id.in_(traces), needle.in_column(logs.c.blob)
    )
    pairs = {(row[0], row[1]) for row in packed(connection, in_log.distinct())}
    return found | {row[_Spans.number] for row in rows if (row[_TRACE_ID], row[_SPAN_ID]) in pairs}


def spans_with_text(
    connection: Connection, needle: Needle, pairs: Sequence[tuple[str, str]]
) -> set[tuple[str, str]]:
    """Those of the spans, by trace and span id, in which the text is."""
    rows = by_ids(connection, pairs)
    found = {row[_Spans.number] for row in rows if _named(needle, row)}
    found |= with_text(connection, needle, rows)
    return {(row[_TRACE_ID], row[_SPAN_ID]) for row in rows if row[_Spans.number] in found}


def page(connection: Connection, filters: Filters, *, after: Place | None, limit: int) -> Page[SpanRow]:
    """The next part of the list."""
    found = _spans.found(connection, filters, after, limit)
    pairs = [(row[_TRACE_ID], row[_SPAN_ID]) for row in found.rows]
    said = verdicts.of_spans(connection, pairs)
    rows = tuple(
        _span_row(row, said.get(pair, Verdicts())) for row, pair in zip(found.rows, pairs, strict=True)
    )
    return Page(rows=rows, following=found.following, partial=found.partial)


def _span_row(row: Row, said: Verdicts) -> SpanRow:
    number, start_ns, trace_id, span_id, parent, name, service, operation, model, session_id = row[:10]
    end_ns, is_error, received_ns = row[10:]
    return SpanRow(
        number=number,
        trace_id=trace_id,
        span_id=span_id,
        parent_span_id=parent or "",
        name=name,
        service=service,
        operation=operation,
        model=model,
        session_id=session_id,
        start_ns=start_ns,
        end_ns=end_ns,
        is_error=bool(is_error),
        received_ns=received_ns,
        verdicts=said,
    )
