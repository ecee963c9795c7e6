"""DeepEval as the environment asks for it: its metrics, its judge, its monitoring."""

from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import Histogram, InMemoryMetricReader

from spanjudge.in_process.background.loop import background
from spanjudge.in_process.plan import evaluators_of
from spanjudge.in_process.settings.options import Options
from spanjudge.judging.result import EvaluationResult
from spanjudge.telemetry.monitoring import Monitoring
from tests.in_process.deepeval.conftest import SUBJECT
from tests.mock_judge import MockJudge
from tests.mock_judge.deepeval import judging, metric_of


async def test_the_specification_the_judge_and_the_monitoring(mock_judge: MockJudge) -> None:
    mock_judge.always(judging({"bias": ["yes", "no", "no"]}))
    reader = InMemoryMetricReader()
    monitoring = Monitoring(evaluator_name="deepeval", meter_provider=MeterProvider([reader]))
    environ = {
        "OTEL_INSTRUMENTATION_GENAI_EVALS_EVALUATORS": (
            "native(AgentInvocation(bias)), deepeval(LLMInvocation(faithfulness, bias(threshold=0.3)))"
        ),
        "OPENAI_API_KEY": "sk-of-the-environment",
        "DEEPEVAL_LLM_BASE_URL": f"{mock_judge.url}/v1",
        "DEEPEVAL_EVALUATION_MODEL": "the-judge",
    }
    plan = evaluators_of(
        Options.from_environment(environ), observer={"deepeval": monitoring.observe}, environ=environ
    )
    assert plan.problems == ()
    (evaluator,) = plan["LLMInvocation"]
    found = await evaluator.evaluate_async(SUBJECT)
    await background().wait(evaluator.aclose())
    assert [
        (one.metric_name, one.score, one.label) for one in found if isinstance(one, EvaluationResult)
    ] == [
        ("faithfulness", 1.0, "Faithful"),
        ("bias", 0.333333333333, "Biased"),
    ]
    assert {request.fields["model"] for request in mock_judge.requests} == {"the-judge"}
    assert {request.headers["authorization"] for request in mock_judge.requests} == {
        "Bearer sk-of-the-environment"
    }
    assert {metric_of(request) for request in mock_judge.requests} == {"bias", "faithfulness"}
    assert counted(reader) == {("bias", 3), ("faithfulness", 4)}


def counted(reader: InMemoryMetricReader) -> set[tuple[object, int]]:
    """How many judge calls were measured for each metric, all of them DeepEval's."""
    data = reader.get_metrics_data()
    found: set[tuple[object, int]] = set()
    for metric in data.resource_metrics[0].scope_metrics[0].metrics if data else ():
        if metric.name == "gen_ai.evaluation.client.operation.duration" and isinstance(
            metric.data, Histogram
        ):
            for point in metric.data.data_points:
                attributes = dict(point.attributes or {})
                assert attributes["gen_ai.evaluation.evaluator.name"] == "deepeval"
                found.add((attributes["gen_ai.evaluation.name"], point.count))
    return found
