"""When a judge model does not answer at all, stop asking for a while and say since when."""

import time
from collections.abc import Callable
from datetime import UTC, datetime

from spanjudge.judging.models.model import JudgeModelError

FIRST_PAUSE = 5.0
LONGEST_PAUSE = 60.0


class CircuitBreaker:
    """Opens after `failures` attempts in a row that got no answer; then one probe a pause is let through.

    A pause lasts `first_pause` seconds and doubles with every failed probe up to `longest_pause`; it is
    longer when the provider asked for more. Any answer closes the breaker, a refusal (4xx) as well:
    somebody was there to give it. With `failures=0` it never opens. One that does not turn away lets every
    attempt through, and only tells by `wait` that none should be made without need.
    """

    def __init__(
        self,
        failures: int = 5,
        *,
        turns_away: bool = True,
        first_pause: float = FIRST_PAUSE,
        longest_pause: float = LONGEST_PAUSE,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Closed at first; `clock` gives seconds."""
        self._clock = clock
        self._turns_away = turns_away
        self._limit = failures
        self._first_pause = first_pause
        self._longest_pause = longest_pause
        self._failures = 0
        self._since: datetime | None = None
        self._last = ""
        self._pause = 0.0
        self._next_try = 0.0
        self._probing = False

    @property
    def is_open(self) -> bool:
        """Whether the judge counts as being away."""
        return self._pause > 0

    @property
    def unavailable_since(self) -> datetime | None:
        """When the first of the failures in a row was; `None` while the breaker is closed."""
        return self._since if self._pause else None

    @property
    def wait(self) -> float:
        """Seconds until the next probe; 0 also while one is under way."""
        return max(0.0, self._next_try - self._clock()) if self._pause else 0.0

    def check(self) -> None:
        """Raise `judge_unavailable` when an attempt would be turned away."""
        if not self._pause or not self._turns_away:
            return
        wait = self.wait
        if self._probing or wait > 0:
            raise JudgeModelError(
                "judge_unavailable",
                f"judge unavailable since {self._since:%H:%M:%S}Z: last error: {self._last}; "
                f"next try {'is under way' if self._probing else f'in {wait:.0f} s'}",
                retryable=True,
                retry_after=wait or None,
            )

    def admit(self) -> bool:
        """Let an attempt through and tell whether it is the probe; raise as `check` does."""
        self.check()
        self._probing = self._pause > 0
        return self._probing

    def answered(self) -> None:
        """Note that an attempt got an answer, good or bad."""
        if self._failures:
            self._failures = 0
            self._pause = 0.0
            self._probing = False
            self._since = None

    def failed(self, error: JudgeModelError, *, probe: bool) -> bool:
        """Note that an attempt got none; whether that opened it."""
        self._failures += 1
        self._since = self._since or datetime.now(UTC)
        self._last = error.message
        if probe:
            self._probing = False
            if self.wait > 0:
                return False  # let through all the same
            self._pause = min(self._pause * 2, self._longest_pause)
        elif self._failures == self._limit:
            self._pause = self._first_pause
        else:
            return False  # not enough yet, or a late attempt from before it opened
        self._next_try = self._clock() + max(self._pause, error.retry_after or 0.0)
        return not probe

    def gave_up(self, *, probe: bool) -> None:
        """Note that an attempt ended without a word about the judge: it was cancelled."""
        if probe:
            self._probing = False
