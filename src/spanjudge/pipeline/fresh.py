"""Spans that were read when they came in, kept for who judges them a moment later."""

import threading
from collections import OrderedDict
from itertools import islice

import msgspec

from spanjudge.pipeline.subjects import Shown

_SECOND = 1_000_000_000
_AT_ONCE = 8
"""So many that are too old go for each that comes: nobody waits for thousands."""


class _Kept(msgspec.Struct, frozen=True):
    shown: Shown
    since_ns: int
    size: int


class FreshSpans:
    """What receiving understood of spans with jobs, until their judging takes it over or it is too old.

    A span is found again by the very bytes that it was read from, so that nothing here can be out of date;
    what log events add is not in those bytes, and whoever has some must read anew. At most `most_bytes` of
    encoded spans are kept, for `most_seconds`: those that came first, for they are judged first.
    Safe to use from several threads.
    """

    def __init__(self, *, most_bytes: int = 16 * 1024 * 1024, most_seconds: float = 60.0) -> None:
        """See the class; a span read takes about five times the memory of its bytes."""
        self._most_bytes = most_bytes
        self._most_ns = int(most_seconds * _SECOND)
        # Whose first one is found at once, however many before it are gone.
        self._kept: OrderedDict[tuple[bytes, bytes], _Kept] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()

    def __len__(self) -> int:
        """How many spans are kept."""
        return len(self._kept)

    def keep(self, blob: bytes, envelope: bytes, shown: Shown, *, now_ns: int) -> None:
        """Keep a span that was read without log events, if there is room."""
        size, before = len(blob), now_ns - self._most_ns
        with self._lock:
            # Some are never asked for: they came twice, or their jobs are skipped.
            for old in [key for key, kept in islice(self._kept.items(), _AT_ONCE) if kept.since_ns <= before]:
                self._bytes -= self._kept.pop(old).size
            if self._bytes + size <= self._most_bytes and (blob, envelope) not in self._kept:
                self._kept[blob, envelope] = _Kept(shown, now_ns, size)
                self._bytes += size

    def take(self, blob: bytes, envelope: bytes) -> Shown | None:
        """The span that was read from these bytes; it is not kept any longer."""
        with self._lock:
            found = self._kept.pop((blob, envelope), None)
            if found is None:
                return None
            self._bytes -= found.size
            return found.shown
