"""The end of the interpreter without a shutdown: what waits is still evaluated, within a few seconds."""

import atexit
import contextlib
import threading
import time
from collections.abc import Callable
from typing import Protocol

SECONDS = 5.0
"""So long the exit may be held up."""

_CLEAN_UP_SECONDS = 0.25
"""Of these, what evaluations that are given up have left to end."""

_MOMENT = 0.2
"""When no more passes between the two moments, nothing of the application's lay between."""


class Drained(Protocol):
    """What has work left at the end."""

    def wait_for_all(self, timeout: float | None = None) -> bool:
        """See `EvaluationQueue`."""
        ...

    def shutdown(self, timeout: float = 5.0) -> int:
        """See `EvaluationQueue`."""
        ...


class _InterpreterExit:
    """Two moments of the exit.

    The main thread has ended: everything still works, and for a child of `multiprocessing` it is the only
    moment there is. Other threads of the application may go on, so the queues stay open for them. And
    `atexit`, the last one: before it, the application's threads have been joined; it runs before the
    OpenTelemetry SDK's own handlers, which were registered earlier, so results still find their way out.
    """

    def __init__(self) -> None:
        # The application may have let go of a queue whose work is not done.
        self._queues: dict[int, Drained] = {}
        self._last: Callable[[], object] | None = None
        self._early = False
        self._ready_at = 0.0
        self._left = SECONDS

    def add(self, queue: Drained) -> None:
        self._queues[id(queue)] = queue
        self._register()

    def discard(self, queue: Drained) -> None:
        self._queues.pop(id(queue), None)

    def then(self, last: Callable[[], object]) -> None:
        self._last = last
        self._register()

    def _register(self) -> None:
        register = getattr(threading, "_register_atexit", None)
        if register is not None and not self._early:
            self._early = True
            with contextlib.suppress(RuntimeError):  # that moment is over
                register(self._main_thread_ended)
        # Registered last, it runs first: before the SDK's providers of the same application are shut down.
        atexit.unregister(self._interpreter_ends)
        atexit.register(self._interpreter_ends)

    @property
    def queues(self) -> tuple[Drained, ...]:
        return tuple(self._queues.values())

    def _main_thread_ended(self) -> None:
        began = time.monotonic()
        try:
            wait_until = began - _CLEAN_UP_SECONDS
            slow = [
                queue
                for queue in tuple(self._queues.values())
                if not queue.wait_for_all(self._until(wait_until))
            ]
            if slow and not _others_live():
                self._end(began)
        except KeyboardInterrupt:
            # Whoever presses Ctrl-C now wants the process to be gone.
            self._end(began - SECONDS)
        self._ready_at = time.monotonic()
        self._left = max(0.0, SECONDS - (self._ready_at - began))

    def _interpreter_ends(self) -> None:
        began = time.monotonic()
        if began - self._ready_at < _MOMENT:
            # Both moments are one: what the first one took is gone.
            began -= SECONDS - self._left
        try:
            self._end(began)
        except KeyboardInterrupt:
            self._end(began - SECONDS)
        if self._last is not None:
            self._last()

    def _end(self, began: float) -> None:
        for queue in tuple(self._queues.values()):
            queue.shutdown(self._until(began))

    @staticmethod
    def _until(began: float) -> float:
        return max(0.0, began + SECONDS - time.monotonic())


def _others_live() -> bool:
    """Whether the application has threads that the exit waits for."""
    own = (threading.current_thread(), threading.main_thread())
    return any(not thread.daemon and thread not in own for thread in threading.enumerate())


_exit = _InterpreterExit()


def drain_at_exit(queue: Drained) -> None:
    """Evaluate what a queue has left when the interpreter exits, for `SECONDS` at most, and end it."""
    _exit.add(queue)


def live_queues() -> tuple[Drained, ...]:
    """Every queue that has taken anything in and is still there."""
    return _exit.queues


def leave_to_itself(queue: Drained) -> None:
    """It has ended: nothing is left to be done at the exit."""
    _exit.discard(queue)


def at_exit(last: Callable[[], object]) -> None:
    """Call something, the last one given, when all queues have ended."""
    _exit.then(last)
