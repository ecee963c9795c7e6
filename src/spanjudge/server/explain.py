"""`GET /api/v1/spans/{span_id}/explain`: why a span was judged, or was not."""

from collections.abc import Awaitable
from typing import Any, Protocol

import msgspec
from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field

from spanjudge.pipeline.explain import AmbiguousSpanError, Explanation, SpanNotFoundError
from spanjudge.remote_scorer.problem import encode, error_body
from spanjudge.server.auth import Tokens
from spanjudge.server.errors import of_status, unauthorized


class Explains(Protocol):
    """What explains a span."""

    def __call__(self, span_id: str, *, trace_id: str | None = None) -> Awaitable[list[Explanation]]:
        """One explanation for each evaluator."""
        ...


class ExplainedEvaluator(BaseModel):
    """How it stands with one evaluator and the span."""

    evaluator: str
    version: str
    target: dict[str, str] = Field(description="kind, trace_id, span_id, session_id of what it judges")
    state: str = Field(examples=["judged", "waiting", "not_matched", "sampled_out", "no_content"])
    detail: str = Field(description="The result, the clause and value, or the error.")
    line: str = Field(description="State and detail in plain words.")
    since_ns: int | None = None
    next_ns: int | None = None
    result: dict[str, Any] | None = None


class ExplainedSpan(BaseModel):
    """A span and every evaluator."""

    span_id: str
    evaluators: list[ExplainedEvaluator]


def router(explain: Explains, tokens: Tokens) -> APIRouter:
    """The route, for `server.api.build`."""
    own = APIRouter(prefix="/api/v1", tags=["spans"])

    async def explain_span(request: Request, span_id: str, trace_id: str | None = None) -> Response:
        """For each evaluator: judged, with its result; waiting; failed; or why it was not judged."""
        if not tokens.accepts(request.headers.raw):
            raise unauthorized()
        try:
            found = await explain(span_id, trace_id=trace_id)
        except SpanNotFoundError as error:
            return Response(error_body("NOT_FOUND", str(error)), 404, media_type="application/json")
        except AmbiguousSpanError as error:
            answer = of_status(409, str(error))
            return Response(answer.body, answer.status, media_type="application/json")
        body = {"span_id": span_id.strip().lower(), "evaluators": [_told(one) for one in found]}
        return Response(encode(body), media_type="application/json")

    own.add_api_route(
        "/spans/{span_id}/explain",
        explain_span,
        methods=["GET"],
        response_model=ExplainedSpan,
        summary="Why was a span judged, or not?",
    )
    return own


def _told(one: Explanation) -> dict[str, Any]:
    return one.plain() | {"result": None if one.result is None else msgspec.to_builtins(one.result)}
