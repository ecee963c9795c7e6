"""What is evaluated in process: one invocation of a model, an agent, a workflow, a tool."""

from collections.abc import Callable
from typing import Literal

import msgspec

from spanjudge.judging.result import Reason
from spanjudge.judging.subject import Subject
from spanjudge.telemetry.evaluated import Target

Kind = Literal[
    "LLMInvocation",
    "AgentInvocation",
    "AgentCreation",
    "EmbeddingInvocation",
    "RetrievalInvocation",
    "ToolCall",
    "Workflow",
    "Step",
]
"""Kinds of invocations, as the specification of evaluators names them."""

KIND_OF_OPERATION: dict[str, Kind] = {
    "chat": "LLMInvocation",
    "generate_content": "LLMInvocation",
    "text_completion": "LLMInvocation",
    "invoke_agent": "AgentInvocation",
    "create_agent": "AgentCreation",
    "embeddings": "EmbeddingInvocation",
    "retrieval": "RetrievalInvocation",
    "execute_tool": "ToolCall",
    "invoke_workflow": "Workflow",
}
"""Kind by `gen_ai.operation.name`."""


class Skip(msgspec.Struct, frozen=True):
    """Why an invocation as a whole is not evaluated."""

    reason: Reason
    message: str


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """What reading an invocation gives: the subject, or why there is none to judge."""

    subject: Subject = Subject()
    skip: Skip | None = None
    response_id: str | None = None


class Invocation:
    """One invocation, waiting for evaluation or under it.

    `target` names the span it was, empty when there is none. `read` is called once, on the background loop,
    before the first evaluator sees the invocation: what costs time is done there and not in the
    application's thread. `source` is the object it was made from; where that has an attribute
    `evaluation_error`, it is told when the invocation is dropped. `sampled`: whether the span is exported.
    """

    __slots__ = ("_read", "_seen", "evaluation_error", "kind", "sampled", "service", "source", "target")

    def __init__(
        self,
        *,
        kind: Kind,
        read: Callable[[], Seen],
        target: Target | None = None,
        service: str = "",
        source: object = None,
        sampled: bool = True,
    ) -> None:
        """See the class."""
        self.kind: Kind = kind
        self.target = target or Target()
        self.service = service
        self.source = source
        self.sampled = sampled
        self.evaluation_error: str | None = None
        self._read: Callable[[], Seen] | None = read
        self._seen: Seen | None = None

    @property
    def seen(self) -> Seen:
        """Subject, or why it is skipped; read at the first look."""
        if self._seen is None:
            read, self._read = self._read, None
            self._seen = read() if read is not None else Seen()
        return self._seen

    @property
    def subject(self) -> Subject:
        """What a judge sees."""
        return self.seen.subject

    def refused(self, why: str) -> None:
        """Say on the invocation, and on what it was made from, that it is not evaluated."""
        self.evaluation_error = why
        if hasattr(self.source, "evaluation_error"):
            setattr(self.source, "evaluation_error", why)  # noqa: B010  the host's own attribute, of unknown type
