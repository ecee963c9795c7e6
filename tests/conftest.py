"""Fixtures every folder of tests shares."""

from collections.abc import AsyncIterator

import pytest

from tests.mock_judge import MockJudge


@pytest.fixture
async def mock_judge() -> AsyncIterator[MockJudge]:
    async with MockJudge() as judge:
        yield judge
