"""Writing a file and reading it again."""

import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spanjudge.evaluators.acceptance import Acceptance
from spanjudge.evaluators.answer_format import Anchor, AnswerFormat, Boolean, Category, Label, Score
from spanjudge.evaluators.evaluator import Evaluator, Prompt, Rule, Scope, VerdictLabels
from spanjudge.evaluators.file import dump, load_text

TEXT = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40).filter(str.strip)
WORD = st.one_of(
    st.sampled_from(
        ["yes", "No", "null", "~", "1", "1e3", "012", "0x1f", "1_000", "12:30", ".inf", "=", "<<", "a: b"]
    ),
    TEXT,
).map(str.strip)


@st.composite
def answers(draw: st.DrawFn) -> AnswerFormat:
    kind = draw(st.sampled_from(["category", "boolean", "score"]))
    if kind == "category":
        names = draw(st.lists(WORD, min_size=2, max_size=4, unique=True))
        return Category(labels=tuple(Label(name, draw(st.just("") | TEXT)) for name in names))
    if kind == "boolean":
        return Boolean(when_true=draw(TEXT), when_false=draw(st.just("") | TEXT))
    values = draw(st.lists(st.floats(0, 1), min_size=2, max_size=5, unique=True).map(sorted))
    return Score(anchors=tuple(Anchor(value, draw(TEXT)) for value in values))


RULES = st.one_of(
    st.builds(Rule, attribute=TEXT, operator=st.just("exists")),
    st.builds(
        Rule,
        attribute=TEXT,
        operator=st.sampled_from(["equals", "contains"]),
        value=WORD
        | st.integers(-(2**62), 2**62)
        | st.booleans()
        | st.floats(allow_nan=False, width=32, allow_infinity=False),
    ),
    st.builds(Rule, attribute=TEXT, operator=st.just("in"), value=st.lists(WORD, min_size=1, max_size=3)),
)

EVALUATORS = st.builds(
    Evaluator,
    name=st.text(string.ascii_letters, min_size=1, max_size=9),
    description=st.just("") | TEXT,
    judge=WORD,
    scope=st.builds(
        Scope,
        services=st.lists(WORD, max_size=2).map(tuple),
        sampling=st.floats(0, 100),
        rules=st.lists(RULES, max_size=2).map(tuple),
    ),
    needs=st.lists(st.sampled_from(["input", "output"]), unique=True).map(tuple),
    rubric=TEXT.filter(lambda text: "{{" not in text),
    brief=st.none() | TEXT.filter(lambda text: "{{" not in text),
    variables=st.dictionaries(
        st.text(string.ascii_lowercase, min_size=1, max_size=4), TEXT, max_size=2
    ).filter(lambda names: not {"span", "trace"} & set(names)),
    answer=answers(),
)


@settings(max_examples=150, deadline=None)
@given(evaluator=EVALUATORS)
def test_reading_what_was_written_gives_the_same_evaluator(evaluator: Evaluator) -> None:
    again = load_text(dump(evaluator))
    assert again == evaluator
    assert again.version == evaluator.version


@pytest.mark.parametrize(
    "text",
    [
        "\n leading",
        "trailing  \nspaces \n",
        "a\r\nb",
        "tab\tin\n\tlines",
        "\n\n",
        "x\n\n\n",
        "\ufeffmark\n",
        "a\u2028b\n",
        "# no\n",
    ],
)
def test_text_of_several_lines_comes_back_as_it_was(text: str) -> None:
    evaluator = Evaluator(name="n", prompt=Prompt(system=text, user="{{span.input}}"), answer=Boolean())
    again = load_text(dump(evaluator))
    assert again.prompt is not None
    assert again.prompt.system == text


def test_the_layout_is_the_one_people_write() -> None:
    evaluator = Evaluator(
        name="topic",
        answer=Category(labels=(Label("yes", "about, or near, travel"), Label("no"))),
        rubric="Yes when it is about travel.\nNo otherwise.\n",
        scope=Scope(
            services=("desk",),
            sampling=25.0,
            rules=(Rule(attribute="parent_span_id", operator="equals", value=""),),
        ),
        needs=("input",),
        acceptance=Acceptance(pass_values=("yes",)),
    )
    assert dump(evaluator) == (
        "name: topic\n"
        "scope:\n"
        "  services: [desk]\n"
        "  sampling: 25\n"
        "  rules:\n"
        '    - {attribute: parent_span_id, operator: equals, value: ""}\n'
        "needs: [input]\n"
        "rubric: |\n"
        "  Yes when it is about travel.\n"
        "  No otherwise.\n"
        "answer:\n"
        "  type: category\n"
        "  labels:\n"
        "    - {name: \"yes\", description: 'about, or near, travel'}\n"
        '    - {name: "no"}\n'
        'acceptance: {pass_values: ["yes"]}\n'
    )


def test_words_for_verdicts_and_prompts_are_written_too() -> None:
    evaluator = Evaluator(
        name="n",
        prompt=Prompt(user="Look:\n{{span.output}}\n"),
        answer=Score(min=1.0, max=5.0),
        acceptance=Acceptance(min=2.5),
        labels=VerdictLabels(pass_="Good", fail="Bad"),
    )
    assert dump(evaluator) == (
        "name: n\n"
        "prompt:\n"
        "  user: |\n"
        "    Look:\n"
        "    {{span.output}}\n"
        "answer:\n"
        "  type: score\n"
        "  min: 1\n"
        "  max: 5\n"
        "acceptance: {min: 2.5}\n"
        "labels: {pass: Good, fail: Bad}\n"
    )
