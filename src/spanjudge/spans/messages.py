"""Content as it travels: plain text, an object, a list or a JSON text, read into messages where it is some.

Read are the GenAI `parts` form, the older `content` form (OpenAI, Anthropic, Gemini and Bedrock chunks
included), a single message, a list of parts, and an object that holds `messages`.
"""

from typing import Any, cast

import msgspec

from spanjudge.spans.json_text import loaded
from spanjudge.spans.parts import as_json, is_part, parts_of, tool_calls_of
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

_LONGEST_JSON = 16_000_000
"""Characters; a longer text is taken as it is."""

_ROLES = {
    "system": "system",
    "developer": "system",
    "instruction": "system",
    "user": "user",
    "human": "user",
    "assistant": "assistant",
    "ai": "assistant",
    "model": "assistant",
    "bot": "assistant",
    "tool": "tool",
    "function": "tool",
    "ipython": "tool",
    "humanmessage": "user",
    "aimessage": "assistant",
    "aimessagechunk": "assistant",
    "systemmessage": "system",
    "toolmessage": "tool",
    "functionmessage": "tool",
}
_HOLDERS = ("messages", "contents", "choices", "message")
_CONTENT_KEYS = ("content", "tool_calls", "function_call", "refusal")


class Content(msgspec.Struct, frozen=True, kw_only=True):
    """What a value says: `text` always, `messages` where it was messages.

    `text` of plain text is that text unchanged; of an object that is no message its indented JSON; of
    messages the whole conversation written out.
    """

    text: str
    messages: tuple[Message, ...] = ()

    @property
    def last_user_text(self) -> str | None:
        """Text of the last user message that has any; `None` when there is none."""
        return _last_text(self.messages, "user")

    @property
    def last_assistant_text(self) -> str | None:
        """Text of the last assistant message that has any; `None` when there is none."""
        return _last_text(self.messages, "assistant")

    @property
    def system_prompt(self) -> str | None:
        """See `system_prompt_of`."""
        return system_prompt_of(self.messages)

    @property
    def tool_calls(self) -> tuple[ToolCall, ...]:
        """Every tool call asked for, in order."""
        return tuple(call for message in self.messages for call in message.tool_calls)

    def as_input(self) -> str | None:
        """What the user said last, or the whole text when this is no conversation; `None` when blank."""
        if not self.messages:
            return self.text if self.text.strip() else None
        return self.last_user_text

    def as_output(self) -> str | None:
        """What the assistant said, or the text when this is no conversation.

        An assistant that said nothing and called nothing gave an empty text; with tool calls alone, or
        without any assistant message, it is `None`.
        """
        if not self.messages:
            return self.text
        answered = any(message.role == "assistant" for message in self.messages)
        return self.last_assistant_text or ("" if answered and not self.tool_calls else None)


def parse_content(value: object, *, role: str = "user") -> Content | None:
    """Read any value; `None` only for `None`. Never raises: an odd shape is text.

    `role` is given to content that does not say whose it is (a bare list of parts).
    """
    if value is None:
        return None
    if isinstance(value, bytes | bytearray):
        value = bytes(value).decode("utf-8", "replace")
    if isinstance(value, tuple):
        value = list(cast("tuple[Any, ...]", value))
    try:
        found = _messages(_decoded(value) if isinstance(value, str) else value, role)
    except RecursionError:
        found = ()
    if found:
        return Content(text=transcript(found), messages=found)
    return Content(text=value if isinstance(value, str) else as_json(value))


def system_prompt_of(messages: tuple[Message, ...]) -> str | None:
    """The system messages in order, each once; `None` when there are none."""
    texts = dict.fromkeys(m.text.strip() for m in messages if m.role == "system" and m.text.strip())
    return "\n\n".join(texts) or None


def transcript(messages: tuple[Message, ...]) -> str:
    """Messages written out for reading: a line with the role, then its parts."""
    return "\n\n".join(
        f"{message.role}{f' ({message.name})' if message.name else ''}:\n{message_text(message)}".rstrip()
        for message in messages
    )


def message_text(message: Message) -> str:
    """All parts of one message as text; media by their description, never their bytes."""
    return "\n".join(part_text(part) for part in message.parts)


def part_text(part: Part) -> str:
    """One part as text."""
    match part:
        case TextPart(content):
            return content
        case ReasoningPart(content):
            return f"[reasoning] {content}"
        case ToolCallPart(call):
            return call_text(call)
        case ToolResultPart(response, _):
            return f"[tool result] {response}"
        case MediaPart(description):
            return f"[{description}]"


def call_text(call: ToolCall) -> str:
    """A tool call as one line: `[tool call] name {"argument": 1}`."""
    arguments = call.arguments if isinstance(call.arguments, str) else as_json(call.arguments, indent=None)
    return (
        f"[tool call] {call.name} {arguments}" if call.arguments is not None else f"[tool call] {call.name}"
    )


def _last_text(messages: tuple[Message, ...], role: str) -> str | None:
    for message in reversed(messages):
        if message.role == role and (text := message.text.strip()):
            return text
    return None


def _decoded(text: str) -> object:
    """The value of a JSON text, also of one that is encoded twice; `None` when it is no JSON structure."""
    value: object = text
    for _ in range(2):
        if not isinstance(value, str) or len(value) > _LONGEST_JSON:
            break
        if value.lstrip()[:1] not in ("[", "{", '"'):
            return None
        value = loaded(value)
    return cast("object", value) if isinstance(value, dict | list) else None


def _messages(value: object, role: str) -> tuple[Message, ...]:
    """The messages a value is; empty when it is something else."""
    if isinstance(value, dict):
        return _of_object(cast("dict[str, Any]", value), role)
    items = cast("list[Any]", value) if isinstance(value, list) else []
    if len(items) == 1 and isinstance(items[0], list):
        items = cast("list[Any]", items[0])
    if not items or not all(isinstance(item, dict) for item in items):
        return ()
    if all(is_part(item) for item in items):
        return (Message(role=role, parts=parts_of(items)),)
    return _of_list(items) if all(_is_message(item) for item in items) else ()


def _of_list(items: list[dict[str, Any]]) -> tuple[Message, ...]:
    read = tuple(_message(item) for item in items)
    choices = len(read) > 1 and all(
        message.role == "assistant" and item.get("finish_reason")
        for message, item in zip(read, items, strict=True)
    )
    # Several complete answers to one question: the first is the one the user saw.
    return read[:1] if choices else read


def _of_object(value: dict[str, Any], role: str) -> tuple[Message, ...]:
    if _is_message(value):
        return (_message(value),)
    for holder in _HOLDERS:
        held = value.get(holder)
        if holder == "choices" and isinstance(held, list) and held:
            first = cast("list[Any]", held)[0]
            held = cast("dict[str, Any]", first).get("message") if isinstance(first, dict) else None
        if isinstance(held, dict) and not _is_message(cast("dict[str, Any]", held)):
            continue
        if found := _messages(cast("object", held), role):
            return found
    parts = value.get("parts")
    if isinstance(parts, list) and len(value) == 1 and all(is_part(p) for p in cast("list[Any]", parts)):
        return (Message(role=role, parts=parts_of(cast("object", parts))),)
    return ()


def _is_message(value: dict[str, Any]) -> bool:
    """Whether an object is a message: the `parts` form with any role, the older form with a known one."""
    role = value.get("role")
    if not isinstance(role, str) or not role:
        return False
    if isinstance(value.get("parts"), list):
        return True
    if role.lower() not in _ROLES or not any(key in value for key in _CONTENT_KEYS):
        return False
    return isinstance(value.get("content"), str | list | dict | None)


def _message(value: dict[str, Any]) -> Message:
    written: str = value["role"]
    role = _ROLES.get(written.lower(), written)
    parts: tuple[Part, ...]
    if isinstance(value.get("parts"), list):
        parts = parts_of(value["parts"])
    elif role == "tool":
        call_id = value.get("tool_call_id") or value.get("id")
        parts = (
            ToolResultPart(_tool_text(value.get("content")), call_id if isinstance(call_id, str) else None),
        )
    else:
        parts = parts_of(value.get("content"))
        if not parts and isinstance(value.get("refusal"), str):
            parts = (TextPart(value["refusal"]),)
        parts += tool_calls_of(value)
    if role == "user" and parts and all(isinstance(part, ToolResultPart) for part in parts):
        role = "tool"
    name = value.get("name")
    return Message(role=role, parts=parts, name=name if isinstance(name, str) and name else None)


def _tool_text(content: object) -> str:
    if isinstance(content, str):
        return content
    return "\n".join(part_text(part) for part in parts_of(content))
