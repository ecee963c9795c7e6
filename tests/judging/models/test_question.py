"""The answer's shape is made once for each schema, whoever brings it and in whatever object."""

from typing import Any

from spanjudge.judging.models.model import JudgeRequest
from spanjudge.judging.models.question import AnswerShape, AnswerShapes


def schema(key: str) -> dict[str, Any]:
    return {"type": "object", "properties": {key: {"type": "string"}}, "required": [key]}


def asked(schema: dict[str, Any], name: str = "judgement") -> JudgeRequest:
    return JudgeRequest(system="", subject="", question="", schema=schema, schema_name=name)


def test_equal_schemas_have_one_shape() -> None:
    shapes, same = AnswerShapes(), schema("label")
    first = shapes.of(asked(same))
    assert shapes.of(asked(same)) is first
    assert shapes.of(asked(schema("label"))) is first
    assert shapes.of(asked(same, "judgements")).name == "judgements"
    assert shapes.of(asked(schema("score"))) is not first


def test_a_shape_is_never_taken_for_that_of_another_schema() -> None:
    shapes = AnswerShapes()
    # Each dictionary is gone before the next is made, and may lie where that one lay.
    found: list[AnswerShape] = [shapes.of(asked(schema(f"key_{number}"))) for number in range(1_500)]
    assert all(f"key_{number}" in shape.text for number, shape in enumerate(found))
