"""Pins are versions and hashes: where a package comes from is the machine's own affair."""

import json
from pathlib import Path

import pytest

PROJECT = Path(__file__).parent.parent
FILES = [PROJECT / "ui" / "package-lock.json", *sorted((PROJECT / "requirements").glob("*.txt"))]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_no_address_is_written_down(file: Path) -> None:
    lines = file.read_text(encoding="utf-8").splitlines()
    assert not [line for line in lines if "://" in line], "take out `resolved` and `funding`"


def test_every_package_of_the_page_has_its_hash() -> None:
    packages = json.loads(FILES[0].read_text(encoding="utf-8"))["packages"]
    assert not [name for name, one in packages.items() if name and "integrity" not in one]
