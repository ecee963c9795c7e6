"""One limit by the minute: as it was set, as refusals taught it, as the provider's own counts advise."""

from math import inf

from spanjudge.judging.models.limits.bucket import MINUTE, Bucket
from spanjudge.judging.models.rate_limits import Left

_LESS = 0.85
_CALM = 5.0
"""Seconds without a refusal before a learnt limit grows."""

_STEP = 0.01
"""What it grows by in a second, of the rate at which it was refused."""

_CLOSE = 0.97
"""It stays this close below that rate until the calm was long."""

_LONG_CALM = 60.0
_FASTER = 0.07
"""After a long calm it grows by this share of itself in a second: it doubles in ten."""

_LONGEST_STEP = 5.0
_LITTLE = 0.2
_LEAST = 0.05
_FEW = 5
_FREE = 1_000_000.0
"""A learnt limit beyond this limits nothing."""


class Meter:
    """How much of something, calls or tokens, may be sent in a minute. Moments are seconds of a clock.

    `bucket` is there while anything limits it.
    """

    def __init__(self, per_minute: float, *, whole: bool) -> None:
        """`per_minute` as it was set, 0 for no limit; `whole`: it counts calls."""
        self.most = per_minute or inf
        self.bucket: Bucket | None = None
        self.learnt = inf
        self._whole = whole
        self._refused_at = inf
        self._calm_since = -inf
        self._grown_at = -inf
        self._eased = inf
        self._eased_until = -inf

    def per_minute(self, share: float, now: float) -> float:
        """What holds now, infinite without a limit."""
        least = min(self.learnt, self._eased if now < self._eased_until else inf)
        # A share of no limit is no limit, also when the share is nothing.
        return least if self.most == inf else min(least, self.most * share)

    def refresh(self, share: float, now: float) -> None:
        """Have the bucket keep to what holds now."""
        if now >= self._eased_until:
            self._eased = inf
        per_minute = self.per_minute(share, now)
        if per_minute == inf:
            self.bucket = None
        elif self.bucket is None:
            self.bucket = Bucket(per_minute, now, whole=self._whole)
        elif self.bucket.per_minute != per_minute:
            self.bucket.limit(per_minute, now)

    def less(self, accepted: float, until: float, share: float, now: float) -> None:
        """Refused, when so much was accepted in a minute (infinite: not known); calm begins at `until`."""
        rate = min(accepted, self.per_minute(share, now))
        if rate == inf:
            return
        self._refused_at = rate
        self.learnt = rate * _LESS
        self._calm_since = self._grown_at = until

    def grow(self, now: float) -> None:
        """A call was answered: after some calm what was learnt grows, up to what was set."""
        calm = now - self._calm_since
        seconds = min(now - self._grown_at, _LONGEST_STEP)
        if self.learnt == inf or calm < _CALM or seconds < 1.0:
            return
        self._grown_at = now
        if calm > _LONG_CALM:
            self.learnt += max(self._refused_at * _STEP, self.learnt * _FASTER) * seconds
        else:
            grown = self.learnt + self._refused_at * _STEP * seconds
            self.learnt = max(self.learnt, min(grown, self._refused_at * _CLOSE))
        if self.learnt >= min(self.most, _FREE):
            self.learnt = inf

    def heed(self, left: Left, under_way: int, now: float) -> None:
        """The provider says what is left: the less, the slower, long before it refuses.

        With a fifth of its limit left the pace is the limit itself, and falls with what is left; a twentieth
        of it always goes on, so that the count is heard again.
        """
        remaining = max(0, left.left - under_way)
        if not left.of:
            pace = max(remaining, 1) / left.seconds * MINUTE if remaining <= _FEW else inf
        elif remaining < left.of * _LITTLE:
            pace = left.of * max(remaining / (left.of * _LITTLE), _LEAST)
        else:
            pace = inf
        self._eased, self._eased_until = pace, now + left.seconds

    @property
    def limited(self) -> bool:
        """Whether there is anything to keep to."""
        return self.bucket is not None or self._eased != inf or self.learnt != inf
