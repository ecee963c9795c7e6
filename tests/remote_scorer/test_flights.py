"""One call for all who ask at once; results kept, failures not."""

import asyncio

import pytest

from spanjudge.judging.result import EvaluationFailure, EvaluationResult, Outcome
from spanjudge.remote_scorer import flights
from spanjudge.remote_scorer.flights import ClosingError, Flights, OverloadedError

RESULT = EvaluationResult(evaluator="e", evaluator_version="1", value=True)
FAILURE = EvaluationFailure(evaluator="e", evaluator_version="1", code="judge_timeout", message="late")


class Judge:
    """Counts its calls and answers when it is let."""

    def __init__(self, outcome: Outcome = RESULT, *, held: bool = False) -> None:
        self.outcome = outcome
        self.calls = 0
        self.cancelled = 0
        self.asked = asyncio.Event()
        self.let = asyncio.Event()
        if not held:
            self.let.set()

    async def __call__(self) -> Outcome:
        self.calls += 1
        self.asked.set()
        try:
            await self.let.wait()
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        return self.outcome


def tower(cache_seconds: float = 60, cache_size: int = 10, max_in_flight: int = 10) -> Flights:
    return Flights(cache_seconds=cache_seconds, cache_size=cache_size, max_in_flight=max_in_flight)


async def test_many_at_once_are_one_call() -> None:
    judge, tower_ = Judge(held=True), tower()
    waiting = [asyncio.create_task(tower_.outcome(b"k", judge)) for _ in range(100)]
    await judge.asked.wait()
    judge.let.set()
    assert await asyncio.gather(*waiting) == [(RESULT, False)] * 100
    assert judge.calls == 1


async def test_a_result_is_kept() -> None:
    judge, tower_ = Judge(), tower()
    assert await tower_.outcome(b"k", judge) == (RESULT, False)
    assert await tower_.outcome(b"k", judge) == (RESULT, True)
    assert await tower_.outcome(b"other", judge) == (RESULT, False)
    assert judge.calls == 2


async def test_a_result_is_not_kept_for_longer_than_said(monkeypatch: pytest.MonkeyPatch) -> None:
    judge, tower_ = Judge(), tower(cache_seconds=60)
    now = 1_000.0
    monkeypatch.setattr(flights.time, "monotonic", lambda: now)
    await tower_.outcome(b"k", judge)
    now += 61
    assert await tower_.outcome(b"k", judge) == (RESULT, False)
    assert judge.calls == 2


async def test_nothing_old_stays_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    tower_ = tower(cache_seconds=60)
    now = 1_000.0
    monkeypatch.setattr(flights.time, "monotonic", lambda: now)
    await tower_.outcome(b"old", Judge())
    now += 61
    await tower_.outcome(b"new", Judge())
    assert tower_.kept == 1


async def test_the_oldest_result_makes_room() -> None:
    judge, tower_ = Judge(), tower(cache_size=2)
    for key in (b"1", b"2", b"3"):
        await tower_.outcome(key, judge)
    assert (await tower_.outcome(b"3", judge))[1]
    assert not (await tower_.outcome(b"1", judge))[1]


async def test_a_failure_is_asked_again() -> None:
    judge, tower_ = Judge(FAILURE), tower()
    await tower_.outcome(b"k", judge)
    assert await tower_.outcome(b"k", judge) == (FAILURE, False)
    assert judge.calls == 2


async def test_a_failure_its_client_may_not_have_heard_waits_for_the_retry(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    judge, tower_ = Judge(FAILURE, held=True), tower()
    now = 1_000.0
    monkeypatch.setattr(flights.time, "monotonic", lambda: now)
    first = asyncio.create_task(tower_.outcome(b"k", judge))
    await judge.asked.wait()
    now += 31
    judge.let.set()
    await first
    assert await tower_.outcome(b"k", judge) == (FAILURE, True)
    now += 4
    assert await tower_.outcome(b"k", judge) == (FAILURE, False)


async def test_a_call_goes_on_without_its_client_and_the_retry_joins_it() -> None:
    judge, tower_ = Judge(held=True), tower()
    first = asyncio.create_task(tower_.outcome(b"k", judge))
    await judge.asked.wait()
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    retry = asyncio.create_task(tower_.outcome(b"k", judge))
    judge.let.set()
    assert (await retry)[0] is RESULT
    assert judge.calls == 1


async def test_without_a_cache_the_call_ends_with_its_last_client() -> None:
    judge, tower_ = Judge(held=True), tower(cache_seconds=0)
    clients = [asyncio.create_task(tower_.outcome(b"k", judge)) for _ in range(2)]
    await judge.asked.wait()
    clients[0].cancel()
    await asyncio.wait([clients[0]])
    assert tower_.running == 1
    clients[1].cancel()
    await asyncio.wait([clients[1]])
    assert tower_.running == 0
    await asyncio.sleep(0)
    assert judge.cancelled == 1


async def test_without_a_cache_nothing_is_kept() -> None:
    judge, tower_ = Judge(), tower(cache_seconds=0)
    await tower_.outcome(b"k", judge)
    assert await tower_.outcome(b"k", judge) == (RESULT, False)


async def test_one_too_many_is_turned_away_and_a_join_is_not() -> None:
    judge, tower_ = Judge(held=True), tower(max_in_flight=1)
    first = asyncio.create_task(tower_.outcome(b"k", judge))
    await judge.asked.wait()
    with pytest.raises(OverloadedError):
        await tower_.outcome(b"other", judge)
    joined = asyncio.create_task(tower_.outcome(b"k", judge))
    await asyncio.sleep(0)
    judge.let.set()
    assert await asyncio.gather(first, joined) == [(RESULT, False)] * 2


async def test_closing_lets_calls_finish() -> None:
    judge, tower_ = Judge(held=True), tower()
    waiting = asyncio.create_task(tower_.outcome(b"k", judge))
    await judge.asked.wait()
    closing = asyncio.create_task(tower_.aclose(patience=60))
    await asyncio.sleep(0)
    judge.let.set()
    await closing
    assert await waiting == (RESULT, False)


async def test_closing_ends_what_does_not_finish() -> None:
    judge, tower_ = Judge(held=True), tower()
    waiting = asyncio.create_task(tower_.outcome(b"k", judge))
    await judge.asked.wait()
    await tower_.aclose()
    with pytest.raises(ClosingError):
        await waiting
