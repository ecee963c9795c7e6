"""Budgets that several processes share: ledgers on one keeper of grants."""

import asyncio
import random
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Self

import pytest

from spanjudge.judging.budget.grants import Amount, Granted
from spanjudge.judging.budget.ledger import Ledger
from spanjudge.judging.budget.limits import Limits
from spanjudge.judging.budget.share import Share
from spanjudge.judging.usage import Usage, UsageRow
from spanjudge.pipeline.ports import Store, StoreError
from spanjudge.store.store import open_store
from tests.judging.budget.test_ledger import Calendar, ledger, tokens


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    opened = await open_store(f"sqlite:///{tmp_path / 'store.db'}")
    yield opened
    await opened.aclose()


class Process:
    """A ledger of its own, kept as a pipeline keeps it."""

    def __init__(self, store: Store, name: str, calendar: Calendar, **limits: Any) -> None:
        self.ledger = ledger(calendar, **limits)
        self.ledger.share(store.coordination, name)
        self._store = store
        self._calendar = calendar
        self._task: asyncio.Task[None] | None = None
        self.spent = 0

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._keep())
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._task is not None
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def _keep(self) -> None:
        while True:
            await self.ledger.sync()
            try:
                async with asyncio.timeout(0.02):
                    await self.ledger.needs.wait()
            except TimeoutError:
                pass
            self.ledger.needs.clear()

    async def call(self, expected: int, really: int | None = None, evaluator: str = "topic") -> str | None:
        """One call, stored a moment afterwards; the refusal when there was one."""
        reservation, refused = await self.ledger.reserve("default", {evaluator: tokens(expected)})
        if refused:
            self.ledger.settle(reservation, {})
            return refused[evaluator]
        await asyncio.sleep(random.random() / 200)  # noqa: S311 - load, no secret
        usage = tokens(expected if really is None else really)
        self.ledger.settle(reservation, {evaluator: (usage, None)})
        self.spent += usage.input + usage.output
        row = UsageRow(
            day="2025-11-21", evaluator=evaluator, provider="openai", model="gpt-x", usage=usage, cost_usd=0.0
        )
        await asyncio.sleep(random.random() / 100)  # noqa: S311 - as above
        await self._store.add_usage([row])
        self.ledger.stored([row])
        return None


async def test_a_call_that_waits_asks_for_what_it_needs_by_now(store: Store) -> None:
    own, seconds = ledger(Calendar(), tokens_day=10_000), [0.0]
    own.share(store.coordination, "a", Share(clock=lambda: seconds[0], chance=lambda: 1.0))

    async def waits() -> "asyncio.Task[Any]":
        task = asyncio.create_task(own.reserve("default", {"topic": tokens(500)}))
        await asyncio.sleep(0)
        return task

    first = await waits()
    await own.sync()
    reservation, _ = await first
    second = await waits()
    assert not second.done()
    # Estimates grow by what the judge really takes, so that the second call is expected to take more.
    own.settle(reservation, {"topic": (tokens(1_500), None)})
    # By then nobody thinks of the first one any more, and nothing is granted to spare.
    seconds[0] += 20
    for _ in range(4):
        await own.sync()
        await asyncio.sleep(0)
    assert second.done()
    _, refused = await second
    assert not refused


async def test_three_processes_together_spend_a_budget_to_its_end_and_not_beyond(store: Store) -> None:
    calendar = Calendar()
    async with (
        Process(store, "a", calendar, tokens_day=100_000) as first,
        Process(store, "b", calendar, tokens_day=100_000) as second,
        Process(store, "c", calendar, tokens_day=100_000) as third,
    ):
        processes = (first, second, third)
        refusals = await asyncio.gather(
            *(process.call(700, 600) for process in processes for _ in range(120))
        )
    total = sum(process.spent for process in processes)
    assert 98_000 < total <= 100_000
    assert all(process.spent for process in processes)
    told = [refusal for refusal in refusals if refusal]
    assert len(told) == 360 - total // 600
    assert all("of 100,000 tokens of this day" in refusal for refusal in told)


async def test_what_another_spent_is_seen_and_refused_in_the_same_words(store: Store) -> None:
    calendar = Calendar()
    async with Process(store, "a", calendar, tokens_month=1_000) as first:
        assert await first.call(900) is None
        async with Process(store, "b", calendar, tokens_month=1_000) as second:
            refusal = await second.call(900)
    assert refusal == (
        "all evaluators used up 900 of 1,000 tokens of this month, and this evaluation takes about 900; "
        "resumes on 1 December 00:00 UTC; raise SPANJUDGE_BUDGET_TOKENS_MONTH (0: no limit)"
    )
    (standing,) = second.ledger.standings()
    assert (standing.used, standing.limit) == (900, 1_000)


async def test_what_a_call_of_another_holds_is_waited_for(store: Store) -> None:
    calendar = Calendar()
    async with (
        Process(store, "a", calendar, tokens_day=1_000) as first,
        Process(store, "b", calendar, tokens_day=1_000) as second,
    ):
        held, refused = await first.ledger.reserve("default", {"topic": tokens(900)})
        assert not refused
        waiting = asyncio.create_task(second.call(900))
        asked = asyncio.create_task(_in_need(second.ledger))
        await asyncio.wait_for(asked, 5)
        assert not waiting.done()
        # It took nothing in the end: there is room again, for the other.
        first.ledger.settle(held, {})
        assert await waiting is None


async def _in_need(books: Ledger) -> None:
    while not books.in_need:  # noqa: ASYNC110 - what a ledger waits for is no event of ours
        await asyncio.sleep(0.01)


async def test_two_who_need_each_others_part_do_not_wait_for_ever(store: Store) -> None:
    """Calls for two evaluators at once, whose limits leave room for one call each."""
    calendar = Calendar()
    limits = {"x": Limits(tokens_day=1_000), "y": Limits(tokens_day=1_000)}

    async def both(process: Process) -> int:
        expected = {"x": tokens(600), "y": tokens(600)}
        reservation, refused = await process.ledger.reserve("default", expected)
        done = {name: (tokens(600), None) for name in expected if name not in refused}
        process.ledger.settle(reservation, done)
        rows = [
            UsageRow(
                day="2025-11-21",
                evaluator=name,
                provider="openai",
                model="m",
                usage=tokens(600),
                cost_usd=0.0,
            )
            for name in done
        ]
        await store.add_usage(rows)
        process.ledger.stored(rows)
        return len(done)

    processes = [Process(store, name, calendar, evaluators=limits) for name in "abc"]
    for process in processes:
        await process.__aenter__()
    try:
        async with asyncio.timeout(20):
            done = await asyncio.gather(*(both(process) for process in processes))
    finally:
        for process in processes:
            await process.__aexit__()
    assert sum(done) == 2


async def test_calls_that_take_more_than_expected_are_the_only_overshoot(store: Store) -> None:
    calendar = Calendar()
    async with (
        Process(store, "a", calendar, tokens_day=20_000) as first,
        Process(store, "b", calendar, tokens_day=20_000) as second,
    ):
        await asyncio.gather(*(process.call(500, 1_000) for process in (first, second) for _ in range(50)))
    under_way = 100
    assert 20_000 <= first.spent + second.spent <= 20_000 + under_way * 500


async def test_a_grant_ends_when_the_store_is_away_for_long() -> None:
    """Others take what we do not renew: so we may not spend it either."""
    now = 0.0
    share = Share(lease=10.0, clock=lambda: now)
    asked = share.ask()
    share.take(asked, Granted(room={"topic": Amount(100.0)}))
    assert share.fits("topic", Amount(100.0))
    now = 8.0
    assert not share.fits("topic", Amount(1.0))


async def test_what_is_on_its_way_to_the_store_is_held_until_it_is_there() -> None:
    share = Share(clock=lambda: 0.0)
    share.take(share.ask(), Granted(room={"topic": Amount(500.0, 1.0)}))
    share.reserve({"topic": Amount(300.0, 0.5)})
    share.settle("2025-11-21", {"topic": Amount(300.0, 0.5)}, {"topic": Amount(200.0, 0.4)})
    assert share.fits("topic", Amount(300.0, 0.6))
    (want,) = share.ask().wants
    assert want.out == Amount(200.0, 0.4)
    share.stored("topic", 150)
    asked = share.ask()
    assert asked.wants[0].out.tokens == 50.0
    assert asked.wants[0].out.usd == pytest.approx(0.1)
    # Seen in the store or not: until the next look it is counted here.
    found = share.take(share.ask(), Granted(used={}))
    assert found["2025-11-21", "topic"].tokens == 50
    share.stored("topic", 50)
    assert all(want.out == Amount() for want in share.ask().wants)


async def test_a_store_that_is_away_lets_nothing_new_be_spent(store: Store) -> None:
    calendar = Calendar()
    process = Process(store, "a", calendar, tokens_day=1_000)
    await store.aclose()
    with pytest.raises(StoreError):
        await process.ledger.sync()
    waiting = asyncio.create_task(process.ledger.reserve("default", {"topic": Usage(input=1, output=1)}))
    await asyncio.wait_for(process.ledger.needs.wait(), 5)
    assert not waiting.done()
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    assert not process.ledger.in_need
