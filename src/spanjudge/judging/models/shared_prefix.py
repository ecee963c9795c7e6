"""Which prompt prefixes are worth a paid place in a provider's cache."""

import time
from collections import OrderedDict
from collections.abc import Callable

LIFE = 300.0
"""Seconds a cached prefix lives after its last use, at the vendor's shorter setting."""

_REMEMBERED = 512


class _Prefix:
    __slots__ = ("seen", "writing", "written")

    def __init__(self, seen: float) -> None:
        self.seen = seen
        self.writing = False
        self.written = False


class SharedPrefixes:
    """Decides per call whether to mark a prefix as cacheable.

    Writing costs a quarter more than plain reading and pays only when somebody reads it, so a prefix is
    marked when it comes back within `life` seconds: the first call with it is plain, the second writes,
    further ones read. While one call writes, others with the same prefix stay plain: they would all miss
    and all pay for the write. Prefixes are remembered by their hash, the last 512 of them.
    """

    def __init__(self, life: float = LIFE, clock: Callable[[], float] = time.monotonic) -> None:
        """`clock` gives seconds."""
        self._life = life
        self._clock = clock
        self._known: OrderedDict[int, _Prefix] = OrderedDict()

    def mark(self, key: int) -> bool:
        """Whether this call marks the prefix; then `finished` must be told."""
        now = self._clock()
        prefix = self._known.get(key)
        if prefix is None or now - prefix.seen > self._life:
            self._known[key] = _Prefix(now)
            self._known.move_to_end(key)
            if len(self._known) > _REMEMBERED:
                self._known.popitem(last=False)
            return False
        prefix.seen = now
        self._known.move_to_end(key)
        if prefix.written:
            return True
        if prefix.writing:
            return False
        prefix.writing = True
        return True

    def finished(self, key: int, *, written: bool) -> None:
        """Note how a marked call ended: `written` when the provider wrote or read the cache."""
        prefix = self._known.get(key)
        if prefix is not None:
            prefix.writing = False
            prefix.written = prefix.written or written
