from collections.abc import Callable
from typing import Any, Self

import pytest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader

from spanjudge.telemetry.metrics import Reading, ResultMetrics, ServerMetrics
from tests.exporters.outcomes import boolean, category, evaluated, failure, score


class Measured:
    def __init__(self) -> None:
        self.reader = InMemoryMetricReader()
        self.provider = MeterProvider(metric_readers=[self.reader])

    def metrics(self) -> dict[str, Any]:
        data = self.reader.get_metrics_data()
        assert data is not None
        return {metric.name: metric for metric in data.resource_metrics[0].scope_metrics[0].metrics}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.provider.shutdown()


def points(metric: Any) -> list[tuple[dict[str, Any], Any]]:
    return [(dict(point.attributes), point) for point in metric.data.data_points]


JUDGE = {"gen_ai.provider.name": "openai", "gen_ai.request.model": "gpt-4o-mini", "service": "travel-desk"}


def test_results_add_up() -> None:
    with Measured() as measured:
        metrics = ResultMetrics(meter_provider=measured.provider)
        for outcome in (
            score(0.25, verdict="fail"),
            score(0.75, verdict="fail"),
            boolean(value=True),
            category(verdict=None, cost_usd=None),
            failure(cost_usd=0.5),
        ):
            metrics.record(evaluated(outcome))
        found = measured.metrics()
    assert {name: metric.unit for name, metric in found.items()} == {
        "gen_ai.evaluation.score": "1",
        "gen_ai.evaluation.outcomes": "{evaluation}",
        "gen_ai.evaluation.cost": "USD",
    }
    scores = points(found["gen_ai.evaluation.score"])
    assert [(attributes, point.count, point.sum) for attributes, point in scores] == [
        (
            {
                "gen_ai.evaluation.name": "relevancy",
                **JUDGE,
                "gen_ai.evaluation.score.label": "Relevant",
                "gen_ai.evaluation.passed": False,
            },
            2,
            1.0,
        ),
        ({"gen_ai.evaluation.name": "answered", **JUDGE, "gen_ai.evaluation.passed": True}, 1, 1.0),
    ]
    outcomes = {
        (attributes["gen_ai.evaluation.name"], attributes["gen_ai.evaluation.outcome"]): point.value
        for attributes, point in points(found["gen_ai.evaluation.outcomes"])
    }
    assert outcomes == {
        ("relevancy", "fail"): 2,
        ("answered", "pass"): 1,
        ("topic", "none"): 1,
        ("topic", "error"): 1,
    }
    (failed,) = [
        attributes
        for attributes, _ in points(found["gen_ai.evaluation.outcomes"])
        if attributes["gen_ai.evaluation.outcome"] == "error"
    ]
    assert failed["error.type"] == "judge_timeout"
    costs = {
        attributes["gen_ai.evaluation.name"]: point.value
        for attributes, point in points(found["gen_ai.evaluation.cost"])
    }
    assert costs == {
        "relevancy": pytest.approx(0.000246),
        "answered": pytest.approx(0.000123),
        "topic": 0.5,
    }


def test_how_the_server_stands_is_read_when_it_is_asked() -> None:
    values: dict[str, float | None] = {"in_hand": 3, "spans": None, "received": 10}

    def reading(name: Reading) -> Callable[[], float | None]:
        return lambda: values[name]

    names: tuple[Reading, ...] = ("in_hand", "spans", "received")
    with Measured() as measured:
        ServerMetrics({name: reading(name) for name in names}, meter_provider=measured.provider)
        before = {name: points(metric)[0][1].value for name, metric in measured.metrics().items()}
        values |= {"in_hand": 4, "spans": 7, "received": 12}
        after = {name: points(metric)[0][1].value for name, metric in measured.metrics().items()}
    assert before == {"spanjudge.jobs.in_hand": 3, "spanjudge.spans.received": 10}
    assert after == {"spanjudge.jobs.in_hand": 4, "spanjudge.store.spans": 7, "spanjudge.spans.received": 12}
