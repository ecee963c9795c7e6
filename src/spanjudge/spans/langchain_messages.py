"""LangChain's messages in the ways they are serialised, and the results that hold them.

Four forms of a message are met: `{"lc": 1, "id": […, "HumanMessage"], "kwargs": {…}}`, `{"type": "human",
"data": {…}}`, `{"type": "human", "content": …}` and `["user", "text"]`; Python's `repr` of one is a fifth.
"""

from collections.abc import Sequence
from typing import Any, cast

from spanjudge.spans.json_text import as_list, as_name, as_object, as_text, decoded
from spanjudge.spans.messages import message_text
from spanjudge.spans.parts import parts_of
from spanjudge.spans.python_repr import CLASS
from spanjudge.spans.roles import known_role
from spanjudge.spans.span import (
    Message,
    Part,
    ReasoningPart,
    ToolCall,
    ToolCallPart,
    ToolResultPart,
)

_PAIR = 2
_FIELDS = frozenset({"content", "tool_calls", "additional_kwargs", "text"})


def langchain_message(value: object) -> Message | None:
    """The message a value is, in any of the forms; `None` when it is something else."""
    if isinstance(value, list | tuple):
        return _pair(cast("Sequence[Any]", value))
    item = as_object(value)
    written, fields = _form(item)
    return _from(fields, written=written) if written else None


def _form(item: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """What says whose message it is, and where its fields stand; an empty text for what is no message."""
    kind, name = item.get("type"), item.get(CLASS)
    if isinstance(item.get("kwargs"), dict) and isinstance(item.get("id"), list):
        return _last(item["id"]), item["kwargs"]
    if isinstance(item.get("data"), dict) and isinstance(kind, str):
        return kind, item["data"]
    if isinstance(name, str) and name.endswith(("Message", "MessageChunk")):
        return name, item
    if name == "" and "content" in item and {"additional_kwargs", "tool_call_id"} & item.keys():
        return kind if isinstance(kind, str) else _role_by_fields(item), item
    if ("role" not in item or kind == "chat") and isinstance(kind, str) and "content" in item:
        return kind, item
    return "", item


def langchain_result(value: object) -> tuple[Message, ...]:
    """The answer inside `{"generations": [[{"text": …, "message": …}]]}`; empty for anything else.

    Of several prompts and several candidates it is the first.
    """
    first: object = as_object(value).get("generations")
    while isinstance(first, list):
        first = cast("list[Any]", first)[0] if first else None
    generation = as_object(first)
    message = langchain_message(decoded(generation.get("message")))
    if message is not None:
        return (message,)
    text = generation.get("text")
    return (Message(role="assistant", parts=parts_of(text)),) if isinstance(text, str) else ()


def prompt_messages(value: object) -> list[Any]:
    """The serialised messages inside a prompt value (`ChatPromptValue`), a state or a `Command`; or none."""
    item = as_object(value)
    for key in ("kwargs", "update", "data"):
        held = as_object(item.get(key))
        if isinstance(held.get("messages"), list):
            return held["messages"]
        if key == "kwargs" and isinstance(held.get("text"), str) and "lc" in item:
            return [["user", held["text"]]]
    return []


def _pair(value: Sequence[Any]) -> Message | None:
    """`["user", "text"]`, as a person writes it."""
    if len(value) != _PAIR or not isinstance(value[0], str) or not isinstance(value[1], str | list):
        return None
    role = known_role(value[0])
    return Message(role=role, parts=parts_of(cast("object", value[1]))) if role else None


def _from(fields: dict[str, Any], *, written: str) -> Message | None:
    role = known_role(written)
    if role is None and written.lower().startswith("chat"):
        given = as_name(fields.get("role"))
        role = known_role(given) or given
    if role is None or not _FIELDS & fields.keys():
        return None
    name = as_name(fields.get("name"))
    if role == "tool":
        return Message(role=role, parts=(_tool_result(fields),), name=name)
    parts = _thoughts(fields) + parts_of(_content(fields))
    known = {part.call.id for part in parts if isinstance(part, ToolCallPart)}
    # Anthropic's content names the calls that LangChain also lists; one without an id cannot be told apart.
    calls = tuple(call for call in _calls(fields) if call.id is None or call.id not in known)
    if known and any(call.id is None for call in calls):
        calls = ()
    return Message(role=role, parts=(*parts, *map(ToolCallPart, calls)), name=name)


def _content(fields: dict[str, Any]) -> object:
    content = fields.get("content")
    return cast("object", content if content is not None else fields.get("text"))


def _thoughts(fields: dict[str, Any]) -> tuple[Part, ...]:
    thought = as_object(fields.get("additional_kwargs")).get("reasoning_content")
    return (ReasoningPart(thought),) if isinstance(thought, str) and thought.strip() else ()


def _calls(fields: dict[str, Any]) -> tuple[ToolCall, ...]:
    """LangChain's own calls, or the provider's that stand in `additional_kwargs`."""
    extra = as_object(fields.get("additional_kwargs"))
    for listed in (fields.get("tool_calls"), extra.get("tool_calls")):
        calls = tuple(call for item in as_list(listed) if (call := _call(as_object(item))))
        if calls:
            return calls
    single = _call(as_object(extra.get("function_call")))
    return (single,) if single else ()


def _call(item: dict[str, Any]) -> ToolCall | None:
    held = as_object(item.get("function")) or item
    name = as_name(held.get("name"))
    if name is None:
        return None
    arguments = next((held[key] for key in ("args", "arguments", "input") if held.get(key) is not None), None)
    call_id = item.get("id")
    return ToolCall(
        name=name, arguments=decoded(arguments), id=call_id if isinstance(call_id, str) and call_id else None
    )


def _tool_result(fields: dict[str, Any]) -> ToolResultPart:
    content = _content(fields)
    text = content if isinstance(content, str) else _flat(content)
    call_id = fields.get("tool_call_id")
    return ToolResultPart(text, call_id if isinstance(call_id, str) and call_id else None)


def _flat(content: object) -> str:
    return message_text(Message(role="tool", parts=parts_of(content)))


def _last(path: list[Any]) -> str:
    return as_text(path[-1]) or "" if path else ""


def _role_by_fields(item: dict[str, Any]) -> str:
    """A bare message does not say its class; its fields do."""
    if "tool_call_id" in item:
        return "tool"
    return "ai" if {"tool_calls", "usage_metadata", "invalid_tool_calls"} & item.keys() else "human"
