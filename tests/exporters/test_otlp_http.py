import asyncio
import logging
import socket
from collections.abc import AsyncIterator
from typing import Any

import pytest
from google.rpc.status_pb2 import Status
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import (
    ExportLogsPartialSuccess,
    ExportLogsServiceResponse,
)
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader

from spanjudge.exporters import otlp as otlp_module
from spanjudge.exporters.destinations import Destination, from_environment
from spanjudge.exporters.otlp import OtlpExporter
from spanjudge.exporters.otlp_answers import SETTING_SECONDS
from spanjudge.pipeline.ports import ExportError
from spanjudge.telemetry.metrics import ExportMetrics
from tests.exporters.otlp_receiver import HttpReceiver, attributes
from tests.exporters.outcomes import category, evaluated, many

SECRET = "s3cret-of-ours"


@pytest.fixture
async def receiver() -> AsyncIterator[HttpReceiver]:
    async with HttpReceiver() as running:
        yield running


def destination(url: str, **variables: str) -> Destination:
    given = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": url,
        "OTEL_EXPORTER_OTLP_HEADERS": f"authorization=Bearer%20{SECRET}",
        **{f"OTEL_EXPORTER_OTLP_{name}": value for name, value in variables.items()},
    }
    return from_environment(given)[0]


async def exported(url: str, batch: Any = None, **variables: str) -> None:
    exporter = OtlpExporter(destination(url, **variables), resource={"service.name": "spanjudge"})
    try:
        await exporter.export(many(3) if batch is None else batch)
    finally:
        await exporter.aclose()


async def refused(url: str, **variables: str) -> ExportError:
    with pytest.raises(ExportError) as caught:
        await exported(url, **variables)
    assert SECRET not in str(caught.value)
    return caught.value


async def test_logs_and_metrics_arrive_where_the_specification_says(receiver: HttpReceiver) -> None:
    await exported(f"{receiver.url}/")
    (logs,), (metrics,) = receiver.of("logs"), receiver.of("metrics")
    assert logs.headers["content-type"] == metrics.headers["content-type"] == "application/x-protobuf"
    assert logs.headers["authorization"] == f"Bearer {SECRET}"
    assert logs.headers["user-agent"].startswith("spanjudge/")
    assert "content-encoding" not in logs.headers
    assert len(receiver.records()) == 3
    assert {name: len(points) for name, points in receiver.points().items()} == {
        "gen_ai.evaluations.count": 3,
        "gen_ai.evaluations.score": 3,
        "gen_ai.evaluations.outcome": 3,
        "gen_ai.evaluations.cost.usd": 3,
    }
    resource = logs.message.resource_logs[0].resource
    assert attributes(resource.attributes) == {"service.name": "spanjudge"}


@pytest.mark.parametrize("count", [1, 300])
async def test_gzip(receiver: HttpReceiver, count: int) -> None:
    await exported(receiver.url, many(count), COMPRESSION="gzip")
    assert [got.headers["content-encoding"] for got in receiver.got] == ["gzip", "gzip"]
    assert len(receiver.records()) == count


async def test_json_has_ids_in_hexadecimal(receiver: HttpReceiver) -> None:
    batch = many(2)
    await exported(receiver.url, batch, PROTOCOL="http/json")
    assert receiver.of("logs")[0].headers["content-type"] == "application/json"
    assert f'"traceId":"{batch[0].target.trace_id}"'.encode() in receiver.of("logs")[0].body
    assert b'"severityNumber":9' in receiver.of("logs")[0].body
    assert [record.span_id.hex() for record in receiver.records()] == [one.target.span_id for one in batch]
    point = receiver.points()["gen_ai.evaluations.count"][0]
    assert point.exemplars[0].trace_id.hex() == batch[0].target.trace_id


@pytest.mark.parametrize("status", [429, 502, 503, 504])
async def test_a_busy_backend_is_tried_again_when_it_says(receiver: HttpReceiver, status: int) -> None:
    receiver.answers["logs"] = [(status, {"Retry-After": "7"}, b"")]
    error = await refused(receiver.url)
    assert (error.retryable, error.retry_after) == (True, 7.0)
    assert str(status) in str(error)


async def test_retry_after_may_be_a_date_or_nonsense(receiver: HttpReceiver) -> None:
    receiver.answers["logs"] = [
        (503, {"Retry-After": "Wed, 21 Oct 2015 07:28:00 GMT"}, b""),
        (503, {"Retry-After": "soon"}, b""),
    ]
    past, nonsense = await refused(receiver.url), await refused(receiver.url)
    assert (past.retryable, past.retry_after) == (True, 0.0)
    assert (nonsense.retryable, nonsense.retry_after) == (True, None)


@pytest.mark.parametrize("status", [400, 422, 500, 501])
async def test_what_is_refused_for_good_is_not_retryable(receiver: HttpReceiver, status: int) -> None:
    said = Status(code=3, message=f"bad\x1b[31m batch, token {SECRET}").SerializeToString()
    receiver.answers["metrics"] = [(status, {"Content-Type": "application/x-protobuf"}, said)]
    error = await refused(receiver.url)
    assert not error.retryable
    assert "“bad [31m batch, token (hidden)”" in str(error)


@pytest.mark.parametrize(
    ("status", "setting"),
    [
        (401, "OTEL_EXPORTER_OTLP_HEADERS"),
        (403, "OTEL_EXPORTER_OTLP_HEADERS"),
        (404, "OTEL_EXPORTER_OTLP_ENDPOINT"),
        (405, "OTEL_METRICS_EXPORTER=none"),
        (307, "OTEL_EXPORTER_OTLP_ENDPOINT"),
    ],
)
async def test_a_wrong_setting_is_named_and_loses_nothing(
    receiver: HttpReceiver, status: int, setting: str
) -> None:
    receiver.answers["metrics"] = [(status, {"Location": "http://127.0.0.1:1/"}, b"<html>")]
    error = await refused(receiver.url)
    assert setting in str(error)
    assert (error.retryable, error.retry_after) == (True, SETTING_SECONDS)


async def test_no_backend_no_host_no_answer(receiver: HttpReceiver) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    nobody = await refused(f"http://user:{SECRET}@127.0.0.1:{port}")
    assert nobody.retryable
    assert "no connection (connection refused); is the backend running? OTEL_EXPORTER_OTLP_ENDPOINT" in str(
        nobody
    )
    assert (await refused("http://no-such-host.invalid:4318")).retryable
    receiver.answers["logs"] = ["hang"]
    late = await refused(receiver.url, TIMEOUT="60")
    assert late.retryable
    assert "OTEL_EXPORTER_OTLP_TIMEOUT" in str(late)
    receiver.answers["logs"] = ["cut"]
    assert (await refused(receiver.url)).retryable


async def test_what_arrived_is_not_sent_again(receiver: HttpReceiver) -> None:
    receiver.answers["metrics"] = [503, 503]
    exporter = OtlpExporter(destination(receiver.url), resource={})
    batch = many(6)
    with pytest.raises(ExportError):
        await exporter.export(batch)
    with pytest.raises(ExportError):
        await exporter.export(batch[:4])
    await exporter.export(batch[2:])
    assert len(receiver.of("logs")) == 1
    assert len(receiver.points()["gen_ai.evaluations.count"]) == 4
    await exporter.export(batch[:2])
    assert len(receiver.of("logs")) == 1
    # Once all is there it is forgotten: a result that comes again is sent again.
    await exporter.export(batch)
    assert len(receiver.of("logs")) == 2
    await exporter.aclose()


async def test_partial_success_is_logged_and_counted(
    receiver: HttpReceiver, caplog: pytest.LogCaptureFixture
) -> None:
    partial = ExportLogsPartialSuccess(rejected_log_records=2, error_message="too old")
    receiver.answers["logs"] = [ExportLogsServiceResponse(partial_success=partial)]
    reader = InMemoryMetricReader()
    provider = MeterProvider(metric_readers=[reader])
    exporter = OtlpExporter(
        destination(receiver.url), resource={}, metrics=ExportMetrics(meter_provider=provider)
    )
    with caplog.at_level(logging.WARNING, "spanjudge"):
        await exporter.export(many(3))
    await exporter.aclose()
    assert "otlp: the backend refused 2 of the log records of 3 results: “too old”" in caplog.text
    data = reader.get_metrics_data()
    assert data is not None
    metric: Any = data.resource_metrics[0].scope_metrics[0].metrics[0]
    counted = {
        (point.attributes["signal"], point.attributes["outcome"]): point.value
        for point in metric.data.data_points
    }
    provider.shutdown()
    assert metric.name == "spanjudge.export.results"
    assert counted == {("logs", "accepted"): 3, ("logs", "rejected"): 2, ("metrics", "accepted"): 3}


async def test_an_unreadable_good_answer_is_a_good_answer(receiver: HttpReceiver) -> None:
    receiver.answers["logs"] = [
        (200, {}, b"\xff\xff not protobuf"),
        (202, {"Content-Type": "text/plain"}, b""),
    ]
    await exported(receiver.url)
    await exported(receiver.url)


async def test_too_large_goes_in_parts(receiver: HttpReceiver, caplog: pytest.LogCaptureFixture) -> None:
    receiver.answers["logs"] = [413, 413]
    await exported(receiver.url, many(8))
    assert [len(got.message.resource_logs[0].scope_logs[0].log_records) for got in receiver.of("logs")] == [
        2,
        2,
        4,
    ]
    receiver.answers["logs"] = [413]
    with caplog.at_level(logging.ERROR, "spanjudge"):
        await exported(receiver.url, many(1))
    assert "too large" in caplog.text


async def test_long_batches_go_in_parts(receiver: HttpReceiver) -> None:
    long = [
        evaluated(category(explanation=f"{number} " * 200_000, evaluator=f"e{number}")) for number in range(6)
    ]
    await exported(receiver.url, long)
    assert len(receiver.records()) == 6
    assert len(receiver.of("logs")) > 1
    assert all(len(got.body) <= otlp_module.MOST_BYTES for got in receiver.of("logs"))


async def test_a_cancelled_export_leaves_the_exporter_usable(receiver: HttpReceiver) -> None:
    receiver.answers["logs"] = ["hang"]
    exporter = OtlpExporter(destination(receiver.url), resource={})
    task = asyncio.create_task(exporter.export(many(2)))
    await receiver.arrived.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await exporter.export(many(2))
    await exporter.aclose()
    assert len(receiver.records()) == 2


async def test_the_port_of_the_other_protocol_is_pointed_out() -> None:
    error = await refused("http://127.0.0.1:4317")
    assert "port 4317 usually speaks gRPC: set grpc as OTEL_EXPORTER_OTLP_PROTOCOL" in str(error)
