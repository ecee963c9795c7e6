"""What a function that evaluates may return, and what becomes of it."""

import math
from decimal import Decimal
from enum import Enum, StrEnum
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spanjudge.evaluators.acceptance import Acceptance
from spanjudge.in_process.code.evaluator import CodeEvaluator
from spanjudge.in_process.evaluator import Evaluation
from spanjudge.judging.result import EvaluationFailure, EvaluationResult, EvaluationSkipped
from tests.in_process.code_evaluators import SUBJECT


def returns(value: object, **settings: Any) -> Evaluation:
    """What comes of a function that returns this."""

    def answer(subject: object) -> object:
        del subject
        return value

    one: CodeEvaluator[..., Any] = CodeEvaluator(answer, name="check", **settings)
    (found,) = one.evaluate(SUBJECT)
    assert found.evaluator == "check"
    assert found.evaluator_name == "code"
    assert found.evaluator_version == one.version
    return found


def result(value: object, **settings: Any) -> EvaluationResult:
    found = returns(value, **settings)
    assert isinstance(found, EvaluationResult), found
    return found


def failure(value: object, **settings: Any) -> str:
    found = returns(value, **settings)
    assert isinstance(found, EvaluationFailure), found
    assert found.code == "internal"
    return found.message


@pytest.mark.parametrize(("value", "score", "verdict"), [(True, 1.0, "pass"), (False, 0.0, "fail")])
def test_a_boolean_is_a_verdict(value: bool, score: float, verdict: str) -> None:  # noqa: FBT001  it is the answer itself
    found = result(value)
    assert (found.value, found.score_value, found.score_label, found.verdict) == (value, score, None, verdict)
    assert (found.judge_provider, found.judge_model, found.usage, found.cost_usd) == (None, None, None, None)


def test_acceptance_criteria_turn_a_boolean_round() -> None:
    assert result(value=True, acceptance={"pass_when": False}).verdict == "fail"
    assert result(value=False, acceptance=Acceptance(pass_when=False)).verdict == "pass"


@pytest.mark.parametrize(
    ("value", "verdict"),
    [(0.49, "fail"), (0.5, "pass"), (1, "pass"), (Decimal("0.5"), "pass"), (Fraction(1, 4), "fail")],
)
def test_a_number_is_a_score(value: object, verdict: str) -> None:
    found = result(value, acceptance={"min": 0.5}, labels={"pass": "Fine", "fail": "Poor"})
    assert found.score_value == pytest.approx(float(value))  # pyright: ignore[reportArgumentType]  each of them is a number
    assert found.verdict == verdict
    assert found.score_label == {"pass": "Fine", "fail": "Poor"}[verdict]


def test_a_number_without_criteria_has_no_verdict() -> None:
    found = result(7)
    assert (found.value, found.score_value, found.score_label, found.verdict) == (7.0, 7.0, None, None)


class Tone(StrEnum):
    FRIENDLY = "Friendly"
    RUDE = "Rude"


class Plain(Enum):
    RUDE = "Rude"


@pytest.mark.parametrize(
    ("value", "verdict"), [("Friendly", "pass"), (Tone.FRIENDLY, "pass"), (Plain.RUDE, "fail")]
)
def test_a_text_is_a_label(value: object, verdict: str) -> None:
    found = result(value, acceptance={"pass_values": ["Friendly"]})
    assert found.score_label == found.value
    assert type(found.value) is str
    assert found.score_value is None
    assert found.verdict == verdict
    assert result("Friendly").verdict is None


@pytest.mark.parametrize("value", [True, 0.5, "Friendly"])
def test_a_pair_brings_its_explanation(value: object) -> None:
    found = result((value, "it says please"))
    assert (found.value, found.explanation) == (value, "it says please")
    assert result((value, None)).explanation is None


@pytest.mark.parametrize(
    ("value", "words"),
    [(None, "answer has nothing to say"), ((None, "no parcel is meant"), "no parcel is meant")],
)
def test_none_is_nothing_to_say(value: object, words: str) -> None:
    found = returns(value)
    assert isinstance(found, EvaluationSkipped)
    assert words in found.message


class Scalar:
    """As NumPy's boolean and PyTorch's tensors of one element are."""

    shape = ()

    def __init__(self, held: object) -> None:
        self.held = held

    def item(self) -> object:
        return self.held


def test_scalars_of_array_libraries_are_what_they_hold() -> None:
    assert result(Scalar(held=True)).verdict == "pass"
    assert result(Scalar(held=0.25)).score_value == 0.25
    assert "Scalar" in failure(Scalar(Scalar(1)))


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, 10**400, Decimal("NaN"), Scalar(math.nan)])
def test_numbers_that_are_none_are_failures(value: object) -> None:
    assert "not finite" in failure(value)


@pytest.mark.parametrize(
    "value",
    [
        {},
        [],
        [True, "why"],
        object(),
        b"pass",
        (),
        (True,),
        (True, "why", 3),
        (True, 3),
        1j,
        ((True, "a"), "b"),
    ],
)
def test_what_is_no_evaluation_is_a_failure_that_names_function_and_type(value: object) -> None:
    message = failure(value)
    assert "answer returned" in message
    assert "a boolean, a number, a label" in message


def test_what_was_returned_is_not_quoted() -> None:
    assert "Lyon" not in failure({"parcel": "Lyon"})


@pytest.mark.parametrize(
    ("value", "acceptance"),
    [
        (True, {"min": 0.5}),
        (0.5, {"pass_when": True}),
        ("Rude", {"max": 3}),
        (0.5, {"pass_values": ["Rude"]}),
    ],
)
def test_criteria_for_something_else_are_a_failure_and_no_fail(
    value: object, acceptance: dict[str, Any]
) -> None:
    assert "acceptance criteria" in failure(value, acceptance=acceptance)


def test_an_empty_label_is_a_failure() -> None:
    assert "empty label" in failure("")


class Impossible(Decimal):
    def __float__(self) -> float:
        raise RuntimeError("Lyon")


def test_a_value_that_raises_is_a_failure() -> None:
    assert failure(Impossible(1)) == "RuntimeError in the answer of answer"


@settings(deadline=None)
@given(
    st.one_of(
        st.none(), st.booleans(), st.floats(), st.integers(), st.text(), st.binary(), st.tuples(st.text())
    )
)
def test_whatever_is_returned_comes_out_as_one_evaluation(value: object) -> None:
    found = returns(value)
    if isinstance(found, EvaluationResult) and found.score_value is not None:
        assert math.isfinite(found.score_value)


def own(**fields: Any) -> EvaluationResult:
    given: dict[str, Any] = {"evaluator": "other", "evaluator_version": "", "value": 0.5, **fields}
    return EvaluationResult(**given)


def test_results_of_its_own_making_come_under_its_name() -> None:
    found = result(own(score_value=0.5, explanation="half", cost_usd=0.1), acceptance={"min": 0.5})
    assert (found.score_value, found.verdict, found.explanation, found.cost_usd) == (0.5, "pass", "half", 0.1)
    assert result(own(verdict="fail"), acceptance={"min": 0.5}).verdict == "fail"
    given = EvaluationFailure(
        evaluator="other", evaluator_version="", code="missing_input", message="no parcel"
    )
    failed = returns(given)
    assert isinstance(failed, EvaluationFailure)
    assert (failed.code, failed.message) == ("missing_input", "no parcel")


@pytest.mark.parametrize(
    "given",
    [own(value=math.nan), own(score_value=math.inf), own(value=[]), own(score_value="1"), own(verdict="ok")],
)
def test_results_of_its_own_making_that_cannot_be_exported_are_failures(given: EvaluationResult) -> None:
    assert "answer returned" in failure(given)
