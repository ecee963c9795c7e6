"""`/api/v1/trials`: run a definition on one span or text; nothing is stored but what it cost."""

from fastapi import APIRouter, Depends, Request

from spanjudge.evaluators.evaluator import Evaluator
from spanjudge.judging.models.limits.rank import Rank, ranked
from spanjudge.judging.result import EvaluationFailure
from spanjudge.pipeline.decision import Decision
from spanjudge.pipeline.match import decide_content, decide_target
from spanjudge.pipeline.ports import StoredEvaluator
from spanjudge.pipeline.subjects import Reading
from spanjudge.server.rest.evaluators.drafts import whole
from spanjudge.server.rest.parts import Parts
from spanjudge.server.rest.results.told import accepted, numbers_of, readable, result_shape, score_range
from spanjudge.server.rest.shapes.results import Result
from spanjudge.server.rest.shapes.trials import Trial, TrialBody
from spanjudge.server.rest.trying.connected import while_connected
from spanjudge.server.rest.trying.material import Tried, tried
from spanjudge.server.rest.trying.places import Places
from spanjudge.telemetry.evaluated import Evaluated, Target

AT_ONCE = 8
MOST_WAITING = 64
_TRIED = "trial"
"""The id of results that are stored nowhere."""


def router(parts: Parts) -> APIRouter:
    """The route."""
    own = APIRouter(prefix="/api/v1", tags=["Trying"], dependencies=[Depends(parts.access.require("admin"))])
    places = Places(AT_ONCE, MOST_WAITING, "trials")

    @own.post("/trials", summary="Try an evaluator")
    async def trial(body: TrialBody, request: Request) -> Trial:
        """Judge one stored span (its trace or session), or pasted text, by a definition that is not stored.

        A failure of the judge is an outcome with its code. What it cost counts against the budgets.
        Leaving before the answer cancels the call.
        """
        evaluator = whole(body.definition, parts)
        material = await tried(body, evaluator, parts)
        return await while_connected(request, _tried(parts, evaluator, material, places))

    return own


async def _tried(parts: Parts, evaluator: Evaluator, material: Tried, places: Places) -> Trial:
    reading = material.reading
    trial = (
        Trial(published=None, matches=True) if reading is None else await _beside(parts, evaluator, reading)
    )
    lacking = None if reading is None else decide_content(reading, evaluator)
    if lacking is not None and not lacking.judge:
        return trial.model_copy(update={"skipped": readable(lacking.detail)})
    async with places:
        judge = parts.trial_judges[evaluator.judge]
        with ranked(Rank.INTERACTIVE):
            (outcome,) = await judge.judge(material.subject, [evaluator])
    if isinstance(outcome, EvaluationFailure) and outcome.code == "missing_input":
        return trial.model_copy(update={"skipped": readable(outcome.message)})
    evaluated = Evaluated(
        id=_TRIED,
        outcome=outcome,
        target=Target() if reading is None else reading.target,
        service="" if reading is None else reading.service,
        time_ns=parts.now(),
    )
    result = result_shape(evaluated, numbers={})
    # The version is stored nowhere, so its range is not known by its number.
    own = {"score_range": score_range(evaluator), "accepted": accepted(evaluator)}
    return trial.model_copy(update={"result": result.model_copy(update=own)})


async def _beside(parts: Parts, evaluator: Evaluator, reading: Reading) -> Trial:
    """What is known without asking: whether it would be judged, and what the published version said."""
    decision = decide_target(reading, evaluator)
    outside = _outside(decision)
    return Trial(
        matches=not outside,
        mismatch=readable(decision.detail) if outside else "",
        published=await _published(parts, evaluator.name, reading),
    )


def _outside(decision: Decision) -> bool:
    """Whether it is the scope that keeps it from being judged, and not what is missing."""
    return not decision.judge and decision.reason not in ("missing_variable", "no_content")


async def _published(parts: Parts, name: str, reading: Reading) -> Result | None:
    live = await _live(parts, name)
    if live is None:
        return None
    found = [
        one
        for one in await parts.store.results_of([reading.target])
        if (one.outcome.evaluator, one.outcome.evaluator_version) == (name, live.evaluator.version)
    ]
    if not found:
        return None
    return result_shape(found[-1], numbers=await numbers_of(parts.queries, found[-1:]))


async def _live(parts: Parts, name: str) -> StoredEvaluator | None:
    stored = await parts.store.evaluators()
    return next(
        (one for one in stored if one.evaluator.name == name and one.status in ("published", "paused")), None
    )
