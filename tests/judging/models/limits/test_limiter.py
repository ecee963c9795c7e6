"""Turns: how many, how fast, whose, and what refusals do to that. Minutes are those of a virtual clock."""

import asyncio
import threading
from collections import Counter
from collections.abc import Coroutine

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spanjudge.judging.models.limits.limiter import Limiter
from spanjudge.judging.models.limits.pace import CallLimits, Turn
from spanjudge.judging.models.limits.rank import Rank
from spanjudge.judging.usage import Usage
from tests.judging.models.limits.asking import Ask, a_turn, limiter, now, question, waiting
from tests.virtual_time import run


@settings(max_examples=25, deadline=None)
@given(
    st.integers(1, 120),
    st.lists(st.tuples(st.floats(0, 4), st.floats(0, 30)), min_size=1, max_size=150),
)
def test_calls_keep_to_their_minute_however_they_come(limit: int, calls: list[tuple[float, float]]) -> None:
    async def story() -> None:
        limits = limiter(requests=limit)
        ask = Ask(limits)
        async with asyncio.TaskGroup() as group:
            for pause, seconds in calls:
                await asyncio.sleep(pause)
                ask.seconds = seconds
                group.create_task(ask.once())
        assert len(ask.sent) == len(calls)
        assert ask.most() <= limit
        assert limits.in_flight == 0

    run(story())


@settings(max_examples=25, deadline=None)
@given(st.integers(2_000, 20_000), st.lists(st.integers(10, 600), min_size=1, max_size=80))
def test_tokens_keep_to_their_minute_when_the_estimates_are_right(limit: int, sizes: list[int]) -> None:
    """700 characters are 200 tokens and the answer 400, until it is known better."""

    async def story() -> None:
        ask = Ask(limiter(tokens=limit), seconds=0.0)
        for _ in sizes:
            await ask.once(usage=Usage(input=200, output=400))
        assert ask.most() <= limit

    run(story())


def test_tokens_are_estimated_before_and_corrected_after() -> None:
    async def story() -> None:
        limits = limiter(tokens=60_000)
        ask = Ask(limits, seconds=0.0)
        # Ten times what was thought: after the first few it is known.
        for _ in range(60):
            await ask.once(usage=Usage(input=2_000, output=4_000))
        minutes = ask.sent[-1][0] / 60
        assert 60 * 6_000 / minutes <= 60_000 * 1.1
        assert 60 * 6_000 / minutes >= 60_000 * 0.85

    run(story())


@pytest.mark.parametrize(("provider", "calls"), [("anthropic", 190), ("groq", 190), ("openai", 60)])
def test_cached_input_counts_as_the_provider_counts_it(provider: str, calls: int) -> None:
    async def story() -> None:
        ask = Ask(limiter(provider=provider, tokens=60_000), seconds=0.0)
        async with asyncio.timeout(65):
            for _ in range(calls):
                await ask.once(usage=Usage(input=900, output=100, cached=700))
        # A good minute's worth either way.
        assert now() > 45

    run(story())


def test_no_more_than_the_concurrency_at_once_and_none_waits_without_need() -> None:
    async def story() -> None:
        limits = limiter(concurrency=3)
        ask = Ask(limits, seconds=1.0)
        async with asyncio.TaskGroup() as group:
            for _ in range(9):
                group.create_task(ask.once())
        assert [moment for moment, _ in ask.sent] == [0, 0, 0, 1, 1, 1, 2, 2, 2]

    run(story())


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_a_cancelled_wait_gives_back_all_it_took(data: st.DataObject) -> None:
    async def story() -> None:
        limits = limiter(requests=600, tokens=100_000, concurrency=2)
        ask = Ask(limits, seconds=0.3)
        tasks = [asyncio.create_task(ask.once(f"flow {number % 3}")) for number in range(12)]
        for task in tasks:
            await asyncio.sleep(data.draw(st.sampled_from([0.0, 0.0, 0.05, 0.3])))
            if data.draw(st.booleans()):
                task.cancel()
        await asyncio.wait(tasks)
        assert limits.state.waiting == 0
        assert limits.in_flight == 0
        assert len(ask.sent) >= sum(not task.cancelled() for task in tasks)
        # Nothing is missing: both places are there, and so are the calls that were not sent.
        await asyncio.sleep(10)
        assert [limits.enter(question()) is None for _ in range(3)] == [False, False, True]

    run(story())


def test_a_turn_given_in_the_moment_of_the_cancellation_goes_to_the_next() -> None:
    async def story() -> None:
        limits = limiter(concurrency=1)
        first = await a_turn(limits, question())
        second = asyncio.create_task(limits.turn(question()))
        third = asyncio.create_task(limits.turn(question()))
        await waiting(limits, 2)
        limits.answered(first, question())
        # Its wait is over and it has not run yet.
        second.cancel()
        turn = await third
        assert limits.in_flight == 1
        limits.gave_up(turn)
        assert limits.in_flight == 0

    run(story())


def test_what_was_not_sent_costs_nothing() -> None:
    async def story() -> None:
        limits = limiter(requests=20)
        for _ in range(50):
            limits.gave_up(await a_turn(limits, question()), sent=False)
        assert now() == 0
        limits.gave_up(await a_turn(limits, question()))
        await a_turn(limits, question())
        assert now() > 2

    run(story())


def test_live_spans_hardly_wait_while_a_backfill_takes_all_there_is() -> None:
    async def story() -> None:
        limits = limiter(requests=600, concurrency=20)
        ask = Ask(limits, seconds=1.0)

        async def backfill() -> None:
            while now() < 300:
                await ask.once("old", Rank.BACKFILL)

        async with asyncio.TaskGroup() as group:
            for _ in range(60):
                group.create_task(backfill())
            for _ in range(250):
                await asyncio.sleep(1.0)
                group.create_task(ask.once("new"))
        waits = sorted(ask.waits["new"])
        assert waits[int(len(waits) * 0.95)] <= 0.5
        # All the rest is the backfill's.
        assert len(ask.whose) >= 0.9 * 600 * 5
        assert Counter(ask.whose)["old"] >= 0.8 * 600 * 5

    run(story())


def test_a_backfill_goes_on_while_live_spans_take_all_there_is() -> None:
    async def story() -> None:
        limits = limiter(requests=600)
        ask = Ask(limits)

        async def caller(flow: str, rank: Rank) -> None:
            while now() < 120:
                await ask.once(flow, rank)

        async with asyncio.TaskGroup() as group:
            for rank in (Rank.LIVE, Rank.BACKFILL, Rank.INTERACTIVE):
                for _ in range(30):
                    group.create_task(caller(rank.name, rank))
        counts = Counter(ask.whose)
        for rank in (Rank.LIVE, Rank.BACKFILL):
            assert 0.04 <= counts[rank.name] / len(ask.whose) <= 0.1

    run(story())


def test_one_evaluators_backlog_does_not_hold_up_another() -> None:
    async def story() -> None:
        ask = Ask(limiter(requests=120))
        async with asyncio.TaskGroup() as group:
            for _ in range(200):
                group.create_task(ask.once("busy"))
            await asyncio.sleep(0)
            for _ in range(10):
                group.create_task(ask.once("quiet"))
        # Ten turns of one and about as many of the other, and they are through.
        assert ask.whose.index("quiet") <= 10
        last = max(place for place, flow in enumerate(ask.whose) if flow == "quiet")
        assert last <= 30

    run(story())


def test_other_processes_share_what_was_set() -> None:
    async def story() -> None:
        limits = limiter(requests=1_200, concurrency=10)
        part = [0.25]
        limits.share = lambda: part[0]
        ask = Ask(limits, seconds=0.0)
        for _ in range(600):
            await ask.once()
        assert 118 <= now() <= 130
        assert limits.state.concurrency == 2
        part[0] = 1.0
        began = now()
        for _ in range(600):
            await ask.once()
        assert now() - began <= 35
        assert limits.state.concurrency == 10

    run(story())


def test_a_share_that_grows_wakes_those_who_wait() -> None:
    async def story() -> None:
        limits = limiter(requests=600)
        part = [0.0]
        limits.share = lambda: part[0]
        await a_turn(limits, question())
        wait = asyncio.create_task(limits.turn(question()))
        await asyncio.sleep(100)
        assert not wait.done()
        part[0] = 1.0
        await asyncio.wait_for(wait, 5)

    run(story())


def test_a_hold_from_elsewhere_is_kept_and_not_told_again() -> None:
    async def story() -> None:
        limits = limiter()
        told: list[float] = []
        limits.on_held = told.append
        limits.hold(20.0)
        assert limits.enter(question()) is None
        await limits.turn(question())
        assert 20 <= now() <= 22.1
        assert told == []

    run(story())


def test_waits_in_two_event_loops_are_served_alike() -> None:
    """A judge model of an application may be asked from a loop of its own beside the common one."""
    limits = Limiter(CallLimits(concurrency=1))
    order: list[str] = []
    inside = threading.Event()

    async def many(name: str) -> None:
        async def once() -> None:
            turn = limits.enter(question(name)) or await limits.turn(question(name))
            assert limits.in_flight == 1
            inside.set()
            await asyncio.sleep(0.001)
            order.append(name)
            limits.answered(turn, question(name))

        await asyncio.gather(*(once() for _ in range(20)))

    threads = [threading.Thread(target=asyncio.run, args=(many(name),)) for name in ("one", "other")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert Counter(order) == {"one": 20, "other": 20}
    assert limits.state.waiting == limits.in_flight == 0


def test_a_loop_that_has_ended_leaves_nothing_behind() -> None:
    limits = Limiter(CallLimits(concurrency=1))

    async def left_in_line() -> Turn:
        turn = await a_turn(limits, question())
        waits: Coroutine[None, None, Turn] = limits.turn(question())
        waiter = asyncio.ensure_future(waits)
        await waiting(limits, 1)
        del waiter
        return turn

    turn = asyncio.run(left_in_line())
    assert limits.state.waiting == 0
    limits.answered(turn, question())

    async def another() -> None:
        limits.answered(await a_turn(limits, question()), question())

    asyncio.run(another())
    assert limits.in_flight == 0


def test_it_says_what_a_call_waits_for() -> None:
    async def story() -> None:
        limits = limiter(concurrency=1)
        await a_turn(limits, question())
        assert "no place among the 1 concurrent calls" in limits.reason()
        limits.hold(30)
        assert "asked to be left alone for 3" in limits.reason()
        limited = limiter(requests=2, tokens=500)
        limited.gave_up(await a_turn(limited, question()))
        assert "its limit of 2 requests a minute and 500 tokens a minute was used up" in limited.reason()

    run(story())
