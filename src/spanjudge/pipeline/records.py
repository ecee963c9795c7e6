"""What is handed to a store and comes back from it: spans, jobs, ends, evaluators, as plain values.

`spanjudge.pipeline.ports` gives them again, beside the ports that they are for.
"""

from collections.abc import Sequence
from typing import Literal

import msgspec

from spanjudge.evaluators.evaluator import Evaluator
from spanjudge.pipeline.decision import Reason
from spanjudge.telemetry.evaluated import Evaluated, Target

EvaluatorStatus = Literal["draft", "published", "paused", "archived"]
JobState = Literal["waiting", "leased", "done", "failed", "skipped"]
Overlooked = Literal["", "sampling", "scope"]
"""What does not keep a job from being judged: nothing, the sampling, or services, rules and sampling."""


class SpanRow(msgspec.Struct, kw_only=True, gc=False):
    """A span to be stored. `blob` is the OTLP `Span` message; `envelope` the OTLP `ResourceSpans` it came in,
    without spans (resource and scope; the same bytes again and again, kept once).

    The other fields are what spans are looked up and listed by. Ids are lower-case hexadecimal.
    """  # noqa: D205  # one sentence an idea

    trace_id: str
    span_id: str
    parent_span_id: str
    service: str
    name: str
    operation: str | None
    model: str | None
    session_id: str | None
    start_ns: int
    end_ns: int
    is_error: bool
    blob: bytes
    envelope: bytes


class LogRow(msgspec.Struct, kw_only=True, gc=False):
    """A log record that belongs to a span. `blob` is the OTLP `LogRecord`, `envelope` its `ResourceLogs`."""

    trace_id: str
    span_id: str
    blob: bytes
    envelope: bytes


class NewJob(msgspec.Struct, frozen=True, kw_only=True):
    """One published evaluator version × one target.

    (`evaluator`, `version`, `target.kind`, `target.key`, `generation`) is its identity: a second one changes
    nothing. `parent_span_id` and `model_call` let the store see that a call was recorded twice: a job whose
    span is a model call and whose parent, or child, already has a job of the same evaluator as a model
    call with content is stored as skipped with `same_call`, and so are further ones up the chain.
    `awaits_content`: the span has no content yet; content may come as log events until `due_ns`. When such
    events are stored already, or as soon as they are, the job is due at once; also when its trace has
    retrieval spans, as documents may be what is missing. `reason`: the job is stored
    as skipped with it, for the record. `overlooks` and `backfill` (its id) are of jobs that people asked for.
    """

    evaluator: str
    version: str
    target: Target
    due_ns: int
    parent_span_id: str = ""
    model_call: bool = False
    awaits_content: bool = False
    generation: int = 0
    reason: Reason | None = None
    detail: str = ""
    overlooks: Overlooked = ""
    backfill: int | None = None


class WindowTouch(msgspec.Struct, frozen=True, kw_only=True):
    """A trace or session had a span: its quiet window begins again. `ended`: the sender says it is over."""

    target: Target
    seen_ns: int
    idle_ns: int
    longest_ns: int
    ended: bool = False


class Window(msgspec.Struct, frozen=True, kw_only=True):
    """A trace or session that has been quiet long enough. `generation` grows when it goes on afterwards."""

    target: Target
    generation: int
    first_ns: int
    last_ns: int


class Intake(msgspec.Struct, kw_only=True):
    """What one request brought, to be stored in one transaction, alone or with others."""

    spans: list[SpanRow] = []
    logs: list[LogRow] = []
    jobs: list[NewJob] = []
    touches: list[WindowTouch] = []


class Committed(msgspec.Struct, frozen=True, kw_only=True):
    """How much of it was new: redelivered spans and jobs are not counted."""

    spans: int
    logs: int
    jobs: int


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """A job as stored. Times are nanoseconds since 1970; `attempts` counts failed ones that count.

    `backfill` is the id of the one that made it.
    """

    id: int
    evaluator: str
    version: str
    target: Target
    generation: int
    state: JobState
    attempts: int
    awaits_content: bool
    created_ns: int
    due_ns: int
    reason: Reason | None = None
    detail: str = ""
    error_code: str | None = None
    error_message: str | None = None
    overlooks: Overlooked = ""
    backfill: int | None = None


class Finish(msgspec.Struct, frozen=True, kw_only=True):
    """The end of a job: with an outcome (`done` or `failed`), or skipped with a reason."""

    job: Job
    evaluated: Evaluated | None = None
    reason: Reason | None = None
    detail: str = ""


class Retry(msgspec.Struct, frozen=True, kw_only=True):
    """A job goes back and is due again at `due_ns`. `counts`: the attempt is used up."""

    job: Job
    due_ns: int
    counts: bool = False
    error_code: str | None = None
    error_message: str | None = None


class StoredSpan(msgspec.Struct, frozen=True, kw_only=True):
    """A span out of the store, with the log records that belong to it as (blob, envelope)."""

    trace_id: str
    span_id: str
    blob: bytes
    envelope: bytes
    received_ns: int
    logs: tuple[tuple[bytes, bytes], ...] = ()


class Material(msgspec.Struct, frozen=True, kw_only=True):
    """All that is stored of one target.

    Of a span: the span, and in `retrievals` the retrieval spans of its trace. Of a trace or session: its
    spans in order of start, at most as many as were asked for (of more the first and the last half); `total`
    says how many there are.
    """

    spans: tuple[StoredSpan, ...]
    retrievals: tuple[StoredSpan, ...] = ()
    total: int = 0


class StoredEvaluator(msgspec.Struct, frozen=True, kw_only=True):
    """One version of an evaluator: `number` counts from 1, `evaluator.version` is the content's hash.

    `status` is this version's: at most one version of a name is published or paused, older ones are
    archived. `reason` says why it is paused, `paused_by` who did: the pipeline tries again at
    `retry_ns`, a user's pause stays until the user ends it.
    """

    evaluator: Evaluator
    number: int
    status: EvaluatorStatus
    created_ns: int
    published_ns: int | None = None
    reason: str = ""
    paused_by: Literal["", "user", "pipeline"] = ""
    retry_ns: int | None = None


def current(versions: Sequence[StoredEvaluator]) -> StoredEvaluator | None:
    """Of all versions of one name the one that is edited and published next.

    That is the draft, else what is published or paused, else – all are archived – the one published last,
    else the newest.
    """
    ranks = {"draft": 2, "published": 1, "paused": 1, "archived": 0}
    return max(versions, key=lambda one: (ranks[one.status], one.published_ns or 0, one.number), default=None)


class Outgoing(msgspec.Struct, frozen=True, kw_only=True):
    """An entry of the outbox: a result on its way to one destination."""

    id: int
    evaluated: Evaluated
    attempts: int = 0


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """How the pipeline stands. `oldest_ns` is when the longest waiting due job became due."""

    waiting: int
    leased: int
    oldest_ns: int | None
    outbox: int
    spans: int
    size_bytes: int
