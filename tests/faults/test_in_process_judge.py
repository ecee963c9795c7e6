"""Trouble with the judge or an exporter, as the application sees it: not at all."""

import asyncio
import logging
from collections.abc import Iterator

import pytest
from opentelemetry.sdk._logs import LoggerProvider, LogRecordProcessor, ReadWriteLogRecord

from spanjudge.in_process.background.loop import background
from spanjudge.in_process.emitters import ResultEmitter
from spanjudge.in_process.evaluator import Evaluation
from spanjudge.in_process.invocation import Invocation
from spanjudge.in_process.native import NativeEvaluator
from spanjudge.in_process.queue.evaluation_queue import Counts, EvaluationQueue
from spanjudge.judging.models.config import JudgeModelConfig
from spanjudge.judging.models.model import JudgeModel
from spanjudge.judging.models.registry import open_model
from tests.in_process.queued import an_invocation
from tests.mock_judge import MockJudge
from tests.mock_judge.behaviour import (
    Behaviour,
    cut_off,
    dropped,
    empty,
    held,
    huge,
    in_prose,
    overloaded,
    web_page,
)


class Application:
    """A queue whose work is a real evaluator's, against a judge at an address."""

    def __init__(self, url: str, *, size: int = 100, seconds: float = 60.0) -> None:
        def judge() -> JudgeModel:
            return open_model(
                JudgeModelConfig(
                    provider="openai",
                    model="gpt-5.4-mini",
                    api_key="sk-test",
                    url=f"{url}/v1",
                    timeout=5.0,
                    max_retries=0,
                )
            )

        self.native = NativeEvaluator(["bias", "toxicity"], judge=judge)
        self.outcomes: list[Evaluation] = []
        self.queue = EvaluationQueue(self.work, size=size, timeout=seconds)

    async def work(self, invocation: Invocation) -> None:
        self.outcomes += await self.native.outcomes(invocation)

    @property
    def errors(self) -> set[str]:
        return {outcome.error.type for outcome in self.outcomes if outcome.error is not None}

    def close(self) -> None:
        self.queue.shutdown(1)
        background().run(self.native.aclose())


@pytest.fixture
def app(mock_judge: MockJudge) -> Iterator[Application]:
    application = Application(mock_judge.url)
    yield application
    application.close()


async def all_done(app: Application) -> None:
    """Waits in a thread: the mock judge answers on this very loop."""
    assert await asyncio.to_thread(app.queue.wait_for_all, 30)


@pytest.mark.parametrize(
    ("trouble", "code"),
    [
        (overloaded(), "judge_unavailable"),
        (dropped(), "judge_unavailable"),
        (cut_off(), "judge_unavailable"),
        (web_page(), "judge_answer_invalid"),
        (empty(), "judge_answer_invalid"),
        (huge(), "judge_answer_invalid"),
    ],
    ids=["overloaded", "dropped", "cut-off", "web-page", "empty", "huge"],
)
async def test_a_judge_in_trouble_gives_failures_and_the_next_answer_counts_again(
    trouble: Behaviour, code: str, app: Application, mock_judge: MockJudge
) -> None:
    mock_judge.always(trouble)
    assert app.queue.offer(an_invocation())
    await all_done(app)
    assert app.errors == {code}
    assert app.queue.counts == Counts(offered=1, queued=1, evaluated=1)
    app.outcomes.clear()
    mock_judge.always(in_prose())
    assert app.queue.offer(an_invocation())
    await all_done(app)
    assert (app.errors, len(app.outcomes)) == (set[str](), 2)


async def test_a_judge_that_is_down_gives_failures(unused_tcp_port: int) -> None:
    app = Application(f"http://127.0.0.1:{unused_tcp_port}")
    for _ in range(50):
        assert app.queue.offer(an_invocation())
    await all_done(app)
    assert app.errors == {"judge_unavailable"}
    assert len(app.outcomes) == 100
    assert app.queue.counts == Counts(offered=50, queued=50, evaluated=50)
    app.close()


async def test_with_a_judge_that_hangs_offers_go_on_and_the_queue_stays_bounded(
    mock_judge: MockJudge,
) -> None:
    answer = asyncio.Event()
    mock_judge.always(held(answer))
    app = Application(mock_judge.url, size=10)
    assert app.queue.offer(an_invocation())
    await mock_judge.arrived.wait()
    for _ in range(500):
        app.queue.offer(an_invocation())
    counts = app.queue.counts
    assert counts.offered == 501
    assert counts.waiting <= 10
    assert counts.dropped >= 486
    answer.set()
    await all_done(app)
    counts = app.queue.counts
    assert counts.evaluated + counts.dropped == 501
    assert len(app.outcomes) == 2 * counts.evaluated
    app.close()


async def test_an_evaluation_that_hangs_is_cancelled_and_its_connection_given_back(
    mock_judge: MockJudge,
) -> None:
    mock_judge.always(held(asyncio.Event()))
    app = Application(mock_judge.url, seconds=0.2)
    app.queue.offer(an_invocation())
    await all_done(app)
    assert app.queue.counts == Counts(offered=1, queued=1, failed=1)
    async with asyncio.timeout(10):
        await mock_judge.left.wait()
    assert mock_judge.abandoned == 1
    app.close()


async def test_the_judge_is_asked_for_up_to_a_thousand_when_the_application_ends(
    mock_judge: MockJudge,
) -> None:
    app = Application(mock_judge.url, size=1_000)
    for _ in range(1_000):
        assert app.queue.offer(an_invocation())
    assert await asyncio.to_thread(app.queue.shutdown, 120) == 0
    assert app.queue.counts == Counts(offered=1_000, queued=1_000, evaluated=1_000)
    assert len(mock_judge.requests) == 1_000
    app.close()


class BrokenProcessor(LogRecordProcessor):
    """As one that exports at once, over a connection that is gone."""

    def __init__(self) -> None:
        self.calls = 0

    def on_emit(self, log_record: ReadWriteLogRecord) -> None:
        self.calls += 1
        raise ConnectionError(log_record.log_record.event_name)

    def shutdown(self) -> None:
        """There is nothing to end."""

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        return timeout_millis > 0


async def test_an_exporter_that_raises_is_no_trouble(app: Application, mock_judge: MockJudge) -> None:
    provider, processor = LoggerProvider(shutdown_on_exit=False), BrokenProcessor()
    provider.add_log_record_processor(processor)
    emitter = ResultEmitter(logger_provider=provider)

    async def work(invocation: Invocation) -> None:
        emitter.emit(invocation, await app.native.outcomes(invocation))

    queue = EvaluationQueue(work)
    for _ in range(10):
        assert queue.offer(an_invocation())
    assert await asyncio.to_thread(queue.wait_for_all, 30)
    assert queue.shutdown() == 0
    assert queue.counts == Counts(offered=10, queued=10, evaluated=10)
    assert processor.calls == 20
    assert len(mock_judge.requests) == 10
    provider.shutdown()


async def test_one_that_is_called_directly_fails_its_invocation_and_no_other(
    app: Application, caplog: pytest.LogCaptureFixture
) -> None:
    bad = an_invocation()

    async def work(invocation: Invocation) -> None:
        await app.native.outcomes(invocation)
        if invocation is bad:
            raise ConnectionError

    queue = EvaluationQueue(work, workers=1)
    with caplog.at_level(logging.WARNING, "spanjudge.in_process"):
        for invocation in (an_invocation(), bad, an_invocation()):
            assert queue.offer(invocation)
        assert await asyncio.to_thread(queue.wait_for_all, 30)
        assert queue.shutdown() == 0
    assert queue.counts == Counts(offered=3, queued=3, evaluated=2, failed=1)
    assert "1 invocation was not evaluated: evaluation raised ConnectionError" in caplog.text
