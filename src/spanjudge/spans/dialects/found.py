"""What one dialect found on a span: only what the span carries, everything else left unset."""

from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from spanjudge.spans.raw import LogEvent, RawSpan
from spanjudge.spans.span import Document, Message, ToolCall, ToolDefinition


class Found(msgspec.Struct, kw_only=True):
    """Fields of `Span`, each `None` when this dialect says nothing about it.

    `normalize` merges what several dialects found: for each field the first that says something wins,
    in the order of `normalize.DIALECTS`. An empty tuple says "there are none".
    """

    operation: str | None = None
    kind: str | None = None
    provider: str | None = None
    request_model: str | None = None
    response_model: str | None = None
    response_id: str | None = None
    conversation_id: str | None = None
    agent: str | None = None
    system_prompt: str | None = None
    input_messages: tuple[Message, ...] | None = None
    output_messages: tuple[Message, ...] | None = None
    input_text: str | None = None
    output_text: str | None = None
    input_texts: tuple[str, ...] | None = None
    tools: tuple[ToolDefinition, ...] | None = None
    tool_calls: tuple[ToolCall, ...] | None = None
    tool_name: str | None = None
    tool_arguments: Any = None
    tool_result: str | None = None
    context: tuple[Document, ...] | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    notes: tuple[str, ...] = ()


Dialect = Callable[[RawSpan, Sequence[LogEvent]], Found | None]
"""One dialect: what it finds on a span and its log events, or `None` when the span is not written in it.

It never raises: a value of the wrong shape is a value that is not there.
"""
