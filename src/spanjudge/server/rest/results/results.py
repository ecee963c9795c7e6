"""`/api/v1/results`: results and failures in a list, and as files."""

from collections.abc import Sequence

from fastapi import APIRouter, Depends
from starlette.responses import Response, StreamingResponse

from spanjudge.pipeline.listings import ResultRow
from spanjudge.server.rest.cursors import After, Limit, cursor_of
from spanjudge.server.rest.filters import Filtered
from spanjudge.server.rest.parts import Parts
from spanjudge.server.rest.results.exported import CSV_EXAMPLE, JSONL_EXAMPLE, as_csv, as_jsonl, file_name
from spanjudge.server.rest.results.told import numbers_of, result_shape
from spanjudge.server.rest.shapes.results import Result, ResultPage
from spanjudge.server.rest.shapes.times import instant
from spanjudge.server.rest.traces.answers import answer
from spanjudge.server.rest.traces.beginnings import Beginning, Beginnings

_NOTHING = Beginning()


def router(parts: Parts) -> APIRouter:
    """The routes."""
    own = APIRouter(prefix="/api/v1", tags=["Results"], dependencies=[Depends(parts.access.require("read"))])
    beginnings = Beginnings(parts.queries, parts.now)

    @own.get("/results", summary="Results and failures, newest first", response_model=ResultPage)
    async def results(filters: Filtered, after: After, limit: Limit = 50) -> Response:
        """Current ones only: of an evaluator and a target the newest. `text` is looked for in them too."""
        page = await parts.queries.results(filters, after=after, limit=limit)
        items = await _shapes(parts, beginnings, page.rows)
        following = page.following
        reached = instant(following.time_ns) if page.partial and following is not None else None
        return answer(
            ResultPage(items=items, next_cursor=cursor_of(following), partial=page.partial, reached=reached)
        )

    @own.get(
        "/results.csv",
        summary="Results and failures as a table",
        response_class=Response,
        responses={200: {"content": {"text/csv": {"schema": {"type": "string"}, "example": CSV_EXAMPLE}}}},
    )
    async def results_csv(filters: Filtered) -> StreamingResponse:
        """All that fit, newest first. Texts that a spreadsheet would take for a formula begin with `'`."""
        return StreamingResponse(
            as_csv(parts.queries, filters),
            media_type="text/csv; charset=utf-8",
            headers=file_name(filters, "csv", parts.now()),
        )

    @own.get(
        "/results.jsonl",
        summary="Results and failures as JSON lines",
        response_class=Response,
        responses={
            200: {"content": {"application/jsonl": {"schema": {"type": "string"}, "example": JSONL_EXAMPLE}}}
        },
    )
    async def results_jsonl(filters: Filtered) -> StreamingResponse:
        """All that fit, newest first, one a line."""
        return StreamingResponse(
            as_jsonl(parts.queries, filters),
            media_type="application/jsonl",
            headers=file_name(filters, "jsonl", parts.now()),
        )

    return own


async def _shapes(parts: Parts, beginnings: Beginnings, rows: Sequence[ResultRow]) -> list[Result]:
    """With how what was judged begins; of sessions it is not known."""
    outcomes = [row.evaluated for row in rows]
    spans = [(one.target.trace_id, one.target.span_id) for one in outcomes if one.target.kind == "span"]
    traces = [(one.target.trace_id, 0) for one in outcomes if one.target.kind == "trace"]
    of_spans = await beginnings.of_spans(spans)
    of_traces = await beginnings.of_traces(traces)
    numbers = await numbers_of(parts.queries, outcomes)
    found: list[Result] = []
    for row in rows:
        target = row.evaluated.target
        begins = _NOTHING
        if target.kind == "span":
            begins = of_spans.get((target.trace_id, target.span_id), _NOTHING)
        elif target.kind == "trace":
            begins = of_traces.get(target.trace_id, _NOTHING)
        found.append(
            result_shape(
                row.evaluated,
                numbers=numbers,
                current=row.current,
                input=begins.input,
                output=begins.output,
            )
        )
    return found
