"""The limits of a judge model are the provider's, whoever asks: processes share them, and wait together."""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence

from spanjudge.judging.judge import Judge
from spanjudge.judging.models.limits.limiter import Limiter
from spanjudge.judging.models.resilience import ResilientModel
from spanjudge.judging.models.state import resilient_of
from spanjudge.pipeline.clock import Now
from spanjudge.pipeline.coordination import Coordination, JudgeHold, Member, Roll
from spanjudge.pipeline.ports import StoreError

_log = logging.getLogger("spanjudge.pipeline")

_SECOND = 1_000_000_000
_LOOK_SECONDS = 1.0
_IDLE = 0.02
"""What a process without calls counts for: enough for the first one to begin."""
_LATELY_NS = 10 * _SECOND
_OF_ITS_OWN = frozenset({"embedded"})
"""Providers that each process has for itself."""


class JudgeShares:
    """Gives each limiter of this process its part, and tells the others when a provider wants some peace.

    Processes with calls to a judge model have equal parts. A part grows only a heartbeat after it could, when
    the others have seen why theirs is smaller; it shrinks at once.
    """

    def __init__(
        self, coordination: Coordination, member: str, judges: Mapping[str, Judge], now: Now
    ) -> None:
        """`member` is this process's name among the others."""
        self._coordination = coordination
        self._member = member
        self._now = now
        self._models: dict[str, ResilientModel] = {}
        for name, judge in judges.items():
            model = resilient_of(judge.model)
            if model is not None and model.provider not in _OF_ITS_OWN:
                self._models[name] = model
        self._parts: dict[str, float] = dict.fromkeys(self._models, 1.0)
        self._next: dict[str, float] = {}
        self._alone = True
        self._told: dict[str, int] = {}
        self._obeyed: dict[str, int] = {}
        self._telling: set[asyncio.Task[None]] = set()

    def start(self) -> None:
        """Connect the limiters."""
        loop = asyncio.get_running_loop()
        for name, model in self._models.items():
            model.limiter.share = self._share_of(name)
            model.limiter.on_held = self._held_of(name, loop)

    async def aclose(self) -> None:
        """Let the limiters be."""
        for model in self._models.values():
            model.limiter.share = model.limiter.on_held = None
        await asyncio.gather(*self._telling, return_exceptions=True)

    def calls(self) -> dict[str, int]:
        """Calls of each judge model under way or waiting, or made a moment ago."""
        return {name: _calls(model, self._now()) for name, model in self._models.items()}

    def part(self, name: str) -> float:
        """Which part of a judge model's limits is for this process now."""
        return self._parts.get(name, 1.0)

    def on_roll(self, roll: Roll) -> None:
        """See who is there, and what each does."""
        others = [one for one in roll.members if one.id != self._member]
        mine = next((one for one in roll.members if one.id == self._member), None)
        for name in self._models:
            asking = [one for one in others if name in one.figures.judges]
            part = _part(name, mine, asking)
            # Who has just come finds others that do not know of it yet.
            before = self._next.get(name, _IDLE if asking else 1.0)
            self._next[name] = part
            self._parts[name] = min(part, before)
        self._alone = not any(one.figures.judges for one in others)

    async def run(self) -> None:
        """Obey what others were told, until cancelled."""
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            if self._alone:
                continue
            try:
                holds = await self._coordination.judge_holds(now_ns=self._now())
            except StoreError as error:
                _log.debug("what other processes were told is not known", extra={"reason": str(error)})
                continue
            self.obey(holds)

    def obey(self, holds: Sequence[JudgeHold]) -> None:
        """Send nothing to these judge models until then."""
        now = self._now()
        for hold in holds:
            model = self._models.get(hold.judge)
            known = self._obeyed.get(hold.judge, 0)
            if model is None or hold.member == self._member or hold.until_ns <= max(now, known):
                continue
            self._obeyed[hold.judge] = hold.until_ns
            _log.info(
                "a judge model is left alone: its provider asked another process to",
                extra={"judge": hold.judge, "seconds": round((hold.until_ns - now) / _SECOND, 1)},
            )
            model.limiter.hold((hold.until_ns - now) / _SECOND)

    def _share_of(self, name: str) -> Callable[[], float]:
        return lambda: self._parts[name]

    def _held_of(self, name: str, loop: asyncio.AbstractEventLoop) -> Callable[[float], None]:
        def held(seconds: float) -> None:
            loop.call_soon_threadsafe(self._tell, name, seconds)

        return held

    def _tell(self, name: str, seconds: float) -> None:
        until_ns = self._now() + int(seconds * _SECOND)
        # Many calls are told the same at the same moment.
        if self._alone or until_ns <= self._told.get(name, 0) + _SECOND // 2:
            return
        self._told[name] = until_ns
        task = asyncio.create_task(self._store(name, until_ns))
        self._telling.add(task)
        task.add_done_callback(self._telling.discard)

    async def _store(self, name: str, until_ns: int) -> None:
        hold = JudgeHold(
            judge=name,
            until_ns=until_ns,
            reason="the provider asked to be left alone",
            member=self._member,
        )
        try:
            await self._coordination.hold_judge(hold)
        except StoreError as error:
            _log.debug("other processes could not be told", extra={"reason": str(error)})


def _part(name: str, mine: Member | None, others: Sequence[Member]) -> float:
    """By what everybody said with the last heartbeat: so all come to the same."""
    if not others:
        return 1.0
    own = _weight(name, mine)
    return own / (own + sum(_weight(name, one) for one in others))


def _weight(name: str, member: Member | None) -> float:
    return 1.0 if member is not None and member.figures.calls.get(name) else _IDLE


def _calls(model: ResilientModel, now_ns: int) -> int:
    limiter: Limiter = model.limiter
    waiting = limiter.state.waiting
    lately = model.last_ns is not None and now_ns - model.last_ns < _LATELY_NS
    return max(limiter.in_flight + waiting, int(lately))
