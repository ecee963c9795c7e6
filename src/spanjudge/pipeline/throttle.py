"""How much of a judge model's work is taken on while the judge is in trouble."""

import math
import random
from collections.abc import Callable

_TROUBLED = 3
"""Groups in a row that the provider failed before the judge counts as being in trouble."""

_FIRST_PAUSE = 1.0
_LONGEST_PAUSE = 60.0


class Throttle:
    """Full speed until a judge model fails several groups in a row, or says when to come again.

    Then nothing is begun for a pause that doubles up to a minute, or as long as the provider asked for, and
    after the pause one group goes first; each success doubles how many may be under way, up to `most`.
    Times are seconds of `clock`.
    """

    def __init__(self, most: int, clock: Callable[[], float]) -> None:
        """See the class."""
        self.most = most
        self._clock = clock
        self._allowed = most
        self._in_a_row = 0
        self._pauses = 0
        self._until = -math.inf

    @property
    def allowed(self) -> int:
        """Groups that may be under way now."""
        return 0 if self.wait > 0 else self._allowed

    @property
    def wait(self) -> float:
        """Seconds until something may be begun."""
        return max(0.0, self._until - self._clock())

    def succeeded(self) -> None:
        """The judge answered."""
        self._in_a_row = 0
        self._pauses = 0
        self._allowed = min(self.most, self._allowed * 2)

    def troubled(self, retry_after: float | None) -> None:
        """The provider failed a group; `retry_after` (seconds) when it said when to come again."""
        self._in_a_row += 1
        if retry_after is not None:
            # Many processes were told the same moment.
            self._pause(retry_after * (1 + random.random() / 10))  # noqa: S311 - spreads, guards no secret
        elif self._in_a_row >= _TROUBLED and self.wait <= 0:
            own = min(_FIRST_PAUSE * 2.0**self._pauses, _LONGEST_PAUSE)
            self._pauses += 1
            self._pause(own * (1 - random.random() / 4))  # noqa: S311 - as above

    def _pause(self, seconds: float) -> None:
        self._allowed = 1
        self._until = max(self._until, self._clock() + min(seconds, 10 * _LONGEST_PAUSE))
