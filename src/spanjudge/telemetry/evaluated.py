"""One outcome with what it was about: what is stored, exported and shown."""

import hashlib
from typing import Literal

import msgspec

from spanjudge.judging.result import EvaluationFailure, Outcome

TargetKind = Literal["span", "trace", "session"]


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """What was, or is to be, judged. Ids are lower-case hexadecimal.

    Of a span: `trace_id` and `span_id`. Of a trace: `trace_id`, and `span_id` of its root where known. Of
    a session: `session_id` (the conversation id), and trace and span of its last turn where known.
    """

    kind: TargetKind = "span"
    trace_id: str = ""
    span_id: str = ""
    session_id: str = ""

    @property
    def key(self) -> str:
        """What tells this target from others of its kind."""
        if self.kind == "span":
            return self.trace_id + self.span_id
        return self.trace_id if self.kind == "trace" else self.session_id


class Evaluated(msgspec.Struct, frozen=True, kw_only=True):
    """A result or a failure, and its target.

    `id` is the same however often the same job is done (see `result_id`). `service` is the judged
    service's name, `response_id` the judged span's `gen_ai.response.id`. `time_ns` is when the outcome
    came about. `generation` counts how often a target that went on was judged again: a higher one
    supersedes the lower ones.
    """

    id: str
    outcome: Outcome
    target: Target
    service: str = ""
    response_id: str | None = None
    time_ns: int = 0
    generation: int = 0

    @property
    def is_failure(self) -> bool:
        """Whether no verdict was reached."""
        return isinstance(self.outcome, EvaluationFailure)


def result_id(evaluator: str, version: str, target: Target, generation: int = 0) -> str:
    """Thirty-two hexadecimal digits that name the outcome of one job."""
    text = "\x1f".join((evaluator, version, target.kind, target.key, str(generation)))
    return hashlib.sha256(text.encode()).hexdigest()[:32]
