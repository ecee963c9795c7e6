"""What a judge sees of a span, trace, session, request or invocation."""

from collections.abc import Mapping
from typing import Any, Literal

import msgspec

from spanjudge.spans.span import Document, Message, ToolCall, ToolDefinition

Field = Literal["input", "output", "messages", "system_prompt", "context", "expected", "tools", "tool_calls"]
"""The fields an evaluator can need, by the name it uses in `needs` and in `{{span.…}}`."""


class Subject(msgspec.Struct, frozen=True, kw_only=True):
    """Everything a judge may look at. `None` and empty both mean: not there.

    `input` is the last user message and `output` the assistant's text; `messages` the full input
    conversation where it is known; `context` what was retrieved; `expected` a ground truth. `folded` names
    the fields in which steps of a long trace or session were folded into a line that counts them.
    """

    input: str | None = None
    output: str | None = None
    messages: tuple[Message, ...] = ()
    system_prompt: str | None = None
    context: tuple[Document, ...] = ()
    expected: str | None = None
    tools: tuple[ToolDefinition, ...] = ()
    tool_calls: tuple[ToolCall, ...] = ()
    model: str | None = None
    provider: str | None = None
    attributes: Mapping[str, Any] = {}
    folded: tuple[Field, ...] = ()

    def has(self, field: Field) -> bool:
        """Whether the field holds anything but white space."""
        value: object = getattr(self, field)
        return bool(value.strip()) if isinstance(value, str) else bool(value)
