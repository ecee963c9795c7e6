"""Requests of spans, to be spoiled."""

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord
from opentelemetry.proto.trace.v1.trace_pb2 import Span

TRACE_ID = bytes.fromhex("5b8efff798038103d269b633813fc60c")
SPAN_ID = bytes.fromhex("eee19b7ec3c1b174")


def traces(count: int = 1, *, attributes: int = 0) -> ExportTraceServiceRequest:
    """`count` spans named `span 0`, `span 1`, … of the service travel-desk."""
    message = ExportTraceServiceRequest()
    resource = message.resource_spans.add()
    resource.resource.attributes.add(key="service.name").value.string_value = "travel-desk"
    scope = resource.scope_spans.add()
    scope.scope.name = "a.scope"
    scope.scope.version = "1.2"
    for number in range(count):
        span = scope.spans.add(
            trace_id=TRACE_ID,
            span_id=(number + 1).to_bytes(8, "big"),
            name=f"span {number}",
            start_time_unix_nano=1_700_000_000_000_000_000,
            end_time_unix_nano=1_700_000_001_000_000_000,
        )
        for index in range(attributes):
            span.attributes.add(key=f"key.{index}").value.string_value = "value"
    return message


def span_of(message: ExportTraceServiceRequest, number: int = 0) -> Span:
    """One of the spans, to be changed."""
    return message.resource_spans[0].scope_spans[0].spans[number]


def logs(*records: LogRecord) -> ExportLogsServiceRequest:
    """Log records of one scope."""
    message = ExportLogsServiceRequest()
    scope = message.resource_logs.add().scope_logs.add()
    scope.scope.name = "a.scope"
    scope.log_records.extend(records)
    return message


def user_message(text: str = "Hello.") -> LogRecord:
    """A GenAI event as the older conventions have it."""
    record = LogRecord(trace_id=TRACE_ID, span_id=SPAN_ID, event_name="gen_ai.user.message", time_unix_nano=7)
    record.body.kvlist_value.values.add(key="content").value.string_value = text
    return record
