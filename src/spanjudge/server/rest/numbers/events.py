"""`/api/v1/events`: server-sent events that say when something was stored.

The format is https://html.spec.whatwg.org/multipage/server-sent-events.html.
"""

from collections.abc import AsyncGenerator
from typing import Annotated

from fastapi import APIRouter, Depends, Header
from fastapi.responses import StreamingResponse

from spanjudge.pipeline.queries import Counters
from spanjudge.server.rest.numbers.watch import Moved, Watch
from spanjudge.server.rest.parts import Parts
from spanjudge.server.rest.problems.problem import ApiProblem
from spanjudge.server.rest.shapes.pipeline import Change
from spanjudge.server.rest.shapes.times import instant

_RETRY_MS = 3_000
_HEADERS = {"cache-control": "no-store", "x-accel-buffering": "no"}
_EXAMPLE = (
    "retry: 3000\n\n"
    "id: 1204-380-7\nevent: change\n"
    'data: {"spans": 1204, "results": 380, "evaluators": 7, "at": "2026-11-21T21:54:20.123456Z"}\n\n'
)
_ANSWER: dict[int | str, dict[str, object]] = {
    200: {
        "description": "Events `change`, and comments as signs of life; ends after some minutes: come again.",
        "content": {"text/event-stream": {"schema": {"type": "string"}, "example": _EXAMPLE}},
    },
    503: {"description": "Too many listen already"},
}


def router(parts: Parts, watch: Watch | None = None) -> APIRouter:
    """The routes; `watch` is what looks, unless another is given."""
    own = APIRouter(
        prefix="/api/v1/events", tags=["Numbers"], dependencies=[Depends(parts.access.require("read"))]
    )
    watching = watch or Watch(parts.queries, parts.now, parts.ending)
    parts.pipeline.on_change(watching.hint)

    @own.get(
        "", summary="What changes", response_class=StreamingResponse, responses=_ANSWER, response_model=None
    )
    async def events(
        last_event_id: Annotated[
            str | None, Header(max_length=100, description="What was seen last; browsers send it.")
        ] = None,
    ) -> StreamingResponse:
        """Tell when spans, results or evaluators were stored, a second later at most, by any process.

        The counters grow when something was stored; that they moved is all that they say.
        """
        if watching.full:
            raise ApiProblem(
                503,
                "Too many listen already: close some pages, or come again later.",
                code="too_many_listeners",
                retry_after=10,
            )
        now = await watching.look()
        return StreamingResponse(
            _stream(watching, now, last_event_id), media_type="text/event-stream", headers=_HEADERS
        )

    return own


async def _stream(watch: Watch, now: Moved, last_id: str | None) -> AsyncGenerator[str]:
    yield f"retry: {_RETRY_MS}\n\n"
    if last_id and last_id != _id(now.counters):
        yield _event(now)
    listening = watch.listen(now.counters)
    try:
        async for moved in listening:
            yield ": still here\n\n" if moved is None else _event(moved)
    finally:
        await listening.aclose()


def _event(moved: Moved) -> str:
    counters = moved.counters
    change = Change(
        spans=counters.spans,
        results=counters.results,
        evaluators=counters.evaluators,
        at=instant(moved.at_ns),
    )
    return f"id: {_id(counters)}\nevent: change\ndata: {change.model_dump_json()}\n\n"


def _id(counters: Counters) -> str:
    return f"{counters.spans}-{counters.results}-{counters.evaluators}"
