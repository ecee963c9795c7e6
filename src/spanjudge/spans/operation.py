"""What a span is about: the operation in OpenTelemetry's words, whatever dialect names it."""

from collections.abc import Mapping
from typing import Any

from spanjudge.spans.raw import RawSpan
from spanjudge.spans.span import MODEL_OPERATIONS

CHAIN = "chain"
"""Plumbing of a framework."""

_OPENINFERENCE = {
    "llm": "chat",
    "agent": "invoke_agent",
    "tool": "execute_tool",
    "retriever": "retrieval",
    "embedding": "embeddings",
    "reranker": CHAIN,
    "chain": CHAIN,
    "guardrail": CHAIN,
    "evaluator": CHAIN,
    "prompt": CHAIN,
}
_OPENINFERENCE_CALL = (
    "llm.model_name",
    "llm.request.",
    "llm.response.",
    "llm.invocation_parameters",
    "llm.system",
    "llm.provider",
    "llm.token_count.",
    "llm.input_messages.",
    "llm.output_messages.",
    "llm.prompts.",
    "llm.choices.",
)
"""How attributes begin that only a call of a model has."""

_LANGSMITH = {
    "llm": "chat",
    "tool": "execute_tool",
    "retriever": "retrieval",
    "embedding": "embeddings",
    "chain": CHAIN,
    "prompt": CHAIN,
    "parser": CHAIN,
}
_LANGFUSE = {
    "generation": "chat",
    "agent": "invoke_agent",
    "tool": "execute_tool",
    "retriever": "retrieval",
    "embedding": "embeddings",
    "chain": CHAIN,
    "span": CHAIN,
    "evaluator": CHAIN,
    "guardrail": CHAIN,
    "event": CHAIN,
}
_MLFLOW = {
    "chat_model": "chat",
    "llm": "chat",
    "agent": "invoke_agent",
    "tool": "execute_tool",
    "retriever": "retrieval",
    "embedding": "embeddings",
    "reranker": CHAIN,
    "chain": CHAIN,
    "parser": CHAIN,
    "workflow": CHAIN,
    "task": CHAIN,
    "guardrail": CHAIN,
    "evaluator": CHAIN,
}
_TRACELOOP = {"workflow": CHAIN, "task": CHAIN, "agent": "invoke_agent", "tool": "execute_tool"}
_KINDS = (
    ("langfuse.observation.type", _LANGFUSE),
    ("mlflow.spanType", _MLFLOW),
    ("traceloop.span.kind", _TRACELOOP),
)
_REQUEST_TYPES = {
    "chat": "chat",
    "completion": "text_completion",
    "acompletion": "chat",
    "responses": "chat",
    "aresponses": "chat",
    "embedding": "embeddings",
    "embeddings": "embeddings",
    "aembedding": "embeddings",
    "rerank": CHAIN,
}
_ALIASES = {
    "chat_completion": "chat",
    "chat.completion": "chat",
    "chat.completions": "chat",
    "acompletion": "chat",
    "responses": "chat",
    "response": "chat",
    "aresponses": "chat",
    "messages": "chat",
    "converse": "chat",
    "generatecontent": "generate_content",
    "completion": "text_completion",
    "text_generation": "text_completion",
    "embedding": "embeddings",
    "aembedding": "embeddings",
    "vector_db_retrieve": "retrieval",
    "retrieve": "retrieval",
    "agent": "invoke_agent",
    "agent_run": "invoke_agent",
    "invoke_swarm": "invoke_agent",
    "invoke_graph": "invoke_agent",
    "tool": "execute_tool",
    "tool_call": "execute_tool",
    "execute_task": CHAIN,
    "execute_event_loop_cycle": CHAIN,
    "workflow": CHAIN,
    "chain": CHAIN,
    "task": CHAIN,
    "step": CHAIN,
    "framework": CHAIN,
}
_HAYSTACK_NAMES = {
    "haystack.pipeline.run": CHAIN,
    "haystack.async_pipeline.run": CHAIN,
    "haystack.agent.run": "invoke_agent",
    "haystack.agent.step": CHAIN,
    "haystack.agent.step.llm": "chat",
    "haystack.agent.step.tool": "execute_tool",
}
"""Haystack's own spans that no attribute describes."""

_USAGE = (
    "gen_ai.usage.input_tokens",
    "gen_ai.usage.output_tokens",
    "gen_ai.usage.prompt_tokens",
    "gen_ai.usage.completion_tokens",
    "gen_ai.usage.total_tokens",
)
_ADK = "gcp.vertex.agent"


def operation_of(raw: RawSpan) -> tuple[str | None, str | None]:
    """Operation and kind: (`chat`, `None`), (`None`, `chain`), or two `None` when it is not about GenAI.

    The first attribute that says something decides; a span's name never does, but where nothing else is
    written.
    """
    found = raw.operation
    if found is None:
        word = _word(raw, raw.attributes)
        found = raw.operation = (None, CHAIN) if word == CHAIN else (word, None)
    return found


def _word(raw: RawSpan, attributes: Mapping[str, Any]) -> str | None:
    get = attributes.get
    if (kind := get("openinference.span.kind")) is not None and (
        word := _OPENINFERENCE.get(_plain(kind).lower())
    ):
        return CHAIN if word == "chat" and _is_preparation(raw, attributes) else word
    # Before the operation's name: LangSmith calls its retrievers `embeddings` there.
    if (kind := get("langsmith.span.kind")) is not None and (word := _LANGSMITH.get(_plain(kind).lower())):
        return word
    if (name := get("ai.operationId")) is not None and (word := _vercel(_plain(name))):
        return word
    if (name := get("gen_ai.operation.name")) is not None and (word := _named(_plain(name))):
        return word
    return _framework(raw, attributes) or _traces(raw, attributes)


def _is_preparation(raw: RawSpan, attributes: Mapping[str, Any]) -> bool:
    """LlamaIndex calls a step before the call a call, and Haystack a builder of prompts."""
    if "_prepare_chat_with_tools" in raw.name:
        return True
    if "llm.prompt_template.template" not in attributes and not raw.scope.endswith(".haystack"):
        return False
    return not any(key.startswith(_OPENINFERENCE_CALL) for key in attributes)


def _named(name: str) -> str | None:
    """The first word, for OpenLIT writes the model behind it."""
    if name in MODEL_OPERATIONS:
        return name
    first = name.lower().split(maxsplit=1)
    return _ALIASES.get(first[0], first[0]) if first else None


def _vercel(name: str) -> str | None:
    if name.endswith((".doGenerate", ".doStream")):
        return "chat"
    if name == "ai.toolCall":
        return "execute_tool"
    if name.startswith("ai.embed"):
        return "embeddings"
    if name.startswith(("ai.generate", "ai.stream")):
        return "invoke_agent"
    return CHAIN if name.startswith("ai.") else None


def _framework(raw: RawSpan, attributes: Mapping[str, Any]) -> str | None:
    """What only one framework or one older instrumentation writes."""
    get = attributes.get
    for key, words in _KINDS:
        if key in attributes and (word := words.get(_plain(attributes[key]).lower())):
            return word
    if (kind := get("llm.request.type")) is not None and (word := _REQUEST_TYPES.get(_plain(kind).lower())):
        # Messages with roles are a chat, also where it is called a completion.
        return "chat" if word == "text_completion" and "gen_ai.prompt.0.role" in attributes else word
    if (kind := get("haystack.component.type")) is not None:
        return _haystack(_plain(kind))
    if raw.name.startswith("haystack.") and (word := _HAYSTACK_NAMES.get(raw.name)):
        return word
    if "haystack.pipeline.input_data" in attributes or "haystack.pipeline.output_data" in attributes:
        return CHAIN
    return _adk(raw, attributes)


def _haystack(component: str) -> str:
    if component.endswith("Generator"):
        return "chat"
    if component.endswith("Embedder"):
        return "embeddings"
    if component.endswith("Retriever"):
        return "retrieval"
    return "invoke_agent" if component.endswith("Agent") else CHAIN


def _adk(raw: RawSpan, attributes: Mapping[str, Any]) -> str | None:
    """Google's Agent Development Kit 1.x names only its tool spans in an attribute."""
    if raw.scope == _ADK:
        if raw.name == "call_llm":
            return "generate_content"
        if raw.name.startswith("agent_run"):
            return "invoke_agent"
        if raw.name == "invocation":
            return "invoke_workflow"
        if raw.name.startswith("execute_tool"):
            return "execute_tool"
    return "generate_content" if "gcp.vertex.agent.llm_request" in attributes else None


def _traces(raw: RawSpan, attributes: Mapping[str, Any]) -> str | None:
    """What is left on a span that names no operation at all."""
    if "all_messages_events" in attributes or "pydantic_ai.all_messages" in attributes:
        return "invoke_agent"
    if "gen_ai.tool.name" in attributes and "gen_ai.request.model" not in attributes:
        return "execute_tool"
    if "db.vector.query.content" in attributes:
        return "retrieval"
    if raw.scope == "pydantic-ai" and "agent_name" in attributes:
        return "invoke_agent"
    if "gen_ai.request.model" in attributes or "llm.model_name" in attributes:
        return "chat"
    return "chat" if any(key in attributes for key in _USAGE) else None


def _plain(value: object) -> str:
    """Text without the JSON quotes that MLflow puts around everything."""
    return value.strip().strip('"') if isinstance(value, str) else ""
