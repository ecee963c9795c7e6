"""Limits that are set while the ledger is in use."""

import asyncio
from collections.abc import Sequence

import pytest

from spanjudge.judging.budget.limits import Limits, LimitsSet
from spanjudge.judging.budget.tariff import Tariff
from spanjudge.judging.usage import Usage, UsageRow
from tests.judging.budget.test_ledger import Calendar, ledger, tokens, use


class Shelf:
    """Books in memory."""

    def __init__(self) -> None:
        self.set = LimitsSet()
        self.rows: list[UsageRow] = []

    async def limits(self) -> LimitsSet:
        return self.set

    async def add_usage(self, rows: Sequence[UsageRow]) -> None:
        self.rows += rows

    async def usage_since(self, day: str) -> list[UsageRow]:
        return [row for row in self.rows if row.day >= day]

    def put(self, **limits: Limits) -> None:
        """Set these for all together, and for evaluators."""
        together = limits.pop("all", Limits())
        self.set = LimitsSet(
            revision=self.set.revision + 1, edited=True, all=together, evaluators=dict(limits)
        )


def used(day: str, count: int, evaluator: str = "topic", provider: str = "openai") -> UsageRow:
    return UsageRow(
        day=day,
        evaluator=evaluator,
        provider=provider,
        model="gpt-x",
        usage=Usage(input=count, output=0),
        cost_usd=count / 1_000_000,
    )


async def test_a_limit_that_is_set_holds_at_once_and_a_raised_one_too() -> None:
    books, shelf = ledger(tokens_day=1_000_000), Shelf()
    shelf.put(all=Limits(tokens_day=1_000))
    assert await books.follow(shelf)
    assert await use(books, 900) is None
    refused = await use(books, 900)
    assert refused is not None
    assert "raise the limit on the page “Usage”" in refused
    shelf.put(all=Limits(tokens_day=5_000))
    await books.follow(shelf)
    assert await use(books, 900) is None


async def test_nothing_new_is_no_change() -> None:
    books, shelf = ledger(tokens_day=10), Shelf()
    assert not await books.follow(shelf)
    shelf.put(topic=Limits(tokens_day=5))
    assert await books.follow(shelf)
    assert not await books.follow(shelf)


async def test_what_was_used_while_nothing_was_limited_counts() -> None:
    books, shelf = ledger(), Shelf()
    assert not books.watches("default")
    shelf.rows = [used("2025-11-21", 800), used("2025-11-20", 5_000)]
    shelf.put(topic=Limits(tokens_day=1_000))
    await books.follow(shelf)
    assert books.watches("default")
    (standing,) = books.standings()
    assert (standing.evaluator, standing.used) == ("topic", 800)
    assert await use(books, 500) is not None


async def test_what_is_not_stored_yet_is_not_forgotten() -> None:
    books, shelf = ledger(tokens_day=10_000), Shelf()
    assert await use(books, 4_000) is None
    shelf.rows = [used("2025-11-21", 1_000)]
    shelf.put(all=Limits(tokens_day=4_500))
    await books.follow(shelf)
    (standing,) = books.standings()
    assert standing.used == 4_000


async def test_a_reset_brings_the_limits_of_the_settings_back() -> None:
    books, shelf = ledger(tokens_month=7_000, evaluators={"topic": Limits(tokens_day=5)}), Shelf()
    shelf.put(all=Limits(usd_day=1.0))
    await books.follow(shelf)
    assert (books.limits, books.evaluators, books.edited) == (Limits(usd_day=1.0), {}, True)
    shelf.set = LimitsSet(revision=2)
    await books.follow(shelf)
    assert books.limits == Limits(tokens_month=7_000)
    assert books.evaluators == {"topic": Limits(tokens_day=5)}
    assert not books.edited


async def test_who_waits_for_room_is_let_in_by_a_raised_limit() -> None:
    books, shelf = ledger(tokens_day=1_000), Shelf()
    first, _ = await books.reserve("default", {"topic": tokens(800)})
    waiting = asyncio.create_task(books.reserve("default", {"topic": tokens(800)}))
    await asyncio.sleep(0)
    assert not waiting.done()
    shelf.put(all=Limits(tokens_day=2_000))
    await books.follow(shelf)
    second, refused = await waiting
    assert not refused
    books.settle(first, {})
    books.settle(second, {})


async def test_dollars_without_a_price_are_told_and_everything_else_goes_on(
    caplog: pytest.LogCaptureFixture,
) -> None:
    unknown = Tariff(provider="openai_compatible", model="own", charged=True)
    books, shelf = ledger(Calendar(), tariff=unknown), Shelf()
    assert "judge.price_input" in (books.unpriced() or "")
    shelf.put(all=Limits(usd_day=1.0, tokens_day=1_000))
    await books.follow(shelf)
    assert "a budget in US dollars cannot be kept" in caplog.text
    assert await use(books, 900) is None
    assert await use(books, 900) is not None
