"""`/api/v1/budgets`: what judging may cost, and how that stands."""

import difflib
import math
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Body, Depends

from spanjudge.judging.budget import standing as budget
from spanjudge.judging.budget.limits import Limits, LimitsSet
from spanjudge.pipeline.ports import StaleError
from spanjudge.server.rest.parts import Parts
from spanjudge.server.rest.problems.problem import ApiProblem, FieldError
from spanjudge.server.rest.shapes.times import instant
from spanjudge.server.rest.shapes.usage import BudgetChange, Budgets, LimitSet, Standing

_LIMITS = ("tokens_day", "tokens_month", "usd_day", "usd_month")
_SECOND = 1_000_000_000
_LEAST_PACE = 600.0
"""Seconds of a period before which its pace says nothing yet."""


def router(parts: Parts) -> APIRouter:
    """The routes."""
    own = APIRouter(prefix="/api/v1/budgets", tags=["Numbers"])
    access = parts.access

    @own.get("", summary="The budgets", dependencies=[Depends(access.require("read"))])
    async def budgets() -> Budgets:
        """Limits, where they come from, and how much of each is used."""
        await parts.ledger.follow(parts.store)
        return _budgets(parts)

    @own.put("", summary="Set the budgets", dependencies=[Depends(access.require("admin"))])
    async def change(body: Annotated[BudgetChange, Body()]) -> Budgets:
        """Set all limits anew; they hold at once and take the place of those of the settings.

        409 when `revision` is not the newest: `current` has what is stored now.
        """
        wanted = LimitsSet(revision=body.revision)
        if not body.reset:
            wanted = LimitsSet(
                revision=body.revision,
                edited=True,
                all=_limits(body.all),
                evaluators={
                    name: limits
                    for name, one in body.evaluators.items()
                    if (limits := _limits(one)) != Limits()
                },
            )
            await _check(parts, wanted, body)
        try:
            await parts.store.set_limits(wanted)
        except StaleError:
            await parts.ledger.follow(parts.store)
            raise ApiProblem(
                409,
                "Somebody else changed the budgets meanwhile: look at what is stored now, and save again.",
                code="stale",
                extra={"current": _budgets(parts).model_dump()},
            ) from None
        await parts.ledger.follow(parts.store)
        return _budgets(parts)

    return own


def _limits(one: LimitSet) -> Limits:
    return Limits(**one.model_dump())


def _shape(limits: Limits) -> LimitSet:
    return LimitSet(**{name: getattr(limits, name) for name in _LIMITS})


async def _check(parts: Parts, wanted: LimitsSet, body: BudgetChange) -> None:
    errors = [*_bad_numbers("all", body.all)]
    for name, one in body.evaluators.items():
        errors += _bad_numbers(f"evaluators.{name}", one)
    known = {one.evaluator.name for one in await parts.store.evaluators()} | set(parts.scorers)
    # What was limited before an evaluator went away may stay.
    known |= set(parts.ledger.evaluators) | set(parts.ledger.from_settings.evaluators)
    errors += [_unknown(name, known) for name in wanted.evaluators if name not in known]
    if words := parts.ledger.unpriced():
        given: Mapping[str, Limits] = {
            "all": wanted.all,
            **{f"evaluators.{name}": one for name, one in wanted.evaluators.items()},
        }
        errors += [
            FieldError(f"{place}.{name}", f"cannot be kept: {words}")
            for place, one in given.items()
            for name in ("usd_day", "usd_month")
            if getattr(one, name)
        ]
    if errors:
        told = "; ".join(f"{one.field} {one.message}" for one in errors[:3])
        raise ApiProblem(422, told if told.endswith("?") else f"{told}.", errors=errors)


def _bad_numbers(place: str, one: LimitSet) -> Iterable[FieldError]:
    for name in ("usd_day", "usd_month"):
        if not math.isfinite(getattr(one, name)):
            yield FieldError(f"{place}.{name}", "is no amount of money")


def _unknown(name: str, known: Iterable[str]) -> FieldError:
    close = difflib.get_close_matches(name, sorted(known), n=1, cutoff=0.6)
    fix = f"did you mean “{close[0]}”?" if close else "see the list of evaluators"
    return FieldError(f"evaluators.{name}", f"is no evaluator: {fix}")


def _budgets(parts: Parts) -> Budgets:
    ledger = parts.ledger
    return Budgets(
        all=_shape(ledger.limits),
        evaluators={name: _shape(own) for name, own in sorted(ledger.evaluators.items())},
        from_settings=_shape(ledger.from_settings.all),
        edited=ledger.edited,
        revision=ledger.revision,
        standings=[standing(one, parts.now()) for one in ledger.standings()],
    )


def standing(one: budget.Standing, now_ns: int) -> Standing:
    """One limit, and when it is used up if the period goes on as it went so far."""
    start, end = budget.period_of(one)
    now = datetime.fromtimestamp(now_ns / 1e9, UTC)
    runs_out: int | None = None
    if one.used >= one.limit:
        runs_out = now_ns
    elif one.used > 0:
        pace = one.used / max((now - start).total_seconds(), _LEAST_PACE)
        left = (one.limit - one.used) / pace
        if left < (end - now).total_seconds():
            runs_out = now_ns + int(left * _SECOND)
    return Standing(
        evaluator=one.evaluator,
        unit=one.unit,
        period=one.period,
        limit=one.limit,
        used=one.used,
        reserved=one.reserved,
        resets=instant(int(end.timestamp()) * _SECOND),
        runs_out=None if runs_out is None else instant(runs_out),
    )
