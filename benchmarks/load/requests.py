"""What is sent: OTLP protobuf in gzip, made in a process of its own so that sending is never late for it."""

import gzip
import hashlib
from collections.abc import Iterator
from typing import Any, NamedTuple

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from benchmarks.load.dialects import SCOPES, Event, Value, written
from benchmarks.load.schedule import Ended, Sending
from benchmarks.load.traces import Application

_KINDS = {"request": Span.SPAN_KIND_SERVER, "chat": Span.SPAN_KIND_CLIENT}
_NS = 1_000_000_000


class Prepared(NamedTuple):
    """One HTTP request. `ids` are the trace and span ids of its spans, 24 bytes each; logs have none."""

    at: float
    path: str
    body: bytes
    ids: bytes
    again: bool

    @property
    def spans(self) -> int:
        """How many are in it."""
        return len(self.ids) // 24


def prepared(sendings: Iterator[Sending], start_ns: int) -> Iterator[Prepared]:
    """The requests of a schedule; `start_ns` is the moment that its times are counted from."""
    for sending in sendings:
        spans, logs, ids = _messages(sending, start_ns)
        if logs is not None:
            yield Prepared(sending.at, "/v1/logs", _packed(logs), b"", sending.again)
        yield Prepared(sending.at, "/v1/traces", _packed(spans), ids, sending.again)


def span_id(trace_id: bytes, place: int) -> bytes:
    """The id of a span by its place in the trace."""
    return hashlib.blake2b(b"%d" % place, key=trace_id, digest_size=8).digest()


def _packed(message: Any) -> bytes:
    body: bytes = message.SerializeToString()
    return gzip.compress(body, compresslevel=1)


def _messages(
    sending: Sending, start_ns: int
) -> tuple[ExportTraceServiceRequest, ExportLogsServiceRequest | None, bytes]:
    spans, logs = ExportTraceServiceRequest(), ExportLogsServiceRequest()
    group, log_group = spans.resource_spans.add(), logs.resource_logs.add()
    for resource in (group.resource, log_group.resource):
        _describe(resource, sending)
    scope, log_scope = group.scope_spans.add(), log_group.scope_logs.add()
    for one in (scope.scope, log_scope.scope):
        one.name, one.version = SCOPES[sending.application.dialect], "1.0.0"
    ids: list[bytes] = []
    for ended in sending.spans:
        span = scope.spans.add()
        events = _fill(span, ended, start_ns)
        ids.append(span.trace_id + span.span_id)
        for place, event in enumerate(events):
            record = log_scope.log_records.add(trace_id=span.trace_id, span_id=span.span_id)
            record.time_unix_nano = span.start_time_unix_nano + place
            record.event_name = event[0]
            _put(record.body, event[1])
    return spans, logs if log_scope.log_records else None, b"".join(ids)


def _describe(resource: Resource, sending: Sending) -> None:
    application: Application = sending.application
    for key, text in (
        ("service.name", application.name),
        ("service.instance.id", f"{application.name}-{sending.exporter}"),
        ("telemetry.sdk.language", application.language),
        ("deployment.environment.name", "load"),
    ):
        resource.attributes.add(key=key).value.string_value = text


def _fill(span: Span, ended: Ended, start_ns: int) -> tuple[Event, ...]:
    trace, step, began = ended
    told = written(trace, step)
    span.trace_id = trace.trace_id
    span.span_id = span_id(trace.trace_id, step.place)
    if step.parent is not None:
        span.parent_span_id = span_id(trace.trace_id, step.parent)
    span.name = told.name
    span.kind = _KINDS.get(step.kind, Span.SPAN_KIND_INTERNAL)
    span.start_time_unix_nano = start_ns + int((began + step.start) * _NS)
    span.end_time_unix_nano = start_ns + int((began + step.end) * _NS)
    if step.failed:
        span.status.code = Status.STATUS_CODE_ERROR
        span.status.message = "the upstream service did not answer"
        told.attributes["error.type"] = "TimeoutError"
    for key, value in told.attributes.items():
        _put(span.attributes.add(key=key).value, value)
    return told.events


def _put(into: AnyValue, value: Value | dict[str, Any]) -> None:
    if isinstance(value, str):
        into.string_value = value
    elif isinstance(value, int):
        into.int_value = value
    elif isinstance(value, float):
        into.double_value = value
    else:
        for key, one in value.items():
            _put(into.kvlist_value.values.add(key=key).value, one)
