"""The OTLP exporter variables, as https://opentelemetry.io/docs/specs/otel/protocol/exporter/ has them."""

import logging

import pytest

from spanjudge.telemetry.routes import Route, Signal, parse_headers, read_route

BASE = "OTEL_EXPORTER_OTLP_ENDPOINT"


def route(signal: Signal = "logs", **variables: str) -> Route:
    given = {f"OTEL_EXPORTER_OTLP_{name}": value for name, value in variables.items()}
    found = read_route(given, signal)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("base", "url"),
    [
        ("http://collector:4318", "http://collector:4318/v1/traces"),
        ("http://collector:4318/", "http://collector:4318/v1/traces"),
        ("https://collector/mycollector/", "https://collector/mycollector/v1/traces"),
        ("http://[::1]:4318", "http://[::1]:4318/v1/traces"),
        ("http://collector/in?tenant=7", "http://collector/in/v1/traces?tenant=7"),
    ],
)
def test_the_base_address_gets_the_signals_path(base: str, url: str) -> None:
    assert route("traces", ENDPOINT=base).url == url


@pytest.mark.parametrize(
    ("own", "url"),
    [
        ("http://collector:4318/custom", "http://collector:4318/custom"),
        ("http://collector:4318/custom/", "http://collector:4318/custom/"),
        ("http://collector:4318", "http://collector:4318/"),
    ],
)
def test_a_signals_own_address_is_taken_as_it_is(own: str, url: str) -> None:
    assert route(ENDPOINT="http://other:1", LOGS_ENDPOINT=own).url == url


@pytest.mark.parametrize(
    ("given", "insecure", "url", "secure"),
    [
        ("http://collector:4317", "", "http://collector:4317", False),
        ("https://collector:4317/path", "true", "https://collector:4317", True),
        ("collector:4317", "", "https://collector:4317", True),
        ("collector:4317", "true", "http://collector:4317", False),
        ("collector:4317", "yes", "https://collector:4317", True),
        ("http://collector", "", "http://collector:4317", False),
        ("https://collector", "", "https://collector:443", True),
    ],
)
def test_addresses_of_grpc(given: str, insecure: str, url: str, secure: bool) -> None:  # noqa: FBT001  # a case
    found = route(ENDPOINT=given, INSECURE=insecure, PROTOCOL="grpc")
    assert (found.url, found.is_secure) == (url, secure)


def test_a_signals_own_variables_go_first() -> None:
    found = route(
        ENDPOINT="http://collector:4318",
        HEADERS="a=1",
        LOGS_HEADERS="b=2",
        TIMEOUT="1000",
        LOGS_TIMEOUT="2000",
        COMPRESSION="gzip",
        LOGS_COMPRESSION="none",
        PROTOCOL="grpc",
        LOGS_PROTOCOL="http/json",
        METRICS_TIMEOUT="1",
    )
    assert found.headers == {"b": "2"}
    assert (found.timeout, found.compression, found.protocol) == (2.0, "none", "http/json")


def test_defaults() -> None:
    found = route(ENDPOINT="http://collector:4318", HEADERS="", TIMEOUT="")
    assert (found.protocol, found.timeout, found.compression) == ("http/protobuf", 10.0, "none")
    assert read_route({}, "logs") is None


@pytest.mark.parametrize(
    ("text", "headers"),
    [
        ("api-key=key,other-config-value=value", {"api-key": "key", "other-config-value": "value"}),
        (" Authorization = Basic%20dXNlcjpwYXNz , ", {"authorization": "Basic dXNlcjpwYXNz"}),
        ("k=a%2Cb%3Dc", {"k": "a,b=c"}),
        ("k=a=b==", {"k": "a=b=="}),
        ("k=", {"k": ""}),
        ("", {}),
    ],
)
def test_headers(text: str, headers: dict[str, str]) -> None:
    assert parse_headers(text, "OTEL_EXPORTER_OTLP_HEADERS") == headers


def test_a_timeout_that_looks_like_seconds_is_pointed_out(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, "spanjudge"):
        assert route(ENDPOINT="http://a:1", TIMEOUT="10").timeout == 0.01
    assert "OTEL_EXPORTER_OTLP_TIMEOUT=10 is in milliseconds" in caplog.text


def test_settings_are_named_as_they_were_given() -> None:
    assert route(ENDPOINT="http://a:1").named("HEADERS") == "OTEL_EXPORTER_OTLP_HEADERS"
    assert Route(signal="logs", url="http://a:1", settings="destinations[0]").named("HEADERS") == (
        "destinations[0].headers"
    )
