"""Keeps results in memory: for tests, and for commands that print at the end."""

from collections.abc import Sequence

from spanjudge.pipeline.ports import ExportError
from spanjudge.telemetry.evaluated import Evaluated


class InMemoryExporter:
    """Results in the order they came; the same result again takes the place of the first."""

    def __init__(self, name: str = "in_memory") -> None:
        """`name` is its name among the destinations."""
        self.name = name
        self._results: dict[str, Evaluated] = {}
        self._closed = False

    @property
    def results(self) -> tuple[Evaluated, ...]:
        """Everything so far, every result once."""
        return tuple(self._results.values())

    async def export(self, batch: Sequence[Evaluated]) -> None:
        """Keep a batch. Raises `ExportError` after `aclose`."""
        if self._closed:
            raise ExportError(f"{self.name}: closed already", retryable=False)
        for evaluated in batch:
            self._results[evaluated.id] = evaluated

    def clear(self) -> None:
        """Forget everything."""
        self._results.clear()

    async def aclose(self) -> None:
        """Take nothing more. What is there can still be read."""
        self._closed = True
