"""From the fields of a request to the subject that is judged.

Every content field may be text, an object, an array, or the JSON text of messages. What is not there may
be missing, null, empty, or – where the client's template names a variable nobody mapped – the variable's
own name.
"""

import re
from collections.abc import Mapping
from typing import Any, cast

import msgspec

from spanjudge.judging.subject import Subject
from spanjudge.remote_scorer.body import kind_of
from spanjudge.remote_scorer.outline import outline
from spanjudge.remote_scorer.problem import Problem
from spanjudge.spans.messages import Content, call_text, parse_content, transcript
from spanjudge.spans.parts import tool_calls_of
from spanjudge.spans.span import Document, Message, TextPart, ToolCall, ToolCallPart, ToolDefinition

RECORDS = ("steps", "spans", "statistics")
"""What trace jobs (`statistics, spans, steps`) and session jobs (`statistics, steps`) send."""

_VARIABLE = re.compile(
    r"\{\{[^{}]*\}\}|(?:gen_ai|attributes|_?o2_llm)[._][A-Za-z0-9_.]+"
    r"|llm_(?:input|output)(?:_messages)?|(?:span|trace|session)\.[A-Za-z0-9_.]+"
)
_LONGEST_VARIABLE = 120


def is_variable(name: str, value: object) -> bool:
    """Whether a value is the name of a variable that was never filled in."""
    if not isinstance(value, str) or len(value) > _LONGEST_VARIABLE:
        return False
    value = value.strip()
    return value == name or _VARIABLE.fullmatch(value) is not None


def present(fields: Mapping[str, Any], name: str) -> Any:
    """A field's value; `None` when it is not there in any of the ways a field can be not there."""
    value = fields.get(name)
    if value is None or value == "" or is_variable(name, value):
        return None
    return value


def text_of(fields: Mapping[str, Any], name: str) -> str | None:
    """A field that must be text. Raises `Problem` (INVALID_JSON) for anything else."""
    value = present(fields, name)
    if value is not None and not isinstance(value, str):
        raise Problem("INVALID_JSON", f"“{name}” must be text and is {kind_of(value)}.")
    return value


def metadata_of(fields: Mapping[str, Any]) -> dict[str, Any]:
    """The caller's metadata: an object, or the JSON text of one; other text is kept under its own name."""
    value = present(fields, "metadata")
    if value is None:
        return {}
    if isinstance(value, str):
        read = _read(value)
        return cast("dict[str, Any]", read) if isinstance(read, dict) else {"metadata": value}
    if not isinstance(value, dict):
        raise Problem(
            "INVALID_JSON", f"“metadata” must be an object, or the JSON text of one, and is {kind_of(value)}."
        )
    return cast("dict[str, Any]", value)


def subject_of(fields: Mapping[str, Any], attributes: Mapping[str, Any] | None = None) -> Subject:
    """The subject the fields describe. Raises `Problem` (INVALID_JSON) for a field of a wrong type."""
    asked = _content(fields, "input")
    answered = _content(fields, "output", role="assistant")
    conversation = _content(fields, "messages")
    expected = _content(fields, "expected", role="assistant")
    messages = conversation.messages if conversation else ()
    if not messages and asked:
        messages = asked.messages
    source = asked or conversation
    output = _said(answered)
    record = _record(fields)
    if record and not (output or "").strip():
        output = transcript(record)
    else:
        messages += record
    return Subject(
        input=(source.as_input() or source.text) if source else None,
        output=output,
        messages=messages,
        system_prompt=_system_prompt(fields, asked, conversation),
        context=_documents(present(fields, "context")),
        expected=_said(expected),
        tools=_tools(present(fields, "tools")),
        tool_calls=_calls(fields, answered),
        attributes=attributes or {},
    )


def unmapped(fields: Mapping[str, Any], name: str) -> str | None:
    """The variable's name that stands where the field's value should be."""
    value = fields.get(name)
    return value.strip() if isinstance(value, str) and is_variable(name, value) else None


def _content(fields: Mapping[str, Any], name: str, *, role: str = "user") -> Content | None:
    value = present(fields, name)
    if value is None:
        return None
    if isinstance(value, bool | int | float):
        raise Problem(
            "INVALID_JSON",
            f"“{name}” must be text, an object or an array and is {kind_of(value)}: "
            "put it in quotation marks.",
        )
    return parse_content(value, role=role)


def _said(content: Content | None) -> str | None:
    """What the assistant said; of an answer that only calls tools, the calls; else all that is there."""
    if content is None:
        return None
    said = content.as_output()
    if said is not None:
        return said
    return "\n".join(call_text(call) for call in content.tool_calls) or content.text


def _record(fields: Mapping[str, Any]) -> tuple[Message, ...]:
    """Steps, spans and statistics, written out: the story of an output, or what is judged without one."""
    record: list[Message] = []
    for name in RECORDS:
        value = present(fields, name)
        if isinstance(value, str):
            read = _read(value)
            value = value if read is None else read
        if value or value == 0:
            record.append(Message(role=name, parts=(TextPart(outline(value)),)))
    return tuple(record)


def _system_prompt(fields: Mapping[str, Any], *contents: Content | None) -> str | None:
    given = _content(fields, "system_prompt", role="system")
    if given:
        return given.system_prompt or given.text
    for content in contents:
        if content and content.system_prompt:
            return content.system_prompt
    return None


def _documents(value: Any) -> tuple[Document, ...]:
    if isinstance(value, str):
        read = _read(value)
        value = cast("object", read) if isinstance(read, list | dict) else value
    if isinstance(value, dict) and isinstance(cast("dict[str, Any]", value).get("documents"), list):
        value = cast("dict[str, Any]", value)["documents"]
    items: list[Any] = cast("list[Any]", value) if isinstance(value, list) else [value]
    return tuple(_document(item) for item in items if item not in (None, "", {}, []))


def _document(item: Any) -> Document:
    if not isinstance(item, dict):
        return Document(content=outline(item))
    document = cast("dict[str, Any]", item)
    for key in ("content", "page_content", "text", "document"):
        content = document.get(key)
        if isinstance(content, str):
            score = document.get("score")
            name = document.get("id")
            return Document(
                content=content,
                id=str(name) if isinstance(name, str | int) else None,
                score=float(score)
                if isinstance(score, int | float) and not isinstance(score, bool)
                else None,
            )
    return Document(content=outline(document))


def _tools(value: object) -> tuple[ToolDefinition, ...]:
    if isinstance(value, str):
        value = _read(value)
    items = cast("list[Any]", value) if isinstance(value, list) else [value]
    found: list[ToolDefinition] = []
    for item in items:
        tool: Any = cast("dict[str, Any]", item).get("function", item) if isinstance(item, dict) else None
        name = cast("dict[str, Any]", tool).get("name") if isinstance(tool, dict) else None
        if isinstance(name, str):
            found_tool = cast("dict[str, Any]", tool)
            description = found_tool.get("description")
            found.append(
                ToolDefinition(
                    name=name,
                    description=description if isinstance(description, str) else "",
                    parameters=found_tool.get("parameters", found_tool.get("input_schema")),
                )
            )
    return tuple(found)


def _calls(fields: Mapping[str, Any], answered: Content | None) -> tuple[ToolCall, ...]:
    value = present(fields, "tool_calls")
    if isinstance(value, str):
        value = _read(value)
    if isinstance(value, list):
        parts = tool_calls_of({"tool_calls": cast("list[Any]", value)})
        return tuple(part.call for part in parts if isinstance(part, ToolCallPart))
    return answered.tool_calls if answered else ()


def _read(text: str) -> object:
    """The value of a JSON text; `None` when it is none."""
    try:
        return msgspec.json.decode(text)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return None
