"""What a running server exports, and under which names Prometheus gets it from a collector."""

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from tests.exporters.otlp_receiver import Receiver

_UNITS = {"s": "seconds", "ms": "milliseconds", "By": "bytes", "USD": "USD"}


class Metric(NamedTuple):
    """An exported metric: its kind as OTLP spells it (gauge, sum, histogram), and every attribute's name."""

    name: str
    unit: str
    kind: str
    is_monotonic: bool
    attributes: frozenset[str]

    @property
    def prometheus(self) -> str:
        """Its name as the collector's Prometheus exporter writes it, without `_bucket` of histograms.

        OpenTelemetry's compatibility specification: characters replaced, unit appended, `_total` of counters.
        """
        name = re.sub(r"[^a-zA-Z0-9_:]", "_", self.name)
        unit = _UNITS.get(self.unit, "ratio" if self.unit == "1" and self.kind == "gauge" else "")
        if unit and unit not in name.split("_"):
            name += f"_{unit}"
        return f"{name}_total" if self.is_monotonic and self.kind == "sum" else name

    @property
    def series(self) -> frozenset[str]:
        """Every name under which Prometheus stores it."""
        if self.kind == "histogram":
            return frozenset(self.prometheus + end for end in ("_bucket", "_sum", "_count"))
        return frozenset({self.prometheus})

    @property
    def labels(self) -> frozenset[str]:
        """Its attributes as Prometheus has them."""
        return frozenset(re.sub(r"[^a-zA-Z0-9_]", "_", name) for name in self.attributes)


def exported(receiver: Receiver) -> dict[str, Metric]:
    """All metrics that came in, by their OpenTelemetry name."""
    found: dict[str, Metric] = {}
    for metric in _messages(receiver):
        kind = metric.WhichOneof("data")
        data = getattr(metric, kind)
        names = {pair.key for point in data.data_points for pair in point.attributes}
        before = found[metric.name].attributes if metric.name in found else frozenset[str]()
        is_monotonic = kind == "sum" and data.is_monotonic
        found[metric.name] = Metric(metric.name, metric.unit, kind, is_monotonic, before | names)
    return found


def _messages(receiver: Receiver) -> Iterator[Any]:
    for got in receiver.of("metrics"):
        for resource in got.message.resource_metrics:
            for scope in resource.scope_metrics:
                yield from scope.metrics
