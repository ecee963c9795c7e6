"""The limiter of one judge model: a call gets its turn here, and tells here how it ended."""

import asyncio
import contextlib
import threading
import time
from collections.abc import Callable
from math import inf

import msgspec

from spanjudge.judging.models.limits.estimate import TokenEstimate
from spanjudge.judging.models.limits.line import Line
from spanjudge.judging.models.limits.pace import FIRST_PAUSE, LONGEST_HOLD, CallLimits, Headers, Pace, Turn
from spanjudge.judging.models.limits.rank import rank_now
from spanjudge.judging.models.model import JudgeRequest
from spanjudge.judging.usage import Usage

_LOOK = 1.0
"""Seconds after which those who wait are looked at anew: the share may have changed."""


class LimiterState(msgspec.Struct, frozen=True, kw_only=True):
    """What holds now beside what was set; without a limit a number is `None`. `held` is in seconds."""

    requests_set: int | None = None
    requests: float | None = None
    tokens_set: int | None = None
    tokens: float | None = None
    concurrency_set: int
    concurrency: int
    held: float = 0.0
    in_flight: int = 0
    waiting: int = 0


class _Waiter:
    __slots__ = ("future", "tokens", "turn")

    def __init__(self, tokens: int, future: "asyncio.Future[None]") -> None:
        self.tokens = tokens
        self.future = future
        self.turn: Turn | None = None


class Limiter:
    """Says when the next call may be sent (`Pace`), and whose it is (`Line`).

    Who waits is served by rank, and within a rank evaluator after evaluator. A call that does not fit yet
    holds up those behind it, so that the large ones are not passed over for ever. A turn ends with one of
    `answered`, `refused`, `overloaded` and `gave_up`.

    Seams for other processes: `share` is called again and again, `on_held` is told for how many seconds the
    provider wants to be left alone, `hold` takes that from elsewhere. Safe from any thread and event loop.
    """

    def __init__(
        self,
        limits: CallLimits | None = None,
        *,
        provider: str = "",
        clock: Callable[[], float] = time.monotonic,
        first_pause: float = FIRST_PAUSE,
    ) -> None:
        """`clock` gives seconds; `first_pause` (seconds) follows a refusal that does not say how long."""
        self.limits = limits or CallLimits()
        self.on_held: Callable[[float], None] | None = None
        self._clock = clock
        self._pace = Pace(self.limits, provider, first_pause)
        self._estimate = TokenEstimate(provider)
        self._line: Line[_Waiter] = Line()
        self._lock = threading.Lock()
        self._timers: dict[asyncio.AbstractEventLoop, asyncio.TimerHandle] = {}

    @property
    def share(self) -> Callable[[], float] | None:
        """Gives the part of what was set that this process may use, 0 to 1; `None`: all of it."""
        return self._pace.share

    @share.setter
    def share(self, share: Callable[[], float] | None) -> None:
        self._pace.share = share

    def enter(self, request: JudgeRequest) -> Turn | None:
        """A turn when there is one at once and nobody waits for it."""
        with self._lock:
            if self._line.size:
                return None
            return self._pace.take(self._tokens(request), self._clock())[0]

    async def turn(self, request: JudgeRequest) -> Turn:
        """Wait for a turn; a cancelled wait leaves the line and takes nothing with it."""
        with self._lock:
            tokens = self._tokens(request)
            waiter = _Waiter(tokens, asyncio.get_running_loop().create_future())
            place = self._line.add(rank_now(), request.flow, waiter, float(tokens or 1))
        self._serve()
        try:
            await waiter.future
        except asyncio.CancelledError:
            with self._lock:
                if waiter.turn is None:
                    self._line.remove(place)
                else:
                    self._pace.take_back(waiter.turn)
            self._serve()
            raise
        assert waiter.turn is not None  # noqa: S101 - whoever ends the wait gives the turn before
        return waiter.turn

    def answered(
        self, turn: Turn, request: JudgeRequest, usage: Usage | None = None, headers: Headers = None
    ) -> None:
        """The provider took the call, whatever it said. `headers` are those of its latest answer."""
        with self._lock:
            if not self._pace.end(turn):
                return
            tokens = turn.tokens
            if usage is not None and self._pace.counts_tokens:
                tokens = self._estimate.counted(usage)
                self._estimate.learn(request, usage)
            self._pace.answered(turn, tokens, headers, self._clock())
        if self._line.size:
            self._serve()

    def refused(self, turn: Turn, retry_after: float | None = None, headers: Headers = None) -> None:
        """429: slower from now on, and nothing until `retry_after` seconds have passed.

        Without that, until what the headers say is used up is whole again, or for a pause that doubles.
        """
        with self._lock:
            if not self._pace.end(turn):
                return
            told = self._pace.refused(turn, retry_after, headers, self._clock())
        self._tell(told)
        self._serve()

    def overloaded(self, turn: Turn, retry_after: float | None = None) -> None:
        """503, 529: fewer calls at the same time, and none until `retry_after` seconds have passed."""
        with self._lock:
            if not self._pace.end(turn):
                return
            self._pace.overloaded(turn, retry_after, self._clock())
        self._tell(retry_after)
        self._serve()

    def gave_up(self, turn: Turn, *, sent: bool = True) -> None:
        """The call ended without a word of the provider's; one not `sent` gives everything back."""
        with self._lock:
            if sent:
                self._pace.end(turn)
            else:
                self._pace.take_back(turn)
        self._serve()

    def restart(self) -> None:
        """Nobody answers at all: one call goes first, then twice as many with each round of answers."""
        with self._lock:
            self._pace.restart()

    def hold(self, seconds: float) -> None:
        """Send nothing for so long, because another process was told so."""
        with self._lock:
            self._pace.hold(seconds, self._clock())

    @property
    def in_flight(self) -> int:
        """Calls under way."""
        return self._pace.under_way

    @property
    def held(self) -> float:
        """Seconds until something may be sent again."""
        return max(0.0, self._pace.held_until - self._clock())

    @property
    def places(self) -> int:
        """Calls it makes sense to have here, under way and waiting, so that none waits for long."""
        with self._lock:
            return self._pace.places(self._clock())

    @property
    def state(self) -> LimiterState:
        """How it stands."""
        with self._lock:
            pace, now = self._pace, self._clock()
            pace.refresh(now)
            return LimiterState(
                requests_set=self.limits.requests or None,
                requests=_finite(pace.requests.per_minute(pace.part, now)),
                tokens_set=self.limits.tokens or None,
                tokens=_finite(pace.tokens.per_minute(pace.part, now)),
                concurrency_set=self.limits.concurrency,
                concurrency=pace.room,
                held=max(0.0, pace.held_until - now),
                in_flight=pace.under_way,
                waiting=self._line.size,
            )

    def reason(self) -> str:
        """What a call waits for, in words that name the setting."""
        state = self.state
        if state.held > 0:
            return f"its provider asked to be left alone for {state.held:.0f} s more"
        if state.in_flight >= state.concurrency:
            return (
                f"no place among the {state.concurrency} concurrent calls to it became free: raise the "
                "judge's concurrency, or send less at a time"
            )
        limits = ((state.requests, "requests"), (state.tokens, "tokens"))
        said = [f"{number:,.0f} {what} a minute" for number, what in limits if number is not None]
        return (
            f"its limit of {' and '.join(said) or 'calls'} was used up: raise the judge's "
            "requests_per_minute or tokens_per_minute if the provider allows more, or send less"
        )

    def _tokens(self, request: JudgeRequest) -> int:
        return self._estimate.of(request) if self._pace.counts_tokens else 0

    def _tell(self, seconds: float | None) -> None:
        if seconds is not None and self.on_held is not None:
            self.on_held(min(seconds, LONGEST_HOLD))

    def _serve(self) -> None:
        """Give turns to those who wait, as far as there are any."""
        while self._line.size:
            with self._lock:
                if not self._line.size:
                    return
                waiter = self._line.first()
                turn, wait = self._pace.take(waiter.tokens, self._clock())
                if turn is not None:
                    self._line.pop()
                    waiter.turn = turn
            if turn is None:
                self._look_again(min(wait, _LOOK))
                return
            if not _wake(waiter.future):
                with self._lock:
                    self._pace.take_back(turn)

    def _look_again(self, seconds: float) -> None:
        """Serve again after so long at the latest, in whichever event loop this is."""
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            return
        known = self._timers.get(loop)
        if known is not None:
            if known.when() <= loop.time() + seconds:
                return
            known.cancel()
        for gone in [one for one in self._timers if one.is_closed()]:
            self._timers.pop(gone, None)
        self._timers[loop] = loop.call_later(seconds, self._on_time, loop)

    def _on_time(self, loop: asyncio.AbstractEventLoop) -> None:
        self._timers.pop(loop, None)
        self._serve()


def _wake(future: "asyncio.Future[None]") -> bool:
    """End a wait, in whatever event loop it is; whether that loop is still there."""
    loop = future.get_loop()
    try:
        running = asyncio.get_running_loop()
    except RuntimeError:
        running = None
    if running is loop:
        _end_wait(future)
        return True
    try:
        loop.call_soon_threadsafe(_end_wait, future)
    except RuntimeError:
        return False
    return True


def _end_wait(future: "asyncio.Future[None]") -> None:
    # Who was cancelled gives the turn back.
    with contextlib.suppress(asyncio.InvalidStateError):
        future.set_result(None)


def _finite(number: float) -> float | None:
    return None if number == inf else number
