"""What the demo shows: progress while the judge works, then the table; plain lines without a terminal."""

import sys
import textwrap
import time
from collections.abc import Iterator
from types import TracebackType
from typing import Any, Self

from spanjudge.cli.demo_traces import Expectation
from spanjudge.judging.result import EvaluationFailure, EvaluationResult, Outcome

PLAIN_WIDTH = 100
LONGEST_WHY = 170


class Row:
    """One span as one evaluator saw it.

    `outcome` is what is stored of it, `None` as long as it waits; `trouble` says what for, when that is
    nothing that will come by itself.
    """

    def __init__(self, expectation: Expectation) -> None:
        """Not judged yet."""
        self.expected = expectation
        self.outcome: Outcome | None = None
        self.trouble = ""

    @property
    def has_verdict(self) -> bool:
        """Whether there is a verdict; a failure is none."""
        return isinstance(self.outcome, EvaluationResult) and self.outcome.verdict is not None

    @property
    def as_expected(self) -> bool:
        """Whether the verdict is what a sound judge says."""
        return self.has_verdict and (self.verdict == "pass") == self.expected.passes

    @property
    def verdict(self) -> str:
        """Pass, fail or nothing."""
        return (isinstance(self.outcome, EvaluationResult) and self.outcome.verdict) or "-"

    @property
    def value(self) -> str:
        """The label or score, or the failure's code."""
        match self.outcome:
            case None:
                return "waiting"
            case EvaluationFailure(code=code):
                return code
            case EvaluationResult(score_value=score, score_label=label):
                number = "" if score is None else f"{score:g}"
                return " ".join(text for text in (number, label) if text)

    @property
    def why(self) -> str:
        """The judge's explanation, or the failure's message."""
        match self.outcome:
            case None:
                return self.trouble
            case EvaluationFailure(message=message):
                return " ".join(message.split())
            case EvaluationResult(explanation=explanation):
                return " ".join((explanation or "").split())

    @property
    def mark(self) -> str:
        """Whether that was expected."""
        return "✓" if self.as_expected else "✗"


class Screen:
    """Standard output: rich on a terminal, plain lines elsewhere."""

    def __init__(self) -> None:
        """Look at what standard output is."""
        self._terminal = sys.stdout.isatty()
        self._status: Any = None
        self._told: set[int] = set()
        self._started = time.monotonic()

    def say(self, text: str) -> None:
        """Print it as it is: a line to copy is never wrapped."""
        print(text, flush=True)

    def __enter__(self) -> Self:
        """Show progress from now on."""
        self._started = time.monotonic()
        if self._terminal:
            from rich.console import Console  # noqa: PLC0415 - only on a terminal

            self._status = Console().status("")
            self._status.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Take the progress away."""
        if self._status is not None:
            self._status.stop()

    def progress(self, rows: list[Row]) -> None:
        """Tell what is new."""
        done = [row for row in rows if row.outcome is not None]
        for row in done:
            if id(row) not in self._told and not self._terminal:
                self.say(f"  {row.expected.service}: {row.expected.evaluator}: {row.value}")
            self._told.add(id(row))
        if self._status is not None:
            seconds = time.monotonic() - self._started
            self._status.update(f"{len(done)} of {len(rows)} verdicts, {seconds:.0f} s")

    def table(self, rows: list[Row]) -> None:
        """All of it, with a line of summary."""
        if self._terminal:
            _rich(rows)
        else:
            for line in plain(rows):
                self.say(line)
        expected = sum(row.as_expected for row in rows)
        judged = sum(row.has_verdict for row in rows)
        seconds = time.monotonic() - self._started
        missing = f", {len(rows) - judged} without a verdict" if judged < len(rows) else ""
        self.say(f"\n{expected} of {len(rows)} verdicts as expected{missing}, in {seconds:.0f} s")
        if expected < judged:
            self.say(
                "✗ marks what a sound judge would see otherwise. The embedded model is a small one; "
                "O2_JUDGE_PROVIDER, O2_JUDGE_MODEL and O2_JUDGE_API_KEY ask a larger one."
            )


def _rich(rows: list[Row]) -> None:
    from rich.box import HORIZONTALS  # noqa: PLC0415 - only on a terminal
    from rich.console import Console  # noqa: PLC0415 - as above
    from rich.table import Table  # noqa: PLC0415 - as above
    from rich.text import Text  # noqa: PLC0415 - as above

    table = Table(box=HORIZONTALS, pad_edge=False, show_edge=False, header_style="bold", expand=True)
    table.add_column("service", no_wrap=True)
    table.add_column("what it said", ratio=4)
    table.add_column("evaluator", no_wrap=True)
    table.add_column("verdict", no_wrap=True)
    table.add_column("value", max_width=22)
    table.add_column("", no_wrap=True)
    table.add_column("why", ratio=6)
    for index, row in enumerate(rows):
        after = rows[index + 1].expected.service if index + 1 < len(rows) else ""
        verdict = {"pass": "green", "fail": "red"}.get(row.verdict, "yellow")
        table.add_row(
            row.expected.service,
            Text(row.expected.answer),
            row.expected.evaluator,
            Text(row.verdict, style=verdict),
            Text(row.value),
            Text(row.mark, style="green" if row.as_expected else "red"),
            Text(_short(row.why)),
            end_section=after != row.expected.service,
        )
    Console().print(table)


def _short(text: str) -> str:
    """What fits a few lines of a cell; `explain` has all of it."""
    return textwrap.shorten(text, LONGEST_WHY, placeholder=" …")


def plain(rows: list[Row]) -> Iterator[str]:
    """The table as plain lines."""
    services = max(len(row.expected.service) for row in rows)
    names = max(len(row.expected.evaluator) for row in rows)
    yield ""
    yield f"{'service':<{services}}  {'evaluator':<{names}}  verdict     value"
    for row in rows:
        expected = row.expected
        yield (
            f"{expected.service:<{services}}  {expected.evaluator:<{names}}  {row.verdict:<7}  {row.mark}  "
            f"{row.value}"
        )
        for name, text in (("said", " ".join(expected.answer.split())), ("why", row.why)):
            yield from textwrap.wrap(
                text or "-", PLAIN_WIDTH, initial_indent=f"    {name}: ", subsequent_indent=" " * 10
            )
