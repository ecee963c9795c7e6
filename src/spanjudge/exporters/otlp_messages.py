"""The two OTLP services that results go to, and their answers."""

from typing import Any

import msgspec
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import (
    ExportLogsServiceResponse,
)
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceResponse,
)

from spanjudge.exporters.otlp_answers import quoted
from spanjudge.telemetry.routes import Route

METHODS = {
    "logs": "/opentelemetry.proto.collector.logs.v1.LogsService/Export",
    "metrics": "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export",
}


class Accepted(msgspec.Struct, frozen=True, kw_only=True):
    """A good answer, the log records or data points refused all the same, and the backend's words."""

    rejected: int = 0
    words: str = ""


def response_type(signal: str) -> Any:
    """The answer's message."""
    return ExportLogsServiceResponse if signal == "logs" else ExportMetricsServiceResponse


def accepted(route: Route, response: Any) -> Accepted:
    """What the answer says. Words without a count are a warning of the backend."""
    partial = response.partial_success
    count = partial.rejected_log_records if route.signal == "logs" else partial.rejected_data_points
    return Accepted(rejected=count, words=quoted(route, partial.error_message))
