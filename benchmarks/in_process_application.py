"""An instrumented application that evaluates its own invocations: run by `benchmarks.in_process`.

Its first argument says what is measured; the rest and the answer are JSON. The judge is told by the
variables that users set.
"""

import json
import os
import resource
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor, InMemoryLogRecordExporter
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.trace import Tracer

from spanjudge import EvaluationSpanProcessor, Subject
from spanjudge.in_process.background.loop import background

CONTEXT = "You can return an item within 30 days of purchase for a full refund."
METRICS = "native(LLMInvocation(bias,toxicity,answer_relevancy,hallucination,sentiment))"


class Backend(InMemoryLogRecordExporter):
    """A backend that takes everything at once, counts it and keeps nothing."""

    results = failures = 0

    def export(self, batch: Sequence[Any]) -> Any:
        """Take it."""
        failed = sum("error.type" in (one.log_record.attributes or {}) for one in batch)
        self.failures += failed
        self.results += len(batch) - failed
        done = super().export(batch)
        self.clear()
        return done


class Application:
    """Providers as an application has them, and the processor."""

    def __init__(self, workers: int, waiting: int, *, evaluates: bool = True) -> None:
        """`waiting` is how many invocations the queue holds."""
        os.environ["OTEL_INSTRUMENTATION_GENAI_EVALS_EVALUATORS"] = METRICS
        os.environ["OTEL_INSTRUMENTATION_GENAI_EVALS_WORKERS"] = str(workers)
        os.environ["OTEL_INSTRUMENTATION_GENAI_EVALS_QUEUE_SIZE"] = str(waiting)
        os.environ["OTEL_INSTRUMENTATION_GENAI_EVALS_RESULTS_AGGREGATION"] = "true"
        self.backend = Backend()
        self.logs = LoggerProvider()
        self.logs.add_log_record_processor(BatchLogRecordProcessor(self.backend, max_queue_size=65_536))
        meters = MeterProvider(metric_readers=[InMemoryMetricReader()])
        self.provider = TracerProvider()
        self.processor = EvaluationSpanProcessor(logger_provider=self.logs, meter_provider=meters)
        if evaluates:
            self.provider.add_span_processor(self.processor)
        self.tracer: Tracer = self.provider.get_tracer("benchmark")

    def invoke(self, number: int) -> float:
        """One model call as an instrumentation records it; seconds that ending the span took."""
        span = self.tracer.start_span("chat gpt-4o-mini")
        span.set_attributes(attributes(number))
        started = time.perf_counter()
        span.end()
        return time.perf_counter() - started


def attributes(number: int) -> dict[str, Any]:
    """A short invocation with a retrieved document, no two alike."""
    asked = f"Question {number}: what is the refund policy?"
    return {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "gpt-4o-mini",
        "gen_ai.input.messages": json.dumps(
            [{"role": "user", "parts": [{"type": "text", "content": f"{asked}\n\nContext: {CONTEXT}"}]}]
        ),
        "gen_ai.output.messages": json.dumps(
            [
                {
                    "role": "assistant",
                    "parts": [{"type": "text", "content": f"Within 30 days, says rule {number}."}],
                    "finish_reason": "stop",
                }
            ]
        ),
        "gen_ai.retrieval.documents": json.dumps([{"id": "policy", "content": CONTEXT}]),
    }


def throughput(workers: int, invocations: int) -> dict[str, float]:
    """Invocations a second from the first offer to the last result; connections are open already."""
    application = Application(workers, invocations + workers)
    for number in range(workers):
        application.invoke(-number)
    application.processor.wait_for_all(120)
    before, warm = cpu(), application.processor.counts.evaluated
    started = time.perf_counter()
    for number in range(invocations):
        application.invoke(number)
    finished = application.processor.wait_for_all(600)
    seconds = time.perf_counter() - started
    used = cpu() - before
    evaluated = application.processor.counts.evaluated - warm
    application.provider.shutdown()
    application.logs.shutdown()
    return {
        "seconds": seconds,
        "invocations": evaluated,
        "results": application.backend.results,
        "failures": application.backend.failures,
        "cpu": used,
        "finished": finished,
    }


def offers(invocations: int) -> dict[str, float]:
    """Microseconds that offering takes the application's thread: median and 99th percentile."""
    application = Application(64, invocations + 64)
    application.invoke(-1)
    application.processor.wait_for_all(60)
    ended = [application.invoke(number) * 1e6 for number in range(invocations)]
    subjects = [Subject(input=f"Question {number}?", output="Yes.") for number in range(invocations)]
    application.processor.wait_for_all(600)
    offered = [timed(application.processor.offer, subject) * 1e6 for subject in subjects]
    application.processor.wait_for_all(600)
    bare = Application(64, 10, evaluates=False)
    plain = [bare.invoke(number) * 1e6 for number in range(invocations)]
    return {
        "offer_p50": statistics.median(offered),
        "offer_p99": statistics.quantiles(offered, n=100)[98],
        "end_p50": statistics.median(ended),
        "end_p99": statistics.quantiles(ended, n=100)[98],
        "end_without_p50": statistics.median(plain),
    }


def paced(pace: float, seconds: float, evaluates: str) -> dict[str, float]:
    """CPU seconds a second at an even pace, with evaluation or without."""
    application = Application(64, 1000, evaluates=evaluates == "yes")
    application.invoke(-1)
    application.processor.wait_for_all(60)
    time.sleep(5)  # the first call opens the judge and has its prices read: once in a process
    started, before = time.perf_counter(), cpu()
    for number in range(int(pace * seconds)):
        time.sleep(max(0.0, started + number / pace - time.perf_counter()))
        application.invoke(number)
    application.processor.wait_for_all(60)
    return {"cpu": (cpu() - before) / (time.perf_counter() - started)}


def timed(call: Callable[[Any], object], argument: Any) -> float:
    """Seconds a call takes."""
    started = time.perf_counter()
    call(argument)
    return time.perf_counter() - started


def cpu() -> float:
    """CPU seconds of this process so far."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    measures: dict[str, Callable[..., dict[str, float]]] = {
        "throughput": throughput,
        "offers": offers,
        "paced": paced,
    }
    background()
    print(json.dumps(measures[sys.argv[1]](*map(json.loads, sys.argv[2:]))))
