"""What a tool was called with and gave back, from the values that frameworks record about it."""

from typing import Any, cast

from spanjudge.spans.conversation import is_block
from spanjudge.spans.json_text import as_list, as_object, decoded
from spanjudge.spans.langchain_messages import langchain_message
from spanjudge.spans.media import without_media
from spanjudge.spans.messages import part_text
from spanjudge.spans.parts import parts_of
from spanjudge.spans.payloads import plain_text
from spanjudge.spans.python_repr import CLASS, read_repr
from spanjudge.spans.span import ToolResultPart

_DEEPEST = 6
_MUCH_DEEPER = 40


def arguments_of(value: object, depth: int = 0) -> Any:
    """The arguments as an object where they are one, else as they were written; `None` when there are none.

    Unwrapped are `{"args": […], "kwargs": {…}}` of decorated functions, LangChain's `{"input_str": …}` and
    tool calls, JSON inside JSON and Python's `repr` of a mapping.
    """
    found = decoded(value)
    if isinstance(found, str) and found.lstrip()[:1] == "{":
        written = read_repr(found)
        found = cast("object", written) if isinstance(written, dict) else found
    if not isinstance(found, dict) or depth > _DEEPEST:
        return lean(found)
    item = cast("dict[str, Any]", found)
    if item.get("type") in ("tool_call", "tool_use") and "name" in item:
        return arguments_of(item.get("args", item.get("input")), depth + 1)
    if "input_str" in item:
        return arguments_of(item.get("inputs") or item["input_str"], depth + 1)
    if item and item.keys() <= {"args", "kwargs"}:
        return _bound(item, depth)
    return lean({key: held for key, held in item.items() if key != CLASS})


def result_of(value: object) -> str | None:
    """What came back, as text: the content of a tool's message or of its parts, else the value itself."""
    found = decoded(value)
    item = as_object(read_repr(found) if isinstance(found, str) else found)
    message = langchain_message(item)
    if message:
        responses = [part.response for part in message.parts if isinstance(part, ToolResultPart)]
        return without_media("\n".join(responses) or message.text)
    if len(item) == 1 and (wrapped := item.keys() & {"output", "result"}):
        return result_of(item[wrapped.pop()])
    parts = as_list(item.get("content") if item.keys() <= _RESULT_KEYS and item else found)
    if parts and all(map(is_block, parts)):
        return without_media("\n".join(map(part_text, parts_of(parts))))
    return plain_text(found if isinstance(found, str) else value)


_RESULT_KEYS = frozenset({"content", "isError", "is_error", "structuredContent", "meta", "_meta"})
"""The fields of a result as the Model Context Protocol has it."""


def _bound(item: dict[str, Any], depth: int) -> Any:
    named = as_object(item.get("kwargs"))
    given = decoded(item.get("args"))
    listed = cast("list[Any]", given) if isinstance(given, list) else []
    if given and not listed:
        return arguments_of(cast("object", given), depth + 1) if not named else lean(item)
    if not listed:
        return lean(named)
    if named:
        return lean({"args": listed, "kwargs": named})
    return arguments_of(listed[0], depth + 1) if len(listed) == 1 else lean(listed)


def lean(value: Any, depth: int = 0) -> Any:
    """The value with the bytes of images and files left out of its texts."""
    if isinstance(value, str):
        return without_media(value)
    if depth > _MUCH_DEEPER:
        return None
    if isinstance(value, dict):
        return {key: lean(held, depth + 1) for key, held in cast("dict[str, Any]", value).items()}
    if isinstance(value, list | tuple):
        return [lean(held, depth + 1) for held in cast("list[Any]", value)]
    return value
