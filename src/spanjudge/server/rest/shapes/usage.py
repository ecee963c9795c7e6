"""What judging costs, and what it may cost."""

from typing import Literal

from pydantic import Field

from spanjudge.server.rest.shapes.listing import Body, Shape
from spanjudge.server.rest.shapes.times import Instant


class UsageRow(Shape):
    """What one evaluator used of one judge model on one day (UTC)."""

    day: str = Field(examples=["2026-11-21"])
    evaluator: str
    provider: str
    model: str
    input_tokens: int
    output_tokens: int
    cached_tokens: int
    cost_usd: float
    calls: int
    results: int
    failures: int


class Usage(Shape):
    """Rows of the days asked for, newest first, and their sums."""

    first_day: str
    last_day: str
    rows: list[UsageRow]
    input_tokens: int
    output_tokens: int
    cost_usd: float
    calls: int
    unpriced: list[str] = Field(
        default=[], description="Judge models without a known price: their cost is 0."
    )


class Standing(Shape):
    """One limit and how it stands. `evaluator` is null for all evaluators together."""

    evaluator: str | None = None
    unit: Literal["tokens", "usd"]
    period: Literal["day", "month"]
    limit: float
    used: float
    reserved: float
    resets: Instant
    runs_out: Instant | None = Field(default=None, description="At the pace of this period so far.")


class LimitSet(Body):
    """Limits; 0 is none."""

    tokens_day: int = Field(default=0, ge=0, le=10**15)
    tokens_month: int = Field(default=0, ge=0, le=10**15)
    usd_day: float = Field(default=0, ge=0, le=10**12)
    usd_month: float = Field(default=0, ge=0, le=10**12)


class Budgets(Shape):
    """`from_settings` has what environment and file say; a limit set here takes its place."""

    all: LimitSet
    evaluators: dict[str, LimitSet]
    from_settings: LimitSet
    edited: bool = Field(default=False, description="Whether limits were set here.")
    revision: int = Field(description="To be given with a change: 409 if it is not the newest.")
    standings: list[Standing]


class BudgetChange(Body):
    """All limits anew; `reset` drops what was set here, so that the settings hold again."""

    revision: int
    all: LimitSet = LimitSet()
    evaluators: dict[str, LimitSet] = {}
    reset: bool = False
