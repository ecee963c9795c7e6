import re

import pytest

from spanjudge.judging.models.breaker import CircuitBreaker
from spanjudge.judging.models.model import JudgeModelError

DOWN = JudgeModelError("judge_unavailable", "HTTP 503 from the judge", retryable=True)


class Clock:
    """Seconds that pass when told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def opened(clock: Clock, longest_pause: float = 60) -> CircuitBreaker:
    breaker = CircuitBreaker(2, longest_pause=longest_pause, clock=clock)
    breaker.failed(DOWN, probe=False)
    breaker.failed(DOWN, probe=False)
    return breaker


def wait_of(breaker: CircuitBreaker) -> float | None:
    with pytest.raises(JudgeModelError) as caught:
        breaker.check()
    return caught.value.retry_after


def test_it_opens_at_the_limit_and_says_since_when_and_why() -> None:
    breaker = CircuitBreaker(3)
    for _ in range(2):
        breaker.failed(DOWN, probe=False)
        assert breaker.admit() is False
        assert breaker.unavailable_since is None
    breaker.failed(DOWN, probe=False)
    with pytest.raises(JudgeModelError) as caught:
        breaker.admit()
    assert re.fullmatch(
        r"judge unavailable since \d\d:\d\d:\d\dZ: last error: HTTP 503 from the judge; next try in 5 s",
        caught.value.message,
    )
    assert caught.value.code == "judge_unavailable"
    assert caught.value.retryable
    assert caught.value.retry_after == pytest.approx(5, abs=1)
    assert breaker.unavailable_since is not None


def test_an_answer_starts_the_count_again() -> None:
    breaker = CircuitBreaker(2)
    for _ in range(5):
        breaker.failed(DOWN, probe=False)
        breaker.answered()
    assert breaker.admit() is False


def test_one_probe_at_a_time() -> None:
    clock = Clock()
    breaker = opened(clock)
    clock.now += 5
    assert breaker.admit() is True
    with pytest.raises(JudgeModelError, match="next try is under way"):
        breaker.admit()
    breaker.gave_up(probe=True)
    assert breaker.admit() is True
    breaker.answered()
    assert breaker.admit() is False
    assert breaker.unavailable_since is None


def test_a_failed_probe_doubles_the_pause_up_to_the_longest() -> None:
    clock = Clock()
    breaker = opened(clock, longest_pause=30)
    waits = [wait_of(breaker)]
    for _ in range(4):
        clock.now = clock.now + (waits[-1] or 0)
        assert breaker.admit()
        breaker.failed(DOWN, probe=True)
        waits.append(wait_of(breaker))
    assert waits == [5, 10, 20, 30, 30]


def test_a_late_failure_from_before_it_opened_changes_nothing() -> None:
    clock = Clock()
    breaker = opened(clock)
    clock.now += 3
    breaker.failed(DOWN, probe=False)
    assert wait_of(breaker) == 2


def test_what_the_provider_asked_for_is_waited() -> None:
    breaker = CircuitBreaker(1)
    breaker.failed(JudgeModelError("judge_unavailable", "busy", retry_after=90), probe=False)
    with pytest.raises(JudgeModelError, match="next try in 90 s"):
        breaker.check()


def test_zero_failures_means_never() -> None:
    breaker = CircuitBreaker(0)
    for _ in range(100):
        breaker.failed(DOWN, probe=False)
    assert breaker.admit() is False
