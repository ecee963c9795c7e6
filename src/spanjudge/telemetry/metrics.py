"""What the server says about results and about itself, as OpenTelemetry metrics that can be added up.

The gauges of `result_record` have a data point for every evaluation; these are their aggregate-safe
companions.
Only the OpenTelemetry API is used: without an SDK every call here does next to nothing.
"""

import threading
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Literal

import msgspec
from opentelemetry import metrics
from opentelemetry.context import Context
from opentelemetry.metrics import CallbackOptions, Observation

from spanjudge.telemetry import result_record
from spanjudge.telemetry.evaluated import Evaluated
from spanjudge.version import __version__

# Scores are 0 to 1 by custom, and people also use 1 to 5, 1 to 10 and percent.
_SCORES = (0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 25, 50, 75, 100)

ExportWord = Literal["accepted", "rejected", "postponed", "failed"]


def _meter(provider: metrics.MeterProvider | None) -> metrics.Meter:
    return metrics.get_meter(result_record.SCOPE, __version__, provider)


class ResultMetrics:
    """Histogram of scores, counters of outcomes and cost; recorded once for every stored outcome.

    With `gathers` the counters are added up here until `flush`: the sums are the same, and the SDK, which
    takes longer for one addition than most of what leads to it, is asked once for many.
    """

    def __init__(self, *, meter_provider: metrics.MeterProvider | None = None, gathers: bool = False) -> None:
        """Without a provider the process's own is taken, which may also be set later."""
        meter = _meter(meter_provider)
        self._gathered: dict[int, _Sum] | None = {} if gathers else None
        self._gathering = threading.Lock()
        self._score = meter.create_histogram(
            "gen_ai.evaluation.score",
            unit="1",
            description="Scores of evaluations",
            explicit_bucket_boundaries_advisory=_SCORES,
        )
        self._outcomes = meter.create_counter(
            "gen_ai.evaluation.outcomes",
            unit="{evaluation}",
            description="Evaluations by outcome: pass, fail, error, or none without acceptance criteria",
        )
        self._cost = meter.create_counter(
            "gen_ai.evaluation.cost", unit="USD", description="Estimated cost of judge calls"
        )
        self._attributes: dict[int, tuple[result_record.Fixed, _ResultAttributes]] = {}

    def record(self, evaluated: Evaluated, context: Context | None = None) -> None:
        """Record one outcome; `context` is the judged span's, for exemplars (default: the current one)."""
        fixed = result_record.fixed_of(evaluated)
        attributes = self._attributes_of(fixed)
        score = result_record.score_of(evaluated.outcome)
        if score is not None:
            self._score.record(score, attributes.score, context)
        cost = evaluated.outcome.cost_usd
        if self._gathered is None:
            self._outcomes.add(1, attributes.outcome, context)
            if cost:
                self._cost.add(cost, attributes.cost, context)
            return
        with self._gathering:
            found = self._gathered.get(id(attributes))
            if found is None:
                found = self._gathered[id(attributes)] = _Sum(attributes)
            found.outcomes += 1
            found.cost += cost or 0.0

    def flush(self) -> None:
        """Hand on what was gathered."""
        if not self._gathered:
            return
        with self._gathering:
            gathered, self._gathered = self._gathered, {}
        for one in gathered.values():
            self._outcomes.add(one.outcomes, one.attributes.outcome)
            if one.cost:
                self._cost.add(one.cost, one.attributes.cost)

    def _attributes_of(self, fixed: result_record.Fixed) -> "_ResultAttributes":
        """The same few sets again and again: kept. The object is kept with them, so its id stays its own."""
        kept = self._attributes.get(id(fixed))
        if kept is not None and kept[0] is fixed:
            return kept[1]
        if len(self._attributes) > 4096:  # noqa: PLR2004  as many as `fixed_of` keeps
            self._attributes.clear()
        found = _ResultAttributes.of(fixed)
        self._attributes[id(fixed)] = (fixed, found)
        return found


class _ResultAttributes(msgspec.Struct, frozen=True):
    """Attributes of the three instruments: those of the log record that take few values."""

    score: dict[str, Any]
    outcome: dict[str, Any]
    cost: dict[str, Any]

    @classmethod
    def of(cls, fixed: result_record.Fixed) -> "_ResultAttributes":
        known = fixed.attributes
        cost = {
            ours: known[theirs]
            for ours, theirs in (
                ("gen_ai.evaluation.name", "gen_ai.evaluation.name"),
                ("gen_ai.evaluation.evaluator.name", "gen_ai.evaluation.evaluator.name"),
                ("gen_ai.provider.name", "eval.model.provider"),
                ("gen_ai.request.model", "eval.model.name"),
                ("service", "eval.target.service"),
            )
            if theirs in known
        }
        outcome = {**cost, "gen_ai.evaluation.outcome": fixed.outcome or "none"}
        if "error.type" in known:
            outcome["error.type"] = known["error.type"]
        score = {
            **cost,
            **{
                key: known[key]
                for key in ("gen_ai.evaluation.score.label", "gen_ai.evaluation.passed")
                if key in known
            },
        }
        return cls(score, outcome, cost)


class _Sum:
    """What was counted under the same attributes; they are kept here, so that their id stays theirs."""

    __slots__ = ("attributes", "cost", "outcomes")

    def __init__(self, attributes: _ResultAttributes) -> None:
        self.attributes = attributes
        self.outcomes = 0
        self.cost = 0.0


class ExportMetrics:
    """A counter of what exporters did with results."""

    def __init__(self, *, meter_provider: metrics.MeterProvider | None = None) -> None:
        """Without a provider the process's own is taken."""
        self._exported = _meter(meter_provider).create_counter(
            "spanjudge.export.results",
            unit="{result}",
            description="Results by what became of their export: accepted, rejected within an accepted "
            "request, postponed, failed",
        )

    def count(self, destination: str, signal: str, word: ExportWord, number: int) -> None:
        """Count results (`rejected`: log records or data points) of one request."""
        attributes = {"destination": destination, "signal": signal, "outcome": word}
        self._exported.add(number, attributes)


Reading = Literal["in_hand", "spans", "received", "refused", "dropped"]
"""What can be read of a server beside its queues: see `_READINGS` for name, unit and meaning."""

_READINGS: Mapping[Reading, tuple[str, str, str]] = {
    "in_hand": ("spanjudge.jobs.in_hand", "{job}", "Jobs under way in this process"),
    "spans": ("spanjudge.store.spans", "{span}", "Spans in the store"),
    "received": ("spanjudge.spans.received", "{span}", "Spans received"),
    "refused": ("spanjudge.requests.refused", "{request}", "Requests told to come again later"),
    "dropped": ("spanjudge.results.dropped", "{result}", "Results given up on their way to a destination"),
}
_COUNTS: frozenset[Reading] = frozenset({"received", "refused", "dropped"})


class ServerMetrics:
    """How the server stands, read when metrics are collected.

    `readings` give a value each, or `None` while there is none; counts since the start for `received`,
    `dropped` and `refused`. They are called in the SDK's thread: they must be quick, and only look at what
    others keep up to date. What one raises is the SDK's to log.
    """

    def __init__(
        self,
        readings: Mapping[Reading, Callable[[], float | None]],
        *,
        meter_provider: metrics.MeterProvider | None = None,
    ) -> None:
        """Without a provider the process's own is taken."""
        meter = _meter(meter_provider)
        for key, read in readings.items():
            name, unit, description = _READINGS[key]
            create = meter.create_observable_counter if key in _COUNTS else meter.create_observable_gauge
            create(name, callbacks=[_callback(read)], unit=unit, description=description)


def _callback(read: Callable[[], float | None]) -> Callable[[CallbackOptions], Iterable[Observation]]:
    def observed(_: CallbackOptions) -> Iterable[Observation]:
        value = read()
        return [] if value is None else [Observation(value)]

    return observed
