from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from spanjudge.errors import SettingsError
from spanjudge.exporters.destinations import Destination, from_entries, from_environment

SECRET = "s3cret-of-ours"


def addresses(destination: Destination) -> dict[str, str]:
    return {route.signal: route.url for route in destination.routes}


def only(environ: Mapping[str, str]) -> Destination:
    (found,) = from_environment(environ)
    return found


def test_nothing_set_is_no_destination() -> None:
    assert from_environment({}) == []
    assert from_environment({"OTEL_EXPORTER_OTLP_ENDPOINT": " ", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}) == []
    assert from_environment({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://a:4318/v1/traces"}) == []


def test_the_process_own_backend_gets_results() -> None:
    found = only({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4318"})
    assert found.name == "otlp"
    assert addresses(found) == {
        "logs": "http://collector:4318/v1/logs",
        "metrics": "http://collector:4318/v1/metrics",
    }


def test_results_go_elsewhere_without_the_other_backends_key() -> None:
    found = only(
        {
            "OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4317",
            "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc",
            "OTEL_EXPORTER_OTLP_TIMEOUT": "3000",
            "OTEL_EXPORTER_OTLP_HEADERS": f"authorization={SECRET}",
            "OTEL_METRICS_EXPORTER": "none",
            "SPANJUDGE_EXPORT_OTLP_ENDPOINT": "http://results:4317",
        }
    )
    assert addresses(found) == {"logs": "http://results:4317", "metrics": "http://results:4317"}
    assert {(route.protocol, route.timeout) for route in found.routes} == {("grpc", 3.0)}
    assert [route.headers for route in found.routes] == [{}, {}]


def test_results_have_settings_of_their_own() -> None:
    found = only(
        {
            "SPANJUDGE_EXPORT_OTLP_ENDPOINT": "http://results:4318/otlp",
            "SPANJUDGE_EXPORT_OTLP_HEADERS": "x-key=1",
            "SPANJUDGE_EXPORT_OTLP_SIGNALS": "logs",
            "SPANJUDGE_EXPORT_OTLP_LOGS_COMPRESSION": "gzip",
        }
    )
    assert addresses(found) == {"logs": "http://results:4318/otlp/v1/logs"}
    assert found.logs is not None
    assert (found.logs.headers, found.logs.compression) == ({"x-key": "1"}, "gzip")


def test_results_nowhere() -> None:
    environ = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4318"}
    assert from_environment({**environ, "SPANJUDGE_EXPORT_OTLP_ENDPOINT": "none"}) == []
    assert from_environment({**environ, "OTEL_LOGS_EXPORTER": "none", "OTEL_METRICS_EXPORTER": "none"}) == []
    logs_only = only(
        {**environ, "OTEL_LOGS_EXPORTER": "console, otlp", "OTEL_METRICS_EXPORTER": "prometheus"}
    )
    assert list(addresses(logs_only)) == ["logs"]


def test_no_secret_is_ever_shown() -> None:
    found = only(
        {
            "OTEL_EXPORTER_OTLP_LOGS_ENDPOINT": f"https://user:{SECRET}@logs:4318/in?key={SECRET}",
            "OTEL_EXPORTER_OTLP_HEADERS": f"authorization=Bearer%20{SECRET}",
        }
    )
    assert SECRET not in repr(found) + str(found) + found.summary
    assert found.summary == "otlp: logs to https://logs:4318/in (http/protobuf)"
    assert SECRET in found.routes[0].secrets


@pytest.mark.parametrize(
    "variables",
    [
        {"OTEL_EXPORTER_OTLP_ENDPOINT": f"user:{SECRET}@collector:4318"},
        {"OTEL_EXPORTER_OTLP_ENDPOINT": f"ftp://user:{SECRET}@collector/?k={SECRET}"},
        {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://["},
        {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:port"},
        {"OTEL_EXPORTER_OTLP_HEADERS": SECRET},
        {"OTEL_EXPORTER_OTLP_HEADERS": f"a b={SECRET}"},
        {"OTEL_EXPORTER_OTLP_HEADERS": f"key={SECRET}%0d%0ainjected:yes"},
        {"OTEL_EXPORTER_OTLP_PROTOCOL": "thrift"},
        {"OTEL_EXPORTER_OTLP_COMPRESSION": "zstd"},
        {"OTEL_EXPORTER_OTLP_TIMEOUT": "10s"},
        {"OTEL_EXPORTER_OTLP_TIMEOUT": "0"},
        {"OTEL_EXPORTER_OTLP_CERTIFICATE": "/no/such/file.pem"},
        {"OTEL_EXPORTER_OTLP_CLIENT_KEY": __file__},
        {"SPANJUDGE_EXPORT_OTLP_ENDPOINT": "collector"},
    ],
)
def test_a_bad_variable_is_named(variables: dict[str, str]) -> None:
    with pytest.raises(SettingsError) as caught:
        from_environment({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4318", **variables})
    assert next(iter(variables)) in str(caught.value)
    assert SECRET not in str(caught.value)


def test_entries_of_the_settings_file(tmp_path: Path) -> None:
    certificate = tmp_path / "ca.pem"
    certificate.write_text("…")
    first, second = from_entries(
        [
            {
                "name": "backup",
                "endpoint": "https://backup:4318",
                "headers": {"Authorization": "Bearer ${BACKUP_KEY}", "x-tenant": "7"},
                "timeout": "2.5",
                "compression": "gzip",
                "certificate": str(certificate),
                "signals": ["logs"],
            },
            {
                "name": "metrics",
                "metrics_endpoint": "collector:4317",
                "protocol": "grpc",
                "insecure": "true",
                "signals": "metrics",
            },
        ],
        {"BACKUP_KEY": SECRET},
    )
    assert first.logs is not None
    assert first.metrics is None
    assert first.logs.url == "https://backup:4318/v1/logs"
    assert first.logs.headers == {"authorization": f"Bearer {SECRET}", "x-tenant": "7"}
    assert (first.logs.timeout, first.logs.compression) == (2.5, "gzip")
    assert first.logs.certificate == str(certificate)
    assert addresses(second) == {"metrics": "http://collector:4317"}
    assert SECRET not in repr(first)


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ("backup", "destinations[0]: expected a mapping"),
        ({"endpoint": "http://a:1"}, "destinations[0].name"),
        ({"name": "b"}, "destinations.b.endpoint is missing"),
        ({"name": "b", "endpont": "http://a:1"}, "did you mean `endpoint`?"),
        ({"name": "b", "endpoint": "a:1"}, "destinations.b.endpoint"),
        ({"name": "b", "endpoint": "http://a:1", "protocol": "smtp"}, "destinations.b.protocol"),
        ({"name": "b", "endpoint": "http://a:1", "timeout": "0"}, "destinations.b.timeout"),
        ({"name": "b", "endpoint": "http://a:1", "signals": ["traces"]}, "destinations.b.signals"),
        ({"name": "b", "endpoint": "http://a:1", "headers": "k=v"}, "destinations.b.headers"),
        ({"name": "b", "endpoint": "http://a:1", "headers": {"k": "${NO_SUCH}"}}, "NO_SUCH is not set"),
        ({"name": "b", "endpoint": "http://a:1", "client_key": __file__}, "belong together"),
        ({"name": "b", "endpoint": ["http://a:1"]}, "destinations.b.endpoint: expected a single value"),
        ({"name": "otlp", "endpoint": "http://a:1"}, "the one of the environment variables"),
    ],
)
def test_a_bad_entry_is_pointed_out(entry: Any, words: str) -> None:
    taken = from_environment({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4318"})
    with pytest.raises(SettingsError) as caught:
        from_entries([entry], {}, taken=taken)
    assert words in str(caught.value)


def test_two_entries_of_one_name() -> None:
    entry = {"name": "b", "endpoint": "http://a:1"}
    with pytest.raises(SettingsError, match=r"destinations.b.name: another destination is called 'b'"):
        from_entries([entry, entry], {})
