"""Logging is one for the process: what a test changes of it is put back."""

import logging
from collections.abc import Iterator

import pytest

from spanjudge import logs


@pytest.fixture(autouse=True)
def logging_as_it_was() -> Iterator[None]:
    """After each test of the module or folder that imports it."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    names = ("spanjudge", logs.CONTENT, "uvicorn", "uvicorn.error", "uvicorn.access")
    levels = {name: logging.getLogger(name).level for name in names}
    yield
    logging.captureWarnings(capture=False)
    root.handlers[:] = handlers
    root.setLevel(level)
    for name, before in levels.items():
        logging.getLogger(name).setLevel(before)
