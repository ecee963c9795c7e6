"""Outcomes as OpenObserve's client and the documented contract both take them."""

import json
from typing import Any, get_args

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spanjudge.evaluators.answer_format import AnswerFormat, Boolean, Category, Label, Score
from spanjudge.evaluators.evaluator import Evaluator
from spanjudge.judging.result import EvaluationFailure, EvaluationResult, FailureCode
from spanjudge.judging.usage import Usage
from spanjudge.remote_scorer.openobserve import WORDS, failed, scored
from spanjudge.remote_scorer.problem import MAX_BODY_BYTES, Problem, error_body

SCORE = Evaluator(name="e", answer=Score(min=0, max=1))
RESULT = EvaluationResult(
    evaluator="e",
    evaluator_version="abc",
    value=0.15,
    score_value=0.15,
    verdict="pass",
    explanation="Supported.",
    judge_provider="openai",
    judge_model="gpt-4o-mini-2024-07-18",
    usage=Usage(input=10, output=5),
    cost_usd=0.001,
)


def body(result: EvaluationResult = RESULT, **more: Any) -> dict[str, Any]:
    return json.loads(scored(SCORE, result, elapsed_ms=12, cached=False, **more).body)


def test_the_body_is_the_union_of_both_contracts() -> None:
    assert list(body().items()) == [
        ("code", "OK"),
        ("value", 0.15),
        ("reason", "Supported."),
        ("metadata", {"reason": "Supported.", "model": "gpt-4o-mini-2024-07-18", "elapsed_ms": 12}),
        ("model", "gpt-4o-mini-2024-07-18"),
        ("input_tokens", 10),
        ("output_tokens", 5),
        ("cost_usd", 0.001),
        ("verdict", "pass"),
        ("evaluator_version", "abc"),
        ("evaluator", "e"),
        ("confidence", None),
        ("truncated", False),
        ("cached", False),
    ]


def test_what_is_unknown_is_null_and_never_zero() -> None:
    unknown = body(msgspec.structs.replace(RESULT, usage=None, cost_usd=None, verdict=None, judge_model=None))
    assert [unknown[key] for key in ("input_tokens", "output_tokens", "cost_usd", "verdict", "model")] == [
        None
    ] * 5


def test_metadata_is_passed_through_and_cannot_take_our_places() -> None:
    passed = body(metadata={"trace_id": "t", "model": "forged", "elapsed_ms": 0})["metadata"]
    assert passed == {
        "reason": "Supported.",
        "model": "gpt-4o-mini-2024-07-18",
        "elapsed_ms": 12,
        "trace_id": "t",
    }


def test_metadata_that_does_not_fit_is_left_out() -> None:
    assert "big" not in body(metadata={"big": "x" * 5_000})["metadata"]


@given(st.text(max_size=50), st.integers(0, 400))
def test_a_body_is_below_what_the_client_keeps(text: str, times: int) -> None:
    answer = scored(
        SCORE,
        msgspec.structs.replace(RESULT, explanation=text * times),
        elapsed_ms=1,
        cached=False,
        metadata={"m": text},
    )
    assert len(answer.body) <= MAX_BODY_BYTES
    assert json.loads(answer.body)["value"] == 0.15


def test_a_long_reason_is_cut_with_a_mark_and_uses_the_room() -> None:
    long = body(msgspec.structs.replace(RESULT, explanation="é" * 5_000))
    assert long["reason"].endswith("é…")
    assert long["reason"] == long["metadata"]["reason"]
    assert len(json.dumps(long, ensure_ascii=False, separators=(",", ":")).encode()) > MAX_BODY_BYTES - 20


def test_a_value_is_never_cut() -> None:
    label = "l" * 5_000
    evaluator = Evaluator(name="e", answer=Category(labels=(Label(label),)))
    answer = scored(evaluator, msgspec.structs.replace(RESULT, value=label), elapsed_ms=1, cached=False)
    assert json.loads(answer.body)["value"] == label


@pytest.mark.parametrize(
    ("answer", "value"),
    [
        (Score(), 1.01),
        (Score(), -0.01),
        (Score(), float("nan")),
        (Score(), float("inf")),
        (Score(), True),
        (Score(), "0.5"),
        (Score(), None),
        (Boolean(), 1),
        (Boolean(), "true"),
        (Category(labels=(Label("low"),)), "LOW"),
        (Category(labels=(Label("low"),)), True),
    ],
)
def test_a_value_outside_type_and_range_is_never_ok(answer: AnswerFormat, value: Any) -> None:
    with pytest.raises(Problem) as caught:
        scored(
            Evaluator(name="e", answer=answer),
            msgspec.structs.replace(RESULT, value=value),
            elapsed_ms=1,
            cached=False,
        )
    assert (caught.value.word, caught.value.status) == ("JUDGE_PARSE_ERROR", 500)


STATUSES: dict[FailureCode, tuple[str, int]] = {
    "missing_input": ("MISSING_INPUT", 400),
    "input_too_long": ("INPUT_TOO_LONG", 413),
    "judge_timeout": ("UPSTREAM_TIMEOUT", 504),
    "judge_unavailable": ("UPSTREAM_ERROR", 502),
    "judge_key_refused": ("UPSTREAM_ERROR", 502),
    "judge_no_credit": ("UPSTREAM_ERROR", 502),
    "judge_model_unknown": ("UPSTREAM_ERROR", 502),
    "judge_rate_limited": ("RATE_LIMITED", 429),
    "judge_refused": ("JUDGE_REFUSED", 500),
    "judge_answer_invalid": ("JUDGE_PARSE_ERROR", 500),
    "judge_answer_cut": ("JUDGE_PARSE_ERROR", 500),
    "budget_exhausted": ("BUDGET_EXHAUSTED", 429),
    "internal": ("INTERNAL", 500),
}


@pytest.mark.parametrize("code", get_args(FailureCode))
def test_every_failure_has_its_word_and_status(code: FailureCode) -> None:
    answer = failed(
        EvaluationFailure(
            evaluator="e", evaluator_version="abc", code=code, message="Said why.", retry_after=7
        )
    )
    told = json.loads(answer.body)
    assert (told["code"], answer.status) == STATUSES[code]
    assert set(told) == {"code", "reason", "detail"}
    assert told["reason"] == "Said why."
    assert code in told["detail"]
    assert answer.retry_after == 7
    assert set(WORDS) == set(STATUSES)


@given(st.text(st.characters(), max_size=30), st.integers(1, 500))
def test_an_error_is_below_what_the_client_keeps(text: str, times: int) -> None:
    body = error_body("INTERNAL", text * times)
    assert len(body) <= MAX_BODY_BYTES
    assert set(json.loads(body)) == {"code", "reason", "detail"}
