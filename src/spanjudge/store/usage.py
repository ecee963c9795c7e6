"""What was used: tokens and money by day, evaluator and judge model."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from sqlalchemy import Connection, select

from spanjudge.judging.usage import Usage, UsageRow
from spanjudge.store import tables
from spanjudge.store.bulk import Insert
from spanjudge.telemetry.evaluated import Evaluated

_KEY = ("day", "evaluator", "provider", "model")
_COUNTS = (
    "input",
    "output",
    "cached",
    "cache_write",
    "reasoning",
    "cost_usd",
    "calls",
    "results",
    "failures",
)
_add = Insert(
    tables.usage,
    *_KEY,
    *_COUNTS,
    update=f"({', '.join(_KEY)}) DO UPDATE SET "
    + ", ".join(f"{name} = usage.{name} + excluded.{name}" for name in _COUNTS),
)
_NOTHING = Usage(input=0, output=0)


def add(connection: Connection, rows: Sequence[UsageRow]) -> None:
    """Add to what was used."""
    sums: dict[tuple[str, ...], list[float]] = {}
    for row in rows:
        used = row.usage
        counts = (
            used.input,
            used.output,
            used.cached,
            used.cache_write,
            used.reasoning,
            row.cost_usd,
            row.calls,
            row.results,
            row.failures,
        )
        total = sums.setdefault((row.day, row.evaluator, row.provider, row.model), [0] * len(counts))
        for index, count in enumerate(counts):
            total[index] += count
    if sums:
        _add(connection, [(*key, *counts) for key, counts in sorted(sums.items())])


def since(connection: Connection, day: str) -> list[UsageRow]:
    """What was used from this day on."""
    table = tables.usage
    rows = connection.execute(
        select(table).where(table.c.day >= day).order_by(*(table.c[name] for name in _KEY))
    )
    return [
        UsageRow(
            day=row.day,
            evaluator=row.evaluator,
            provider=row.provider,
            model=row.model,
            usage=Usage(
                input=row.input,
                output=row.output,
                cached=row.cached,
                cache_write=row.cache_write,
                reasoning=row.reasoning,
            ),
            cost_usd=row.cost_usd,
            calls=row.calls,
            results=row.results,
            failures=row.failures,
        )
        for row in rows
    ]


def of_outcomes(evaluated: Iterable[Evaluated], *, now_ns: int) -> list[UsageRow]:
    """What these outcomes used, on the day of `now_ns`."""
    day = datetime.fromtimestamp(now_ns / 1e9, UTC).strftime("%Y-%m-%d")
    return [
        UsageRow(
            day=day,
            evaluator=one.outcome.evaluator,
            provider=one.outcome.judge_provider or "",
            model=one.outcome.judge_model or "",
            usage=one.outcome.usage or _NOTHING,
            cost_usd=one.outcome.cost_usd or 0.0,
            calls=one.outcome.calls,
            results=0 if one.is_failure else 1,
            failures=1 if one.is_failure else 0,
        )
        for one in evaluated
    ]
