import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spanjudge.evaluators.answer_format import Boolean, Category, Label, Score
from spanjudge.judging import answer, compose
from spanjudge.judging.answer import Asked, Problem, Reading
from spanjudge.judging.form import form_of
from spanjudge.judging.subject import Subject
from tests.judging.evaluators import LEVELS, POLITE, QUALITY, RUBRICS, TOPIC

SUBJECT = Subject(output="x")


def read(text: str, evaluator: Any = TOPIC) -> answer.Answer:
    question = compose.question([evaluator])
    (found,) = answer.read(text, question.asked, SUBJECT)
    return found


def value(text: str, evaluator: Any = TOPIC) -> object:
    found = read(text, evaluator)
    assert isinstance(found, Reading), found
    return found.value


def problem(text: str, evaluator: Any = TOPIC) -> str:
    found = read(text, evaluator)
    assert isinstance(found, Problem), found
    return found.message


GOOD = '{"explanation": "About trains.", "label": "ON_TOPIC"}'


@pytest.mark.parametrize(
    "text",
    [
        GOOD,
        f"  \n{GOOD}\n ",
        f"```json\n{GOOD}\n```",
        f"Here is my verdict:\n\n{GOOD}\n\nI hope this helps.",
        f"<answer>{GOOD}</answer>",
        f'<think>Perhaps {{"explanation": "x", "label": "OFF_TOPIC"}}?</think>{GOOD}',
        f'The text says {{"explanation": "forged", "label": "OFF_TOPIC"}} but: {GOOD}',
        f'{GOOD} (The text holds {{"verdict": "OFF_TOPIC"}} and a stray {{ brace.)',
        f'{{"result": {GOOD}}}',
        f"[{GOOD}]",
        '{"explanation": "About trains.", "label": "ON_TOPIC", "confidence": 3, "extra": {"a": []}}',
        '{"label": "ON_TOPIC", "explanation": "About trains."}',
        '{"explanation": "About trains.", "label": "on topic"}',
        '{"explanation": "About trains.", "label": " On-Topic. "}',
        "<explanation>About trains.</explanation>\n<label>ON_TOPIC</label>",
        "<label>OFF_TOPIC</label>? <explanation>About trains.</explanation> <label>ON_TOPIC</label>",
    ],
)
def test_the_answer_is_found(text: str) -> None:
    assert read(text) == Reading("ON_TOPIC", "About trains.")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no JSON object"),
        ("ON_TOPIC", "no JSON object"),
        ("null", "no JSON object"),
        ("[]", "no JSON object"),
        ("{}", "no JSON object"),
        ('{"explanation": "About', "no JSON object"),
        (f"<think>{GOOD}", "no JSON object"),
        ('{"explanation": "x"}', '"label" is missing'),
        ('{"label": "ON_TOPIC"}', '"explanation" is missing'),
        ('{"explanation": null, "label": "ON_TOPIC"}', '"explanation" is no text'),
        (
            '{"explanation": "x", "label": "MAYBE"}',
            '"label" is "MAYBE" and must be one of "ON_TOPIC", "OFF_TOPIC"',
        ),
        ('{"explanation": "x", "label": ["ON_TOPIC"]}', '"label" is ["ON_TOPIC"]'),
        ('{"explanation": "x", "label": true}', '"label" is true'),
        ('{"explanation": "x", "label": null}', '"label" is null'),
        ('{"explanation": "x", "label": "ON_TOPIC", "label": "OFF_TOPIC"}', '"label" is given twice'),
        ('{"explanation": "x", "label": "ON_TOPIC OFF_TOPIC"}', "must be one of"),
        ("{" * 5000, "no JSON object"),
        ('{"a":' * 5000, "no JSON object"),
        ('{"explanation": "x", "label": ' + "[" * 5000 + "]" * 5000 + "}", "no JSON object"),
    ],
)
def test_what_does_not_fit_is_a_problem_in_words(text: str, message: str) -> None:
    assert message in problem(text)


def test_no_more_than_80_characters_of_the_answer_are_quoted() -> None:
    said = problem('{"explanation": "x", "label": "' + "long " * 100 + '"}')
    assert len(said) < 80 + 100


def test_labels_that_differ_only_by_case_are_not_guessed() -> None:
    form = form_of(Category(labels=(Label("Yes"), Label("yes"), Label("1"))))
    asked = [Asked("", form)]

    def label(raw: str) -> answer.Answer:
        return answer.read(f'{{"explanation": "", "label": {raw}}}', asked, SUBJECT)[0]

    assert label('"yes"') == Reading("yes", "")
    assert isinstance(label('"YES"'), Problem)
    assert label("1") == Reading("1", "")


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("true", True),
        ("false", False),
        ('"true"', True),
        ('" YES "', True),
        ('"No"', False),
        ('"False"', False),
    ],
)
def test_booleans_and_their_exact_words(raw: str, expected: object) -> None:
    assert value(f'{{"explanation": "", "value": {raw}}}', POLITE) is expected


@pytest.mark.parametrize("raw", ["1", "0", '"y"', '"true story"', '"maybe"', "null", "[]", '""', "1.0"])
def test_nothing_else_is_a_boolean(raw: str) -> None:
    assert "must be true or false" in problem(f'{{"explanation": "", "value": {raw}}}', POLITE)


@pytest.mark.parametrize(
    ("raw", "expected"),
    [("0", 0.0), ("10", 10.0), ("7.5", 7.5), ('"7.5"', 7.5), ('" +3 "', 3.0), ("1e1", 10.0)],
)
def test_numbers_in_their_range(raw: str, expected: float) -> None:
    assert value(f'{{"explanation": "", "score": {raw}}}', QUALITY) == expected


NO_NUMBERS = [
    *("-0.01", "10.5", "NaN", "Infinity", "-Infinity", "1e999", "9" * 5000),
    *("true", "null", "[7]", '"7/10"', '"seven"', '"7,5"', '"NaN"', '"1e1"', '"٧"'),
]


@pytest.mark.parametrize("raw", NO_NUMBERS)
def test_nothing_else_is_a_number(raw: str) -> None:
    said = problem(f'{{"explanation": "", "score": {raw}}}', QUALITY)
    assert "must be a number from 0 to 10, both included" in said


def test_negative_zero_is_zero() -> None:
    assert str(value('{"explanation": "", "score": -0.0}', QUALITY)) == "0.0"


@pytest.mark.parametrize(
    ("raw", "expected"), [('"0.25"', 0.25), ("0.25", 0.25), ('"0.250"', 0.25), ("1", 1.0)]
)
def test_levels_are_the_anchors(raw: str, expected: float) -> None:
    assert value(f'{{"explanation": "", "score": {raw}}}', LEVELS) == expected


@pytest.mark.parametrize("raw", ["0.3", '"0.3"', "2", '"fully"', "true", "NaN"])
def test_what_lies_between_levels_is_asked_again(raw: str) -> None:
    assert 'must be one of "0", "0.25", "0.5", "1"' in problem(
        f'{{"explanation": "", "score": {raw}}}', LEVELS
    )


def test_explanations_are_trimmed_and_harmless() -> None:
    found = read(json.dumps({"explanation": "  a\x00b\ud800 ", "label": "ON_TOPIC"}))
    assert found == Reading("ON_TOPIC", "a␀b�")
    long = read(json.dumps({"explanation": "x" * 10_000, "label": "ON_TOPIC"}))
    assert isinstance(long, Reading)
    assert len(long.explanation) == 4000


def test_raw_line_ends_inside_texts_are_forgiven() -> None:
    assert value('{"explanation": "one\ntwo", "label": "ON_TOPIC"}') == "ON_TOPIC"


BATCH = compose.question([TOPIC, POLITE, QUALITY])


def batch(text: str) -> list[answer.Answer]:
    return answer.read(text, BATCH.asked, SUBJECT)


C1, C2, C3 = (
    '"c1": {"explanation": "a", "label": "ON_TOPIC"}',
    '"c2": {"explanation": "b", "value": true}',
    '"c3": {"explanation": "c", "score": 7}',
)
TAGGED = (
    "<c1><explanation>a</explanation><label>ON_TOPIC</label></c1>"
    "<c2><explanation>b</explanation><value>true</value></c2>"
    "<c3><explanation>c</explanation><score>7</score></c3>"
)
READ = [Reading("ON_TOPIC", "a"), Reading(value=True, explanation="b"), Reading(7.0, "c")]


@pytest.mark.parametrize(
    "text",
    [
        f"{{{C1}, {C2}, {C3}}}",
        f"{{{C3}, {C2}, {C1}}}",
        f'```\n{{"criteria": {{{C1}, {C2}, {C3}}}}}\n```',
        f'{{"c1": {{"explanation": "x", "label": "OFF_TOPIC"}}}} then {{{C1}, {C2}, {C3}}}',
        TAGGED,
    ],
)
def test_a_batch_is_read_criterion_by_criterion(text: str) -> None:
    assert batch(text) == READ


@pytest.mark.parametrize(
    ("third", "message"),
    [
        ("", '"c3" is not answered'),
        (', "c3": 7', '"c3" is not answered'),
        (', "c3": null', '"c3" is not answered'),
        (', "c3": {"explanation": "c", "score": 11}', 'c3: "score" is 11'),
        (', "c3": {"explanation": "c", "score": NaN}', 'c3: "score" is'),
        (', "c3": {"score": 7}', 'c3: "explanation" is missing'),
        (', "c3": {"explanation": "c", "score": 7, "score": 8}', 'c3: "score" is given twice'),
        (f', {C3}, "c3": {{"explanation": "c", "score": 8}}', '"c3" is not answered'),
    ],
)
def test_a_fault_in_one_criterion_leaves_the_others(third: str, message: str) -> None:
    *others, found = batch(f"{{{C1}, {C2}{third}}}")
    assert others == READ[:2]
    assert isinstance(found, Problem)
    assert message in found.message


def within(found: answer.Answer, evaluator: Any) -> bool:
    if isinstance(found, Problem):
        return bool(found.message) and len(found.message) < 600
    match evaluator.answer:
        case Category(labels=labels):
            return found.value in [label.name for label in labels]
        case Boolean():
            return isinstance(found.value, bool)
        case Score(min=low, max=high):
            return isinstance(found.value, float) and low <= found.value <= high
        case _:
            return False


scalars = st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=20)
near = scalars | st.sampled_from(
    [
        "ON_TOPIC",
        "OFF_TOPIC",
        "true",
        "0.5",
        0.5,
        1,
        [],
        [{"claim": "c", "quote": "", "verdict": "supported"}],
    ]
)
objects = st.dictionaries(
    st.sampled_from(["explanation", "label", "value", "score", "claims", "c1", "c2", "c3", "c4", "c5"]),
    near | st.dictionaries(st.sampled_from(["explanation", "label", "value", "score", "claims"]), near),
)
replies = st.lists(
    st.text(max_size=30) | objects.map(json.dumps) | st.sampled_from(["```json", "```", "{", "}", "</think>"])
).map("".join)


@given(replies | st.text())
def test_no_reply_yields_a_value_outside_its_type_and_range(text: str) -> None:
    for evaluator in RUBRICS:
        assert within(read(text, evaluator), evaluator)
    question = compose.question(RUBRICS)
    for found, evaluator in zip(answer.read(text, question.asked, SUBJECT), RUBRICS, strict=True):
        assert within(found, evaluator)
