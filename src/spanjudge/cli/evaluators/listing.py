"""`spanjudge evaluators list`, `show` and `diff`: looking, nothing changes."""

import asyncio
import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from spanjudge.errors import EvaluatorError

if TYPE_CHECKING:
    from spanjudge.cli.evaluators.finding import BuiltIn
    from spanjudge.cli.evaluators.stored import Entry
    from spanjudge.evaluators.evaluator import Evaluator
    from spanjudge.pipeline.ports import StoredEvaluator

HEAD = ("NAME", "STATUS", "VERSION", "TARGET", "JUDGE", "SAMPLING")
GALLERY_HEAD = ("NAME", "TARGET", "ANSWER", "NEEDS", "WHAT IT ASKS")


def list_command(
    *,
    gallery: Annotated[
        bool, typer.Option("--gallery", help="The built-in evaluators, to start your own from.")
    ] = False,
    every: Annotated[bool, typer.Option("--all", help="Archived ones too.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """List the evaluators in the store, or the built-in ones.

    Example:  spanjudge evaluators list

    Example:  spanjudge evaluators list --gallery
    """
    from spanjudge.cli.columns import columns  # noqa: PLC0415 - see `cli/main.py`
    from spanjudge.cli.evaluators import finding, stored  # noqa: PLC0415 - as above

    if gallery:
        built_in = list(finding.built_in())
        if as_json:
            _print_json([_gallery_json(one) for one in built_in])
        else:
            print("\n".join(columns(GALLERY_HEAD, [_gallery_row(one) for one in built_in])))
        return
    found = asyncio.run(_entries())
    shown = [entry for entry in found.values() if every or not entry.archived]
    if as_json:
        _print_json([stored.as_json(entry) for entry in shown])
    elif shown:
        print("\n".join(columns(HEAD, [_row(entry) for entry in shown])))
    else:
        archived = f" ({len(found)} archived; --all shows them)" if found else ""
        print(
            f"No evaluators yet{archived}. `spanjudge evaluators list --gallery` shows the built-in ones, "
            "`spanjudge evaluators new NAME --from toxicity` writes a file to start from."
        )


def show_command(
    name: Annotated[str, typer.Argument(help="A name in the store or in the gallery (metrics/toxicity).")],
    version: Annotated[
        str | None, typer.Option(help="A version: its number or its twelve digits; the live one without it.")
    ] = None,
    *,
    versions: Annotated[bool, typer.Option("--versions", help="Every version and when it was made.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Print an evaluator as a file; what is known about it stands in comments on top.

    Example:  spanjudge evaluators show toxicity > toxicity.yaml
    """
    from spanjudge.cli.evaluators import finding, stored  # noqa: PLC0415 - see `cli/main.py`
    from spanjudge.evaluators.evaluator import plain  # noqa: PLC0415 - as above
    from spanjudge.evaluators.file import dump  # noqa: PLC0415 - as above

    history = asyncio.run(_history(name))
    if versions and history:
        _print_versions(history, as_json=as_json)
    elif history:
        chosen = _chosen(history, version) if version else _live(history)
        if as_json:
            definition = {"definition": plain(chosen.evaluator)}
            _print_json(stored.version_json(chosen) | definition)
        else:
            print(f"# {_about(chosen)}\n{dump(chosen.evaluator)}", end="")
    else:
        built_in = finding.built_in_named(name)
        if not built_in or version:
            raise EvaluatorError(finding.not_found(name, {}))
        if as_json:
            _print_json(_gallery_json(built_in[0]) | {"definition": plain(built_in[0].evaluator)})
            return
        others = ", ".join(one.place for one in built_in[1:])
        print(f"# {built_in[0].place}, built in{f' (there are also {others})' if others else ''}")
        print(built_in[0].text, end="")


def diff_command(
    name: Annotated[str, typer.Argument(help="A name in the store, or a file to compare with the store.")],
    old: Annotated[
        str | None, typer.Argument(help="A version (number or digits); the live one without it.")
    ] = None,
    new: Annotated[str | None, typer.Argument(help="A version; the newest one without it.")] = None,
) -> None:
    """Tell what differs between two versions, or between the live version and a file.

    Example:  spanjudge evaluators diff toxicity 2 3
    """
    from spanjudge.cli.evaluators import finding, stored  # noqa: PLC0415 - see `cli/main.py`
    from spanjudge.evaluators.differences import differences  # noqa: PLC0415 - as above

    given = finding.find(name, {}) if finding.is_file(name) else None
    history = asyncio.run(_history(given.name if given else name))
    if not history:
        raise stored.unknown(given.name if given else name, asyncio.run(_entries()))
    before = _chosen(history, old) if old else _live(history)
    after: Evaluator = given or (_chosen(history, new) if new else history[-1]).evaluator
    found = differences(before.evaluator, after)
    there = name if given else next(_about(one) for one in reversed(history) if one.evaluator == after)
    print(f"{_about(before)}  →  {there}")
    for difference in found:
        print("\n".join(f"  {line}" for line in difference.text()))
    if not found:
        print("  nothing differs")


async def _entries() -> "dict[str, Entry]":
    from spanjudge.cli.evaluators import stored  # noqa: PLC0415 - see `cli/main.py`

    async with stored.opened_if_there() as store:
        return await stored.entries(store)


async def _history(name: str) -> "list[StoredEvaluator]":
    """Every version of a name, oldest first; empty when the store does not know it."""
    from spanjudge.cli.evaluators import stored  # noqa: PLC0415 - see `cli/main.py`

    async with stored.opened_if_there() as store:
        every = await store.evaluators(all_versions=True) if store else []
    return sorted((one for one in every if one.evaluator.name == name), key=lambda one: one.number)


def _live(history: "list[StoredEvaluator]") -> "StoredEvaluator":
    """The published or paused version, else the newest."""
    return next((one for one in history if one.status in ("published", "paused")), history[-1])


def _chosen(history: "list[StoredEvaluator]", version: str) -> "StoredEvaluator":
    for one in history:
        if version in (str(one.number), one.evaluator.version):
            return one
    known = ", ".join(str(one.number) for one in history)
    raise EvaluatorError(f"“{history[0].evaluator.name}” has no version {version}; it has {known}")


def _about(stored: "StoredEvaluator") -> str:
    from spanjudge.cli.evaluators.stored import moment  # noqa: PLC0415 - see `cli/main.py`

    status = f"paused: {stored.reason}" if stored.status == "paused" and stored.reason else stored.status
    when = f" {moment(stored.published_ns)}" if stored.published_ns and stored.status == "published" else ""
    return f"version {stored.number} ({stored.evaluator.version}), {status}{when}"


def _print_versions(history: "list[StoredEvaluator]", *, as_json: bool) -> None:
    from spanjudge.cli.columns import columns  # noqa: PLC0415 - see `cli/main.py`
    from spanjudge.cli.evaluators.stored import moment, version_json  # noqa: PLC0415 - as above

    if as_json:
        _print_json([version_json(one) for one in history])
        return
    rows = [(str(one.number), one.evaluator.version, one.status, moment(one.created_ns)) for one in history]
    print("\n".join(columns(("NUMBER", "VERSION", "STATUS", "CREATED"), rows)))


def _row(entry: "Entry") -> tuple[str, ...]:
    one = entry.shown
    scope = one.evaluator.scope
    sampling = f"{scope.sampling:g} %"
    return (
        entry.name,
        entry.status,
        f"{one.number} ({one.evaluator.version})",
        one.evaluator.target,
        one.evaluator.judge,
        sampling,
    )


def _gallery_row(one: "BuiltIn") -> tuple[str, ...]:
    evaluator = one.evaluator
    needs = ", ".join(evaluator.needs)
    return one.place, evaluator.target, _answer(evaluator), needs, evaluator.description


def _answer(evaluator: "Evaluator") -> str:
    return type(evaluator.answer).__name__.lower()


def _gallery_json(one: "BuiltIn") -> dict[str, Any]:
    evaluator = one.evaluator
    return {
        "name": one.place,
        "version": evaluator.version,
        "target": evaluator.target,
        "answer": _answer(evaluator),
        "needs": evaluator.needs,
        "description": evaluator.description,
    }


def _print_json(value: object) -> None:
    print(json.dumps(value, indent=2, ensure_ascii=False))
