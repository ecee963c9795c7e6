import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

import msgspec
import pytest

from spanjudge.judging.models.breaker import CircuitBreaker
from spanjudge.judging.models.model import JudgeModelError, JudgeReply, JudgeRequest, Traits
from spanjudge.judging.models.resilience import ResilientModel
from spanjudge.judging.models.scripted import Answer, ScriptedModel
from spanjudge.judging.usage import Usage

REQUEST = JudgeRequest(system="s", subject="t", question="q", schema={"type": "object"}, schema_name="a")
REPLY = JudgeReply(text="{}", model="m", usage=Usage(input=10, output=2), cost_usd=0.5)


def down(**more: Any) -> JudgeModelError:
    return JudgeModelError("judge_unavailable", "HTTP 503 from the judge", retryable=True, status=503, **more)


def limited(retry_after: float | None = None) -> JudgeModelError:
    return JudgeModelError(
        "judge_rate_limited", "too many requests", retryable=True, retry_after=retry_after, status=429
    )


def playing(answers: Iterable[Answer]) -> ScriptedModel:
    left = iter(answers)
    return ScriptedModel(lambda _: next(left))


def resilient(inner: ScriptedModel, **settings: Any) -> ResilientModel:
    settings.setdefault("first_pause", 0.001)
    return ResilientModel(inner, **settings)


def within(seconds: float) -> JudgeRequest:
    return msgspec.structs.replace(REQUEST, deadline=time.monotonic() + seconds)


async def test_what_fails_for_a_moment_is_asked_again() -> None:
    inner = playing([down(), limited(), limited(0.001), REPLY])
    model = resilient(inner)
    assert await model.answer(REQUEST) == REPLY
    assert len(inner.requests) == model.calls == 4


async def test_the_last_error_is_raised_when_nothing_helps() -> None:
    inner = ScriptedModel(limited())
    model = resilient(inner, max_retries=2)
    with pytest.raises(JudgeModelError) as caught:
        await model.answer(REQUEST)
    assert caught.value.code == "judge_rate_limited"
    assert model.calls == 3


@pytest.mark.parametrize(
    "code", ["judge_key_refused", "judge_no_credit", "judge_model_unknown", "judge_refused", "input_too_long"]
)
async def test_final_errors_are_never_asked_again(code: Any) -> None:
    model = resilient(ScriptedModel(JudgeModelError(code, "no", status=400)))
    with pytest.raises(JudgeModelError) as caught:
        await model.answer(REQUEST)
    assert caught.value.code == code
    assert model.calls == 1


async def test_a_wait_that_does_not_fit_the_deadline_is_not_made() -> None:
    model = resilient(ScriptedModel(limited(3600)))
    with pytest.raises(JudgeModelError) as caught:
        await model.answer(within(30))
    assert caught.value.code == "judge_rate_limited"
    assert caught.value.retry_after == 3600
    assert model.calls == 1


async def test_the_earlier_of_both_deadlines_reaches_the_inner_model() -> None:
    inner = ScriptedModel(REPLY)
    await resilient(inner, timeout=5).answer(REQUEST)
    await resilient(inner, timeout=5).answer(within(2))
    first, second = (request.seconds_left for request in inner.requests)
    assert 2 < first <= 5
    assert 0 < second <= 2


async def test_a_judge_that_hangs_is_cut_off_at_the_deadline() -> None:
    cancelled = asyncio.Event()

    async def hang(_: JudgeRequest) -> JudgeReply:
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()
        return REPLY

    model = resilient(ScriptedModel(hang))
    with pytest.raises(JudgeModelError, match=r"scripted/scripted did not answer within 0\.\d s") as caught:
        await model.answer(within(0.02))
    assert caught.value.code == "judge_timeout"
    assert caught.value.retryable
    assert cancelled.is_set()


async def test_a_deadline_in_the_past_asks_nobody() -> None:
    model = resilient(ScriptedModel(REPLY))
    with pytest.raises(JudgeModelError, match="no time was left") as caught:
        await model.answer(within(-1))
    assert caught.value.code == "judge_timeout"
    assert model.calls == 0


async def test_a_timeout_names_the_failure_before_it() -> None:
    async def second_hangs(_: JudgeRequest) -> Answer:
        if len(inner.requests) == 1:
            return down(usage=Usage(input=7, output=1))
        await asyncio.Event().wait()
        return REPLY

    inner = ScriptedModel(second_hangs)
    with pytest.raises(JudgeModelError, match="the attempt before failed: HTTP 503") as caught:
        await resilient(inner).answer(within(0.05))
    assert caught.value.code == "judge_timeout"
    assert caught.value.usage == Usage(input=7, output=1)


class Gate:
    """A script that holds every call until it is opened."""

    def __init__(self) -> None:
        self.inside = 0
        self.most = 0
        self.entered = asyncio.Event()
        self.open = asyncio.Event()

    async def __call__(self, _: JudgeRequest) -> JudgeReply:
        self.inside += 1
        self.most = max(self.most, self.inside)
        self.entered.set()
        try:
            await self.open.wait()
        finally:
            self.inside -= 1
        return REPLY


async def test_no_more_than_the_limit_at_once() -> None:
    gate = Gate()
    model = resilient(ScriptedModel(gate), concurrency=3)
    calls = [asyncio.create_task(model.answer(REQUEST)) for _ in range(10)]
    await gate.entered.wait()
    gate.open.set()
    assert await asyncio.gather(*calls) == [REPLY] * 10
    assert gate.most == 3


async def test_waiting_for_a_place_counts_against_the_deadline() -> None:
    gate = Gate()
    model = resilient(ScriptedModel(gate), concurrency=1)
    first = asyncio.create_task(model.answer(REQUEST))
    await gate.entered.wait()
    with pytest.raises(JudgeModelError, match="no place among the 1 concurrent calls") as caught:
        await model.answer(within(0.02))
    assert caught.value.code == "judge_timeout"
    assert "concurrency" in caught.value.message
    gate.open.set()
    assert await first == REPLY
    assert model.calls == 1
    # The place is free again.
    assert await model.answer(REQUEST) == REPLY


async def test_a_cancelled_question_cancels_its_call_and_gives_its_place_back() -> None:
    gate = Gate()
    model = resilient(ScriptedModel(gate), concurrency=1)
    first = asyncio.create_task(model.answer(REQUEST))
    await gate.entered.wait()
    queued = asyncio.create_task(model.answer(REQUEST))
    await asyncio.sleep(0)
    for task in (queued, first):
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert gate.inside == 0
    gate.open.set()
    assert await model.answer(REQUEST) == REPLY
    assert model.calls == 2


async def test_a_pause_holds_no_place() -> None:
    inner = playing([down(), REPLY, REPLY])
    model = resilient(inner, concurrency=1, first_pause=0.01)
    first = asyncio.create_task(model.answer(REQUEST))
    await asyncio.sleep(0)
    second = asyncio.create_task(model.answer(REQUEST))
    done, _ = await asyncio.wait({first, second}, return_when=asyncio.FIRST_COMPLETED)
    assert done == {second}
    assert await first == REPLY


async def test_tokens_of_failed_attempts_are_added_to_the_reply() -> None:
    spent = Usage(input=100, output=5, cached=50)
    model = resilient(playing([down(usage=spent, cost_usd=0.25), down(), REPLY]))
    reply = await model.answer(REQUEST)
    assert reply.usage == Usage(input=110, output=7, cached=50)
    assert reply.cost_usd == 0.75


async def test_an_unknown_price_makes_the_sum_unknown() -> None:
    model = resilient(playing([down(usage=Usage(input=1, output=1)), REPLY]))
    reply = await model.answer(REQUEST)
    assert reply.usage == Usage(input=11, output=3)
    assert reply.cost_usd is None


async def test_tokens_of_failed_attempts_are_added_to_the_error_once() -> None:
    same = down(usage=Usage(input=3, output=1), cost_usd=0.125)
    model = resilient(ScriptedModel(same), max_retries=2, breaker=CircuitBreaker(0))
    for _ in range(2):  # the same error object, raised by two questions
        with pytest.raises(JudgeModelError) as caught:
            await model.answer(REQUEST)
        assert caught.value.usage == Usage(input=9, output=3)
        assert caught.value.cost_usd == 0.375
        assert (caught.value.code, caught.value.status) == ("judge_unavailable", 503)


async def ask(model: ResilientModel) -> JudgeModelError | JudgeReply:
    try:
        return await model.answer(REQUEST)
    except JudgeModelError as error:
        return error


async def test_a_judge_that_is_down_is_left_alone_and_then_probed() -> None:
    answers: list[Answer] = [down()] * 3
    inner = ScriptedModel(lambda _: answers.pop(0) if answers else REPLY)
    now = [0.0]
    model = resilient(inner, max_retries=0, breaker=CircuitBreaker(3, clock=lambda: now[0]))
    for _ in range(3):
        assert isinstance(await ask(model), JudgeModelError)
    refusals = [await ask(model) for _ in range(20)]
    assert model.calls == 3
    for refusal in refusals:
        assert isinstance(refusal, JudgeModelError)
        assert refusal.message.startswith("judge unavailable since ")
        assert "last error: HTTP 503 from the judge; next try in" in refusal.message
        assert refusal.retryable
    now[0] += 5
    assert await ask(model) == REPLY
    assert model.breaker.unavailable_since is None
    assert await ask(model) == REPLY


async def test_a_probe_is_not_retried_and_the_crowd_does_not_follow_it() -> None:
    gate = Gate()
    now = [0.0]
    model = resilient(ScriptedModel(gate), breaker=CircuitBreaker(1, clock=lambda: now[0]))
    model.breaker.failed(down(), probe=False)
    now[0] += 5
    probe = asyncio.create_task(model.answer(REQUEST))
    await gate.entered.wait()
    others = [await ask(model) for _ in range(5)]
    assert all(isinstance(other, JudgeModelError) and "is under way" in other.message for other in others)
    gate.open.set()
    assert await probe == REPLY
    assert model.calls == 1


async def test_a_cancelled_probe_lets_the_next_question_probe() -> None:
    gate = Gate()
    now = [0.0]
    model = resilient(ScriptedModel(gate), breaker=CircuitBreaker(1, clock=lambda: now[0]))
    model.breaker.failed(down(), probe=False)
    now[0] += 5
    probe = asyncio.create_task(model.answer(REQUEST))
    await gate.entered.wait()
    probe.cancel()
    await asyncio.wait({probe})
    gate.open.set()
    assert await model.answer(REQUEST) == REPLY


async def test_questions_on_their_way_when_it_opens_survive_a_short_outage() -> None:
    """A connection that breaks under eight calls at once is a blip, not eight failures."""
    broken = asyncio.Event()
    all_sent = asyncio.Event()

    async def play(_: JudgeRequest) -> Answer:
        if broken.is_set():
            return REPLY
        if len(inner.requests) == 8:
            all_sent.set()
        await broken.wait()
        return down()

    inner = ScriptedModel(play)
    model = resilient(inner, breaker=CircuitBreaker(5, first_pause=0.005))
    questions = [asyncio.create_task(model.answer(REQUEST)) for _ in range(8)]
    await all_sent.wait()
    broken.set()
    assert await asyncio.gather(*questions) == [REPLY] * 8
    assert model.breaker.unavailable_since is None


@pytest.mark.parametrize(
    "error",
    [
        limited(),
        JudgeModelError("judge_key_refused", "bad key", status=401),
        JudgeModelError("input_too_long", "too long", status=400),
        JudgeModelError("judge_answer_invalid", "no JSON"),
        JudgeModelError("judge_unavailable", "busy", status=498, retryable=True),
    ],
)
async def test_an_answer_of_the_4xx_kind_does_not_open_it(error: JudgeModelError) -> None:
    model = resilient(ScriptedModel(error), max_retries=0, breaker=CircuitBreaker(1))
    for _ in range(5):
        assert isinstance(await ask(model), JudgeModelError)
    assert model.calls == 5


async def test_a_judge_that_hangs_opens_it_but_an_impatient_caller_does_not() -> None:
    async def hang(_: JudgeRequest) -> JudgeReply:
        await asyncio.Event().wait()
        return REPLY

    impatient = resilient(ScriptedModel(hang), timeout=60, breaker=CircuitBreaker(1))
    for _ in range(2):
        with pytest.raises(JudgeModelError, match="did not answer"):
            await impatient.answer(within(0.01))
    patient = resilient(ScriptedModel(hang), timeout=0.02, breaker=CircuitBreaker(1))
    with pytest.raises(JudgeModelError, match="did not answer"):
        await patient.answer(REQUEST)
    with pytest.raises(JudgeModelError, match="judge unavailable since"):
        await patient.answer(REQUEST)


async def test_a_fault_of_ours_passes_through_and_gives_the_place_back() -> None:
    def broken(_: JudgeRequest) -> JudgeReply:
        message = "a bug"
        raise KeyError(message)

    model = resilient(ScriptedModel(broken), concurrency=1, breaker=CircuitBreaker(1))
    for _ in range(3):
        with pytest.raises(KeyError):
            await model.answer(REQUEST)


async def test_it_is_the_same_port() -> None:
    closed: list[bool] = []

    class Closing(ScriptedModel):
        async def aclose(self) -> None:
            closed.append(True)

    inner = Closing(REPLY, model="m", traits=Traits(batches=False))
    model = resilient(inner)
    assert (model.provider, model.model, model.traits) == ("scripted", "m", Traits(batches=False))
    assert resilient(inner, traits=Traits(small=True)).traits.small
    await model.aclose()
    assert closed == [True]


async def test_no_task_is_made_for_a_call() -> None:
    made: list[str] = []
    loop = asyncio.get_running_loop()

    def factory(loop: asyncio.AbstractEventLoop, coro: Any, **more: Any) -> asyncio.Task[Any]:
        made.append(repr(coro))
        return asyncio.Task(coro, loop=loop, **more)

    model = resilient(ScriptedModel(REPLY))
    loop.set_task_factory(factory)
    try:
        ask_it: Callable[[JudgeRequest], Awaitable[JudgeReply]] = model.answer
        assert await ask_it(REQUEST) == REPLY
    finally:
        loop.set_task_factory(None)
    assert made == []
