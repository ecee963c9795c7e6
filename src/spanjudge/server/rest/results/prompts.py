"""`/api/v1/results/{id}/prompt`: what the judge model was asked."""

from fastapi import APIRouter, Depends

from spanjudge.pipeline.sent import sent_for
from spanjudge.server.rest.parts import Parts
from spanjudge.server.rest.problems.problem import ApiProblem
from spanjudge.server.rest.results.told import readable
from spanjudge.server.rest.shapes.results import SentPrompt
from spanjudge.telemetry.evaluated import Evaluated


def router(parts: Parts) -> APIRouter:
    """The route."""
    own = APIRouter(prefix="/api/v1", tags=["Results"], dependencies=[Depends(parts.access.require("read"))])

    @own.get("/results/{result_id}/prompt", summary="The prompt of a result")
    async def prompt(result_id: str) -> SentPrompt:
        """What the judge was asked, put together again from the stored span and the evaluator's version.

        `exact` is false when something came later, or is not stored any more; `note` says what.
        """
        result = await outcome_of(parts, result_id)
        sent = await sent_for(parts.store, result, parts.judges)
        call = sent.call
        name = result.outcome.evaluator
        return SentPrompt(
            system=readable(call.system) if call else "",
            user=readable(call.user) if call else "",
            answer_schema=call.schema if call else None,
            shared_with=[one for one in call.evaluators if one != name] if call else [],
            exact=sent.exact,
            note=readable("; ".join(sent.notes)),
        )

    return own


async def outcome_of(parts: Parts, result_id: str) -> Evaluated:
    """One result or failure. Raises `ApiProblem` 404."""
    found = await parts.queries.outcome(result_id.strip().lower())
    if found is None:
        raise ApiProblem(404, "There is no such result, or it is older than what is kept.", code="no_result")
    return found
