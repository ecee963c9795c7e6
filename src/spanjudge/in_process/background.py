"""One event loop in one background thread, for everything this door does."""

import asyncio
import os
import threading
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class Background:
    """A thread with an event loop. Nothing the application does in its own threads waits for it.

    `generation` tells one from the next: after a fork there is a new one, and what belongs to a loop
    (connections, locks) has to be made anew.
    """

    def __init__(self) -> None:
        """Start it."""
        self.generation = os.getpid()
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, name="spanjudge", daemon=True)
        self._thread.start()

    def run(self, work: Coroutine[Any, Any, T], timeout: float | None = None) -> T:
        """Do work there and wait for it, from any other thread. Raises what it raises, and `TimeoutError`."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(timeout)

    async def wait(self, work: Coroutine[Any, Any, T]) -> T:
        """Do work there and await it, from any loop; from this very one it is simply awaited."""
        if asyncio.get_running_loop() is self.loop:
            return await work
        waiting: Awaitable[T] = asyncio.wrap_future(asyncio.run_coroutine_threadsafe(work, self.loop))
        return await waiting

    def soon(self, callback: Callable[..., object], *arguments: object) -> None:
        """Call something there as soon as possible; safe from any thread, and never blocks."""
        self.loop.call_soon_threadsafe(callback, *arguments)


_current: Background | None = None


def background() -> Background:
    """The one of this process, started at first use."""
    global _current  # noqa: PLW0603  one for the process is the point
    if _current is None:
        _current = Background()
    return _current
