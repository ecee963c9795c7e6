from typing import Any

from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader

from spanjudge.judging.call import JudgeCall
from spanjudge.judging.judge import Judge
from spanjudge.judging.models.model import JudgeModelError
from spanjudge.judging.models.scripted import ScriptedModel
from spanjudge.judging.subject import Subject
from spanjudge.judging.usage import Usage
from spanjudge.telemetry.monitoring import Monitoring
from tests.judging.evaluators import POLITE, TOPIC


class Measured:
    def __init__(self, **options: Any) -> None:
        self.reader = InMemoryMetricReader()
        self.provider = MeterProvider(metric_readers=[self.reader])
        self.monitoring = Monitoring(meter_provider=self.provider, **options)

    def metrics(self) -> dict[str, Any]:
        data = self.reader.get_metrics_data()
        self.provider.shutdown()
        assert data is not None
        return {
            metric.name: metric
            for resource in data.resource_metrics
            for scope in resource.scope_metrics
            for metric in scope.metrics
        }


def points(metric: Any) -> list[tuple[dict[str, Any], Any]]:
    return [(dict(point.attributes), point) for point in metric.data.data_points]


JUDGE = {
    "gen_ai.operation.name": "chat",
    "gen_ai.provider.name": "scripted",
    "gen_ai.request.model": "judge-1",
    "gen_ai.evaluation.evaluator.name": "native",
}


async def test_a_call_for_one_evaluator() -> None:
    measured = Measured()
    judge = Judge(ScriptedModel(model="judge-1"), observer=measured.monitoring.observe)
    await judge.judge(Subject(output="x"), [TOPIC])
    found = measured.metrics()
    assert {name: metric.unit for name, metric in found.items()} == {
        "gen_ai.evaluation.client.operation.duration": "s",
        "gen_ai.evaluation.client.token.usage": "{token}",
    }
    expected = {**JUDGE, "gen_ai.evaluation.name": "topic"}
    ((attributes, point),) = points(found["gen_ai.evaluation.client.operation.duration"])
    assert (attributes, point.count) == (expected, 1)
    assert 0 < point.sum < 60
    tokens = points(found["gen_ai.evaluation.client.token.usage"])
    assert [attributes for attributes, _ in tokens] == [
        {**expected, "gen_ai.token.type": "input"},
        {**expected, "gen_ai.token.type": "output"},
    ]
    assert tokens[0][1].sum > tokens[1][1].sum > 0


async def test_a_batch_names_no_evaluator_and_unknown_usage_is_not_recorded() -> None:
    measured = Measured(evaluator_name="deepeval")
    call = JudgeCall(provider="p", model="m", evaluators=("a", "b"), duration=0.5)
    measured.monitoring.observe(call)
    found = measured.metrics()
    assert list(found) == ["gen_ai.evaluation.client.operation.duration"]
    ((attributes, point),) = points(found["gen_ai.evaluation.client.operation.duration"])
    assert attributes == {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "p",
        "gen_ai.request.model": "m",
        "gen_ai.evaluation.evaluator.name": "deepeval",
    }
    assert point.sum == 0.5


async def test_failed_calls_count_with_the_class_of_the_error() -> None:
    measured = Measured()
    model = ScriptedModel(JudgeModelError("judge_unavailable", "down", usage=Usage(input=9, output=0)))
    await Judge(model, observer=measured.monitoring.observe).judge(Subject(output="x"), [TOPIC, POLITE])
    found = measured.metrics()
    ((attributes, _),) = points(found["gen_ai.evaluation.client.operation.duration"])
    assert attributes["error.type"] == "JudgeModelError"
    ((taken, point), _) = points(found["gen_ai.evaluation.client.token.usage"])
    assert (taken["gen_ai.token.type"], point.sum) == ("input", 9)
    assert "error.type" not in taken


async def test_the_queue() -> None:
    measured = Measured()
    for _ in range(3):
        measured.monitoring.enqueued()
    measured.monitoring.dequeued()
    measured.monitoring.not_enqueued(RuntimeError("closed"))
    found = measured.metrics()
    ((attributes, size),) = points(found["gen_ai.evaluation.client.queue.size"])
    assert (attributes, size.value) == ({"gen_ai.evaluation.evaluator.name": "native"}, 2)
    ((attributes, errors),) = points(found["gen_ai.evaluation.client.enqueue.errors"])
    assert errors.value == 1
    assert attributes["error.type"] == "RuntimeError"


async def test_without_an_sdk_it_is_silent() -> None:
    judge = Judge(ScriptedModel(), observer=Monitoring().observe)
    assert len(await judge.judge(Subject(output="x"), [TOPIC])) == 1
