"""What differs between two definitions, as people read it."""

from spanjudge.evaluators.differences import differences
from spanjudge.evaluators.evaluator import Evaluator
from spanjudge.evaluators.file import load_text

TEXT = """
name: topic
scope:
  sampling: 25
  rules:
    - {attribute: gen_ai.operation.name, operator: equals, value: chat}
rubric: |
  First line.
  Second line.
  Third line.
answer:
  type: category
  labels:
    - {name: GOOD, description: about travel}
    - {name: BAD, description: anything else}
acceptance: {pass_values: [GOOD]}
"""


def changed(old: str, new: str) -> list[str]:
    assert old in TEXT
    return told(load_text(TEXT), load_text(TEXT.replace(old, new)))


def told(one: Evaluator, other: Evaluator) -> list[str]:
    return [line for difference in differences(one, other) for line in difference.text()]


def test_equal_definitions_have_no_differences() -> None:
    assert differences(load_text(TEXT), load_text("# a comment" + TEXT)) == []


def test_a_plain_field_is_told_with_both_values() -> None:
    assert changed("sampling: 25", "sampling: 0.5") == ["scope.sampling: 25 → 0.5"]
    assert changed("name: topic", "name: topic\nneeds: [input]") == ["needs: [] → [input]"]


def test_a_field_left_out_counts_as_its_default() -> None:
    assert changed("  sampling: 25\n", "") == ["scope.sampling: 25 → 100"]
    assert changed("acceptance: {pass_values: [GOOD]}", "") == ["acceptance: {pass_values: [GOOD]} → none"]


def test_long_texts_are_told_by_their_lines() -> None:
    assert changed("Second line.", "Another line.") == [
        "rubric:",
        "  …",
        "   First line.",
        "  -Second line.",
        "  +Another line.",
        "   Third line.",
    ]


def test_labels_and_rules_are_told_one_by_one() -> None:
    assert changed("description: anything else", "description: the rest") == [
        "answer.labels:",
        "  - {name: BAD, description: anything else}",
        "  + {name: BAD, description: the rest}",
    ]
    good = "    - {name: GOOD, description: about travel}\n"
    bad = "    - {name: BAD, description: anything else}\n"
    assert changed(good + bad, bad + good) == ["answer.labels:", "  another order: BAD, GOOD"]


def test_another_form_of_answer_is_told_field_by_field() -> None:
    boolean = "name: topic\nrubric: x\nanswer: {type: boolean, when_true: good}\n"
    lines = told(
        load_text(boolean),
        load_text(boolean.replace("type: boolean, when_true: good", "type: score, max: 5")),
    )
    assert "answer.type: boolean → score" in lines
    assert "answer.when_true: good → none" in lines
    assert "answer.max: none → 5" in lines
