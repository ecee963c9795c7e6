"""Google's Agent Development Kit 1.x: requests and responses of the model as JSON in `gcp.vertex.agent.*`.

Version 2 writes OpenTelemetry's own attributes and events.
"""

from collections.abc import Sequence
from typing import Any, cast

from spanjudge.spans.conversation import message_of
from spanjudge.spans.dialects.found import Found
from spanjudge.spans.facts import first_model
from spanjudge.spans.json_text import as_count, as_list, as_name, as_object, decoded
from spanjudge.spans.operation import operation_of
from spanjudge.spans.parts import parts_of
from spanjudge.spans.raw import LogEvent, RawSpan
from spanjudge.spans.span import Message, TextPart
from spanjudge.spans.tool_definitions import tool_definitions
from spanjudge.spans.tool_records import arguments_of, result_of

_REQUEST, _RESPONSE = "gcp.vertex.agent.llm_request", "gcp.vertex.agent.llm_response"
_ARGUMENTS, _RESULT = "gcp.vertex.agent.tool_call_args", "gcp.vertex.agent.tool_response"
_NOTHING = ("", "{}", "N/A", "<not serializable>", "<not specified>")


def read(raw: RawSpan, logs: Sequence[LogEvent]) -> Found | None:  # noqa: ARG001  # content is never in logs
    """See `Dialect`."""
    attributes = raw.attributes
    if operation_of(raw)[0] == "execute_tool":
        if _ARGUMENTS not in attributes and _RESULT not in attributes:
            return None
        return Found(
            tool_arguments=_arguments(attributes.get(_ARGUMENTS)),
            tool_result=_result(attributes.get(_RESULT)),
        )
    request = as_object(attributes.get(_REQUEST))
    response = as_object(attributes.get(_RESPONSE))
    if not request and not response:
        return None
    config = as_object(request.get("config"))
    used = as_object(response.get("usage_metadata") or response.get("usageMetadata"))
    output = _content(response.get("content"), "assistant") if response else None
    return Found(
        request_model=first_model(request, ("model",)),
        response_model=first_model(response, ("model_version",)),
        conversation_id=as_name(attributes.get("gcp.vertex.agent.session_id")),
        system_prompt=_instruction(config.get("system_instruction", config.get("systemInstruction"))),
        input_messages=_contents(request.get("contents")) or None,
        output_messages=(output,) if output else None,
        tools=tool_definitions(config.get("tools")) or None,
        input_tokens=as_count(used.get("prompt_token_count")),
        output_tokens=as_count(used.get("candidates_token_count")),
    )


def _contents(value: object) -> tuple[Message, ...]:
    found = (_content(item, "user") for item in as_list(value))
    return tuple(message for message in found if message is not None)


def _content(value: object, role: str) -> Message | None:
    """A `Content` of the Gemini API; an empty one says nothing."""
    item = as_object(value)
    return message_of({**item, "parts": as_list(item.get("parts"))}, role) if item else None


def _instruction(value: object) -> str | None:
    """Text, parts, or a `Content` with parts."""
    found = decoded(value)
    if isinstance(found, dict):
        held = as_object(cast("object", found))
        found = held.get("parts", [held])
    if isinstance(found, str):
        return found.strip() or None
    texts = [part.content for part in parts_of(found) if isinstance(part, TextPart)]
    return "\n\n".join(texts).strip() or None


def _arguments(value: object) -> Any:
    """Nothing where content is switched off, which looks like `{}` all the same."""
    return None if value is None or value in _NOTHING[2:] else arguments_of(value)


def _result(value: object) -> str | None:
    if value is None or value in _NOTHING or value == {}:
        return None
    held = as_object(value)
    if held.get("result") == "<not specified>":
        return None
    return result_of(value)
