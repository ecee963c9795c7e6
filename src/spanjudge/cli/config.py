"""`spanjudge config`: the effective settings, where each comes from, secrets hidden."""

import json
import sys
from enum import StrEnum
from typing import Annotated

import typer

from spanjudge import settings
from spanjudge.errors import SettingsError


class Format(StrEnum):
    """How to print them."""

    text = "text"
    json = "json"
    reference = "reference"


def command(
    form: Annotated[
        Format,
        typer.Option(
            "--format", help="text for people, json for programs, reference for the page of all settings."
        ),
    ] = Format.text,
    *,
    every: Annotated[bool, typer.Option("--all", help="Also what is not set and has no value.")] = False,
) -> None:
    """Print the effective settings, where each comes from, and what is wrong with them.

    Secrets are hidden. The exit code is 2 when `serve` would not start with these settings.

    Example:  O2_JUDGE_PROVIDER=embedded spanjudge config
    """
    if form is Format.reference:
        from spanjudge.settings.reference import reference  # noqa: PLC0415 - only this format needs it

        print(reference(), end="")
        return
    lines = settings.effective()
    shown = lines if every or form is Format.json else [line for line in lines if line.value is not None]
    problem, notes = None, ()
    try:
        notes = settings.load().notes
    except SettingsError as error:
        problem = str(error)
    if form is Format.json:
        rows = [{"setting": line.key, "value": line.value, "origin": line.origin} for line in shown]
        print(
            json.dumps({"settings": rows, "problem": problem, "notes": notes}, indent=2, ensure_ascii=False)
        )
    else:
        _print(shown)
        for note in notes:
            print(f"note: {note}", file=sys.stderr)
        if problem:
            print(f"spanjudge: {problem}", file=sys.stderr)
    if problem:
        raise typer.Exit(2)


def _print(lines: list[settings.Line]) -> None:
    key_width = max(len(line.key) for line in lines)
    value_width = min(40, max(len(line.value or "-") for line in lines))
    group = ""
    for line in lines:
        if line.group != group:
            print(f"{chr(10) if group else ''}# {line.group}")
            group = line.group
        print(f"{line.key:<{key_width}}  {line.value or '-':<{value_width}}  {line.origin}")
