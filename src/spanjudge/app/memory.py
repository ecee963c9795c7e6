"""Memory of a process that lives for months."""

import contextlib
import ctypes
import gc
import os

_M_ARENA_MAX = -8
_ARENAS = 2


def share_arenas() -> None:
    """Let all threads take memory from the same two arenas; to be called before there are any.

    The C library of Linux (glibc) gives each thread one of its own, and what a transaction needed at its
    largest stays in the arena of whichever of the store's threads did it. See mallopt(3), M_ARENA_MAX. Who
    sets MALLOC_ARENA_MAX goes first.
    """
    if "MALLOC_ARENA_MAX" in os.environ:
        return
    # Another C library has its own ways.
    with contextlib.suppress(OSError, AttributeError, TypeError):
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, _ARENAS)


def collect_less_often() -> None:
    """Spare the garbage collector what lives as long as the process.

    A request makes thousands of objects and next to no cycles: at Python's own threshold a sixth of a
    server's time goes into looking for them.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
