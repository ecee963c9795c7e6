"""`/api/v1/usage`: what judging cost, by day, evaluator and judge model."""

import asyncio
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Query

from spanjudge.judging import prices
from spanjudge.judging.budget.ledger import Ledger
from spanjudge.judging.usage import UsageRow
from spanjudge.server.rest.parts import Parts
from spanjudge.server.rest.problems.problem import ApiProblem, FieldError
from spanjudge.server.rest.shapes import usage as shapes

_DAYS = 30
_MOST_DAYS = 1_100

Day = Annotated[
    date | None,
    Query(description="A day (UTC).", examples=["2026-11-21"]),
]


def router(parts: Parts) -> APIRouter:
    """The routes."""
    own = APIRouter(
        prefix="/api/v1/usage", tags=["Numbers"], dependencies=[Depends(parts.access.require("read"))]
    )

    @own.get("", summary="What judging cost")
    async def usage(from_day: Day = None, to_day: Day = None) -> shapes.Usage:
        """What each evaluator used of each judge model on each day, newest first.

        Without `from_day` the 30 days that end with `to_day`, which is today unless given.
        """
        last = to_day or datetime.fromtimestamp(parts.now() / 1e9, UTC).date()
        first = from_day or last - min(timedelta(days=_DAYS - 1), last - date.min)
        if first > last:
            raise _wrong("from_day", "is after to_day")
        if (last - first).days > _MOST_DAYS:
            raise _wrong("from_day", f"lies more than {_MOST_DAYS:,} days before to_day: ask for less")
        since = await parts.store.usage_since(first.isoformat())
        rows = [row for row in since if row.day <= last.isoformat()]
        rows.sort(key=lambda row: (row.evaluator, row.provider, row.model))
        rows.sort(key=lambda row: row.day, reverse=True)
        # The price list may have to be read for it.
        unpriced = await asyncio.to_thread(_unpriced, parts.ledger, rows)
        return shapes.Usage(
            first_day=first.isoformat(),
            last_day=last.isoformat(),
            rows=[_row(row) for row in rows],
            input_tokens=sum(row.usage.input for row in rows),
            output_tokens=sum(row.usage.output for row in rows),
            cost_usd=sum(row.cost_usd for row in rows),
            calls=sum(row.calls for row in rows),
            unpriced=unpriced,
        )

    return own


def _wrong(field: str, words: str) -> ApiProblem:
    return ApiProblem(422, f"{field} {words}.", errors=[FieldError(field, words)])


def _row(row: UsageRow) -> shapes.UsageRow:
    return shapes.UsageRow(
        day=row.day,
        evaluator=row.evaluator,
        provider=row.provider,
        model=row.model,
        input_tokens=row.usage.input,
        output_tokens=row.usage.output,
        cached_tokens=row.usage.cached,
        cost_usd=row.cost_usd,
        calls=row.calls,
        results=row.results,
        failures=row.failures,
    )


def _unpriced(ledger: Ledger, rows: Iterable[UsageRow]) -> list[str]:
    """Judge models that were used, are not free, and whose tokens have no price."""
    told = {
        (row.provider, row.model) for row in rows if row.cost_usd == 0 and row.usage.input + row.usage.output
    }
    priced = {(row.provider, row.model) for row in rows if row.cost_usd > 0}
    free = {tariff.provider for tariff in ledger.tariffs.values() if not tariff.charged} | prices.FREE
    known = {(tariff.provider, tariff.model) for tariff in ledger.tariffs.values() if tariff.is_known}
    return sorted(
        f"{provider}/{model}"
        for provider, model in told - priced
        if provider not in free and (provider, model) not in known
    )
