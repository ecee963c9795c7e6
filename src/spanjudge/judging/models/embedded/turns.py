"""Whose turn it is at the embedded model: one question at a time, those on one subject after each other."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

_MOST_IN_A_ROW = 16


class Turns:
    """A queue of one place that prefers the subject whose prompt is already read.

    The model keeps the read part of the last prompt, so a question on the same subject is answered in a
    fraction of the time. After 16 in a row the longest-waiting question is next, whatever its subject.
    """

    def __init__(self) -> None:
        """Nobody waits."""
        self._waiting: list[tuple[str, asyncio.Future[None]]] = []
        self._taken = False
        self._last = ""
        self._in_a_row = 0

    @asynccontextmanager
    async def take(self, subject: str) -> AsyncGenerator[None]:
        """Wait for the turn and hold it; a cancelled wait leaves the queue."""
        if self._taken:
            turn = asyncio.get_running_loop().create_future()
            entry = (subject, turn)
            self._waiting.append(entry)
            try:
                await turn
            except asyncio.CancelledError:
                if entry in self._waiting:
                    self._waiting.remove(entry)
                else:
                    self._give()
                raise
        self._taken = True
        self._in_a_row = self._in_a_row + 1 if subject == self._last else 1
        self._last = subject
        try:
            yield
        finally:
            self._give()

    def _give(self) -> None:
        # A wait that was cancelled a moment ago may still stand in the queue.
        waiting = [entry for entry in self._waiting if not entry[1].done()]
        self._taken = bool(waiting)
        if not waiting:
            return
        chosen = waiting[0]
        if self._in_a_row < _MOST_IN_A_ROW:
            chosen = next((entry for entry in waiting if entry[0] == self._last), chosen)
        self._waiting.remove(chosen)
        chosen[1].set_result(None)
