"""Where results go, by the settings and the environment."""

import os

from spanjudge.exporters import destinations
from spanjudge.exporters.console import ConsoleExporter
from spanjudge.pipeline.ports import Exporter
from spanjudge.settings import Settings
from spanjudge.telemetry.metrics import ExportMetrics
from spanjudge.telemetry.providers import resource_attributes


def open_exporters(settings: Settings, instance: str = "") -> list[Exporter]:
    """Every way out that the settings name. Raises `SettingsError`."""
    environ = otlp_environment(settings)
    found = destinations.from_environment(environ)
    entries = [{"name": name, **fields} for name, fields in settings.destinations.items()]
    found += destinations.from_entries(entries, environ, taken=found)
    exporters: list[Exporter] = []
    if found:
        # Imported here: a server without a backend starts without protobuf.
        from spanjudge.exporters.otlp import OtlpExporter  # noqa: PLC0415  see above

        resource = resource_attributes(environ, instance=instance)
        exporters += [OtlpExporter(one, resource=resource, metrics=ExportMetrics()) for one in found]
    if settings.export_console:
        exporters.append(ConsoleExporter())
    return exporters


def otlp_environment(settings: Settings) -> dict[str, str]:
    """The environment as exporters read it, with what the settings file says besides."""
    given = {
        "SPANJUDGE_EXPORT_OTLP_ENDPOINT": settings.export_otlp_endpoint,
        "SPANJUDGE_JUDGE_TRACES_ENDPOINT": settings.judge_traces_endpoint,
    }
    return {**os.environ, **{name: value for name, value in given.items() if value is not None}}
