import asyncio
import logging
from typing import Any

import pytest

from spanjudge.in_process.host.results import Way, host_naming, way_of
from tests.in_host.application import genai
from tests.in_host.conftest import Start
from tests.mock_judge import Behaviour, MockJudge

SPEC = "native(LLMInvocation(bias,code_quality))"
BOTH = ["bias", "code_quality"]
SCORE = "gen_ai.evaluation.score.value"


def names(points: list[Any]) -> list[str]:
    return sorted(point.attributes["gen_ai.evaluation.name"] for point in points)


def ids(record: Any) -> tuple[int, int]:
    return record.trace_id, record.span_id


@pytest.mark.parametrize("aggregation", ["true", "false"])
@pytest.mark.parametrize("concurrent", ["true", "false"])
async def test_the_host_finds_our_evaluator_runs_it_and_emits_its_results(
    start: Start, mock_judge: MockJudge, concurrent: str, aggregation: str
) -> None:
    application = start(SPEC, CONCURRENT=concurrent, RESULTS_AGGREGATION=aggregation)
    (evaluator,) = application.evaluators["LLMInvocation"]
    assert type(evaluator).__module__ == "spanjudge.in_process.host.evaluator"
    assert list(evaluator.metrics) == BOTH

    invocation = application.chat()
    await application.evaluated()

    assert len(mock_judge.requests) == 1
    assert invocation.attributes["gen_ai.evaluation.executed"] is True
    # Judge calls made no spans: there is the application's own, and nothing else.
    assert application.span_ids == [(invocation.trace_id, invocation.span_id)]
    for metric in BOTH:
        event = application.event(metric)
        assert ids(event) == (invocation.trace_id, invocation.span_id)
        assert 0 <= event.attributes[SCORE] <= 1
        assert event.attributes["gen_ai.evaluation.explanation"]
        assert isinstance(event.attributes["gen_ai.evaluation.passed"], bool)
        assert event.attributes["gen_ai.response.id"] == "resp-1"
        assert "error.type" not in event.attributes
    points = application.points("gen_ai.evaluation.score")
    assert names(points) == BOTH
    assert [point.count for point in points] == [1, 1]


async def test_every_metric_arrives_once_and_under_its_own_name(start: Start, mock_judge: MockJudge) -> None:
    mock_judge.always(Behaviour(answer=_good))
    application = start(
        "native(LLMInvocation(bias,answer_relevancy,hallucination,faithfulness,code_quality))"
    )
    application.chat(attributes={"retrieval_context": ["Paris is the capital of France."]})
    await application.evaluated()
    # The host calls answer relevancy so.
    known = ["bias", "code_quality", "faithfulness", "hallucination", "relevance"]
    assert sorted(event.attributes["gen_ai.evaluation.name"] for event in application.events()) == known
    points = application.points("gen_ai.evaluation.score")
    assert names(points) == known
    by_name = {point.attributes["gen_ai.evaluation.name"]: point for point in points}
    assert by_name["hallucination"].sum < 0.5 < by_name["faithfulness"].sum
    assert all(point.attributes["gen_ai.evaluation.passed"] is True for point in points)
    assert application.event("code_quality").attributes["gen_ai.evaluation.score.label"] == "Clean"


def _good(filled: Any) -> Any:
    """A good score for every metric: 0 where less is better, 1 where more is, as level or number."""
    for found, less in zip(filled.values(), (True, False, True, False, False), strict=True):
        found["score"] = type(found["score"])(0 if less else 1)
    return filled


@pytest.mark.parametrize(
    ("metric", "way"),
    [
        ("sentiment", Way(given=True, exported=True)),
        ("answer_relevancy", Way(given=True, exported=True)),
        ("code_quality", Way(given=True, exported=False)),
        ("faithfulness", Way(given=False, exported=False)),
        ("sentiment_of_the_customer", Way(given=False, exported=False)),
    ],
)
def test_who_exports_what(metric: str, way: Way) -> None:
    assert way_of(metric, host_naming()) == way


async def test_a_judge_that_is_down_is_an_error_event_and_no_score(
    start: Start, mock_judge: MockJudge
) -> None:
    mock_judge.always(
        Behaviour(status=401, body={"error": {"message": "wrong key", "code": "invalid_api_key"}})
    )
    application = start(SPEC)
    invocation = application.chat()
    await application.evaluated()
    for metric in BOTH:
        event = application.event(metric)
        assert ids(event) == (invocation.trace_id, invocation.span_id)
        assert event.attributes["error.type"] == "judge_key_refused"
        assert event.attributes["error.message"]
        assert not {SCORE, "gen_ai.evaluation.passed"} & event.attributes.keys()
    assert application.points("gen_ai.evaluation.score") == []


@pytest.mark.parametrize("concurrent", ["true", "false"])
async def test_nobody_listens_where_the_judge_should_be(
    start: Start, environment: pytest.MonkeyPatch, mock_judge: MockJudge, concurrent: str
) -> None:
    await mock_judge.stop()
    environment.setenv("SPANJUDGE_JUDGE_MAX_RETRIES", "0")
    application = start(SPEC, CONCURRENT=concurrent)
    application.chat()
    await application.evaluated()
    assert [event.attributes["error.type"] for event in application.events()] == ["judge_unavailable"] * 2


async def test_what_is_skipped_is_not_exported_and_the_others_are(start: Start) -> None:
    application = start("native(LLMInvocation(faithfulness,bias))")
    application.chat()
    await application.evaluated()
    (event,) = application.events()
    assert event.attributes["gen_ai.evaluation.name"] == "bias"


async def test_many_at_once(start: Start, mock_judge: MockJudge) -> None:
    mock_judge.always(Behaviour(seconds=0.05))
    application = start(SPEC, CONCURRENT="true", WORKERS="8")
    made = await asyncio.gather(*(asyncio.to_thread(application.chat) for _ in range(24)))
    await application.evaluated()
    assert mock_judge.most_in_flight > 1
    for metric in BOTH:
        judged = sorted(ids(event) for event in application.events(metric))
        assert judged == sorted((invocation.trace_id, invocation.span_id) for invocation in made)


async def test_an_agent_and_a_workflow(start: Start) -> None:
    application = start("native(AgentInvocation(code_quality),Workflow(bias))")
    question = [genai.InputMessage("user", [genai.Text("Write a loop.")])]
    answer = [genai.OutputMessage("assistant", [genai.Text("for i in range(3): ...")])]
    workflow = genai.Workflow(name="flow", input_messages=question, output_messages=answer)
    agent = genai.AgentInvocation(name="coder", attributes={"input_context": "Write a loop."})
    application.handler.start_workflow(workflow)
    application.handler.start_agent(agent)
    agent.attributes["output_result"] = "for i in range(3): ..."
    application.handler.stop_agent(agent)
    application.handler.stop_workflow(workflow)
    await application.evaluated()
    assert ids(application.event("code_quality")) == (agent.trace_id, agent.span_id)
    assert ids(application.event("bias")) == (workflow.trace_id, workflow.span_id)


async def test_failed_calls_and_calls_of_tools_are_left_alone(start: Start, mock_judge: MockJudge) -> None:
    application = start(SPEC)
    failing = genai.LLMInvocation(request_model="gpt-4o")
    application.handler.start_llm(failing)
    application.handler.fail_llm(failing, genai.Error(message="gone", type=TimeoutError))
    parts = [genai.ToolCall(name="weather", arguments={"city": "Rome"}, id="c1")]
    application.chat(output_messages=[genai.OutputMessage("assistant", parts, "tool_calls")])
    await application.evaluated()
    assert application.events() == []
    assert mock_judge.requests == []


async def test_monitoring_counts_each_thing_once(start: Start) -> None:
    application = start(SPEC, MONITORING="true")
    application.chat()
    await application.evaluated()
    tokens = application.points("gen_ai.evaluation.client.token.usage")
    assert sorted(point.attributes["gen_ai.token.type"] for point in tokens) == ["input", "output"]
    assert all(point.count == 1 for point in tokens)
    durations = application.points("gen_ai.evaluation.client.operation.duration")
    assert sum(point.count for point in durations) == len(BOTH)
    assert all(point.sum > 0 for point in durations)


async def test_who_else_is_plugged_into_the_host_gets_custom_metrics_too(start: Start) -> None:
    application = start(SPEC)
    told: list[Any] = []

    class Listener:
        name = "Listener"

        def on_evaluation_results(self, results: list[Any], _: Any) -> None:
            told.extend(results)

    application.handler._emitter.add_emitter("evaluation", Listener())
    application.chat()
    await application.evaluated()
    assert [result.metric_name for result in told] == BOTH
    assert all(isinstance(result, genai.EvaluationResult) for result in told)
    assert all(result.evaluator_name == "native" and result.duration_s > 0 for result in told)
    assert all(isinstance(result.attributes["gen_ai.evaluation.passed"], bool) for result in told)


async def test_it_says_why_something_was_not_judged(start: Start, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "spanjudge")
    application = start("native(LLMInvocation(faithfulness))")
    application.chat(question="a secret")
    await application.evaluated()
    assert "faithfulness was not judged" in caplog.text
    assert "a secret" not in caplog.text
