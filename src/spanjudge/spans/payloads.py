"""What an instrumentation recorded as the input or the output of a step, read into messages or a text.

Such values are requests and responses of providers, states and results of frameworks, arguments of
functions, Python reprs or plain text, and rarely say which. Nothing here raises.
"""

from typing import Any, cast

import msgspec

from spanjudge.spans.framework_messages import component_message, is_response_items, response_items
from spanjudge.spans.json_text import as_list, as_name, as_object, as_text, decoded
from spanjudge.spans.langchain_messages import langchain_message, langchain_result, prompt_messages
from spanjudge.spans.media import without_media
from spanjudge.spans.messages import parse_content
from spanjudge.spans.parts import is_part, parts_of
from spanjudge.spans.python_repr import CLASS, read_repr
from spanjudge.spans.span import Message, TextPart, ToolDefinition
from spanjudge.spans.tool_definitions import is_tool_definition, tool_definitions

_DEEPEST = 6
_HOLDERS = {
    "user": ("messages", "contents", "input", "inputs", "kwargs", "args", "message", "prompts", "request"),
    "assistant": (
        "messages",
        "message",
        "last_message",
        "replies",
        "output",
        "outputs",
        "response",
        "result",
        "content",
        "update",
        "return_values",
    ),
}
_TEXT_KEYS = {
    "user": (
        "input",
        "question",
        "query",
        "prompt",
        "user_input",
        "user_message",
        "user_query",
        "user_msg",
        "query_str",
        "query_bundle",
        "text",
        "message",
        "task",
        "content",
        "prompts",
        "inputs",
        "kwargs",
        "args",
    ),
    "assistant": (
        "output",
        "answer",
        "response",
        "result",
        "final_output",
        "final_answer",
        "output_text",
        "text",
        "content",
        "completion",
        "generated_text",
        "raw",
        "message",
        "replies",
        "outputs",
        "return_values",
    ),
}
"""Under which key a step's text stands, the surest first."""


class Payload(msgspec.Struct, frozen=True, kw_only=True):
    """One value that was read. `text` is what it says when it is no conversation, else `None`."""

    messages: tuple[Message, ...] = ()
    text: str | None = None
    tools: tuple[ToolDefinition, ...] = ()
    model: str | None = None

    @property
    def last_user_text(self) -> str | None:
        """What the user said last, or the whole text when this is no conversation."""
        return _last_text(self.messages, "user") if self.messages else self.text

    @property
    def last_assistant(self) -> Message | None:
        """The last message of the assistant."""
        return next((m for m in reversed(self.messages) if m.role == "assistant"), None)


def read_input(value: object) -> Payload:
    """What went in: a conversation, with the tools and the model that a request names, or a text."""
    return _read(value, "user")


def read_output(value: object) -> Payload:
    """What came out: messages of the assistant, or a text."""
    return _read(value, "assistant")


def messages_in(value: object, role: str = "user") -> tuple[Message, ...]:
    """The messages a value is or holds; `role` is whose it is when it does not say so."""
    return _messages(_structure(value), role, 0)


def answers(messages: tuple[Message, ...]) -> tuple[Message, ...]:
    """One answer of several: what follows the last user message, and of whole alternatives the first."""
    last_user = max((at for at, message in enumerate(messages) if message.role == "user"), default=-1)
    messages = messages[last_user + 1 :]
    spoken = [at for at, message in enumerate(messages) if message.text.strip()]
    alternatives = len(spoken) > 1 and all(message.role == "assistant" for message in messages)
    plain = not any(message.tool_calls for message in messages)
    return messages[: spoken[1]] if alternatives and plain else messages


def plain_text(value: object) -> str | None:
    """A value as text without media: text itself, JSON for anything else; `None` for nothing."""
    text = as_text(value)
    return None if text is None else without_media(text)


def _read(value: object, role: str) -> Payload:
    if value is None:
        return Payload()
    found = _structure(value)
    request = as_object(found)
    messages = _messages(found, role, 0)
    definitions, messages = _without_definitions(messages)
    tools = tool_definitions(request.get("tools")) or definitions
    model = as_name(request.get("model"))
    if messages:
        return Payload(messages=messages, tools=tools, model=model)
    text = _text(found, role, 0)
    return Payload(text=plain_text(value) if text is None else without_media(text), tools=tools, model=model)


def _structure(value: object) -> object:
    """The value behind JSON text or a Python repr of messages; other text as it is."""
    found = decoded(value)
    written = read_repr(found) if isinstance(found, str) else None
    return found if written is None or isinstance(written, str) else written


def _messages(value: object, role: str, depth: int) -> tuple[Message, ...]:
    if depth > _DEEPEST:
        return ()
    value = decoded(value)
    if isinstance(value, list | tuple):
        return _of_list(list(cast("list[Any]", value)), role, depth)
    if isinstance(value, dict):
        return _of_object(cast("dict[str, Any]", value), role, depth)
    return ()


def _of_list(  # noqa: PLR0911 - one return for each kind of list
    values: list[Any], role: str, depth: int
) -> tuple[Message, ...]:
    values = [value for value in values if value not in (None, "", [], {})]
    if not values:
        return ()
    if pair := langchain_message(values):
        return (pair,)
    if all(isinstance(value, list) for value in values) and langchain_message(values[0]) is None:
        # One list for each prompt of a batch: the first is judged.
        return _messages(values[0], role, depth + 1)
    if is_response_items(values):
        return response_items(values)
    each = [_one(_structure(value)) for value in values]
    if all(each):
        return tuple(message for message in each if message)
    held = [message for value in values for message in _held(value, role, depth)]
    if held:
        return tuple(held)
    return (Message(role=role, parts=parts_of(values)),) if all(map(is_part, values)) else ()


def _held(value: object, role: str, depth: int) -> tuple[Message, ...]:
    """The messages inside one of several results, such as a graph's `Command`."""
    state = prompt_messages(value)
    return _messages(state, role, depth + 1) if state else ()


def _one(value: object) -> Message | None:
    found = component_message(value) or langchain_message(value)
    if found or not isinstance(value, dict):
        return found
    item = cast("dict[str, Any]", value)
    if not isinstance(item.get("role"), str):
        return None
    content = parse_content(item)
    return content.messages[0] if content and len(content.messages) == 1 else None


def _of_object(  # noqa: PLR0911 - one return for each kind of object
    item: dict[str, Any], role: str, depth: int
) -> tuple[Message, ...]:
    if message := _one(item):
        return (message,)
    if "choices" in item or "candidates" in item:
        return _completion(item)
    if state := prompt_messages(item):
        return _messages(state, role, depth + 1)
    if "generations" in item:
        return langchain_result(item)
    if request := _responses_request(item):
        return request
    for key in _HOLDERS[role]:
        held = decoded(item.get(key))
        if isinstance(held, dict | list) and (found := _messages(cast("object", held), role, depth + 1)):
            return _system(item) + found
    parts = item.get("parts")
    return _of_list(cast("list[Any]", parts), role, depth + 1) if isinstance(parts, list) else ()


def _system(item: dict[str, Any]) -> tuple[Message, ...]:
    """A system prompt beside the messages: Anthropic's `system`, Gemini's and Bedrock's."""
    config = as_object(item.get("config"))
    for holder in (item, config):
        for key in ("system", "system_instruction", "systemInstruction", "instructions", "system_prompt"):
            value = decoded(holder.get(key))
            parts = as_object(value).get("parts", value)
            if isinstance(parts, str | list) and parts:
                return (Message(role="system", parts=parts_of(cast("object", parts))),)
    return ()


def _responses_request(item: dict[str, Any]) -> tuple[Message, ...]:
    """A request (`input`, `instructions`) or a response (`output`, a list of items) of the Responses API."""
    if item.get("object") == "response" or "output" in item:
        items = as_list(item.get("output"))
        if is_response_items(items):
            return response_items(items)
    if not isinstance(item.get("instructions"), str) and "model" not in item:
        return ()
    given = decoded(item.get("input"))
    if isinstance(given, str) and given.strip():
        return (*_system(item), Message(role="user", parts=(TextPart(given),)))
    items = as_list(given)
    if is_response_items(items):
        return _system(item) + response_items(items)
    return ()


def _completion(item: dict[str, Any]) -> tuple[Message, ...]:
    """The first choice of a completion, also of the legacy kind (`text`); Gemini's first candidate."""
    for candidate in as_list(item.get("candidates"))[:1]:
        content = parse_content(as_object(candidate).get("content"), role="assistant")
        return content.messages if content else ()
    for choice in as_list(item.get("choices"))[:1]:
        fields = as_object(choice)
        if message := _one(as_object(fields.get("message")) or as_object(fields.get("delta"))):
            return (message,)
        if isinstance(fields.get("text"), str):
            return (Message(role="assistant", parts=parts_of(fields["text"])),)
    return ()


def _text(value: object, role: str, depth: int) -> str | None:
    """The one text that a structure is about; `None` when it is about more than one."""
    if isinstance(value, str):
        return value
    if depth > _DEEPEST:
        return None
    if isinstance(value, list):
        values = cast("list[Any]", value)
        return (
            _text(values[0], role, depth + 1) if len(values) == 1 or _texts_of_choices(values, role) else None
        )
    if not isinstance(value, dict):
        return None
    item = cast("dict[str, Any]", value)
    for key in _TEXT_KEYS[role]:
        found = _text(decoded(item.get(key)), role, depth + 1)
        if found is not None and found.strip():
            return found
    rest = [held for key, held in item.items() if key != CLASS]
    return rest[0] if len(rest) == 1 and isinstance(rest[0], str) else None


def _texts_of_choices(values: list[Any], role: str) -> bool:
    return role == "assistant" and len(values) > 1 and all(isinstance(value, str) for value in values)


def _without_definitions(
    messages: tuple[Message, ...],
) -> tuple[tuple[ToolDefinition, ...], tuple[Message, ...]]:
    """Langfuse's LangChain callback writes tool definitions as messages of a tool: they are no results."""
    definitions: list[ToolDefinition] = []
    kept: list[Message] = []
    for message in messages:
        result = message.parts[0] if message.role == "tool" and len(message.parts) == 1 else None
        text = getattr(result, "response", None)
        if isinstance(text, str) and is_tool_definition(text):
            definitions.extend(tool_definitions(text))
        else:
            kept.append(message)
    return tuple(definitions), tuple(kept)


def _last_text(messages: tuple[Message, ...], role: str) -> str | None:
    for message in reversed(messages):
        if message.role == role and (text := message.text.strip()):
            return text
    return None
