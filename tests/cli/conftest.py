"""Fixtures of the command line's tests."""

from pathlib import Path

import pytest

from tests.cli.in_process import Command, prepare
from tests.logging_state import logging_as_it_was

__all__ = ["logging_as_it_was", "spanjudge"]


@pytest.fixture
def spanjudge(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    return prepare(tmp_path, monkeypatch, capsys)
