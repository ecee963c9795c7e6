"""Gauges of budgets, by the OpenTelemetry API: without an SDK they cost nothing."""

from collections.abc import Callable, Iterable

from opentelemetry import metrics
from opentelemetry.metrics import CallbackOptions, Observation

from spanjudge.judging.budget.ledger import Ledger
from spanjudge.judging.budget.standing import Standing
from spanjudge.version import __version__


def observe_budgets(ledger: Ledger, meter_provider: metrics.MeterProvider | None = None) -> None:
    """Share, tokens and US dollars used of every limit that is set."""
    meter = metrics.get_meter("spanjudge", __version__, meter_provider)

    def gauge(name: str, unit: str, about: str, value: Callable[[Standing], float | None]) -> None:
        def look(_options: CallbackOptions) -> Iterable[Observation]:
            for standing in list(ledger.standings()):
                found = value(standing)
                if found is not None:
                    yield Observation(found, _attributes(standing))

        meter.create_observable_gauge(name, [look], unit=unit, description=about)

    gauge("spanjudge.budget.used", "1", "Share of a budget that is used up", lambda one: one.used / one.limit)
    gauge(
        "spanjudge.budget.tokens",
        "{token}",
        "Tokens used of a budget",
        lambda one: one.used if one.unit == "tokens" else None,
    )
    gauge(
        "spanjudge.budget.cost",
        "USD",
        "US dollars used of a budget",
        lambda one: one.used if one.unit == "usd" else None,
    )


def _attributes(standing: Standing) -> dict[str, str]:
    found = {"spanjudge.budget.unit": standing.unit, "spanjudge.budget.period": standing.period}
    if standing.evaluator is not None:
        found["gen_ai.evaluation.name"] = standing.evaluator
    return found
