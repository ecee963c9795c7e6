"""The door as an application sees it: spans in, results out, and never any trouble."""

import asyncio
import json
import logging
from typing import Any

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, Decision, SamplingResult, StaticSampler

import spanjudge
from spanjudge.in_process.background.loop import background
from spanjudge.in_process.evaluator import Evaluation
from spanjudge.in_process.invocation import Invocation
from spanjudge.in_process.judge_model import judge_model
from spanjudge.in_process.native import NativeEvaluator
from spanjudge.in_process.span_processor import EvaluationSpanProcessor
from spanjudge.judging.models.scripted import ScriptedModel
from spanjudge.judging.result import EvaluationResult
from spanjudge.judging.subject import Subject
from tests.in_process.application import CHAT, Counted, Heard, application, chat
from tests.in_process.replay import Replay
from tests.in_process.telemetry_out import TelemetryOut, plain
from tests.mock_judge import MockJudge
from tests.mock_judge.behaviour import overloaded
from tests.spans.captures import capture

METRICS = ["bias", "toxicity", "answer_relevancy", "hallucination", "sentiment"]


async def test_three_lines_and_results_come_out(mock_judge: MockJudge) -> None:
    environ = {"OPENAI_API_KEY": "any", "OPENAI_BASE_URL": f"{mock_judge.url}/v1"}
    with TelemetryOut() as out:
        processor = spanjudge.EvaluationSpanProcessor(environ=environ, **out.providers)
        with application(processor) as provider:
            with provider.get_tracer("a.scope").start_as_current_span("chat", attributes=CHAT) as span:
                context = span.get_span_context()
            assert await asyncio.to_thread(processor.wait_for_all, 20)
        records, points = out.records(), out.points()

    by_name = {record.attributes["gen_ai.evaluation.name"]: record for record in records}
    # Without context hallucination is left out, which is no error.
    assert sorted(by_name) == sorted(set(METRICS) - {"hallucination"})
    assert len(records) == 4
    assert len(mock_judge.requests) == 1
    for record in records:
        assert record.event_name == "gen_ai.evaluation.result"
        assert (record.trace_id, record.span_id) == (context.trace_id, context.span_id)
        assert record.trace_flags == trace.TraceFlags(1)
        attributes = plain(record.attributes)
        assert attributes["eval.target.span_id"] == trace.format_span_id(context.span_id)
        assert isinstance(attributes["gen_ai.evaluation.score.value"], float)
    assert by_name["bias"].attributes["gen_ai.evaluation.passed"] in (True, False)
    assert "gen_ai.evaluation.passed" not in by_name["sentiment"].attributes
    assert {point.attributes["gen_ai.evaluation.name"] for point in points["gen_ai.evaluation.score"]} == set(
        by_name
    )
    assert not [name for name in points if name.startswith("gen_ai.evaluation.client.")]


@pytest.mark.parametrize("by", ["a specification", "an object"])
async def test_monitoring_metrics_when_they_are_switched_on(mock_judge: MockJudge, by: str) -> None:
    environ = {
        "OPENAI_API_KEY": "any",
        "OPENAI_BASE_URL": f"{mock_judge.url}/v1",
        "OTEL_INSTRUMENTATION_GENAI_EVALS_MONITORING": "true",
    }
    given = [NativeEvaluator(["bias"], judge=lambda: judge_model(environ))]
    evaluators = "native(LLMInvocation(bias))" if by == "a specification" else given
    with TelemetryOut() as out:
        processor = EvaluationSpanProcessor(evaluators, environ=environ, **out.providers)
        with application(processor) as provider:
            chat(provider)
            assert await asyncio.to_thread(processor.wait_for_all, 20)
        points = out.points()

    judge = {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "gpt-4o-mini",
        "gen_ai.evaluation.evaluator.name": "native",
        "gen_ai.evaluation.name": "bias",
    }
    (duration,) = points["gen_ai.evaluation.client.operation.duration"]
    assert (dict(duration.attributes), duration.count) == (judge, 1)
    tokens = {
        point.attributes["gen_ai.token.type"]: point
        for point in points["gen_ai.evaluation.client.token.usage"]
    }
    assert set(tokens) == {"input", "output"}
    assert dict(tokens["input"].attributes) == {**judge, "gen_ai.token.type": "input"}
    (size,) = points["gen_ai.evaluation.client.queue.size"]
    assert size.value == 0
    assert "gen_ai.evaluation.client.enqueue.errors" not in points


async def test_trouble_with_the_judge_is_an_error_record_and_no_score(mock_judge: MockJudge) -> None:
    mock_judge.always(overloaded(500))
    environ = {
        "OPENAI_API_KEY": "any",
        "OPENAI_BASE_URL": f"{mock_judge.url}/v1",
        "SPANJUDGE_JUDGE_MAX_RETRIES": "0",
    }
    with TelemetryOut() as out:
        processor = EvaluationSpanProcessor("native(LLMInvocation(bias))", environ=environ, **out.providers)
        with application(processor) as provider:
            chat(provider)
            assert await asyncio.to_thread(processor.wait_for_all, 30)
        (record,) = out.records()
        points = out.points()

    assert record.attributes["error.type"] == "judge_unavailable"
    assert record.attributes["gen_ai.evaluation.outcome"] == "error"
    assert "gen_ai.evaluation.score.value" not in record.attributes
    assert "gen_ai.evaluation.score" not in points


DIALECTS = [
    ("genai-openai", "chat"),
    ("openai-v2-old", "chat"),
    ("openai-v2-new", "chat"),
    ("openinference-openai", "chat"),
    ("openinference-langchain", "rag"),
    ("traceloop-openai", "chat"),
    ("traceloop-old-openai", "chat"),
    ("langsmith-langchain", "rag"),
    ("langfuse-openai", "chat"),
    ("mlflow-openai", "chat"),
    ("openlit-openai", "chat"),
    ("pydantic-ai", "chat"),
    ("semantic-kernel", "chat"),
    ("ms-agent-framework", "chat"),
    ("strands-latest", "chat"),
    ("google-adk", "chat"),
    ("splunk-langchain", "rag"),
    ("vercel-ai-sdk", "chat"),
]


@pytest.mark.parametrize(("folder", "scenario"), DIALECTS)
def test_every_model_call_of_an_application_is_judged_once(folder: str, scenario: str) -> None:
    heard, counted = Heard(), Counted()
    with TelemetryOut() as out:
        processor = EvaluationSpanProcessor([counted], on_results=heard, environ={}, **out.providers)
        replay = Replay(processor, logger_provider=out.logger_provider)
        replay.record(folder, scenario)
        assert processor.wait_for_all(20)
        replay.provider.shutdown()
        records = [record for record in out.records() if record.event_name == "gen_ai.evaluation.result"]

    wire = capture(folder, scenario)
    expected = {
        span.span_id
        for span in wire.spans.values()
        if span.is_model_call and wire.tree.judged_instead_of(span) is None
    }
    assert expected
    assert heard.judged == expected
    assert {trace.format_span_id(record.span_id) for record in records} == expected
    assert len(records) == len(expected)
    for subject in counted.subjects:
        assert subject.input
        assert subject.output or subject.tool_calls


@pytest.mark.parametrize("folder", ["openinference-langchain", "langsmith-langchain"])
def test_documents_of_a_retrieval_beside_the_call_are_its_context(folder: str) -> None:
    counted = Counted()
    processor = EvaluationSpanProcessor([counted], environ={})
    replay = Replay(processor)
    replay.record(folder, "rag")
    assert processor.wait_for_all(20)
    replay.provider.shutdown()

    (subject,) = counted.subjects
    assert any("30 days" in document.content for document in subject.context)


def test_pictures_and_very_long_texts_are_judged_by_what_can_be_read() -> None:
    heard, model = Heard(), ScriptedModel()
    processor = EvaluationSpanProcessor(
        "native(LLMInvocation(bias))", judge=model, on_results=heard, environ={}
    )
    replay = Replay(processor)
    replay.record("genai-openai", "multimodal")
    said = json.dumps([{"role": "assistant", "parts": [{"type": "text", "content": "Paris. " * 150_000}]}])
    chat(replay.provider, {**CHAT, "gen_ai.output.messages": said})
    assert processor.wait_for_all(20)
    replay.provider.shutdown()

    found = [one for _, evaluations in heard.of for one in evaluations if isinstance(one, EvaluationResult)]
    assert len(found) == 2
    assert sorted(one.truncated for one in found) == [(), ("output",)]
    assert all(len(request.user) < 500_000 for request in model.requests)
    assert not any("iVBORw0KGgo" in request.user for request in model.requests)


def test_failed_calls_and_calls_without_content_are_skipped(caplog: pytest.LogCaptureFixture) -> None:
    heard, counted = Heard(), Counted()
    processor = EvaluationSpanProcessor([counted], on_results=heard, environ={})
    with application(processor) as provider:
        failed = chat(provider, {**CHAT, "gen_ai.output.messages": "[]", "error.type": "Timeout"})
        bare = chat(provider, {"gen_ai.operation.name": "chat"})
        again = chat(provider, {"gen_ai.operation.name": "chat"})
        assert processor.wait_for_all(20)

    assert heard.skipped == {failed: {"span_error"}, bare: {"no_content"}, again: {"no_content"}}
    assert counted.subjects == []
    assert processor.skipped == {"span_error": 1, "no_content": 2}
    assert len([record for record in caplog.records if record.levelno == logging.WARNING]) == 1


def test_spans_about_anything_else_or_not_sampled_are_left_alone() -> None:
    counted = Counted()
    processor = EvaluationSpanProcessor([counted], environ={})
    with application(processor) as provider:
        chat(provider, {"http.request.method": "GET"})
        chat(provider, {**CHAT, "gen_ai.operation.name": "embeddings"})
        chat(provider, {**CHAT, "spanjudge.judge": True})
        chat(provider, CHAT, scope="spanjudge.judging")
    for sampler in (ALWAYS_OFF, _RecordOnly()):
        with application(processor, sampler=sampler) as unsampled:
            chat(unsampled)

    assert processor.counts.offered == 0
    assert counted.subjects == []


class _RecordOnly(StaticSampler):
    """Spans are recorded, for processors, and not exported."""

    def __init__(self) -> None:
        super().__init__(Decision.RECORD_ONLY)

    def should_sample(self, *args: Any, **kwargs: Any) -> SamplingResult:
        return super().should_sample(*args, **kwargs)


def test_spans_that_come_of_judging_itself_are_marked_and_not_judged() -> None:
    counted = Counted()
    processor = EvaluationSpanProcessor([counted], environ={})
    with application(processor) as provider:

        async def a_judge_call_that_is_traced() -> object:
            with provider.get_tracer("some.http.client").start_as_current_span(
                "chat", attributes=CHAT
            ) as span:
                return span

        span: Any = background().run(a_judge_call_that_is_traced(), 20)
        assert processor.wait_for_all(20)

    assert span.attributes["spanjudge.judge"] is True
    assert processor.counts.offered == 0


def test_evaluators_of_other_kinds() -> None:
    of_agents, of_tools, of_runs = Counted(), Counted(), Counted()
    processor = EvaluationSpanProcessor(
        {"AgentInvocation": [of_agents], "ToolCall": (of_tools,), "Workflow": [of_runs]}, environ={}
    )
    with application(processor) as provider:
        chat(provider)
        chat(provider, {**CHAT, "gen_ai.operation.name": "invoke_agent"})
        chat(
            provider,
            {
                "gen_ai.operation.name": "execute_tool",
                "gen_ai.tool.name": "get_weather",
                "gen_ai.tool.call.arguments": '{"city": "Paris"}',
                "gen_ai.tool.call.result": "Sunny",
            },
        )
        chat(
            provider,
            {"openinference.span.kind": "CHAIN", "input.value": "What is it?", "output.value": "It is this."},
        )
        assert processor.wait_for_all(20)

    assert [subject.output for subject in of_agents.subjects] == ["Paris."]
    assert [subject.output for subject in of_tools.subjects] == ["Sunny"]
    assert [(subject.input, subject.output) for subject in of_runs.subjects] == [
        ("What is it?", "It is this.")
    ]


def test_functions_of_the_application_run_beside() -> None:
    heard = Heard()

    @spanjudge.evaluator
    def speaks_of_paris(output: str) -> bool:
        return "Paris" in output

    processor = EvaluationSpanProcessor([], on_results=heard, environ={})
    try:
        with application(processor) as provider:
            span_id = chat(provider)
            assert processor.wait_for_all(20)
    finally:
        speaks_of_paris.unregister()

    ((invocation, (found,)),) = heard.of
    assert invocation.target.span_id == span_id
    assert isinstance(found, EvaluationResult)
    assert (found.evaluator, found.value) == ("speaks_of_paris", True)


def test_anything_can_be_offered() -> None:
    counted = Counted()
    processor = EvaluationSpanProcessor([counted], environ={})
    subject = Subject(input="What is it?", output="It is this.")

    assert processor.offer(subject)
    assert processor.offer(next(iter(capture("genai-openai", "chat").spans.values())))
    assert not processor.offer(object())
    assert processor.wait_for_all(20)
    processor.shutdown()
    assert not processor.offer(subject)
    assert len(counted.subjects) == 2


def test_shutdown_evaluates_what_waits_and_hears_nothing_more() -> None:
    counted = Counted()
    with TelemetryOut() as out:
        processor = EvaluationSpanProcessor([counted], environ={}, **out.providers)
        with application(processor) as provider:
            for _ in range(20):
                chat(provider)
        processor.shutdown()
        records = out.records()

    assert len(counted.subjects) == 20
    assert len(records) == 20
    assert processor.counts.evaluated == 20


def test_force_flush_waits_for_the_backlog() -> None:
    counted = Counted()
    processor = EvaluationSpanProcessor([counted], environ={})
    with application(processor) as provider:
        for _ in range(20):
            chat(provider)
        assert provider.force_flush(20_000)
        assert len(counted.subjects) == 20


def test_aggregated_results_come_at_once() -> None:
    heard = Heard()
    environ = {"OTEL_INSTRUMENTATION_GENAI_EVALS_RESULTS_AGGREGATION": "true"}
    processor = EvaluationSpanProcessor([Counted(), Counted()], on_results=heard, environ=environ)
    with application(processor) as provider:
        chat(provider)
        assert processor.wait_for_all(20)

    assert [len(evaluations) for _, evaluations in heard.of] == [2]


def test_a_span_that_cannot_be_looked_at_is_no_trouble_of_the_application(
    caplog: pytest.LogCaptureFixture,
) -> None:
    class Odd:
        @property
        def context(self) -> object:
            raise ValueError("secret")

    processor = EvaluationSpanProcessor([Counted()], environ={})
    odd: Any = Odd()
    for _ in range(3):
        processor.on_start(odd)
        processor.on_end(odd)

    assert len(caplog.records) == 1
    assert "secret" not in caplog.text


def test_a_full_queue_drops_and_the_application_goes_on() -> None:
    class Hanging(Counted):
        async def outcomes(self, invocation: Invocation) -> list[Evaluation]:
            await asyncio.Event().wait()
            return await super().outcomes(invocation)

    environ = {
        "OTEL_INSTRUMENTATION_GENAI_EVALS_QUEUE_SIZE": "2",
        "OTEL_INSTRUMENTATION_GENAI_EVALS_WORKERS": "1",
    }
    processor = EvaluationSpanProcessor([Hanging()], environ=environ, shutdown_timeout=0.2)
    with application(processor) as provider:
        for _ in range(10):
            chat(provider)
        counts = processor.counts

    assert counts.offered == 10
    assert counts.dropped >= 7
    assert counts.queued == 10 - counts.dropped
