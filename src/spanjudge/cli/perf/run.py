"""One run of `spanjudge perf`: samples in as spans, evaluations out, and the times in between."""

import threading
import time
from collections.abc import Callable, Mapping, Sequence

from opentelemetry._logs import Logger, LoggerProvider, LogRecord
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.sampling import ALWAYS_ON

from spanjudge.cli.perf.figures import Ran
from spanjudge.cli.perf.recorded import record
from spanjudge.cli.perf.samples import Sample
from spanjudge.in_process import emitters
from spanjudge.in_process.evaluator import Evaluation, InProcessEvaluator
from spanjudge.in_process.invocation import Invocation, Kind
from spanjudge.in_process.queue.evaluation_queue import Counts
from spanjudge.in_process.span_processor import EvaluationSpanProcessor

SERVICE = "labelled samples"
LOOK_EVERY = 0.05
"""Seconds after which the queue is looked at again though no result came."""

CANCELLING = 0.5
"""Seconds that evaluations have to end when they are given up."""

Evaluators = Mapping[Kind, Sequence[InProcessEvaluator]]


class Run:
    """Samples through the whole door: spans, queue, evaluators, and out as events and metrics.

    Never more samples are under way than the queue has room for, so that none is dropped: what waits for
    room is not offered yet. `step` is called as each is done, in the door's own thread. Called once.
    """

    def __init__(
        self,
        evaluators: Evaluators,
        environ: Mapping[str, str],
        *,
        room: int,
        step: Callable[[], None] = lambda: None,
    ) -> None:
        """`environ` is the door's environment, `room` the size of its queue."""
        self.exported = 0
        """Result events that went out."""
        self._room = room
        self._step = step
        self._news = threading.Event()
        self._started: dict[str, float] = {}
        self._ended: dict[str, tuple[float, list[Evaluation]]] = {}
        self._offered: dict[str, tuple[float, Sample]] = {}
        resource = Resource({"service.name": SERVICE})
        self._meters = MeterProvider(resource=resource, shutdown_on_exit=False)
        timed: dict[Kind, tuple[InProcessEvaluator, ...]] = {
            kind: tuple(_Timed(evaluator, self._starts) for evaluator in several)
            for kind, several in evaluators.items()
        }
        self._door = EvaluationSpanProcessor(
            timed,
            logger_provider=_Events(self._exports),
            meter_provider=self._meters,
            environ=environ,
            shutdown_timeout=CANCELLING,
        )
        self._traces = TracerProvider(sampler=ALWAYS_ON, resource=resource, shutdown_on_exit=False)
        self._traces.add_span_processor(self._door)
        self._tracer = self._traces.get_tracer("samples")
        # Not `on_results`: what is cut off at the end of its time is told here too.
        self._stop_listening = emitters.listen(self._ends)

    def go(self, samples: Sequence[Sample], timeout: float) -> bool:
        """Offer them all and wait; whether that was done within `timeout` seconds. Ctrl-C passes."""
        until = time.perf_counter() + timeout
        for sample in samples:
            while len(self._offered) - len(self._ended) >= self._room and not self._is_idle():
                if not self._waited(until):
                    return False
            offered = time.perf_counter()
            self._offered[record(self._tracer, sample)] = offered, sample
        while len(self._ended) < len(samples) and not self._is_idle():
            if not self._waited(until):
                return False
        return True

    def close(self) -> None:
        """Stop; what is not done by now is given up."""
        self._stop_listening()
        self._traces.shutdown()
        self._meters.shutdown()

    @property
    def ran(self) -> list[Ran]:
        """Everything that was offered, in that order."""
        found: list[Ran] = []
        for span, (offered, sample) in self._offered.items():
            ran = Ran(sample=sample, offered=offered, started=self._started.get(span))
            if span in self._ended:
                ran.ended, ran.evaluations = self._ended[span]
            found.append(ran)
        return found

    @property
    def counts(self) -> Counts:
        """What the queue says."""
        return self._door.counts

    def _starts(self, invocation: Invocation) -> None:
        self._started.setdefault(invocation.target.span_id, time.perf_counter())

    def _ends(self, invocation: Invocation, evaluations: Sequence[Evaluation]) -> None:
        now, span = time.perf_counter(), invocation.target.span_id
        before = self._ended.get(span)
        # Several evaluators may come one after the other; the last one ends it.
        self._ended[span] = now, [*(before[1] if before else ()), *evaluations]
        if before is None:
            self._step()
        self._news.set()

    def _exports(self) -> None:
        self.exported += 1

    def _waited(self, until: float) -> bool:
        """Wait until there is news, or it is time to look without; whether there is time left."""
        self._news.wait(max(0.0, min(LOOK_EVERY, until - time.perf_counter())))
        self._news.clear()
        return time.perf_counter() < until

    def _is_idle(self) -> bool:
        counts = self._door.counts
        return counts.waiting == 0 and counts.under_way == 0


class _Timed(InProcessEvaluator):
    """An evaluator that tells when it begins."""

    def __init__(self, inner: InProcessEvaluator, begins: Callable[[Invocation], None]) -> None:
        self.name = inner.name
        self.metrics = inner.metrics
        self._inner = inner
        self._begins = begins

    async def outcomes(self, invocation: Invocation) -> list[Evaluation]:
        self._begins(invocation)
        return await self._inner.outcomes(invocation)

    async def aclose(self) -> None:
        await self._inner.aclose()


class _Events(LoggerProvider, Logger):
    """Where an application's log events go; here they are counted."""

    def __init__(self, tell: Callable[[], None]) -> None:
        self._tell = tell

    def get_logger(self, *_arguments: object, **_named: object) -> Logger:
        return self

    def enabled(self, *_arguments: object, **_named: object) -> bool:
        return True

    def emit(self, record: LogRecord | None = None, **_named: object) -> None:
        del record
        self._tell()
