"""How far the fetching of a model file is: a bar in a terminal, a line now and then elsewhere."""

import importlib.util
import sys
import time
from types import TracebackType
from typing import Any, Protocol, Self

_SECONDS_BETWEEN_LINES = 10.0


class Progress(Protocol):
    """Told how far the fetching is."""

    def say(self, text: str) -> None:
        """One sentence about what happens now."""
        ...

    def at(self, done: int, total: int) -> None:
        """Bytes so far, and in all."""
        ...


class TerminalProgress:
    """To standard error: rich's bar where there is a terminal and rich, else plain lines."""

    def __init__(self) -> None:
        """Nothing is shown until there is something to say."""
        self._bar: Any = None
        self._task: Any = None
        self._next_line = 0.0

    def __enter__(self) -> Self:
        """Show the bar, if there is one."""
        if sys.stderr.isatty() and importlib.util.find_spec("rich"):
            from rich.console import Console  # noqa: PLC0415 - rich comes with an extra
            from rich.progress import (  # noqa: PLC0415 - as above
                BarColumn,
                DownloadColumn,
                TimeRemainingColumn,
                TransferSpeedColumn,
            )
            from rich.progress import Progress as Bar  # noqa: PLC0415 - as above

            self._bar = Bar(
                BarColumn(),
                DownloadColumn(),
                TransferSpeedColumn(),
                TimeRemainingColumn(),
                console=Console(stderr=True),
                transient=True,
            )
            self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Take the bar away."""
        if self._bar is not None:
            self._bar.stop()

    def say(self, text: str) -> None:
        """See `Progress`."""
        if self._bar is not None:
            self._bar.console.print(text, markup=False)
        else:
            sys.stderr.write(f"{text}\n")
            sys.stderr.flush()

    def at(self, done: int, total: int) -> None:
        """See `Progress`."""
        if self._bar is not None:
            if self._task is None:
                self._task = self._bar.add_task("model", total=total)
            self._bar.update(self._task, completed=done)
        elif time.monotonic() >= self._next_line or done == total:
            self._next_line = time.monotonic() + _SECONDS_BETWEEN_LINES
            self.say(f"embedded judge: {done / 1e6:,.0f} of {total / 1e6:,.0f} MB ({done / total:.0%})")
