"""Evaluators side by side; what fails fails alone; results go out as they should."""

import asyncio
import logging
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from spanjudge.in_process.evaluation import InvocationEvaluation
from spanjudge.in_process.evaluator import Evaluation, InProcessEvaluator
from spanjudge.in_process.invocation import Invocation, Seen, Skip
from spanjudge.judging.result import EvaluationFailure, EvaluationResult, EvaluationSkipped
from spanjudge.judging.subject import Subject

SUBJECT = Subject(input="What is the capital of France?", output="Paris.")


def result(metric: str) -> EvaluationResult:
    return EvaluationResult(evaluator=metric, evaluator_version="1", value=1.0, score_value=1.0)


class Given(InProcessEvaluator):
    """Gives what it was given, perhaps only once it may."""

    def __init__(
        self, name: str, *metrics: str, until: asyncio.Event | None = None, error: BaseException | None = None
    ) -> None:
        self.name = name
        self.metrics = metrics
        self.until = until
        self.error = error
        self.asked = asyncio.Event()
        self.closed = 0

    async def outcomes(self, invocation: Invocation) -> list[Evaluation]:
        assert invocation.subject == SUBJECT
        self.asked.set()
        if self.until is not None:
            await self.until.wait()
        if self.error is not None:
            raise self.error
        return [result(metric) for metric in self.metrics]

    async def aclose(self) -> None:
        self.closed += 1
        if self.error is not None:
            raise self.error


class Emitted:
    """Keeps what is emitted, in batches of metrics' names."""

    def __init__(self, behave: Callable[[], None] = lambda: None) -> None:
        self.evaluations: list[Evaluation] = []
        self.batches: list[list[str]] = []
        self.threads: list[int] = []
        self.came = asyncio.Event()
        self._behave = behave

    def emit(self, invocation: Invocation, evaluations: Sequence[Evaluation]) -> None:
        assert isinstance(invocation, Invocation)
        self.threads.append(threading.get_ident())
        self.evaluations.extend(evaluations)
        self.batches.append([one.evaluator for one in evaluations])
        self.came.set()
        self._behave()


def invocation(skip: Skip | None = None) -> Invocation:
    return Invocation(kind="LLMInvocation", read=lambda: Seen(subject=SUBJECT, skip=skip))


def evaluation(emitted: Emitted, *evaluators: InProcessEvaluator, **options: Any) -> InvocationEvaluation:
    return InvocationEvaluation(
        lambda kind: evaluators if kind == "LLMInvocation" else (), emitter=emitted, **options
    )


class Told:
    """Keeps what `on_results` was told."""

    def __init__(self) -> None:
        self.of: list[Sequence[Evaluation]] = []

    def __call__(self, _: Invocation, evaluations: Sequence[Evaluation]) -> None:
        self.of.append(evaluations)


def lines(caplog: pytest.LogCaptureFixture, level: int) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno == level]


async def test_each_evaluators_results_go_out_as_they_are_done() -> None:
    emitted, late = Emitted(), asyncio.Event()
    slow, fast = Given("slow", "a", "b", until=late), Given("fast", "c")
    work = asyncio.create_task(evaluation(emitted, slow, fast).evaluate(invocation()))
    await emitted.came.wait()
    assert emitted.batches == [["c"]]
    late.set()
    await work

    assert emitted.batches == [["c"], ["a", "b"]]


async def test_all_results_go_out_at_once_with_aggregation() -> None:
    emitted, late = Emitted(), asyncio.Event()
    slow, fast = Given("slow", "a", "b", until=late), Given("fast", "c")
    work = asyncio.create_task(evaluation(emitted, slow, fast, aggregation=True).evaluate(invocation()))
    await slow.asked.wait()
    await fast.asked.wait()
    late.set()
    await work

    assert emitted.batches == [["a", "b", "c"]]


@pytest.mark.parametrize("aggregation", [False, True])
async def test_an_evaluator_that_raises_leaves_the_others_alone(*, aggregation: bool) -> None:
    emitted = Emitted()
    broken = Given("broken", "a", "b", error=ValueError("what was evaluated"))
    await evaluation(emitted, broken, Given("good", "c"), aggregation=aggregation).evaluate(invocation())

    by_name = {one.evaluator: one for one in emitted.evaluations}
    assert isinstance(by_name["c"], EvaluationResult)
    for metric in ("a", "b"):
        failed = by_name[metric]
        assert isinstance(failed, EvaluationFailure)
        assert (failed.code, failed.evaluator_name) == ("internal", "broken")
        assert "ValueError" in failed.message
        assert "what was evaluated" not in failed.message


@pytest.mark.parametrize("aggregation", [False, True])
async def test_when_time_is_up_what_is_there_goes_out(*, aggregation: bool) -> None:
    emitted = Emitted()
    hanging = Given("hanging", "a", until=asyncio.Event())
    fast = Given("fast", "c")
    work = asyncio.create_task(
        evaluation(emitted, hanging, fast, aggregation=aggregation).evaluate(invocation())
    )
    await hanging.asked.wait()
    await fast.asked.wait()
    await asyncio.sleep(0)
    work.cancel()
    with pytest.raises(asyncio.CancelledError):
        await work

    by_name = {one.evaluator: one for one in emitted.evaluations}
    assert isinstance(by_name["c"], EvaluationResult)
    assert isinstance(by_name["a"], EvaluationFailure)
    assert by_name["a"].code == "judge_timeout"


async def test_what_is_skipped_as_a_whole_is_told_and_asks_nobody() -> None:
    emitted = Emitted()
    told = Told()
    one = Given("one", "a", "b")
    whole = evaluation(emitted, one, on_results=told)
    await whole.evaluate(invocation(Skip("no_content", "the span carries no content")))

    assert not one.asked.is_set()
    assert [type(each) for each in emitted.evaluations] == [EvaluationSkipped, EvaluationSkipped]
    assert told.of == [emitted.evaluations]
    assert whole.skipped == {"no_content": 1}


async def test_an_invocation_that_cannot_be_read_is_a_failure_of_all_metrics() -> None:
    def read() -> Seen:
        raise KeyError("secret")

    emitted = Emitted()
    await evaluation(emitted, Given("one", "a", "b")).evaluate(Invocation(kind="LLMInvocation", read=read))

    assert [one.evaluator for one in emitted.evaluations] == ["a", "b"]
    for one in emitted.evaluations:
        assert isinstance(one, EvaluationFailure)
        assert one.code == "internal"
        assert "secret" not in one.message


async def test_kinds_without_evaluators_are_left_alone() -> None:
    emitted = Emitted()
    await evaluation(emitted, Given("one", "a")).evaluate(
        Invocation(kind="ToolCall", read=lambda: pytest.fail("read"))
    )

    assert emitted.batches == []


async def test_an_emitter_that_raises_loses_nothing_else(caplog: pytest.LogCaptureFixture) -> None:
    def down() -> None:
        raise ConnectionError("exporter down")

    emitted = Emitted(down)
    told = Told()
    whole = evaluation(emitted, Given("one", "a"), Given("two", "b"), on_results=told)
    for _ in range(3):
        await whole.evaluate(invocation())

    assert len(told.of) == 6
    (line,) = lines(caplog, logging.WARNING)
    assert "ConnectionError" in line
    assert "exporter down" not in line


async def test_a_callback_that_raises_loses_nothing_else(caplog: pytest.LogCaptureFixture) -> None:
    def broken(_: Invocation, found: Sequence[Evaluation]) -> None:
        raise RuntimeError(str(found))

    emitted = Emitted()
    await evaluation(emitted, Given("one", "a"), Given("two", "b"), on_results=broken).evaluate(invocation())

    assert sorted(emitted.batches) == [["a"], ["b"]]
    assert lines(caplog, logging.WARNING) == ["on_results raised RuntimeError"]


async def test_a_callback_that_blocks_holds_nothing_else_up() -> None:
    may_end = threading.Event()
    called = asyncio.Event()
    loop = asyncio.get_running_loop()

    def blocking(_: Invocation, __: Sequence[Evaluation]) -> None:
        loop.call_soon_threadsafe(called.set)
        may_end.wait(20)

    whole = evaluation(Emitted(), Given("one", "a"), on_results=blocking)
    work = asyncio.create_task(whole.evaluate(invocation()))
    await called.wait()
    assert not work.done()
    may_end.set()
    await work


async def test_an_exporter_that_waits_is_moved_off_the_loop() -> None:
    emitted = Emitted(lambda: time.sleep(0.03))  # what an exporter without a queue does
    whole = evaluation(emitted, Given("one", "a"))
    for _ in range(3):
        await whole.evaluate(invocation())

    here = threading.get_ident()
    assert emitted.threads[0] == here
    assert here not in emitted.threads[1:]


async def test_results_are_lines_for_debugging_and_failures_warn_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG, logger="spanjudge.evaluations")
    whole = evaluation(Emitted(), Given("good", "a"), Given("broken", "b", error=ValueError()))
    for _ in range(5):
        await whole.evaluate(invocation())
    records = [record for record in caplog.records if record.name == "spanjudge.evaluations"]

    assert [record.levelno for record in records].count(logging.WARNING) == 1
    assert len(records) == 10
    (warned,) = [record for record in records if record.levelno == logging.WARNING]
    assert "“b” was not evaluated (internal)" in warned.getMessage()
    assert {getattr(record, "evaluator", "") for record in records} == {"a", "b"}


async def test_what_was_kept_back_is_counted_when_it_is_told_again(caplog: pytest.LogCaptureFixture) -> None:
    clock = [1_000.0]
    whole = evaluation(Emitted(), Given("broken", "b", error=ValueError()), now=lambda: clock[0])
    for _ in range(4):
        await whole.evaluate(invocation())
    clock[0] += 61
    await whole.evaluate(invocation())

    first, second = lines(caplog, logging.WARNING)
    assert "times more" not in first
    assert "3 times more" in second


async def test_all_are_closed_whatever_one_says() -> None:
    broken, good = Given("broken", "a", error=ValueError()), Given("good", "b")
    await evaluation(Emitted()).aclose([broken, good])

    assert (broken.closed, good.closed) == (1, 1)
