"""Which metrics there are, what options and custom rubrics change, and what cannot be used."""

from collections.abc import Mapping
from typing import Any

import pytest

from spanjudge.errors import SettingsError
from spanjudge.evaluators import gallery
from spanjudge.evaluators.acceptance import Acceptance
from spanjudge.in_process.invocation import Invocation, Kind, Seen, Skip
from spanjudge.in_process.metrics import (
    DEFAULT_METRICS,
    KNOWN_METRICS,
    definitions,
    kind_of,
    labelled,
    unfit,
)
from spanjudge.in_process.reading import invocation_of
from spanjudge.judging.result import EvaluationFailure, EvaluationResult
from spanjudge.judging.subject import Subject
from spanjudge.spans.span import Document, ToolCall
from tests.in_process.host_shapes import chat

CODE = {"code_quality": {"rubric": "Is the code readable?"}}
PARIS = (Document(content="Paris is in France."),)


def names(*arguments: Any) -> list[str]:
    return [evaluator.name for evaluator in definitions(*arguments)]


def invoked(subject: Subject, *, kind: Kind = "LLMInvocation", skip: Skip | None = None) -> Invocation:
    return Invocation(kind=kind, read=lambda: Seen(subject=subject, skip=skip))


def left_out(metric: str, subject: Subject, custom: Mapping[str, object] | None = None) -> str | None:
    """The reason, if it is left out."""
    (evaluator,) = definitions([metric], None, custom)
    skipped = unfit(evaluator, invoked(subject))
    return skipped.reason if skipped else None


def test_the_built_in_metrics_are_the_gallerys() -> None:
    assert tuple(gallery.metrics()) == KNOWN_METRICS
    assert set(KNOWN_METRICS) - set(DEFAULT_METRICS) == {"faithfulness"}


def test_by_default_all_but_faithfulness_and_every_custom_one() -> None:
    assert names() == list(DEFAULT_METRICS)
    assert names([], None, CODE) == [*DEFAULT_METRICS, "code_quality"]
    overriding = {"bias": {"rubric": "Only about dogs."}}
    assert names(None, None, overriding) == list(DEFAULT_METRICS)


@pytest.mark.parametrize("alias", ["answer_relevance", "relevance", " Answer-Relevancy ", "RELEVANCE"])
def test_aliases_are_the_metric_they_mean(alias: str) -> None:
    assert names([alias, "answer_relevancy", "bias"]) == ["answer_relevancy", "bias"]


def test_the_order_is_kept_and_each_metric_stands_once() -> None:
    assert names(["toxicity", "bias", "toxicity"]) == ["toxicity", "bias"]
    assert names("toxicity, bias") == ["toxicity", "bias"]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("toxcity", "“toxcity” is no metric; did you mean “toxicity”?"),
        ("relevence", "did you mean “relevance”?"),
        ("zzz", "known are bias, toxicity"),
        ("", "“” is no metric"),
    ],
)
def test_an_unknown_metric_names_the_nearest(given: str, expected: str) -> None:
    with pytest.raises(SettingsError) as caught:
        definitions([given])
    assert expected in str(caught.value)
    assert "OTEL_INSTRUMENTATION_GENAI_EVALS_CUSTOM_RUBRICS" in str(caught.value)


@pytest.mark.parametrize(
    ("metric", "option", "acceptance"),
    [
        ("bias", {"threshold": "0.7"}, Acceptance(max=0.7)),
        ("bias", {"threshold": 0}, Acceptance(max=0.0)),
        ("bias", 0.25, Acceptance(max=0.25)),
        ("relevance", {"threshold": " 0.7 "}, Acceptance(min=0.7)),
        ("faithfulness", "1", Acceptance(min=1.0)),
        ("hallucination", {}, Acceptance(max=0.5)),
    ],
)
def test_a_threshold_wins_over_the_rubrics(metric: str, option: object, acceptance: Acceptance) -> None:
    (evaluator,) = definitions([metric], {metric: option})
    assert evaluator.acceptance == acceptance


def test_an_option_wins_over_a_custom_rubrics_own_threshold() -> None:
    custom = {"mine": {"rubric": "Good?", "threshold": 0.9}}
    assert definitions(["mine"], None, custom)[0].acceptance == Acceptance(min=0.9)
    assert definitions(["mine"], {"mine": 0.2}, custom)[0].acceptance == Acceptance(min=0.2)


def test_equal_to_the_threshold_passes_on_either_side() -> None:
    bias, relevancy = definitions(["bias", "relevance"], {"bias": 0.7, "relevance": 0.7})
    assert bias.acceptance
    assert relevancy.acceptance
    assert [bias.acceptance.verdict(value) for value in (0.7, 0.71)] == ["pass", "fail"]
    assert [relevancy.acceptance.verdict(value) for value in (0.7, 0.69)] == ["pass", "fail"]


@pytest.mark.parametrize("threshold", ["high", "", None, True, float("nan"), float("inf"), [0.5], "0,7"])
def test_a_threshold_must_be_a_number(threshold: object) -> None:
    with pytest.raises(SettingsError, match=r"^bias: threshold: .* is no number; write one from 0 to 1"):
        definitions(["bias"], {"bias": {"threshold": threshold}})


@pytest.mark.parametrize("threshold", [-0.1, 1.01, "7", 10**400])
def test_a_threshold_must_lie_in_the_range(threshold: object) -> None:
    with pytest.raises(SettingsError, match=r"bias: threshold: .*(outside 0 to 1|is no number)"):
        definitions(["bias"], {"bias": {"threshold": threshold}})


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"bias": {"treshold": 0.5}}, "bias: “treshold” is no option; did you mean “threshold”?"),
        ({"toxicity": 0.5}, "toxicity is not among the metrics bias"),
        ({"biass": 0.5}, "did you mean “bias”?"),
    ],
)
def test_options_that_fit_nothing_are_told(options: dict[str, object], expected: str) -> None:
    with pytest.raises(SettingsError) as caught:
        definitions(["bias"], options)
    assert expected in str(caught.value)


def test_sentiment_takes_no_threshold_unless_a_rubric_gives_it_a_verdict() -> None:
    with pytest.raises(SettingsError, match="sentiment: takes no threshold"):
        definitions(["sentiment"], {"sentiment": 0.5})
    custom = {"sentiment": {"rubric": "How cheerful?", "score_direction": "higher_is_better"}}
    assert definitions(["sentiment"], {"sentiment": 0.6}, custom)[0].acceptance == Acceptance(min=0.6)


@pytest.mark.parametrize(
    ("score", "label"),
    [
        (1.0, "Positive"),
        (0.625, "Positive"),
        (0.62, "Neutral"),
        (0.5, "Neutral"),
        (0.38, "Neutral"),
        (0.375, "Negative"),
        (0.0, "Negative"),
    ],
)
def test_sentiment_has_the_label_of_its_range_and_no_verdict(score: float, label: str) -> None:
    (sentiment,) = definitions(["sentiment"])
    result = EvaluationResult(
        evaluator="sentiment", evaluator_version=sentiment.version, value=score, score_value=score
    )
    found = labelled(sentiment, result)
    assert (found.label, found.score) == (label, score)
    assert isinstance(found, EvaluationResult)
    assert found.verdict is None


def test_other_outcomes_keep_their_label() -> None:
    (sentiment,) = definitions(["sentiment"])
    failure = EvaluationFailure(evaluator="sentiment", evaluator_version="1", code="internal", message="x")
    assert labelled(sentiment, failure) is failure
    (bias,) = definitions(["bias"])
    result = EvaluationResult(
        evaluator="bias", evaluator_version="1", value=1.0, score_value=1.0, score_label="Biased"
    )
    assert labelled(bias, result) is result


@pytest.mark.parametrize(
    ("metric", "subject", "reason"),
    [
        ("faithfulness", Subject(input="?", output="Yes."), "missing_variable"),
        ("faithfulness", Subject(output="Yes.", context=PARIS), None),
        ("hallucination", Subject(input="?", output="Yes."), "missing_variable"),
        ("hallucination", Subject(output="Yes.", context=PARIS), None),
        ("answer_relevancy", Subject(output="Yes."), "missing_variable"),
        ("bias", Subject(input="?"), "missing_variable"),
        ("bias", Subject(output="Yes."), None),
        ("bias", Subject(input="?", output=""), None),
        ("bias", Subject(), "no_content"),
        ("bias", Subject(input=" ", output=None), "no_content"),
    ],
)
def test_what_is_missing_leaves_a_metric_out(metric: str, subject: Subject, reason: str | None) -> None:
    assert left_out(metric, subject) == reason


@pytest.mark.parametrize(
    ("subject", "reason"),
    [
        (Subject(output="x = 1"), None),
        (Subject(input="?", tool_calls=(ToolCall(name="search"),)), None),
        (Subject(input="?"), "missing_variable"),
        (Subject(), "no_content"),
    ],
)
def test_a_custom_rubric_is_not_answered_from_the_question_alone(
    subject: Subject, reason: str | None
) -> None:
    assert left_out("code_quality", subject, CODE) == reason


def test_what_is_missing_is_told_in_plain_words() -> None:
    (evaluator,) = definitions(["faithfulness"])
    skipped = unfit(evaluator, invoked(Subject(input="?")))
    assert skipped is not None
    assert skipped.message == (
        "“faithfulness” is left out: the invocation has no output (what was answered) and no context "
        "(the documents it was given)"
    )
    assert (skipped.metric_name, skipped.score, skipped.error) == ("faithfulness", None, None)


def test_an_invocation_that_is_skipped_as_a_whole_says_its_own_reason() -> None:
    (evaluator,) = definitions(["bias"])
    skip = Skip("span_error", "the call failed")
    skipped = unfit(evaluator, invoked(Subject(output="Yes."), skip=skip))
    assert skipped
    assert (skipped.reason, skipped.message) == ("span_error", "the call failed")


def test_another_kind_of_invocation_is_not_matched() -> None:
    (evaluator,) = definitions(["bias"])
    agent = kind_of("AgentInvocation")
    skipped = unfit(evaluator, invoked(Subject(output="Yes.")), kind=agent)
    assert skipped
    assert skipped.reason == "not_matched"
    assert unfit(evaluator, invoked(Subject(output="Yes."), kind="AgentInvocation"), kind=agent) is None
    with pytest.raises(SettingsError, match="did you mean “LLMInvocation”"):
        kind_of("LLMInvokation")


@pytest.mark.parametrize(
    ("attributes", "hallucination", "faithfulness"),
    [
        ({}, "missing_variable", "missing_variable"),
        ({"context": "Open from ten to four."}, None, "missing_variable"),
        ({"retrieval_context": "Open from ten to four."}, None, None),
        ({"context": "Open.", "sources": ["Open from ten to four."]}, None, None),
    ],
)
def test_faithfulness_needs_what_was_retrieved_and_hallucination_any_context(
    attributes: dict[str, str], hallucination: str | None, faithfulness: str | None
) -> None:
    given = invocation_of(chat(attributes=attributes))
    found = [
        skip and skip.reason
        for one in definitions(["hallucination", "faithfulness"])
        for skip in [unfit(one, given)]
    ]
    assert found == [hallucination, faithfulness]
