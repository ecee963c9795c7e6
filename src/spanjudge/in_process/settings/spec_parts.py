"""What an evaluators text is made of, and how a problem with it is told."""

import difflib
from collections.abc import Iterable, Mapping
from typing import get_args

import msgspec

from spanjudge.in_process.invocation import Kind

EVALUATORS = ("native", "deepeval")
TYPES: tuple[Kind, ...] = get_args(Kind)

_WIDTH = 90
"""Columns of the text that are shown with a caret."""


class MetricSpec(msgspec.Struct, frozen=True):
    """One metric, with its options as they are written."""

    name: str
    options: Mapping[str, str] = {}
    position: int = 1


class TypeSpec(msgspec.Struct, frozen=True):
    """One type of invocation; without metrics its evaluator's defaults are meant."""

    name: Kind
    metrics: tuple[MetricSpec, ...] = ()
    position: int = 1


class EvaluatorSpec(msgspec.Struct, frozen=True):
    """One evaluator; without types the default types are meant."""

    name: str
    types: tuple[TypeSpec, ...] = ()
    position: int = 1


class SpecProblem(msgspec.Struct, frozen=True):
    """Something wrong in `text`, with the fix. `position` counts characters from 1."""

    position: int
    message: str
    text: str = ""

    @property
    def place(self) -> str:
        """Where it is: `column 7`, or `line 2, column 7` of a text of several lines."""
        line, column, _ = self._lines()
        return f"line {line}, column {column}" if "\n" in self.text else f"column {column}"

    def __str__(self) -> str:
        """On one line."""
        return f"{self.place}: {self.message}"

    @property
    def long(self) -> str:
        """The same with the text below it and a caret under the place."""
        _, column, shown = self._lines()
        start = max(0, column - 1 - _WIDTH // 2)
        piece = shown[start : start + _WIDTH].replace("\t", " ")
        before, after = "…" if start else "", "…" if len(shown) > start + _WIDTH else ""
        caret = " " * (len(before) + column - 1 - start) + "^"
        return f"{self}\n  {before}{piece}{after}\n  {caret}"

    def _lines(self) -> tuple[int, int, str]:
        before = self.text[: self.position - 1]
        lines = self.text.split("\n")
        line = before.count("\n")
        return line + 1, self.position - (before.rfind("\n") + 1), lines[line].rstrip("\r")


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name that looks most like this one, whatever its case."""
    spelled = {each.lower(): each for each in known}
    found = difflib.get_close_matches(name.lower()[:_WIDTH], spelled, n=1, cutoff=0.6)
    return spelled[found[0]] if found else None
