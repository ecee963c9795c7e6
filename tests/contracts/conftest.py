"""The stores on which the contract is tested: each test runs on every one of them."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from spanjudge.pipeline.ports import Store
from spanjudge.store.store import open_store


@pytest.fixture
def database_url(tmp_path: Path) -> str:
    """An empty database."""
    return f"sqlite:///{tmp_path / 'store.db'}"


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[Store]:
    """A store on it."""
    opened = await open_store(database_url)
    yield opened
    await opened.aclose()
