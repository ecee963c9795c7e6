"""`spanjudge evaluators publish`, `pause` and `archive`."""

import asyncio
import time
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from spanjudge.cli.evaluators.stored import Entry
    from spanjudge.pipeline.ports import Store

NAMES = typer.Argument(help="Names in the store.")


def publish_command(names: Annotated[list[str], NAMES]) -> None:
    """Publish the newest version of evaluators, or end their pause: matching spans are judged from now on.

    Example:  spanjudge evaluators publish toxicity
    """

    async def publish(store: "Store", entry: "Entry") -> str:
        before = entry.status
        now = await store.publish(entry.name, now_ns=time.time_ns())
        if entry.live and entry.live.status == "published" and entry.live.number == now.number:
            return f"{entry.name}: version {now.number} was published already"
        return f"{entry.name}: version {now.number} is published (was {before})"

    asyncio.run(_each(names, publish))


def pause_command(
    names: Annotated[list[str], NAMES],
    reason: Annotated[str, typer.Option(help="Why; shown wherever the evaluator is.")] = "",
) -> None:
    """Pause published evaluators: spans that match meanwhile wait, and are judged when it is published again.

    Example:  spanjudge evaluators pause toxicity --reason "too many false alarms"
    """

    async def pause(store: "Store", entry: "Entry") -> str:
        if entry.live is None:
            return f"{entry.name}: is not published ({entry.status}), so there is nothing to pause"
        if entry.live.paused_by == "user" and entry.live.reason == reason:
            return f"{entry.name}: was paused already"
        await store.pause(entry.name, reason=reason, paused_by="user")
        return f"{entry.name}: paused; `spanjudge evaluators publish {entry.name}` ends the pause"

    asyncio.run(_each(names, pause))


def archive_command(names: Annotated[list[str], NAMES]) -> None:
    """Take evaluators out of use: what waits is not judged. Versions and results are kept.

    Example:  spanjudge evaluators archive toxicity
    """

    async def archive(store: "Store", entry: "Entry") -> str:
        if entry.archived:
            return f"{entry.name}: was archived already"
        await store.archive(entry.name)
        return f"{entry.name}: archived (was {entry.status}); `spanjudge evaluators publish` brings it back"

    asyncio.run(_each(names, archive))


async def _each(names: list[str], act: "Callable[[Store, Entry], Awaitable[str]]") -> None:
    """All names must be known before anything happens."""
    from spanjudge.cli.evaluators import stored  # noqa: PLC0415 - see `cli/main.py`

    async with stored.opened_if_there() as store:
        entries = await stored.entries(store)
        for name in names:
            if name not in entries:
                raise stored.unknown(name, entries)
        if store is not None:
            for name in dict.fromkeys(names):
                print(await act(store, entries[name]))
