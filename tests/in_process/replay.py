"""Captures of real instrumentations, recorded again: through a real tracer provider and logger provider."""

from collections.abc import Iterable, Sequence
from typing import Any

from opentelemetry import trace
from opentelemetry._logs import LogRecord
from opentelemetry.sdk import _logs as sdk_logs
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanLimits, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.id_generator import IdGenerator
from opentelemetry.trace import NonRecordingSpan, SpanContext, SpanKind, Status, StatusCode, TraceFlags

from spanjudge.spans.otlp import read_file
from spanjudge.spans.raw import LogEvent, RawSpan
from tests.spans.captures import OTLP, capture

NO_LIMITS = SpanLimits(
    max_attributes=SpanLimits.UNSET,
    max_events=SpanLimits.UNSET,
    max_event_attributes=SpanLimits.UNSET,
    max_span_attributes=SpanLimits.UNSET,
)


# Before 1.38 the SDK warns of the API's own records.
_LogRecord: Any = vars(sdk_logs).get("LogRecord", LogRecord)


class Prepared(IdGenerator):
    """Gives the ids that it was told."""

    def __init__(self) -> None:
        self.trace_id = self.span_id = 1

    def generate_span_id(self) -> int:
        return self.span_id

    def generate_trace_id(self) -> int:
        return self.trace_id


class Replay:
    """A traced application that does once more what was captured.

    Spans start and end in the order they did; log records are written where they were, just before their
    span ends.
    """

    def __init__(
        self,
        *processors: SpanProcessor,
        attributes: dict[str, Any] | None = None,
        logger_provider: LoggerProvider | None = None,
    ) -> None:
        self._ids = Prepared()
        self.exporter = InMemorySpanExporter()
        self.provider = TracerProvider(
            resource=Resource(attributes or {}),
            span_limits=NO_LIMITS,
            id_generator=self._ids,
            shutdown_on_exit=False,
        )
        self.provider.add_span_processor(SimpleSpanProcessor(self.exporter))
        for processor in processors:
            self.provider.add_span_processor(processor)
        self._logger_provider = logger_provider

    def record(self, folder: str, scenario: str) -> None:
        """Everything of one capture."""
        self.spans(capture(folder, scenario).raws.values(), logs_of(folder, scenario))

    def spans(self, raws: Iterable[RawSpan], logs: Sequence[LogEvent] = ()) -> None:
        """These spans, with these log records."""
        raws = list(raws)
        moments = sorted(
            [(raw.start_ns, 0, at, raw) for at, raw in enumerate(raws)]
            # Of those that end together the innermost, which started last, is the first.
            + [(raw.end_ns, 1, -at, raw) for at, raw in enumerate(raws)],
            key=lambda moment: moment[:3],
        )
        live: dict[str, trace.Span] = {}
        for _, is_end, _, raw in moments:
            if is_end:
                for log in logs:
                    if log.span_id == raw.span_id:
                        self.log(log)
                _finish(live.pop(raw.span_id), raw)
            else:
                live[raw.span_id] = self._start(raw)

    def log(self, log: LogEvent) -> None:
        """One log record."""
        if self._logger_provider is None:
            return
        context = SpanContext(
            int(log.trace_id, 16), int(log.span_id, 16), is_remote=False, trace_flags=TraceFlags(1)
        )
        self._logger_provider.get_logger(log.scope).emit(
            _LogRecord(
                timestamp=log.time_ns,
                context=trace.set_span_in_context(NonRecordingSpan(context)),
                body=log.body,
                attributes=dict(log.attributes),
                event_name=log.name,
            )
        )

    def _start(self, raw: RawSpan) -> trace.Span:
        self._ids.trace_id, self._ids.span_id = int(raw.trace_id, 16), int(raw.span_id, 16)
        context = None
        if raw.parent_span_id:
            parent = SpanContext(
                self._ids.trace_id,
                int(raw.parent_span_id, 16),
                is_remote=False,
                trace_flags=TraceFlags(TraceFlags.SAMPLED),
            )
            context = trace.set_span_in_context(NonRecordingSpan(parent))
        return self.provider.get_tracer(raw.scope, raw.scope_version or None).start_span(
            raw.name,
            context=context,
            kind=SpanKind(max(0, raw.kind - 1)),
            start_time=raw.start_ns,
        )


def _finish(span: trace.Span, raw: RawSpan) -> None:
    for key, value in raw.attributes.items():
        span.set_attribute(key, value)
    for event in raw.events:
        span.add_event(event.name, dict(event.attributes), event.time_ns)
    if raw.status_code:
        span.set_status(Status(StatusCode(raw.status_code), raw.status_message or None))
    span.end(raw.end_ns)


def logs_of(folder: str, scenario: str) -> list[LogEvent]:
    """The log records of a capture."""
    beside = OTLP / folder / f"{scenario}.logs.json"
    return [log.event for log in read_file(beside).logs] if beside.exists() else []


def scenarios() -> list[tuple[str, str]]:
    """Folder and scenario of every capture."""
    return [
        (path.parent.name, path.stem)
        for path in sorted(OTLP.glob("*/*.json"))
        if path.stem != "expected" and not path.stem.endswith(".logs")
    ]
