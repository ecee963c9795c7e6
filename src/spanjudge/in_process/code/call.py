"""One call of a user's function: bounded in time, away from the loop when it blocks, and never raising."""

import asyncio
import inspect
import os
from collections.abc import Awaitable, Callable, Mapping, Sequence

import msgspec

from spanjudge.in_process.background.own_context import own_variables
from spanjudge.in_process.background.threads import DaemonThreads

Function = Callable[..., object]

_threads: tuple[int, DaemonThreads] | None = None


class Raised(msgspec.Struct, frozen=True):
    """An exception as a value, by its type's name.

    Some of them would end the event loop, others cannot pass a future at all.
    """

    type: str


class Late(msgspec.Struct, frozen=True):
    """The time was up; `begun`: the function ran, and did not only wait for a thread."""

    begun: bool


class Call:
    """A function and its arguments, to be called once."""

    def __init__(
        self, function: Function, positional: Sequence[object], keywords: Mapping[str, object]
    ) -> None:
        """Calls nothing yet."""
        self._function = function
        self._positional = positional
        self._keywords = keywords
        self._begun = False

    async def returned(self, seconds: float) -> object:
        """What it returned, or a `Raised`, or a `Late` after so many seconds.

        Nobody waits longer, even if the function does not let itself be cancelled.
        """
        task = asyncio.ensure_future(self._result())
        try:
            done, _ = await asyncio.wait({task}, timeout=seconds)
        except asyncio.CancelledError:
            task.cancel()
            raise
        if done:
            return task.result()
        task.add_done_callback(_forget)
        task.cancel()
        return Late(self._begun)

    async def _result(self) -> object:
        if is_async(self._function):
            returned = self._do()
        else:
            returned = await asyncio.get_running_loop().run_in_executor(_code_threads(), self._do)
        # An ordinary function may hand back the coroutine of another one.
        return await _awaited(returned) if inspect.isawaitable(returned) else returned

    def _do(self) -> object:
        self._begun = True
        try:
            return self._function(*self._positional, **self._keywords)
        except BaseException as error:  # noqa: BLE001  a user's function may raise anything, and it is a failure
            return Raised(type(error).__qualname__)


def is_async(function: Function) -> bool:
    """Whether a function, or an object that can be called, is `async`."""
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(
        getattr(function, "__call__", None)  # noqa: B004  asked for what it is, not whether it is there
    )


async def _awaited(coroutine: Awaitable[object]) -> object:
    try:
        return await coroutine
    except asyncio.CancelledError as error:
        task = asyncio.current_task()
        if task is not None and task.cancelling():
            raise
        return Raised(type(error).__qualname__)
    except BaseException as error:  # noqa: BLE001  as above
        return Raised(type(error).__qualname__)


def _code_threads() -> DaemonThreads:
    """Threads for users' functions only: should all of them hang, the judge's names are still looked up."""
    global _threads  # noqa: PLW0603  one pool for the process is the point
    # Threads do not survive a fork.
    if _threads is None or _threads[0] != os.getpid():
        _threads = os.getpid(), DaemonThreads(own_variables())
    return _threads[1]


def _forget(task: "asyncio.Task[object]") -> None:
    """Look at how it ended, or the loop would complain that nobody did."""
    if not task.cancelled():
        task.exception()
