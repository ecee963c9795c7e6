"""The page on evaluators shows files that load and errors that are real."""

import re
from pathlib import Path

import pytest

from spanjudge.errors import EvaluatorError
from spanjudge.evaluators import gallery
from spanjudge.evaluators.answer_format import Boolean, Category, Score
from spanjudge.evaluators.file import load_text

PAGE = (Path(__file__).parents[2] / "docs/evaluators.md").read_text(encoding="utf-8")
BLOCKS = re.compile(r"^```yaml\n(.*?)^```", re.MULTILINE | re.DOTALL)
EXAMPLES = [text for text in BLOCKS.findall(PAGE) if "name:" in text]
ERRORS = PAGE.split("## Errors")[1].split("```")[1].splitlines()[1:]


def test_there_is_one_example_of_each_answer_type() -> None:
    assert [type(load_text(text).answer) for text in EXAMPLES] == [Category, Boolean, Score]


@pytest.mark.parametrize(
    ("shown", "example", "good", "bad"),
    [
        (0, 0, "rubric", "rubrik"),
        (1, 0, "name: ON_TOPIC", "name: yes"),
        (2, 2, "span.output", "span.outptu"),
        (3, 0, "ON_TOPIC]", "ONTOPIC]"),
    ],
)
def test_the_errors_shown_are_those_of_the_examples(shown: int, example: int, good: str, bad: str) -> None:
    text = EXAMPLES[example].replace(good, bad)
    assert text != EXAMPLES[example]
    place = ERRORS[shown].split(":")[0]
    with pytest.raises(EvaluatorError) as caught:
        load_text(text, place)
    assert str(caught.value) == ERRORS[shown]
    assert len(ERRORS) == 4


@pytest.mark.parametrize(
    ("heading", "section"), [("Scorers", "scorers"), ("Metrics", "metrics"), ("Templates", "templates")]
)
def test_the_gallery_tables_are_complete(heading: str, section: str) -> None:
    table = PAGE.split(f"**{heading}**")[1].split("\n\n")[1]
    rows = [[cell.strip() for cell in row.strip("|").split("|")] for row in table.splitlines()[2:]]
    held = getattr(gallery, section)()
    assert [row[0].split("`")[1] for row in rows] == list(held)
    for row in rows:
        assert row[2].split(", ") == list(held[row[0].split("`")[1]].needs)
