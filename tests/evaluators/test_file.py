"""Reading one file: what is accepted, and what every error says."""
# ruff: noqa: E501 - an expected message stands in one line

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spanjudge.errors import EvaluatorError
from spanjudge.evaluators.acceptance import Acceptance
from spanjudge.evaluators.answer_format import Boolean, Category, Label, Score
from spanjudge.evaluators.evaluator import Prompt, Rule, Scope, VerdictLabels
from spanjudge.evaluators.file import MAX_BYTES, dump, load_file, load_text

WHOLE = """\
name: topic
description: Is the message on topic for the travel desk?
target: span
judge: default
scope:
  services: [travel-desk]
  sampling: 25
  rules:
    - {attribute: gen_ai.operation.name, operator: equals, value: chat}
    - {attribute: parent_span_id, operator: equals, value: ""}
needs: [input]
rubric: |
  ON_TOPIC when it is about travel.
variables: {tenant: app.tenant.id}
answer:
  type: category
  labels:
    - {name: ON_TOPIC, description: about travel}
    - {name: OFF_TOPIC, description: anything else}
acceptance: {pass_values: [ON_TOPIC]}
"""


def error_of(text: str) -> str:
    with pytest.raises(EvaluatorError) as caught:
        load_text(text, "mine.yaml")
    return str(caught.value)


def test_the_format_of_the_documentation_is_read_whole() -> None:
    evaluator = load_text(WHOLE)
    assert evaluator.name == "topic"
    assert evaluator.scope == Scope(
        services=("travel-desk",),
        sampling=25.0,
        rules=(
            Rule(attribute="gen_ai.operation.name", operator="equals", value="chat"),
            Rule(attribute="parent_span_id", operator="equals", value=""),
        ),
    )
    assert evaluator.needs == ("input",)
    assert evaluator.rubric == "ON_TOPIC when it is about travel.\n"
    assert evaluator.variables == {"tenant": "app.tenant.id"}
    assert evaluator.answer == Category(
        labels=(Label("ON_TOPIC", "about travel"), Label("OFF_TOPIC", "anything else"))
    )
    assert evaluator.acceptance == Acceptance(pass_values=("ON_TOPIC",))


def test_boolean_and_score_with_a_prompt_and_words_for_verdicts() -> None:
    boolean = load_text(
        "name: ok\nprompt: {system: Judge., user: 'Input: {{ span.input }}'}\n"
        "answer: {type: boolean}\nacceptance: {pass_when: false}\nlabels: {pass: Good, fail: Bad}\n"
    )
    assert boolean.prompt == Prompt(system="Judge.", user="Input: {{ span.input }}")
    assert boolean.answer == Boolean()
    assert boolean.acceptance == Acceptance(pass_when=False)
    assert boolean.labels == VerdictLabels(pass_="Good", fail="Bad")
    score = load_text(
        "name: s\nrubric: good\nanswer: {type: score, min: -1, max: 1.5}\nacceptance: {max: 0}\n"
    )
    assert score.answer == Score(min=-1.0, max=1.5)
    assert score.acceptance == Acceptance(max=0.0)


def test_json_is_yaml_too() -> None:
    text = '{"name": "j", "rubric": "good", "answer": {"type": "boolean", "when_true": "yes"}}'
    assert load_text(text).answer == Boolean(when_true="yes")


def test_words_that_only_look_like_other_types_stay_text() -> None:
    text = "name: dates\nrubric: since 2024-01-01\ndescription: 2024-01-01\nanswer: {type: boolean}\n"
    assert load_text(text).description == "2024-01-01"


SMALL = "name: n\nrubric: good\nanswer: {type: boolean}\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            SMALL + "neds: [input]\n",
            "mine.yaml:4: neds: is no field here; did you mean “needs”?",
        ),
        (
            "name: n\nRubric: good\nrubric: good\nanswer: {type: boolean}\n",
            "mine.yaml:2: Rubric: is no field here; did you mean “rubric”?",
        ),
        (
            SMALL + "zzz: 1\n",
            (
                "mine.yaml:4: zzz: is no field here; known are name, answer, description, target, judge, scope, "
                "needs, rubric, brief, prompt, variables, acceptance, labels"
            ),
        ),
        (
            "name: n\nrubric: good\nanswer:\n  type: category\n  labels:\n    - name: yes\n    - name: maybe\n",
            (
                "mine.yaml:6: answer.labels[0].name: yes without quotes is read as a text by some and as true, "
                'false or a number by others; write it in quotes: "yes"'
            ),
        ),
        (
            "name: n\nrubric: good\nanswer: {type: category, labels: [{name: a}, {name: 1}]}\n",
            (
                "mine.yaml:3: answer.labels[1].name: 1 without quotes is a number in YAML, not a text; "
                'write it in quotes: "1"'
            ),
        ),
        (
            "name: n\nrubric: good\nanswer: {type: category, labels: [{name: true}, {name: b}]}\n",
            (
                "mine.yaml:3: answer.labels[0].name: true without quotes is true or false in YAML, not a text; "
                'write it in quotes: "true"'
            ),
        ),
        (
            "name: n\nrubric: good\nanswer: {type: category, labels: [{name: null}, {name: b}]}\n",
            (
                "mine.yaml:3: answer.labels[0].name: null without quotes is nothing in YAML, not a text; "
                'write it in quotes: "null"'
            ),
        ),
        (
            "name: n\nrubric: good\nanswer: {type: category, labels: [a, b]}\n",
            (
                "mine.yaml:3: answer.labels[0]: must be a mapping; write {name: …, description: …}\n"
                "mine.yaml:3: answer.labels[1]: must be a mapping; write {name: …, description: …}"
            ),
        ),
        (
            "name: n\nrubric: good\nanswer: {type: categroy}\n",
            "mine.yaml:3: answer.type: “categroy” is no answer type; did you mean “category”?",
        ),
        (
            "name: n\nrubric: good\nanswer: score\n",
            (
                "mine.yaml:3: answer: must be a mapping; write “type: category”, “type: boolean” or “type: score” "
                "below it"
            ),
        ),
        (
            "name: n\nrubric: good\nanswer: {min: 0}\n",
            "mine.yaml:3: answer: has no type; write “type: category”, “type: boolean” or “type: score” below it",
        ),
        (
            "name: n\nrubric: good\nanswer: {type: score, when_true: x}\n",
            "mine.yaml:3: answer.when_true: belongs to an answer of type boolean; remove it or change the type",
        ),
        (
            "name: n\nrubric: good\nanswer: {type: boolean, when_true: first, second}\n",
            (
                "mine.yaml:3: answer.second: has no value; if it belongs to a text with a comma inside {…}, "
                "put the whole text in quotes"
            ),
        ),
        (
            "rubric: good\n",
            "mine.yaml:1: name: is missing; add “name: …”\nmine.yaml:1: answer: is missing; add “answer: …”",
        ),
        (
            SMALL + "rubric: better\n",
            "mine.yaml:4: rubric: stands here a second time (first in line 2); remove one",
        ),
        (
            SMALL + "acceptance: {pass_when: yes}\n",
            "mine.yaml:4: acceptance.pass_when: “yes” is neither true nor false; write true or false, without quotes",
        ),
        (
            SMALL + "scope: {sampling: 10%}\n",
            "mine.yaml:4: scope.sampling: “10%” is no number; write one like 0.5, without quotes",
        ),
        (
            SMALL + "scope: {sampling: .nan}\n",
            "mine.yaml:4: scope.sampling: “.nan” is no number; write one like 0.5, without quotes",
        ),
        (
            SMALL + "needs: [inptu]\n",
            "mine.yaml:4: needs[0]: “inptu” is not known here; did you mean “input”?",
        ),
        (
            SMALL + "needs: input\n",
            "mine.yaml:4: needs: must be a list; write “[…]” or one “- …” line for each item",
        ),
        (
            SMALL + "target: spans\n",
            "mine.yaml:4: target: “spans” is not known here; did you mean “span”?",
        ),
        (
            SMALL + "target:\n",
            "mine.yaml:4: target: is empty; write one of session, span, trace",
        ),
        (
            SMALL + "description: [a]\n",
            "mine.yaml:4: description: must be a text, not a list; write the value behind the colon",
        ),
        (
            SMALL + "scope: {rules: [{attribute: a, operator: equals, value: NO}]}\n",
            (
                "mine.yaml:4: scope.rules[0].value: NO without quotes means different things in YAML; write true or "
                'false, a decimal number, or the text in quotes: "NO"'
            ),
        ),
        (
            SMALL + "scope: {rules: [{attribute: a, operator: equals, value: 012}]}\n",
            (
                "mine.yaml:4: scope.rules[0].value: 012 without quotes means different things in YAML; write true or "
                'false, a decimal number, or the text in quotes: "012"'
            ),
        ),
        (
            SMALL + "scope: {rules: [{attribute: a, operator: equals, value: {b: c}}]}\n",
            "mine.yaml:4: scope.rules[0].value: must be a text, a number, true, false or a list of these",
        ),
        (
            SMALL + "scope: {rules: [{attribute: a, operator: less, value: 1e999}]}\n",
            "mine.yaml:4: scope.rules[0].value: 1e999 is too large; use a smaller number or a text in quotes",
        ),
        ("- a\n- b\n", "mine.yaml:1: must be a mapping; write “field: value” lines"),
        ("just words\n", "mine.yaml:1: must be a mapping; write “field: value” lines"),
    ],
)
def test_what_does_not_fit_is_told_with_line_field_and_fix(text: str, expected: str) -> None:
    assert error_of(text) == expected


def test_all_problems_are_told_at_once_in_the_order_of_lines() -> None:
    told = error_of("name: n\nanswr: {type: boolean}\nneeds: [x, output]\nscope: {samplng: 3}\nrubric: 5\n")
    places = re.findall(r"^mine\.yaml:(\d+): ([^:]+):", told, re.MULTILINE)
    assert places == [
        ("1", "answer"),
        ("2", "answr"),
        ("3", "needs[0]"),
        ("4", "scope.samplng"),
        ("5", "rubric"),
    ]


def test_where_is_the_place_of_the_first_problem() -> None:
    with pytest.raises(EvaluatorError) as caught:
        load_text("name: 1bad\nrubric: good\nanswer: {type: boolean}\n", "mine.yaml")
    assert caught.value.where == "mine.yaml:1"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "mine.yaml:1: holds nothing; write at least name, rubric and answer"),
        ("# only a comment\n", "mine.yaml:1: holds nothing; write at least name, rubric and answer"),
        ("---\n", "mine.yaml:1: holds nothing; write at least name, rubric and answer"),
        (
            SMALL + "---\n" + SMALL,
            "mine.yaml:4: a second document begins here; write one evaluator a file, without “---”",
        ),
        ("name: n\n\trubric: x\n", "mine.yaml:2: a tab cannot indent YAML; use spaces"),
        (
            "name: n\nrubric: a: b\n",
            "mine.yaml:2: a colon and a space inside a text without quotes; put the text in quotes or below “|”",
        ),
        (
            "name: n\nrubric: @home\n",
            "mine.yaml:2: found character that cannot start any token; put the text in quotes",
        ),
        ("name: n\nrubric: 'ä\x07'\n", "mine.yaml:2: the character U+0007 cannot stand in YAML; remove it"),
        (
            "name: &x n\nrubric: *x\n",
            "mine.yaml:1: “&x” marks a value for later use; write the value where it belongs",
        ),
        ("name: *x\n", "mine.yaml:1: “*x” refers to another place; write the value out"),
        (
            "name: !!python/name:os.system x\n",
            "mine.yaml:1: the tag 'tag:yaml.org,2002:python/name:os.system' is not taken; write the plain value",
        ),
        ("? [a]\n: b\n", "mine.yaml:1: a list or mapping cannot be a field's name; write a word"),
        (
            "name: n\nrubric: 'open\n",
            "mine.yaml:2: found unexpected end of stream, while scanning a quoted scalar that begins in line 2",
        ),
        (
            "name: n\nrubric\nanswer: {type: boolean}\n",
            "mine.yaml:2: a line without a colon where a field should be; write “field: value”",
        ),
        (SMALL + "<<: {judge: x}\n", "mine.yaml:4: <<: merge keys are not taken; write the fields out"),
    ],
)
def test_yaml_that_is_not_taken(text: str, expected: str) -> None:
    assert error_of(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "[" * 100_000,
        "- " * 100_000,
        "{a: " * 50_000,
        "a:\n" + "".join(" " * i + "a:\n" for i in range(1, 400)),
    ],
)
def test_deep_nesting_is_an_error_and_not_a_crash(text: str) -> None:
    assert "more than 20 lists or mappings inside each other" in error_of(text)


@pytest.mark.parametrize("digits", [30, 400, 6000])
@pytest.mark.parametrize(
    "place", ["scope: {sampling: %s}", "scope: {rules: [{attribute: a, operator: less, value: %s}]}"]
)
def test_numbers_beyond_all_measure_are_told(digits: int, place: str) -> None:
    assert error_of(SMALL + place % ("9" * digits)).startswith("mine.yaml:4: scope.")


def test_a_bomb_of_aliases_is_refused_at_its_first_anchor() -> None:
    bomb = "a: &a [x, x]\n" + "".join(
        f"{chr(98 + i)}: &{chr(98 + i)} [{', '.join(['*' + chr(97 + i)] * 9)}]\n" for i in range(9)
    )
    assert error_of(bomb).startswith("mine.yaml:1: “&a” marks a value")


def test_bytes_that_are_no_utf8_text(tmp_path: Path) -> None:
    file = tmp_path / "e.yaml"
    file.write_bytes(SMALL.encode() + b"description: caf\xe9\n")
    with pytest.raises(EvaluatorError) as caught:
        load_file(file)
    assert str(caught.value) == f"{file}:4: the byte 0xe9 is not UTF-8; save the file as UTF-8"
    file.write_bytes(SMALL.encode("utf-16"))
    with pytest.raises(EvaluatorError, match="is written in UTF-16; save it as UTF-8"):
        load_file(file)


def test_a_byte_order_mark_and_windows_lines_are_fine(tmp_path: Path) -> None:
    file = tmp_path / "e.yaml"
    file.write_bytes(b"\xef\xbb\xbf" + WHOLE.replace("\n", "\r\n").encode())
    assert load_file(file) == load_text(WHOLE)
    assert load_file(file).version == load_text(WHOLE).version


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(EvaluatorError) as caught:
        load_file(tmp_path / "gone.yaml")
    assert str(caught.value).endswith(
        "gone.yaml: cannot be read (No such file or directory); check the path and its rights"
    )
    huge = tmp_path / "huge.yaml"
    huge.write_bytes(SMALL.encode() + b"#" * MAX_BYTES)
    with pytest.raises(EvaluatorError, match="is longer than 256 KiB"):
        load_file(huge)


@settings(deadline=None)
@given(
    place=st.integers(0, len(WHOLE)),
    cut=st.integers(0, 6),
    inserted=st.text(alphabet=" \n\t{}[]:-,'\"|>&*!%@#~?yesno01.e\x00\x85é", max_size=4),
)
def test_any_change_to_a_file_is_read_or_told_with_its_line(place: int, cut: int, inserted: str) -> None:
    text = WHOLE[:place] + inserted + WHOLE[place + cut :]
    told: EvaluatorError | None = None
    try:
        evaluator = load_text(text, "mine.yaml")
    except EvaluatorError as error:
        told = error
    else:
        assert load_text(dump(evaluator)) == evaluator
    if told is not None:
        assert told.where is not None
        line = int(told.where.removeprefix("mine.yaml:"))
        assert 1 <= line <= len(re.split(r"\r\n|[\n\r\x85\u2028\u2029]", text))
