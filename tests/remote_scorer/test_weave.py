"""Weave's dialect on the same door."""

import json
from typing import Any

import pytest

from spanjudge.evaluators.answer_format import Boolean, Category, Label, Score
from spanjudge.evaluators.evaluator import Evaluator
from spanjudge.judging.result import EvaluationResult
from spanjudge.remote_scorer.fields import subject_of
from spanjudge.remote_scorer.problem import Problem
from spanjudge.remote_scorer.weave import fields_of_call, is_weave, scored


def request(inputs: object = None, output: object = "4", **more: object) -> dict[str, Any]:
    return {
        "schema_version": 1,
        "original_call": {
            "id": "c1",
            "op_name": "weave:///entity/project/op/answer:v1",
            "inputs": inputs if inputs is not None else {"question": "2+2?"},
            "output": output,
        },
        "scoring_call_id": "s1",
        "monitor": {"name": "m"},
        "scorer": {"config": {"scorer_name": "helpfulness"}},
        "triggered_at": "2026-06-01T12:00:00Z",
        **more,
    }


def test_it_is_known_by_its_shape() -> None:
    assert is_weave(request())
    assert not is_weave({"scorer_name": "toxicity", "output": "x"})
    assert not is_weave({"schema_version": 1})


def test_a_call_becomes_the_fields_of_a_request() -> None:
    fields = fields_of_call(request())
    assert (fields["scorer_name"], fields["input"], fields["output"]) == ("helpfulness", "2+2?", "4")
    assert fields["metadata"]["scoring_call_id"] == "s1"


@pytest.mark.parametrize(
    ("inputs", "expected"),
    [
        ({"question": "2+2?"}, "2+2?"),
        ({"self": {"model": "m"}, "question": "2+2?"}, "2+2?"),
        ({"anything": "2+2?"}, "2+2?"),
        ({"model": "gpt", "messages": [{"role": "user", "content": "2+2?"}]}, "2+2?"),
        ("2+2?", "2+2?"),
        (22, "22"),
    ],
)
def test_the_input_is_found(inputs: object, expected: str) -> None:
    assert subject_of(fields_of_call(request(inputs))).input == expected


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        ("4", "4"),
        (4, "4"),
        (True, "true"),
        ({"answer": "4"}, "4"),
        ({"choices": [{"message": {"role": "assistant", "content": "4"}}]}, "4"),
    ],
)
def test_the_output_is_found(output: object, expected: str) -> None:
    assert subject_of(fields_of_call(request(output=output))).output == expected


def test_arguments_with_meaning_are_taken_along() -> None:
    fields = fields_of_call(request({"question": "q", "context": "c", "expected": "e"}))
    assert (fields["context"], fields["expected"]) == ("c", "e")


@pytest.mark.parametrize(
    "scorer",
    [{"config": {"name": "bias"}}, {"name": "bias"}, "bias", {"config": None, "scorer_name": "bias"}],
)
def test_the_scorer_is_named_in_several_places(scorer: object) -> None:
    assert fields_of_call(request(scorer=scorer))["scorer_name"] == "bias"


@pytest.mark.parametrize("call", [None, "text", 1, []])
def test_a_call_that_is_none_is_refused(call: object) -> None:
    with pytest.raises(Problem, match="original_call"):
        fields_of_call(request(original_call=call))


def result(value: Any, **more: Any) -> EvaluationResult:
    return EvaluationResult(evaluator="e", evaluator_version="1", value=value, **more)


def test_the_reply_is_a_list_of_scores() -> None:
    answer = scored(
        request(schema_version=2),
        Evaluator(name="e", answer=Score()),
        result(0.5, explanation="Half.", confidence=0.9),
    )
    assert json.loads(answer.body) == {
        "schema_version": 2,
        "result": [{"value": 0.5, "reason": "Half.", "confidence": 0.9}],
    }


@pytest.mark.parametrize(
    ("evaluator", "value", "sent"),
    [
        (Evaluator(name="e", answer=Boolean()), True, "true"),
        (Evaluator(name="e", answer=Category(labels=(Label("low"),))), "low", "low"),
        (Evaluator(name="e", answer=Score(min=1, max=5)), 4.0, 0.75),
        (Evaluator(name="e", answer=Score()), 0.0, 0.0),
    ],
)
def test_a_value_is_a_tag_or_a_rating_from_0_to_1(evaluator: Evaluator, value: Any, sent: object) -> None:
    assert json.loads(scored(request(), evaluator, result(value)).body)["result"] == [{"value": sent}]
