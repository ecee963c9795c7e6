"""The bar of long work, on standard error."""

from collections.abc import Callable, Generator
from contextlib import contextmanager


@contextmanager
def bar(title: str, total: int, *, transient: bool = False) -> Generator[Callable[[], None]]:
    """What to call after each of `total` steps. Only a terminal shows it; `transient`: until the end."""
    from rich.console import Console  # noqa: PLC0415 - `--help` must not wait for it
    from rich.progress import (  # noqa: PLC0415 - as above
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(
        *columns, console=console, disable=not console.is_terminal, transient=transient
    ) as progress:
        task = progress.add_task(title, total=total)
        yield lambda: progress.advance(task)
