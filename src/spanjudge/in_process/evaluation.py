"""What is done with one invocation: its evaluators side by side, and their results on their way out."""

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from typing import Protocol

from spanjudge.in_process.evaluator import Evaluation, InProcessEvaluator
from spanjudge.in_process.invocation import Invocation, Kind, Seen
from spanjudge.judging.result import EvaluationFailure, EvaluationSkipped, FailureCode
from spanjudge.telemetry import outcome_log

_log = logging.getLogger(__name__)

TOLD_EVERY = 60.0
"""Seconds between two warnings about the same trouble."""

_SLOW_SECONDS = 0.02

OnResults = Callable[[Invocation, Sequence[Evaluation]], None]
"""Is given an invocation and what came of it: results, failures, and what was skipped and why."""


class Emitter(Protocol):
    """Where results go."""

    def emit(self, invocation: Invocation, evaluations: Sequence[Evaluation]) -> None:
        """Export what was found about one invocation."""
        ...


class InvocationEvaluation:
    """Evaluates invocations; `evaluate` is the work of an `EvaluationQueue`.

    `evaluators_of` gives the evaluators of a kind. With `aggregation` all results of an invocation are handed
    out at once, without it each evaluator's as it is done. What fails fails alone: an evaluator that
    raises is a failure of its own metrics, an emitter or callback that raises a line of the log.
    """

    def __init__(
        self,
        evaluators_of: Callable[[Kind], Sequence[InProcessEvaluator]],
        *,
        emitter: Emitter,
        aggregation: bool = False,
        on_results: OnResults | None = None,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        """`now` gives seconds that never go back."""
        self._now = now
        self._evaluators_of = evaluators_of
        self._emitter = emitter
        self._aggregation = aggregation
        self._on_results = on_results
        self._told: dict[str, tuple[float, int]] = {}
        self._emits_slowly = False
        self.skipped: dict[str, int] = {}
        """Invocations that were skipped as a whole, by the reason."""

    async def evaluate(self, invocation: Invocation) -> None:
        """Evaluate one and hand out what came of it. Raises nothing but a cancellation."""
        evaluators = self._evaluators_of(invocation.kind)
        if not evaluators:
            return
        try:
            skip = invocation.seen.skip
        except Exception as error:  # noqa: BLE001  one odd span must never stop the others
            what = f"the invocation cannot be read ({type(error).__name__})"
            failures = [failed for one in evaluators for failed in _failures(one, "internal", what)]
            await self._hand_out(invocation, failures)
            return
        if skip is not None:
            self.skipped[skip.reason] = self.skipped.get(skip.reason, 0) + 1
            await self._hand_out(invocation, _skipped(evaluators, invocation.seen))
            return
        found: list[list[Evaluation] | None] = [None] * len(evaluators)
        begun = time.perf_counter()
        try:
            if len(evaluators) == 1:
                await self._one(0, evaluators[0], invocation, found)
            else:
                work = (self._one(place, one, invocation, found) for place, one in enumerate(evaluators))
                await asyncio.gather(*work)
        except asyncio.CancelledError:
            self._cancelled(invocation, evaluators, found, time.perf_counter() - begun)
            raise
        if self._aggregation:
            await self._hand_out(invocation, [each for some in found for each in some or ()])

    async def aclose(self, evaluators: Sequence[InProcessEvaluator]) -> None:
        """Close evaluators, whatever one of them says to that."""
        for one in evaluators:
            try:
                await one.aclose()
            except Exception as error:  # noqa: BLE001  the others are closed all the same
                _log.debug("evaluator %s did not close: %s", one.name, type(error).__name__)

    async def _one(
        self,
        place: int,
        evaluator: InProcessEvaluator,
        invocation: Invocation,
        found: list[list[Evaluation] | None],
    ) -> None:
        begun = time.perf_counter()
        try:
            evaluations = list(await evaluator.outcomes(invocation))
        except Exception as error:  # noqa: BLE001  a fault of one evaluator is no trouble of the others
            message = f"the evaluator {evaluator.name} raised {type(error).__name__}"
            evaluations = _failures(evaluator, "internal", message, time.perf_counter() - begun)
            _log.debug("evaluator %s raised", evaluator.name, exc_info=error)
        found[place] = evaluations
        if not self._aggregation:
            await self._hand_out(invocation, evaluations)

    def _cancelled(
        self,
        invocation: Invocation,
        evaluators: Sequence[InProcessEvaluator],
        found: Sequence[list[Evaluation] | None],
        duration: float,
    ) -> None:
        """Time is up: what is there goes out, and what is not is a failure."""
        message = f"the evaluation was given up after {duration:.1f} s"
        late: list[Evaluation] = []
        for evaluator, some in zip(evaluators, found, strict=True):
            if some is None:
                late += _failures(evaluator, "judge_timeout", message, duration)
            elif self._aggregation:
                late += some
        if late:
            self._note(late)
            self._emit(invocation, late)

    async def _hand_out(self, invocation: Invocation, evaluations: Sequence[Evaluation]) -> None:
        self._note(evaluations)
        if self._emits_slowly:
            # An exporter that waits for its network: it holds up a thread, and not every judge call.
            await _in_a_thread(self._emit, invocation, evaluations)
        else:
            self._emit(invocation, evaluations)
        if self._on_results is not None:
            await _in_a_thread(self._call_back, invocation, evaluations)

    def _emit(self, invocation: Invocation, evaluations: Sequence[Evaluation]) -> None:
        begun = time.perf_counter()
        try:
            self._emitter.emit(invocation, evaluations)
        except Exception as error:  # noqa: BLE001  whatever the application's exporters raise
            self._tell("emitter", f"results of evaluations were not exported ({type(error).__name__})")
        self._emits_slowly = time.perf_counter() - begun > _SLOW_SECONDS

    def _call_back(self, invocation: Invocation, evaluations: Sequence[Evaluation]) -> None:
        try:
            if self._on_results is not None:
                self._on_results(invocation, evaluations)
        except Exception as error:  # noqa: BLE001  a user's function
            self._tell("on_results", f"on_results raised {type(error).__name__}")

    def _note(self, evaluations: Sequence[Evaluation]) -> None:
        for one in evaluations:
            if isinstance(one, EvaluationSkipped):
                continue
            words, quietly = None, True
            if isinstance(one, EvaluationFailure):
                again = self._unsaid(one.code)
                quietly = again is None
                words = f"“{one.evaluator}” was not evaluated ({one.code}): {one.message}{again or ''}"
            outcome_log.log(one, {"evaluator": one.evaluator}, words=words, quietly=quietly)

    def _tell(self, what: str, message: str) -> None:
        again = self._unsaid(what)
        if again is not None:
            _log.warning("%s%s", message, again)

    def _unsaid(self, what: str) -> str | None:
        """How often it was kept back, in words; `None` when it is kept back now."""
        now = self._now()
        since, kept_back = self._told.get(what, (now - TOLD_EVERY, 0))
        if now - since < TOLD_EVERY:
            self._told[what] = since, kept_back + 1
            return None
        self._told[what] = now, 0
        return f" (and {kept_back:,} times more since it was last said)" if kept_back else ""


async def _in_a_thread(
    call: Callable[[Invocation, Sequence[Evaluation]], None],
    invocation: Invocation,
    evaluations: Sequence[Evaluation],
) -> None:
    try:
        call_ends = asyncio.get_running_loop().run_in_executor(None, call, invocation, evaluations)
    except RuntimeError:
        # So late in the exit of the interpreter that there are no threads any more.
        call(invocation, evaluations)
    else:
        await call_ends


def _failures(
    evaluator: InProcessEvaluator, code: FailureCode, message: str, duration: float = 0.0
) -> list[Evaluation]:
    return [
        EvaluationFailure(
            evaluator=metric,
            evaluator_version="",
            code=code,
            message=message,
            duration=duration,
            evaluator_name=evaluator.name,
        )
        for metric in evaluator.metrics
    ]


def _skipped(evaluators: Sequence[InProcessEvaluator], seen: Seen) -> list[Evaluation]:
    skip = seen.skip
    if skip is None:
        return []
    return [
        EvaluationSkipped(
            evaluator=metric,
            evaluator_version="",
            reason=skip.reason,
            message=skip.message,
            evaluator_name=evaluator.name,
        )
        for evaluator in evaluators
        for metric in evaluator.metrics
    ]
