"""`/api/v1/results/{id}/retry` and `/api/v1/traces/{id}/judge`: judge this now, whatever the scope says."""

from fastapi import APIRouter, Depends

from spanjudge.pipeline.chosen import NotStoredError, read, target_of
from spanjudge.pipeline.ports import StoredEvaluator
from spanjudge.pipeline.requested import NotInUseError, in_use, job_for
from spanjudge.server.rest.parts import Parts
from spanjudge.server.rest.problems.problem import ApiProblem
from spanjudge.server.rest.results.prompts import outcome_of
from spanjudge.server.rest.results.told import readable, target_shape
from spanjudge.server.rest.shapes.trials import JudgeBody, Queued
from spanjudge.server.rest.trying.material import checked_id, not_stored
from spanjudge.telemetry.evaluated import Target

WAITS = "It waits to be judged already"


def router(parts: Parts) -> APIRouter:
    """The routes."""
    own = APIRouter(prefix="/api/v1", tags=["Results"], dependencies=[Depends(parts.access.require("admin"))])

    @own.post("/results/{result_id}/retry", summary="Judge again", status_code=202)
    async def retry(result_id: str) -> Queued:
        """Judge the same target again, by the version of the evaluator that is published now.

        The new outcome takes the place of the old one when it is there.
        """
        result = await outcome_of(parts, result_id)
        return await _queue(parts, await live_of(parts, result.outcome.evaluator), result.target)

    @own.post("/traces/{trace_id}/judge", summary="Judge now", status_code=202)
    async def judge(trace_id: str, body: JudgeBody) -> Queued:
        """Judge a span, or the trace or session around it, by one published evaluator.

        Services, rules and sampling are not looked at.
        """
        span = Target(
            trace_id=checked_id(trace_id, "trace_id", 32), span_id=checked_id(body.span_id, "span_id", 16)
        )
        evaluator = await live_of(parts, body.evaluator)
        try:
            target = await target_of(parts.store, span, evaluator.evaluator.target)
        except NotStoredError as error:
            raise not_stored(error) from None
        return await _queue(parts, evaluator, target)

    return own


async def live_of(parts: Parts, name: str) -> StoredEvaluator:
    """The version that judges. Raises `ApiProblem` 409 for one that is not published."""
    try:
        return await in_use(parts.store, name)
    except NotInUseError as error:
        told = str(error)
        raise ApiProblem(409, f"{told[:1].upper()}{told[1:]}.", code="not_published") from None


async def _queue(parts: Parts, evaluator: StoredEvaluator, target: Target) -> Queued:
    try:
        target = (await read(parts.store, target)).target
    except NotStoredError as error:
        raise not_stored(error) from None
    count = await parts.store.requested.judge([job_for(evaluator, target, parts.now())], now_ns=parts.now())
    parts.pipeline.wake()
    notes = [] if count else [WAITS]
    if evaluator.status == "paused":
        notes.append(f"The evaluator is paused ({evaluator.reason or 'by a user'}): it is judged afterwards")
    return Queued(jobs=count, target=target_shape(target), note=readable(". ".join(notes)))
