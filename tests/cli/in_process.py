"""The `spanjudge` command inside the test's own process: as real as a process, and quick."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from spanjudge.cli.main import run

Command = Callable[..., tuple[int, str, str]]
"""Runs the command with these arguments: exit code, standard output, standard error."""


def prepare(folder: Path, patch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """No settings but the data folder, and the folder as the current one."""
    for name in list(os.environ):
        if name.startswith(("O2_JUDGE_", "SPANJUDGE_", "OTEL_")):
            patch.delenv(name)
    patch.setenv("SPANJUDGE_DATA_DIR", str(folder / "data"))
    patch.chdir(folder)

    def command(*arguments: str) -> tuple[int, str, str]:
        code = 0
        try:
            run(list(arguments))
        except SystemExit as left:
            code = left.code if isinstance(left.code, int) else 1 if left.code else 0
        told = capsys.readouterr()
        return code, told.out, told.err

    return command
