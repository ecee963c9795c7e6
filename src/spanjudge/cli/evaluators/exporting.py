"""`spanjudge evaluators export`: from the store to files."""

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer

from spanjudge.errors import EvaluatorError

if TYPE_CHECKING:
    from spanjudge.evaluators.evaluator import Evaluator

DEFAULT = Path("evaluators")


class Files(msgspec.Struct, frozen=True, kw_only=True):
    """What an export writes: texts by file, and the names whose files say the same already."""

    new: Mapping[Path, str]
    other: Mapping[Path, str]
    same: tuple[str, ...]


def command(
    folder: Annotated[
        Path | None,
        typer.Argument(
            help="Folder to write to, made when it is not there; SPANJUDGE_EVALUATORS_DIR, or ./evaluators.",
            show_default=False,
        ),
    ] = None,
    names: Annotated[
        list[str] | None, typer.Option("--evaluator", help="Only this one; may be given more than once.")
    ] = None,
    *,
    drafts: Annotated[
        bool, typer.Option("--drafts", help="The newest version, draft or not, instead of the live one.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Write over files that say otherwise.")] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print all of them as JSON; write nothing.")
    ] = False,
) -> None:
    """Write the evaluators of the store as files, one each. `apply` of these files changes nothing.

    A file that says the same already is left as it is, with its comments. One that says otherwise is not
    written over without --force, and then nothing is written at all.

    Example:  spanjudge evaluators export evaluators/
    """
    from spanjudge import settings  # noqa: PLC0415 - see `cli/main.py`
    from spanjudge.evaluators.evaluator import plain  # noqa: PLC0415 - as above

    found = asyncio.run(_evaluators(names, drafts=drafts))
    if as_json:
        definitions = [plain(evaluator) for evaluator in found]
        print(json.dumps(definitions, indent=2, ensure_ascii=False))
        return
    target = folder or settings.places().evaluators or DEFAULT
    files = _compare(found, target)
    if files.other and not force:
        listed = "\n".join(f"{file}: says otherwise than the store" for file in files.other)
        raise EvaluatorError(f"nothing is written; --force writes over these files:\n{listed}")
    for file, text in {**files.new, **files.other}.items():
        _write(file, text)
    over = f", {len(files.other)} written over" if files.other else ""
    print(f"{target}: {len(files.new)} new{over}, {len(files.same)} as they were")


async def _evaluators(names: list[str] | None, *, drafts: bool) -> "list[Evaluator]":
    from spanjudge.cli.evaluators import stored  # noqa: PLC0415 - see `cli/main.py`

    async with stored.opened_if_there() as store:
        entries = await stored.entries(store)
    for name in names or ():
        if name not in entries:
            raise stored.unknown(name, entries)
    chosen = [entry for entry in entries.values() if (entry.name in names if names else not entry.archived)]
    return [(entry.newest if drafts else entry.shown).evaluator for entry in chosen]


def _compare(evaluators: "list[Evaluator]", folder: Path) -> Files:
    from spanjudge.evaluators.file import dump, read_all  # noqa: PLC0415 - see `cli/main.py`

    readings = read_all([folder]) if folder.is_dir() else []
    there = {one.evaluator.name: (Path(one.where), one.evaluator) for one in readings if one.evaluator}
    new: dict[Path, str] = {}
    other: dict[Path, str] = {}
    same: list[str] = []
    for evaluator in evaluators:
        file, held = there.get(evaluator.name, (folder / f"{evaluator.name}.yaml", None))
        if held is not None and held.version == evaluator.version:
            same.append(evaluator.name)
        elif file.exists():
            other[file] = dump(evaluator)
        else:
            new[file] = dump(evaluator)
    return Files(new=new, other=other, same=tuple(same))


def _write(file: Path, text: str) -> None:
    """The whole file or the old one: a reader never sees half of it."""
    beside = file.with_name(f".{file.name}.new")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        beside.write_text(text, encoding="utf-8")
        beside.replace(file)
    except OSError as error:
        raise EvaluatorError(f"cannot be written ({error.strerror or error})", where=str(file)) from None
