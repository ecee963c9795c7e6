"""The in-process door itself: a span processor that evaluates what an application's GenAI spans tell.

provider.add_span_processor(EvaluationSpanProcessor())
"""

import logging
import os
import time
import weakref
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import Any, cast

from opentelemetry._logs import LoggerProvider
from opentelemetry.context import Context
from opentelemetry.metrics import MeterProvider
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanProcessor

from spanjudge.errors import SettingsError
from spanjudge.in_process import automatic
from spanjudge.in_process.background.loop import background
from spanjudge.in_process.background.own_context import is_own_context
from spanjudge.in_process.code.evaluator import registered
from spanjudge.in_process.emitters import ResultEmitter
from spanjudge.in_process.evaluation import InvocationEvaluation, OnResults
from spanjudge.in_process.evaluator import InProcessEvaluator
from spanjudge.in_process.given_evaluators import Evaluators, by_kind, raise_wrong
from spanjudge.in_process.invocation import KIND_OF_OPERATION, Invocation, Kind
from spanjudge.in_process.opened_judge import JudgeSource
from spanjudge.in_process.plan import evaluators_of
from spanjudge.in_process.queue.admission import Admission
from spanjudge.in_process.queue.evaluation_queue import Counts, EvaluationQueue
from spanjudge.in_process.reading import invocation_of
from spanjudge.in_process.recorded.content_events import ContentEvents
from spanjudge.in_process.recorded.readable import Glance, raw_span, service_of
from spanjudge.in_process.recorded.recent import Recent, RecentSpan
from spanjudge.in_process.recorded.span_reader import SpanReader
from spanjudge.in_process.settings import variables
from spanjudge.in_process.settings.judge_settings import judge_settings
from spanjudge.in_process.settings.options import Options, log_problems
from spanjudge.judging.models.config import JudgeModelConfig
from spanjudge.spans.operation import operation_of
from spanjudge.spans.raw import RawSpan
from spanjudge.spans.span import MODEL_OPERATIONS
from spanjudge.telemetry.evaluated import Target
from spanjudge.telemetry.monitoring import Monitoring
from spanjudge.telemetry.own import MARK, SERVICE

_log = logging.getLogger(__name__)

_TOLD_EVERY = 60.0
_CLOSING_SECONDS = 1.0
_MARGIN_SECONDS = 1.0
_SAMPLED = 1


class EvaluationSpanProcessor(SpanProcessor):
    """Evaluates the GenAI spans of an application in the background, whatever instrumentation made them.

    `evaluators`: a text as in `OTEL_INSTRUMENTATION_GENAI_EVALS_EVALUATORS`, or evaluators (of
    `LLMInvocation`, or by kind of invocation); by default as the environment says, else `native` with its
    default metrics on every model call. Functions decorated with `@spanjudge.evaluator` run beside them.
    `judge`: the judge model, a `Judge` or what opens a model, by default the one of the environment. Results
    leave through `logger_provider` and `meter_provider`, by default the process's, which may be set later.
    `on_results(invocation, evaluations)` is told of everything, skipped ones included, in another thread.
    `environ` stands in place of the environment. `shutdown_timeout`: seconds that `shutdown` evaluates on.

    The application never sees an exception and never waits. Trouble with the environment is told in the
    log, and costs only what it concerns. Raises `SettingsError` and `TypeError` for arguments that cannot
    be used.
    """

    def __init__(
        self,
        evaluators: Evaluators | None = None,
        *,
        judge: JudgeSource | None = None,
        logger_provider: LoggerProvider | None = None,
        meter_provider: MeterProvider | None = None,
        on_results: OnResults | None = None,
        environ: Mapping[str, str] | None = None,
        shutdown_timeout: float = 5.0,
    ) -> None:
        """See the class."""
        if on_results is not None and not callable(on_results):
            raise TypeError(f"on_results is called with results; {type(on_results).__name__} cannot be")
        environ = os.environ if environ is None else environ
        if not shutdown_timeout >= 0:
            raise SettingsError(f"shutdown_timeout={shutdown_timeout} is no time: give 0 or more seconds")
        options = Options.from_environment(environ)
        self.active = options.enabled
        """Whether anything is evaluated. Who runs the application can turn it off, whatever is given here."""
        if isinstance(evaluators, str):
            environ = {**environ, variables.EVALUATORS: evaluators}
            options = Options.from_environment(environ)
            self.active = self.active and options.enabled
        monitoring = _monitoring(meter_provider) if options.monitoring else {}
        self._plan: dict[Kind, tuple[InProcessEvaluator, ...]] = {}
        self._made: tuple[InProcessEvaluator, ...] = ()
        problems = options.problems
        if evaluators is None or isinstance(evaluators, str):
            observers = {name: one.observe for name, one in monitoring.items()}
            plan = evaluators_of(options, judge=judge, observer=observers, environ=environ)
            problems += plan.problems
            self._plan = dict(plan)
            self._made = tuple(one for some in plan.values() for one in some)
        else:
            self._plan = by_kind(evaluators)
            for one in (one for some in self._plan.values() for one in some):
                if one.name in monitoring:
                    one.observe(monitoring[one.name].observe)
        if isinstance(evaluators, str):
            raise_wrong(problems)
        log_problems(problems)
        self._logger_provider = logger_provider
        self._recent = Recent()
        self._events = ContentEvents(self._hear)
        self._reader = SpanReader(self._recent, hears_events=lambda: self._events.attached)
        emitter = ResultEmitter(logger_provider=logger_provider, meter_provider=meter_provider, later=_later)
        self._evaluation = InvocationEvaluation(
            self._evaluators_of,
            emitter=emitter,
            aggregation=options.aggregation,
            on_results=on_results,
        )
        self._queue = EvaluationQueue(
            self._work,
            size=options.queue_size,
            workers=options.workers,
            admission=Admission(options.sample_rate, options.rate_limit_rps, options.rate_limit_burst),
            monitoring=monitoring.get("native"),
            interval=options.interval,
            timeout=_most_seconds(environ),
            settle=emitter.flush,
        )
        self._shutdown_timeout = shutdown_timeout
        self._told_at = -_TOLD_EVERY
        _forget_after_fork(self._recent)
        automatic.give_way()

    # What the SDK calls, in the application's threads.

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        """See `SpanProcessor`. Marks spans of our own doing, and remembers who is inside whom."""
        if not self.active:
            return
        try:
            if is_own_context(parent_context):
                span.set_attribute(MARK, True)  # noqa: FBT003  the attribute's value
                return
            parent, context = span.parent, span.context
            if parent is not None and context is not None:
                self._recent.started(context.span_id, parent.span_id)
            if not self._events.attached:
                self._events.attach(self._logger_provider)
        except Exception as error:  # noqa: BLE001  the application goes on, whatever it is
            self._trouble(error)

    def on_end(self, span: ReadableSpan) -> None:
        """See `SpanProcessor`. Lets what is to be evaluated wait for it."""
        if not self.active:
            return
        try:
            self._end(span)
        except Exception as error:  # noqa: BLE001  the application goes on, whatever it is
            self._trouble(error)

    def force_flush(self, timeout_millis: int = 30000) -> bool:
        """Wait until everything offered so far is evaluated; whether that came within `timeout_millis`."""
        return self.wait_for_all(timeout_millis / 1000)

    def shutdown(self) -> None:
        """Evaluate what waits, for `shutdown_timeout` seconds at most, and take nothing in any more."""
        if not self.active:
            return
        self.active = False
        try:
            given_up = self._queue.shutdown(self._shutdown_timeout)
            self._reader.tell()
            self._events.shutdown()
            if self._made and not given_up and self._queue.counts.queued:
                background().run(self._evaluation.aclose(self._made), _CLOSING_SECONDS)
        except Exception as error:  # noqa: BLE001  the application ends as it will
            self._trouble(error)

    # What an application may call.

    def offer(self, given: object) -> bool:
        """Let anything wait that can be evaluated: a `Subject`, a `Span`, an invocation. Whether it does.

        Never blocks, never raises.
        """
        if not self.active:
            return False
        try:
            return self._queue.offer(invocation_of(given))
        except Exception as error:  # noqa: BLE001  the application goes on, whatever it is
            self._trouble(error)
            return False

    def wait_for_all(self, timeout: float | None = None) -> bool:
        """Wait until everything offered so far is evaluated; whether that came within `timeout` seconds."""
        return self._queue.wait_for_all(timeout)

    @property
    def counts(self) -> Counts:
        """What became of the invocations of this process so far."""
        return self._queue.counts

    @property
    def skipped(self) -> Mapping[str, int]:
        """Of those evaluated, how many were skipped as a whole, by the reason."""
        return dict(self._evaluation.skipped)

    def retire(self) -> None:
        """Take no spans in any more; what waits is evaluated."""
        self.active = False
        self._events.shutdown()

    def _end(self, span: ReadableSpan) -> None:
        context = span.context
        if context is None or not context.trace_flags & _SAMPLED:
            return
        glance = Glance(span)
        # A glance has all that tells what a span is about.
        operation, plumbing = operation_of(cast("RawSpan", glance))
        if operation is None and plumbing is None:
            return
        if MARK in glance.attributes or glance.scope.startswith(SERVICE):
            return
        kind = KIND_OF_OPERATION.get(operation) if operation else None
        if kind is None and plumbing and span.parent is None:
            # A framework's run from its outermost span on, which holds what went in and what came out.
            kind = "Workflow"
        is_call = operation in MODEL_OPERATIONS
        is_source = not is_call and _may_hold_documents(operation, glance)
        is_wanted = kind is not None and bool(self._evaluators_of(kind))
        if not (is_call or is_source or is_wanted):
            return
        recent = RecentSpan(partial(raw_span, span, glance), is_call=is_call, is_source=is_source)
        if is_call or is_source:
            self._recent.add(recent)
        if kind is not None and is_wanted:
            self._queue.offer(
                Invocation(
                    kind=kind,
                    read=partial(self._reader.read, recent),
                    target=Target(trace_id=f"{context.trace_id:032x}", span_id=f"{context.span_id:016x}"),
                    service=service_of(span),
                    source=recent,
                )
            )

    def _hear(self, event: Any) -> None:
        if self.active:
            self._reader.heard(event)

    def _evaluators_of(self, kind: Kind) -> Sequence[InProcessEvaluator]:
        planned = self._plan.get(kind, ())
        beside = registered(kind)
        return (*planned, *(one for one in beside if one not in planned)) if beside else planned

    async def _work(self, invocation: Invocation) -> None:
        if isinstance(invocation.source, RecentSpan):
            await self._reader.settled(invocation.source)
        await self._evaluation.evaluate(invocation)

    def _trouble(self, error: Exception) -> None:
        now = time.monotonic()
        if now - self._told_at < _TOLD_EVERY:
            return
        self._told_at = now
        with suppress(Exception):  # the application's logging may be anything
            _log.warning("a span was not evaluated: looking at it raised %s", type(error).__name__)


def _later(seconds: float, call: Callable[[], None]) -> None:
    current = background()
    current.soon(current.loop.call_later, seconds, call)


def _monitoring(meter_provider: MeterProvider | None) -> dict[str, Monitoring]:
    return {
        name: Monitoring(evaluator_name=name, meter_provider=meter_provider)
        for name in ("native", "deepeval")
    }


def _most_seconds(environ: Mapping[str, str]) -> float:
    """How long one invocation may take: what the judge may, and a little: its own words come first."""
    try:
        return judge_settings(environ).config.timeout + _MARGIN_SECONDS
    except SettingsError:
        return JudgeModelConfig(provider="").timeout + _MARGIN_SECONDS


def _may_hold_documents(operation: str | None, glance: Glance) -> bool:
    return operation == "retrieval" or any("document" in key for key in glance.attributes)


def _forget_after_fork(recent: Recent) -> None:
    """In a forked child what the parent recorded is the parent's."""
    register: Callable[..., None] | None = getattr(os, "register_at_fork", None)
    if register is None:
        return
    held = weakref.ref(recent)

    def forget() -> None:
        living = held()
        if living is not None:
            living.forget()

    register(after_in_child=forget)
