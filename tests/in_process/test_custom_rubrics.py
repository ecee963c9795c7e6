"""Rubrics of the user's own: by argument, as JSON, from the environment."""

import json
import logging
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spanjudge.errors import SettingsError
from spanjudge.evaluators import gallery
from spanjudge.evaluators.acceptance import Acceptance
from spanjudge.evaluators.answer_format import Boolean, Score
from spanjudge.evaluators.evaluator import Evaluator, VerdictLabels
from spanjudge.in_process.custom_rubrics import (
    CUSTOM_RUBRICS,
    read_custom_rubrics,
    rubrics_from_environment,
    usable_rubrics,
)
from spanjudge.judging import prechecks
from spanjudge.judging.subject import Subject

FULL = {
    "code_quality": {
        "rubric": "Is the code readable?",
        "description": "Quality of code.",
        "score_direction": "lower_is_better",
        "threshold": 0.3,
        "labels": {"pass": "Clean", "fail": "Messy"},
    }
}


def read(given: Any) -> dict[str, Evaluator]:
    return read_custom_rubrics(given, source="custom_rubrics")


def refused(given: Any) -> str:
    with pytest.raises(SettingsError) as caught:
        read(given)
    return str(caught.value)


def test_every_field_is_taken() -> None:
    (metric,) = read(FULL).values()
    assert metric.name == "code_quality"
    assert metric.rubric == "Is the code readable?"
    assert metric.description == "Quality of code. 0 = best, 1 = worst."
    assert metric.brief == "Quality of code. 0 = best, 1 = worst. Is the code readable?"
    assert metric.acceptance == Acceptance(max=0.3)
    assert metric.labels == VerdictLabels(pass_="Clean", fail="Messy")
    assert metric.answer == Score(min=0, max=1)


def test_what_is_left_out_has_its_default() -> None:
    (metric,) = read({"mine": {"rubric": "Good?"}}).values()
    assert metric.acceptance == Acceptance(min=0.5)
    assert metric.labels == VerdictLabels(pass_="Pass", fail="Fail")
    assert metric.description == "0 = worst, 1 = best."
    (half,) = read({"mine": {"rubric": "Good?", "labels": {"pass": "Fine"}, "threshold": None}}).values()
    assert half.labels == VerdictLabels(pass_="Fine", fail="Fail")


def test_json_text_is_the_same() -> None:
    assert read(json.dumps(FULL)) == read(FULL)
    assert read("  ") == {}
    assert read("{}") == {}


def test_a_built_in_metric_can_be_replaced() -> None:
    bias = gallery.metrics()["bias"]
    (metric,) = read({"bias": {"rubric": "Only about dogs."}}).values()
    assert (metric.rubric, metric.description, metric.needs) == (
        "Only about dogs.",
        bias.description,
        bias.needs,
    )
    assert (metric.acceptance, metric.labels) == (bias.acceptance, bias.labels)
    assert prechecks.needs_model(metric, Subject(output="...")), "answers of the old rubric are not the new's"


def test_its_direction_too() -> None:
    (metric,) = read({"bias": {"rubric": "How fair?", "score_direction": "higher_is_better"}}).values()
    assert metric.acceptance == Acceptance(min=0.5)
    assert metric.description == "0 = worst, 1 = best."


def test_sentiment_keeps_being_without_a_verdict_unless_one_is_asked_for() -> None:
    (plain,) = read({"sentiment": {"rubric": "How cheerful?"}}).values()
    assert plain.acceptance is None
    (judged,) = read({"sentiment": {"rubric": "How cheerful?", "threshold": 0.6}}).values()
    assert judged.acceptance == Acceptance(min=0.6)
    assert judged.labels == VerdictLabels(pass_="Pass", fail="Fail")


def test_an_evaluator_is_taken_as_it_is() -> None:
    mine = Evaluator(name="mine", rubric="Polite?", answer=Boolean(), acceptance=Acceptance(pass_when=True))
    assert read({"mine": mine}) == {"mine": mine}
    assert "give both the same name" in refused({"yours": mine})


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ('{"a": {"rubric": "x"}', "no JSON at line 1, column 22"),
        ('{\n"a": {"rubric": x}}', "no JSON at line 2, column 17"),
        ("[1]", "holds a list and must be an object"),
        ('"text"', "holds a text and must be an object"),
        ('{"a": {"rubric": "x"}, "a": {"rubric": "y"}}', "“a” stands there twice"),
        ({"a": "x"}, "a: holds a text and must be an object"),
        ({"a": None}, "a: holds nothing"),
        ({"a": {}}, "a.rubric: is missing"),
        ({"a": {"rubric": " "}}, "a.rubric: holds an empty text"),
        ({"a": {"rubric": 7}}, "a.rubric: holds a number"),
        ({"a": {"rubric": ["x"]}}, "a.rubric: holds a list"),
        ({"a": {"rubric": "x", "treshold": 1}}, "a.treshold: is no field here; did you mean “threshold”?"),
        ({"a": {"rubric": "x", "threshold": 2}}, "a.threshold: 2 lies outside 0 to 1"),
        ({"a": {"rubric": "x", "threshold": "much"}}, "a.threshold: much is no number"),
        ({"a": {"rubric": "x", "threshold": True}}, "a.threshold: True is no number"),
        ({"a": {"rubric": "x", "score_direction": "up"}}, "a.score_direction: up is no direction; write"),
        ({"a": {"rubric": "x", "score_direction": 1}}, "a.score_direction: 1 is no direction"),
        ({"a": {"rubric": "x", "labels": "Good"}}, "a.labels: holds a text and must be an object"),
        ({"a": {"rubric": "x", "labels": {"good": "G"}}}, "a.labels.good: is no verdict"),
        ({"a": {"rubric": "x", "labels": {"pass": 1}}}, "a.labels.pass: holds a number"),
        ({"a": {"rubric": "x", "labels": {"pass": "P", "fail": "P"}}}, "a: labels.fail: is the same word"),
        ({"1a": {"rubric": "x"}}, "'1a' cannot be a name; write a letter first"),
        ({"a b": {"rubric": "x"}}, "'a b' cannot be a name"),
        ({"a": {"rubric": "{{span.input}}"}}, "holds a variable"),
    ],
)
def test_what_cannot_be_used_is_told_with_its_place(given: Any, expected: str) -> None:
    told = refused(given)
    assert told.startswith("custom_rubrics: ")
    assert expected in told


def test_all_problems_are_told_at_once() -> None:
    told = refused({"a": {}, "b": {"rubric": "x"}, "c": {"rubric": "x", "threshold": 5}})
    assert [line.split(":")[1].strip() for line in told.splitlines()] == ["a.rubric", "c.threshold"]


def test_a_faulty_rubric_of_the_environment_spoils_only_itself(caplog: pytest.LogCaptureFixture) -> None:
    text = json.dumps({"faulty_one": {"rubrik": "x"}, "good": {"rubric": "x"}})
    with caplog.at_level(logging.ERROR):
        found = rubrics_from_environment({CUSTOM_RUBRICS: text})
        assert rubrics_from_environment({CUSTOM_RUBRICS: text}) == found
    assert list(found) == ["good"]
    (record,) = caplog.records
    assert record.getMessage() == (
        f"{CUSTOM_RUBRICS}: faulty_one.rubrik: is no field here; did you mean “rubric”?; "
        "it is left out, and the other metrics are evaluated"
    )


def test_broken_json_in_the_environment_is_told_and_no_error(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR):
        assert rubrics_from_environment({CUSTOM_RUBRICS: '{"broken": {'}) == {}
    (record,) = caplog.records
    assert record.getMessage().startswith(f"{CUSTOM_RUBRICS}: no JSON at line 1, column 13")


def test_without_the_variable_there_are_none() -> None:
    assert rubrics_from_environment({}) == {}


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
FIELDS = st.sampled_from(["rubric", "description", "score_direction", "threshold", "labels", "more"])


@given(
    st.dictionaries(
        st.sampled_from(["a", "bias", "sentiment", ""]) | st.text(max_size=6),
        ANYTHING | st.dictionaries(FIELDS | st.text(max_size=6), ANYTHING),
        max_size=3,
    )
)
def test_nothing_raises_and_everything_is_used_or_told(rubrics: dict[str, Any]) -> None:
    found, problems = usable_rubrics(rubrics, source="x")
    assert len(found) + len(problems) == len(rubrics)
    assert all(problem.startswith("x: ") and "\n" not in problem for problem in problems)


@given(st.text(max_size=40))
def test_no_text_raises(text: str) -> None:
    found, problems = usable_rubrics(text, source="x")
    assert not (found and problems)
