import json
from typing import Any

import pytest

from spanjudge.evaluators import gallery
from spanjudge.evaluators.answer_format import Boolean
from spanjudge.evaluators.evaluator import Evaluator
from spanjudge.judging import compose, small
from spanjudge.judging.questions import Questions
from tests.judging.evaluators import (
    CLAIMS,
    EVERY,
    LEVELS,
    POLITE,
    PROMPTED,
    QUALITY,
    RUBRICS,
    TOPIC,
    numbered,
)

ALLOWED = {"type", "properties", "required", "additionalProperties", "items", "enum", "description"}
GALLERY = [*gallery.scorers().values(), *gallery.templates().values(), *gallery.metrics().values()]


def every_schema(schema: dict[str, Any]) -> list[dict[str, Any]]:
    inner = [*schema.get("properties", {}).values(), *([schema["items"]] if "items" in schema else [])]
    return [schema, *(one for held in inner for one in every_schema(held))]


@pytest.mark.parametrize("evaluator", [*EVERY, *GALLERY], ids=lambda e: e.name)
@pytest.mark.parametrize("style", [compose, small])
def test_schemas_keep_to_the_subset_that_every_provider_takes(style: Any, evaluator: Evaluator) -> None:
    for count in (1, 2):
        if evaluator.prompt and count > 1:
            continue
        schema = style.question([evaluator] * count).schema
        assert schema["type"] == "object"
        for one in every_schema(schema):
            assert set(one) <= ALLOWED
            if one["type"] == "object":
                assert one["required"] == list(one["properties"])
                assert one["additionalProperties"] is False
            if "enum" in one:
                assert one["type"] == "string"
                assert len(set(one["enum"])) == len(one["enum"]) > 0


@pytest.mark.parametrize(
    ("evaluator", "properties"),
    [
        (TOPIC, ["explanation", "label"]),
        (POLITE, ["explanation", "value"]),
        (QUALITY, ["explanation", "score"]),
        (LEVELS, ["explanation", "score"]),
        (CLAIMS, ["claims", "explanation"]),
        (PROMPTED, ["explanation", "value"]),
    ],
    ids=lambda held: getattr(held, "name", ""),
)
def test_the_reasons_come_before_the_value(evaluator: Evaluator, properties: list[str]) -> None:
    assert list(compose.question([evaluator]).schema["properties"]) == properties


def test_a_batch_is_keyed_and_holds_the_single_shapes() -> None:
    question = compose.question(RUBRICS)
    assert list(question.schema["properties"]) == ["c1", "c2", "c3", "c4", "c5"]
    for key, evaluator in zip(question.schema["properties"], RUBRICS, strict=True):
        assert question.schema["properties"][key] == compose.question([evaluator]).schema
        assert f"Criterion {key}\n{evaluator.name}" in question.text
    assert question.probability_of == ("c1", "label")


def test_levels_are_a_closed_set_of_texts_and_ranges_stand_in_words() -> None:
    levels = compose.question([LEVELS])
    assert levels.schema["properties"]["score"] == {"type": "string", "enum": ["0", "0.25", "0.5", "1"]}
    assert '- "0.25": hardly' in levels.text
    quality = compose.question([QUALITY])
    assert quality.schema["properties"]["score"]["type"] == "number"
    assert "from 0 to 10, both included" in quality.schema["properties"]["score"]["description"]
    assert "from 0 to 10, both included" in quality.text


def test_label_probabilities_are_wanted_where_the_answer_is_a_closed_set() -> None:
    wanted = {e.name: compose.question([e]).probability_of for e in EVERY}
    assert wanted == {
        "topic": ("label",),
        "polite": ("value",),
        "quality": None,
        "levels": ("score",),
        "claims": None,
        "prompted": ("value",),
    }
    assert compose.question([QUALITY, CLAIMS]).probability_of is None


def test_what_a_judge_needs_to_know_stands_in_the_question() -> None:
    text = compose.question([TOPIC]).text
    for part in (TOPIC.name, TOPIC.description, TOPIC.rubric, '- "ON_TOPIC": about travel'):
        assert part
        assert part in text
    assert '{"explanation": "…", "label": "ON_TOPIC" | "OFF_TOPIC"}' in text
    assert "- true: polite\n- false: rude" in compose.question([POLITE]).text


def test_the_policy_stands_before_everything_and_holds_nothing_of_the_subject_or_evaluator() -> None:
    assert {compose.question([e]).system for e in RUBRICS} == {compose.SYSTEM}
    assert compose.POLICY in compose.SYSTEM
    assert compose.question([PROMPTED]).system == compose.POLICY


def test_questions_are_the_same_bytes_for_equal_evaluators() -> None:
    def spelled() -> str:
        copies = [
            Evaluator(name="a", rubric="r", answer=Boolean()),
            Evaluator(name="b", rubric="s", answer=Boolean()),
        ]
        question = compose.question(copies)
        return json.dumps([question.system, question.text, question.schema])

    assert spelled() == spelled()


def test_a_small_judge_gets_a_short_question() -> None:
    large, little = compose.question([LEVELS]), small.question([LEVELS])
    assert len(little.system) < len(large.system) / 3
    assert little.max_output_tokens < large.max_output_tokens


def test_composed_questions_are_kept() -> None:
    composed: list[int] = []

    def count(evaluators: Any) -> compose.Question:
        composed.append(len(evaluators))
        return compose.question(evaluators)

    questions = Questions(count)
    first = questions.of((TOPIC, POLITE))
    assert questions.of((TOPIC, POLITE)) is first
    assert questions.of((POLITE, TOPIC)) is not first
    for evaluator in numbered(2100):
        questions.of((evaluator,))
    assert questions.of((TOPIC, POLITE)) == first
    assert len(composed) == 2 + 2100 + 1
