"""The JSON says the same as the protobuf."""

import pytest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest

from spanjudge.exporters import otlp_json, otlp_wire
from spanjudge.telemetry.evaluated import Evaluated, Target
from tests.exporters.otlp_receiver import from_json
from tests.exporters.outcomes import SPAN, boolean, category, evaluated, failure, many, score

RESOURCE = {"service.name": "spanjudge"}


@pytest.mark.parametrize(
    "batch",
    [
        many(20),
        [evaluated(boolean(value=True)), evaluated(score(0.1)), evaluated(failure())],
        [evaluated(category(truncated=("input",), confidence=0.5), generation=2)],
        [evaluated(score(float("inf"))), evaluated(score(float("-inf")))],
        [evaluated(category(), target=Target(kind="trace", trace_id=SPAN.trace_id))],
        [evaluated(category(), target=Target(trace_id="abc", span_id="x" * 16))],
        [evaluated(category(), target=Target(trace_id="x" * 32, span_id=SPAN.span_id))],
        [evaluated(category(explanation="broken \ud83d here"))],
        [evaluated(category(), id="same"), evaluated(category(), id="same")],
    ],
)
def test_both_say_the_same(batch: list[Evaluated]) -> None:
    encoded = otlp_wire.resource(RESOURCE)
    logs = ExportLogsServiceRequest.FromString(otlp_wire.logs_request(batch, encoded))
    metrics = ExportMetricsServiceRequest.FromString(otlp_wire.metrics_request(batch, encoded))
    assert from_json(otlp_json.logs_request(batch, RESOURCE), ExportLogsServiceRequest()) == logs
    assert from_json(otlp_json.metrics_request(batch, RESOURCE), ExportMetricsServiceRequest()) == metrics


def test_not_a_number_is_a_text() -> None:
    body = otlp_json.metrics_request([evaluated(score(float("nan")))], RESOURCE)
    assert b'"asDouble":"NaN"' in body
