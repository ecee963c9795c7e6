"""From the thread that reads one database to the thread that writes another."""

import queue
import threading
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from spanjudge.pipeline.ports import StoreError

_PORTIONS = 4
_LOOK_SECONDS = 0.2


class Portion(NamedTuple):
    """Rows of a table, as tuples of its columns."""

    table: str
    rows: list[tuple[Any, ...]]


class BrokenOffError(StoreError):
    """The other end of the pipe is gone."""

    def __init__(self) -> None:
        """In words."""
        super().__init__("the copy was broken off: nothing is stored")


class Pipe:
    """Holds a few portions. When one end fails, the other is told instead of waiting for ever."""

    def __init__(self) -> None:
        """Empty and whole."""
        self._portions: queue.Queue[Portion | None] = queue.Queue(_PORTIONS)
        self._broken = threading.Event()
        self._begun = False

    def break_off(self) -> None:
        """Nothing comes any more, or nothing is taken any more."""
        self._broken.set()

    @contextmanager
    def end(self) -> Generator[None]:
        """One end at work: when it fails, the other is told."""
        try:
            yield
        except BaseException:
            self.break_off()
            raise

    def put(self, portion: Portion | None) -> None:
        """Hand a portion over; nothing is the end. Raises `StoreError` when nobody takes it."""
        while not self._broken.is_set():
            try:
                self._portions.put(portion, timeout=_LOOK_SECONDS)
            except queue.Full:
                continue
            return
        raise BrokenOffError

    def portions(self) -> Iterator[Portion]:
        """What comes, to its end. Raises `StoreError` when it breaks off, or is to begin a second time."""
        if self._begun:
            # A database may want a transaction done again: what came before is gone.
            raise StoreError("the connection was lost while copying: nothing is stored; try again")
        self._begun = True
        while True:
            try:
                portion = self._portions.get(timeout=_LOOK_SECONDS)
            except queue.Empty:
                if self._broken.is_set():
                    raise BrokenOffError from None
                continue
            if portion is None:
                return
            yield portion
