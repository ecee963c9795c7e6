"""Models their vendors have ended or will end, and what takes their place.

Read on 2026-11-21 from the vendors' SDKs and deprecation pages. Azure, Bedrock and gateways keep their own
dates, so nothing is ever refused because of this table: it explains a “no such model” and warns in
`spanjudge check`.
"""

import datetime as dt
import re

import msgspec


class Ended(msgspec.Struct, frozen=True, kw_only=True):
    """A model with an end: its `day`, and how it is `shown` (as a month where no day is known)."""

    model: str
    day: dt.date
    shown: str
    successor: str

    def is_past(self, today: dt.date | None = None) -> bool:
        """Whether the end has come."""
        return (today or dt.datetime.now(dt.UTC).date()) >= self.day

    def sentence(self, today: dt.date | None = None) -> str:
        """What to tell the user."""
        if self.is_past(today):
            return f"{self.model} was ended by its vendor {self.shown}; use {self.successor}"
        return f"{self.model} will be ended by its vendor {self.shown}; move to {self.successor} before"


_ENDS: dict[str, tuple[str, str]] = {
    "o1-mini": ("2025-10-27", "gpt-5.4-mini"),
    "gpt-4-turbo": ("2026-10-23", "gpt-5.4"),
    "o1": ("2026-10-23", "gpt-5.5"),
    "o3-mini": ("2026-10-23", "gpt-5.4-mini"),
    "o4-mini": ("2026-10-23", "gpt-5.4-mini"),
    "gpt-4.1-nano": ("2026-10-23", "gpt-5.4-mini"),
    "o3": ("2026-12-11", "gpt-5.5"),
    "gpt-5": ("2026-12-11", "gpt-5.5"),
    "gpt-5-mini": ("2026-12-11", "gpt-5.4-mini"),
    "gpt-5-nano": ("2026-12-11", "gpt-5.4-mini"),
    "gpt-4o": ("2027-01-14", "gpt-5.4"),
    "gpt-4o-mini": ("2027-01-14", "gpt-5.4-mini"),
    "gpt-4.1": ("2027-01-14", "gpt-5.4"),
    "gpt-4.1-mini": ("2027-01-14", "gpt-5.4-mini"),
    "gpt-5.1": ("2027-04-01", "gpt-5.4"),
    "gpt-5.4-nano": ("2027-04-01", "gpt-5.4-mini"),
    "claude-3-5-sonnet": ("2025-10", "claude-sonnet-5-5"),
    "claude-3-5-haiku": ("2026-02-19", "claude-haiku-5-5"),
    "claude-sonnet-4-5": ("2026-11-30", "claude-sonnet-5-5"),
    "deepseek-chat": ("2026-07-24", "deepseek-v4-flash"),
    "deepseek-reasoner": ("2026-07-24", "deepseek-v4-pro"),
}

_OWN_NAMES = frozenset({"azure", "ollama"})
"""Providers whose names are the user's own and tell nothing about a vendor's model."""

_SNAPSHOT = re.compile(r"[-@](latest|\d{4}-\d{2}-\d{2}|\d{8})$")


def ended(provider: str, model: str) -> Ended | None:
    """A model's end, if one is known. Dated snapshots and vendor prefixes are understood."""
    if provider in _OWN_NAMES:
        return None
    name = _SNAPSHOT.sub("", model.rpartition("/")[2].lower())
    if name not in _ENDS:
        return None
    end, successor = _ENDS[name]
    if len(end) == len("2025-10"):
        year, month = map(int, end.split("-"))
        day = dt.date(year + month // 12, month % 12 + 1, 1) - dt.timedelta(days=1)
        return Ended(model=model, day=day, shown=f"in {end}", successor=successor)
    return Ended(model=model, day=dt.date.fromisoformat(end), shown=f"on {end}", successor=successor)
