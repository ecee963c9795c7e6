"""Results and failures, and why there is none."""

from typing import Literal

from pydantic import Field

from spanjudge.server.rest.shapes.listing import Page, Shape, Target
from spanjudge.server.rest.shapes.times import Instant


class ResultTarget(Shape):
    """What was judged."""

    kind: Target
    trace_id: str = ""
    span_id: str = ""
    session_id: str = ""


class Result(Shape):
    """One evaluator's outcome. `outcome` is `none` for a failure: then `code` and `message` say why.

    `score_range` is (lowest, highest) of the answer format, `accepted` the part of it that passes.
    """

    id: str
    evaluator: str
    version: str = Field(description="Hash of the definition it was judged by.")
    number: int | None = Field(default=None, description="That version's number.")
    target: ResultTarget
    service: str = ""
    time: Instant
    outcome: Literal["pass", "fail", "value", "none"]
    label: str | None = None
    score: float | None = None
    value: str = Field(default="", description="Score, label or boolean in words.")
    score_range: tuple[float, float] | None = None
    accepted: tuple[float | None, float | None] | None = None
    confidence: float | None = None
    explanation: str = ""
    code: str | None = None
    message: str = ""
    retryable: bool = False
    judge_provider: str | None = None
    judge_model: str | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    cost_usd: float | None = None
    duration_ms: float = 0.0
    calls: int = Field(default=0, description="0: decided without a model.")
    truncated: list[str] = []
    current: bool = Field(
        default=True, description="False: a newer one of the same evaluator took its place."
    )
    input: str = Field(default="", description="First 300 characters of what was judged; in lists only.")
    output: str = ""


class Explained(Shape):
    """How it stands with one evaluator and a span, trace or session."""

    evaluator: str
    version: str
    number: int | None = None
    target: ResultTarget
    state: str = Field(examples=["judged", "waiting", "not_matched", "sampled_out", "no_content"])
    words: str = Field(default="", description="The state in words.", examples=["sampled out"])
    detail: str = Field(default="", description="The result, the clause and value, or the error.")
    line: str = Field(default="", description="State and detail in plain words.")
    since: Instant | None = None
    next: Instant | None = None
    result: Result | None = None


class ExplainedSpan(Shape):
    """A span and every evaluator."""

    trace_id: str
    span_id: str
    evaluators: list[Explained]


class SentPrompt(Shape):
    """What the judge model was asked, put together again from the stored span and the evaluator's version."""

    system: str
    user: str
    answer_schema: dict[str, object] | None = None
    shared_with: list[str] = Field(default=[], description="Evaluators that were judged in the same call.")
    exact: bool = Field(description="False when the span got more content since, or parts are not known.")
    note: str = ""


class Disagreement(Shape):
    """A span, trace or session on which answers differ.

    `evaluators`: `results` are all its current verdicts, fails first. `versions`: the current one of an
    evaluator, then its older ones that said otherwise.
    """

    kind: Literal["evaluators", "versions"]
    target: ResultTarget
    service: str = ""
    time: Instant
    results: list[Result]


class VerdictChange(Shape):
    """How often an evaluator changed its mind about the same target."""

    evaluator: str
    before: Literal["pass", "fail"]
    after: Literal["pass", "fail"]
    count: int


class VerdictChanges(Shape):
    """The most frequent first."""

    items: list[VerdictChange]


class DisagreementPage(Page[Disagreement]):
    """Disagreements, newest first."""


class ResultPage(Page[Result]):
    """Results and what they are of."""
