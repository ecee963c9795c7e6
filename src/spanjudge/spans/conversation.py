"""Messages that stand where messages are expected: read leniently, each item kept, whatever its shape."""

from typing import Any, cast

from spanjudge.spans.json_text import as_list, as_name, as_object, as_text, decoded
from spanjudge.spans.messages import part_text
from spanjudge.spans.parts import is_part, parts_of, tool_calls_of
from spanjudge.spans.roles import known_role
from spanjudge.spans.span import Message, Part, TextPart, ToolResultPart

_BEDROCK = frozenset({"image", "document", "video", "audio", "reasoningContent", "cachePoint"})
_SAYS = ("role", "parts", "content", "tool_calls", "function_call")


def messages_of(value: object, *, role: str = "user", first_choice: bool = False) -> tuple[Message, ...]:
    """The messages of a value: a list, JSON text of one (also twice encoded), one message, or plain text.

    `role` is given to what does not say whose it is. `first_choice`: of several complete answers to one
    question only the first is taken, the one that the user saw.
    """
    items = _items(decoded(value))
    if not items:
        return ()
    if all(is_part(item) and "role" not in item for item in items):
        return (Message(role=role, parts=parts_of(items)),)
    if first_choice and len(items) > 1 and all(_is_choice(item) for item in items):
        items = items[:1]
    return tuple(message for item in items if (message := _one(item, role)) is not None)


def message_of(item: dict[str, Any], role: str) -> Message:
    """One message: the `parts` form or the older `content` form; `role` where it does not name one.

    What a user sends that is nothing but results of tools is a message of the tool.
    """
    written = item.get("role")
    role = known_role(written) or (written if isinstance(written, str) and written else role)
    listed = item.get("parts")
    parts = parts_of(cast("object", listed)) if isinstance(listed, list) else _content(item, role)
    if role == "user" and parts and all(isinstance(part, ToolResultPart) for part in parts):
        role = "tool"
    return Message(role=role, parts=parts, name=as_name(item.get("name")))


def content_parts(content: object) -> tuple[Part, ...]:
    """The parts of a message's content: text, JSON text of a list of blocks, a list, or Gemini's `parts`."""
    if isinstance(content, str) and content.lstrip()[:1] in ("[", "{"):
        blocks = decoded(content)
        listed = cast("list[Any]", blocks) if isinstance(blocks, list) else [blocks]
        # A user may send JSON of his own; it stays the text that it is.
        if listed and all(is_block(block) for block in listed):
            content = listed
    if isinstance(content, dict):
        held = cast("dict[str, Any]", content)
        listed = held.get("parts")
        content = cast("object", listed) if isinstance(listed, list) else held
    if isinstance(content, list):
        content = [_typed(block) for block in cast("list[Any]", content)]
    return parts_of(content)


def is_block(value: object) -> bool:
    """Whether a value is a block of a message's content: a part, or Gemini's and Bedrock's `{"text": …}`."""
    if is_part(value):
        return True
    block = cast("dict[str, Any]", value) if isinstance(value, dict) else {}
    return len(block) == 1 and (isinstance(block.get("text"), str) or not _BEDROCK.isdisjoint(block))


def _typed(block: object) -> object:
    """Bedrock's blocks that say by their key what they are, with a type; its marks for the cache are none."""
    if not isinstance(block, dict) or len(cast("dict[str, Any]", block)) != 1:
        return cast("object", block)
    key, held = next(iter(cast("dict[str, Any]", block).items()))
    if key not in _BEDROCK:
        return cast("object", block)
    if key == "reasoningContent":
        return {"type": "reasoning", "content": as_object(as_object(held).get("reasoningText")).get("text")}
    return None if key == "cachePoint" else {"type": key, **as_object(held)}


def _items(value: object) -> list[Any]:
    if isinstance(value, str):
        return [value] if value.strip() else []
    if isinstance(value, dict):
        held = cast("dict[str, Any]", value)
        for key in ("messages", "contents"):
            if key in held and not any(word in held for word in _SAYS):
                return as_list(held[key])
        return [held] if held else []
    if isinstance(value, tuple):
        value = list(cast("tuple[Any, ...]", value))
    items = cast("list[Any]", value) if isinstance(value, list) else []
    return cast("list[Any]", items[0]) if len(items) == 1 and isinstance(items[0], list) else items


def _is_choice(item: object) -> bool:
    message = cast("dict[str, Any]", item) if isinstance(item, dict) else {}
    return known_role(message.get("role")) == "assistant" and bool(message.get("finish_reason"))


def _one(item: object, role: str) -> Message | None:
    item = decoded(item)
    if isinstance(item, dict):
        message = cast("dict[str, Any]", item)
        if any(key in message for key in _SAYS):
            return message_of(message, role)
        return Message(role=role, parts=parts_of([message])) if message else None
    text = as_text(item)
    return Message(role=role, parts=(TextPart(text),)) if text and text.strip() else None


def _content(item: dict[str, Any], role: str) -> tuple[Part, ...]:
    content: object = item.get("content")
    if role == "tool":
        call_id = as_name(item.get("tool_call_id")) or as_name(item.get("id"))
        parts = content_parts(content)
        if parts and all(isinstance(part, ToolResultPart) for part in parts):
            return parts
        return (ToolResultPart(_flat(content, parts), call_id),)
    parts = content_parts(content)
    if not parts and isinstance(item.get("refusal"), str):
        parts = (TextPart(item["refusal"]),)
    return parts + tool_calls_of(item)


def _flat(content: object, parts: tuple[Part, ...]) -> str:
    if isinstance(content, str) and not all(isinstance(part, TextPart) for part in parts):
        return content
    return "\n".join(part_text(part) for part in parts)
