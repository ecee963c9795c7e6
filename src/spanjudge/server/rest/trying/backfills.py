"""`/api/v1/backfills`: run a published evaluator over what is stored."""

import asyncio

from fastapi import APIRouter, Depends

from spanjudge.pipeline import backfill as runs
from spanjudge.pipeline.forecast import forecast, left_of, used_lately
from spanjudge.pipeline.requested import Backfill, NewBackfill
from spanjudge.pipeline.targets import Stretch
from spanjudge.server.rest.parts import Parts
from spanjudge.server.rest.problems.problem import ApiProblem, FieldError
from spanjudge.server.rest.results.judging import live_of
from spanjudge.server.rest.shapes import trials as shapes
from spanjudge.server.rest.shapes.times import instant, parse_instant
from spanjudge.server.rest.trying.places import Places

CANCELLED = "the backfill was cancelled before this was judged"
_MOST_AT_ONCE = 20


def router(parts: Parts) -> APIRouter:
    """The routes."""
    own = APIRouter(prefix="/api/v1", tags=["Backfills"])
    reading = [Depends(parts.access.require("read"))]
    changing = [Depends(parts.access.require("admin"))]
    places = Places(1, 8, "previews of backfills")

    @own.get("/backfills", summary="Backfills", dependencies=reading)
    async def backfills() -> shapes.Backfills:
        """The last 200, newest first, with how far each is and what it has cost."""
        found = await parts.store.requested.backfills(limit=200)
        return shapes.Backfills(items=[_shape(one) for one in found])

    @own.post("/backfills/preview", summary="Preview a backfill", dependencies=reading)
    async def preview(body: shapes.BackfillBody) -> shapes.BackfillPreview:
        """How much there is to judge, and about what it would cost."""
        start_ns, end_ns = _window(body)
        live = await live_of(parts, body.evaluator)
        evaluator = live.evaluator
        stretch = Stretch(start_ns=start_ns, end_ns=end_ns, services=evaluator.scope.services)
        async with places:
            size, recent = await runs.size_of(
                parts.store, parts.recent, evaluator, stretch, sampled=body.sampled
            )
            # A backfill's calls hold its own criterion alone: the others have judged these targets.
            expected = await asyncio.to_thread(
                forecast,
                evaluator,
                recent,
                size.chosen,
                parts.judges.get(evaluator.judge),
                live=(),
                ledger=parts.ledger,
                used=await used_lately(parts.store, parts.now()),
            )
        jobs = size.jobs(body.most)
        left = left_of(parts.ledger, evaluator)
        asked = jobs * expected.asked
        usd = 0.0 if not jobs else expected.usd
        return shapes.BackfillPreview(
            matching=size.matching,
            judged_already=size.judged_already,
            jobs=jobs,
            examined=size.examined,
            exact=size.exact,
            tokens=round(asked * expected.tokens, 1),
            usd=None if usd is None else round(asked * usd, 6),
            batched=expected.shared,
            budget_left_usd=left.usd,
            budget_left_tokens=left.tokens,
        )

    @own.post("/backfills", summary="Begin a backfill", dependencies=changing, status_code=202)
    async def begin(body: shapes.BackfillBody) -> shapes.Backfill:
        """Judge what the evaluator has not judged, newest first, behind what comes in live.

        What is judged or waits already is left out, so that beginning it twice judges nothing twice.
        """
        start_ns, end_ns = _window(body)
        live = await live_of(parts, body.evaluator)
        under_way = [one for one in await parts.store.requested.unfinished() if _is_running(one)]
        if len(under_way) >= _MOST_AT_ONCE:
            raise ApiProblem(
                429, f"{len(under_way)} backfills are under way: wait for one or cancel it.", retry_after=60
            )
        wanted = NewBackfill(
            evaluator=live.evaluator.name,
            version=live.evaluator.version,
            start_ns=start_ns,
            end_ns=end_ns,
            most=body.most,
            sampled=body.sampled,
        )
        begun = await parts.store.requested.begin(wanted, now_ns=parts.now())
        parts.pipeline.backfills.wake()
        return _shape(begun)

    @own.delete("/backfills/{backfill_id}", summary="Cancel a backfill", dependencies=changing)
    async def cancel(backfill_id: int) -> shapes.Backfill:
        """Make no more jobs and skip those that wait; what is being judged is finished."""
        found = (
            await parts.store.requested.cancel(backfill_id, detail=CANCELLED)
            if 0 < backfill_id < _LARGEST
            else None
        )
        if found is None:
            raise ApiProblem(404, f"There is no backfill {backfill_id}.", code="no_backfill")
        return _shape(found)

    return own


_LARGEST = 2**63


def _is_running(one: Backfill) -> bool:
    return one.state in ("searching", "judging")


def _window(body: shapes.BackfillBody) -> tuple[int, int]:
    start_ns, end_ns = parse_instant(body.start), parse_instant(body.end)
    if start_ns >= end_ns:
        words = "must be later than start"
        raise ApiProblem(422, f"end {words}.", errors=[FieldError("end", words)])
    return start_ns, end_ns


def _shape(one: Backfill) -> shapes.Backfill:
    wanted = one.wanted
    return shapes.Backfill(
        id=one.id,
        evaluator=wanted.evaluator,
        version=wanted.version,
        start=instant(wanted.start_ns),
        end=instant(wanted.end_ns),
        most=wanted.most,
        created=instant(one.created_ns),
        state=one.state,
        examined=one.examined,
        jobs=one.jobs,
        done=one.done,
        failed=one.failed,
        cost_usd=round(one.cost_usd, 9),
    )
