"""Traces and spans."""

from typing import Any, Literal

from pydantic import Field

from spanjudge.server.rest.shapes.listing import Page, Shape
from spanjudge.server.rest.shapes.results import Explained, Result
from spanjudge.server.rest.shapes.times import Instant


class Chip(Shape):
    """One evaluator's current outcome on a trace or span, as small as a list wants it."""

    evaluator: str
    outcome: Literal["pass", "fail", "value", "none"]
    value: str = Field(default="", description="Score, label or boolean in words; the code of a failure.")
    result_id: str


class Verdicts(Shape):
    """Current outcomes counted; `chips` has what failed and what has no verdict first, at most 8."""

    passed: int = 0
    failed: int = 0
    valued: int = 0
    none: int = 0
    waiting: int = Field(default=0, description="Jobs that wait or are being judged.")
    chips: list[Chip] = []


class TraceRow(Shape):
    """A trace in a list. `input`, `output`: the first 300 characters of the root or the first model call."""

    trace_id: str
    name: str
    service: str
    start: Instant
    duration_ms: float
    spans: int
    errors: int
    models: list[str] = []
    session_id: str | None = None
    input: str = ""
    output: str = ""
    tokens: int | None = None
    judge_cost_usd: float = 0.0
    verdicts: Verdicts = Verdicts()


class SpanRow(Shape):
    """A span in a list."""

    trace_id: str
    span_id: str
    name: str
    service: str
    operation: str | None = None
    model: str | None = None
    start: Instant
    duration_ms: float
    error: bool = False
    input: str = ""
    output: str = ""
    verdicts: Verdicts = Verdicts()


class TreeSpan(Shape):
    """A span of a trace's tree, in the order of a depth-first walk. `offset_ms` is from the trace's start."""

    span_id: str
    parent_span_id: str | None = None
    depth: int
    name: str
    service: str
    operation: str | None = Field(
        default=None, examples=["chat", "execute_tool", "invoke_agent", "retrieval"]
    )
    label: str = Field(default="", description="Model, tool or agent: what the name leaves out.")
    offset_ms: float
    duration_ms: float
    error: bool = False
    duplicate: bool = Field(
        default=False, description="The same call as its parent or child, recorded twice."
    )
    tokens: int | None = None
    verdicts: Verdicts = Verdicts()


class Trace(Shape):
    """A trace as a whole. `results` and `explained` are the trace's and its session's, not its spans'."""

    trace_id: str
    name: str
    service: str
    start: Instant
    duration_ms: float
    session_id: str | None = None
    tokens: int | None = None
    judge_cost_usd: float = 0.0
    judge_tokens: int = 0
    total_spans: int = Field(description="More than `spans` has when it is a very long trace.")
    spans: list[TreeSpan]
    results: list[Result] = []
    explained: list[Explained] = []
    previous: str | None = Field(default=None, description="The trace that started before this one.")
    following: str | None = Field(default=None, description="The trace that started after this one.")


class ShownToolCall(Shape):
    """A tool call in a message."""

    id: str | None = None
    name: str
    arguments: str = Field(default="", description="As JSON where it is JSON.")


class ShownPart(Shape):
    """A part of a message: text, a tool call, a tool's response, or a word about what is not shown."""

    kind: Literal["text", "tool_call", "tool_response", "reasoning", "media", "other"]
    text: str = ""
    tool_call: ShownToolCall | None = None
    total_chars: int = Field(default=0, description="Longer than `text` when it was cut.")


class ShownMessage(Shape):
    """A message of the conversation, in order; what the model said last is marked `is_output`."""

    role: str
    name: str | None = None
    parts: list[ShownPart]
    is_output: bool = False


class ShownTool(Shape):
    """A tool that the model could have called."""

    name: str
    description: str = ""
    parameters: Any = None


class ShownDocument(Shape):
    """A retrieved document."""

    title: str = ""
    text: str
    score: float | None = None
    total_chars: int = 0


class Attribute(Shape):
    """A span attribute as received; long values are cut."""

    name: str
    value: str
    type: str = "string"
    total_chars: int = 0


class SpanDetail(Shape):
    """All about one span."""

    trace_id: str
    span_id: str
    parent_span_id: str | None = None
    name: str
    service: str
    kind: str = ""
    operation: str | None = None
    provider: str | None = None
    model: str | None = None
    dialect: str | None = Field(default=None, description="The instrumentation's dialect it was read as.")
    start: Instant
    duration_ms: float
    received: Instant
    error: bool = False
    error_message: str = ""
    input_tokens: int | None = None
    output_tokens: int | None = None
    session_id: str | None = None
    messages: list[ShownMessage] = []
    system_prompt: str = ""
    tools: list[ShownTool] = []
    documents: list[ShownDocument] = []
    expected: str = ""
    attributes: list[Attribute] = []
    resource_attributes: list[Attribute] = []
    results: list[Result] = Field(
        default=[], description="Current ones: fails, then no verdict, then the rest."
    )
    superseded: int = Field(default=0, description="Older results that newer ones replaced.")
    explained: list[Explained] = Field(default=[], description="Every evaluator without a result, and why.")


TracePage = Page[TraceRow]
SpanPage = Page[SpanRow]
