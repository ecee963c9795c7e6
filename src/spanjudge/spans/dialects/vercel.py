"""The Vercel AI SDK, versions 3 to 6: `ai.operationId`, `ai.prompt*`, `ai.response.*` (once `ai.result.*`).

An outer span (`ai.generateText`) holds the whole run, inner ones (`….doGenerate`) one call each. Version 7
writes OpenTelemetry's own attributes.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

from spanjudge.spans.dialects.found import Found
from spanjudge.spans.dialects.recorded import put_input
from spanjudge.spans.documents import texts_of
from spanjudge.spans.facts import first_model, first_name
from spanjudge.spans.json_text import as_count, as_list, as_name, as_object, as_text, decoded
from spanjudge.spans.media import without_media
from spanjudge.spans.messages import part_text
from spanjudge.spans.operation import operation_of
from spanjudge.spans.parts import media_part, parts_of
from spanjudge.spans.payloads import Payload
from spanjudge.spans.raw import LogEvent, RawSpan
from spanjudge.spans.roles import known_role
from spanjudge.spans.span import (
    MediaPart,
    Message,
    Part,
    ReasoningPart,
    TextPart,
    ToolCall,
    ToolCallPart,
    ToolResultPart,
)
from spanjudge.spans.tool_definitions import tool_definitions
from spanjudge.spans.tool_records import arguments_of, result_of

_OPERATION = "ai.operationId"
_ADDRESSES = ("http://", "https://", "gs://", "s3://", "file-")
_READ = (
    "ai.usage.inputTokens",
    "ai.usage.promptTokens",
    "gen_ai.usage.input_tokens",
    "gen_ai.usage.prompt_tokens",
)
_WRITTEN = (
    "ai.usage.outputTokens",
    "ai.usage.completionTokens",
    "gen_ai.usage.output_tokens",
    "gen_ai.usage.completion_tokens",
)
_CONVERSATIONS = tuple(
    f"ai.telemetry.metadata.{key}"
    for key in ("sessionId", "session_id", "conversationId", "threadId", "chatId", "langfuseSessionId")
)


def read(raw: RawSpan, logs: Sequence[LogEvent]) -> Found | None:
    """See `Dialect`."""
    del logs
    attributes = raw.attributes
    if _OPERATION not in attributes:
        return None
    found = Found(
        conversation_id=first_name(attributes, _CONVERSATIONS),
        agent=as_name(attributes.get("ai.telemetry.functionId")),
        provider=as_name(attributes.get("ai.model.provider")),
        request_model=first_model(attributes, ("ai.model.id", "gen_ai.request.model")),
        response_model=first_model(attributes, ("ai.response.model", "gen_ai.response.model")),
        response_id=first_name(attributes, ("ai.response.id", "gen_ai.response.id")),
    )
    operation, kind = operation_of(raw)
    _READERS.get(operation or kind or "", _call)(raw, found)
    return found


def _call(raw: RawSpan, found: Found) -> None:
    """A call of a model, or the run around its calls; a run's usage is the sum of them."""
    attributes = raw.attributes
    put_input(found, Payload(messages=_prompt(attributes)))
    found.tools = tool_definitions(as_list(attributes.get("ai.prompt.tools")))
    message = _answer(attributes)
    found.tool_calls = message.tool_calls
    found.output_text = message.text.strip() or None
    if message.parts:
        found.output_messages = (message,)
    found.input_tokens = _count(attributes, _READ)
    found.output_tokens = _count(attributes, _WRITTEN)


def _prompt(attributes: Mapping[str, Any]) -> tuple[Message, ...]:
    if messages := _messages(attributes.get("ai.prompt.messages")):
        return messages
    given = decoded(attributes.get("ai.prompt"))
    if isinstance(given, str):
        return (Message(role="user", parts=(TextPart(without_media(given)),)),) if given.strip() else ()
    asked = as_object(given)
    system = _system(asked.get("system"))
    prompt = decoded(asked.get("prompt"))
    if isinstance(prompt, str) and prompt.strip():
        return (*system, Message(role="user", parts=(TextPart(without_media(prompt)),)))
    return system + _messages(prompt or asked.get("messages") or given)


def _system(value: object) -> tuple[Message, ...]:
    """Text, or messages of the system (version 6)."""
    found = decoded(value)
    if isinstance(found, str):
        return (Message(role="system", parts=(TextPart(found),)),) if found.strip() else ()
    listed: list[Any] = cast("list[Any]", found) if isinstance(found, list) else [found] if found else []
    return _messages([{"role": "system", **as_object(item)} for item in listed])


def _messages(value: object) -> tuple[Message, ...]:
    return tuple(
        message for item in as_list(value) if (message := _message(as_object(decoded(item)))) is not None
    )


def _message(item: dict[str, Any]) -> Message | None:
    written = as_name(item.get("role"))
    if written is None:
        return None
    role = known_role(written) or written
    content = decoded(item["content"]) if isinstance(item.get("content"), list) else item.get("content")
    listed: object = content if content not in (None, "", []) else item.get("parts")
    blocks = cast("list[Any]", listed) if isinstance(listed, list) else [listed]
    parts = tuple(part for block in blocks if (part := _part(block)) is not None)
    return Message(role=role, parts=parts)


def _part(block: object) -> Part | None:  # noqa: PLR0911 - one return for each kind of part
    if isinstance(block, str):
        return TextPart(without_media(block)) if block else None
    item = as_object(block)
    kind = item.get("type")
    if kind in ("image", "file", "file-data", "image-data", "reasoning-file"):
        return _media(item)
    if kind == "tool-call":
        return _tool_call(item)
    if kind == "tool-result":
        call_id = as_name(item.get("toolCallId"))
        return ToolResultPart(_tool_output(item.get("output", item.get("result"))), call_id)
    text = item.get("text")
    if kind in ("reasoning", "redacted-reasoning"):
        return ReasoningPart(text) if isinstance(text, str) and text else None
    if isinstance(text, str):
        return TextPart(without_media(text))
    found = parts_of(item) if item else ()
    return found[0] if found else None


def _media(item: dict[str, Any]) -> MediaPart:
    """Data stands in the field of an address, as text or as an object of bytes: only an address is kept."""
    kind = as_name(item.get("mediaType")) or as_name(item.get("mimeType")) or str(item.get("type"))
    held = next((item[key] for key in ("image", "data", "url") if item.get(key) is not None), "")
    if isinstance(held, str) and held.startswith(_ADDRESSES):
        return media_part({"type": kind, "mime_type": kind, "url": held})
    if isinstance(held, str) and held.startswith("data:"):
        return media_part({"type": kind, "url": held})
    return media_part({"type": kind, "mime_type": kind, "data": held if isinstance(held, str) else ""})


def _tool_call(item: dict[str, Any]) -> ToolCallPart | None:
    name = as_name(item.get("toolName"))
    if name is None:
        return None
    given = item.get("input", item.get("args"))
    call_id = as_name(item.get("toolCallId"))
    return ToolCallPart(ToolCall(name=name, arguments=arguments_of(given), id=call_id))


def _tool_output(value: object) -> str:
    """Version 5 and later say what kind of output it is: `{"type": "text", "value": …}`."""
    item = as_object(value)
    kind = item.get("type")
    if isinstance(kind, str) and "value" in item:
        if kind == "content":
            parts = (_part(block) for block in as_list(item["value"]))
            return "\n".join(part_text(part) for part in parts if part is not None)
        value = item["value"]
    return result_of(value) or ""


def _answer(attributes: Mapping[str, Any]) -> Message:
    parts: list[Part] = []
    if thought := as_name(attributes.get("ai.response.reasoning")):
        parts.append(ReasoningPart(thought))
    texts = (as_text(attributes.get(key)) for key in ("ai.response.text", "ai.result.text"))
    text = next((text for text in texts if text and text.strip()), None) or _object(attributes)
    if text:
        parts.append(TextPart(without_media(text)))
    for key in ("ai.response.toolCalls", "ai.result.toolCalls"):
        calls = [_tool_call(as_object(decoded(item))) for item in as_list(attributes.get(key))]
        if any(calls):
            parts.extend(call for call in calls if call)
            break
    return Message(role="assistant", parts=tuple(parts))


def _object(attributes: Mapping[str, Any]) -> str | None:
    """A generated object, written the same way whether the model or the SDK wrote it."""
    for key in ("ai.response.object", "ai.result.object"):
        value = attributes.get(key)
        found = decoded(value)
        if isinstance(found, dict | list):
            return as_text(cast("object", found))
        if (text := as_text(value)) and text.strip() and text != "undefined":
            return text
    return None


def _tool(raw: RawSpan, found: Found) -> None:
    attributes = raw.attributes
    found.request_model = None
    found.tool_name = as_name(attributes.get("ai.toolCall.name"))
    given = attributes.get("ai.toolCall.args", attributes.get("ai.toolCall.input"))
    found.tool_arguments = arguments_of(given)
    result = attributes.get("ai.toolCall.result", attributes.get("ai.toolCall.output"))
    found.tool_result = _tool_output(result) if result is not None else None


def _embeddings(raw: RawSpan, found: Found) -> None:
    attributes = raw.attributes
    values = as_list(attributes.get("ai.values")) or [attributes.get("ai.value")]
    found.input_texts = texts_of([decoded(value) for value in values if value is not None])


def _count(attributes: Mapping[str, Any], keys: tuple[str, ...]) -> int | None:
    return next((count for key in keys if (count := as_count(attributes.get(key))) is not None), None)


_READERS: dict[str, Callable[[RawSpan, Found], None]] = {
    "execute_tool": _tool,
    "embeddings": _embeddings,
}
