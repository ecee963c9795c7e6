"""The stores on which the contract is tested: each test runs on every kind of database."""

from collections.abc import AsyncIterator

import pytest

from spanjudge.pipeline.ports import Store
from spanjudge.store.store import open_store


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[Store]:
    """A store on it."""
    opened = await open_store(database_url)
    yield opened
    await opened.aclose()
