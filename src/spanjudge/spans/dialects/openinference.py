"""OpenInference, of Phoenix and Arize: `openinference.span.kind` and flattened messages.

Messages stand in `llm.input_messages.{i}.message.*`; where they do not, or hold no content, they are read
from `input.value` and `output.value`, whose shape is that of the instrumented library.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

from spanjudge.spans.dialects.found import Found
from spanjudge.spans.dialects.recorded import put_input, put_output
from spanjudge.spans.documents import document_of, documents_of, items_of, texts_of
from spanjudge.spans.indexed import Tree, at, indexed, items
from spanjudge.spans.json_text import as_count, as_list, as_name, as_object, as_text, decoded
from spanjudge.spans.media import without_media
from spanjudge.spans.operation import operation_of
from spanjudge.spans.parts import media_part, parts_of
from spanjudge.spans.payloads import Payload, messages_in, plain_text, read_input, read_output
from spanjudge.spans.raw import LogEvent, RawSpan
from spanjudge.spans.roles import known_role
from spanjudge.spans.span import (
    Document,
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

_KIND = "openinference.span.kind"
_RESPONSE_ID = re.compile(r'\{\s*"id":\s*"([\w.-]{1,200})"')


def read(raw: RawSpan, logs: Sequence[LogEvent]) -> Found | None:
    """See `Dialect`."""
    del logs
    attributes = raw.attributes
    if _KIND not in attributes:
        return None
    found = Found(
        conversation_id=as_name(attributes.get("session.id")),
        agent=as_name(attributes.get("agent.name")),
        provider=as_name(attributes.get("llm.provider")) or as_name(attributes.get("llm.system")),
        input_tokens=as_count(attributes.get("llm.token_count.prompt")),
        output_tokens=as_count(attributes.get("llm.token_count.completion")),
    )
    operation, kind = operation_of(raw)
    if kind and as_name(attributes[_KIND]) == "LLM":
        found.notes = ("recorded as a model call, but nothing shows that a model was asked",)
    _READERS.get(operation or kind or "", _step)(raw, found)
    return found


def _value(attributes: Mapping[str, Any]) -> str:
    value = attributes.get("output.value")
    return value if isinstance(value, str) else ""


def _call(raw: RawSpan, found: Found) -> None:
    attributes = raw.attributes
    asked = as_object(attributes.get("llm.invocation_parameters"))
    written = as_name(attributes.get("llm.model_name"))
    found.request_model = (
        as_name(attributes.get("llm.request.model_name")) or as_name(asked.get("model")) or written
    )
    found.response_model = as_name(attributes.get("llm.response.model_name")) or written
    if match := _RESPONSE_ID.match(_value(attributes)):
        found.response_id = match[1]
    _conversation(attributes, found)
    listed = [at(item, "tool", "json_schema") or item.get("") for item in indexed(attributes, "llm.tools")]
    found.tools = (
        tool_definitions(listed or attributes.get("llm.tools") or asked.get("tools")) or found.tools or ()
    )


def _conversation(attributes: Mapping[str, Any], found: Found) -> None:
    sent = _messages(attributes, "llm.input_messages", "user") or _texts(attributes, "llm.prompts", "prompt")
    put_input(found, _fuller(sent, attributes.get("input.value"), read_input))
    said = _messages(attributes, "llm.output_messages", "assistant")
    said = said or _texts(attributes, "llm.choices", "completion")
    put_output(found, _fuller(said, attributes.get("output.value"), read_output))


def _fuller(messages: tuple[Message, ...], value: object, read_value: Callable[[object], Payload]) -> Payload:
    """The messages; where none of them has content, the value, unless it says nothing either."""
    flattened = Payload(messages=messages)
    if any(message.parts for message in messages):
        return flattened
    payload = read_value(value)
    silent = not payload.messages and not (payload.text or "").strip()
    return flattened if messages and silent else payload


def _step(raw: RawSpan, found: Found) -> None:
    """An agent or a link of a chain: its values say more than the messages beside them."""
    attributes = raw.attributes
    given = read_input(attributes.get("input.value"))
    if not given.messages and not given.text:
        given = Payload(messages=_messages(attributes, "llm.input_messages", "user"))
    put_input(found, given)
    made = read_output(attributes.get("output.value"))
    if not made.messages and not made.text:
        made = Payload(messages=_messages(attributes, "llm.output_messages", "assistant"))
    put_output(found, made)
    # CrewAI's agents are given a task object; what it asks is written beside it, as are a crew's tasks.
    task = as_name(attributes.get("formatted_description"))
    if not task and not given.messages and not given.text:
        each = [as_name(as_object(item).get("description")) for item in as_list(attributes.get("crew_tasks"))]
        task = "\n\n".join(text for text in each if text)
    if task:
        found.input_text = task


def _agent(raw: RawSpan, found: Found) -> None:
    found.agent = found.agent or as_name(raw.attributes.get("graph.node.id"))
    found.request_model = as_name(raw.attributes.get("llm.model_name"))
    found.tools = ()
    _step(raw, found)


def _tool(raw: RawSpan, found: Found) -> None:
    """`tool.parameters` is the schema in some libraries and the arguments in others: it is never taken."""
    attributes = raw.attributes
    found.tool_name = as_name(attributes.get("tool.name")) or as_name(raw.name)
    found.tool_arguments = arguments_of(attributes.get("input.value"))
    found.tool_result = result_of(attributes.get("output.value"))


def _retrieval(raw: RawSpan, found: Found) -> None:
    attributes = raw.attributes
    given = read_input(attributes.get("reranker.query") or attributes.get("input.value"))
    found.input_text = given.last_user_text
    listed = indexed(attributes, "retrieval.documents") or indexed(attributes, "reranker.output_documents")
    if listed:
        found.context = tuple(document for item in listed if (document := _document(item)))
    else:
        listed = items_of(attributes.get("retrieval.documents") or attributes.get("output.value"))
        found.context = documents_of(listed)
    if listed and not found.context:
        found.notes = (*found.notes, "the retrieved documents are recorded without their texts")


def _document(item: Tree) -> Document | None:
    held = _under(item, "document")
    document = document_of(held)
    return document if document and document.content.strip() else None


def _embeddings(raw: RawSpan, found: Found) -> None:
    attributes = raw.attributes
    asked = as_object(attributes.get("embedding.invocation_parameters"))
    found.request_model = as_name(asked.get("model")) or as_name(attributes.get("embedding.model_name"))
    each = [as_text(at(item, "embedding", "text")) for item in indexed(attributes, "embedding.embeddings")]
    texts = tuple(without_media(text) for text in each if text and text.strip())
    found.input_texts = texts or texts_of(attributes.get("embedding.text") or attributes.get("input.value"))


def _messages(attributes: Mapping[str, Any], prefix: str, role: str) -> tuple[Message, ...]:
    """The flattened messages, or those in one value under the prefix itself."""
    listed = indexed(attributes, prefix)
    if not listed:
        return messages_in(attributes[prefix], role) if prefix in attributes else ()
    return tuple(_message(item, role) for item in listed)


def _texts(attributes: Mapping[str, Any], prefix: str, word: str) -> tuple[Message, ...]:
    """Prompts and choices of the completions API, which have no roles; the first is taken."""
    role = "user" if word == "prompt" else "assistant"
    for item in indexed(attributes, prefix):
        text = as_text(at(item, word, "text"))
        if text and text.strip():
            return (Message(role=role, parts=parts_of(text)),)
    return ()


def _message(item: Tree, default: str) -> Message:
    fields = _under(item, "message")
    written = as_name(fields.get("role"))
    role = known_role(written) or written or default
    content = _content(fields)
    if role == "tool":
        text = "\n".join(part.content for part in content if isinstance(part, TextPart))
        call_id = as_name(fields.get("tool_call_id"))
        content = (ToolResultPart(text, call_id),)
    calls = tuple(call for held in items(fields.get("tool_calls")) if (call := _tool_call(held)))
    if name := as_name(fields.get("function_call_name")):
        arguments = decoded(fields.get("function_call_arguments_json"))
        calls = (*calls, ToolCallPart(ToolCall(name=name, arguments=arguments)))
    return Message(role=role, parts=content + calls, name=as_name(fields.get("name")))


def _content(fields: Tree) -> tuple[Part, ...]:
    """The parts of `contents`; where none of them is text, that of `content` as well."""
    parts = tuple(part for held in items(fields.get("contents")) if (part := _part(held)) is not None)
    given = fields.get("content")
    text = plain_text(at(fields, "content", "") or given)
    if not text or any(isinstance(part, TextPart) for part in parts):
        return parts
    # Some libraries write the list of parts as JSON; a user's own JSON stays the text it is.
    held = messages_in(given) if not parts and text.lstrip().startswith("[") else ()
    return held[0].parts if len(held) == 1 and held[0].role == "user" else (TextPart(text), *parts)


def _part(held: Tree) -> Part | None:
    fields = _under(held, "message_content")
    kind = fields.get("type")
    text = as_text(fields.get("text"))
    if kind in ("image", "audio", "video", "file", "document") or (text is None and "image" in fields):
        kind = kind if isinstance(kind, str) else "image"
        held = at(fields, kind, kind) or at(fields, kind)
        address = at(held, "url") or at(held, "")
        return media_part({"type": kind, "url": address if isinstance(address, str) else ""})
    if not text:
        return None
    return ReasoningPart(text) if kind == "reasoning" else TextPart(without_media(text))


def _tool_call(held: Tree) -> ToolCallPart | None:
    call = _under(held, "tool_call")
    name = as_name(at(call, "function", "name"))
    if name is None:
        return None
    arguments = arguments_of(at(call, "function", "arguments"))
    return ToolCallPart(ToolCall(name=name, arguments=arguments, id=as_name(call.get("id"))))


def _under(item: Tree, word: str) -> Tree:
    """The fields under the word that OpenInference repeats in every key; without it, the item's own."""
    held = item.get(word)
    return cast("Tree", held) if isinstance(held, dict) else item


_READERS: dict[str, Callable[[RawSpan, Found], None]] = {
    "chat": _call,
    "invoke_agent": _agent,
    "execute_tool": _tool,
    "retrieval": _retrieval,
    "embeddings": _embeddings,
}
