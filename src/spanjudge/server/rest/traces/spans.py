"""`/api/v1/spans`: spans in a list, and all about one."""

import asyncio
from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query
from starlette.responses import Response

from spanjudge.pipeline.explain import AmbiguousSpanError, Explanation, SpanNotFoundError
from spanjudge.pipeline.listings import ResultRow
from spanjudge.pipeline.ports import StoredSpan
from spanjudge.pipeline.subjects import read_stored
from spanjudge.server.rest.cursors import After, Limit, cursor_of
from spanjudge.server.rest.filters import Filtered
from spanjudge.server.rest.parts import Parts
from spanjudge.server.rest.results.told import Numbers, explained_shape, numbers_of, readable, result_shape
from spanjudge.server.rest.shapes.times import instant
from spanjudge.server.rest.shapes.traces import SpanDetail, SpanPage
from spanjudge.server.rest.traces.answers import answer
from spanjudge.server.rest.traces.beginnings import Beginnings
from spanjudge.server.rest.traces.rows import milliseconds, span_row
from spanjudge.server.rest.traces.shown import Shown
from spanjudge.server.rest.traces.traces import (
    TraceId,
    checked_span_id,
    checked_trace_id,
    not_stored,
    worst_first,
)
from spanjudge.spans.facts import facts
from spanjudge.telemetry.evaluated import Target

_KINDS = ("", "internal", "server", "client", "producer", "consumer")

SpanId = Annotated[str, Path(description="16 hexadecimal digits", examples=["00f067aa0ba902b7"])]
Full = Annotated[bool, Query(description="Long texts whole: else they are cut, and say how long they are.")]


def router(parts: Parts) -> APIRouter:
    """The routes."""
    own = APIRouter(prefix="/api/v1", tags=["Traces"], dependencies=[Depends(parts.access.require("read"))])
    beginnings = Beginnings(parts.queries, parts.now)

    @own.get("/spans", summary="Spans, newest first", response_model=SpanPage)
    async def spans(filters: Filtered, after: After, limit: Limit = 50) -> Response:
        """By when they started. For `text` see the list of traces."""
        page = await parts.queries.spans(filters, after=after, limit=limit)
        shown = await beginnings.of_spans([(row.trace_id, row.span_id) for row in page.rows])
        items = [
            span_row(row, shown[key]) if (key := (row.trace_id, row.span_id)) in shown else span_row(row)
            for row in page.rows
        ]
        following = page.following
        reached = instant(following.time_ns) if page.partial and following is not None else None
        return answer(
            SpanPage(items=items, next_cursor=cursor_of(following), partial=page.partial, reached=reached)
        )

    @own.get("/traces/{trace_id}/spans/{span_id}", summary="All about one span", response_model=SpanDetail)
    async def span(trace_id: TraceId, span_id: SpanId, *, full: Full = False) -> Response:
        """Conversation, attributes, results, and why others did not judge it."""
        key = (checked_trace_id(trace_id), checked_span_id(span_id))
        stored = (await parts.queries.stored_spans([key])).get(key)
        if stored is None:
            raise not_stored(f"span {key[1]} of trace {key[0]}")
        target = Target(trace_id=key[0], span_id=key[1])
        # Results are read last: one stored in between is shown, and not told as one that is still on its way.
        explained = await _explained(parts, target)
        results = await parts.queries.results_of([target])
        numbers = await numbers_of(parts.queries, [*(row.evaluated for row in results), *explained])
        return answer(await asyncio.to_thread(_detail, stored, results, explained, numbers, full=full))

    return own


async def _explained(parts: Parts, target: Target) -> list[Explanation]:
    """Of every evaluator that has no result of this span; of the trace's and the session's too."""
    try:
        found = await parts.explain(target.span_id, trace_id=target.trace_id)
    except (SpanNotFoundError, AmbiguousSpanError):
        # It was deleted in between: it is too old to be kept.
        return []
    return [one for one in found if one.target.kind != "span" or one.result is None]


def _detail(
    stored: StoredSpan,
    results: Sequence[ResultRow],
    explained: Sequence[Explanation],
    numbers: Numbers,
    *,
    full: bool,
) -> SpanDetail:
    raw, span = read_stored(stored)
    shown = Shown(raw, span, full=full)
    used = span.usage
    current = [row for row in results if row.current]
    return SpanDetail(
        trace_id=span.trace_id,
        span_id=span.span_id,
        parent_span_id=span.parent_span_id or None,
        name=readable(span.name),
        service=readable(span.service),
        kind=_KINDS[raw.kind] if 0 <= raw.kind < len(_KINDS) else "",
        operation=span.operation,
        provider=_optional(span.provider),
        model=_optional(span.response_model or span.request_model or facts(raw).model),
        dialect=span.dialect or None,
        start=instant(span.start_ns),
        duration_ms=milliseconds(span.start_ns, span.end_ns),
        received=instant(stored.received_ns),
        error=span.error is not None,
        error_message=shown.cut(span.error or "")[0],
        input_tokens=used.input if used else None,
        output_tokens=used.output if used else None,
        session_id=_optional(span.conversation_id),
        messages=shown.messages(),
        system_prompt=shown.system_prompt(),
        tools=shown.tools(),
        documents=shown.documents(),
        expected=shown.expected(),
        attributes=shown.attributes(),
        resource_attributes=shown.resource_attributes(),
        results=[result_shape(row.evaluated, numbers=numbers) for row in worst_first(current)],
        superseded=len(results) - len(current),
        explained=[explained_shape(one, numbers=numbers) for one in explained],
    )


def _optional(text: str | None) -> str | None:
    return readable(text) if text else None
