"""Threads for what blocks: name look-ups, and a user's own functions."""

import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import Context
from typing import Any, ParamSpec, TypeVar

T = TypeVar("T")
P = ParamSpec("P")

Task = tuple["Future[Any]", Callable[[], Any]]


class DaemonThreads(ThreadPoolExecutor):
    """Like its parent, but it still works while the interpreter exits, and never holds the exit up.

    The parent refuses work as soon as the main thread has ended, so that no host name could be looked up for
    the evaluations that are still to be done then; and the exit waits for its threads however long
    they take. These threads are daemons. The first one is started at once, since from some point of the exit
    on no thread can be.
    """

    def __init__(self, variables: Context, *, most: int = 32) -> None:
        """At most `most` threads; each call runs in a copy of these context variables."""
        super().__init__(max_workers=most, thread_name_prefix="spanjudge")
        self._variables = variables
        self._most = most
        self._tasks: queue.SimpleQueue[Task | None] = queue.SimpleQueue()
        self._free = threading.Semaphore(0)
        self._running: list[threading.Thread] = []
        self._start()

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> "Future[T]":
        """Call it in one of the threads."""
        future: Future[T] = Future()
        variables = self._variables.copy()
        self._tasks.put((future, lambda: variables.run(fn, *args, **kwargs)))
        if not self._free.acquire(blocking=False) and len(self._running) < self._most:
            self._start()
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:  # noqa: FBT001, FBT002  the parent's signature
        """Let the threads end when they are done."""
        del cancel_futures
        running = tuple(self._running)
        for _ in running:
            self._tasks.put(None)
        if wait:
            for thread in running:
                thread.join()

    def _start(self) -> None:
        thread = threading.Thread(target=self._live, name="spanjudge-blocking", daemon=True)
        try:
            thread.start()
        except RuntimeError:
            # Too late for a new one; those that run already do the work.
            if not self._running:
                raise
        else:
            self._running.append(thread)

    def _live(self) -> None:
        while (task := self._next()) is not None:
            future, call = task
            if future.set_running_or_notify_cancel():
                try:
                    result = call()
                except BaseException as error:  # noqa: BLE001  whatever it is, who asked is told
                    future.set_exception(error)
                else:
                    future.set_result(result)
            del task, future, call

    def _next(self) -> Task | None:
        try:
            return self._tasks.get_nowait()
        except queue.Empty:
            self._free.release()
            return self._tasks.get()
