"""The rules between the parts, each with what its error says."""
# ruff: noqa: E501 - an expected message stands in one line

import pytest

from spanjudge.errors import EvaluatorError
from spanjudge.evaluators.acceptance import Acceptance
from spanjudge.evaluators.answer_format import Boolean
from spanjudge.evaluators.evaluator import Evaluator
from spanjudge.evaluators.file import check, load_text

BOOLEAN = "name: n\nrubric: good\nanswer: {type: boolean}\n"
CATEGORY = "name: n\nrubric: good\nanswer: {type: category, labels: [{name: A}, {name: B}]}\n"
SCORE = "name: n\nrubric: good\nanswer: {type: score, min: 1, max: 5}\n"


def rule(text: str) -> str:
    return f"{BOOLEAN}scope: {{rules: [{{attribute: a, {text}}}]}}\n"


def score(text: str) -> str:
    return f"name: n\nrubric: good\nanswer: {{type: score, {text}}}\n"


def prompt(user: str, more: str = "") -> str:
    return f"name: n\nprompt: {{user: '{user}'}}\nanswer: {{type: boolean}}\n{more}"


@pytest.mark.parametrize(
    ("text", "line", "told"),
    [
        ("name: 1a\nrubric: x\nanswer: {type: boolean}\n", 1, "name: “1a” cannot be a name"),
        ("name: a b\nrubric: x\nanswer: {type: boolean}\n", 1, "name: “a b” cannot be a name"),
        ("name: é\nrubric: x\nanswer: {type: boolean}\n", 1, "name: “é” cannot be a name"),
        (
            f"name: {'a' * 201}\nrubric: x\nanswer: {{type: boolean}}\n",
            1,
            f"name: “{'a' * 57}…” cannot be a name",
        ),
        (BOOLEAN + 'judge: " "\n', 4, "judge: is empty"),
        (BOOLEAN + 'scope: {services: [a, ""]}\n', 4, "scope.services[1]: is empty"),
        (BOOLEAN + "scope: {sampling: 101}\n", 4, "scope.sampling: 101 is no percentage"),
        (BOOLEAN + "scope: {sampling: -0.1}\n", 4, "scope.sampling: -0.1 is no percentage"),
        (rule("operator: exists, value: 1"), 4, "scope.rules[0].value: exists takes no value; remove it"),
        (rule("operator: equals"), 4, "scope.rules[0].value: equals needs a value"),
        (rule("operator: equals, value: null"), 4, "scope.rules[0].value: equals needs a value"),
        (rule("operator: equals, value: [a]"), 4, "for several use the operator “in”"),
        (rule("operator: in, value: a"), 4, "in needs a list of texts, numbers, true or false"),
        (rule("operator: not_in, value: []"), 4, "not_in needs a list"),
        (rule("operator: in, value: [[a]]"), 4, "in needs a list"),
        (rule("operator: greater, value: '5'"), 4, "greater compares numbers; write a number without quotes"),
        (rule("operator: less, value: true"), 4, "less compares numbers"),
        (rule("operator: starts_with, value: 5"), 4, 'starts_with looks at a text; put it in quotes: "5"'),
        (rule("operator: matches, value: 'a(b'"), 4, "is no regular expression (missing ): a(b); mend it"),
        (rule("operator: matches, value: 'a(?=b)'"), 4, "look-around, back-references"),
        (
            rule("operator: equal, value: 5"),
            4,
            "scope.rules[0].operator: “equal” is not known here; did you mean “equals”?",
        ),
        (
            f'{BOOLEAN}scope: {{rules: [{{attribute: "", operator: exists}}]}}\n',
            4,
            "scope.rules[0].attribute: is empty",
        ),
        ("name: n\nanswer: {type: boolean}\n", 1, "has neither rubric nor prompt"),
        ("name: n\nrubric:\nanswer: {type: boolean}\n", 1, "has neither rubric nor prompt"),
        (
            BOOLEAN + "prompt: {user: '{{span.input}}'}\n",
            4,
            "prompt: stands beside a rubric; keep one of the two",
        ),
        ("name: n\nrubric: ' '\nanswer: {type: boolean}\n", 2, "rubric: is empty"),
        ("name: n\nrubric: x\nbrief: ' '\nanswer: {type: boolean}\n", 3, "brief: is empty"),
        (
            "name: n\nrubric: x\nbrief: Is {{span.output}} good?\nanswer: {type: boolean}\n",
            3,
            "brief: holds a variable",
        ),
        (
            "name: n\nbrief: x\nprompt: {user: '{{span.input}}'}\nanswer: {type: boolean}\n",
            2,
            "brief: is the short form of a rubric, and there is none; remove it",
        ),
        (
            "name: n\nrubric: |\n  One.\n  Look at {{ span.input }}.\nanswer: {type: boolean}\n",
            4,
            "rubric: holds a variable",
        ),
        (prompt(" "), 2, "prompt.user: is empty"),
        (
            prompt("Judge it."),
            2,
            "prompt.user: names no variable, so the judge would see nothing; add one like {{span.input}}",
        ),
        (
            prompt("{{span.inptu}}"),
            2,
            "prompt.user: line 1, column 1: {{span.inptu}} is not known; did you mean “span.input”?",
        ),
        (
            prompt("{{trace.input}}"),
            2,
            "{{trace.input}} is not there when the target is span; use span.input",
        ),
        (
            prompt("{{span.input}}", "target: trace\n"),
            2,
            "{{span.input}} is not there when the target is trace; use trace.spans, trace.input, trace.output",
        ),
        (prompt("{{session.turn}}", "target: session\n"), 2, "did you mean “session.turns”?"),
        (BOOLEAN + "variables: {1a: x}\n", 4, "variables.1a: cannot be a variable's name"),
        (BOOLEAN + "variables: {span: x}\n", 4, "variables.span: cannot be a variable's name"),
        (BOOLEAN + 'variables: {a: ""}\n', 4, "variables.a: is empty; write the key of a span attribute"),
        (
            "name: n\nrubric: x\nanswer: {type: category, labels: [{name: A}]}\n",
            3,
            "answer.labels: holds 1; write 2 to 50 labels",
        ),
        (
            "name: n\nrubric: x\nanswer: {type: category, labels: []}\n",
            3,
            "answer.labels: holds 0; write 2 to 50 labels",
        ),
        (
            "name: n\nrubric: x\nanswer: {type: category, labels: [{name: A}, {name: A}]}\n",
            3,
            "answer.labels[1].name: “A” is labels[0] already",
        ),
        (
            "name: n\nrubric: x\nanswer: {type: category, labels: [{name: A}, {name: ' B'}]}\n",
            3,
            "answer.labels[1].name: “ B” cannot be a label",
        ),
        (score("min: 1, max: 1"), 3, "answer.max: 1 must be more than min, 1"),
        (score("min: 0, max: 10, method: claims"), 3, "answer.method: claims gives the share"),
        (score("anchors: [{value: 0, description: x}]"), 3, "answer.anchors: holds one anchor"),
        (
            score("anchors: [{value: 0, description: x}, {value: 2, description: y}]"),
            3,
            "answer.anchors[1].value: 2 lies outside the range; write a number from 0 to 1",
        ),
        (
            score("anchors: [{value: 1, description: x}, {value: 0, description: y}]"),
            3,
            "answer.anchors[1].value: 0 comes after 1; sort from low to high",
        ),
        (
            score("anchors: [{value: 0, description: x}, {value: 1, description: ' '}]"),
            3,
            "answer.anchors[1].description: is empty",
        ),
        (
            BOOLEAN + "acceptance: {pass_values: [a]}\n",
            4,
            "acceptance.pass_values: does not fit an answer of type boolean; write pass_when: true",
        ),
        (
            CATEGORY + "acceptance: {pass_when: true}\n",
            4,
            "acceptance.pass_when: does not fit an answer of type category",
        ),
        (
            SCORE + "acceptance: {pass_when: true}\n",
            4,
            "acceptance.pass_when: does not fit an answer of type score; write min: … or max: …",
        ),
        (BOOLEAN + "acceptance: {min: 0}\n", 4, "acceptance.min: does not fit an answer of type boolean"),
        (SCORE + "acceptance: {}\n", 4, "acceptance: is empty"),
        (
            CATEGORY + "acceptance: {pass_values: []}\n",
            4,
            "acceptance.pass_values: is empty, so nothing passes",
        ),
        (
            CATEGORY + "acceptance: {pass_values: [A, C]}\n",
            4,
            "acceptance.pass_values[1]: “C” is none of the labels; write one of A, B",
        ),
        (
            SCORE + "acceptance: {min: 0.5}\n",
            4,
            "acceptance.min: 0.5 lies outside the answer's range; write a number from 1 to 5",
        ),
        (SCORE + "acceptance: {max: 6}\n", 4, "acceptance.max: 6 lies outside"),
        (CATEGORY + "labels: {pass: a, fail: b}\n", 4, "labels: are for score and boolean"),
        (BOOLEAN + 'labels: {pass: "", fail: b}\n', 4, "labels.pass: is empty"),
        (BOOLEAN + "labels: {pass: a, fail: a}\n", 4, "labels.fail: is the same word as pass"),
    ],
)
def test_a_broken_rule_is_told_at_its_line(text: str, line: int, told: str) -> None:
    with pytest.raises(EvaluatorError) as caught:
        load_text(text, "mine.yaml")
    assert caught.value.where == f"mine.yaml:{line}"
    assert told in str(caught.value)
    assert "\n" not in str(caught.value), "one mistake is one problem"


@pytest.mark.parametrize(
    "text",
    [
        rule("operator: exists"),
        rule('operator: equals, value: ""'),
        rule("operator: equals, value: false"),
        rule("operator: in, value: [a, 1, true]"),
        rule("operator: contains, value: 5"),
        rule("operator: greater, value: -1.5"),
        rule("operator: matches, value: '^a+$'"),
        SCORE + "acceptance: {min: 4, max: 2}\n",
        SCORE + "acceptance: {min: 1, max: 5}\n",
        BOOLEAN + "scope: {sampling: 0}\n",
        BOOLEAN + "scope:\n  services:\n  rules:\n",
        score("anchors: []"),
        prompt("{{tenant}}", "variables: {tenant: app.tenant.id}\n"),
        prompt("{{trace.spans}}", "target: trace\n"),
        prompt("{{session.turns}}", "target: session\n"),
        f"name: {'a' * 200}\nrubric: x\nanswer: {{type: boolean}}\n",
    ],
)
def test_what_is_allowed(text: str) -> None:
    load_text(text)


def test_a_fault_inside_a_prompt_is_told_at_its_own_line_of_the_file() -> None:
    text = "name: n\nanswer: {type: boolean}\nprompt:\n  user: |\n    Input: {{span.input}}\n    Output: {{span.outptu}}\n"
    with pytest.raises(EvaluatorError) as caught:
        load_text(text, "mine.yaml")
    assert str(caught.value) == (
        "mine.yaml:6: prompt.user: line 2, column 9: {{span.outptu}} is not known; did you mean “span.output”?"
    )


def test_an_evaluator_built_in_code_is_held_to_the_same_rules() -> None:
    good = Evaluator(name="n", rubric="x", answer=Boolean(), acceptance=Acceptance(pass_when=True))
    check(good)
    with pytest.raises(EvaluatorError, match=r"^acceptance\.min: does not fit an answer of type boolean"):
        check(Evaluator(name="n", rubric="x", answer=Boolean(), acceptance=Acceptance(min=0.5)))
    with pytest.raises(EvaluatorError, match=r"^mine: name: “1” cannot be a name") as caught:
        check(Evaluator(name="1", answer=Boolean()), where="mine")
    assert caught.value.where == "mine"
    assert "has neither rubric nor prompt" in str(caught.value)


def test_wrong_types_in_code_are_told_too() -> None:
    wrong = Evaluator(name=5, rubric="x", answer=Boolean())  # pyright: ignore[reportArgumentType] # on purpose
    with pytest.raises(EvaluatorError, match=r"Expected `str`, got `int` - at `\$\.name`"):
        check(wrong)
