"""Whether an evaluator judges a target, and if not, why."""

import msgspec

from spanjudge.judging.result import Reason

__all__ = ["JUDGE", "Decision", "Reason"]


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """`judge`: it is judged. Otherwise `reason`, and `detail` in plain words: which clause, which value.

    `may_change`: content that is missing now may still come as log events, or as spans that end later.
    """

    judge: bool
    reason: Reason | None = None
    detail: str = ""
    may_change: bool = False


JUDGE = Decision(judge=True)
