"""What of the host's evaluators needs no host; the rest is in `tests/in_host`."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from spanjudge.errors import SettingsError
from spanjudge.in_process.host import entry_points as host
from spanjudge.in_process.host.evaluator import host_evaluator
from spanjudge.in_process.host.exit import host_backlog
from spanjudge.in_process.host.results import HostResults, Way, failure_type, way_of
from spanjudge.in_process.reading import invocation_of
from spanjudge.judging.result import EvaluationFailure, EvaluationResult, EvaluationSkipped
from tests.in_process.host_shapes import Error, LLMInvocation, chat
from tests.in_process.telemetry_out import TelemetryOut

EVALS = "OTEL_INSTRUMENTATION_GENAI_EVALS_"


def result(metric: str, score: float = 0.75) -> EvaluationResult:
    return EvaluationResult(
        evaluator=metric,
        evaluator_version="v1",
        value=score,
        score_value=score,
        score_label="Good",
        verdict="pass",
        explanation="It is.",
    )


FAILURE = EvaluationFailure(
    evaluator="bias", evaluator_version="v1", code="judge_timeout", message="the judge did not answer in time"
)
SKIPPED = EvaluationSkipped(
    evaluator="toxicity", evaluator_version="v1", reason="no_content", message="there is no answer"
)


def results_of(invocation: LLMInvocation, *evaluations: Any) -> list[Any]:
    return HostResults().of(invocation, invocation_of(invocation), evaluations)


def test_results_are_of_the_host_s_own_class_with_the_fields_it_has() -> None:
    (found,) = results_of(chat(), result("bias"))
    assert (found.metric_name, found.score, found.label, found.explanation) == (
        "bias",
        0.75,
        "Good",
        "It is.",
    )
    assert found.error is None
    assert found.attributes["gen_ai.evaluation.passed"] is True


def test_a_failure_has_an_error_and_nothing_else() -> None:
    (found,) = results_of(chat(), FAILURE)
    assert isinstance(found.error, Error)
    assert (found.score, found.label) == (None, None)
    assert found.error.message == "the judge did not answer in time"
    assert issubclass(found.error.type, Exception)
    assert found.error.type.__qualname__ == "judge_timeout"
    assert found.error.type is failure_type("judge_timeout")


def test_what_was_skipped_is_no_result() -> None:
    assert results_of(chat(), SKIPPED) == []


@pytest.mark.parametrize(
    ("metric", "way"),
    [
        ("bias", Way(given=True, exported=True)),
        ("answer_relevancy", Way(given=True, exported=True)),
        ("code_quality", Way(given=False, exported=False)),
        ("faithfulness", Way(given=False, exported=False)),
    ],
)
def test_ways_at_a_host_that_does_not_tell_its_names(metric: str, way: Way) -> None:
    assert way_of(metric, None) == way


def test_what_the_host_would_lose_goes_to_its_logger_with_the_span_s_ids() -> None:
    with TelemetryOut() as out:
        handler = SimpleNamespace(_content_logger=out.logger_provider.get_logger("host"))
        invocation = chat(trace_id=0xABC, span_id=0xD, response_id="resp-1")
        invocation.__dict__["_handler"] = handler
        found = results_of(invocation, result("faithfulness"), result("bias"))
        (record,) = out.records()
        assert out.scopes() == {"host"}
    assert [each.metric_name for each in found] == ["bias"]
    assert (record.trace_id, record.span_id) == (0xABC, 0xD)
    assert record.event_name == "gen_ai.evaluation.result"
    assert record.attributes["gen_ai.evaluation.name"] == "faithfulness"
    assert record.attributes["gen_ai.response.id"] == "resp-1"


@pytest.mark.parametrize(("spec", "types"), [("", []), (" ", []), ("deepeval", ["LLMInvocation"])])
def test_deepeval_evaluates_only_where_it_is_named(
    monkeypatch: pytest.MonkeyPatch, spec: str, types: list[str]
) -> None:
    monkeypatch.setenv(f"{EVALS}EVALUATORS", spec)
    assert list(host.deepeval.default_metrics()) == types
    assert "faithfulness" not in host.native.default_metrics()["LLMInvocation"]


def test_nothing_usable_is_an_error_of_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "any-key")
    with pytest.raises(SettingsError, match="toxicity"):
        host_evaluator("native", ["toxicty"], invocation_type="LLMInvocation")
    with pytest.raises(SettingsError, match="LLMInvocation"):
        host_evaluator("native", ["bias"], invocation_type="LLMInvokation")
    usable = host.native.factory(["bias", "toxicty"], options={"bias": {"threshold": "0.9"}, "toxicty": 0.2})
    assert list(usable.metrics) == ["bias"]


async def test_it_evaluates_for_threads_and_loops(monkeypatch: pytest.MonkeyPatch, mock_judge: Any) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "any-key")
    monkeypatch.setenv("OPENAI_BASE_URL", f"{mock_judge.url}/v1")
    evaluator = host.native.factory(["bias", "sentiment"], "LLMInvocation")
    found = await evaluator.evaluate_async(chat())
    assert [each.metric_name for each in found] == ["bias", "sentiment"]
    found = await asyncio.to_thread(evaluator.evaluate, chat())
    assert [each.metric_name for each in found] == ["bias", "sentiment"]
    with pytest.raises(TypeError, match="cannot be evaluated"):
        evaluator.evaluate("no invocation")
    assert host_backlog.shutdown(0) == 0
