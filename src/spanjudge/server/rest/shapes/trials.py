"""Trying an evaluator before it is published, and running one over what is stored."""

from typing import Literal

from pydantic import Field

from spanjudge.server.rest.shapes.evaluators import Definition
from spanjudge.server.rest.shapes.listing import Body, Count, Shape
from spanjudge.server.rest.shapes.results import Result, ResultTarget, SentPrompt
from spanjudge.server.rest.shapes.times import Instant


class SpanChoice(Body):
    """A stored span (or, of an evaluator of traces and sessions, what it is part of)."""

    trace_id: str
    span_id: str


class Pasted(Body):
    """Text instead of a stored span."""

    input: str = ""
    output: str = ""
    context: str = ""
    expected: str = ""
    system_prompt: str = ""
    attributes: dict[str, str] = {}


class TrialBody(Body):
    """Run a definition on one span or text; nothing is stored but what it cost."""

    definition: Definition
    span: SpanChoice | None = None
    pasted: Pasted | None = None


class Trial(Shape):
    """What came of it. `skipped` says in words why nothing was asked; then `result` is null."""

    result: Result | None = None
    skipped: str = ""
    published: Result | None = Field(
        default=None, description="What the published version said of this span."
    )
    matches: bool = Field(default=True, description="Whether the scope would take this span.")
    mismatch: str = ""


class Variable(Shape):
    """One variable on the chosen span. `cut`: shortened before the judge sees it."""

    name: str = Field(examples=["span.input", "tenant"])
    attribute: str | None = None
    state: Literal["resolved", "empty", "missing", "cut"]
    text: str = Field(default="", description="Its first 500 characters.")
    total_chars: int = 0
    kept_chars: int = 0
    note: str = Field(default="", description="For a missing one: the nearest attribute on the span.")


class Variables(Shape):
    """Every variable and need of the definition, and the prompt as it would be sent."""

    variables: list[Variable]
    prompt: SentPrompt | None = None
    tokens: int | None = Field(default=None, description="Estimated tokens of the prompt.")


class PreviewBody(Body):
    """What a scope would match."""

    definition: Definition
    hours: float = Field(default=24, gt=0, le=24 * 31)
    samples: int = Field(default=5, ge=0, le=50)


class RuleCount(Shape):
    """How many spans of the services satisfy one rule alone; `without` how many match when it is left out."""

    index: int
    matching: int
    without: int
    seen: bool = Field(description="Whether any span has the attribute.")
    nearest: str = Field(default="", description="The attribute that may have been meant.")


class SampleSpan(Shape):
    """A span that the scope takes."""

    trace_id: str
    span_id: str
    name: str
    service: str
    time: Instant
    input: str = ""
    output: str = ""


class Preview(Shape):
    """Counts of the whole window, projected from `examined` spans when there are more (`exact` is false).

    `received` spans came of the services; `matching` fit rules and kind; `with_content` have what it needs;
    `judged` are left after sampling.
    """

    received: int
    matching: int
    with_content: int
    judged: int
    examined: int
    exact: bool
    rules: list[RuleCount] = []
    reasons: list[Count] = Field(default=[], description="Why others are not judged, most first.")
    samples: list[SampleSpan] = Field(
        default=[],
        description="Some that would be judged; where there are none, some in scope that lack something.",
    )
    calls_day: float
    tokens_call: float
    tokens_day: float
    usd_day: float | None = Field(default=None, description="Null when the price is not known.")
    batched: bool = Field(
        default=False, description="Shares its calls with other evaluators of the judge model."
    )
    budget_left_usd: float | None = None
    budget_left_tokens: float | None = None
    note: str = ""


class AttributeName(Shape):
    """An attribute of recent spans."""

    name: str
    count: int
    type: str = "string"
    example: str = ""


class Attributes(Shape):
    """Names, most frequent first; of `examined` recent spans."""

    items: list[AttributeName]
    examined: int


class AttributeValues(Shape):
    """Values of one attribute, most frequent first."""

    name: str
    items: list[Count]
    examined: int


class JudgeBody(Body):
    """Judge this span, its trace or session now, with a published evaluator, whatever sampling says."""

    evaluator: str
    span_id: str


class Queued(Shape):
    """Jobs that were made."""

    jobs: int
    target: ResultTarget
    note: str = ""


class BackfillBody(Body):
    """Run a published evaluator over stored spans in its scope that it has not judged, newest first."""

    evaluator: str
    start: Instant
    end: Instant
    most: int = Field(default=1000, ge=1, le=1_000_000, description="No more jobs than this.")
    sampled: bool = Field(default=True, description="False judges what sampling would leave out too.")


class BackfillPreview(Shape):
    """What it would do."""

    matching: int
    judged_already: int
    jobs: int
    examined: int
    exact: bool
    tokens: float
    usd: float | None = None
    batched: bool = False
    budget_left_usd: float | None = None
    budget_left_tokens: float | None = None


class Backfill(Shape):
    """A backfill and how far it is."""

    id: int
    evaluator: str
    version: str
    start: Instant
    end: Instant
    most: int
    created: Instant
    state: Literal["searching", "judging", "done", "cancelled"]
    examined: int
    jobs: int
    done: int
    failed: int
    cost_usd: float


class Backfills(Shape):
    """Newest first."""

    items: list[Backfill]
