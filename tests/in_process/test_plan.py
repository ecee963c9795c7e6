"""From options to evaluators: which there are, what they ask, and what a fault costs."""

import json
import subprocess
import sys

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from spanjudge.errors import SettingsError
from spanjudge.in_process.background.loop import background
from spanjudge.in_process.metrics import DEFAULT_METRICS
from spanjudge.in_process.plan import Plan, evaluators_of
from spanjudge.in_process.settings import variables
from spanjudge.in_process.settings.options import Options
from spanjudge.judging.call import JudgeCall
from spanjudge.judging.judge import Judge
from spanjudge.judging.models.scripted import ScriptedModel
from spanjudge.judging.result import EvaluationResult
from spanjudge.judging.subject import Subject
from tests.mock_judge import MockJudge

KEY = {"OPENAI_API_KEY": "sk-0123456789abcdef"}
RUBRIC = {"code_quality": {"rubric": "Is the code readable?"}}


def plan(spec: str = "", **environ: str) -> Plan:
    environ = KEY | {variables.EVALUATORS: spec} | environ
    return evaluators_of(Options.from_environment(environ), environ=environ)


def shown(found: Plan) -> dict[str, list[tuple[str, tuple[str, ...]]]]:
    return {kind: [(one.name, tuple(one.metrics)) for one in some] for kind, some in found.items()}


def test_by_default_model_calls_are_judged_by_the_default_metrics() -> None:
    found = plan()
    assert shown(found) == {"LLMInvocation": [("native", DEFAULT_METRICS)]}
    assert found.problems == ()


@pytest.mark.parametrize("spec", ["none", "native(Nothing)"])
def test_nothing_is_made_for_nothing(spec: str) -> None:
    assert shown(plan(spec)) == {}


def test_an_evaluator_without_types_judges_model_calls() -> None:
    assert shown(plan("native")) == shown(plan())


def test_native_in_deepeval_s_place_and_equal_metrics_are_judged_once() -> None:
    found = plan(
        "native(Step(bias)),deepeval(Step(bias,toxicity))", **{variables.DEEPEVAL_IMPLEMENTATION: "native"}
    )
    assert shown(found) == {"Step": [("native", ("bias", "toxicity"))]}
    assert len(found.problems) == 1
    assert "column 34: bias is listed twice for Step of native: it is judged once" in found.problems[0]


def test_two_names_of_a_metric_are_one_metric() -> None:
    found = plan("native(Step(relevance(threshold=0.3),answer_relevancy))")
    assert shown(found) == {"Step": [("native", ("answer_relevancy",))]}
    assert "answer_relevancy is listed twice" in found.problems[0]


def test_what_is_listed_joins_the_defaults() -> None:
    found = plan("native(Step),native(Step(faithfulness))")
    assert shown(found) == {"Step": [("native", (*DEFAULT_METRICS, "faithfulness"))]}
    assert found.problems == ()


def test_rubrics_of_the_environment_join_the_defaults_and_can_be_listed() -> None:
    rubrics = {variables.CUSTOM_RUBRICS: json.dumps(RUBRIC)}
    assert shown(plan(**rubrics)) == {"LLMInvocation": [("native", (*DEFAULT_METRICS, "code_quality"))]}
    found = plan("native(Step(code_quality(threshold=0.9)))", **rubrics)
    assert shown(found) == {"Step": [("native", ("code_quality",))]}
    assert found.problems == ()


@pytest.mark.parametrize(
    ("spec", "kept", "message"),
    [
        (
            "native(Step(bais,toxicity))",
            ("toxicity",),
            "column 13: “bais” is no metric; did you mean “bias”?",
        ),
        ("native(Step(bias(threshold=7),toxicity))", ("toxicity",), "column 13: bias: threshold: "),
        ("native(Step(bias(limit=0.7),toxicity))", ("toxicity",), "column 13: bias: “limit” is no option"),
        (
            "native(Step(sentiment(threshold=0.7),bias))",
            ("bias",),
            "column 13: sentiment: takes no threshold",
        ),
    ],
)
def test_a_bad_metric_costs_only_itself(spec: str, kept: tuple[str, ...], message: str) -> None:
    found = plan(spec)
    assert shown(found) == {"Step": [("native", kept)]}
    assert len(found.problems) == 1
    assert f"{variables.EVALUATORS}, {message}" in found.problems[0]
    assert "it is left out" in found.problems[0]


def test_a_type_whose_every_metric_is_bad_does_not_fall_back_to_the_defaults() -> None:
    assert shown(plan("native(Step(bais),Workflow(bias))")) == {"Workflow": [("native", ("bias",))]}


def test_broken_rubrics_cost_only_themselves() -> None:
    found = plan(**{variables.CUSTOM_RUBRICS: '{"broken"'})
    assert shown(found) == shown(plan())
    assert len(found.problems) == 1
    assert found.problems[0].startswith(f"{variables.CUSTOM_RUBRICS}: no JSON at line 1, column 10")


def test_without_a_judge_evaluation_is_off_and_says_so_once() -> None:
    found = evaluators_of(Options(), environ={})
    assert len(found) == 0
    assert len(found.problems) == 1
    assert found.problems[0].startswith("evaluation is off: OPENAI_API_KEY is not set")


def test_problems_of_the_judge_s_settings_are_told() -> None:
    found = plan(SPANJUDGE_JUDGE_TIMEOUT_SECONDS="soon")
    assert len(found) == 1
    assert found.problems[0].startswith("SPANJUDGE_JUDGE_TIMEOUT_SECONDS='soon'")


WITHOUT_DEEPEVAL = """
import sys
sys.modules["deepeval"] = None
from spanjudge.in_process.settings.options import Options
from spanjudge.in_process.plan import evaluators_of
environ = {"OPENAI_API_KEY": "sk-1", "OTEL_INSTRUMENTATION_GENAI_EVALS_EVALUATORS": sys.argv[1]}
found = evaluators_of(Options.from_environment(environ), environ=environ)
print([(kind, [one.name for one in some]) for kind, some in found.items()])
print(*found.problems, sep="\\n")
print("imported:", "spanjudge.in_process.deepeval.evaluator" in sys.modules)
"""


def without_deepeval(spec: str) -> str:
    return subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-c", WITHOUT_DEEPEVAL, spec], capture_output=True, text=True, check=True
    ).stdout


def test_without_deepeval_only_its_evaluator_is_off() -> None:
    told = without_deepeval("deepeval(Step(bias,toxicity),Workflow(bias)),native(Step(bias))")
    assert "[('Step', ['native'])]" in told
    assert told.count("pip install 'spanjudge[deepeval]'") == 1
    assert "column 1: evaluation with DeepEval needs the extra" in told
    assert f"With {variables.DEEPEVAL_IMPLEMENTATION}=native its metrics are judged" in told


def test_what_is_not_asked_for_is_not_imported() -> None:
    assert "imported: False" in without_deepeval("native(Step(bias))")


def test_all_share_one_judge_model_that_is_opened_once() -> None:
    models: list[ScriptedModel] = []

    def make() -> ScriptedModel:
        models.append(ScriptedModel({"bias": {"explanation": "…", "score": 0.0}}))
        return models[-1]

    options = Options.from_environment({variables.EVALUATORS: "native(LLMInvocation(bias),Step(bias))"})
    found = evaluators_of(options, judge=make)
    subject = Subject(input="Who?", output="They.")
    for kind in ("LLMInvocation", "Step"):
        found[kind][0].evaluate(subject)
    assert len(models) == 1
    assert len(models[0].requests) >= 2
    for evaluators in found.values():
        for one in evaluators:
            background().run(one.aclose())


@pytest.mark.parametrize("as_judge", [False, True], ids=["model", "judge"])
def test_a_judge_that_is_given_is_asked(*, as_judge: bool) -> None:
    model = ScriptedModel()
    judge = Judge(model) if as_judge else model
    calls: dict[str, list[JudgeCall]] = {"native": [], "deepeval": []}
    observers = {name: found.append for name, found in calls.items()}
    options = Options.from_environment({variables.EVALUATORS: "native(LLMInvocation(bias))"})
    found = evaluators_of(options, judge=judge, observer=observers, environ={})
    found["LLMInvocation"][0].evaluate(Subject(input="Who?", output="They."))
    assert model.requests
    assert calls["native"]
    assert not calls["deepeval"]


def test_one_observer_is_told_of_every_evaluator() -> None:
    calls: list[JudgeCall] = []
    options = Options.from_environment({variables.EVALUATORS: "native(LLMInvocation(bias))"})
    found = evaluators_of(options, judge=ScriptedModel(), observer=calls.append)
    found["LLMInvocation"][0].evaluate(Subject(input="Who?", output="They."))
    assert calls


@pytest.mark.parametrize(("mode", "calls"), [("batched", 1), ("non-batched", 2), ("", 1)])
async def test_from_the_environment_to_results(mock_judge: MockJudge, mode: str, calls: int) -> None:
    environ = {
        "OPENAI_BASE_URL": mock_judge.url,
        variables.EVALUATORS: "native(LLMInvocation(bias,toxicity))",
        variables.DEEPEVAL_MODE: mode,
    }
    found = evaluators_of(Options.from_environment(environ), environ=environ)
    evaluator = found["LLMInvocation"][0]
    outcomes = await evaluator.evaluate_async(Subject(input="Who?", output="They."))
    await background().wait(evaluator.aclose())
    assert [one.metric_name for one in outcomes] == ["bias", "toxicity"]
    assert all(isinstance(one, EvaluationResult) for one in outcomes)
    assert len(mock_judge.requests) == calls
    assert {one.judge_provider for one in outcomes if isinstance(one, EvaluationResult)} == {"openai"}


WORDS = [
    "native",
    "deepeval",
    "(",
    ")",
    ",",
    "LLMInvocation",
    "Step",
    "bias",
    "bais",
    "own",
    "threshold=2",
    "=",
    " ",
]
VALUES = st.one_of(
    st.text(max_size=20),
    st.lists(st.sampled_from(WORDS), max_size=12).map("".join),
    st.sampled_from(
        [
            "http://h",
            "http://h:99999/v1",
            "http://[::1",
            "http://h/v1?x=y",
            "openai",
            "litellm",
            "scripted",
            "ollama",
        ]
    ),
    st.sampled_from(
        ['{"own": {"rubric": "Good?"}}', '{"own": 1}', "[]", "true", "-1", "1e400", "0.5", "9" * 5000]
    ),
)
NAMES = [
    *variables.BY_NAME,
    "SPANJUDGE_JUDGE_PROVIDER",
    "O2_JUDGE_PROVIDER",
    "SPANJUDGE_JUDGE_MODEL",
    "SPANJUDGE_JUDGE_URL",
    "SPANJUDGE_JUDGE_API_KEY",
    "SPANJUDGE_JUDGE_API_KEY_FILE",
    "SPANJUDGE_JUDGE_CONCURRENCY",
    "SPANJUDGE_DATA_DIR",
]


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=8))
@example({variables.CUSTOM_RUBRICS: "9" * 5000})
def test_no_environment_stops_an_application(environ: dict[str, str]) -> None:
    options = Options.from_environment(environ)
    found = evaluators_of(options, environ=environ)
    for problem in (*options.problems, *found.problems):
        assert "cannot be opened (" not in problem, "a fault that nobody foresaw"
    for kind, evaluators in found.items():
        assert evaluators, kind
        assert all(one.metrics for one in evaluators)


def test_a_judge_model_that_cannot_be_opened_is_no_error_of_the_application() -> None:
    def never() -> ScriptedModel:
        raise SettingsError("there is none")

    found = evaluators_of(Options(), judge=never)
    outcomes = found["LLMInvocation"][0].evaluate(Subject(input="Who?", output="They."))
    assert {str(one.error) for one in outcomes if one.error} != set()
