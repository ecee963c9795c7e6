"""An application's own logger and meter providers, with everything that reached them kept in memory."""

from collections.abc import Mapping
from typing import Any, Self, cast

from opentelemetry.sdk._logs import LoggerProvider, LogRecordProcessor, export
from opentelemetry.sdk._logs.export import SimpleLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.resources import Resource

# Renamed in 1.39; the old name warns.
_Exporter: Any = getattr(export, "InMemoryLogRecordExporter", None) or vars(export)["InMemoryLogExporter"]


class TelemetryOut:
    """Providers of the SDK, and what came out of them."""

    def __init__(self, *processors: LogRecordProcessor) -> None:
        self._exporter = _Exporter()
        self._reader = InMemoryMetricReader()
        resource = Resource({"service.name": "travel-desk"})
        self.logger_provider = LoggerProvider(resource=resource, shutdown_on_exit=False)
        for processor in (*processors, SimpleLogRecordProcessor(self._exporter)):
            self.logger_provider.add_log_record_processor(processor)
        self.meter_provider = MeterProvider(
            resource=resource, metric_readers=[self._reader], shutdown_on_exit=False
        )

    @property
    def providers(self) -> dict[str, Any]:
        return {"logger_provider": self.logger_provider, "meter_provider": self.meter_provider}

    def records(self) -> list[Any]:
        """Log records, as the SDK hands them to exporters."""
        return [found.log_record for found in self._exporter.get_finished_logs()]

    def scopes(self) -> set[str]:
        return {found.instrumentation_scope.name for found in self._exporter.get_finished_logs()}

    def points(self) -> dict[str, list[Any]]:
        """Data points by the metric's name, as they stand now."""
        data = self._reader.get_metrics_data()
        if data is None:
            return {}
        return {
            metric.name: list(metric.data.data_points)
            for resource in data.resource_metrics
            for scope in resource.scope_metrics
            for metric in scope.metrics
        }

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.logger_provider.shutdown()
        self.meter_provider.shutdown()


def plain(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """Attributes as a dictionary; the SDK makes tuples of lists."""
    return {
        key: list(cast("tuple[Any, ...]", value)) if isinstance(value, tuple) else value
        for key, value in attributes.items()
    }
