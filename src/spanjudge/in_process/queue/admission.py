"""Which invocations are let in, before any of them waits: sampling, then a rate."""

import math
import random
import threading
import time
from collections.abc import Callable
from typing import Literal

from spanjudge.errors import SettingsError
from spanjudge.evaluators.sampling import sampled

Refusal = Literal["sampled_out", "rate_limited"]

_ROUNDING = 1e-9
"""In tokens: what the clock's arithmetic may lack of a whole one."""


class Admission:
    """Sampling by trace id, and a token bucket that lets in what its numbers say and not one more.

    `sample_rate`: the part of traces that is evaluated, 0 to 1; the same traces in every process and by
    every door. An invocation that belongs to no trace is drawn by lot. `rps`: so many a second in the long
    run, 0 for no limit; `burst`: so many at once after a pause. The rate is of this process: a forked
    one has its own. Raises `SettingsError` for numbers that cannot be meant.
    """

    def __init__(
        self,
        sample_rate: float = 1.0,
        rps: float = 0.0,
        burst: int = 4,
        *,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        """`now` gives seconds that never go back."""
        if not 0 <= sample_rate <= 1:
            raise SettingsError(f"sample_rate={sample_rate} is no part of all traces: give 0 to 1")
        if not 0 <= rps < math.inf:
            raise SettingsError(f"rps={rps} is no rate: give invocations a second, or 0 for no limit")
        if burst < 1:
            raise SettingsError(f"burst={burst} would let nothing in: give 1 or more")
        self._percent = sample_rate * 100
        self._rate = rps
        self._burst = burst
        self._now = now
        self._start()

    def admits(self, trace_id: str) -> Refusal | None:
        """Why this invocation is not let in; `None` when it is. Safe from any thread."""
        if self._percent < 100 and not self._sampled(trace_id):  # noqa: PLR2004  all of them
            return "sampled_out"
        if self._rate and not self._token():
            return "rate_limited"
        return None

    def renew(self) -> None:
        """Begin anew in a forked process, where another thread's lock stays locked for ever."""
        self._start()

    def _start(self) -> None:
        # Reentrant: a signal or a finalizer may end a span in the middle of another one's end.
        self._lock = threading.RLock()
        self._full_at = self._now()
        self._taken = 0

    def _sampled(self, trace_id: str) -> bool:
        if not trace_id:
            return random.random() * 100 < self._percent  # noqa: S311  a lot, no secret
        return sampled(trace_id, self._percent)

    def _token(self) -> bool:
        """Take a token, if there is one.

        Tokens are counted from the last moment at which the bucket was full, in whole numbers: adding up
        small refills would add up their rounding too.
        """
        now = self._now()
        with self._lock:
            refilled = (now - self._full_at) * self._rate
            if refilled >= self._taken:
                self._full_at, self._taken, refilled = now, 0, 0.0
            if self._taken + 1 > self._burst + refilled + _ROUNDING:
                return False
            self._taken += 1
            return True
