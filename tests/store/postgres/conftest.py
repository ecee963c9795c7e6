"""Several stores on one PostgreSQL, as several processes have them."""

from collections.abc import AsyncIterator

import pytest

from spanjudge.pipeline.ports import Store
from spanjudge.store.store import open_store


@pytest.fixture
async def stores(postgres_url: str) -> AsyncIterator[list[Store]]:
    """Four of them."""
    opened = [await open_store(postgres_url) for _ in range(4)]
    yield opened
    for one in opened:
        await one.aclose()
