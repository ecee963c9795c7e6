"""Taking in, evaluating, counting."""

import asyncio
import logging
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider

from spanjudge.errors import SettingsError
from spanjudge.in_process.background.loop import is_own_context
from spanjudge.in_process.invocation import Invocation
from spanjudge.in_process.queue.admission import Admission, Refusal
from spanjudge.in_process.queue.evaluation_queue import Counts, EvaluationQueue
from spanjudge.telemetry.monitoring import Monitoring
from tests.in_process.queued import Gate, Measured, an_invocation

LONG = 3600.0


class Source:
    evaluation_error: str | None = None


class Stubborn:
    @property
    def evaluation_error(self) -> str | None:
        return None

    @evaluation_error.setter
    def evaluation_error(self, why: str | None) -> None:
        raise AttributeError(why)


async def nothing(_invocation: Invocation) -> None:
    """Work that is done."""


def test_what_is_offered_is_evaluated_in_a_context_of_our_own() -> None:
    seen: list[tuple[Invocation, bool, bool]] = []

    async def work(invocation: Invocation) -> None:
        seen.append((invocation, is_own_context(), trace.get_current_span().get_span_context().is_valid))

    queue = EvaluationQueue(work)
    invocation = an_invocation()
    with TracerProvider(shutdown_on_exit=False).get_tracer("application").start_as_current_span("request"):
        assert queue.offer(invocation)
    assert queue.wait_for_all(10)
    assert seen == [(invocation, True, False)]
    assert queue.counts == Counts(offered=1, queued=1, evaluated=1)


def test_a_full_queue_drops_the_new_one_and_says_so() -> None:
    gate, source = Gate(), Source()
    queue = EvaluationQueue(gate.work, size=2, workers=1)
    assert queue.offer(an_invocation())
    gate.wait_for(1)
    assert [queue.offer(an_invocation()) for _ in range(2)] == [True, True]
    dropped = an_invocation(source=source)
    assert not queue.offer(dropped)
    assert dropped.evaluation_error == source.evaluation_error == "client_evaluation_queue_full"
    assert queue.counts == Counts(offered=4, queued=3, dropped=1, waiting=2, under_way=1)
    gate.open()
    assert queue.wait_for_all(10)
    assert dropped not in gate.seen
    assert queue.counts == Counts(offered=4, queued=3, dropped=1, evaluated=3)


def test_a_source_that_takes_no_word_is_no_trouble() -> None:
    queue = EvaluationQueue(nothing, admission=Admission(0))
    assert not queue.offer(an_invocation(source=Stubborn()))
    assert queue.counts == Counts(offered=1, sampled_out=1)


@pytest.mark.parametrize(
    ("admission", "word", "counts"),
    [
        (Admission(0), "client_evaluation_sampled_out", Counts(offered=3, sampled_out=3)),
        (
            Admission(rps=0.001, burst=2),
            "client_evaluation_rate_limited",
            Counts(offered=3, queued=2, evaluated=2, rate_limited=1),
        ),
    ],
)
def test_what_is_not_admitted_says_so(admission: Admission, word: str, counts: Counts) -> None:
    queue = EvaluationQueue(nothing, admission=admission)
    offered = [an_invocation("ab" * 16) for _ in range(3)]
    for invocation in offered:
        queue.offer(invocation)
    assert queue.wait_for_all(10)
    assert offered[-1].evaluation_error == word
    assert queue.counts == counts


def test_workers_evaluate_side_by_side_and_no_more_than_they_are() -> None:
    gate = Gate()
    queue = EvaluationQueue(gate.work, size=200, workers=64)
    for _ in range(200):
        assert queue.offer(an_invocation())
    gate.wait_for(64)
    assert queue.counts.under_way == 64
    gate.open()
    assert queue.wait_for_all(10)
    assert gate.most == 64
    assert queue.counts.evaluated == 200


async def test_offers_from_coroutines_and_threads_lose_nothing() -> None:
    queue = EvaluationQueue(nothing, size=10_000)

    async def offer() -> None:
        for _ in range(100):
            queue.offer(an_invocation())
            await asyncio.sleep(0)

    def offer_here() -> None:
        for _ in range(500):
            queue.offer(an_invocation())

    threads = [asyncio.to_thread(offer_here) for _ in range(8)]
    await asyncio.gather(*(offer() for _ in range(10)), *threads)
    # It blocks this loop, and the evaluations go on.
    assert queue.wait_for_all(10)
    assert queue.counts == Counts(offered=5_000, queued=5_000, evaluated=5_000)


def test_offers_from_many_threads_to_a_small_queue_add_up() -> None:
    gate = Gate()
    queue = EvaluationQueue(gate.work, size=37, workers=1)
    assert queue.offer(an_invocation())
    gate.wait_for(1)
    with ThreadPoolExecutor(16) as threads:
        taken = sum(threads.map(queue.offer, [an_invocation() for _ in range(1_000)]))
    assert taken == 37
    assert queue.counts == Counts(offered=1_001, queued=38, dropped=963, waiting=37, under_way=1)
    gate.open()
    assert queue.shutdown(10) == 0


@pytest.mark.parametrize(
    "error", [ValueError("private words"), SystemExit(3), KeyboardInterrupt(), asyncio.CancelledError()]
)
def test_work_that_raises_is_counted_and_told_and_kills_nothing(
    error: BaseException, caplog: pytest.LogCaptureFixture
) -> None:
    async def work(invocation: Invocation) -> None:
        if invocation is bad:
            raise error

    queue = EvaluationQueue(work, workers=1)
    bad = an_invocation()
    with caplog.at_level(logging.WARNING, "spanjudge"):
        for invocation in (an_invocation(), bad, an_invocation()):
            assert queue.offer(invocation)
        assert queue.wait_for_all(10)
        queue.shutdown()
    assert queue.counts == Counts(offered=3, queued=3, evaluated=2, failed=1)
    (record,) = caplog.records
    assert record.getMessage().startswith("1 invocation was not evaluated: evaluation ")
    assert "private words" not in caplog.text


def test_a_thousand_failures_are_not_a_thousand_lines(caplog: pytest.LogCaptureFixture) -> None:
    async def work(_invocation: Invocation) -> None:
        raise ValueError

    queue = EvaluationQueue(work, size=1_000, interval=LONG)
    with caplog.at_level(logging.WARNING, "spanjudge"):
        for _ in range(1_000):
            queue.offer(an_invocation())
        assert queue.wait_for_all(10)
        queue.shutdown()
    assert queue.counts.failed == 1_000
    assert len(caplog.records) <= 2
    assert "ValueError in test_queue.py, line" in caplog.text


def test_stuck_work_is_cancelled_when_its_time_is_over(caplog: pytest.LogCaptureFixture) -> None:
    gate = Gate()
    queue = EvaluationQueue(gate.work, workers=1, timeout=0.01)
    with caplog.at_level(logging.WARNING, "spanjudge"):
        queue.offer(an_invocation())
        queue.offer(an_invocation())
        assert queue.wait_for_all(10)
        queue.shutdown()
    assert queue.counts == Counts(offered=2, queued=2, failed=2)
    assert "evaluation took longer than 0.01 s" in caplog.text


def test_a_timeout_of_the_works_own_is_its_own(caplog: pytest.LogCaptureFixture) -> None:
    async def work(_invocation: Invocation) -> None:
        raise TimeoutError

    queue = EvaluationQueue(work)
    with caplog.at_level(logging.WARNING, "spanjudge"):
        queue.offer(an_invocation())
        assert queue.wait_for_all(10)
        queue.shutdown()
    assert "evaluation raised TimeoutError" in caplog.text


def test_drops_are_told_once_in_an_interval_with_the_setting_to_raise(
    caplog: pytest.LogCaptureFixture,
) -> None:
    gate = Gate()
    queue = EvaluationQueue(gate.work, size=1, workers=1, interval=LONG)
    with caplog.at_level(logging.WARNING, "spanjudge"):
        queue.offer(an_invocation())
        gate.wait_for(1)
        for _ in range(51):
            queue.offer(an_invocation())
        gate.open()
        assert queue.wait_for_all(10)
        queue.shutdown()
    told = [record.getMessage() for record in caplog.records]
    assert len(told) <= 2
    assert sum(int(message.split()[0]) for message in told) == queue.counts.dropped == 50
    assert all("OTEL_INSTRUMENTATION_GENAI_EVALS_QUEUE_SIZE (1)" in message for message in told)


def test_drops_that_go_on_are_told_again(caplog: pytest.LogCaptureFixture) -> None:
    gate = Gate()
    queue = EvaluationQueue(gate.work, size=1, workers=1, interval=0.01)
    told = threading.Semaphore(0)

    class Told(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            assert record.name.startswith("spanjudge")
            told.release()

    handler = Told()
    logging.getLogger("spanjudge").addHandler(handler)
    with caplog.at_level(logging.WARNING, "spanjudge"):
        queue.offer(an_invocation())
        gate.wait_for(1)
        queue.offer(an_invocation())
        for _ in range(3):
            queue.offer(an_invocation())
            assert told.acquire(timeout=10)
    logging.getLogger("spanjudge").removeHandler(handler)
    gate.open()
    assert queue.wait_for_all(10)
    assert len(caplog.records) == 3


def test_the_metrics_of_the_queue() -> None:
    gate, measured = Gate(), Measured()
    queue = EvaluationQueue(gate.work, size=3, workers=1, monitoring=measured.monitoring)
    queue.offer(an_invocation())
    gate.wait_for(1)
    for _ in range(3):
        queue.offer(an_invocation())
    queue.offer(an_invocation())
    while measured.queue_size != 3:
        assert not queue.wait_for_all(0.01)
    gate.open()
    assert queue.wait_for_all(10)
    assert measured.queue_size == 0
    assert measured.errors == {"Full": 1}
    queue.shutdown()
    queue.offer(an_invocation())
    queue.shutdown()
    assert measured.errors == {"Full": 1, "QueueEndedError": 1}
    measured.provider.shutdown()


def test_sampling_and_rates_are_no_enqueue_errors() -> None:
    measured = Measured()
    for admission in (Admission(0), Admission(rps=0.001, burst=1)):
        queue = EvaluationQueue(nothing, admission=admission, monitoring=measured.monitoring)
        for _ in range(3):
            queue.offer(an_invocation())
        assert queue.wait_for_all(10)
        queue.shutdown()
    assert measured.errors == {}
    measured.provider.shutdown()


class Broken(Monitoring):
    def enqueued(self) -> None:
        raise RuntimeError

    def dequeued(self) -> None:
        raise RuntimeError

    def not_enqueued(self, error: BaseException, count: int = 1) -> None:
        raise RuntimeError(count) from error


class BrokenLog(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        raise OSError(record.name)


class BrokenAdmission(Admission):
    def admits(self, trace_id: str) -> Refusal | None:
        raise RuntimeError(trace_id)


def test_broken_meters_and_logs_are_no_trouble() -> None:
    async def work(_invocation: Invocation) -> None:
        raise ValueError

    handler = BrokenLog()
    logging.getLogger("spanjudge").addHandler(handler)
    queue = EvaluationQueue(work, size=1, monitoring=Broken())
    for _ in range(100):
        queue.offer(an_invocation())
    assert queue.wait_for_all(10)
    assert queue.shutdown() == 0
    logging.getLogger("spanjudge").removeHandler(handler)
    counts = queue.counts
    assert counts.failed + counts.dropped == counts.offered == 100


def test_a_fault_of_our_own_is_a_drop_and_an_enqueue_error() -> None:
    measured = Measured()
    queue = EvaluationQueue(nothing, admission=BrokenAdmission(), monitoring=measured.monitoring)
    invocation = an_invocation()
    assert not queue.offer(invocation)
    assert invocation.evaluation_error == "client_evaluation_enqueue_error"
    assert queue.counts == Counts(offered=1, dropped=1)
    queue.shutdown()
    assert measured.errors == {"RuntimeError": 1}
    measured.provider.shutdown()


def test_waiting_has_an_end() -> None:
    gate = Gate()
    queue = EvaluationQueue(gate.work)
    assert queue.wait_for_all(0)
    queue.offer(an_invocation())
    gate.wait_for(1)
    assert not queue.wait_for_all(0.01)
    gate.open()
    assert queue.wait_for_all(10)
    assert queue.wait_for_all()


def test_evaluations_cannot_wait_for_themselves() -> None:
    refused = threading.Event()

    async def work(_invocation: Invocation) -> None:
        try:
            queue.wait_for_all()
        except RuntimeError:
            refused.set()

    queue = EvaluationQueue(work)
    queue.offer(an_invocation())
    assert refused.wait(10)
    assert queue.wait_for_all(10)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"size": 0}, "size=0"),
        ({"workers": 0}, "workers=0"),
        ({"workers": 1025}, "1 to 1024"),
        ({"interval": 0.0}, "interval=0.0"),
        ({"timeout": -1.0}, "timeout=-1.0"),
        ({"workers": 1024}, None),
    ],
)
def test_sizes_that_cannot_be_meant(settings: dict[str, float], said: str | None) -> None:
    with pytest.raises(SettingsError, match=said) if said else nullcontext():
        EvaluationQueue(nothing, **settings)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  one table for both kinds
