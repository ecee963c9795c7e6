"""The pytest plugin: one fixture. Nothing else is imported until a test asks for it."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from spanjudge.testing import RecordedEvaluations


@pytest.fixture
def spanjudge_evaluations() -> "Iterator[RecordedEvaluations]":
    """What Spanjudge evaluates during the test, with assertions: see `spanjudge.testing`."""
    from spanjudge.testing import RecordedEvaluations  # noqa: PLC0415  costs nothing where it is not used

    with RecordedEvaluations() as recorded:
        yield recorded
