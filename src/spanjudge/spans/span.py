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
    """A retrieved document; instrumentations often record the id and not the text."""

    content: str
    id: str | None = None
    score: float | None = None


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
