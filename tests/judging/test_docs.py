"""The page on judging is kept true: its example runs, and its table names the evaluators that are decided."""

import re
from pathlib import Path

import pytest

from spanjudge.evaluators import gallery
from spanjudge.judging import prechecks
from spanjudge.judging.result import FailureCode

PAGE = (Path(__file__).parents[2] / "docs" / "judging.md").read_text(encoding="utf-8")


async def test_the_example_runs_and_prints_what_it_says(capsys: pytest.CaptureFixture[str]) -> None:
    found = re.search(r"```python\n(.*?)```", PAGE, re.DOTALL)
    assert found
    body = "".join(f"    {line}\n" for line in found.group(1).splitlines())
    names: dict[str, object] = {}
    exec(f"async def example():\n{body}", names)  # noqa: S102  our own page
    await names["example"]()  # type: ignore[operator]
    assert capsys.readouterr().out.strip() == PAGE.split("print(")[1].split("  # ")[1].split("\n")[0]


def test_every_rule_stands_in_the_table() -> None:
    table = PAGE.split("## What is decided without a model")[1].split("## Failures")[0]
    rows = [line for line in table.splitlines() if line.startswith("| ") and "`" in line]
    named = {name for row in rows for name in re.findall(r"`(\w+)`", row.split("|")[1])}
    sections = (gallery.scorers(), gallery.metrics(), gallery.templates())
    decided = {
        e.name for held in sections for e in held.values() if (e.rubric, e.answer) in prechecks.rules()
    }
    assert named == decided


def test_failure_codes_are_the_real_ones() -> None:
    table = PAGE.split("## Failures")[1]
    named = set(
        re.findall(r"`(\w+)`", "".join(row.split("|")[1] for row in table.splitlines() if "|" in row))
    )
    assert named == set(FailureCode.__args__)
