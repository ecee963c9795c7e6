"""What tests of an application can say about its evaluations, and what they are told when that is not so."""

import asyncio
import threading
from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from spanjudge.in_process.emitters import ResultEmitter
from spanjudge.in_process.evaluator import Evaluation
from spanjudge.in_process.invocation import Invocation, Seen
from spanjudge.in_process.queue.evaluation_queue import EvaluationQueue
from spanjudge.in_process.submitted import submit_evaluation
from spanjudge.judging.result import EvaluationSkipped
from spanjudge.judging.subject import Subject
from spanjudge.telemetry.evaluated import Target
from spanjudge.testing import RecordedEvaluations
from tests.exporters.outcomes import category, failure, score
from tests.in_process.telemetry_out import TelemetryOut

SKIPPED = EvaluationSkipped(
    evaluator="faithfulness",
    evaluator_version="1",
    reason="missing_variable",
    message="the invocation has no retrieved documents",
)


@pytest.fixture
def evaluations() -> Iterator[RecordedEvaluations]:
    with RecordedEvaluations() as made:
        yield made


def emitted(*found: Evaluation) -> None:
    invocation = Invocation(kind="LLMInvocation", read=lambda: Seen(subject=Subject(output="out")))
    ResultEmitter().emit(invocation, found)


def rated(*scores: float) -> None:
    emitted(
        *(score(one, verdict="pass" if one >= 0.5 else "fail", explanation=f"it is {one}") for one in scores)
    )


def test_everything_is_recorded_by_name_and_by_kind(evaluations: RecordedEvaluations) -> None:
    found: Sequence[Evaluation] = (score(0.5), failure(), SKIPPED)
    emitted(*found)
    assert evaluations.results == [found[0]]
    assert evaluations.failures == [found[1]]
    assert evaluations.skipped == [found[2]]
    assert evaluations.evaluations == list(found)
    assert evaluations.of("relevancy") == [found[0]]
    assert evaluations.of("bias") == []
    assert [invocation.subject.output for invocation, _ in evaluations.recorded] == ["out"] * 3
    evaluations.clear()
    assert evaluations.recorded == []


def test_what_is_submitted_is_recorded_too(evaluations: RecordedEvaluations) -> None:
    with TelemetryOut() as out:
        submit_evaluation("feedback", value=True, trace_id=7, span_id=8, **out.providers)
        assert len(out.records()) == 1
    ((invocation, found),) = evaluations.recorded
    assert invocation.target == Target(trace_id=f"{7:032x}", span_id=f"{8:016x}")
    assert (found.evaluator, found.score) == ("feedback", 1.0)
    assert evaluations.passed("feedback")


def test_nothing_is_recorded_before_and_after() -> None:
    emitted(score(0.1))
    with RecordedEvaluations() as evaluations:
        emitted(score(0.2))
    emitted(score(0.3))
    assert [one.score for one in evaluations.results] == [0.2]


def test_a_share_of_passes_is_enough_when_it_is_said_to_be(evaluations: RecordedEvaluations) -> None:
    rated(0.9, 0.8, 0.7, 0.2)
    evaluations.assert_passed("relevancy", min_rate=0.75)
    assert not evaluations.passed("relevancy")
    with pytest.raises(AssertionError) as error:
        evaluations.assert_passed("relevancy")
    assert str(error.value).splitlines() == [
        "relevancy: 3 of 4 passed (75%), all should:",
        "  relevancy did not pass 0.2 “Relevant”: it is 0.2",
        "  relevancy passed 0.9 “Relevant”: it is 0.9",
        "  relevancy passed 0.8 “Relevant”: it is 0.8",
        "  relevancy passed 0.7 “Relevant”: it is 0.7",
    ]
    with pytest.raises(AssertionError, match=r"3 of 4 passed \(75%\), 80% should"):
        evaluations.assert_passed("relevancy", min_rate=0.8)


def test_failures_are_neither_passes_nor_fails(evaluations: RecordedEvaluations) -> None:
    rated(0.9)
    emitted(failure(evaluator="relevancy"), failure(evaluator="bias"))
    evaluations.assert_passed("relevancy")
    evaluations.assert_score("relevancy", min=0.9, max=0.9)
    assert evaluations.passed("relevancy")
    assert not evaluations.passed("bias")
    with pytest.raises(AssertionError, match="2 evaluations failed") as error:
        evaluations.assert_no_failures()
    assert "bias failed without a verdict (judge_timeout)" in str(error.value)
    with pytest.raises(AssertionError, match=r"nothing was evaluated by bias:\n  bias failed"):
        evaluations.assert_passed("bias", min_rate=0.0)
    with pytest.raises(AssertionError, match="1 evaluation failed"):
        evaluations.assert_no_failures("bias")


def test_scores_have_bounds(evaluations: RecordedEvaluations) -> None:
    rated(0.2, 0.9)
    evaluations.assert_score("relevancy", min=0.2, max=0.9)
    with pytest.raises(AssertionError, match=r"1 of 2 scores are not at least 0\.3:\n  .*0\.2"):
        evaluations.assert_score("relevancy", min=0.3)
    with pytest.raises(AssertionError, match=r"1 of 2 scores are not at least 0 and at most 0\.8"):
        evaluations.assert_score("relevancy", min=0, max=0.8)


def test_what_was_skipped_says_why(evaluations: RecordedEvaluations) -> None:
    emitted(SKIPPED)
    why = r"nothing was evaluated.*:\n  faithfulness skipped \(missing_variable\): the invocation has no"
    for assertion in (
        lambda: evaluations.assert_passed("faithfulness"),
        lambda: evaluations.assert_score("faithfulness", min=0),
        lambda: evaluations.assert_no_failures("faithfulness"),
        evaluations.assert_no_failures,
    ):
        with pytest.raises(AssertionError, match=why):
            assertion()


def test_nothing_at_all_fails_every_assertion(evaluations: RecordedEvaluations) -> None:
    with pytest.raises(AssertionError, match=r"nothing reached the end.*EvaluationSpanProcessor"):
        evaluations.assert_passed("bias")
    with pytest.raises(AssertionError, match="nothing was evaluated"):
        evaluations.assert_no_failures()
    assert not evaluations.passed("bias")


def test_a_misspelt_name_is_told(evaluations: RecordedEvaluations) -> None:
    rated(0.9)
    with pytest.raises(AssertionError, match="nothing was evaluated by relevance: did you mean “relevancy”"):
        evaluations.assert_passed("relevance")


def test_what_has_no_verdict_or_no_score_says_so(evaluations: RecordedEvaluations) -> None:
    emitted(category(verdict=None), score(0.5, evaluator="length", verdict=None, explanation=None))
    with pytest.raises(AssertionError, match=r"no acceptance criteria.*\n  topic is “ON_TOPIC”"):
        evaluations.assert_passed("topic")
    with pytest.raises(AssertionError, match="labels and no scores"):
        evaluations.assert_score("topic", min=0)
    evaluations.assert_score("length", max=0.5)


def test_long_lists_and_texts_are_cut(evaluations: RecordedEvaluations) -> None:
    emitted(*(score(0.1, verdict="fail", explanation="long\n" * 1000) for _ in range(60)))
    with pytest.raises(AssertionError) as error:
        evaluations.assert_passed("relevancy")
    lines = str(error.value).splitlines()
    assert len(lines) == 52
    assert lines[-1] == "  … and 10 more"
    assert all(len(line) < 400 for line in lines)


@pytest.mark.parametrize("rate", [-0.1, 1.1, 90])
def test_bounds_that_cannot_be_meant_are_errors(evaluations: RecordedEvaluations, rate: float) -> None:
    rated(0.9)
    with pytest.raises(ValueError, match="from 0 to 1"):
        evaluations.assert_passed("relevancy", min_rate=rate)
    with pytest.raises(ValueError, match="min="):
        evaluations.assert_score("relevancy")


def test_one_that_was_never_opened_says_so() -> None:
    with pytest.raises(RuntimeError, match="with RecordedEvaluations"):
        RecordedEvaluations().assert_no_failures()


class Held:
    """A queue whose evaluations end when they may."""

    def __init__(self) -> None:
        self.go = threading.Event()
        self.queue = EvaluationQueue(self._evaluate)

    async def _evaluate(self, invocation: Invocation) -> None:
        await asyncio.to_thread(self.go.wait)
        ResultEmitter().emit(invocation, [score(0.9, verdict="pass")])

    def offer(self) -> None:
        read: Any = lambda: Seen(subject=Subject(output="out"))  # noqa: E731  as short as it is
        assert self.queue.offer(Invocation(kind="LLMInvocation", read=read))


def test_assertions_wait_for_what_is_under_way(evaluations: RecordedEvaluations) -> None:
    held = Held()
    for _ in range(9):
        held.offer()
    with pytest.raises(TimeoutError, match=r"still under way after 0\.01 s"):
        evaluations.wait(0.01)
    assert evaluations.results == []
    held.go.set()
    evaluations.assert_passed("relevancy")
    assert len(evaluations.results) == 9
    held.queue.shutdown()


def test_assertions_do_not_wait_for_ever() -> None:
    held = Held()
    with RecordedEvaluations(timeout=0.01) as evaluations:
        rated(0.9)
        held.offer()
        with pytest.raises(
            AssertionError, match=r"still under way after 0\.01 s; so far there are:\n  relevancy"
        ):
            evaluations.assert_passed("relevancy")
        held.go.set()
        evaluations.wait()
        evaluations.assert_passed("relevancy")
    held.queue.shutdown()
