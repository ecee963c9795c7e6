"""`spanjudge evaluators plan` and `apply`: from files to the store, all or nothing."""

import asyncio
import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from spanjudge.errors import EvaluatorError

if TYPE_CHECKING:
    from spanjudge.cli.evaluators.plan import Plan
    from spanjudge.pipeline.ports import Store

PATHS = typer.Argument(help="Folders or files; SPANJUDGE_EVALUATORS_DIR without any.", show_default=False)
DRAFT = typer.Option(
    "--publish/--draft", help="Publish what is new or changed, or keep it as drafts, which never run."
)
PRUNE = typer.Option("--prune", help="Archive what is in the store and in no file.")
JSON = typer.Option("--json", help="Print JSON.")


def plan_command(
    paths: Annotated[list[Path] | None, PATHS] = None,
    *,
    publish: Annotated[bool, DRAFT] = True,
    prune: Annotated[bool, PRUNE] = False,
    exit_code: Annotated[
        bool, typer.Option("--exit-code", help="Exit with 1 when `apply` would change something.")
    ] = False,
    as_json: Annotated[bool, JSON] = False,
) -> None:
    """Show what `apply` would change, field by field. Nothing is changed.

    Example:  spanjudge evaluators plan evaluators/
    """
    made = asyncio.run(_plan(paths, publish=publish, prune=prune))
    _print(made, as_json=as_json)
    if exit_code and made.changed:
        raise typer.Exit(1)


def apply_command(
    paths: Annotated[list[Path] | None, PATHS] = None,
    *,
    publish: Annotated[bool, DRAFT] = True,
    prune: Annotated[bool, PRUNE] = False,
    as_json: Annotated[bool, JSON] = False,
) -> None:
    """Bring files into the store and publish them: all, or none when one is bad.

    Applying the same files twice changes nothing.

    Published evaluators judge new matching spans from now on; --draft only keeps them. What is in the store
    and in no file stays, unless --prune is given. A paused evaluator stays paused.

    Example:  spanjudge evaluators apply evaluators/
    """
    made = asyncio.run(_apply(paths, publish=publish, prune=prune, as_json=as_json))
    if as_json:
        return
    if made.changed:
        counts = {"published": made.published, "kept as drafts": made.kept, "archived": made.archived}
        told = ", ".join(f"{len(names)} {words}" for words, names in counts.items() if names)
        print(f"Applied: {told}.")
    else:
        print("Nothing to apply: the store is as the files say.")


async def _plan(paths: Sequence[Path] | None, *, publish: bool, prune: bool) -> "Plan":
    from spanjudge.cli.evaluators import stored  # noqa: PLC0415 - see `cli/main.py`

    async with stored.opened_if_there() as store:
        return await _make(paths, store, publish=publish, prune=prune)


async def _apply(paths: Sequence[Path] | None, *, publish: bool, prune: bool, as_json: bool) -> "Plan":
    from spanjudge.cli.evaluators import stored  # noqa: PLC0415 - see `cli/main.py`

    async with stored.opened() as store:
        made = await _make(paths, store, publish=publish, prune=prune)
        _print(made, as_json=as_json)
        # Drafts first: they run nowhere, so that what goes live does so in one transaction.
        if made.kept:
            await store.apply(made.kept, publish=False, now_ns=time.time_ns())
        if made.published:
            await store.apply(made.published, publish=True, now_ns=time.time_ns())
        for name in made.archived:
            await store.archive(name)
    return made


async def _make(paths: Sequence[Path] | None, store: "Store | None", *, publish: bool, prune: bool) -> "Plan":
    from spanjudge import settings  # noqa: PLC0415 - see `cli/main.py`
    from spanjudge.cli.evaluators import plan, stored  # noqa: PLC0415 - as above
    from spanjudge.evaluators.file import read_all  # noqa: PLC0415 - as above

    places = settings.places()
    wanted = list(paths or ([places.evaluators] if places.evaluators else []))
    if not wanted:
        raise EvaluatorError("name a folder or files (or set SPANJUDGE_EVALUATORS_DIR)")
    folders = all(path.is_dir() for path in wanted)
    if prune and not folders:
        raise EvaluatorError("--prune archives what is in no file, so it takes folders, not single files")
    readings = read_all(wanted)
    problems = [line for reading in readings for line in reading.lines()]
    if problems:
        bad = sum(bool(reading.problems) for reading in readings)
        told = f"{bad} of {len(readings)} files cannot be used, so nothing is applied"
        raise EvaluatorError("\n".join([told, *problems]))
    if not readings:
        raise EvaluatorError("holds no evaluator files (*.yaml, *.yml)", where=", ".join(map(str, wanted)))
    entries = await stored.entries(store)
    return plan.make(readings, entries, judges=places.judges, publish=publish, prune=prune, whole=folders)


def _print(made: "Plan", *, as_json: bool) -> None:
    from spanjudge.cli.evaluators import plan  # noqa: PLC0415 - see `cli/main.py`

    if as_json:
        found: dict[str, Any] = plan.as_json(made)
        print(json.dumps(found, indent=2, ensure_ascii=False))
    else:
        print("\n".join(plan.text(made)))
