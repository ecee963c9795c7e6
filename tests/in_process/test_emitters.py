"""Results leave through the application's own providers, spelled as the server spells them."""

import logging
import subprocess
import sys
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from opentelemetry import trace
from opentelemetry.context import attach, detach
from opentelemetry.sdk._logs import LogRecordProcessor
from opentelemetry.sdk.trace import TracerProvider

from spanjudge.in_process.emitters import ResultEmitter, listen
from spanjudge.in_process.evaluator import Evaluation
from spanjudge.in_process.invocation import Invocation, Seen
from spanjudge.judging.result import EvaluationSkipped
from spanjudge.judging.subject import Subject
from spanjudge.telemetry.evaluated import Evaluated, Target, result_id
from spanjudge.telemetry.result_record import record_of
from tests.exporters.outcomes import SPAN, boolean, category, failure, score
from tests.in_process.telemetry_out import TelemetryOut, plain

SKIPPED = EvaluationSkipped(
    evaluator="faithfulness", evaluator_version="1", reason="missing_variable", message="no context"
)


@pytest.fixture
def out() -> Iterator[TelemetryOut]:
    with TelemetryOut() as made:
        yield made


def invocation(**fields: Any) -> Invocation:
    given: dict[str, Any] = {
        "kind": "LLMInvocation",
        "read": lambda: Seen(subject=Subject(input="in", output="out"), response_id="chatcmpl-1"),
        "target": SPAN,
        "service": "travel-desk",
        **fields,
    }
    return Invocation(**given)


def test_each_outcome_is_the_log_record_the_server_exports(out: TelemetryOut) -> None:
    outcomes = [
        score(0.25, verdict="fail", truncated=("input", "output"), confidence=0.9),
        boolean(value=True),
        category(verdict=None, cost_usd=None),
        failure(cost_usd=0.5),
        score(0.5, evaluator_name="deepeval"),
    ]
    ResultEmitter(**out.providers).emit(invocation(), outcomes)
    records = out.records()
    assert len(records) == len(outcomes)
    for record, outcome in zip(records, outcomes, strict=True):
        way = outcome.evaluator_name
        name = outcome.evaluator if way == "native" else f"{way}/{outcome.evaluator}"
        evaluated = Evaluated(
            id=result_id(name, outcome.evaluator_version, SPAN),
            outcome=outcome,
            target=SPAN,
            service="travel-desk",
            response_id="chatcmpl-1",
            time_ns=record.timestamp,
        )
        expected = record_of(evaluated)
        assert record.event_name == expected.event_name == "gen_ai.evaluation.result"
        assert plain(record.attributes) == expected.attributes
        assert dict(record.body) == expected.body
        assert record.severity_text == expected.severity_text
        assert record.severity_number.value == expected.severity_number
        assert trace.format_trace_id(record.trace_id) == SPAN.trace_id
        assert trace.format_span_id(record.span_id) == SPAN.span_id
    assert out.scopes() == {"spanjudge"}
    attributes = [record.attributes for record in records]
    assert [one.get("gen_ai.evaluation.passed") for one in attributes] == [False, True, None, None, True]
    assert [one.get("gen_ai.evaluation.evaluator.name") for one in attributes] == [*[None] * 4, "deepeval"]
    assert attributes[3]["error.type"] == "judge_timeout"


def test_scores_are_in_the_histogram_with_the_judged_span_as_exemplar(out: TelemetryOut) -> None:
    ResultEmitter(**out.providers).emit(invocation(), [score(0.25, verdict="fail"), failure(cost_usd=0.5)])
    points = out.points()
    (point,) = points["gen_ai.evaluation.score"]
    assert (point.count, point.sum) == (1, 0.25)
    assert point.attributes["gen_ai.evaluation.passed"] is False
    (exemplar,) = point.exemplars
    assert trace.format_trace_id(exemplar.trace_id) == SPAN.trace_id
    assert trace.format_span_id(exemplar.span_id) == SPAN.span_id
    words = {
        one.attributes["gen_ai.evaluation.outcome"]: one.value for one in points["gen_ai.evaluation.outcomes"]
    }
    assert words == {"fail": 1, "error": 1}


def test_one_metric_evaluated_in_two_ways_has_two_results(out: TelemetryOut) -> None:
    emitter = ResultEmitter(**out.providers)
    for _ in range(2):
        emitter.emit(invocation(), [score(0.5), score(0.7, evaluator_name="deepeval")])
    ids = [record.attributes["gen_ai.evaluation.result.id"] for record in out.records()]
    assert ids[:2] == ids[2:]
    assert ids[0] != ids[1]
    names = [
        one.attributes.get("gen_ai.evaluation.evaluator.name")
        for one in out.points()["gen_ai.evaluation.score"]
    ]
    assert sorted(names, key=str) == [None, "deepeval"]


def test_custom_metrics_are_exported_as_built_in_ones(out: TelemetryOut) -> None:
    ResultEmitter(**out.providers).emit(invocation(), [score(0.9, evaluator="code_quality", verdict="pass")])
    assert out.records()[0].attributes["gen_ai.evaluation.name"] == "code_quality"
    assert out.points()["gen_ai.evaluation.score"][0].attributes["gen_ai.evaluation.name"] == "code_quality"


def test_skipped_ones_are_not_exported(out: TelemetryOut) -> None:
    ResultEmitter(**out.providers).emit(invocation(), [SKIPPED])
    assert out.records() == []
    assert out.points() == {}


def test_a_span_that_is_not_exported_is_not_called_sampled(out: TelemetryOut) -> None:
    emitter = ResultEmitter(**out.providers)
    emitter.emit(invocation(sampled=False), [score(0.5)])
    emitter.emit(invocation(), [score(0.5)])
    assert [record.trace_flags for record in out.records()] == [0, 1]
    assert len(out.points()["gen_ai.evaluation.score"][0].exemplars) == 1


def test_without_a_span_there_are_no_ids_and_not_those_of_the_current_span(out: TelemetryOut) -> None:
    tracer = TracerProvider(shutdown_on_exit=False).get_tracer("application")
    emitter = ResultEmitter(**out.providers)
    with tracer.start_as_current_span("something else"):
        emitter.emit(invocation(target=Target()), [score(0.5)])
        emitter.emit(invocation(target=Target()), [score(0.5)])
    first, second = out.records()
    assert (first.trace_id, first.span_id) == (0, 0)
    assert not any(key.startswith("eval.target.") and key.endswith("_id") for key in first.attributes)
    key = "gen_ai.evaluation.result.id"
    assert first.attributes[key] != second.attributes[key]
    assert out.points()["gen_ai.evaluation.score"][0].exemplars == []


def test_ids_that_are_none_are_left_as_they_are(out: TelemetryOut) -> None:
    ResultEmitter(**out.providers).emit(
        invocation(target=Target(trace_id="t-1", span_id="s-1")), [score(0.5)]
    )
    (record,) = out.records()
    assert record.trace_id == 0
    assert record.attributes["eval.target.trace_id"] == "t-1"


class Raising(LogRecordProcessor):
    def __init__(self) -> None:
        self.asked = 0

    def on_emit(self, *given: Any, **named: Any) -> None:
        del given, named
        self.asked += 1
        raise ConnectionError("secret-endpoint.example")

    def shutdown(self) -> None:
        pass

    def force_flush(self, timeout_millis: int = 0) -> bool:
        del timeout_millis
        return True


def test_a_provider_that_raises_costs_one_line_and_no_metric(caplog: pytest.LogCaptureFixture) -> None:
    raising = Raising()
    with TelemetryOut(raising) as out:
        emitter = ResultEmitter(**out.providers)
        for _ in range(3):
            emitter.emit(invocation(), [score(0.5), boolean(value=True)])
        counted = sum(point.value for point in out.points()["gen_ai.evaluation.outcomes"])
    assert raising.asked == 6
    assert counted == 6
    lines = [record.getMessage() for record in caplog.records if record.name.startswith("spanjudge")]
    assert len(lines) == 1
    assert "LoggerProvider" in lines[0]
    assert "ConnectionError" in lines[0]
    assert "secret" not in lines[0]


class Angry(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        raise OSError(record.name)


def test_logging_that_raises_too_reaches_nobody() -> None:
    logger, handler = logging.getLogger("spanjudge"), Angry()
    logger.addHandler(handler)
    try:
        with TelemetryOut(Raising()) as out:
            ResultEmitter(**out.providers).emit(invocation(), [score(0.5)])
            assert out.points()["gen_ai.evaluation.score"]
    finally:
        logger.removeHandler(handler)


def test_many_threads_share_one_emitter(out: TelemetryOut) -> None:
    emitter = ResultEmitter(**out.providers)
    go = threading.Barrier(8)

    def emit(number: int) -> None:
        go.wait()
        for turn in range(25):
            target = Target(trace_id=f"{number + 1:032x}", span_id=f"{turn + 1:016x}")
            emitter.emit(invocation(target=target), [score(0.5), failure()])

    threads = [threading.Thread(target=emit, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    records = out.records()
    assert len(records) == 400
    assert len({record.attributes["gen_ai.evaluation.result.id"] for record in records}) == 400
    assert all(
        trace.format_trace_id(record.trace_id) == record.attributes["eval.target.trace_id"]
        for record in records
    )


def test_the_context_of_the_emitting_thread_is_left_alone(out: TelemetryOut) -> None:
    tracer = TracerProvider(shutdown_on_exit=False).get_tracer("application")
    span = tracer.start_span("current")
    token = attach(trace.set_span_in_context(span))
    try:
        ResultEmitter(**out.providers).emit(invocation(), [score(0.5)])
        assert trace.get_current_span() is span
    finally:
        detach(token)
        span.end()
    assert trace.format_span_id(out.records()[0].span_id) == SPAN.span_id


def test_listeners_see_everything_and_cannot_disturb(out: TelemetryOut) -> None:
    heard: list[Evaluation] = []

    def angry(_: Invocation, __: object) -> None:
        raise ValueError

    stop_angry = listen(angry)
    stop = listen(lambda _, evaluations: heard.extend(evaluations))
    emitter = ResultEmitter(**out.providers)
    found = [score(0.5), SKIPPED, failure()]
    emitter.emit(invocation(), found)
    stop()
    stop_angry()
    emitter.emit(invocation(), found)
    assert heard == found
    assert len(out.records()) == 4


GLOBAL = """
import warnings
warnings.simplefilter("error")
from opentelemetry import metrics
from opentelemetry._logs import set_logger_provider
from spanjudge.in_process.emitters import ResultEmitter
from tests.in_process.telemetry_out import TelemetryOut
from tests.in_process.test_emitters import invocation, score

warnings.simplefilter("error")
emitter = ResultEmitter()
emitter.emit(invocation(), [score(0.25)])  # nobody is there yet
out = TelemetryOut()
set_logger_provider(out.logger_provider)
metrics.set_meter_provider(out.meter_provider)
emitter.emit(invocation(), [score(0.5)])
print(len(out.records()), out.points()["gen_ai.evaluation.score"][0].count)
"""


def test_the_global_providers_may_be_set_later_and_nothing_warns() -> None:
    done = subprocess.run([sys.executable, "-c", GLOBAL], capture_output=True, text=True, check=False)  # noqa: S603  our own interpreter and script
    assert (done.stdout.split(), done.stderr) == (["1", "1"], "")
