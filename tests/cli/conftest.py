"""Fixtures of the command line's tests."""

from pathlib import Path

import pytest

from tests.cli.in_process import Command, prepare


@pytest.fixture
def spanjudge(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    return prepare(tmp_path, monkeypatch, capsys)
