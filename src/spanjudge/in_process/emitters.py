"""The way out of results: the application's own OpenTelemetry logs and metrics.

Every outcome becomes one `gen_ai.evaluation.result` log event, spelled as the server spells it, and is
counted in `ResultMetrics`, both in the context of the span that was judged.
"""

import logging
import sys
import threading
import time
import uuid
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from inspect import signature
from typing import Any, cast

from opentelemetry import trace
from opentelemetry._logs import Logger, LoggerProvider, LogRecord, SeverityNumber, get_logger_provider
from opentelemetry.context import Context
from opentelemetry.metrics import MeterProvider, get_meter_provider
from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags

from spanjudge.in_process.evaluator import Evaluation
from spanjudge.in_process.invocation import Invocation
from spanjudge.judging.result import EvaluationSkipped, Outcome
from spanjudge.telemetry import result_record
from spanjudge.telemetry.evaluated import Evaluated, Target, result_id
from spanjudge.telemetry.metrics import ResultMetrics
from spanjudge.version import __version__

_log = logging.getLogger(__name__)

_GATHERED_SECONDS = 1.0
_TOLD_EVERY = 60.0  # seconds between two lines of the log about the same trouble
_SEVERITY = {number: SeverityNumber(number) for number in (result_record.INFO, result_record.WARN)}

Listener = Callable[[Invocation, Sequence[Evaluation]], None]
"""Is told what was evaluated, skipped ones included."""

_listeners: tuple[Listener, ...] = ()
_listening = threading.Lock()


def listen(listener: Listener) -> Callable[[], None]:
    """Tell `listener` everything that is emitted in this process, until what is returned is called.

    It is called in the thread that emits. What it raises is left out of the application's way.
    """
    global _listeners  # noqa: PLW0603  one set for the process is the point
    with _listening:
        _listeners = (*_listeners, listener)

    def stop() -> None:
        global _listeners  # noqa: PLW0603  as above
        with _listening:
            _listeners = tuple(other for other in _listeners if other is not listener)

    return stop


class ResultEmitter:
    """Hands results and failures to the application's logger and meter providers. Skipped ones stay here.

    Nothing is raised: a provider or exporter that raises costs one line of the log, and what it raised for
    one outcome does not keep the others back. It may be used from any thread.
    """

    def __init__(
        self,
        *,
        logger_provider: LoggerProvider | None = None,
        meter_provider: MeterProvider | None = None,
        later: Callable[[float, Callable[[], None]], object] | None = None,
    ) -> None:
        """Without a provider the process's own is taken at each emission: it may also be set later.

        `later(seconds, call)` calls something in so many seconds. With it counters are handed on together,
        once a second, and whenever `flush` is called.
        """
        self._later = later
        self._flushes = False
        self._logger_provider = logger_provider
        self._meter_provider = meter_provider
        self._logging: tuple[LoggerProvider, _Writer] | None = None
        self._counting: tuple[MeterProvider, ResultMetrics] | None = None
        self._told: dict[str, float] = {}

    def emit(self, invocation: Invocation, evaluations: Sequence[Evaluation]) -> None:
        """Export what was found about one invocation, whose subject was read before."""
        announce(invocation, evaluations)
        outcomes = [item for item in evaluations if not isinstance(item, EvaluationSkipped)]
        if not outcomes:
            return
        target, now = invocation.target, time.time_ns()
        response_id = invocation.seen.response_id
        self.send(
            [
                Evaluated(
                    id=_id(outcome, target),
                    outcome=outcome,
                    target=target,
                    service=invocation.service,
                    response_id=response_id,
                    time_ns=now,
                )
                for outcome in outcomes
            ],
            sampled=invocation.sampled,
        )

    def send(self, batch: Sequence[Evaluated], *, sampled: bool = True) -> None:
        """Export outcomes of one target; `sampled` is whether its span is exported."""
        if not batch:
            return
        first = batch[0]
        context = context_of(first.target, sampled=sampled)
        about = result_record.about_of(first.target, first.response_id)
        for evaluated in batch:
            try:
                self._writer()(evaluated, about, context)
            except Exception as error:  # noqa: BLE001  whatever an exporter raises: no trouble of the application's
                self._trouble("LoggerProvider", error)
            try:
                self._metrics().record(evaluated, context)
            except Exception as error:  # noqa: BLE001  as above
                self._trouble("MeterProvider", error)
        self._flush_later()

    def flush(self) -> None:
        """Hand on what counters have gathered."""
        self._flushes = False
        if self._counting is not None:
            try:
                self._counting[1].flush()
            except Exception as error:  # noqa: BLE001  as in `send`
                self._trouble("MeterProvider", error)

    def _flush_later(self) -> None:
        if self._later is None or self._flushes:
            return
        self._flushes = True
        try:
            self._later(_GATHERED_SECONDS, self.flush)
        except RuntimeError:  # there is no loop any more to call it
            self.flush()

    def _writer(self) -> "_Writer":
        provider = self._logger_provider or get_logger_provider()
        kept = self._logging
        if kept is None or kept[0] is not provider:
            logger = provider.get_logger(result_record.SCOPE, __version__)
            kept = self._logging = provider, _Writer(logger)
        return kept[1]

    def _metrics(self) -> ResultMetrics:
        provider = self._meter_provider or get_meter_provider()
        kept = self._counting
        if kept is None or kept[0] is not provider:
            self.flush()
            gathers = self._later is not None
            kept = self._counting = provider, ResultMetrics(meter_provider=provider, gathers=gathers)
        return kept[1]

    def _trouble(self, where: str, error: Exception) -> None:
        now = time.monotonic()
        if now - self._told.get(where, -_TOLD_EVERY) < _TOLD_EVERY:
            return
        self._told[where] = now
        # The application's logging may itself go through the provider that raises.
        with suppress(Exception):
            _log.warning(
                "results of evaluations did not reach the application's %s: it raised %s; "
                "this is not repeated for %d seconds",
                where,
                type(error).__qualname__,
                _TOLD_EVERY,
            )


class _Writer:
    """Writes log events to one logger, in every version of OpenTelemetry that is supported."""

    def __init__(self, logger: Logger) -> None:
        self._logger = logger
        self._record = _record_type(logger)

    def __call__(self, evaluated: Evaluated, about: dict[str, result_record.Value], context: Context) -> None:
        """Write one; `about` is what it has in common with others of its target."""
        fixed = result_record.fixed_of(evaluated)
        self._logger.emit(
            self._record(
                timestamp=evaluated.time_ns,
                context=context,
                severity_text=fixed.severity_text,
                severity_number=_SEVERITY[fixed.severity_number],
                body=fixed.body | result_record.body_of(evaluated),
                attributes=fixed.attributes | result_record.attributes_of(evaluated) | about,
                event_name=result_record.EVENT_NAME,
            )
        )


def _record_type(logger: Logger) -> Callable[..., LogRecord]:
    """What makes a record for this logger: the API's, but for the SDK before 1.38.

    That one turns the API's records into its own in a way that it then warns of itself.
    """
    sdk: Any = sys.modules.get("opentelemetry.sdk._logs")
    own = getattr(sdk, "LogRecord", None)
    if own is None or not isinstance(logger, sdk.Logger):
        return LogRecord
    if "event_name" in signature(logger.emit).parameters:  # 1.38: its own are deprecated there
        return LogRecord
    return partial(own, resource=cast("Any", logger).resource)


def context_of(target: Target, *, sampled: bool = True) -> Context:
    """The context of a judged span, and never that of whatever is under way here."""
    try:
        trace_id, span_id = int(target.trace_id or "0", 16), int(target.span_id or "0", 16)
    except ValueError:
        trace_id = span_id = 0
    flags = TraceFlags(TraceFlags.SAMPLED if sampled and trace_id else TraceFlags.DEFAULT)
    span = NonRecordingSpan(SpanContext(trace_id, span_id, is_remote=False, trace_flags=flags))
    # Never an empty context: the SDK takes the current one instead of an empty one.
    return trace.set_span_in_context(span, Context())


def announce(invocation: Invocation, evaluations: Sequence[Evaluation]) -> None:
    """Tell the listeners."""
    for listener in _listeners:
        with suppress(Exception):
            listener(invocation, evaluations)


def _id(outcome: Outcome, target: Target) -> str:
    """The id of an outcome; without a target to tell it from others by, one of its own.

    The same metric may be evaluated in more than one way, and by one definition.
    """
    if not target.key:
        return uuid.uuid4().hex
    way = outcome.evaluator_name
    name = outcome.evaluator if way == result_record.NATIVE else f"{way}/{outcome.evaluator}"
    return result_id(name, outcome.evaluator_version, target)
