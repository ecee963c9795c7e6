import asyncio
import json
from collections.abc import Iterator
from typing import Any

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from spanjudge.errors import SettingsError
from spanjudge.judging.judge import Judge
from spanjudge.judging.models.model import JudgeModelError
from spanjudge.judging.models.scripted import ScriptedModel
from spanjudge.judging.subject import Subject
from spanjudge.telemetry.evaluated import Target
from spanjudge.telemetry.judge_traces import JudgeTraces, judging, route_from_environment
from tests.exporters.outcomes import SPAN
from tests.judging.evaluators import POLITE, TOPIC


class Traced:
    def __init__(self) -> None:
        self.memory = InMemorySpanExporter()
        self.provider = TracerProvider(shutdown_on_exit=False)
        self.provider.add_span_processor(SimpleSpanProcessor(self.memory))

    @property
    def spans(self) -> tuple[Any, ...]:
        return self.memory.get_finished_spans()


@pytest.fixture
def traced() -> Iterator[Traced]:
    opened = Traced()
    yield opened
    opened.provider.shutdown()


def judge(traced: Traced, *, content: bool = False, model: ScriptedModel | None = None) -> Judge:
    traces = JudgeTraces(traced.provider, content=content)
    return Judge(model or ScriptedModel(model="judge-1"), observer=traces.observe)


async def test_a_judge_call_is_a_chat_span_linked_to_the_judged_one(traced: Traced) -> None:
    with traced.provider.get_tracer("app").start_as_current_span("a request under way"), judging(SPAN):
        await judge(traced).judge(Subject(output="Hello"), [TOPIC])
    span = traced.spans[0]
    assert (span.name, span.kind, span.parent) == ("chat judge-1", SpanKind.CLIENT, None)
    assert span.instrumentation_scope.name == "spanjudge.judge"
    found = dict(span.attributes)
    assert found.pop("gen_ai.usage.input_tokens") > 0
    assert found.pop("gen_ai.usage.output_tokens") > 0
    assert found.pop("gen_ai.request.max_tokens") > 0
    found.pop("gen_ai.evaluation.cost.usd", None)
    assert found == {
        "spanjudge.judge": True,
        "spanjudge.evaluators": ("topic",),
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "scripted",
        "gen_ai.request.model": "judge-1",
        "gen_ai.response.model": "judge-1",
        "gen_ai.evaluation.name": "topic",
        "eval.target.kind": "span",
        "eval.target.trace_id": SPAN.trace_id,
        "eval.target.span_id": SPAN.span_id,
    }
    (link,) = span.links
    assert f"{link.context.trace_id:032x}{link.context.span_id:016x}" == SPAN.key
    assert 0 < span.end_time - span.start_time < 60e9
    assert span.status.status_code is StatusCode.UNSET


async def test_a_call_for_several_evaluators_names_none(traced: Traced) -> None:
    await judge(traced).judge(Subject(output="Hello"), [TOPIC, POLITE])
    (span,) = traced.spans
    assert "gen_ai.evaluation.name" not in span.attributes
    assert span.attributes["spanjudge.evaluators"] == ("topic", "polite")
    assert not span.links


async def test_a_failed_call_says_why(traced: Traced) -> None:
    error = JudgeModelError("judge_rate_limited", "slow down", retryable=True)
    await judge(traced, model=ScriptedModel(error)).judge(Subject(output="Hello"), [TOPIC])
    span = traced.spans[0]
    assert span.status.status_code is StatusCode.ERROR
    assert span.attributes["error.type"] == "JudgeModelError"
    assert span.attributes["spanjudge.failure.code"] == "judge_rate_limited"
    assert "gen_ai.response.model" not in span.attributes


async def test_content_only_when_it_is_asked_for(traced: Traced) -> None:
    subject = Subject(output="the-very-words")
    await judge(traced).judge(subject, [TOPIC])
    assert "the-very-words" not in traced.spans[0].to_json()
    await judge(traced, content=True).judge(subject, [TOPIC])
    said = traced.spans[1].attributes
    (question,) = json.loads(said["gen_ai.input.messages"])
    assert question["role"] == "user"
    assert "the-very-words" in question["parts"][0]["content"]
    (answer,) = json.loads(said["gen_ai.output.messages"])
    assert (answer["role"], answer["finish_reason"]) == ("assistant", "stop")
    assert json.loads(answer["parts"][0]["content"])
    assert json.loads(said["gen_ai.system_instructions"])[0]["type"] == "text"


async def test_targets_of_judgements_under_way_at_once_do_not_mix(traced: Traced) -> None:
    one = judge(traced)
    targets = [Target(trace_id=f"{number:032x}", span_id=f"{number:016x}") for number in range(1, 9)]

    async def judged(target: Target) -> None:
        with judging(target):
            await asyncio.sleep(0)
            await one.judge(Subject(output=target.span_id), [TOPIC])

    await asyncio.gather(*map(judged, targets))
    assert sorted(span.attributes["eval.target.span_id"] for span in traced.spans) == [
        target.span_id for target in targets
    ]


@pytest.mark.parametrize(
    "target",
    [
        Target(kind="session", session_id="talk-1"),
        Target(kind="trace", trace_id=SPAN.trace_id),
        Target(trace_id="not hexadecimal", span_id="either"),
    ],
)
async def test_a_target_without_a_span_is_not_linked(traced: Traced, target: Target) -> None:
    with judging(target):
        await judge(traced).judge(Subject(output="Hello"), [TOPIC])
    (span,) = traced.spans
    assert not span.links
    assert span.attributes["eval.target.kind"] == target.kind


def test_off_by_default() -> None:
    standard = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://a:1", "OTEL_EXPORTER_OTLP_HEADERS": "k=v"}
    assert route_from_environment(standard) is None
    route = route_from_environment({**standard, "SPANJUDGE_JUDGE_TRACES_ENDPOINT": "http://b:4318"})
    assert route is not None
    assert (route.url, route.headers) == ("http://b:4318/v1/traces", {})
    with pytest.raises(SettingsError, match="SPANJUDGE_JUDGE_TRACES_ENDPOINT"):
        route_from_environment({"SPANJUDGE_JUDGE_TRACES_ENDPOINT": "b"})
