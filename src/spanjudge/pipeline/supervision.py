"""Tasks that must not end: what they raise is logged, and they are started again."""

import asyncio
import contextlib
import logging
import traceback
from collections.abc import Callable, Coroutine

_log = logging.getLogger("spanjudge.pipeline")

FIRST_PAUSE = 0.5
LONGEST_PAUSE = 30.0


async def supervised(name: str, work: Callable[[], Coroutine[None, None, None]]) -> None:
    """Run `work` until it returns; when it raises, log where and run it again after a growing pause."""
    pause = FIRST_PAUSE
    loop = asyncio.get_running_loop()
    while True:
        began = loop.time()
        try:
            await work()
        except Exception as error:  # noqa: BLE001 - whatever it is, the work has to go on
            if loop.time() - began > LONGEST_PAUSE:
                pause = FIRST_PAUSE
            log_fault(f"{name} failed and is started again", error)
            await asyncio.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE)
        else:
            return


def log_fault(what: str, error: BaseException, **facts: object) -> None:
    """Log the kind of an error and its place, not its message: that may hold what users wrote."""
    place = "".join(traceback.format_tb(error.__traceback__)[-6:])
    _log.error("%s: %s\n%s", what, type(error).__name__, place, extra=facts)


async def ended(task: "asyncio.Task[None]") -> None:
    """Cancel a task and wait until it is over."""
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


async def woken(event: asyncio.Event, seconds: float) -> None:
    """Wait for the event, at most so long, and clear it."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()
    event.clear()
