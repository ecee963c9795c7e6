"""`spanjudge evaluators validate`: every problem of files, without a store, a judge or a network."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from spanjudge.evaluators.file import Reading


def command(
    files: Annotated[list[Path], typer.Argument(help="Files, or folders with *.yaml and *.yml.")],
    *,
    strict: Annotated[
        bool, typer.Option("--strict", help="Warnings (a scope that cannot match, …) count as problems.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Check evaluator files: every problem with its line, its field and the fix. Nothing else is needed.

    The exit code is 0 when all are good and 1 when one is not.

    Example:  spanjudge evaluators validate evaluators/
    """
    from spanjudge.evaluators.file import read_all  # noqa: PLC0415 - see `cli/main.py`

    readings = read_all(files)
    warned = any(_doubts(reading) for reading in readings)
    if as_json:
        print(json.dumps([_as_json(reading) for reading in readings], indent=2, ensure_ascii=False))
    else:
        for reading in readings:
            print("\n".join(_lines(reading)))
        bad = sum(bool(reading.problems) for reading in readings)
        told = f"{len(readings) - bad} good, {bad} with problems" if readings else "no evaluator files there"
        print(told)
    if not readings or any(reading.problems for reading in readings) or (strict and warned):
        raise typer.Exit(1)


def _doubts(reading: "Reading") -> list[str]:
    from spanjudge.evaluators.doubts import doubts  # noqa: PLC0415 - see `cli/main.py`

    return doubts(reading.evaluator) if reading.evaluator else []


def _lines(reading: "Reading") -> list[str]:
    if reading.evaluator is None:
        return reading.lines()
    name = f"{reading.where}: good ({reading.evaluator.name}, version {reading.evaluator.version})"
    return [name, *(f"{reading.where}: warning: {doubt}" for doubt in _doubts(reading))]


def _as_json(reading: "Reading") -> dict[str, Any]:
    from spanjudge.evaluators.problem import spell  # noqa: PLC0415 - see `cli/main.py`

    evaluator = reading.evaluator
    return {
        "file": reading.where,
        "good": evaluator is not None,
        "name": evaluator.name if evaluator else None,
        "version": evaluator.version if evaluator else None,
        "problems": [
            {"line": problem.line, "field": spell(problem.path) or None, "message": problem.message}
            for problem in reading.problems
        ],
        "warnings": _doubts(reading),
    }
