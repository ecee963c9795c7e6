"""Moments at which an event loop's thread is in no critical section, so that the process may fork."""

import asyncio
import selectors
import socket
import sys
import threading
from typing import Literal


class Rest:
    """Who holds it knows that a loop's thread waits for something to happen and holds no lock of anyone.

    Locks of the OpenTelemetry SDK, of `logging`, of the application: a fork while another thread holds one
    gives the child a lock that nobody there ever opens. All that runs on a loop runs between two waits of
    its selector; so the selector tells when it waits.
    """

    def __init__(self) -> None:
        """Nobody works and nobody waits."""
        self._working = threading.RLock()
        # Without the gate a busy loop would take the lock back before a waiting thread wakes up.
        self._gate = threading.Lock()

    def hold(self, timeout: float) -> bool:
        """Keep the loop from going on, as soon as it waits; false when it did not within `timeout`."""
        if not self._gate.acquire(timeout=timeout):
            return False
        if self._working.acquire(timeout=timeout):
            return True
        self._gate.release()
        return False

    def let_go(self) -> None:
        """Let the loop go on; by the thread that held it."""
        self._working.release()
        self._gate.release()

    def work_begins(self) -> None:
        """The loop's thread goes on, once it may."""
        self._working.acquire()

    def work_ends(self) -> None:
        """The loop's thread is about to wait."""
        self._working.release()
        self._gate.acquire()
        self._gate.release()


Locked = Literal["import", "lookup"]


def locked() -> Locked | None:
    """What locks, that nobody can see, another thread of ours holds right now.

    The lock of a module that is being imported, or the C library's while it looks up a name, stays locked in
    a forked child, for the whole application.
    """
    ours = {thread.ident for thread in threading.enumerate() if thread.name.startswith("spanjudge")}
    ours.discard(threading.get_ident())
    found: Locked | None = None
    frames = sys._current_frames()  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]  documented, and the only way to see it
    for ident, frame in frames.items():
        above = frame if ident in ours else None
        while above is not None:
            if above.f_code.co_filename.startswith("<frozen importlib"):
                return "import"
            if above.f_code is getattr(socket.getaddrinfo, "__code__", None):
                found = "lookup"
            above = above.f_back
    return found


class RestingLoop(asyncio.SelectorEventLoop):
    """Lets the process fork exactly while it waits for something to happen."""

    def __init__(self, rest: Rest) -> None:
        """`rest.work_begins` must have been called by the loop's thread before it runs the loop."""
        self._left_behind = False
        self._resting = _RestingSelector(rest)
        super().__init__(self._resting)

    def leave_behind(self) -> None:
        """In a forked child: let go of the parent's loop without a change to what the parent waits for.

        The kernel's list of what a loop waits for belongs to both processes, as do the connections. Whatever
        closes one of them here, a finalizer at the exit say, would take it from the parent's
        list, or end the parent's TLS session. A loop that is closed is left alone.
        """
        self.abandon()
        self._resting.close()

    def abandon(self) -> None:
        """Leave a loop that died as it is.

        Files may have been closed under it, and their numbers be those of other files by now, which closing
        it would close.
        """
        self._left_behind = True

    def is_closed(self) -> bool:
        """Whether it is of no use: closed, dead, or a parent process's."""
        return self._left_behind or super().is_closed()


class _RestingSelector(selectors.DefaultSelector):
    def __init__(self, rest: Rest) -> None:
        super().__init__()
        self._rest = rest

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        self._rest.work_ends()
        try:
            return super().select(timeout)
        finally:
            self._rest.work_begins()
