"""What a store asks its database."""

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Engine, event


@pytest.fixture
def statements() -> Iterator[dict[str, Any]]:
    """Every statement that is run, with its last parameters."""
    seen: dict[str, Any] = {}

    def run(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        seen[statement] = parameters

    event.listen(Engine, "before_cursor_execute", run)
    yield seen
    event.remove(Engine, "before_cursor_execute", run)
