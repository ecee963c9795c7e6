"""`/api/v1/spans/{span_id}/explain`: why a span was judged, or was not."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query

from spanjudge.pipeline.explain import AmbiguousSpanError, SpanNotFoundError, locate
from spanjudge.server.rest.parts import Parts
from spanjudge.server.rest.problems.problem import ApiProblem, FieldError
from spanjudge.server.rest.results.told import explained_span, numbers_of
from spanjudge.server.rest.shapes.results import ExplainedSpan


def router(parts: Parts) -> APIRouter:
    """The route."""
    own = APIRouter(prefix="/api/v1", tags=["Trying"], dependencies=[Depends(parts.access.require("read"))])

    @own.get("/spans/{span_id}/explain", summary="Why was a span judged, or not?")
    async def explain(
        span_id: str,
        trace_id: Annotated[
            str | None, Query(description="Needed where several traces hold a span of this id.")
        ] = None,
    ) -> ExplainedSpan:
        """For each evaluator of the span, its trace and its session: judged, waiting, failed, or why not."""
        try:
            stored = await locate(parts.store, span_id, trace_id=trace_id)
            found = await parts.explain(stored.span_id, trace_id=stored.trace_id)
        except SpanNotFoundError as error:
            raise ApiProblem(404, f"{error}.", code="not_stored") from None
        except AmbiguousSpanError as error:
            words = f"name one of {', '.join(error.trace_ids)}"
            raise ApiProblem(
                409, f"{error}.", code="ambiguous_span", errors=[FieldError("trace_id", words)]
            ) from None
        numbers = await numbers_of(parts.queries, found)
        return explained_span(stored.trace_id, stored.span_id, found, numbers=numbers)

    return own
