"""How a judge model stands by its latest calls."""

import time

import pytest

from spanjudge.judging.models.breaker import CircuitBreaker
from spanjudge.judging.models.limits.limiter import LimiterState
from spanjudge.judging.models.model import JudgeModelError, JudgeReply, JudgeRequest
from spanjudge.judging.models.rate_limits import RateLimits, rate_limits
from spanjudge.judging.models.resilience import ResilientModel
from spanjudge.judging.models.scripted import ScriptedModel
from spanjudge.judging.models.state import state_of
from spanjudge.judging.models.wrapped import WrappedModel
from spanjudge.judging.result import FailureCode

REQUEST = JudgeRequest(system="", subject="", question="?", schema={}, schema_name="answer")


class Moody(ScriptedModel):
    """Answers, or fails as it is told to."""

    error: JudgeModelError | None = None

    async def answer(self, request: JudgeRequest) -> JudgeReply:
        del request
        if self.error is not None:
            raise self.error
        return JudgeReply(text="{}", model=self.model)


async def ask(model: ResilientModel) -> None:
    try:
        await model.answer(REQUEST)
    except JudgeModelError:
        return


async def test_unknown_until_it_is_asked_and_ready_when_it_answers() -> None:
    model = ResilientModel(Moody())
    assert state_of(model).state == "unknown"
    before = time.time_ns()
    await ask(model)
    state = state_of(WrappedModel(model))
    assert (state.state, state.detail) == ("ready", "")
    assert state.limiter == LimiterState(concurrency_set=64, concurrency=64)
    assert state.last_ns is not None
    assert state.last_ns >= before


@pytest.mark.parametrize(
    ("code", "state"),
    [
        ("judge_key_refused", "unavailable"),
        ("judge_model_unknown", "unavailable"),
        ("judge_rate_limited", "limited"),
        ("judge_answer_invalid", "ready"),
    ],
)
async def test_what_is_wrong_is_told_until_it_answers_again(code: FailureCode, state: str) -> None:
    inner = Moody()
    model = ResilientModel(inner, max_retries=0)
    inner.error = JudgeModelError(code, "this is why", status=400)
    await ask(model)
    found = state_of(model)
    assert (found.state, found.detail) == (state, "this is why")
    inner.error = None
    await ask(model)
    assert (state_of(model).state, state_of(model).detail) == ("ready", "")


async def test_an_open_breaker_says_since_when() -> None:
    inner = Moody()
    inner.error = JudgeModelError("judge_unavailable", "nobody is there", retryable=True)
    model = ResilientModel(inner, max_retries=0, breaker=CircuitBreaker(2))
    for _ in range(2):
        await ask(model)
    found = state_of(model)
    assert found.state == "unavailable"
    assert "judge unavailable since" in found.detail


def test_limits_are_read_as_each_provider_tells_them() -> None:
    openai = {"x-ratelimit-limit-requests": "500", "x-ratelimit-limit-tokens": "200000"}
    assert rate_limits("openai", openai) == RateLimits(requests=500, tokens=200_000)
    assert rate_limits("groq", openai) == RateLimits(tokens=200_000)
    anthropic = {
        "anthropic-ratelimit-requests-limit": "50",
        "anthropic-ratelimit-input-tokens-limit": "40000",
    }
    assert rate_limits("anthropic", anthropic) == RateLimits(requests=50, tokens=40_000)
    assert rate_limits("openai", {"x-ratelimit-limit-requests": "many"}) == RateLimits()
