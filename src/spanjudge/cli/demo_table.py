"""What the demo shows: progress while the judge thinks, then the table; plain lines without a terminal."""

import sys
import textwrap
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Self

from spanjudge.cli.demo_examples import Example

PLAIN_WIDTH = 100


class Row:
    """One example and what the server answered; `answer` is the body of the response."""

    def __init__(self, example: Example) -> None:
        """Not asked yet."""
        self.example = example
        self.answer: dict[str, Any] = {}

    @property
    def has_score(self) -> bool:
        """Whether there is a value; an error is none."""
        return self.answer.get("code") == "OK"

    @property
    def as_expected(self) -> bool:
        """Whether the verdict is what a sound judge says."""
        return self.has_score and (self.answer.get("verdict") == "pass") == self.example.good

    @property
    def quality(self) -> str:
        """What the example is."""
        return "good" if self.example.good else "bad"

    @property
    def value(self) -> str:
        """The value, or the error's code."""
        if not self.has_score:
            return str(self.answer.get("code", "?"))
        value = self.answer.get("value")
        return str(value).lower() if isinstance(value, bool) else str(value)

    @property
    def verdict(self) -> str:
        """Pass, fail or nothing."""
        return str(self.answer.get("verdict") or "-")

    @property
    def mark(self) -> str:
        """Whether that was expected."""
        return "✓" if self.as_expected else "✗"

    @property
    def reason(self) -> str:
        """Why."""
        return " ".join(str(self.answer.get("reason", "")).split())


class Screen:
    """Standard output: rich on a terminal, plain lines elsewhere."""

    def __init__(self) -> None:
        """Look at what standard output is."""
        self._terminal = sys.stdout.isatty()
        self._status: Any = None
        self._thinking: list[Row] = []
        self._done = 0
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

    @contextmanager
    def thinking(self, row: Row) -> Generator[None]:
        """While the judge thinks about this row."""
        self._thinking.append(row)
        self._progress()
        yield
        self._thinking.remove(row)
        self._done += 1
        if not self._terminal:
            self.say(f"  {row.example.scorer} ({row.quality}): {row.value}")
        self._progress()

    def table(self, rows: list[Row]) -> None:
        """All of it, with a line of summary."""
        if self._terminal:
            self._rich(rows)
        else:
            for line in plain(rows):
                self.say(line)
        expected = sum(row.as_expected for row in rows)
        scored = sum(row.has_score for row in rows)
        seconds = time.monotonic() - self._started
        missing = f", {len(rows) - scored} without a score" if scored < len(rows) else ""
        self.say(f"\n{expected} of {len(rows)} as expected{missing}, in {seconds:.0f} s")
        if expected < scored:
            self.say(
                "✗ marks what a sound judge would see otherwise. The embedded model is a small one; "
                "O2_JUDGE_PROVIDER, O2_JUDGE_MODEL and O2_JUDGE_API_KEY ask a larger one."
            )
        self.say("")

    def _progress(self) -> None:
        if self._status is not None:
            total = self._done + len(self._thinking)
            names = ", ".join(f"{row.example.scorer} ({row.quality})" for row in self._thinking[:3])
            seconds = time.monotonic() - self._started
            self._status.update(f"{total}: {names} – {self._done} done in {seconds:.0f} s")

    def _rich(self, rows: list[Row]) -> None:
        from rich.console import Console  # noqa: PLC0415 - only on a terminal
        from rich.table import Table  # noqa: PLC0415 - as above
        from rich.text import Text  # noqa: PLC0415 - as above

        table = Table(pad_edge=False, show_edge=False, header_style="bold", row_styles=["", ""])
        table.add_column("scorer", no_wrap=True)
        table.add_column("answer", ratio=3)
        table.add_column("is", no_wrap=True)
        table.add_column("value", no_wrap=True)
        table.add_column("verdict", no_wrap=True)
        table.add_column("", no_wrap=True)
        table.add_column("reason", ratio=5)
        for index, row in enumerate(rows):
            colour = "green" if row.as_expected else "red"
            table.add_row(
                row.example.scorer,
                Text(row.example.output),
                row.quality,
                Text(row.value),
                row.verdict,
                Text(row.mark, style=colour),
                Text(row.reason),
                end_section=index % 2 == 1,
            )
        Console().print(table)


def plain(rows: list[Row]) -> Iterator[str]:
    """The table as plain lines."""
    width = max(len(row.example.scorer) for row in rows)
    yield ""
    yield f"{'scorer':<{width}}  is    value    verdict  "
    for row in rows:
        yield f"{row.example.scorer:<{width}}  {row.quality:<4}  {row.value:<7}  {row.verdict:<7}  {row.mark}"
        for name, text in (("answer", " ".join(row.example.output.split())), ("reason", row.reason)):
            yield from textwrap.wrap(
                text or "-", PLAIN_WIDTH, initial_indent=f"    {name}: ", subsequent_indent=" " * 12
            )
