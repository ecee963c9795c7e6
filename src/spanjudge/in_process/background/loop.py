"""One event loop in one background thread, for everything this door does."""

import asyncio
import contextlib
import itertools
import logging
import os
import sys
import threading
import time
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from typing import Any, TypeVar

from spanjudge.in_process.background.interpreter_exit import at_exit
from spanjudge.in_process.background.own_context import is_own_context, own_variables
from spanjudge.in_process.background.rest import Rest, RestingLoop, locked
from spanjudge.in_process.background.threads import DaemonThreads

__all__ = ["Background", "LoopEndedError", "background", "is_own_context", "this_process"]

T = TypeVar("T")


class LoopEndedError(RuntimeError):
    """The loop has died, cannot be started, or the interpreter exits: nothing can be evaluated on it."""


_log = logging.getLogger(__name__)

FORK_WAIT_SECONDS = 1.0
"""A fork waits this long at most for the loop to come to rest, and for a name that is looked up."""

IMPORT_WAIT_SECONDS = 10.0
"""And this long for an import of ours: it has an end, and otherwise the child could never import the same."""

_LOOK_SECONDS = 0.005
_CLOSE_SECONDS = 0.25

_generations = itertools.count(1)


class Background:
    """A thread with an event loop. Nothing the application does in its own threads waits for it.

    `generation` tells one from the next: after a fork, or when a loop died, there is a new one, and what
    belongs to a loop (connections, locks) has to be made anew. Everything runs in context variables of
    its own (`own_context.py`), never in the caller's.

    The loop is always asyncio's own, whatever loop the application uses: uvloop cannot be left alone in a
    forked child, where giving back its memory takes the parent's connections out of the parent's loop.
    """

    def __init__(self) -> None:
        """Start it. Raises `LoopEndedError` where no thread can be started, `OSError` without files left."""
        self.generation = next(_generations)
        self.ended = False
        self._variables = own_variables()
        self.rest = Rest()
        self.loop = _new_loop(self.rest)
        self.loop.set_exception_handler(_tell)
        self._asked: set[Future[Any]] = set()
        self._thread = threading.Thread(target=self._live, name="spanjudge", daemon=True)
        try:
            threads = DaemonThreads(self._variables)
            self.loop.set_default_executor(threads)
            self._thread.start()
        except RuntimeError as error:
            self.loop.close()
            raise LoopEndedError(f"no thread can be started for evaluations: {error}") from error

    def run(self, work: Coroutine[Any, Any, T], timeout: float | None = None) -> T:
        """Do work there and wait for it, from any other thread.

        Raises what it raises, `TimeoutError` after `timeout` seconds (the work is cancelled then), and
        `RuntimeError` on the loop's own thread, which would wait for itself.
        """
        if self._thread.ident == threading.get_ident():
            work.close()
            raise RuntimeError(
                "this runs on spanjudge's own event loop and cannot wait for it: await it instead"
            )
        future = self._submit(work)
        try:
            return future.result(timeout)
        finally:
            # Nobody waits any more, for lack of time or because of Ctrl-C.
            future.cancel()

    async def wait(self, work: Coroutine[Any, Any, T]) -> T:
        """Do work there and await it, from any asyncio loop; from this very one it is simply awaited.

        Without an asyncio loop (trio) use `run` in a thread: `trio.to_thread.run_sync`.
        """
        try:
            here = asyncio.get_running_loop()
        except RuntimeError:
            work.close()
            raise
        if here is self.loop:
            return await work
        return await asyncio.wrap_future(self._submit(work))

    def soon(self, callback: Callable[..., object], *arguments: object) -> None:
        """Call something there as soon as possible; safe from any thread, and never blocks.

        Raises `LoopEndedError` when the loop has ended.
        """
        if self.ended or sys.is_finalizing():
            raise LoopEndedError("spanjudge's event loop has ended: nothing can be evaluated on it any more")
        self.loop.call_soon_threadsafe(callback, *arguments, context=self._variables)

    def task(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Begin work on the loop; to be called there."""
        return self.loop.create_task(work, context=self._variables.copy())

    def _submit(self, work: Coroutine[Any, Any, T]) -> "Future[T]":
        future: Future[T] = Future()
        self._asked.add(future)
        future.add_done_callback(self._asked.discard)
        try:
            self.soon(self._begin, work, future)
        except RuntimeError:
            work.close()
            self._asked.discard(future)
            raise
        return future

    def _begin(self, work: Coroutine[Any, Any, T], future: "Future[T]") -> None:
        if future.cancelled():
            work.close()
            return
        task = self.task(work)
        task.add_done_callback(lambda done: _hand_over(done, future))
        future.add_done_callback(lambda asked: self._cancel(task) if asked.cancelled() else None)

    def _cancel(self, task: asyncio.Task[Any]) -> None:
        with contextlib.suppress(RuntimeError):  # the loop has died, and the task with it
            self.soon(task.cancel)

    def _live(self) -> None:
        self.rest.work_begins()
        try:
            while True:
                try:
                    self.loop.run_forever()
                except (SystemExit, KeyboardInterrupt) as error:
                    # A user's function that wants to leave has its own thread to leave, not this one.
                    _log.warning("%s was raised in the background and is ignored", type(error).__name__)
        except BaseException as error:  # noqa: BLE001  a thread's end is told, not printed with its stack
            _log.error("the background loop has ended (%s); a new one is started", type(error).__name__)
        finally:
            self.ended = True
            self.rest.work_ends()
            if isinstance(self.loop, RestingLoop):
                self.loop.abandon()
            _left_behind.append(self)
            for future in tuple(self._asked):
                if future.set_running_or_notify_cancel():
                    future.set_exception(LoopEndedError("spanjudge's event loop has ended"))


def _new_loop(rest: Rest) -> asyncio.AbstractEventLoop:
    if sys.platform == "win32":
        # There is no fork, and its selectors wait for 512 connections at most.
        return asyncio.ProactorEventLoop()
    return RestingLoop(rest)


def _hand_over(done: "asyncio.Task[T]", future: "Future[T]") -> None:
    if done.cancelled():
        future.cancel()
    error = None if done.cancelled() else done.exception()
    if not future.set_running_or_notify_cancel():
        return
    if error is not None:
        future.set_exception(error)
    else:
        future.set_result(done.result())


def _tell(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """What asyncio would log as an error of its own: where it came from, and without anyone's content."""
    if loop.is_closed():
        return
    if sys.is_finalizing():
        return  # everything is taken down, in any order: a connection still open is no trouble then
    error = context.get("exception")
    kind = f" ({type(error).__name__})" if error is not None else ""
    _log.warning("in the background: %s%s", context.get("message", "trouble"), kind)


_process = (os.getpid(), 0)
_current: Background | None = None
_starting = threading.RLock()
_left_behind: list[Background] = []
"""Dead ones, and those of parent processes: kept so that no finalizer runs for what hangs on them."""

_holding = threading.local()


def this_process() -> tuple[int, int]:
    """What tells this process from those it was forked from, whoever's process ids come round again."""
    if _process[0] != os.getpid():
        # A server written in C forked and told nobody.
        _after_in_child()
    return _process


def background() -> Background:
    """The one of this process, started at first use. Raises what `Background` does."""
    global _current  # noqa: PLW0603  one for the process is the point
    this_process()
    current = _current
    if current is not None and not current.ended:
        return current
    with _starting:
        if _current is None or _current.ended:
            made = Background()
            at_exit(_close_connections)
            # A signal or a finalizer may have asked for one in between, in this very thread.
            if _current is None or _current.ended:
                _current = made
        return _current


def _close_connections() -> None:
    """What is left open would be complained about when the interpreter takes it apart."""
    current = _current
    if current is None or current.ended or "spanjudge.judging.models.wire" not in sys.modules:
        return
    from spanjudge.judging.models.wire import close_session  # noqa: PLC0415  loads an HTTP client if it comes first

    with contextlib.suppress(OSError, RuntimeError):  # the loop stands still
        current.run(close_session(), _CLOSE_SECONDS)


def _before_fork() -> None:
    current = _current
    _holding.rest = None
    if current is None or current.ended:
        return
    began = time.monotonic()
    if current.rest.hold(FORK_WAIT_SECONDS):
        _holding.rest = current.rest
    while (what := locked()) is not None:
        patience = IMPORT_WAIT_SECONDS if what == "import" else FORK_WAIT_SECONDS
        if time.monotonic() - began >= patience:
            return
        time.sleep(_LOOK_SECONDS)


def _after_in_parent() -> None:
    rest: Rest | None = getattr(_holding, "rest", None)
    if rest is not None:
        _holding.rest = None
        rest.let_go()


def _after_in_child() -> None:
    global _process, _current, _starting  # noqa: PLW0603  another process, another one
    _process = (os.getpid(), _process[1] + 1)
    if _current is not None:
        _left_behind.append(_current)
        if isinstance(_current.loop, RestingLoop):
            _current.loop.leave_behind()
    _current = None
    _starting = threading.RLock()
    _holding.rest = None


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before_fork, after_in_parent=_after_in_parent, after_in_child=_after_in_child)
