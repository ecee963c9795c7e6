"""What refusals, holds and the provider's own counts do to the pace. Minutes are those of a virtual clock."""

import asyncio

import pytest

from tests.judging.models.limits.asking import Ask, a_turn, limiter, now, question
from tests.virtual_time import run


def test_a_burst_of_refusals_counts_once_and_holds_all() -> None:
    async def story() -> None:
        limits = limiter(requests=600)
        turns = [await a_turn(limits, question()) for _ in range(20)]
        for turn in turns:
            limits.refused(turn, 10.0)
        once = limits.state
        assert once.requests is not None
        assert 500 <= once.requests < 600
        assert 10 <= once.held <= 11
        began = now()
        await a_turn(limits, question())
        assert 10 <= now() - began <= 11.1

    run(story())


def test_after_calm_it_is_faster_again_up_to_what_was_set() -> None:
    async def story() -> None:
        limits = limiter(requests=600, concurrency=8)
        ask = Ask(limits)
        for _ in range(50):
            await ask.once()
        limits.refused(await a_turn(limits, question()), 1.0)
        slow = limits.state
        assert slow.requests is not None
        assert slow.requests < 300
        assert slow.concurrency == 1
        rates: list[float] = []

        async def caller() -> None:
            while now() < 240:
                await ask.once()
                rates.append(limits.state.requests or 0.0)

        await asyncio.gather(*(caller() for _ in range(8)))
        assert rates == sorted(rates)
        assert limits.state.requests == 600
        assert limits.state.concurrency == 8

    run(story())


def test_without_a_limit_a_refusal_teaches_one() -> None:
    async def story() -> None:
        limits = limiter()
        ask = Ask(limits, seconds=0.0)
        for _ in range(100):
            await ask.once()
            await asyncio.sleep(0.1)
        limits.refused(await a_turn(limits, question()), 2.0)
        learnt = limits.state.requests
        # A hundred calls in ten seconds and a pause of two: a little less than 500 a minute.
        assert learnt is not None
        assert 400 <= learnt <= 500
        assert limits.state.requests_set is None

    run(story())


def test_a_refusal_that_does_not_say_how_long_is_waited_out_longer_each_time() -> None:
    async def story() -> None:
        limits = limiter()
        holds: list[float] = []
        for _ in range(9):
            limits.refused(await a_turn(limits, question()))
            holds.append(limits.held)
        for hold, least in zip(holds, (0.5, 1, 2, 4, 8, 16, 32, 60, 60), strict=True):
            assert least <= hold <= least * 1.1 + 1e-9
        limits.answered(await a_turn(limits, question()), question())
        limits.refused(await a_turn(limits, question()))
        assert limits.held <= 0.55

    run(story())


@pytest.mark.parametrize(
    ("headers", "least", "most"),
    [
        ({"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "12s"}, 12, 13.2),
        ({"x-ratelimit-remaining-tokens": "0", "x-ratelimit-reset-tokens": "1m4s"}, 60, 66),
        ({"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "23h"}, 0.5, 0.55),
        ({"x-ratelimit-remaining-requests": "5", "x-ratelimit-reset-requests": "12s"}, 0.5, 0.55),
    ],
)
def test_a_reset_is_kept_to_as_long_as_it_is_about_a_minute(
    headers: dict[str, str], least: float, most: float
) -> None:
    async def story() -> None:
        limits = limiter()
        limits.refused(await a_turn(limits, question()), None, headers)
        assert least <= limits.held <= most

    run(story())


@pytest.mark.parametrize("asked", [3_600.0, 86_400.0 * 365])
def test_no_provider_is_left_alone_for_more_than_about_ten_minutes(asked: float) -> None:
    async def story() -> None:
        limits = limiter()
        told: list[float] = []
        limits.on_held = told.append
        limits.refused(await a_turn(limits, question()), asked)
        assert 600 <= limits.held <= 660
        assert told == [600]

    run(story())


def test_headers_that_say_little_is_left_slow_down_before_a_refusal() -> None:
    async def story() -> None:
        limits = limiter()
        paces: list[float | None] = []
        for left in (400, 100, 50, 0, 400):
            asked = question()
            turn = await a_turn(limits, asked)
            headers = {
                "x-ratelimit-limit-requests": "500",
                "x-ratelimit-remaining-requests": str(left),
                "x-ratelimit-reset-requests": "30s",
            }
            limits.answered(turn, asked, None, headers)
            paces.append(limits.state.requests)
            await asyncio.sleep(0.1)
        assert paces == [None, None, 250, 25, None]

    run(story())


def test_an_overloaded_provider_gets_fewer_calls_at_once_and_the_same_rate() -> None:
    async def story() -> None:
        limits = limiter(requests=600)
        turns = [await a_turn(limits, question()) for _ in range(20)]
        for turn in turns[:5]:
            limits.overloaded(turn, 3.0)
        state = limits.state
        assert (state.concurrency, state.requests) == (1, 600)
        assert 3 <= state.held <= 3.3
        for turn in turns[5:]:
            limits.answered(turn, question())
        assert 10 <= limits.state.concurrency <= 14

    run(story())
