"""`/api/v1/traces`: traces in a list, and one with its tree."""

import asyncio
from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Depends, Path
from starlette.responses import Response

from spanjudge.pipeline.explain import AmbiguousSpanError, Explanation, SpanNotFoundError
from spanjudge.pipeline.listings import ResultRow, TraceView
from spanjudge.pipeline.ports import StoredSpan
from spanjudge.server.rest.cursors import After, Limit, cursor_of
from spanjudge.server.rest.filters import Filtered
from spanjudge.server.rest.parts import Parts
from spanjudge.server.rest.problems.problem import ApiProblem
from spanjudge.server.rest.results.told import explained_shape, numbers_of, readable, result_shape
from spanjudge.server.rest.shapes.times import instant
from spanjudge.server.rest.shapes.traces import Trace, TracePage
from spanjudge.server.rest.traces.answers import answer
from spanjudge.server.rest.traces.beginnings import Beginnings
from spanjudge.server.rest.traces.rows import milliseconds, trace_row
from spanjudge.server.rest.traces.trees import TraceTree
from spanjudge.telemetry.evaluated import Target

MOST_SPANS = 1_000
"""Of a longer trace the first and the last half of so many are shown."""

TraceId = Annotated[
    str, Path(description="32 hexadecimal digits", examples=["4bf92f3577b34da6a3ce929d0e0e4736"])
]


def router(parts: Parts) -> APIRouter:
    """The routes."""
    own = APIRouter(prefix="/api/v1", tags=["Traces"], dependencies=[Depends(parts.access.require("read"))])
    beginnings = Beginnings(parts.queries, parts.now)

    @own.get("/traces", summary="Traces, newest first", response_model=TracePage)
    async def traces(filters: Filtered, after: After, limit: Limit = 50) -> Response:
        """By when they started.

        A search for text stops after its share of work: then `partial` is true, and `next_cursor` goes on.
        """
        page = await parts.queries.traces(filters, after=after, limit=limit)
        shown = await beginnings.of_traces([(row.trace_id, row.spans) for row in page.rows])
        items = [
            trace_row(row, shown[row.trace_id]) if row.trace_id in shown else trace_row(row)
            for row in page.rows
        ]
        following = page.following
        reached = instant(following.time_ns) if page.partial and following is not None else None
        return answer(
            TracePage(items=items, next_cursor=cursor_of(following), partial=page.partial, reached=reached)
        )

    @own.get("/traces/{trace_id}", summary="One trace with its spans as a tree", response_model=Trace)
    async def trace(trace_id: TraceId) -> Response:
        """Its spans depth first, and what was said of the trace and its session as a whole."""
        target = Target(kind="trace", trace_id=checked_trace_id(trace_id))
        view = await parts.queries.trace(target.trace_id)
        material = (await parts.store.material([target], most_spans=MOST_SPANS)).get("trace" + target.key)
        if view is None or material is None:
            raise not_stored(f"trace {target.trace_id}")
        tree = await asyncio.to_thread(_tree, material.spans, view)
        targets = [target]
        if tree.session_id:
            targets.append(Target(kind="session", session_id=tree.session_id))
        # Results are read last: one stored in between is shown, and not told as one that is still on its way.
        explained = await _explained(parts, tree)
        results = [row for row in await parts.queries.results_of(targets) if row.current]
        return answer(await _shape(parts, view, tree, results, explained))

    return own


def _tree(stored: Sequence[StoredSpan], view: TraceView) -> TraceTree:
    return TraceTree(stored, view.of_spans)


async def _explained(parts: Parts, tree: TraceTree) -> list[Explanation]:
    """Of evaluators of the trace and its session, those without a result."""
    try:
        found = await parts.explain(tree.told_span_id, trace_id=tree.trace_id)
    except (SpanNotFoundError, AmbiguousSpanError):
        # It was deleted in between: it is too old to be kept.
        return []
    return [one for one in found if one.target.kind != "span" and one.result is None]


async def _shape(
    parts: Parts,
    view: TraceView,
    tree: TraceTree,
    results: Sequence[ResultRow],
    explained: Sequence[Explanation],
) -> Trace:
    row = view.trace
    numbers = await numbers_of(parts.queries, [*(one.evaluated for one in results), *explained])
    return Trace(
        trace_id=row.trace_id,
        name=readable(row.name),
        service=readable(row.service),
        start=instant(row.start_ns),
        duration_ms=milliseconds(row.start_ns, row.end_ns),
        session_id=readable(row.session_id) if row.session_id else None,
        tokens=tree.tokens,
        judge_cost_usd=row.verdicts.cost_usd,
        judge_tokens=row.verdicts.tokens,
        total_spans=row.spans,
        spans=tree.rows(row.start_ns),
        results=[result_shape(one.evaluated, numbers=numbers) for one in worst_first(results)],
        explained=[explained_shape(one, numbers=numbers) for one in explained],
        previous=view.previous,
        following=view.following,
    )


def worst_first(results: Sequence[ResultRow]) -> list[ResultRow]:
    """What failed, then what has no verdict, then the rest; each by the evaluator's name."""

    def rank(row: ResultRow) -> tuple[int, str]:
        outcome = row.evaluated.outcome
        if row.evaluated.is_failure:
            return 1, outcome.evaluator
        verdict = getattr(outcome, "verdict", None)
        return {"fail": 0, None: 2}.get(verdict, 3), outcome.evaluator

    return sorted(results, key=rank)


def checked_trace_id(text: str) -> str:
    """A trace id in small letters. Raises `ApiProblem` 404."""
    return _checked(text, 32, "trace")


def checked_span_id(text: str) -> str:
    """A span id in small letters. Raises `ApiProblem` 404."""
    return _checked(text, 16, "span")


def _checked(text: str, digits: int, noun: str) -> str:
    clean = text.strip().lower()
    if len(clean) != digits or not set(clean) <= _DIGITS:
        raise ApiProblem(
            404, f"There is no {noun} of this id: one has {digits} hexadecimal digits.", code="not_stored"
        )
    return clean


_DIGITS = frozenset("0123456789abcdef")


def not_stored(what: str) -> ApiProblem:
    """404 with what may be the reason."""
    return ApiProblem(
        404,
        f"Nothing is stored of {what}: it has not come, or is older than what is kept.",
        code="not_stored",
    )
