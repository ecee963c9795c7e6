"""What may be used: limits of the settings, and those set later that take their place."""

from typing import Literal, Protocol

import msgspec

Period = Literal["day", "month"]
Unit = Literal["tokens", "usd"]


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """Most tokens (read and written) and US dollars in a day and a month (UTC); 0 is no limit."""

    tokens_day: int = 0
    tokens_month: int = 0
    usd_day: float = 0.0
    usd_month: float = 0.0

    def of(self, unit: Unit, period: Period) -> float:
        """One of them."""
        return getattr(self, f"{unit}_{period}")

    @property
    def usd(self) -> bool:
        """Whether dollars are limited."""
        return bool(self.usd_day or self.usd_month)


class LimitsSet(msgspec.Struct, frozen=True, kw_only=True):
    """Limits as they were set last, for all evaluators together and for single ones.

    `revision` grows with every change; while `edited` is false nothing is set, and the settings hold.
    """

    revision: int = 0
    edited: bool = False
    all: Limits = Limits()
    evaluators: dict[str, Limits] = {}


class LimitBook(Protocol):
    """Where limits are kept that take the place of the settings'."""

    async def limits(self) -> LimitsSet:
        """What was set last. Cheap."""
        ...
