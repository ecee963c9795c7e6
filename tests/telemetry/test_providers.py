import asyncio
import logging
import threading

import pytest

from spanjudge.errors import SettingsError
from spanjudge.judging.call import JudgeCall
from spanjudge.telemetry.judge_traces import JudgeTraces, route_from_environment
from spanjudge.telemetry.metrics import ResultMetrics
from spanjudge.telemetry.providers import Provided, open_providers, resource_attributes
from spanjudge.version import __version__
from tests.exporters.otlp_receiver import GrpcReceiver, HttpReceiver, attributes
from tests.exporters.outcomes import evaluated, score


def test_off_without_a_backend_or_when_told_so() -> None:
    to = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9"}
    for environ in (
        {},
        {**to, "OTEL_SDK_DISABLED": "true"},
        {**to, "OTEL_METRICS_EXPORTER": "none"},
        {"OTEL_EXPORTER_OTLP_LOGS_ENDPOINT": "http://127.0.0.1:9"},
    ):
        provided = open_providers(environ)
        assert (provided.meter_provider, provided.tracer_provider) == (None, None)


async def test_closing_nothing_is_nothing() -> None:
    await Provided().aclose(1)


@pytest.mark.parametrize("protocol", ["http/protobuf", "http/json", "grpc"])
@pytest.mark.parametrize("compression", ["none", "gzip"])
async def test_the_sdk_sends_our_metrics(protocol: str, compression: str) -> None:
    opened: HttpReceiver | GrpcReceiver = GrpcReceiver() if protocol == "grpc" else HttpReceiver()
    async with opened as receiver:
        provided = open_providers(
            {
                "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.url,
                "OTEL_EXPORTER_OTLP_PROTOCOL": protocol,
                "OTEL_EXPORTER_OTLP_COMPRESSION": compression,
                "OTEL_EXPORTER_OTLP_HEADERS": "x-key=a%2Cb",
                "OTEL_RESOURCE_ATTRIBUTES": "deployment.environment.name=test",
            },
            instance="one",
        )
        ResultMetrics(meter_provider=provided.meter_provider).record(evaluated(score(0.25)))
        await provided.aclose(5)
    (point,) = receiver.points()["gen_ai.evaluation.score"]
    assert (point.count, point.sum) == (1, 0.25)
    assert attributes(point.attributes)["gen_ai.evaluation.name"] == "relevancy"
    got = receiver.of("metrics")[0]
    assert got.headers["x-key"] == "a,b"
    resource = attributes(got.message.resource_metrics[0].resource.attributes)
    assert resource["service.name"] == "spanjudge"
    assert resource["service.instance.id"] == "one"
    assert resource["deployment.environment.name"] == "test"


@pytest.mark.parametrize("protocol", ["http/protobuf", "grpc"])
async def test_the_sdk_sends_judge_spans_to_a_destination_of_their_own(protocol: str) -> None:
    opened: HttpReceiver | GrpcReceiver = GrpcReceiver() if protocol == "grpc" else HttpReceiver()
    async with opened as receiver:
        environ = {
            "SPANJUDGE_JUDGE_TRACES_ENDPOINT": receiver.url,
            "SPANJUDGE_JUDGE_TRACES_PROTOCOL": protocol,
            # Meant for the applications that are judged.
            "OTEL_TRACES_SAMPLER": "always_off",
        }
        provided = open_providers(environ, judge_traces=route_from_environment(environ))
        assert provided.meter_provider is None
        assert provided.tracer_provider is not None
        JudgeTraces(provided.tracer_provider).observe(
            JudgeCall(provider="openai", model="gpt-4o-mini", evaluators=("topic",), duration=0.2)
        )
        await provided.aclose(5)
    (span,) = receiver.spans()
    assert span.name == "chat gpt-4o-mini"
    assert receiver.of("traces")[0].message.resource_spans[0].scope_spans[0].scope.name == "spanjudge.judge"


async def test_a_backend_that_hangs_does_not_hold_up_the_end() -> None:
    async with HttpReceiver({"metrics": ["hang"] * 100}) as receiver:
        provided = open_providers({"OTEL_EXPORTER_OTLP_ENDPOINT": receiver.url})
        ResultMetrics(meter_provider=provided.meter_provider).record(evaluated(score(0.25)))
        async with asyncio.timeout(
            9
        ):  # the SDK alone would wait ten seconds for the answer, and then try again
            await provided.aclose(0.2)
        assert not receiver.hanging.is_set()


async def test_an_end_that_hangs_or_fails_is_left_behind(caplog: pytest.LogCaptureFixture) -> None:
    go_on = threading.Event()

    def fails(_: float) -> None:
        raise RuntimeError

    def hangs(_: float) -> None:
        go_on.wait()

    with caplog.at_level(logging.WARNING, "spanjudge"):
        await Provided(end=(fails, hangs)).aclose(0.1)
    assert "could not be ended in order" in caplog.text
    assert "not sent within 0.1 s" in caplog.text
    (thread,) = [thread for thread in threading.enumerate() if thread.name == "telemetry-end"]
    assert thread.daemon
    go_on.set()
    await asyncio.to_thread(thread.join)


async def test_our_own_interval() -> None:
    async with HttpReceiver() as receiver:
        environ = {"OTEL_EXPORTER_OTLP_ENDPOINT": receiver.url, "OTEL_METRIC_EXPORT_INTERVAL": "20"}
        provided = open_providers(environ)
        ResultMetrics(meter_provider=provided.meter_provider).record(evaluated(score(0.25)))
        await receiver.arrived.wait()
        await provided.aclose(5)
    with pytest.raises(SettingsError, match="OTEL_METRIC_EXPORT_INTERVAL='a minute'"):
        open_providers({**environ, "OTEL_METRIC_EXPORT_INTERVAL": "a minute"})


def test_who_exports() -> None:
    assert resource_attributes({}) == {"service.name": "spanjudge", "service.version": __version__}
    assert resource_attributes(
        {"OTEL_RESOURCE_ATTRIBUTES": "service.name=theirs,team=a%20b, region = eu "}, instance="7"
    ) == {
        "service.name": "theirs",
        "team": "a b",
        "region": "eu",
        "service.version": __version__,
        "service.instance.id": "7",
    }
    both = resource_attributes({"OTEL_RESOURCE_ATTRIBUTES": "service.name=x", "OTEL_SERVICE_NAME": "judge-7"})
    assert both["service.name"] == "judge-7"


def test_resource_attributes_that_cannot_be_read(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, "spanjudge"):
        found = resource_attributes({"OTEL_RESOURCE_ATTRIBUTES": "team=a,nonsense"})
    assert found == {"service.name": "spanjudge", "service.version": __version__}
    assert "OTEL_RESOURCE_ATTRIBUTES" in caplog.text
