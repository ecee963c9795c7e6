"""`/api/v1/judges`: the judge models of the settings, and how they stand."""

import asyncio
import time
from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request

from spanjudge.judging.budget.tariff import Tariff
from spanjudge.judging.check import check
from spanjudge.judging.judge import Judge
from spanjudge.judging.models.limits.limiter import LimiterState
from spanjudge.judging.models.limits.rank import Rank, ranked
from spanjudge.judging.models.state import state_of
from spanjudge.judging.usage import Usage
from spanjudge.server.rest.parts import Parts
from spanjudge.server.rest.problems.problem import ApiProblem
from spanjudge.server.rest.shapes.pipeline import JudgeCheck, JudgeLimits, JudgeModel, Judges, Limit
from spanjudge.server.rest.shapes.times import instant
from spanjudge.server.rest.trying.connected import while_connected

_A_MILLION = 1_000_000
_SECOND = 1_000_000_000
_LONGEST_CHECK = 60.0


def router(parts: Parts) -> APIRouter:
    """The routes."""
    own = APIRouter(prefix="/api/v1/judges", tags=["Numbers"])
    access = parts.access

    @own.get("", summary="The judge models", dependencies=[Depends(access.require("read"))])
    async def judges() -> Judges:
        """Every judge model of the settings, by its latest calls: none is asked for this."""
        used: dict[str, set[str]] = {}
        for stored in await parts.store.evaluators():
            if stored.status in ("published", "paused"):
                used.setdefault(stored.evaluator.judge, set()).add(stored.evaluator.name)
        names = sorted(parts.judges, key=lambda name: (name != "default", name))
        # The price list may have to be read for it.
        prices = await asyncio.to_thread(
            lambda: {name: _prices(parts.ledger.tariffs.get(name)) for name in names}
        )
        return Judges(
            items=[
                _judge(name, parts.judges[name], prices[name], sorted(used.get(name, ())), now_ns=parts.now())
                for name in names
            ]
        )

    @own.post(
        "/{name}/check", summary="Ask a judge model now", dependencies=[Depends(access.require("admin"))]
    )
    async def ask(
        request: Request,
        name: Annotated[str, Path(description="Its name in the settings.", examples=["default"])],
    ) -> JudgeCheck:
        """Have a harmless answer judged, as `spanjudge check` does; it costs what a small judgement costs.

        It counts against the budgets.
        """
        judge = parts.trial_judges.get(name)
        if judge is None:
            known = ", ".join(parts.trial_judges)
            raise ApiProblem(
                404,
                f"The settings have no judge model of this name; they have {known}.",
                code="unknown_judge",
            )
        timeout = state_of(judge.model).timeout or _LONGEST_CHECK
        began = time.perf_counter()
        with ranked(Rank.INTERACTIVE):
            checked = await while_connected(request, check(judge, timeout=min(timeout, _LONGEST_CHECK)))
        return JudgeCheck(
            reachable=checked.works,
            detail="; ".join(checked.lines),
            duration_ms=(time.perf_counter() - began) * 1000,
            cost_usd=checked.outcome.cost_usd,
        )

    return own


def _prices(tariff: Tariff | None) -> tuple[float | None, float | None]:
    """USD for a million tokens read, and written."""
    if tariff is None:
        return None, None
    return (
        tariff.cost(Usage(input=_A_MILLION, output=0)),
        tariff.cost(Usage(input=0, output=_A_MILLION)),
    )


def _judge(
    name: str,
    judge: Judge,
    prices: tuple[float | None, float | None],
    evaluators: Sequence[str],
    *,
    now_ns: int,
) -> JudgeModel:
    state = state_of(judge.model)
    return JudgeModel(
        name=name,
        provider=judge.model.provider,
        model=judge.model.model,
        state=state.state,
        detail=state.detail,
        last_call=None if state.last_ns is None else instant(state.last_ns),
        capability=state.capability,
        batches=judge.batches,
        price_input=prices[0],
        price_output=prices[1],
        concurrency=None if state.limiter is None else state.limiter.concurrency_set,
        in_flight=0 if state.limiter is None else state.limiter.in_flight,
        requests_per_minute=state.limits.requests,
        tokens_per_minute=state.limits.tokens,
        limits=None if state.limiter is None else _limits(state.limiter, now_ns),
        evaluators=list(evaluators),
    )


def _limits(state: LimiterState, now_ns: int) -> JudgeLimits:
    return JudgeLimits(
        requests_per_minute=Limit(set=state.requests_set, now=state.requests),
        tokens_per_minute=Limit(set=state.tokens_set, now=state.tokens),
        concurrency=Limit(set=state.concurrency_set, now=state.concurrency),
        held_until=instant(now_ns + int(state.held * _SECOND)) if state.held else None,
        waiting=state.waiting,
    )
