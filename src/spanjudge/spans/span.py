"""Messages, parts, tool calls and documents, as every dialect is normalised to.

Names follow the OpenTelemetry GenAI message schemas (`gen_ai.input.messages` and friends).
"""

from typing import Any

import msgspec


class ToolCall(msgspec.Struct, frozen=True, kw_only=True):
    """A tool the model asked for; `arguments` is the parsed object, or the text when it is no JSON."""

    name: str
    arguments: Any = None
    id: str | None = None


class ToolDefinition(msgspec.Struct, frozen=True, kw_only=True):
    """A tool the model was offered; `parameters` is a JSON schema or nothing."""

    name: str
    description: str = ""
    parameters: Any = None


class Document(msgspec.Struct, frozen=True, kw_only=True):
    """A document the answer may rest on; instrumentations often record the id and not the text.

    `retrieved`: it was looked up for the answer, and not given along with the question.
    """

    content: str
    id: str | None = None
    score: float | None = None
    retrieved: bool = True


class TextPart(msgspec.Struct, frozen=True, tag="text"):
    """Plain text."""

    content: str


class ReasoningPart(msgspec.Struct, frozen=True, tag="reasoning"):
    """What the model thought before it answered."""

    content: str


class ToolCallPart(msgspec.Struct, frozen=True, tag="tool_call"):
    """A request to call a tool."""

    call: ToolCall


class ToolResultPart(msgspec.Struct, frozen=True, tag="tool_call_response"):
    """What a tool gave back, as text."""

    response: str
    id: str | None = None


class MediaPart(msgspec.Struct, frozen=True, tag="media"):
    """An image, sound or file. Its bytes are never kept: `description` says what stood there."""

    description: str


Part = TextPart | ReasoningPart | ToolCallPart | ToolResultPart | MediaPart


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """One message of a conversation, in the order it was sent."""

    role: str
    parts: tuple[Part, ...] = ()
    name: str | None = None

    @property
    def text(self) -> str:
        """The text parts, joined by blank lines."""
        return "\n\n".join(part.content for part in self.parts if isinstance(part, TextPart))

    @property
    def tool_calls(self) -> tuple[ToolCall, ...]:
        """The tool calls asked for in this message."""
        return tuple(part.call for part in self.parts if isinstance(part, ToolCallPart))


class SpanUsage(msgspec.Struct, frozen=True, kw_only=True):
    """Tokens that the judged call itself read and wrote, as recorded; `None` is not recorded."""

    input: int | None = None
    output: int | None = None


class Span(msgspec.Struct, frozen=True, kw_only=True):
    """One span, whatever dialect it was written in. `None` and empty: the span does not carry it.

    `operation` is OpenTelemetry's word (`chat`, `generate_content`, `text_completion`, `embeddings`,
    `retrieval`, `execute_tool`, `invoke_agent`, `create_agent`, `invoke_workflow`) or `None`; then `kind`
    is `chain` for plumbing of a framework and `None` for a span that is not about GenAI at all.
    `framework` is what the provider attribute held when that is a framework. `dialect` names the file
    that understood the content. `error` says why the operation failed. Texts are trimmed.
    `input_texts` are an embedding's, `tool_name`, `tool_arguments` and `tool_result` a tool span's.
    `notes` tell what is odd about the span, also that the model was shown something that a judge of texts
    cannot see.
    """

    trace_id: str
    span_id: str
    parent_span_id: str = ""
    name: str = ""
    service: str = ""
    scope: str = ""
    dialect: str = ""
    start_ns: int = 0
    end_ns: int = 0
    operation: str | None = None
    kind: str | None = None
    error: str | None = None
    provider: str | None = None
    framework: str | None = None
    request_model: str | None = None
    response_model: str | None = None
    response_id: str | None = None
    conversation_id: str | None = None
    agent: str | None = None
    system_prompt: str | None = None
    input_text: str | None = None
    output_text: str | None = None
    input_messages: tuple[Message, ...] = ()
    output_messages: tuple[Message, ...] = ()
    input_texts: tuple[str, ...] = ()
    tools: tuple[ToolDefinition, ...] = ()
    tool_calls: tuple[ToolCall, ...] = ()
    tool_name: str | None = None
    tool_arguments: Any = None
    tool_result: str | None = None
    context: tuple[Document, ...] = ()
    usage: SpanUsage | None = None
    notes: tuple[str, ...] = ()

    @property
    def is_model_call(self) -> bool:
        """Whether a model answered here."""
        return self.operation in MODEL_OPERATIONS

    @property
    def has_content(self) -> bool:
        """Whether there is any text, or tool call, to judge."""
        return bool(self.input_text or self.output_text or self.tool_calls or self.output_messages)


MODEL_OPERATIONS = frozenset({"chat", "generate_content", "text_completion"})
"""Operations in which a model answered."""
