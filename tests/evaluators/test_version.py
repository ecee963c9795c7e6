"""Versions by content."""

import msgspec
import pytest

from spanjudge.evaluators.answer_format import Boolean, Label, Score
from spanjudge.evaluators.evaluator import Evaluator, Rule, Scope, plain
from spanjudge.evaluators.file import load_text

TEXT = "name: n\nrubric: good\nanswer: {type: score}\nvariables: {a: x, b: y}\n"


def test_a_version_does_not_change_between_releases() -> None:
    assert load_text(TEXT).version == "15ab688aaf26"


@pytest.mark.parametrize(
    "text",
    [
        "# a comment\n" + TEXT,
        "variables: {b: y, a: x}\nanswer: {type: score}\nrubric: 'good'\nname: n\n",
        TEXT + "judge: default\ntarget: span\nscope: {}\nneeds: []\ndescription: ''\n",
        TEXT.replace("type: score", "type: score, min: 0, max: 1.0, method: direct"),
    ],
)
def test_how_it_is_written_does_not_matter(text: str) -> None:
    assert load_text(text) == load_text(TEXT)
    assert load_text(text).version == load_text(TEXT).version


@pytest.mark.parametrize(
    "text",
    [
        TEXT.replace("good", "better"),
        TEXT + "judge: other\n",
        TEXT + "needs: [input]\n",
        TEXT.replace("a: x", "a: z"),
        TEXT.replace("score", "boolean"),
        TEXT + "acceptance: {min: 0.5}\n",
    ],
)
def test_every_part_of_the_content_counts(text: str) -> None:
    assert load_text(text).version != load_text(TEXT).version


def test_whole_numbers_are_equal_however_they_are_typed() -> None:
    whole = Evaluator(name="n", rubric="x", answer=Score(min=1, max=5))
    fraction = Evaluator(name="n", rubric="x", answer=Score(min=1.0, max=5.0))
    assert whole.version == fraction.version
    changed = msgspec.structs.replace(whole, rubric="y")
    assert changed.version != whole.version


def test_plain_leaves_out_what_is_default() -> None:
    evaluator = Evaluator(
        name="n",
        rubric="x",
        answer=Boolean(when_true="a"),
        scope=Scope(rules=(Rule(attribute="k", operator="in", value=("a", 2.0)),)),
    )
    assert plain(evaluator) == {
        "name": "n",
        "rubric": "x",
        "answer": {"type": "boolean", "when_true": "a"},
        "scope": {"rules": [{"attribute": "k", "operator": "in", "value": ["a", 2]}]},
    }
    assert plain(Label("a")) == {"name": "a"}
