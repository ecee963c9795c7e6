"""Deadline, retries, limits and circuit breaker around any judge model: what every call passes.

Each has one question. `ResilientModel`: how long is this question tried? `limits.Limiter`: when may the next
call be sent, and whose is it? `CircuitBreaker`: is anybody there at all? Whoever takes on work for the judge
asks `wait` and `places` how much of it makes sense, and keeps no account of the judge's troubles of its own.
"""

import asyncio
import contextlib
import random
import threading
import time
from collections.abc import Mapping
from typing import Literal, NoReturn

import msgspec

from spanjudge.judging import prices
from spanjudge.judging.models.breaker import CircuitBreaker
from spanjudge.judging.models.limits.limiter import Limiter
from spanjudge.judging.models.limits.pace import CallLimits, Turn
from spanjudge.judging.models.model import JudgeModel, JudgeModelError, JudgeReply, JudgeRequest, Traits
from spanjudge.judging.models.wrapped import innermost
from spanjudge.judging.usage import Usage, total

PATIENCE = 10.0
"""A cut-off attempt speaks against the judge only when it had this many seconds (or half the timeout)."""

_CLOCK_STEP = 0.05  # the loop's clock may be this far from ours when it rings
_BUSY = frozenset({498, 503, 529})
"""Statuses of providers that have too much to do: Groq's, HTTP's own, Anthropic's."""


class ResilientModel:
    """The same port, for a network that fails and a provider that has limits.

    * `timeout` (seconds) bounds a question in all, waiting and retries included; so does the request's
      own deadline: the earlier of the two.
    * What the inner model marks as retryable is asked again up to `max_retries` times, after a growing
      jittered pause or what the provider asked for, if that is longer. A pause that does not fit the
      deadline is not made: the error is raised at once, with its `retry_after`.
    * `limiter` says when an attempt may be sent; a pause holds no place. After a refusal (429) all wait
      together until the limiter lets calls through again, and not each question by itself.
    * `breaker` turns questions away while the judge does not answer at all.

    Tokens of failed attempts are added to the reply's, or to the error's. A cancelled question cancels
    its attempt and gives its place back.
    """

    def __init__(
        self,
        inner: JudgeModel,
        *,
        timeout: float = 60.0,
        max_retries: int = 4,
        concurrency: int = 64,
        limiter: Limiter | None = None,
        traits: Traits | None = None,
        breaker: CircuitBreaker | None = None,
        first_pause: float = 0.5,
        longest_pause: float = 8.0,
    ) -> None:
        """`traits` replaces the inner model's own; `concurrency` is for a limiter that is not given."""
        self.inner = inner
        self.timeout = timeout
        self.max_retries = max_retries
        self.limiter = limiter or Limiter(
            CallLimits(concurrency=concurrency), provider=inner.provider, first_pause=first_pause
        )
        self.breaker = breaker or CircuitBreaker()
        self.calls = 0
        """Attempts sent so far, retries included."""
        self.last_ns: int | None = None
        """When the latest attempt ended that was not given up here, in nanoseconds since 1970."""
        self.last_error: JudgeModelError | None = None
        """What that attempt came to, unless it was answered."""
        self._traits = traits
        self._first_pause = first_pause
        self._longest_pause = longest_pause
        self._innermost = innermost(inner)
        self._patience = min(PATIENCE, timeout / 2)
        self._warm = inner.provider in prices.FREE

    @property
    def provider(self) -> str:
        """The inner model's."""
        return self.inner.provider

    @property
    def model(self) -> str:
        """The inner model's."""
        return self.inner.model

    @property
    def traits(self) -> Traits:
        """As set, or the inner model's."""
        return self._traits or self.inner.traits

    @property
    def concurrency(self) -> int:
        """Calls that may be under way, as it was set."""
        return self.limiter.limits.concurrency

    @property
    def in_flight(self) -> int:
        """Attempts under way."""
        return self.limiter.in_flight

    @property
    def wait(self) -> float:
        """Seconds until it makes sense to ask again what can wait."""
        return max(self.limiter.held, self.breaker.wait)

    @property
    def places(self) -> int:
        """Calls it makes sense to have on their way: one while nobody knows whether the judge is back."""
        return 1 if self.breaker.is_open else self.limiter.places

    async def answer(self, request: JudgeRequest) -> JudgeReply:
        """Answer one question within its deadline, or raise `JudgeModelError`."""
        if not self._warm:
            self._warm = True
            # The price list is read while the first answer is on its way, not after it.
            warming = threading.Thread(
                target=prices.warm, args=(self.provider, self.model), name="spanjudge-prices", daemon=True
            )
            with contextlib.suppress(RuntimeError):  # the interpreter exits, and starts no more threads
                warming.start()
        now = time.monotonic()
        if request.deadline > now + self.timeout:
            request = msgspec.structs.replace(request, deadline=now + self.timeout)
        if request.deadline <= now:
            raise JudgeModelError(
                "judge_timeout", f"no time was left to ask {self.provider}/{self.model}", retryable=True
            )
        question = _Question(request, now)
        limit = asyncio.timeout(request.deadline - now)
        try:
            async with limit:
                return await self._ask(question)
        except TimeoutError as error:
            if not limit.expired():
                raise
            question.fail(self._out_of_time(question), error)

    async def aclose(self) -> None:
        """Close the inner model."""
        await self.inner.aclose()

    async def _ask(self, question: "_Question") -> JudgeReply:
        retry = 0
        while True:
            try:
                # Asked before queueing too: a crowd must not wait only to be turned away.
                self.breaker.check()
                question.stage = "queue"
                turn = self.limiter.enter(question.request) or await self._turn(question)
                try:
                    probe = self.breaker.admit()
                    question.stage = "call"
                    return question.complete(await self._attempt(question, turn, probe=probe))
                finally:
                    if not turn.ended:
                        self.limiter.gave_up(turn, sent=question.stage == "call")
            except JudgeModelError as error:
                # A question that never reached the judge, or was its probe, has no reason to wait for it.
                final = not error.retryable or retry == self.max_retries or question.attempts == 0
                pause = self._pause(retry, error)
                if final or question.probed or pause >= question.request.seconds_left:
                    question.fail(error)
                question.last = error
                if error.code == "judge_rate_limited":
                    pause = 0.0  # the limiter holds it back, with all others
            question.stage = "pause"
            retry += 1
            await asyncio.sleep(pause)

    async def _turn(self, question: "_Question") -> Turn:
        held = self.limiter.held
        if held >= question.request.seconds_left:
            raise JudgeModelError(
                "judge_rate_limited",
                f"{self.provider}/{self.model} is asked nothing for another {held:.0f} s: "
                "its provider refused calls and said when to come again",
                retryable=True,
                retry_after=held,
            )
        return await self.limiter.turn(question.request)

    async def _attempt(self, question: "_Question", turn: Turn, *, probe: bool) -> JudgeReply:
        self.calls += 1
        question.attempts += 1
        question.probed = probe
        began = time.monotonic()
        try:
            reply = await self.inner.answer(question.request)
        except JudgeModelError as error:
            self._note(error)
            question.spend(error)
            self._tell(turn, question.request, error)
            if _no_answer(error) and (error.code != "judge_timeout" or self._was_patient(began)):
                self._failed(error, probe=probe)
            elif error.code == "judge_timeout":
                self.breaker.gave_up(probe=probe)
            else:
                self.breaker.answered()
            raise
        except BaseException as error:
            in_time = time.monotonic() < question.request.deadline - _CLOCK_STEP
            if isinstance(error, asyncio.CancelledError) and not in_time and self._was_patient(began):
                late = self._out_of_time(question)
                self._note(late)
                self._failed(late, probe=probe)
            else:
                self.breaker.gave_up(probe=probe)
            raise
        self._note(None)
        self.limiter.answered(turn, question.request, reply.usage, self._headers)
        self.breaker.answered()
        return reply

    @property
    def _headers(self) -> Mapping[str, str] | None:
        return getattr(self._innermost, "headers", None)

    def _tell(self, turn: Turn, request: JudgeRequest, error: JudgeModelError) -> None:
        """Tell the limiter of an attempt that failed; of one nobody answered there is nothing to tell."""
        if error.code == "judge_rate_limited":
            self.limiter.refused(turn, error.retry_after, self._headers)
        elif error.status in _BUSY:
            self.limiter.overloaded(turn, error.retry_after)
        elif not _no_answer(error):
            self.limiter.answered(turn, request, error.usage, self._headers)

    def _failed(self, error: JudgeModelError, *, probe: bool) -> None:
        if self.breaker.failed(error, probe=probe):
            self.limiter.restart()

    def _note(self, error: JudgeModelError | None) -> None:
        self.last_ns, self.last_error = time.time_ns(), error

    def _was_patient(self, began: float) -> bool:
        return time.monotonic() - began >= self._patience

    def _pause(self, retry: int, error: JudgeModelError) -> float:
        """Seconds until the next attempt: doubling, up to a quarter less; what was asked for, or more."""
        if error.code == "judge_rate_limited" and error.retry_after is None:
            return self.limiter.held
        own = min(self._first_pause * 2.0**retry, self._longest_pause)
        own *= 1 - random.random() / 4  # noqa: S311 - spreads retries, guards no secret
        if error.retry_after is None:
            return own
        # Many callers were told the same moment: they come back up to a tenth later.
        return max(own, error.retry_after * (1 + random.random() / 10))  # noqa: S311 - as above

    def _out_of_time(self, question: "_Question") -> JudgeModelError:
        seconds = f"{time.monotonic() - question.started:.1f} s"
        who = f"{self.provider}/{self.model}"
        before = f"; the attempt before failed: {question.last.message}" if question.last else ""
        if question.stage == "queue":
            text = f"{who} could not be asked within {seconds}: {self.limiter.reason()}{before}"
        else:
            text = f"{who} did not answer within {seconds}{before}"
        return JudgeModelError("judge_timeout", text, retryable=True)


class _Question:
    """One question on its way, with what its failed attempts cost."""

    __slots__ = ("attempts", "cost", "last", "probed", "request", "stage", "started", "usage")

    def __init__(self, request: JudgeRequest, started: float) -> None:
        self.request = request
        self.started = started
        self.stage: Literal["queue", "call", "pause"] = "queue"
        self.attempts = 0
        self.probed = False
        self.last: JudgeModelError | None = None
        self.usage: Usage | None = None
        self.cost: float | None = 0.0

    def spend(self, error: JudgeModelError) -> None:
        """Note what a failed attempt cost; one unknown price makes the sum unknown."""
        if error.usage is not None:
            self.usage = total(self.usage, error.usage)
            self.cost = _sum(self.cost, error.cost_usd)

    def complete(self, reply: JudgeReply) -> JudgeReply:
        """The reply, with what the failed attempts before it cost."""
        if self.usage is None:
            return reply
        return msgspec.structs.replace(
            reply, usage=total(self.usage, reply.usage), cost_usd=_sum(self.cost, reply.cost_usd)
        )

    def fail(self, error: JudgeModelError, cause: BaseException | None = None) -> NoReturn:
        """Raise the error, with what all attempts cost."""
        if self.usage is None or (self.usage == error.usage and self.cost == error.cost_usd):
            raise error from cause
        # A new one: the same object may be raised again for another question.
        raise JudgeModelError(
            error.code,
            error.message,
            retryable=error.retryable,
            retry_after=error.retry_after,
            status=error.status,
            usage=self.usage,
            cost_usd=self.cost,
            model=error.model,
        ) from (cause or error)


def _sum(one: float | None, other: float | None) -> float | None:
    return None if one is None or other is None else one + other


def _no_answer(error: JudgeModelError) -> bool:
    """Whether nobody answered, or somebody who could not (5xx)."""
    refused = error.status is not None and error.status < 500  # noqa: PLR2004 - the border HTTP itself draws
    return error.code in ("judge_unavailable", "judge_timeout") and not refused
