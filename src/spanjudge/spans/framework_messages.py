"""Messages as Haystack and LlamaIndex serialise them, and the items of OpenAI's Responses API."""

from collections.abc import Mapping
from typing import Any, cast

from spanjudge.spans.json_text import as_list, as_name, as_object, as_text, decoded
from spanjudge.spans.messages import message_text, parse_content
from spanjudge.spans.parts import parts_of
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

_CALL_ITEMS = frozenset({"function_call", "custom_tool_call", "mcp_call"})
_RESULT_ITEMS = frozenset({"function_call_output", "custom_tool_call_output"})
_MEDIA_BLOCKS = frozenset({"image", "audio", "document", "video", "file"})
_ITEMS = _CALL_ITEMS | _RESULT_ITEMS | {"message", "reasoning"}


def component_message(value: object) -> Message | None:
    """A Haystack or LlamaIndex `ChatMessage`, as JSON or as read from its `repr`; else `None`."""
    if not isinstance(value, dict):
        return None
    item = cast("dict[str, Any]", value)
    role = known_role(item.get("role", item.get("_role")))
    content: Any = next((item[key] for key in ("_content", "blocks", "content") if key in item), None)
    if role is None or not isinstance(content, list):
        return None
    blocks = [as_object(block) for block in cast("list[Any]", content)]
    own = "_content" in item or "blocks" in item
    if not own and not any({"tool_call", "tool_call_result", "reasoning"} & block.keys() for block in blocks):
        return None
    parts = tuple(part for block in blocks if (part := _block(block)) is not None)
    extra = as_object(item.get("additional_kwargs"))
    if not any(isinstance(part, ToolCallPart) for part in parts):
        parts += tuple(part for call in as_list(extra.get("tool_calls")) if (part := _call(as_object(call))))
    if role == "tool":
        parts = tuple(ToolResultPart(part.content) if isinstance(part, TextPart) else part for part in parts)
    return Message(role=role, parts=parts, name=as_name(item.get("name", item.get("_name"))))


def is_response_items(values: list[Any]) -> bool:
    """Whether a list holds items of the Responses API: all are objects, and some have a type of theirs."""
    kinds = [as_object(value).get("type") for value in values]
    known = sum(kind in _ITEMS for kind in kinds if isinstance(kind, str))
    return bool(known) and all(isinstance(value, dict) for value in values)


def response_items(values: list[Any]) -> tuple[Message, ...]:
    """The items as messages; what one answer said, thought and called is one message."""
    found: list[Message] = []
    for value in values:
        for message in _item(as_object(value)):
            before = found[-1] if found else None
            if before and before.role == message.role == "assistant":
                found[-1] = Message(role="assistant", parts=before.parts + message.parts, name=before.name)
            else:
                found.append(message)
    return tuple(found)


def _item(item: dict[str, Any]) -> tuple[Message, ...]:
    kind = item.get("type")
    if kind in _CALL_ITEMS:
        call = _call(item)
        return (Message(role="assistant", parts=(call,)),) if call else ()
    if kind in _RESULT_ITEMS:
        result = ToolResultPart(_flat(item.get("output")), as_name(item.get("call_id")))
        return (Message(role="tool", parts=(result,)),)
    if kind == "reasoning":
        blocks = [*as_list(item.get("summary")), *as_list(item.get("content"))]
        texts = [text for block in blocks if (text := as_name(as_object(block).get("text")))]
        return (Message(role="assistant", parts=tuple(map(ReasoningPart, texts))),) if texts else ()
    if isinstance(item.get("role"), str):
        content = parse_content([{"role": item["role"], "content": item.get("content")}])
        return content.messages if content else ()
    if isinstance(kind, str) and kind.endswith("_call"):
        return (Message(role="assistant", parts=(ToolCallPart(ToolCall(name=kind)),)),)
    return ()


def _block(block: dict[str, Any]) -> Part | None:  # noqa: PLR0911 - one return for each kind of block
    kind = block.get("block_type", block.get("type"))
    if held := as_object(block.get("tool_call")):
        return _call(held)
    if held := as_object(block.get("tool_call_result")):
        return _result(held)
    if "tool_name" in block:
        return _call(block)
    if "result" in block and "origin" in block:
        return _result(block)
    if held := as_object(block.get("reasoning")):
        text = as_name(held.get("reasoning_text"))
        return ReasoningPart(text) if text else None
    for key in ("reasoning_text", "text"):
        if isinstance(block.get(key), str):
            return TextPart(block[key]) if key == "text" else ReasoningPart(block[key])
    if kind == "thinking":
        return ReasoningPart(as_text(block.get("content")) or "")
    if kind in _MEDIA_BLOCKS or {"image", "file", "base64_image"} & block.keys():
        return MediaPart(str(kind) if kind in _MEDIA_BLOCKS else "image")
    found = parts_of(block)
    return found[0] if block and found else None


def _call(item: Mapping[str, Any]) -> ToolCallPart | None:
    held = as_object(item.get("function")) or item
    name = as_name(held.get("tool_name")) or as_name(held.get("name"))
    if name is None:
        return None
    keys = ("arguments", "tool_kwargs", "args", "input")
    arguments = next((held[key] for key in keys if held.get(key) is not None), None)
    call_id = next((item[key] for key in ("call_id", "tool_call_id", "id") if item.get(key)), None)
    return ToolCallPart(ToolCall(name=name, arguments=decoded(arguments), id=as_name(call_id)))


def _result(held: Mapping[str, Any]) -> ToolResultPart:
    return ToolResultPart(_flat(held.get("result")), as_name(as_object(held.get("origin")).get("id")))


def _flat(content: object) -> str:
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        return message_text(Message(role="tool", parts=parts_of(cast("object", content))))
    return as_text(content) or ""
