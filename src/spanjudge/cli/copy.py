"""`spanjudge copy`: everything that is stored, to another database."""

import asyncio
import time
from typing import TYPE_CHECKING, Annotated

import typer

from spanjudge.cli.columns import columns

if TYPE_CHECKING:
    from collections.abc import Callable

    from spanjudge.store.copying import Told


def command(
    to: Annotated[
        str, typer.Option(help="Where to: postgresql://USER:PASSWORD@HOST/DATABASE or sqlite:///PATH.")
    ],
    source: Annotated[
        str | None, typer.Option("--from", help="Where from, instead of SPANJUDGE_DATABASE_URL.")
    ] = None,
    *,
    while_running: Annotated[
        bool,
        typer.Option("--while-running", help="Copy what is there now though processes run on the source."),
    ] = False,
) -> None:
    """Copy spans, evaluators, jobs, results, usage and all the rest to an empty database.

    From SQLite to PostgreSQL, back, or between two of a kind; whole or not at all. Ids stay as they are. The
    source is left as it is: set SPANJUDGE_DATABASE_URL to the new one afterwards. On PostgreSQL tokens are in
    the database, so those of the data folder's file come along.

    Example:  spanjudge copy --to postgresql://spanjudge:secret@db/spanjudge
    """
    from spanjudge import settings  # noqa: PLC0415 - `--help` must not wait for it

    places = settings.places()
    told = asyncio.run(_copy(source or places.database_url, to, while_running=while_running))
    print("\n".join(columns(("table", "rows"), [(name, f"{rows:,}") for name, rows in told.tables.items()])))
    # Another source's data folder is not known.
    if source is None and not settings.is_file(to):
        from spanjudge import app  # noqa: PLC0415 - see above

        if carried := asyncio.run(app.carry_over(places.tokens, to)):
            print(f"tokens of {places.tokens} in the database now: {carried}")
    print(f"copied from {told.source} to {told.target}; set SPANJUDGE_DATABASE_URL to work there")


async def _copy(url: str, to: str, *, while_running: bool) -> "Told":
    from rich.console import Console  # noqa: PLC0415 - see above
    from rich.progress import (  # noqa: PLC0415 - as above
        BarColumn,
        Progress,
        TaskProgressColumn,
        TextColumn,
        TimeRemainingColumn,
    )

    from spanjudge.store.copying import copy_store  # noqa: PLC0415 - as above

    console = Console(stderr=True)
    shown = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with Progress(*shown, console=console, disable=not console.is_terminal) as progress:
        task = progress.add_task("copying", total=None)
        advance: Callable[[int], None] = lambda count: progress.advance(task, count)  # noqa: E731 - of one use
        return await copy_store(
            url,
            to,
            now_ns=time.time_ns(),
            while_running=while_running,
            on_begin=lambda told: progress.update(task, total=sum(told.tables.values())),
            on_rows=advance,
        )
