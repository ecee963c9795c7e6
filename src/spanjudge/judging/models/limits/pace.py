"""How fast a provider may be asked now: what was set, what its refusals taught, what its answers say."""

import random
from collections.abc import Callable, Mapping
from math import ceil, inf

import msgspec

from spanjudge.judging.models.limits.accepted import Accepted
from spanjudge.judging.models.limits.bucket import MINUTE
from spanjudge.judging.models.limits.meter import Meter
from spanjudge.judging.models.limits.window import Window
from spanjudge.judging.models.rate_limits import left_of

LONGEST_HOLD = 600.0
"""Seconds: no provider is left alone for longer without being asked again, whatever it says."""

FIRST_PAUSE = 0.5
_LONGEST_PAUSE = 60.0
_ENOUGH_TO_LEARN = 5
_AHEAD = 5.0
"""Seconds' worth of calls that may wait, so that the next is always at hand."""

_HEED = 0.02
"""Seconds between two looks at headers at least."""

Headers = Mapping[str, str] | None


class CallLimits(msgspec.Struct, frozen=True, kw_only=True):
    """As they are set: most calls and tokens in a minute (0: no limit), and calls at the same time."""

    requests: int = 0
    tokens: int = 0
    concurrency: int = 64


class Turn:
    """A call that may be sent now. `refusals` were there before it, a burst of them counted as one."""

    __slots__ = ("ended", "refusals", "tokens")

    def __init__(self, tokens: int, refusals: int) -> None:
        """`tokens` as they were estimated."""
        self.tokens = tokens
        self.refusals = refusals
        self.ended = False


class Pace:
    """What bounds the calls to a judge model: calls and tokens in a minute, calls at once, and holds.

    Each is what was set times `share`, less after the provider refused, more again when it is calm. A burst
    of refusals counts once: calls sent before the first of them tell nothing new. A hold stops everything
    until the provider wants to be asked again. Moments (`now`) are seconds of the caller's clock.
    """

    def __init__(self, limits: CallLimits, provider: str, first_pause: float) -> None:
        """`first_pause` (seconds) follows a refusal that does not say how long; it doubles."""
        self.limits = limits
        self.share: Callable[[], float] | None = None
        self.under_way = 0
        self.held_until = -inf
        self.counts_tokens = limits.tokens > 0
        """Whether tokens matter: a limit was set, or the provider told of one."""
        self.window = Window(limits.concurrency)
        self.requests = Meter(limits.requests, whole=True)
        self.tokens = Meter(limits.tokens, whole=False)
        self._provider = provider
        self._first_pause = first_pause
        self._accepted = Accepted()
        self._refusals = 0
        self._in_a_row = 0
        self._metered = limits.requests > 0 or limits.tokens > 0
        self._heeded_at = -inf

    def take(self, tokens: int, now: float) -> tuple[Turn | None, float]:
        """A turn, or the seconds until there may be one (infinite: not before a call ends)."""
        if self.under_way >= self.room:
            return None, inf
        if self._metered or self.held_until > -inf:
            if now < self.held_until:
                return None, self.held_until - now
            self.held_until = -inf
            self.refresh(now)
            calls, spent = self.requests.bucket, self.tokens.bucket
            wait = max(
                0.0 if calls is None else calls.wait(1.0, now),
                0.0 if spent is None or not tokens else spent.wait(tokens, now),
            )
            if wait > 0:
                return None, wait
            if calls is not None:
                calls.take(1.0)
            if spent is not None:
                spent.take(tokens)
        self.under_way += 1
        return Turn(tokens, self._refusals), 0.0

    def end(self, turn: Turn) -> bool:
        """Note that a call is over; whether it was not before."""
        if turn.ended:
            return False
        turn.ended = True
        self.under_way -= 1
        return True

    def take_back(self, turn: Turn) -> None:
        """The call was not sent."""
        if self.end(turn):
            if self.requests.bucket is not None:
                self.requests.bucket.give(1.0)
            self._correct(turn, 0)

    def answered(self, turn: Turn, tokens: int, headers: Headers, now: float) -> None:
        """The provider took the call, and counted so many tokens."""
        if turn.refusals == self._refusals:
            self._in_a_row = 0
        if self.window.size < self.window.most:
            self.window.grow(now)
        if self._metered:
            self.requests.grow(now)
            self.tokens.grow(now)
        if headers and now - self._heeded_at >= _HEED:
            self._heed(headers, now)
        self._correct(turn, tokens)
        self._accepted.add(now, tokens)

    def refused(self, turn: Turn, retry_after: float | None, headers: Headers, now: float) -> float | None:
        """429; how long (seconds) the provider wants to be left alone, if it said so."""
        self._correct(turn, 0)
        told = retry_after if retry_after is not None else self._until_whole(headers)
        if turn.refusals == self._refusals:
            self._shrink(now)
            pause = min(self._first_pause * 2.0**self._in_a_row, _LONGEST_PAUSE)
            self._in_a_row = min(self._in_a_row + 1, 20)
            self.hold(pause if told is None else told, now)
            self._learn(told or 0.0, now)
        elif told is not None:
            self.hold(told, now)
        if headers:
            self._heed(headers, now)
        return told

    def overloaded(self, turn: Turn, retry_after: float | None, now: float) -> None:
        """503, 529: fewer calls at the same time."""
        if turn.refusals == self._refusals:
            self._shrink(now)
        if retry_after is not None:
            self.hold(retry_after, now)

    def restart(self) -> None:
        """Nobody answers: one call goes first."""
        self._refusals += 1
        self.window.restart()

    def hold(self, seconds: float, now: float) -> None:
        """Send nothing for so long."""
        # Many processes were told the same moment: they come back up to a tenth later.
        seconds = min(seconds, LONGEST_HOLD) * (1 + random.random() / 10)  # noqa: S311 - spreads retries
        self.held_until = max(self.held_until, now + seconds)

    def refresh(self, now: float) -> None:
        """Keep to what holds now."""
        if self._metered:
            share = self.part
            self.requests.refresh(share, now)
            self.tokens.refresh(share, now)
            self._metered = self.requests.limited or self.tokens.limited

    @property
    def part(self) -> float:
        """Which part of what was set may be used here."""
        return 1.0 if self.share is None else min(1.0, max(0.0, self.share()))

    @property
    def room(self) -> int:
        """Calls that may be under way."""
        size = self.window.room
        return size if self.share is None else min(size, max(1, int(self.limits.concurrency * self.part)))

    def places(self, now: float) -> int:
        """Calls under way and waiting that make sense, so that none waits for long."""
        self.refresh(now)
        share, most = self.part, 2 * self.room
        pace = min(self.requests.per_minute(share, now), self._calls_for_tokens(share, now))
        if pace == inf:
            return most
        return max(1, min(most, self.under_way + ceil(pace / MINUTE * _AHEAD)))

    def _correct(self, turn: Turn, tokens: int) -> None:
        if self.tokens.bucket is not None:
            self.tokens.bucket.give(turn.tokens - tokens)

    def _shrink(self, now: float) -> None:
        self._refusals += 1
        self.window.shrink(self.under_way + 1, now)

    def _calls_for_tokens(self, share: float, now: float) -> float:
        tokens = self.tokens.per_minute(share, now)
        _, calls, spent = self._accepted.lately(now) if tokens != inf else (0.0, 0, 0)
        return tokens * calls / spent if calls and spent else inf

    def _learn(self, told: float, now: float) -> None:
        """What was taken in the last minute and until it can be asked again is the provider's rate."""
        span, calls, spent = self._accepted.lately(now)
        accepted = accepted_tokens = inf
        if calls >= _ENOUGH_TO_LEARN:
            minutes = max(span + min(told, MINUTE), 1.0) / MINUTE
            accepted, accepted_tokens = calls / minutes, spent / minutes if spent else inf
        share = self.part
        self.requests.less(accepted, self.held_until, share, now)
        if self.counts_tokens:
            self.tokens.less(accepted_tokens, self.held_until, share, now)
        self._metered = True
        self.refresh(now)
        for bucket in (self.requests.bucket, self.tokens.bucket):
            if bucket is not None:
                bucket.empty(now)

    def _heed(self, headers: Mapping[str, str], now: float) -> None:
        self._heeded_at = now
        requests, tokens = left_of(self._provider, headers)
        if requests is not None:
            self.requests.heed(requests, self.under_way, now)
        if tokens is not None:
            self.counts_tokens = True
            self.tokens.heed(tokens, 0, now)
        self._metered = self._metered or self.requests.limited or self.tokens.limited

    def _until_whole(self, headers: Headers) -> float | None:
        """Seconds until what is used up is whole again, when the headers say so."""
        told = [left.seconds for left in left_of(self._provider, headers or {}) if left and not left.left]
        return min(max(told), MINUTE) if told else None
