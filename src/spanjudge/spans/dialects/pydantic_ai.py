"""Pydantic AI and Logfire: an agent's run as one list of messages, tools under keys of their own."""

from collections.abc import Sequence
from typing import Any

from spanjudge.spans.conversation import messages_of
from spanjudge.spans.dialects.found import Found
from spanjudge.spans.facts import first_name
from spanjudge.spans.json_text import as_count, as_object, as_text, decoded
from spanjudge.spans.operation import operation_of
from spanjudge.spans.raw import LogEvent, RawSpan
from spanjudge.spans.span import Message, ToolDefinition
from spanjudge.spans.tool_definitions import tool_definitions
from spanjudge.spans.tool_records import arguments_of, result_of

_RUN = "pydantic_ai.all_messages"
_MARKS = frozenset(
    {
        _RUN,
        "final_result",
        "model_request_parameters",
        "tool_arguments",
        "tool_response",
        "request_data",
        "response_data",
    }
)


def read(raw: RawSpan, logs: Sequence[LogEvent]) -> Found | None:  # noqa: ARG001  # content is never in logs
    """See `Dialect`."""
    attributes = raw.attributes
    if _MARKS.isdisjoint(attributes):
        return None
    found = Found(agent=first_name(attributes, ("agent_name",)))
    if operation_of(raw)[0] == "execute_tool":
        found.tool_arguments = arguments_of(attributes.get("tool_arguments"))
        found.tool_result = result_of(attributes.get("tool_response"))
        return found
    if _RUN in attributes:
        found.input_messages, found.output_messages = _run(messages_of(attributes[_RUN]))
    if found.output_messages is None and (final := attributes.get("final_result")) is not None:
        found.output_messages = messages_of(as_text(final), role="assistant") or None
    found.tools = _tools(attributes.get("model_request_parameters")) or None
    if "request_data" in attributes:
        _logfire(as_object(attributes["request_data"]), as_object(attributes.get("response_data")), found)
    return found


def _run(messages: tuple[Message, ...]) -> tuple[tuple[Message, ...] | None, tuple[Message, ...] | None]:
    """The last message, when it is the assistant's, is what came out; all others went before it."""
    if messages and messages[-1].role == "assistant":
        return messages[:-1] or None, messages[-1:]
    return messages or None, None


def _tools(parameters: object) -> tuple[ToolDefinition, ...]:
    offered = as_object(parameters)
    return tool_definitions(offered.get("function_tools"))


def _logfire(request: dict[str, Any], response: dict[str, Any], found: Found) -> None:
    """Logfire's own OpenAI and Anthropic integration, before it wrote OpenTelemetry's attributes."""
    sent = messages_of(request.get("messages") or request.get("input") or request.get("prompt"))
    system = decoded(request.get("system") or request.get("instructions"))
    said = response.get("message") or response.get("combined_chunk_content") or response.get("text")
    found.input_messages = found.input_messages or sent or None
    found.system_prompt = (as_text(system) or "").strip() or None if isinstance(system, str) else None
    found.output_messages = found.output_messages or messages_of(said, role="assistant") or None
    found.tools = found.tools or tool_definitions(request.get("tools")) or None
    used = as_object(response.get("usage"))
    for keys, name in (
        (("prompt_tokens", "input_tokens"), "input_tokens"),
        (("completion_tokens", "output_tokens"), "output_tokens"),
    ):
        setattr(
            found, name, next((count for key in keys if (count := as_count(used.get(key))) is not None), None)
        )
