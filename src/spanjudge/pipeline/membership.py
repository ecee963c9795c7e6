"""One process among the others on its store: its heartbeat, and the duties that it alone does."""

import asyncio
import logging
import time
from collections.abc import Callable, Sequence

import msgspec

from spanjudge.pipeline.clock import Now
from spanjudge.pipeline.coordination import Coordination, Member, MemberFigures, Roll
from spanjudge.pipeline.ports import StoreError

_log = logging.getLogger("spanjudge.pipeline")

_SECOND = 1_000_000_000
_SURE = 0.8
"""Of a lease: for so long a duty is ours without asking. The rest is for clocks that differ."""


class Membership:
    """Tells the others that we are here, every `beat` seconds, and takes what duties nobody has.

    A duty is ours for `lease` seconds after a heartbeat that came through. Who dies is followed by another
    after that time; who leaves, at the next heartbeat of another.
    """

    def __init__(
        self,
        coordination: Coordination,
        member: Member,
        now: Now,
        *,
        duties: Sequence[str],
        figures: Callable[[], MemberFigures],
        beat: float = 2.0,
        lease: float = 6.0,
        on_roll: Callable[[Roll], None] = lambda _: None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """`duties` are those that this process can do; `figures` is what it says of itself."""
        self.member = member
        self.roll = Roll()
        """Who was there at the last heartbeat."""
        self.trouble: str | None = None
        """Why the store cannot be reached, or nothing."""
        self._coordination = coordination
        self._now = now
        self._duties = tuple(duties)
        self._figures = figures
        self._every = beat
        self._lease = lease
        self._on_roll = on_roll
        self._monotonic = monotonic
        self._held: frozenset[str] = frozenset()
        self._sure_until = float("-inf")

    @property
    def others(self) -> tuple[Member, ...]:
        """Who else was there at the last heartbeat."""
        return tuple(one for one in self.roll.members if one.id != self.member.id)

    def has(self, duty: str) -> bool:
        """Whether nobody else does this now."""
        return duty in self._held and self._monotonic() < self._sure_until

    async def beat(self) -> None:
        """One heartbeat. Raises `StoreError`."""
        at, now = self._monotonic(), self._now()
        lease_ns = int(self._lease * _SECOND)
        before = {one.id for one in self.roll.members}
        self.roll = await self._coordination.beat(
            msgspec.structs.replace(self.member, figures=self._figures()),
            duties=self._duties,
            now_ns=now,
            until_ns=now + lease_ns,
        )
        self._sure_until = at + self._lease * _SURE
        held = self.roll.held(self.member.id).intersection(self._duties)
        if held != self._held:
            _log.info("duties of this process", extra={"duties": sorted(held)})
        self._held = held
        if before != {one.id for one in self.roll.members}:
            _log.info(
                "processes on this store",
                extra={"members": {one.id: ",".join(one.roles) for one in self.roll.members}},
            )
        self._on_roll(self.roll)

    async def run(self) -> None:
        """Beat until cancelled."""
        while True:
            await asyncio.sleep(self._every)
            try:
                await self.beat()
            except StoreError as error:
                if self.trouble is None:
                    _log.warning("the store cannot be reached", extra={"reason": str(error)})
                self.trouble = str(error)
            else:
                if self.trouble is not None:
                    _log.info("the store can be reached again")
                self.trouble = None

    async def drop(self, duties: Sequence[str]) -> None:
        """Leave these to the others from now on."""
        self._duties = tuple(duty for duty in self._duties if duty not in duties)
        self._held -= set(duties)
        try:
            await self._coordination.give_back(self.member.id, duties)
        except StoreError as error:
            _log.warning("duties are taken over when their time is over", extra={"reason": str(error)})

    async def leave(self) -> None:
        """Hand everything over at once."""
        self._held = frozenset()
        try:
            await self._coordination.leave(self.member.id)
        except StoreError as error:
            _log.warning("duties are taken over when their time is over", extra={"reason": str(error)})
