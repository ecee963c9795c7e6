"""A provider that really keeps to its limits, over real HTTP; its minutes pass as soon as nothing happens."""

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable

import msgspec
import pytest

from spanjudge.judging.models.breaker import CircuitBreaker
from spanjudge.judging.models.config import JudgeModelConfig
from spanjudge.judging.models.limits.limiter import Limiter
from spanjudge.judging.models.limits.pace import CallLimits
from spanjudge.judging.models.limits.rank import Rank, ranked
from spanjudge.judging.models.model import JudgeModelError
from spanjudge.judging.models.openai_compatible import OpenAICompatibleModel
from spanjudge.judging.models.resilience import ResilientModel
from tests.judging.models.questions import question
from tests.mock_judge import MockJudge
from tests.mock_judge.behaviour import overloaded, slow
from tests.mock_judge.quota import Quota
from tests.virtual_time import run

ANSWER_SECONDS = 0.2
MINUTES = 3


class Provider:
    """A mock judge with limits, the judge model that asks it, and what came of the questions."""

    def __init__(self, server: MockJudge, quota: Quota, limits: CallLimits) -> None:
        config = JudgeModelConfig(
            provider="openai", model="gpt-4.1-mini", api_key="sk-test", url=f"{server.url}/v1"
        )
        self.quota = quota
        self.model = ResilientModel(
            OpenAICompatibleModel(config),
            timeout=3_600.0,
            limiter=Limiter(limits, provider="openai", clock=asyncio.get_running_loop().time),
            breaker=CircuitBreaker(clock=asyncio.get_running_loop().time),
        )
        self.ends: Counter[str] = Counter()
        self.waits: dict[str, list[float]] = {}

    async def ask(self, flow: str = "quality", rank: Rank = Rank.LIVE, characters: int = 100) -> None:
        loop = asyncio.get_running_loop()
        began = loop.time()
        asked = question(subject="x" * characters, deadline=time.monotonic() + 7_200.0)
        try:
            with ranked(rank):
                await self.model.answer(msgspec.structs.replace(asked, flow=flow))
        except JudgeModelError as error:
            self.ends[error.code] += 1
        else:
            self.ends["answered"] += 1
            self.waits.setdefault(flow, []).append(loop.time() - began)

    async def crowd(self, callers: int, minutes: float = MINUTES, **how: int) -> None:
        """So many callers, each with a next question as soon as there is an answer."""
        loop = asyncio.get_running_loop()

        async def caller() -> None:
            while loop.time() < minutes * 60:
                await self.ask(**how)  # pyright: ignore[reportArgumentType] - only `characters` is a number

        await asyncio.gather(*(caller() for _ in range(callers)))


def with_provider(
    story: Callable[[Provider], Awaitable[None]],
    *,
    requests: int | None = None,
    tokens: int | None = None,
    at_once: int | None = None,
    retry_after: bool = True,
    told: bool = False,
    limits: CallLimits | None = None,
    seconds: float = ANSWER_SECONDS,
) -> Provider:
    """Run a story with a provider of these limits, and what is set here."""

    async def whole() -> Provider:
        async with MockJudge(record=False) as server:
            quota = Quota(
                server, requests=requests, tokens=tokens, at_once=at_once, retry_after=retry_after, told=told
            )
            server.rules.append(quota)
            server.always(quota.answering(slow(seconds)))
            provider = Provider(server, quota, limits or CallLimits())
            await story(provider)
            await provider.model.aclose()
            return provider

    return run(whole())


async def busy(provider: Provider) -> None:
    await provider.crowd(40)


@pytest.mark.parametrize("limit", [30, 300])
def test_a_limit_that_is_set_as_the_provider_has_it_is_used_up_and_not_exceeded(limit: int) -> None:
    found = with_provider(busy, requests=limit, limits=CallLimits(requests=limit))
    assert found.quota.accepted >= 0.85 * limit * MINUTES
    assert found.quota.refused <= MINUTES
    assert found.quota.most_in_a_minute() <= limit
    assert set(found.ends) == {"answered"}


@pytest.mark.parametrize("says", ["when to come again", "nothing"])
def test_a_limit_that_is_not_set_is_found_with_few_refusals(says: str) -> None:
    found = with_provider(busy, requests=300, retry_after=says != "nothing")
    assert found.quota.accepted >= 0.85 * 300 * MINUTES
    # The first minute's worth is sent at once, and all who were under way then are refused together.
    assert found.quota.refused <= 40 + 5 * MINUTES
    assert set(found.ends) == {"answered"}


def test_the_same_for_tokens() -> None:
    async def large(provider: Provider) -> None:
        await provider.crowd(30, characters=6_000)

    # About 2,000 tokens each.
    found = with_provider(large, tokens=200_000, limits=CallLimits(tokens=200_000))
    assert found.quota.accepted >= 0.85 * 95 * MINUTES
    assert found.quota.refused <= 3 * MINUTES
    assert set(found.ends) == {"answered"}
    unset = with_provider(large, tokens=200_000)
    assert unset.quota.accepted >= 0.85 * 95 * MINUTES
    assert unset.quota.refused <= 30 + 5 * MINUTES
    assert set(unset.ends) == {"answered"}


def test_calls_at_once_are_found_as_well() -> None:
    found = with_provider(busy, at_once=8, seconds=1.0)
    # But for the first minute, in which it is found out.
    later = sum(moment >= 60 for moment in found.quota.accepted_at)
    assert later >= 0.85 * 8 * 60 * (MINUTES - 1)
    assert found.quota.refused <= 100 + 5 * MINUTES
    assert set(found.ends) == {"answered"}


def test_counts_in_headers_spare_most_refusals() -> None:
    found = with_provider(busy, requests=300, told=True)
    assert found.quota.accepted >= 0.85 * 300 * MINUTES
    assert found.quota.refused <= 5 * MINUTES
    assert set(found.ends) == {"answered"}


def test_a_limit_that_is_set_too_high_is_corrected() -> None:
    found = with_provider(busy, requests=120, limits=CallLimits(requests=1_200))
    assert found.quota.accepted >= 0.85 * 120 * MINUTES
    assert found.quota.refused <= 40 + 5 * MINUTES
    assert set(found.ends) == {"answered"}


def test_live_spans_are_judged_at_once_while_a_backfill_uses_up_the_limit() -> None:
    async def both(provider: Provider) -> None:
        loop = asyncio.get_running_loop()

        async def backfill() -> None:
            while loop.time() < 60 * MINUTES:
                await provider.ask("old", Rank.BACKFILL)

        async with asyncio.TaskGroup() as group:
            for _ in range(60):
                group.create_task(backfill())
            for _ in range(60 * MINUTES - 5):
                await asyncio.sleep(1.0)
                group.create_task(provider.ask("new"))

    found = with_provider(both, requests=300, limits=CallLimits(requests=300))
    assert set(found.ends) == {"answered"}
    assert len(found.waits["new"]) == 60 * MINUTES - 5
    waits = sorted(found.waits["new"])
    # One turn of five a second, and the answer.
    assert waits[int(0.95 * len(waits))] <= 2 * ANSWER_SECONDS + 0.2
    assert found.quota.accepted >= 0.85 * 300 * MINUTES
    assert len(found.waits["old"]) >= 0.6 * 300 * MINUTES


def test_a_question_that_cannot_wait_so_long_is_told_when_to_come_again() -> None:
    async def one(provider: Provider) -> None:
        await provider.ask()
        provider.model.limiter.hold(300.0)
        with pytest.raises(JudgeModelError, match="is asked nothing for another 3") as caught:
            await provider.model.answer(question())
        assert caught.value.code == "judge_rate_limited"
        assert caught.value.retryable
        assert 300 <= (caught.value.retry_after or 0) <= 330
        assert provider.quota.accepted == 1
        assert provider.model.wait >= 300

    with_provider(one)


def test_a_provider_that_is_overloaded_gets_one_call_and_then_more() -> None:
    async def story() -> None:
        async with MockJudge(record=False) as server:
            quota = Quota(server)
            provider = Provider(server, quota, CallLimits(concurrency=32))
            server.then(*[overloaded(529)] * 3).always(slow(ANSWER_SECONDS))
            places: list[int] = []
            await provider.ask()
            for _ in range(6):
                places.append(provider.model.limiter.state.concurrency)
                await asyncio.gather(*(provider.ask() for _ in range(32)))
            assert places[0] < 5
            assert places[-1] > 20
            assert places == sorted(places)
            assert set(provider.ends) == {"answered"}
            await provider.model.aclose()

    run(story())
