import subprocess
import sys

import pytest

from tests.in_host.conftest import EVALS, Start
from tests.mock_judge import MockJudge

DEFAULTS = ["bias", "toxicity", "answer_relevancy", "hallucination", "sentiment", "code_quality"]


@pytest.mark.parametrize("evaluators", [None, "native", "deepeval"])
def test_defaults(start: Start, evaluators: str | None) -> None:
    """Without a specification the host takes everything it finds: that must not cost twice."""
    application = start(evaluators, DEEPEVAL_IMPLEMENTATION="native")
    (evaluator,) = application.evaluators["LLMInvocation"]
    assert list(application.evaluators) == ["LLMInvocation"]
    assert list(evaluator.metrics) == DEFAULTS


async def test_deepeval_can_be_ours(start: Start, mock_judge: MockJudge) -> None:
    application = start("deepeval(LLMInvocation(bias))", DEEPEVAL_IMPLEMENTATION="native")
    application.chat()
    await application.evaluated()
    assert len(mock_judge.requests) == 1
    assert application.event("bias").attributes["gen_ai.evaluation.score.value"] is not None


async def test_without_the_library_deepeval_is_told_and_native_goes_on(
    start: Start, caplog: pytest.LogCaptureFixture
) -> None:
    application = start("deepeval(LLMInvocation(toxicity)),native(LLMInvocation(bias))")
    application.chat()
    await application.evaluated()
    assert "spanjudge[deepeval]" in caplog.text
    assert application.event("bias")


@pytest.mark.parametrize(
    ("spec", "named"),
    [
        ("native(LLMInvocation(bias,toxicty))", "toxicty"),
        ("native(LLMInvocation(bias,toxicity(threshold=1.5)))", "threshold"),
        ("native(LLMInvocation(bias,toxicity(threshold=high)))", "threshold"),
        ("native(LLMInvocation(bias,toxicity(treshold=0.5)))", "treshold"),
    ],
)
async def test_a_metric_that_cannot_be_used_is_told_and_the_others_go_on(
    start: Start, caplog: pytest.LogCaptureFixture, spec: str, named: str
) -> None:
    application = start(spec)
    application.chat()
    await application.evaluated()
    (event,) = application.events()
    assert event.attributes["gen_ai.evaluation.name"] == "bias"
    (told,) = (record for record in caplog.records if record.name.startswith("spanjudge"))
    assert named in told.getMessage()
    assert f"{EVALS}EVALUATORS, column 27" in told.getMessage()


async def test_when_no_metric_can_be_used_the_host_goes_on_without_us(
    start: Start, caplog: pytest.LogCaptureFixture
) -> None:
    application = start("native(LLMInvocation(niceness))")
    invocation = application.chat()
    await application.evaluated()
    assert application.evaluators == {}
    assert "niceness" in caplog.text
    assert invocation.evaluation_error is None
    assert "gen_ai.evaluation.executed" not in invocation.attributes


async def test_a_threshold(start: Start) -> None:
    application = start("native(LLMInvocation(bias(threshold=0.9)))")
    (evaluator,) = application.evaluators["LLMInvocation"]
    assert evaluator.options == {"bias": {"threshold": "0.9"}}


def test_without_a_key_it_is_told_what_is_missing(
    start: Start, environment: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    environment.delenv("OPENAI_API_KEY")
    environment.delenv("OPENAI_BASE_URL")
    application = start("native(LLMInvocation(bias))")
    application.chat()
    assert application.evaluators == {}
    (told,) = (record for record in caplog.records if record.name.startswith("spanjudge"))
    assert "OPENAI_API_KEY" in told.getMessage()


def test_evaluators_of_others_are_none_of_our_business(
    start: Start, caplog: pytest.LogCaptureFixture
) -> None:
    application = start("length(LLMInvocation(length)),native(LLMInvocation(bias))")
    assert len(application.evaluators["LLMInvocation"]) == 2
    assert not [record for record in caplog.records if record.name.startswith("spanjudge")]


async def test_broken_rubrics_leave_the_built_in_metrics_alone(
    start: Start, caplog: pytest.LogCaptureFixture
) -> None:
    application = start("native(LLMInvocation(bias,code_quality))", CUSTOM_RUBRICS="{'bad': json")
    application.chat()
    await application.evaluated()
    assert application.event("bias")
    assert f"{EVALS}CUSTOM_RUBRICS" in caplog.text


async def test_evaluations_can_be_turned_off(start: Start, mock_judge: MockJudge) -> None:
    application = start("none")
    application.chat()
    await application.evaluated()
    assert application.events() == []
    assert mock_judge.requests == []


def test_finding_the_entry_points_loads_no_judge() -> None:
    program = """
import sys
from importlib.metadata import entry_points

group = entry_points(group="opentelemetry_util_genai_evaluators")
for name in ("native", "deepeval"):
    (found,) = (each for each in group if each.name == name and each.value.startswith("spanjudge."))
    assert callable(found.load().factory)
heavy = ("spanjudge.judging", "spanjudge.in_process.native", "aiohttp", "yaml", "msgspec", "deepeval")
assert not [module for module in heavy if module in sys.modules]
"""
    subprocess.run([sys.executable, "-c", program], check=True)  # noqa: S603  our own program
