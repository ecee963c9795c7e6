"""Sums over results: what statistics and lists of evaluators show.

Only current outcomes count: the newest of an evaluator and a target. A failure has no verdict and is in no
rate. Times are nanoseconds since 1970.
"""

from typing import Literal

import msgspec

Grouping = Literal["evaluator", "service", "model", "judge_model"]
"""What statistics are told apart by; `model` is the application's."""

SCORE_STEPS = 10
TREND_STEPS = 24


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """Counts of outcomes in a window. `none` are failures, `valued` results without acceptance criteria.

    `targets` are the different spans, traces and sessions. `median` and `slowest` (of 95 in 100 the slowest)
    are durations of judging in seconds, of those that took a model.
    """

    passed: int = 0
    failed: int = 0
    valued: int = 0
    none: int = 0
    mean_score: float | None = None
    input_tokens: int = 0
    output_tokens: int = 0
    cost_usd: float = 0.0
    targets: int = 0
    median: float | None = None
    slowest: float | None = None

    @property
    def pass_rate(self) -> float | None:
        """Passed of those that passed or failed; nothing when there are none."""
        judged = self.passed + self.failed
        return self.passed / judged if judged else None


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One step of time."""

    start_ns: int
    passed: int = 0
    failed: int = 0
    valued: int = 0
    none: int = 0
    mean_score: float | None = None
    cost_usd: float = 0.0
    tokens: int = 0

    @property
    def pass_rate(self) -> float | None:
        """Passed of those that passed or failed; nothing when there are none."""
        judged = self.passed + self.failed
        return self.passed / judged if judged else None


class Series(msgspec.Struct, frozen=True, kw_only=True):
    """One group; `before` is of the window of the same length before this one.

    `scores` are counts in `SCORE_STEPS` equal steps of `score_range`, both only where every score has the
    same range. `labels`, `services` and `codes` come most first.
    """

    key: str
    figures: Figures
    before: Figures
    steps: tuple[Step, ...] = ()
    labels: tuple[tuple[str, int], ...] = ()
    scores: tuple[int, ...] = ()
    score_range: tuple[float, float] | None = None
    services: tuple[str, ...] = ()
    codes: tuple[tuple[str, int], ...] = ()


class Statistics(msgspec.Struct, frozen=True, kw_only=True):
    """`series` begins with the lowest pass rate; those without one come last."""

    start_ns: int
    end_ns: int
    step_ns: int
    total: Figures
    before: Figures
    steps: tuple[Step, ...]
    series: tuple[Series, ...]
    codes: tuple[tuple[str, int], ...] = ()


class LastFailure(msgspec.Struct, frozen=True, kw_only=True):
    """The newest failure of an evaluator."""

    code: str
    message: str
    time_ns: int
    result_id: str


class EvaluatorFigures(msgspec.Struct, frozen=True, kw_only=True):
    """How an evaluator does. `trend` are `TREND_STEPS` equal steps of the window.

    A step is its pass rate, of an evaluator without acceptance criteria its mean score, nothing where none
    was judged. `last_ns` is the newest outcome's time, whenever that was; `waiting` are jobs that wait now.
    """

    now: Figures = Figures()
    before: Figures = Figures()
    trend: tuple[float | None, ...] = ()
    last_failure: LastFailure | None = None
    last_ns: int | None = None
    waiting: int = 0


class OutboxCount(msgspec.Struct, frozen=True, kw_only=True):
    """Results on their way to one destination; `oldest_ns` is when the first of them was stored."""

    destination: str
    count: int
    oldest_ns: int


class PipelineFigures(msgspec.Struct, frozen=True, kw_only=True):
    """What the store knows of the pipeline. `owners` are processes that judge; `waiting` is by evaluator.

    `received` and `errors` are of the window asked for, `median` (seconds) of the results in it that took a
    model; `last_received_ns` is of the newest span, whenever that came.
    """

    received: int = 0
    last_received_ns: int | None = None
    median: float | None = None
    owners: tuple[str, ...] = ()
    waiting: dict[str, int] = {}
    outbox: tuple[OutboxCount, ...] = ()
    errors: tuple["ErrorCount", ...] = ()


class ErrorCount(msgspec.Struct, frozen=True, kw_only=True):
    """Failures of one code and judge model."""

    code: str
    judge_model: str
    count: int
