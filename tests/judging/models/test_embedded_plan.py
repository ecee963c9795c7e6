import json
from typing import Any

import pytest

from spanjudge.judging.models.embedded.plan import TEXT_LIMIT, Fixed, Free, Pick, Text, plan
from spanjudge.judging.models.embedded.writing import json_text
from spanjudge.judging.models.model import JudgeModelError


def of(**properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": properties}


def test_what_the_schema_decides_is_fixed() -> None:
    schema = of(why={"type": "string", "maxLength": 80}, sure={"enum": ["yes", "no"]})
    assert plan(schema) == (
        Fixed('{"why": "'),
        Text(80),
        Fixed('", "sure": "'),
        Pick(("sure",), ('yes"', 'no"')),
        Fixed("}"),
    )


def test_objects_in_objects_are_walked_through() -> None:
    schema = of(tone=of(points={"type": "integer", "minimum": 1, "maximum": 3}), only={"const": "x"})
    assert plan(schema) == (
        Fixed('{"tone": {"points": '),
        Pick(("tone", "points"), ("1", "2", "3")),
        Fixed('}, "only": "x"}'),
    )


def test_an_unbounded_text_gets_a_bound() -> None:
    assert plan(of(why={"type": "string"}))[1] == Text(TEXT_LIMIT)


def test_lists_and_open_numbers_are_left_to_a_grammar() -> None:
    step = plan(of(parts={"type": "array", "items": {"type": "number"}, "minItems": 1, "maxItems": 3}))[1]
    assert isinstance(step, Free)
    assert step.rule.startswith('"["')
    assert "{0,2}" in step.rule
    assert isinstance(plan(of(share={"type": "number"}))[1], Free)


def test_a_schema_outside_the_subset_is_refused() -> None:
    with pytest.raises(JudgeModelError, match="'date'") as caught:
        plan(of(when={"type": "date"}))
    assert caught.value.code == "judge_answer_invalid"


@pytest.mark.parametrize(
    ("written", "limit", "text"),
    [
        ("Plain.", 100, "Plain."),
        (r"A \"quoted\" word and a \n line", 100, 'A "quoted" word and a \n line'),
        ("Ends in an escape\\", 100, "Ends in an escape"),
        ("Ends in half a code \\u00e", 100, "Ends in half a code"),
        (r"Wrong \escape", 100, r"Wrong \escape"),
        ("Raw\ttab", 100, "Raw\ttab"),
        ("First sentence. Second one goes on", 25, "First sentence."),
        ("One long sentence that goes on", 20, "One long sentence…"),
        ("  half a character �", 100, "half a character"),
    ],
)
def test_what_the_model_wrote_becomes_json(written: str, limit: int, text: str) -> None:
    assert json.loads(f'"{json_text(written, limit)}"') == text
