import asyncio
import logging
from collections.abc import Mapping
from datetime import UTC, datetime

import pytest

from spanjudge.errors import SettingsError
from spanjudge.judging.budget.ledger import Ledger, Limits
from spanjudge.judging.budget.tariff import Tariff
from spanjudge.judging.usage import Usage

PAID = Tariff(provider="openai", model="gpt-x", charged=True, price_input=1.0, price_output=2.0)
FREE = Tariff(provider="embedded", model="small", charged=False)


class Calendar:
    def __init__(self, text: str = "2025-11-21 12:00") -> None:
        self.set(text)

    def set(self, text: str) -> None:
        self.now = int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1e9)

    def __call__(self) -> int:
        return self.now


def ledger(
    calendar: Calendar | None = None,
    *,
    evaluators: Mapping[str, Limits] | None = None,
    tokens_month: int = 0,
    tokens_day: int = 0,
    usd_month: float = 0.0,
    tariff: Tariff = PAID,
) -> Ledger:
    return Ledger(
        Limits(tokens_month=tokens_month, tokens_day=tokens_day, usd_month=usd_month),
        evaluators or {},
        {"default": tariff, "small": FREE},
        calendar or Calendar(),
    )


def tokens(count: int) -> Usage:
    return Usage(input=count - count // 10, output=count // 10)


async def use(books: Ledger, count: int, evaluator: str = "topic") -> str | None:
    """Reserve, use exactly that, settle; the refusal when there was one."""
    reservation, refused = await books.reserve("default", {evaluator: tokens(count)})
    if evaluator not in refused:
        books.settle(reservation, {evaluator: (tokens(count), None)})
        return None
    books.settle(reservation, {})
    return refused[evaluator]


async def test_nothing_is_held_back_within_the_limit_and_everything_beyond_it() -> None:
    books = ledger(tokens_month=10_000)
    for _ in range(10):
        assert await use(books, 1_000) is None
    refusal = await use(books, 1_000)
    assert refusal == (
        "all evaluators used up 10,000 of 10,000 tokens of this month; resumes on 1 December 00:00 UTC; "
        "raise SPANJUDGE_BUDGET_TOKENS_MONTH (0: no limit)"
    )
    assert await use(books, 1) == refusal


async def test_what_does_not_fit_any_more_says_how_much_it_would_take() -> None:
    books = ledger(tokens_month=10_000)
    await use(books, 9_500)
    refusal = await use(books, 1_000)
    assert refusal is not None
    assert "used up 9,500 of 10,000 tokens of this month, and this evaluation takes about 1,000" in refusal
    assert await use(books, 400) is None
    assert all(one.used < one.limit for one in books.standings())


async def test_an_evaluators_own_budget_leaves_the_others_alone() -> None:
    books = ledger(evaluators={"topic": Limits(tokens_day=1_000)})
    assert await use(books, 1_000) is None
    _, refused = await books.reserve("default", {"topic": tokens(100), "polite": tokens(100)})
    assert list(refused) == ["topic"]
    assert refused["topic"].startswith("“topic” used up 1,000 of 1,000 tokens of this day")
    assert "22 November 00:00 UTC; raise budgets.topic.tokens_day" in refused["topic"]


async def test_many_at_once_never_go_beyond_the_limit() -> None:
    books = ledger(tokens_month=50_000)
    under_way = asyncio.Semaphore(64)

    async def one() -> bool:
        async with under_way:
            reservation, refused = await books.reserve("default", {"topic": tokens(1_000)})
            await asyncio.sleep(0)
            books.settle(reservation, {} if refused else {"topic": (tokens(1_000), None)})
            return not refused

    allowed = await asyncio.gather(*(one() for _ in range(500)))
    assert sum(allowed) == 50


async def test_reservations_of_others_are_waited_for_and_not_taken_for_use() -> None:
    books = ledger(tokens_month=1_000)
    first, _ = await books.reserve("default", {"topic": tokens(900)})
    second = asyncio.create_task(books.reserve("default", {"topic": tokens(900)}))
    await asyncio.sleep(0)
    assert not second.done()
    books.settle(first, {"topic": (tokens(50), None)})
    _, refused = await second
    assert not refused


async def test_what_was_used_counts_and_not_what_was_expected() -> None:
    books = ledger(tokens_month=10_000)
    reservation, _ = await books.reserve("default", {"topic": tokens(1_000)})
    books.settle(reservation, {"topic": (tokens(4_000), None)})
    standing = next(iter(books.standings()))
    assert (standing.used, standing.reserved) == (4_000, 0)
    # The next estimate has learnt from it.
    await books.reserve("default", {"topic": tokens(1_000)})
    assert next(iter(books.standings())).reserved == pytest.approx(1_600)


async def test_a_new_month_begins_at_nothing_and_a_clock_set_back_finds_the_old_one() -> None:
    calendar = Calendar("2025-11-30 23:59")
    books = ledger(calendar, tokens_month=1_000)
    assert await use(books, 1_000) is None
    calendar.set("2025-12-01 00:00")
    assert await use(books, 600) is None
    calendar.set("2025-11-30 23:58")
    assert await use(books, 100) is not None
    calendar.set("2025-12-01 00:01")
    assert await use(books, 400) is None
    assert await use(books, 100) is not None


async def test_dollars_by_the_price_or_by_what_the_call_said() -> None:
    books = ledger(usd_month=1.0)
    reservation, _ = await books.reserve("default", {"topic": Usage(input=400_000, output=100_000)})
    books.settle(reservation, {"topic": (Usage(input=400_000, output=100_000), None)})
    assert next(iter(books.standings())).used == pytest.approx(0.6)
    reservation, _ = await books.reserve("default", {"topic": Usage(input=10, output=10)})
    books.settle(reservation, {"topic": (Usage(input=10, output=10), 0.4)})
    _, refused = await books.reserve("default", {"topic": Usage(input=10, output=10)})
    assert "used up $1.00 of $1.00 of this month" in refused["topic"]
    assert "SPANJUDGE_BUDGET_USD_MONTH" in refused["topic"]


def test_dollars_need_a_price() -> None:
    unknown = Tariff(provider="openai_compatible", model="m", charged=True)
    with pytest.raises(SettingsError, match=r"openai_compatible/m costs: set judge\.price_input and judge\."):
        ledger(usd_month=5.0, tariff=unknown)
    ledger(tokens_month=5, tariff=unknown)


def test_judges_that_cost_nothing_and_no_limits_are_not_watched() -> None:
    assert ledger(tokens_month=1).watches("default")
    assert not ledger(tokens_month=1).watches("small")
    assert not ledger().watches("default")


async def test_four_fifths_and_all_are_told_once_a_period(caplog: pytest.LogCaptureFixture) -> None:
    calendar = Calendar()
    books = ledger(calendar, tokens_day=1_000)
    with caplog.at_level(logging.WARNING, "spanjudge.budget"):
        await use(books, 700)
        assert not caplog.records
        for _ in range(5):
            await use(books, 100)
        assert [record.getMessage() for record in caplog.records] == [
            "a budget is nearly used up",
            "a budget is used up: evaluation stops",
        ]
        calendar.set("2025-11-22 09:00")
        await use(books, 1_000)
        assert len(caplog.records) == 3
