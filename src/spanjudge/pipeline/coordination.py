"""What processes on one store tell each other: who is there, who does what, who may spend how much."""

from collections.abc import Sequence
from typing import Literal, Protocol

import msgspec

from spanjudge.judging.budget.grants import Grants
from spanjudge.pipeline.rates import Rates

Role = Literal["receiver", "worker", "api"]
"""What a process does: takes spans in; judges and does the chores; serves pages and single scores."""

ROLES: tuple[Role, ...] = ("receiver", "worker", "api")


class ExportState(msgspec.Struct, kw_only=True):
    """How a destination stands. Times are nanoseconds since 1970; `failing_since`: unless all is well."""

    destination: str
    sent: int = 0
    dropped: int = 0
    failing_since: int | None = None
    error: str = ""


class MemberFigures(msgspec.Struct, frozen=True, kw_only=True):
    """What a process says of itself with each heartbeat.

    `in_hand` are jobs under way there. `not_ready`, `full` and `storing_fails` are reasons in words, empty
    when all is well. `destinations` are those of its settings, `export` is of those that it carries results
    to. `judges` are the names of its judge models, when it judges; `calls` is how many calls of each are
    under way or wait there. Fields of a newer version are left out by an older one.
    """

    rates: Rates = Rates()
    in_hand: int = 0
    counts: dict[str, int] = {}
    errors: dict[str, int] = {}
    not_ready: str = ""
    full: str = ""
    storing_fails: str = ""
    destinations: tuple[str, ...] = ()
    export: tuple[ExportState, ...] = ()
    judges: tuple[str, ...] = ()
    calls: dict[str, int] = {}


class Member(msgspec.Struct, frozen=True, kw_only=True):
    """A process. `id` is new with every start and is the name its jobs are leased by; times as everywhere."""

    id: str
    roles: tuple[Role, ...]
    host: str
    pid: int
    version: str
    started_ns: int
    seen_ns: int = 0
    figures: MemberFigures = MemberFigures()


class Roll(msgspec.Struct, frozen=True, kw_only=True):
    """Who is there, oldest first, and by whose name (`Member.id`) each duty is held."""

    members: tuple[Member, ...] = ()
    duties: dict[str, str] = {}

    def held(self, member: str) -> frozenset[str]:
        """The duties of one member."""
        return frozenset(name for name, owner in self.duties.items() if owner == member)


class JudgeHold(msgspec.Struct, frozen=True, kw_only=True):
    """A judge model (its name in the settings) that nobody asks before `until_ns`; `reason` is for people."""

    judge: str
    until_ns: int
    reason: str = ""
    member: str = ""


class KeptToken(msgspec.Struct, frozen=True, kw_only=True):
    """A token that was made: `digest` is its SHA-256, `scopes` are separated by commas; times as above."""

    id: str
    digest: bytes
    scopes: str
    name: str
    created_ns: int
    expires_ns: int | None


class KeptTokens(Protocol):
    """Tokens that open the doors of all processes. Raises `StoreError` as `Coordination` does."""

    async def tokens(self) -> list[KeptToken]:
        """All, oldest first; expired ones too. Cheap."""
        ...

    async def keep_token(self, token: KeptToken) -> None:
        """Add one; one of this id that is there already stays as it is."""
        ...

    async def drop_token(self, token_id: str) -> bool:
        """Take one away; whether there was one."""
        ...


class Coordination(Grants, KeptTokens, Protocol):
    """Every method is one transaction and raises `StoreError` when it cannot be done.

    Times are nanoseconds since 1970 by the caller's clock: those of all processes on one store must agree
    within a second or two.
    """

    async def beat(self, member: Member, *, duties: Sequence[str], now_ns: int, until_ns: int) -> Roll:
        """Say that a member is there until `until_ns`, and take or keep these duties.

        A duty is taken when nobody has it, or who had it has not beaten until its end. Members and their
        grants are forgotten at their end.
        """
        ...

    async def leave(self, member: str) -> None:
        """Forget a member at once, with its duties and grants."""
        ...

    async def roll(self, *, now_ns: int) -> Roll:
        """Who is there."""
        ...

    async def claim(self, duty: str, member: str, *, now_ns: int, until_ns: int) -> bool:
        """Take or keep one duty until `until_ns`; whether it is the member's."""
        ...

    async def give_back(self, member: str, duties: Sequence[str]) -> None:
        """End duties before their time; those of others stay."""
        ...

    async def hold_judge(self, hold: JudgeHold) -> None:
        """Nobody asks a judge model before then; an end that is later already stays."""
        ...

    async def judge_holds(self, *, now_ns: int) -> list[JudgeHold]:
        """Judge models that are held back now. Cheap."""
        ...
