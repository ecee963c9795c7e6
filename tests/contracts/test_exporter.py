"""What every exporter keeps to."""

import io
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import pytest

from spanjudge.exporters.console import ConsoleExporter
from spanjudge.exporters.destinations import from_environment
from spanjudge.exporters.in_memory import InMemoryExporter
from spanjudge.exporters.otlp import OtlpExporter
from spanjudge.pipeline.ports import Exporter, ExportError
from tests.exporters.otlp_receiver import GrpcReceiver, HttpReceiver, Receiver, attributes
from tests.exporters.outcomes import category, evaluated, failure, many


class Case(msgspec.Struct):
    """An exporter, how many results have come out at its end, and how to take its end away (or `None`)."""

    exporter: Exporter
    arrived: Callable[[], int]
    take_away: Callable[[], None] | None


@asynccontextmanager
async def otlp(protocol: str) -> AsyncGenerator[Case]:
    receiver: Receiver
    async with GrpcReceiver() if protocol == "grpc" else HttpReceiver() as receiver:
        (destination,) = from_environment(
            {"OTEL_EXPORTER_OTLP_ENDPOINT": receiver.url, "OTEL_EXPORTER_OTLP_PROTOCOL": protocol}
        )
        exporter = OtlpExporter(destination, resource={"service.name": "spanjudge"})

        def take_away() -> None:
            away: Any = "UNAVAILABLE" if protocol == "grpc" else 503
            receiver.answers = {"logs": [away], "metrics": [away]}

        def arrived() -> int:
            ids = [
                attributes(record.attributes)["gen_ai.evaluation.result.id"] for record in receiver.records()
            ]
            assert len(ids) == len(set(ids))
            return len(ids)

        yield Case(exporter, arrived, take_away)
        await exporter.aclose()


@asynccontextmanager
async def console() -> AsyncGenerator[Case]:
    stream = io.StringIO()
    yield Case(ConsoleExporter(stream), lambda: len(stream.getvalue().splitlines()), stream.close)


@asynccontextmanager
async def in_memory() -> AsyncGenerator[Case]:
    exporter = InMemoryExporter()
    yield Case(exporter, lambda: len(exporter.results), None)


OPEN: dict[str, Callable[[], Any]] = {
    "otlp http/protobuf": lambda: otlp("http/protobuf"),
    "otlp http/json": lambda: otlp("http/json"),
    "otlp grpc": lambda: otlp("grpc"),
    "console": console,
    "in memory": in_memory,
}


@pytest.fixture(params=OPEN)
async def case(request: pytest.FixtureRequest) -> AsyncIterator[Case]:
    async with OPEN[request.param]() as opened:
        yield opened


async def test_carries_every_result_once(case: Case) -> None:
    batch = many(40)
    await case.exporter.export(batch[:25])
    await case.exporter.export(batch[25:])
    assert case.arrived() == 40


async def test_carries_failures_as_well(case: Case) -> None:
    await case.exporter.export([evaluated(failure()), evaluated(category(evaluator="other"))])
    assert case.arrived() == 2


async def test_an_empty_batch_is_nothing(case: Case) -> None:
    await case.exporter.export([])
    assert case.arrived() == 0


async def test_has_a_name_that_stays(case: Case) -> None:
    name = case.exporter.name
    await case.exporter.export(many(1))
    assert name
    assert case.exporter.name == name


async def test_says_when_it_could_not(case: Case) -> None:
    if case.take_away is None:
        await case.exporter.aclose()
    else:
        case.take_away()
    with pytest.raises(ExportError) as caught:
        await case.exporter.export(many(3))
    assert case.exporter.name in str(caught.value)


async def test_can_be_closed_twice_and_unused(case: Case) -> None:
    await case.exporter.aclose()
    await case.exporter.aclose()
