"""How the pipeline stands, and the judge models."""

from typing import Literal

from pydantic import Field

from spanjudge.server.rest.shapes.listing import Shape
from spanjudge.server.rest.shapes.times import Instant


class Destination(Shape):
    """Where results go."""

    name: str
    waiting: int
    oldest_seconds: float = 0.0
    trouble: str = ""


class PausedEvaluator(Shape):
    """An evaluator that does not run though it is published."""

    evaluator: str
    reason: str
    paused_by: Literal["user", "pipeline"]
    waiting: int
    retry: Instant | None = None


class ErrorCount(Shape):
    """Failures of one code and judge model."""

    code: str
    judge_model: str
    count: int


class PipelineMember(Shape):
    """A process on this store, as it told of itself a few seconds ago; the one that answers, as it is now.

    `trouble` is why it is not ready, takes nothing or cannot store results. `duties` are what it alone does.
    """

    id: str
    host: str
    pid: int
    roles: list[Literal["receiver", "worker", "api"]]
    version: str
    started: Instant
    seen: Instant
    answering: bool = Field(default=False, description="Whether this is the process that answered.")
    received_per_second: float = 0.0
    matched_per_second: float = 0.0
    judged_per_second: float = 0.0
    exported_per_second: float = 0.0
    in_hand: int = 0
    trouble: str = ""
    duties: list[str] = []


class Pipeline(Shape):
    """Rates are of the last minute, of all processes on the store together; counts are of the store.

    `ready` and `not_ready` are of the process that answers; `members` tells of the others.
    """

    received_per_second: float
    matched_per_second: float
    judged_per_second: float
    exported_per_second: float
    received_today: int
    last_received: Instant | None = None
    waiting: int
    leased: int
    oldest_seconds: float
    judged_p50_ms: float | None = None
    outbox: int
    spans: int
    size_bytes: int
    limit_bytes: int = 0
    workers: int
    published: int
    evaluators: int
    destinations: list[Destination]
    paused: list[PausedEvaluator]
    errors: list[ErrorCount] = Field(
        default=[], description="Failures of the last 24 hours by code and judge model."
    )
    members: list[PipelineMember] = Field(default=[], description="Processes on this store, oldest first.")
    ready: bool
    not_ready: str = ""


class Limit(Shape):
    """As it is set in the settings, and what is kept to now; `null` is no limit."""

    set: int | None = None
    now: float | None = None


class JudgeLimits(Shape):
    """How fast a judge model is asked. `held_until`: its provider wants to be left alone until then."""

    requests_per_minute: Limit
    tokens_per_minute: Limit
    concurrency: Limit
    held_until: Instant | None = None
    waiting: int = Field(default=0, description="Calls that wait for their turn.")


class JudgeModel(Shape):
    """A judge model of the settings; `state` is what its latest calls say, without asking it anew."""

    name: str
    provider: str
    model: str
    state: Literal["ready", "starting", "unknown", "limited", "unavailable"]
    detail: str = ""
    last_call: Instant | None = None
    capability: str = Field(default="", examples=["JSON schema", "tool call", "JSON mode", "tagged text"])
    batches: bool = False
    price_input: float | None = Field(default=None, description="USD per million tokens.")
    price_output: float | None = None
    concurrency: int | None = None
    in_flight: int = 0
    requests_per_minute: int | None = Field(default=None, description="What the provider says.")
    tokens_per_minute: int | None = None
    limits: JudgeLimits | None = None
    evaluators: list[str] = []


class JudgeCheck(Shape):
    """What came of asking it now."""

    reachable: bool
    detail: str
    duration_ms: float
    cost_usd: float | None = None


class Judges(Shape):
    """All of them, `default` first."""

    items: list[JudgeModel]


class Change(Shape):
    """What `/api/v1/events` sends as JSON: counters that grow when something changes."""

    spans: int
    results: int
    evaluators: int
    at: Instant
