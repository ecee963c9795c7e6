"""What arguments and environment make of the door, and what faults in them cost."""

from typing import Any

import pytest

import spanjudge
from spanjudge.errors import SettingsError
from spanjudge.in_process.span_processor import EvaluationSpanProcessor
from spanjudge.judging.models.scripted import ScriptedModel
from spanjudge.judging.subject import Subject
from tests.in_process.application import Counted, Heard, application, chat


@pytest.mark.parametrize("word", ["none", "off", "False"])
@pytest.mark.parametrize(
    "given",
    [None, "native(LLMInvocation(bias))", [Counted()]],
    ids=["the environment's", "text", "evaluators"],
)
def test_who_runs_the_application_can_turn_evaluation_off(word: str, given: Any) -> None:
    environ = {"OTEL_INSTRUMENTATION_GENAI_EVALS_EVALUATORS": word}
    processor = EvaluationSpanProcessor(given, judge=ScriptedModel(), environ=environ)
    with application(processor) as provider:
        chat(provider)

        assert not processor.active
        assert processor.force_flush()
        assert not processor.offer(Subject(output="x"))
    assert processor.counts.offered == 0


def test_without_a_judge_only_what_needs_one_is_off(caplog: pytest.LogCaptureFixture) -> None:
    heard = Heard()

    @spanjudge.evaluator
    def is_short(output: str) -> bool:
        return len(output) < 100

    try:
        processor = EvaluationSpanProcessor(environ={}, on_results=heard)
        with application(processor) as provider:
            chat(provider)
            assert processor.wait_for_all(20)
    finally:
        is_short.unregister()

    assert [[one.evaluator for one in evaluations] for _, evaluations in heard.of] == [["is_short"]]
    assert any("OPENAI_API_KEY" in record.getMessage() for record in caplog.records)


def test_faults_of_the_environment_cost_what_they_concern(caplog: pytest.LogCaptureFixture) -> None:
    heard = Heard()
    environ = {
        "OTEL_INSTRUMENTATION_GENAI_EVALS_EVALUATORS": "native(LLMInvocation(bias,no_such_metric))",
        "OTEL_INSTRUMENTATION_GENAI_EVALS_WORKERS": "many",
        "OTEL_INSTRUMENTATION_GENAI_EVALS_CUSTOM_RUBRICS": "{",
    }
    model = ScriptedModel()
    processor = EvaluationSpanProcessor(judge=model, environ=environ, on_results=heard)
    with application(processor) as provider:
        chat(provider)
        assert processor.wait_for_all(20)

    assert [one.evaluator for _, evaluations in heard.of for one in evaluations] == ["bias"]
    told = " ".join(record.getMessage() for record in caplog.records)
    for variable in environ:
        assert variable in told


@pytest.mark.parametrize(
    "arguments",
    [
        {"evaluators": "native(LLMInvocation(bias)"},
        {"evaluators": "native(LLMInvocation(no_such_metric))"},
        {"evaluators": {"LLMInvocations": [Counted()]}},
        {"evaluators": [object()]},
        {"evaluators": 3},
        {"evaluators": {"LLMInvocation": "bias"}},
        {"on_results": 3},
        {"shutdown_timeout": -1},
    ],
)
def test_wrong_arguments_are_told_at_once(arguments: dict[str, Any]) -> None:
    with pytest.raises((SettingsError, TypeError)) as told:
        EvaluationSpanProcessor(judge=ScriptedModel(), environ={}, **arguments)

    assert str(told.value)


def test_one_evaluator_alone_is_evaluators_too() -> None:
    counted = Counted()
    processor = EvaluationSpanProcessor({"LLMInvocation": counted}, environ={})  # pyright: ignore[reportArgumentType]  callers need not be typed
    with application(processor) as provider:
        chat(provider)
        assert processor.wait_for_all(20)

    assert len(counted.subjects) == 1
