import socket
from collections.abc import AsyncIterator
from typing import Any

import pytest
from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.duration_pb2 import Duration
from google.rpc.error_details_pb2 import RetryInfo
from google.rpc.status_pb2 import Status

from spanjudge.exporters.destinations import from_environment
from spanjudge.exporters.otlp import OtlpExporter
from spanjudge.pipeline.ports import ExportError
from tests.exporters.otlp_receiver import GrpcReceiver
from tests.exporters.outcomes import category, evaluated, many

SECRET = "s3cret-of-ours"


@pytest.fixture
async def receiver() -> AsyncIterator[GrpcReceiver]:
    async with GrpcReceiver() as running:
        yield running


async def exported(url: str, batch: Any = None, **variables: str) -> None:
    given = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": url,
        "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc",
        "OTEL_EXPORTER_OTLP_HEADERS": f"X-Api-Key={SECRET}",
        **{f"OTEL_EXPORTER_OTLP_{name}": value for name, value in variables.items()},
    }
    exporter = OtlpExporter(from_environment(given)[0], resource={"service.name": "spanjudge"})
    try:
        await exporter.export(many(3) if batch is None else batch)
    finally:
        await exporter.aclose()


async def refused(url: str, **variables: str) -> ExportError:
    with pytest.raises(ExportError) as caught:
        await exported(url, **variables)
    assert SECRET not in str(caught.value)
    return caught.value


def details(message: Any) -> tuple[tuple[str, bytes], ...]:
    packed = AnyMessage()
    packed.Pack(message)
    return (("grpc-status-details-bin", Status(code=8, details=[packed]).SerializeToString()),)


async def test_logs_and_metrics_arrive(receiver: GrpcReceiver) -> None:
    await exported(receiver.url, COMPRESSION="gzip")
    assert len(receiver.records()) == 3
    assert {len(points) for points in receiver.points().values()} == {3}
    headers = receiver.of("logs")[0].headers
    assert headers["x-api-key"] == SECRET
    assert headers["user-agent"].startswith("spanjudge/")


async def test_without_a_scheme(receiver: GrpcReceiver) -> None:
    await exported(receiver.url.removeprefix("http://"), INSECURE="true")
    assert len(receiver.records()) == 3


@pytest.mark.parametrize("code", ["CANCELLED", "ABORTED", "OUT_OF_RANGE", "UNAVAILABLE", "DATA_LOSS"])
async def test_a_busy_backend_is_tried_again(receiver: GrpcReceiver, code: str) -> None:
    receiver.answers["logs"] = [code]
    error = await refused(receiver.url)
    assert (error.retryable, error.retry_after) == (True, None)
    assert code in str(error)


async def test_when_it_says(receiver: GrpcReceiver) -> None:
    wait = details(RetryInfo(retry_delay=Duration(seconds=3, nanos=500_000_000)))
    receiver.answers["logs"] = [
        ("UNAVAILABLE", "busy", wait),
        ("RESOURCE_EXHAUSTED", "slow down", wait),
        ("RESOURCE_EXHAUSTED", "no more today", details(Duration(seconds=1))),
        ("UNAVAILABLE", "busy", (("grpc-status-details-bin", b"\xff\xff\xff"),)),
    ]
    told = [await refused(receiver.url) for _ in range(4)]
    assert [(error.retryable, error.retry_after) for error in told] == [
        (True, 3.5),
        (True, 3.5),
        (False, None),
        (True, None),
    ]


@pytest.mark.parametrize("code", ["INVALID_ARGUMENT", "INTERNAL", "FAILED_PRECONDITION", "UNKNOWN"])
async def test_what_is_refused_for_good_is_not_retryable(receiver: GrpcReceiver, code: str) -> None:
    receiver.answers["metrics"] = [(code, f"no, {SECRET}", ())]
    error = await refused(receiver.url)
    assert not error.retryable
    assert "“no, (hidden)”" in str(error)


@pytest.mark.parametrize(
    ("code", "setting"),
    [
        ("UNAUTHENTICATED", "check the value of x-api-key in OTEL_EXPORTER_OTLP_HEADERS"),
        ("PERMISSION_DENIED", "OTEL_EXPORTER_OTLP_HEADERS"),
        ("UNIMPLEMENTED", "OTEL_METRICS_EXPORTER=none"),
    ],
)
async def test_a_wrong_setting_is_named_and_loses_nothing(
    receiver: GrpcReceiver, code: str, setting: str
) -> None:
    receiver.answers["metrics"] = [code]
    error = await refused(receiver.url)
    assert setting in str(error)
    assert error.retryable


async def test_no_backend_and_no_answer(receiver: GrpcReceiver) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    nobody = await refused(f"http://127.0.0.1:{port}")
    assert nobody.retryable
    assert "is the backend running? OTEL_EXPORTER_OTLP_ENDPOINT" in str(nobody)
    receiver.answers["logs"] = ["hang"]
    late = await refused(receiver.url, TIMEOUT="80")
    assert late.retryable
    assert "OTEL_EXPORTER_OTLP_TIMEOUT" in str(late)


async def test_too_large_goes_in_parts(receiver: GrpcReceiver) -> None:
    receiver.answers["logs"] = [("RESOURCE_EXHAUSTED", "Received message larger than max (9 vs. 4)", ())]
    await exported(receiver.url, many(4))
    assert len(receiver.of("logs")) == 2
    long = [evaluated(category(explanation="x" * 600_000, evaluator=f"e{number}")) for number in range(8)]
    await exported(receiver.url, long)
    assert len(receiver.records()) == 12
