"""Whether an evaluator judges a target, and if not, why."""

from typing import Literal

import msgspec

Reason = Literal[
    "not_matched",
    "sampled_out",
    "missing_variable",
    "no_content",
    "same_call",
    "span_error",
    "draft",
    "paused",
    "budget",
    "own_telemetry",
]
"""Why something was not judged. Fixed words; they are decisions, never failures."""


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """`judge`: it is judged. Otherwise `reason`, and `detail` in plain words: which clause, which value.

    `may_change`: content that is missing now may still come as log events, or as spans that end later.
    """

    judge: bool
    reason: Reason | None = None
    detail: str = ""
    may_change: bool = False


JUDGE = Decision(judge=True)
