"""A running server for the tests of this folder."""

from collections.abc import AsyncIterator

import pytest

from tests.server.running import Running, running


@pytest.fixture
async def server() -> AsyncIterator[Running]:
    async with running() as server:
        yield server
