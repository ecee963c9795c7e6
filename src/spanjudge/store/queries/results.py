"""Results and failures, newest first."""

from collections.abc import Sequence

from sqlalchemy import Connection, and_, func, select, union_all

from spanjudge.pipeline.listings import Page, Place, ResultRow
from spanjudge.pipeline.queries import Filters
from spanjudge.store.keys import portions, target_key, target_of
from spanjudge.store.outcomes import IDS, PLAIN, evaluated_of
from spanjudge.store.queries.conditions import Condition, of_result
from spanjudge.store.queries.listing import Listing, Row
from spanjudge.store.queries.needle import Needle, id_range
from spanjudge.store.queries.rows import packed
from spanjudge.store.queries.spans import spans_with_text
from spanjudge.store.queries.traces import with_text
from spanjudge.store.tables import results
from spanjudge.telemetry.evaluated import Target

_COLUMNS = (*(results.c[name] for name in (*IDS, *PLAIN)), results.c.evaluator)
_RESULT_ID, _TARGET, _TRACE_ID, _SPAN_ID, _NUMBER, _, _SERVICE, _, _TIME, _, _OUTCOME, _EVALUATOR = range(12)


class _Results(Listing):
    number, time = _NUMBER, _TIME
    number_column, time_column = results.c.id, results.c.time_ns

    def conditions(self, filters: Filters) -> list[Condition]:
        return of_result(filters)

    def read(self, connection: Connection, where: Sequence[Condition], most: int) -> list[Row]:
        newest = (results.c.time_ns.desc(), results.c.id.desc())
        # The index alone says which; of the rows, with their long texts, only those are read.
        chosen = select(results.c.id).where(*where).order_by(*newest).limit(most)
        return packed(connection, select(*_COLUMNS).where(results.c.id.in_(chosen)))

    def identified(self, filters: Filters, needle: Needle) -> list[Condition] | None:
        if not needle.is_long_id:
            return None
        first, last = id_range(needle.id_start, 32)
        columns = results.c
        ways: list[Condition] = [
            columns.result_id.between(first, last),
            columns.target.between(b"s" + first, b"s" + last + b"\xff" * 8),
            columns.target.between(b"t" + first, b"t" + last),
        ]
        if needle.span_id:
            same = func.substr(columns.target, 18, 8) == bytes.fromhex(needle.span_id)
            ways.append(and_(columns.kind == "span", same))
        known = union_all(*(select(columns.id).where(way) for way in ways))
        return [columns.id.in_(known), *of_result(filters, alone=False)]

    def holding(self, connection: Connection, needle: Needle, rows: list[Row]) -> list[Row]:
        targets = {row[_NUMBER]: target_of(row[_TARGET], row[_TRACE_ID], row[_SPAN_ID]) for row in rows}
        found = {row[_NUMBER] for row in rows if _named(needle, row, targets[row[_NUMBER]])}
        left = {number: target for number, target in targets.items() if number not in found}
        pairs = [(one.trace_id, one.span_id) for one in left.values() if one.kind == "span"]
        in_spans = spans_with_text(connection, needle, pairs)
        in_traces = with_text(
            connection, needle, [one.trace_id for one in left.values() if one.kind == "trace"]
        )
        found |= {
            number
            for number, one in left.items()
            if (one.kind == "span" and (one.trace_id, one.span_id) in in_spans)
            or (one.kind == "trace" and one.trace_id in in_traces)
        }
        return [row for row in rows if row[_NUMBER] in found]


_results = _Results()


def _named(needle: Needle, row: Row, target: Target) -> bool:
    ids = (row[_RESULT_ID], target.trace_id, target.span_id)
    texts = (row[_EVALUATOR], row[_SERVICE], target.session_id, row[_OUTCOME])
    return any(map(needle.begins, ids)) or any(map(needle.in_text, texts))


def page(connection: Connection, filters: Filters, *, after: Place | None, limit: int) -> Page[ResultRow]:
    """The next part of the list."""
    found = _results.found(connection, filters, after, limit)
    rows = tuple(ResultRow(number=row[_NUMBER], evaluated=evaluated_of(row)) for row in found.rows)
    return Page(rows=rows, following=found.following, partial=found.partial)


def of_targets(connection: Connection, targets: Sequence[Target]) -> list[ResultRow]:
    """Every result of these targets, oldest first, superseded ones too."""
    rows: list[Row] = []
    for keys in portions(list({target_key(target) for target in targets})):
        rows += packed(connection, select(*_COLUMNS, results.c.current).where(results.c.target.in_(keys)))
    rows.sort(key=lambda row: row[_NUMBER])
    return [
        ResultRow(number=row[_NUMBER], evaluated=evaluated_of(row), current=bool(row[-1])) for row in rows
    ]
