"""Stand-ins with the class and field names of the GenAI utilities, which this environment does not have."""

from dataclasses import dataclass, field
from typing import Any


@dataclass
class Text:
    content: Any
    type: str = "text"


@dataclass
class ToolCallResponse:
    response: Any
    id: str | None = None
    type: str = "tool_call_response"


@dataclass
class InputMessage:
    role: Any
    parts: Any


@dataclass
class OutputMessage:
    role: Any
    parts: Any
    finish_reason: str | None = None


@dataclass(kw_only=True)
class GenAI:
    span: Any = None
    span_context: Any = None
    trace_id: Any = None
    span_id: Any = None
    trace_flags: int | None = None
    provider: str | None = None
    attributes: Any = field(default_factory=dict[str, Any])
    evaluation_error: str | None = None


@dataclass(kw_only=True)
class ToolCall(GenAI):
    name: str
    arguments: Any = None
    id: str | None = None
    type: str = "tool_call"
    tool_result: Any = None
    error_type: str | None = None


@dataclass(kw_only=True)
class LLMInvocation(GenAI):
    request_model: Any = "gpt-4o"
    input_messages: Any = field(default_factory=list[Any])
    output_messages: Any = field(default_factory=list[Any])
    operation: str = "chat"
    response_model_name: str | None = None
    response_id: str | None = None
    request_functions: Any = field(default_factory=list[Any])
    tool_definitions: Any = None
    response_finish_reasons: Any = field(default_factory=list[str])


@dataclass(kw_only=True)
class EmbeddingInvocation(GenAI):
    request_model: str = ""
    input_texts: Any = field(default_factory=list[str])


@dataclass(kw_only=True)
class RetrievalInvocation(GenAI):
    query: str | None = None
    results: Any = field(default_factory=list[Any])


@dataclass(kw_only=True)
class Workflow(GenAI):
    name: str = "flow"
    input_messages: Any = field(default_factory=list[Any])
    output_messages: Any = field(default_factory=list[Any])


@dataclass(kw_only=True)
class AgentInvocation(GenAI):
    name: str = "agent"
    model: str | None = None
    tools: Any = field(default_factory=list[str])
    system_instructions: Any = None
    operation: str = "invoke_agent"
    input_messages: Any = field(default_factory=list[Any])
    output_messages: Any = field(default_factory=list[Any])


@dataclass(kw_only=True)
class AgentCreation(GenAI):
    name: str = "agent"
    system_instructions: Any = None
    operation: str = "create_agent"


@dataclass(kw_only=True)
class Step(GenAI):
    name: str = "step"
    objective: str | None = None


def asked(*parts: Any) -> list[InputMessage]:
    """What a user said."""
    return [InputMessage("user", list(parts))]


def answered(*parts: Any, reason: str = "stop") -> list[OutputMessage]:
    """What an assistant said."""
    return [OutputMessage("assistant", list(parts), reason)]


def chat(**fields: Any) -> LLMInvocation:
    """A question and its answer."""
    texts: dict[str, Any] = {
        "input_messages": asked(Text("What is the capital of France?")),
        "output_messages": answered(Text("Paris.")),
    }
    return LLMInvocation(**(texts | fields))


@dataclass
class Error:
    message: str
    type: Any


@dataclass
class EvaluationResult:
    """As it was before it had a duration, an evaluator's name and a cost."""

    metric_name: str
    score: float | None = None
    label: str | None = None
    explanation: str | None = None
    error: Error | None = None
    attributes: dict[str, Any] = field(default_factory=dict[str, Any])
