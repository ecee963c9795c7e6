"""`spanjudge migrate`: the schema of the database, shown and brought to a revision."""

import asyncio
import time
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from spanjudge.store.revisions import Revision


def command(
    to: Annotated[
        str | None, typer.Option(help="The revision to go to, up or down; without it, the newest.")
    ] = None,
    *,
    check: Annotated[
        bool, typer.Option("--check", help="Change nothing; the exit code is 1 when something is to be done.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Go down without asking.")] = False,
) -> None:
    """Show the revision of the database and bring it to the newest, or to another one.

    `serve` does so by itself; this is for those who want it done before, as a step of its own. An upgrade may
    be made while processes of the version before run. A downgrade drops what the older version does not have:
    end all processes first.

    Example:  SPANJUDGE_DATABASE_URL=postgresql://spanjudge@db/spanjudge spanjudge migrate --check
    """
    from spanjudge import settings  # noqa: PLC0415 - `--help` must not wait for it
    from spanjudge.store import revisions  # noqa: PLC0415 - as above

    url = settings.places().database_url
    wanted = revisions.check_known(to) if to is not None else None
    now_ns = time.time_ns()
    before = asyncio.run(revisions.look(url, now_ns=now_ns, create=not check))
    _show(before)
    aim = wanted or before.newest
    if before.current == aim or (wanted is None and before.current not in ("", *before.known)):
        return
    if check:
        raise typer.Exit(1)
    if before.is_downgrade(aim):
        _ask(before, aim, yes=yes)
    asyncio.run(revisions.migrate(url, to=aim))
    after = asyncio.run(revisions.look(url, now_ns=now_ns))
    print(f"now: {after.current}")


def _show(found: "Revision") -> None:
    print(f"database: {found.name}")
    print(f"current: {found.current or 'no tables yet'}")
    print(f"newest: {found.newest}")
    if found.current not in ("", *found.known):
        print("a newer version of Spanjudge has been here; nothing is to be done by this one")
    elif found.behind:
        print(f"to be done: {', '.join(found.behind)}")
    else:
        print("up to date")


def _ask(found: "Revision", aim: str, *, yes: bool) -> None:
    if found.running.members:
        who = ", ".join(one.id for one in found.running.members)
        print(f"These processes use it now and will fail: {who}")
    if yes:
        return
    question = f"Going back from {found.current} to {aim} deletes what {aim} does not have. Go on?"
    if not typer.confirm(question):
        raise typer.Exit(1)
