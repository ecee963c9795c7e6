"""Who waits for a judge's answer, and therefore who goes first."""

from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar
from enum import IntEnum


class Rank(IntEnum):
    """Lower goes first; a higher one keeps a small share all the same."""

    INTERACTIVE = 0
    """Somebody looks on: the Remote Scorer, trials, “judge again”."""
    LIVE = 1
    """What comes in."""
    BACKFILL = 2
    """What has lain there for a while."""


_rank: ContextVar[Rank] = ContextVar("rank of judge calls", default=Rank.LIVE)
rank_now = _rank.get
"""The rank of the calls made here; `LIVE` where nobody said otherwise."""


@contextmanager
def ranked(rank: Rank) -> Generator[None]:
    """Judge calls inside have this rank, also those of tasks begun inside."""
    token = _rank.set(rank)
    try:
        yield
    finally:
        _rank.reset(token)
