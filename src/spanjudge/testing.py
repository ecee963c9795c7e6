"""For tests of an application: what was evaluated while it ran, and assertions on that.

    with spanjudge.testing.RecordedEvaluations() as evaluations:
        answer("Where is my parcel?")
        evaluations.assert_passed("answer_relevancy", min_rate=0.9)

With pytest the fixture `spanjudge_evaluations` is one of these.
"""

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from types import TracebackType
from typing import Self

from spanjudge.evaluators.problem import nearest
from spanjudge.in_process import emitters
from spanjudge.in_process.background.interpreter_exit import live_queues
from spanjudge.in_process.evaluator import Evaluation
from spanjudge.in_process.invocation import Invocation
from spanjudge.judging.result import EvaluationFailure, EvaluationResult, EvaluationSkipped

WAIT = 60.0
"""Seconds that assertions wait for evaluations under way."""

_SETTLE = 5.0
_SHOWN = 50
_CHARS = 300


class RecordedEvaluations:
    """Everything that is evaluated in this process while it is open.

    It records what an `EvaluationSpanProcessor` hands out, functions decorated with `@spanjudge.evaluator`
    that run beside it, and what `submit_evaluation` is given; results still go to the application's exporters
    too. Assertions first wait for evaluations under way. A failure counts neither as a pass nor as a fail,
    and an assertion about nothing fails.
    """

    def __init__(self, *, timeout: float = WAIT) -> None:
        """`timeout`: how many seconds assertions wait for evaluations under way."""
        self._timeout = timeout
        self._lock = threading.Lock()
        self._recorded: list[tuple[Invocation, Evaluation]] = []
        self._opened = False
        self._stop: Callable[[], None] | None = None

    def __enter__(self) -> Self:
        """Begin to record; what was under way before is waited for, and left out."""
        _wait(_SETTLE)
        self._opened = True
        self._stop = emitters.listen(self._record)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop recording."""
        if self._stop is not None:
            self._stop()
            self._stop = None

    @property
    def recorded(self) -> list[tuple[Invocation, Evaluation]]:
        """Each evaluation with its invocation, in the order they came about."""
        with self._lock:
            return list(self._recorded)

    @property
    def evaluations(self) -> list[Evaluation]:
        """Results, failures, and what was skipped."""
        return [evaluation for _, evaluation in self.recorded]

    @property
    def results(self) -> list[EvaluationResult]:
        """What has a result."""
        return [one for one in self.evaluations if isinstance(one, EvaluationResult)]

    @property
    def failures(self) -> list[EvaluationFailure]:
        """What should have had one."""
        return [one for one in self.evaluations if isinstance(one, EvaluationFailure)]

    @property
    def skipped(self) -> list[EvaluationSkipped]:
        """What nobody was asked about, and why."""
        return [one for one in self.evaluations if isinstance(one, EvaluationSkipped)]

    def of(self, name: str) -> list[Evaluation]:
        """Every evaluation by this name."""
        return [one for one in self.evaluations if one.evaluator == name]

    def passed(self, name: str) -> bool:
        """Whether there is a verdict by this name, and all of them are passes."""
        verdicts = [one.verdict for one in _results(self.of(name)) if one.verdict is not None]
        return bool(verdicts) and all(verdict == "pass" for verdict in verdicts)

    def wait(self, timeout: float = WAIT) -> None:
        """Wait until nothing is queued or under way any more. Raises `TimeoutError`."""
        if not _wait(timeout):
            raise TimeoutError(f"evaluations are still under way after {timeout:g} s")

    def clear(self) -> None:
        """Forget what was recorded so far."""
        with self._lock:
            self._recorded.clear()

    def assert_passed(self, name: str, min_rate: float = 1.0) -> None:
        """At least this share (0 to 1) of the verdicts by this name are passes. Raises `AssertionError`."""
        __tracebackhide__ = True
        if not 0 <= min_rate <= 1:
            raise ValueError(f"min_rate is a share from 0 to 1, not {min_rate!r}")
        results = self._evaluated(name)
        judged = [one for one in results if one.verdict is not None]
        if not judged:
            why = f"{name} has no verdict, as it has no acceptance criteria; use assert_score"
            raise AssertionError(_told(why, self.of(name)))
        passes = sum(one.verdict == "pass" for one in judged)
        if passes / len(judged) < min_rate:
            wanted = "all should" if min_rate == 1 else f"{min_rate:.0%} should"
            why = f"{name}: {passes} of {len(judged)} passed ({passes / len(judged):.0%}), {wanted}"
            raise AssertionError(_told(why, self.of(name)))

    def assert_score(self, name: str, *, min: float | None = None, max: float | None = None) -> None:  # noqa: A002  the words of acceptance criteria
        """Every score by this name is between the bounds, both included. Raises `AssertionError`."""
        __tracebackhide__ = True
        if min is None and max is None:
            raise ValueError("give min=, max=, or both")
        results = self._evaluated(name)
        scores = [one.score_value for one in results if one.score_value is not None]
        if not scores:
            raise AssertionError(_told(f"{name} has labels and no scores; use assert_passed", self.of(name)))
        outside = [
            score
            for score in scores
            if (min is not None and score < min) or (max is not None and score > max)
        ]
        if outside:
            bounds = " and ".join(
                f"{words} {bound:g}"
                for words, bound in (("at least", min), ("at most", max))
                if bound is not None
            )
            why = f"{name}: {len(outside)} of {len(scores)} scores are not {bounds}"
            raise AssertionError(_told(why, self.of(name)))

    def assert_no_failures(self, name: str | None = None) -> None:
        """There is a result, and no failure (by this name, or at all). Raises `AssertionError`."""
        __tracebackhide__ = True
        self._settled()
        found = self.evaluations if name is None else self.of(name)
        failures = [one for one in found if isinstance(one, EvaluationFailure)]
        if failures:
            raise AssertionError(_told(f"{_count(len(failures), 'evaluation')} failed", failures))
        if name is not None:
            self._evaluated(name)
        elif not _results(found):
            raise AssertionError(_told("nothing was evaluated", found))

    def _evaluated(self, name: str) -> list[EvaluationResult]:
        __tracebackhide__ = True
        self._settled()
        found = self.of(name)
        results = _results(found)
        if results:
            return results
        if found:
            raise AssertionError(_told(f"nothing was evaluated by {name}", found))
        others = sorted({one.evaluator for one in self.evaluations})
        if others:
            raise AssertionError(f"nothing was evaluated by {name}: {nearest(name, others)}")
        raise AssertionError(
            "nothing was evaluated: nothing reached the end; is an EvaluationSpanProcessor added to the "
            "tracer provider, were there GenAI spans with their content recorded, and did they end?"
        )

    def _settled(self) -> None:
        """Assertions are about what was begun before them."""
        __tracebackhide__ = True
        if not self._opened:
            raise RuntimeError("nothing is recorded yet: with RecordedEvaluations() as evaluations: …")
        if not _wait(self._timeout):
            why = f"evaluations are still under way after {self._timeout:g} s; so far there are"
            raise AssertionError(_told(why, self.evaluations))

    def _record(self, invocation: Invocation, evaluations: Sequence[Evaluation]) -> None:
        with self._lock:
            self._recorded.extend((invocation, evaluation) for evaluation in evaluations)


def _wait(timeout: float) -> bool:
    deadline = time.monotonic() + timeout
    return all(queue.wait_for_all(max(deadline - time.monotonic(), 0)) for queue in live_queues())


def _results(found: Iterable[Evaluation]) -> list[EvaluationResult]:
    return [one for one in found if isinstance(one, EvaluationResult)]


def _told(why: str, found: Sequence[Evaluation]) -> str:
    """The sentence, and a line for each evaluation: what does not pass first, as a list may be cut."""
    lines = [_line(one) for one in sorted(found, key=_rank)[:_SHOWN]]
    if len(found) > _SHOWN:
        lines.append(f"… and {len(found) - _SHOWN} more")
    return "\n  ".join([why + (":" if lines else ""), *lines])


def _rank(one: Evaluation) -> int:
    if isinstance(one, EvaluationResult):
        return {"fail": 0, None: 1, "pass": 4}[one.verdict]
    return 2 if isinstance(one, EvaluationFailure) else 3


def _line(one: Evaluation) -> str:
    if isinstance(one, EvaluationSkipped):
        return f"{one.evaluator} skipped ({one.reason}): {_short(one.message)}"
    if isinstance(one, EvaluationFailure):
        return f"{one.evaluator} failed without a verdict ({one.code}): {_short(one.message)}"
    words = [one.evaluator, {"pass": "passed", "fail": "did not pass", None: "is"}[one.verdict]]
    if one.score_value is not None:
        words.append(f"{one.score_value:g}")
    if one.score_label:
        words.append(f"“{one.score_label}”")
    return " ".join(words) + (f": {_short(one.explanation)}" if one.explanation else "")


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _CHARS else line[: _CHARS - 1] + "…"


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
