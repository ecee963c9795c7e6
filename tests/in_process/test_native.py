"""The native evaluator: metrics of an invocation in one judge call or in one each, on any judge."""

import asyncio
import json
import logging
import subprocess
import sys
from collections.abc import Awaitable
from typing import Any

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from spanjudge.errors import SettingsError
from spanjudge.in_process.background.loop import background
from spanjudge.in_process.evaluator import Evaluation
from spanjudge.in_process.invocation import Invocation, Seen, Skip
from spanjudge.in_process.native import NativeEvaluator
from spanjudge.in_process.settings.variables import CUSTOM_RUBRICS, DEEPEVAL_MODE
from spanjudge.judging.call import JudgeCall
from spanjudge.judging.judge import Judge
from spanjudge.judging.models.config import JudgeModelConfig
from spanjudge.judging.models.model import JudgeModelError, JudgeRequest, Traits
from spanjudge.judging.models.registry import open_model
from spanjudge.judging.models.scripted import ScriptedModel, fill
from spanjudge.judging.result import EvaluationFailure, EvaluationResult, EvaluationSkipped
from spanjudge.judging.subject import Subject
from spanjudge.spans.span import Document, Span
from spanjudge.telemetry.evaluated import Target
from spanjudge.telemetry.judge_traces import JudgeTraces
from tests.mock_judge import MockJudge

PARIS = Subject(
    input="What is the capital of France?",
    output="Paris.",
    context=(Document(content="Paris is the capital of France."),),
)
NO_CONTEXT = Subject(input="Hello?", output="Good morning.")
CODE = {"code_quality": {"rubric": "Is the code readable?"}}


def scored(**scores: str) -> Any:
    """A script that gives these scores by criterion key, and the lowest to all others."""

    def answer(request: JudgeRequest) -> dict[str, Any]:
        filled = fill(request.schema)
        for key, score in scores.items():
            filled[key]["score"] = score
        return filled

    return answer


def told(evaluations: list[Evaluation]) -> list[tuple[str, object, object]]:
    return [(one.metric_name, one.score, one.label) for one in evaluations]


def results(evaluations: list[Evaluation]) -> list[EvaluationResult]:
    found = [one for one in evaluations if isinstance(one, EvaluationResult)]
    assert len(found) == len(evaluations), evaluations
    return found


def test_five_metrics_are_one_call() -> None:
    model = ScriptedModel(scored(c1="0.75", c3="0.75", c5="0.25"))
    evaluator = NativeEvaluator(judge=model)
    found = results(evaluator.evaluate(PARIS))
    assert told(list(found)) == [
        ("bias", 0.75, "Biased"),
        ("toxicity", 0.0, "Not Toxic"),
        ("answer_relevancy", 0.75, "Relevant"),
        ("hallucination", 0.0, "Not Hallucinated"),
        ("sentiment", 0.25, "Negative"),
    ]
    assert [one.verdict for one in found] == ["fail", "pass", "pass", "pass", None]
    assert [one.attributes.get("gen_ai.evaluation.passed") for one in found] == [
        False,
        True,
        True,
        True,
        None,
    ]
    assert {one.evaluator_name for one in found} == {"native"}
    assert len(model.requests) == 1
    (request,) = model.requests
    assert sum(one.usage.input for one in found if one.usage) == len(request.system.split()) + len(
        request.user.split()
    )


def test_what_is_missing_is_skipped_in_its_place_and_the_others_go_on() -> None:
    model = ScriptedModel(scored(c3="1"))
    evaluator = NativeEvaluator(
        ["bias", "faithfulness", "relevance", "hallucination", "sentiment"], judge=model
    )
    found = evaluator.evaluate(NO_CONTEXT)
    assert [type(one) for one in found] == [
        EvaluationResult,
        EvaluationSkipped,
        EvaluationResult,
        EvaluationSkipped,
        EvaluationResult,
    ]
    assert tuple(one.metric_name for one in found) == evaluator.metrics
    assert len(model.requests) == 1
    assert "c3 sentiment" in model.requests[0].question
    assert found[4].label == "Positive"


def test_nobody_is_asked_when_everything_is_left_out_or_certain() -> None:
    def never() -> ScriptedModel:
        raise AssertionError

    evaluator = NativeEvaluator(judge=never)
    assert {type(one) for one in evaluator.evaluate(Subject(input="?"))} == {EvaluationSkipped}
    model = ScriptedModel()
    metrics = ["bias", "toxicity", "relevance", "sentiment"]
    certain = NativeEvaluator(metrics, judge=model).evaluate(Subject(input="?", output=""))
    assert [(one.score, one.label) for one in certain] == [
        (0.0, "Not Biased"),
        (0.0, "Not Toxic"),
        (0.0, "Irrelevant"),
        (0.5, "Neutral"),
    ]
    assert model.requests == []


async def test_not_batched_is_one_metric_a_call_and_all_at_once() -> None:
    all_there = asyncio.Event()
    waiting: list[JudgeRequest] = []

    async def answer(request: JudgeRequest) -> dict[str, Any]:
        waiting.append(request)
        if len(waiting) == 5:
            all_there.set()
        await all_there.wait()
        return fill(request.schema)

    def script(request: JudgeRequest) -> Awaitable[Any]:
        return answer(request)

    evaluator = NativeEvaluator(judge=ScriptedModel(script), batched=False)
    # On this loop: the event is its.
    found = results(
        await evaluator.outcomes(Invocation(kind="LLMInvocation", read=lambda: Seen(subject=PARIS)))
    )
    assert [one.calls for one in found] == [1] * 5


@pytest.mark.parametrize(
    ("mode", "batched", "calls"),
    [
        ("", None, 1),
        ("batched", None, 1),
        ("non-batched", None, 5),
        (" Non-Batched ", None, 5),
        ("non-batched", True, 1),
        ("batched", False, 5),
    ],
)
def test_the_mode_is_the_arguments_or_the_environments(
    monkeypatch: pytest.MonkeyPatch, mode: str, *, batched: bool | None, calls: int
) -> None:
    monkeypatch.setenv(DEEPEVAL_MODE, mode)
    model = ScriptedModel()
    results(NativeEvaluator(judge=model, batched=batched).evaluate(PARIS))
    assert len(model.requests) == calls


def test_a_mode_that_is_none_is_told_and_the_default_stays(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv(DEEPEVAL_MODE, "batchd")
    model = ScriptedModel()
    with caplog.at_level(logging.ERROR):
        NativeEvaluator(judge=model).evaluate(PARIS)
    assert len(model.requests) == 1
    assert f"{DEEPEVAL_MODE}='batchd' is no mode; did you mean “batched”?" in caplog.text


@pytest.mark.parametrize("batched", [None, True])
def test_a_small_judge_gets_one_metric_a_call(*, batched: bool | None) -> None:
    model = ScriptedModel(traits=Traits(small=True))
    results(NativeEvaluator(judge=model, batched=batched).evaluate(PARIS))
    assert len(model.requests) == 5


def test_one_metrics_failure_leaves_the_others_alone() -> None:
    def answer(request: JudgeRequest) -> dict[str, Any] | JudgeModelError:
        if "toxic" in request.question:
            return JudgeModelError("judge_refused", "no")
        return fill(request.schema)

    found = NativeEvaluator(judge=ScriptedModel(answer), batched=False).evaluate(PARIS)
    failed = [one for one in found if isinstance(one, EvaluationFailure)]
    assert [(one.metric_name, one.code, one.score, one.label) for one in failed] == [
        ("toxicity", "judge_refused", None, None)
    ]
    assert len([one for one in found if isinstance(one, EvaluationResult)]) == 4


def test_a_missing_score_fails_its_own_metric_only() -> None:
    def answer(request: JudgeRequest) -> dict[str, Any]:
        filled = fill(request.schema)
        filled.pop("score", None)
        filled.get("c2", {}).pop("score", None)
        return filled

    found = NativeEvaluator(judge=ScriptedModel(answer)).evaluate(PARIS)
    assert [one.error.type if one.error else None for one in found] == [
        None,
        "judge_answer_invalid",
        None,
        None,
        None,
    ]


def test_a_judge_that_is_down_gives_failures_and_no_exception() -> None:
    model = ScriptedModel(JudgeModelError("judge_unavailable", "nobody there", retryable=True))
    found = NativeEvaluator(judge=model).evaluate(NO_CONTEXT)
    assert [type(one).__name__ for one in found] == [
        "EvaluationFailure",
        "EvaluationFailure",
        "EvaluationFailure",
        "EvaluationSkipped",
        "EvaluationFailure",
    ]


def test_the_timeout_is_for_all_calls() -> None:
    async def forever(_: JudgeRequest) -> str:
        await asyncio.Event().wait()
        return ""

    evaluator = NativeEvaluator(["bias", "toxicity"], judge=ScriptedModel(forever), timeout=0.01)
    found = evaluator.evaluate(PARIS)
    assert [one.error.type if one.error else None for one in found] == ["judge_timeout"] * 2


async def test_a_factory_is_called_once_however_many_wait_for_it() -> None:
    opened: list[ScriptedModel] = []

    def factory() -> ScriptedModel:
        opened.append(ScriptedModel())
        return opened[-1]

    evaluator = NativeEvaluator(["bias"], judge=factory)
    assert opened == [], "the judge is opened when it is needed"
    await asyncio.gather(*(evaluator.evaluate_async(PARIS) for _ in range(20)))
    assert [len(model.requests) for model in opened] == [20]


async def test_on_another_loop_the_judge_is_opened_anew() -> None:
    opened: list[ScriptedModel] = []

    def factory() -> ScriptedModel:
        opened.append(ScriptedModel())
        return opened[-1]

    evaluator = NativeEvaluator(["bias"], judge=factory)
    results(await evaluator.evaluate_async(PARIS))
    results(await evaluator.outcomes(Invocation(kind="LLMInvocation", read=lambda: Seen(subject=PARIS))))
    assert [len(model.requests) for model in opened] == [1, 1]


def test_without_a_judge_every_metric_fails_with_the_reason_and_the_next_invocation_tries_again(
    caplog: pytest.LogCaptureFixture,
) -> None:
    tries: list[int] = []

    def factory() -> ScriptedModel:
        tries.append(1)
        if len(tries) < 3:
            raise SettingsError("OPENAI_API_KEY is missing; set it")
        return ScriptedModel()

    evaluator = NativeEvaluator(["bias", "toxicity"], judge=factory)
    for _ in range(2):
        found = evaluator.evaluate(PARIS)
        assert [one.error for one in found if one.error is None] == []
        assert {one.error.message for one in found if one.error} == {"OPENAI_API_KEY is missing; set it"}
    results(evaluator.evaluate(PARIS))
    assert caplog.text.count("OPENAI_API_KEY is missing") == 1


def test_a_factory_that_breaks_fails_every_metric_and_raises_nothing() -> None:
    def factory() -> ScriptedModel:
        raise ZeroDivisionError

    found = NativeEvaluator(["bias"], judge=factory).evaluate(PARIS)
    assert [one.error.type if one.error else None for one in found] == ["internal"]


def test_a_judge_is_used_with_its_own_observer_and_ours() -> None:
    theirs: list[JudgeCall] = []
    ours: list[JudgeCall] = []
    model = ScriptedModel()
    judge = Judge(model, observer=theirs.append)
    results(NativeEvaluator(judge=judge, batched=False, observer=ours.append).evaluate(PARIS))
    assert len(theirs) == len(ours) == len(model.requests) == 5
    results(NativeEvaluator(judge=judge).evaluate(PARIS))
    assert (len(theirs), len(ours)) == (6, 5)


def test_judge_calls_know_the_span_they_are_about() -> None:
    spans = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(spans))
    target = Target(trace_id="0" * 31 + "1", span_id="0" * 15 + "2")
    invocation = Invocation(kind="LLMInvocation", read=lambda: Seen(subject=PARIS), target=target)
    observer = JudgeTraces(provider).observe
    results(NativeEvaluator(["bias"], judge=ScriptedModel(), observer=observer).evaluate(invocation))
    (span,) = spans.get_finished_spans()
    assert [(link.context.trace_id, link.context.span_id) for link in span.links] == [(1, 2)]
    provider.shutdown()


def test_our_own_spans_are_evaluated() -> None:
    span = Span(
        trace_id="1" * 32,
        span_id="2" * 16,
        operation="chat",
        input_text="Hello?",
        output_text="Good morning.",
    )
    model = ScriptedModel()
    evaluator = NativeEvaluator(["bias"], judge=model, invocation_type="LLMInvocation")
    results(evaluator.evaluate(span))
    assert "Good morning." in model.requests[0].subject
    agents = NativeEvaluator(["bias"], judge=model, invocation_type="AgentInvocation")
    (skipped,) = agents.evaluate(span)
    assert isinstance(skipped, EvaluationSkipped)
    assert skipped.reason == "not_matched"
    results(agents.evaluate(NO_CONTEXT))


def test_what_is_no_invocation_is_refused() -> None:
    with pytest.raises(TypeError, match="str cannot be evaluated"):
        NativeEvaluator(["bias"], judge=ScriptedModel()).evaluate("hello")


def test_an_invocation_that_says_why_it_is_skipped_is_skipped() -> None:
    seen = Seen(skip=Skip("no_content", "the instrumentation records no text"))
    model = ScriptedModel()
    found = NativeEvaluator(judge=model).evaluate(Invocation(kind="LLMInvocation", read=lambda: seen))
    assert {one.explanation for one in found} == {"the instrumentation records no text"}
    assert model.requests == []


def test_a_megabyte_of_text_is_cut_and_the_result_says_so() -> None:
    subject = Subject(input="Sum it up.", output="x y " * 262_144)
    model = ScriptedModel(traits=Traits(max_subject_chars=10_000))
    found = results(NativeEvaluator(["bias", "toxicity"], judge=model).evaluate(subject))
    assert {one.truncated for one in found} == {("output",)}
    assert len(model.requests[0].user) < 12_000


def test_images_are_never_sent() -> None:
    picture = "data:image/png;base64," + "iVBORw0KGgo" * 2_000
    model = ScriptedModel()
    results(NativeEvaluator(["bias"], judge=model).evaluate(Subject(output=f"Here: {picture}")))
    assert "iVBORw0KGgo" not in model.requests[0].user
    assert "[image/png, about 16 KB, not shown]" in model.requests[0].user


def test_custom_rubrics_are_judged_beside_the_others_in_the_same_call() -> None:
    def answer(request: JudgeRequest) -> dict[str, Any]:
        return fill(request.schema) | {"c6": {"explanation": "Fine.", "score": 0.8}}

    model = ScriptedModel(answer)
    found = results(NativeEvaluator(judge=model, custom_rubrics=CODE).evaluate(PARIS))
    assert told(list(found))[-1] == ("code_quality", 0.8, "Pass")
    assert found[-1].verdict == "pass"
    (request,) = model.requests
    assert "c6 code_quality: 0 = worst, 1 = best. Is the code readable?" in request.question
    assert "Score of c6: a number from 0 to 1, both included." in request.question


def test_ten_metrics_are_two_calls() -> None:
    rubrics = {f"own_{n}": {"rubric": f"Number {n}?"} for n in range(5)}
    model = ScriptedModel()
    found = results(NativeEvaluator(judge=model, custom_rubrics=rubrics).evaluate(PARIS))
    assert len(found) == 10
    assert len(model.requests) == 2


def test_custom_rubrics_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(CUSTOM_RUBRICS, json.dumps(CODE))
    assert NativeEvaluator(["bias", "code_quality"], judge=ScriptedModel()).metrics == (
        "bias",
        "code_quality",
    )
    with pytest.raises(SettingsError, match="“code_quality” is no metric"):
        NativeEvaluator(["code_quality"], judge=ScriptedModel(), custom_rubrics={})


def test_broken_rubrics_of_the_environment_leave_the_built_in_metrics(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv(CUSTOM_RUBRICS, '{"code_quality": ')
    with caplog.at_level(logging.ERROR):
        evaluator = NativeEvaluator(judge=ScriptedModel())
    assert len(results(evaluator.evaluate(PARIS))) == 5
    assert CUSTOM_RUBRICS in caplog.text
    with pytest.raises(SettingsError, match="custom_rubrics: no JSON at line 1, column 18"):
        NativeEvaluator(judge=ScriptedModel(), custom_rubrics='{"code_quality": ')


async def test_over_http(mock_judge: MockJudge) -> None:
    config = JudgeModelConfig(provider="openai_compatible", model="judge", url=f"{mock_judge.url}/v1")
    evaluator = NativeEvaluator(judge=lambda: open_model(config))
    found = results(await evaluator.evaluate_async(PARIS))
    assert [one.judge_model for one in found] == ["judge"] * 5
    (request,) = mock_judge.requests
    assert request.fields["response_format"]["json_schema"]["strict"] is True
    await background().wait(evaluator.aclose())


async def test_the_judge_of_the_environment(mock_judge: MockJudge, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "any")
    monkeypatch.setenv("OPENAI_BASE_URL", f"{mock_judge.url}/v1")
    monkeypatch.setenv("OPENAI_MODEL", "judge-of-the-environment")
    evaluator = NativeEvaluator(["bias", "toxicity"])
    found = results(await evaluator.evaluate_async(PARIS))
    assert {one.judge_model for one in found} == {"judge-of-the-environment"}
    assert len(mock_judge.requests) == 1
    await background().wait(evaluator.aclose())


FORKED = """
import os, sys
from spanjudge.in_process.native import NativeEvaluator
from spanjudge.judging.models.scripted import ScriptedModel
from spanjudge.judging.subject import Subject

opened = []
def factory():
    opened.append(os.getpid())
    return ScriptedModel()

evaluator = NativeEvaluator(["bias"], judge=factory)
subject = Subject(output="Good morning.")
assert evaluator.evaluate(subject)[0].score == 0.0
child = os.fork()
assert evaluator.evaluate(subject)[0].score == 0.0
if child:
    _, status = os.waitpid(child, 0)
    assert opened == [os.getpid()], opened
    sys.exit(os.waitstatus_to_exitcode(status))
assert opened == [os.getppid(), os.getpid()], opened
"""


def test_a_forked_child_opens_its_own_judge() -> None:
    done = subprocess.run(  # noqa: S603  our own interpreter and program
        [sys.executable, "-W", "error", "-c", FORKED], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
