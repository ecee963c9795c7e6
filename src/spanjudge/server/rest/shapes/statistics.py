"""Numbers about results."""

from typing import Literal

from pydantic import Field

from spanjudge.server.rest.shapes.listing import Count, Shape
from spanjudge.server.rest.shapes.times import Instant


class Figures(Shape):
    """Counts of current results in a window; failures are in no rate.

    `pass_rate` is passed ÷ (passed + failed), null when there is neither.
    """

    passed: int = 0
    failed: int = 0
    valued: int = 0
    none: int = 0
    pass_rate: float | None = None
    mean_score: float | None = None
    input_tokens: int = 0
    output_tokens: int = 0
    cost_usd: float = 0.0
    spans: int = Field(default=0, description="Different targets.")
    p50_ms: float | None = Field(default=None, description="Median duration of the judging.")
    p95_ms: float | None = None


class Bucket(Shape):
    """One step of time."""

    start: Instant
    passed: int = 0
    failed: int = 0
    valued: int = 0
    none: int = 0
    mean_score: float | None = None
    cost_usd: float = 0.0
    tokens: int = 0


class Series(Shape):
    """One group: an evaluator, service, model or judge model; `before` is of the window before this one."""

    key: str
    figures: Figures
    before: Figures
    buckets: list[Bucket] = []
    labels: list[Count] = []
    scores: list[int] = Field(default=[], description="Ten equal steps from the lowest to the highest score.")
    score_range: tuple[float, float] | None = None
    services: list[str] = []
    codes: list[Count] = []


class Statistics(Shape):
    """`series` begins with the lowest pass rate."""

    start: Instant
    end: Instant
    step_seconds: int
    by: Literal["evaluator", "service", "model", "judge_model"]
    total: Figures
    before: Figures
    buckets: list[Bucket]
    series: list[Series]
    codes: list[Count] = Field(default=[], description="Failures by code.")


class Facets(Shape):
    """What there is to filter by, with counts in the window, most first."""

    services: list[Count]
    models: list[Count]
    operations: list[Count]
    evaluators: list[Count]
    labels: list[Count]
    codes: list[Count]
    judge_models: list[Count]
