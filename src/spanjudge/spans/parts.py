"""Parts of a message in every spelling that is met: GenAI, OpenAI, Anthropic, Gemini, Bedrock, Vercel."""

import json
from collections.abc import Callable
from typing import Any, cast

from spanjudge.spans.span import (
    MediaPart,
    Part,
    ReasoningPart,
    TextPart,
    ToolCall,
    ToolCallPart,
    ToolResultPart,
)

_TEXT = frozenset({"text", "input_text", "output_text", "refusal"})
_REASONING = frozenset({"reasoning", "thinking", "reasoning_content"})
_CALL = frozenset(
    {"tool_call", "tool_use", "tool-call", "function_call", "server_tool_call", "server_tool_use"}
)
_RESULT = frozenset(
    {
        "tool_call_response",
        "tool_result",
        "tool-result",
        "function_call_output",
        "server_tool_call_response",
    }
)
_MEDIA = frozenset(
    {
        "blob",
        "file",
        "uri",
        "image",
        "image_url",
        "input_image",
        "input_audio",
        "input_file",
        "audio",
        "video",
        "document",
        "media",
    }
)
_KNOWN = _TEXT | _REASONING | _CALL | _RESULT | _MEDIA
_RESPONSE_KEYS = ("response", "result", "content", "output", "server_tool_call_response")
_ARGUMENT_KEYS = ("arguments", "input", "args", "server_tool_call")
_BARE = frozenset(
    {
        "text",
        "functionCall",
        "function_call",
        "functionResponse",
        "function_response",
        "toolUse",
        "toolResult",
        "inlineData",
        "inline_data",
        "reasoningContent",
    }
)
"""Keys that say what a part without `type` is (Gemini, Bedrock)."""

_LONGEST_URI = 300
_ADDRESSES = ("http://", "https://", "gs://", "s3://", "data:")
_TOO_DEEP = "[a value nested too deeply to be shown]"


def is_part(value: object) -> bool:
    """Whether a value without a role is a part of a message, and not just some object."""
    if not isinstance(value, dict):
        return False
    part = cast("dict[str, Any]", value)
    kind = part.get("type")
    if isinstance(kind, str):
        return kind in _KNOWN and len(part) > 1
    return kind is None and len(part) == 1 and next(iter(part)) in _BARE - {"text"}


def parts_of(content: object) -> tuple[Part, ...]:
    """The parts of a message's content: text, nothing, one chunk or a list of chunks."""
    if content is None or content == "":
        return ()
    if isinstance(content, list):
        return tuple(_part(item) for item in cast("list[Any]", content) if item not in (None, ""))
    return (_part(content),)


def tool_calls_of(message: dict[str, Any]) -> tuple[Part, ...]:
    """Tool calls that stand beside the content (OpenAI), the older single function call included."""
    listed = message.get("tool_calls")
    calls = cast("list[Any]", listed) if isinstance(listed, list) else []
    if isinstance(message.get("function_call"), dict):
        calls = [*calls, {"function": message["function_call"]}]
    return tuple(_call(cast("dict[str, Any]", call)) for call in calls if isinstance(call, dict))


def as_json(value: object, *, indent: int | None = 2) -> str:
    """Any value as JSON text; what JSON cannot hold is written as its text. Never raises."""
    try:
        return json.dumps(value, ensure_ascii=False, indent=indent, default=str)
    except RecursionError:
        return _TOO_DEEP
    except (TypeError, ValueError):
        try:
            return str(value)
        except (RecursionError, ValueError):
            return _TOO_DEEP


def media_part(part: dict[str, Any]) -> MediaPart:
    """What stood there: kind, type, size or address. The bytes are dropped here and nowhere kept."""
    for key in ("source", "image_url", "input_audio", "file", "inlineData", "inline_data"):
        if isinstance(part.get(key), dict):
            part = {**part, **cast("dict[str, Any]", part[key]), "type": part.get("type")}
    kind = _first_text(part, "mime_type", "media_type", "mimeType", "mediaType", "modality", "format")
    if not kind or kind == "base64":
        kind = str(part.get("type") or "media").removeprefix("input_").removesuffix("_url")
    address = _first_text(part, "uri", "url", "image_url", "file_id", "fileId", "filename", "image")
    data = _first_text(part, "data", "content", "file_data")
    if address == part.get("image") and not address.startswith(_ADDRESSES):
        # The Vercel AI SDK writes an image's base64 where others write its address.
        address, data = "", address
    if address.startswith("data:"):
        kind, _, data = address[5:].partition(",")
        kind, address = kind.split(";")[0], ""
    if address:
        return MediaPart(f"{kind}: {address[:_LONGEST_URI]}")
    return MediaPart(f"{kind}, about {max(1, len(data) * 3 // 4096)} KB, not shown" if data else kind)


def _part(item: object) -> Part:
    if isinstance(item, str):
        return TextPart(item)
    part = _object(item)
    if part is None:
        return TextPart(as_json(item, indent=None))
    kind = part.get("type")
    if not isinstance(kind, str):
        return _bare(part)
    reader = _READERS.get(kind)
    if reader:
        return reader(part)
    text = part.get("content", part.get("text"))
    return TextPart(text if isinstance(text, str) else as_json(part, indent=None))


def _bare(part: dict[str, Any]) -> Part:
    """A part that says by its key what it is (Gemini `text`, `functionCall`; Bedrock `toolUse`)."""
    if isinstance(part.get("text"), str):
        return ReasoningPart(part["text"]) if part.get("thought") is True else TextPart(part["text"])
    for key in ("functionCall", "function_call", "toolUse"):
        if isinstance(part.get(key), dict):
            return _call(part[key])
    for key in ("functionResponse", "function_response", "toolResult"):
        if isinstance(part.get(key), dict):
            held = cast("dict[str, Any]", part[key])
            return _result(held, held.get("id") or held.get("toolUseId"))
    for key in ("inlineData", "inline_data"):
        if isinstance(part.get(key), dict):
            return media_part(part)
    if isinstance(part.get("content"), str):
        return TextPart(part["content"])
    return TextPart(as_json(part, indent=None))


def _call(part: dict[str, Any]) -> ToolCallPart:
    function = part.get("function")
    held = cast("dict[str, Any]", function) if isinstance(function, dict) else part
    name = _first_text(held, "name", "toolName", "tool_name") or "unknown"
    call_id = _first_text(part, "id", "call_id", "toolCallId", "toolUseId")
    arguments: Any = next((held[key] for key in _ARGUMENT_KEYS if held.get(key) is not None), None)
    if isinstance(arguments, str):
        arguments = _parsed(arguments)
    return ToolCallPart(ToolCall(name=name, arguments=arguments, id=call_id or None))


def _parsed(arguments: str) -> object:
    """Arguments sent as JSON text; a text that is no JSON stays text."""
    if arguments.lstrip()[:1] not in ("{", "["):
        return arguments
    try:
        return cast("object", json.loads(arguments))
    except (ValueError, RecursionError):
        return arguments


def _result(part: dict[str, Any], call_id: object) -> ToolResultPart:
    response: Any = next((part[key] for key in _RESPONSE_KEYS if part.get(key) is not None), "")
    if isinstance(response, list):
        items = cast("list[Any]", response)
        texts = [_chunk_text(item) for item in items]
        response = "\n".join(texts)
    elif not isinstance(response, str):
        response = as_json(response, indent=None)
    return ToolResultPart(response, call_id if isinstance(call_id, str) else None)


def _chunk_text(item: object) -> str:
    if isinstance(item, str):
        return item
    part = _object(item)
    if part and (is_part(part) or isinstance(part.get("text"), str)):
        chunk = _part(part)
        if isinstance(chunk, TextPart):
            return chunk.content
        if isinstance(chunk, MediaPart):
            return f"[{chunk.description}]"
    return as_json(item, indent=None)


def _text(part: dict[str, Any], *keys: str) -> str:
    """The first of the keys that is there, as text."""
    for key in keys:
        value: object = part.get(key)
        if isinstance(value, str):
            return value
        held = _object(value)
        if held and isinstance(held.get("value"), str):
            return cast("str", held["value"])
        if value is not None:
            return as_json(value, indent=None)
    return ""


def _object(value: object) -> dict[str, Any] | None:
    return cast("dict[str, Any]", value) if isinstance(value, dict) else None


def _first_text(part: dict[str, Any], *keys: str) -> str:
    for key in keys:
        value = part.get(key)
        if isinstance(value, str) and value:
            return value
    return ""


_READERS: dict[str, Callable[[dict[str, Any]], Part]] = {
    **dict.fromkeys(_TEXT, lambda part: TextPart(_text(part, "content", "text", "refusal"))),
    **dict.fromkeys(
        _REASONING,
        lambda part: ReasoningPart(_text(part, "content", "thinking", "text", "reasoning", "summary")),
    ),
    **dict.fromkeys(_CALL, _call),
    **dict.fromkeys(
        _RESULT, lambda part: _result(part, part.get("id") or part.get("tool_use_id") or part.get("call_id"))
    ),
    **dict.fromkeys(_MEDIA, media_part),
}
