"""Evaluators that share a call in their brief form: one call, few tokens, nothing lost that decides."""

import json
from typing import Any

import msgspec
import pytest

from spanjudge.evaluators import gallery
from spanjudge.evaluators.evaluator import Evaluator
from spanjudge.judging import compose, prechecks, small
from spanjudge.judging.judge import Judge
from spanjudge.judging.models.model import JudgeRequest, Traits
from spanjudge.judging.models.scripted import ScriptedModel, fill
from spanjudge.judging.result import EvaluationResult
from spanjudge.judging.subject import Subject
from spanjudge.spans.span import Document
from tests.judging.evaluators import CLAIMS, LEVELS, POLITE, QUALITY, TOPIC

METRICS = tuple(gallery.metrics().values())
DEFAULT = tuple(metric for metric in METRICS if metric.name != "faithfulness")
SHORT = Subject(
    input="What is the capital of France?",
    output="The capital of France is Paris.",
    context=(Document(content="France is a country in Western Europe. Its capital is Paris."),),
)

LEAST_CHARS_A_TOKEN = 3.8
"""Characters a token of OpenAI's o200k vocabulary has in these texts, at the least.

Measured with tiktoken: a whole prompt has 3.9 to 4.1, as the fences' tags fall (742 tokens, 2,977
characters). A prompt below 800 × 3.8 characters is therefore below 800 tokens.
"""


def told(evaluator: Evaluator, brief: str | None = "In few words.") -> Evaluator:
    return msgspec.structs.replace(evaluator, brief=brief)


async def asked(
    *evaluators: Evaluator, traits: Traits | None = None, batch: bool | None = None
) -> list[JudgeRequest]:
    model = ScriptedModel(traits=traits)
    await Judge(model, batch=batch).judge(SHORT, evaluators)
    return model.requests


async def test_the_default_metrics_of_a_short_invocation_are_one_call_below_800_tokens() -> None:
    (request,) = await asked(*DEFAULT)
    assert len(request.system) + len(request.user) < 800 * LEAST_CHARS_A_TOKEN
    schema = json.dumps(request.schema, separators=(",", ":"))
    assert len(schema) < 1100, "providers count the answer's schema too, about 310 tokens"


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.name)
def test_a_metric_in_few_words_says_what_the_ends_of_its_scale_mean(metric: Evaluator) -> None:
    brief = metric.brief or ""
    assert brief.startswith("0 = ")
    assert " 1 = " in brief
    assert len(brief) < 300
    assert len(brief) < len(metric.rubric or "") / 2


def test_what_criteria_have_in_common_is_said_once() -> None:
    question = compose.question(DEFAULT)
    for number, metric in enumerate(DEFAULT, 1):
        assert f"c{number} {metric.name}: {metric.brief}" in question.text
        assert (metric.rubric or "") not in question.text
    assert question.text.count('"0.25"') == 1
    assert '{"c1": {"explanation": "…", "score": "…"}, …, "c5": {…}}' in question.text
    scores = [one["properties"]["score"]["enum"] for one in question.schema["properties"].values()]
    assert scores == [["0", "0.25", "0.5", "0.75", "1"]] * 5


def test_the_policy_is_never_shortened() -> None:
    assert compose.POLICY in compose.question(DEFAULT).system


def test_one_without_a_brief_form_makes_all_of_them_whole() -> None:
    question = compose.question([*DEFAULT, TOPIC])
    assert question.system == compose.SYSTEM
    assert all((metric.rubric or "").strip() in question.text for metric in DEFAULT)


async def test_a_criterion_alone_is_asked_in_full() -> None:
    (request,) = await asked(DEFAULT[0])
    assert (DEFAULT[0].rubric or "").strip() in request.question
    requests = await asked(*DEFAULT, batch=False)
    assert len(requests) == 5
    assert all((m.rubric or "").strip() in r.question for m, r in zip(DEFAULT, requests, strict=True))


async def test_a_small_judge_gets_the_whole_rubrics_even_when_it_is_told_to_batch() -> None:
    (request,) = await asked(*DEFAULT[:2], traits=Traits(small=True), batch=True)
    assert all((metric.rubric or "").strip() in request.question for metric in DEFAULT[:2])
    assert small.question(DEFAULT[:2]).text == compose.batched(DEFAULT[:2]).text


def test_every_answer_format_has_a_brief_form() -> None:
    evaluators = [told(one) for one in (TOPIC, POLITE, QUALITY, LEVELS, CLAIMS)]
    question = compose.question(evaluators)
    assert '- "ON_TOPIC": about travel' in question.text
    assert "- true: polite\n- false: rude" in question.text
    assert "Score of c3: a number from 0 to 10, both included." in question.text
    assert 'Score of c4: one of "0", "0.25", "0.5", "1"' in question.text
    assert '"c1": {"explanation": "…", "label": "ON_TOPIC" | "OFF_TOPIC"}' in question.text
    assert '"c5": {"claims": [' in question.text
    full = compose.batched(evaluators)
    assert list(question.schema["properties"]) == list(full.schema["properties"])
    assert question.probability_of is None, "they would come for every token of a long answer"
    assert question.asked == full.asked
    assert question.max_output_tokens == full.max_output_tokens


async def test_answers_are_read_and_versions_stay_each_evaluators_own() -> None:
    def answer(request: JudgeRequest) -> dict[str, Any]:
        found = fill(request.schema)
        found["c2"]["score"] = "0.75"
        return found

    outcomes = await Judge(ScriptedModel(answer)).judge(SHORT, DEFAULT)
    results = [outcome for outcome in outcomes if isinstance(outcome, EvaluationResult)]
    assert [one.evaluator_version for one in results] == [metric.version for metric in DEFAULT]
    assert [one.value for one in results] == [0.0, 0.75, 0.0, 0.0, 0.0]
    assert [one.verdict for one in results] == ["pass", "fail", "fail", "pass", None]


async def test_what_has_no_valid_answer_is_asked_again_in_full_when_it_is_alone() -> None:
    model = ScriptedModel()

    def answer(request: JudgeRequest) -> dict[str, Any]:
        found = fill(request.schema)
        if "c2" in found:
            found["c2"]["score"] = "7"
        return found

    model = ScriptedModel(answer)
    outcomes = await Judge(model).judge(SHORT, DEFAULT)
    assert all(isinstance(outcome, EvaluationResult) for outcome in outcomes)
    assert len(model.requests) == 2
    assert (DEFAULT[1].rubric or "").strip() in model.requests[1].question


def test_the_brief_form_is_part_of_the_version_and_changes_no_certain_answer() -> None:
    metric = DEFAULT[0]
    assert told(metric, None).version != metric.version
    empty = Subject(input="Hello?", output="")
    assert not prechecks.needs_model(metric, empty)
    assert not prechecks.needs_model(told(metric, None), empty)
