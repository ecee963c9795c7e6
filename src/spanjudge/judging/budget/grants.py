"""Budgets that several processes share: each holds a part of what is left, and spends no more."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

import msgspec

from spanjudge.judging.budget.limits import Limits

_ROUNDING_TOKENS, _ROUNDING_USD = 1e-3, 1e-9


class Amount(NamedTuple):
    """Tokens and US dollars: used, reserved or held."""

    tokens: float = 0.0
    usd: float = 0.0

    def plus(self, other: "Amount", sign: int = 1) -> "Amount":
        """The sum, or the difference."""
        return Amount(self.tokens + sign * other.tokens, self.usd + sign * other.usd)

    def fits(self, room: "Amount") -> bool:
        """Whether there is room for it, give or take what sums of fractions are off by.

        Without that, a call that was granted just what it needs might wait for ever.
        """
        return self.tokens <= room.tokens + _ROUNDING_TOKENS and self.usd <= room.usd + _ROUNDING_USD


NOTHING = Amount()
ALL = ""
"""Stands where an evaluator's name would, for all of them together."""


class Want(msgspec.Struct, frozen=True, kw_only=True):
    """What a process wants to hold for one evaluator.

    `out` is what calls under way have reserved, and what was spent and is not stored yet: a fact, granted
    whatever is left. `next` is what one call more needs, all of it or none. `spare` is what it would like
    besides, to need not ask before every call; it may get less, and nothing where the one call does not fit.
    """

    evaluator: str
    out: Amount = NOTHING
    next: Amount = NOTHING
    spare: Amount = NOTHING


class Granted(msgspec.Struct, frozen=True, kw_only=True):
    """`used` is stored usage by period (`2025-11-21`, `2025-11`) and evaluator (`ALL`: together).

    `room` is what the process may reserve beyond what it has out, by evaluator.
    """

    used: dict[tuple[str, str], Amount] = {}
    room: dict[str, Amount] = {}


class Grants(Protocol):
    """Where processes agree about what is left."""

    async def grant(
        self,
        member: str,
        wants: Sequence[Want],
        limits: Mapping[str, Limits],
        *,
        day: str,
        free: Sequence[str] = (),
        now_ns: int,
        until_ns: int,
    ) -> Granted:
        """Put `wants` in the place of all that the member held, until `until_ns`.

        By what is granted, stored usage and all that members hold never come to more than `limits` (`ALL` and
        evaluators) of the day and of its month allow. `free` are providers whose usage does not count.
        """
        ...

    async def spent(self, day: str, *, free: Sequence[str] = ()) -> dict[tuple[str, str], Amount]:
        """Stored usage of a day and its month by period and evaluator (`ALL`: together)."""
        ...
