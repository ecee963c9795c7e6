"""So many at once, so many more may wait: for requests that take time or money."""

import asyncio
from types import TracebackType

from spanjudge.server.rest.problems.problem import ApiProblem

_RETRY_SECONDS = 2.0


class Places:
    """`async with places:` waits for a place. Raises `ApiProblem` 429 when too many wait already."""

    def __init__(self, at_once: int, most_waiting: int, noun: str) -> None:
        """`noun` says in the plural what there is too much of."""
        self._free = asyncio.Semaphore(at_once)
        self._most_waiting = most_waiting
        self._waiting = 0
        self._noun = noun

    async def __aenter__(self) -> None:
        """Take a place."""
        if self._free.locked() and self._waiting >= self._most_waiting:
            raise ApiProblem(
                429,
                f"{self._waiting} {self._noun} wait for their turn already: try again in a moment.",
                retry_after=_RETRY_SECONDS,
            )
        self._waiting += 1
        try:
            await self._free.acquire()
        finally:
            self._waiting -= 1

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Give it back."""
        self._free.release()
