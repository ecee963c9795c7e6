"""The little that has to be known of every span that comes in, read from few attributes."""

from collections.abc import Mapping
from typing import Any

import msgspec

from spanjudge.spans.json_text import as_name
from spanjudge.spans.operation import operation_of
from spanjudge.spans.provider import provider_of
from spanjudge.spans.raw import RawSpan
from spanjudge.spans.span import MODEL_OPERATIONS

_MODELS = (
    "gen_ai.response.model",
    "llm.response.model_name",
    "gen_ai.request.model",
    "ai.model.id",
    "llm.request.model_name",
    "llm.model_name",
    "langfuse.observation.model.name",
    "mlflow.llm.model",
)
_CONVERSATIONS = (
    "gen_ai.conversation.id",
    "session.id",
    "langfuse.session.id",
    "gcp.vertex.agent.session_id",
    "ai.telemetry.metadata.sessionId",
    "ai.telemetry.metadata.session_id",
    "traceloop.association.properties.session_id",
    "traceloop.association.properties.conversation_id",
    "langsmith.metadata.session_id",
    "langsmith.metadata.thread_id",
    "langsmith.metadata.conversation_id",
    "mlflow.trace.session",
    "spring.ai.chat.client.conversation.id",
)
_AGENTS = ("gen_ai.agent.name", "agent_name", "agent.name", "graph.node.id")


class Facts(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What a span is about; fields as in `Span`. `model` is the one that answered, else the one asked for."""

    operation: str | None = None
    kind: str | None = None
    provider: str | None = None
    framework: str | None = None
    model: str | None = None
    conversation_id: str | None = None
    agent: str | None = None

    @property
    def is_model_call(self) -> bool:
        """Whether a model answered here."""
        return self.operation in MODEL_OPERATIONS

    @property
    def is_genai(self) -> bool:
        """Whether the span is about GenAI at all, plumbing included."""
        return self.operation is not None or self.kind is not None


_NOTHING = Facts()


def facts(raw: RawSpan) -> Facts:
    """What a span is about, without reading any message. Never raises."""
    operation, kind = operation_of(raw)
    attributes = raw.attributes
    if operation is None and kind is None:
        conversation = first_name(attributes, _CONVERSATIONS[:2])
        return Facts(conversation_id=conversation) if conversation else _NOTHING
    provider, framework = provider_of(attributes)
    return Facts(
        operation=operation,
        kind=kind,
        provider=provider,
        framework=framework,
        model=first_model(attributes, _MODELS),
        conversation_id=first_name(attributes, _CONVERSATIONS),
        agent=first_name(attributes, _AGENTS),
    )


def first_name(attributes: Mapping[str, Any], keys: tuple[str, ...]) -> str | None:
    """The first of the keys that holds a text that is not blank."""
    for key in keys:
        if key in attributes and (name := as_name(attributes[key])):
            return name
    return None


def first_model(attributes: Mapping[str, Any], keys: tuple[str, ...]) -> str | None:
    """As `first_name`; `unknown` is no model."""
    for key in keys:
        if key in attributes and (name := as_name(attributes[key])) and name.lower() != "unknown":
            return name
    return None
