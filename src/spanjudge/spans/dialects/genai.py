"""OpenTelemetry's GenAI conventions as they are now: `gen_ai.*` attributes of the span.

Content may stand in the event `gen_ai.client.inference.operation.details` instead, of the span or as a log
record, in one piece or split into one event for each attribute.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

from spanjudge.spans.conversation import messages_of
from spanjudge.spans.dialects.found import Found
from spanjudge.spans.documents import documents_of, items_of
from spanjudge.spans.facts import first_model, first_name
from spanjudge.spans.json_text import as_count, as_list, as_name, as_object, as_text, decoded
from spanjudge.spans.operation import operation_of
from spanjudge.spans.raw import LogEvent, RawSpan
from spanjudge.spans.span import (
    MODEL_OPERATIONS,
    Document,
    Message,
    Part,
    TextPart,
    ToolDefinition,
    ToolResultPart,
)
from spanjudge.spans.tool_definitions import tool_definitions
from spanjudge.spans.tool_records import arguments_of, result_of

DETAILS = "gen_ai.client.inference.operation.details"
"""The event that carries what the span itself would carry."""

INPUT, OUTPUT = "gen_ai.input.messages", "gen_ai.output.messages"
_SYSTEM = "gen_ai.system_instructions"
_TOOLS = "gen_ai.tool.definitions"
_CLASSES = frozenset(
    {"Text", "ToolCall", "ToolCallRequest", "ToolCallResponse", "Reasoning", "Blob", "Uri", "File"}
)
"""A part that is the name of its class and nothing else: the content is lost."""

_CALLED = frozenset({"tool_call", "tool_calls", "tool-calls", "tool_use", "function_call"})
_SPLUNK = "opentelemetry.util.genai.handler"
_LONGEST_RUN = 2
"""Results of tools that can stand between a call and the end of what the model was sent."""

_NOTHING = Found()


def read(raw: RawSpan, logs: Sequence[LogEvent]) -> Found | None:
    """See `Dialect`."""
    sources = [raw.attributes, *_details(raw, logs)]
    notes: list[str] = []
    sent = _first(sources, INPUT)
    said = _first(sources, OUTPUT)
    context = _documents(_first(sources, "gen_ai.retrieval.documents"), notes)
    answer = operation_of(raw)[0] in MODEL_OPERATIONS
    found = Found(
        system_prompt=_system_text(_first(sources, _SYSTEM)),
        input_messages=_untangled(raw, _messages(sent, "user", notes), notes) or None,
        output_messages=_messages(said, "assistant", notes, answer=answer) or None,
        input_text=as_name(_first(sources, "gen_ai.retrieval.query.text")),
        input_texts=_texts(_first(sources, "gen_ai.embeddings.input.texts")),
        tools=_tools(sources) or None,
        context=context,
        notes=tuple(notes),
    )
    for source in sources:
        _scalars(source, found)
    return None if found == _NOTHING else found


def _scalars(source: Mapping[str, Any], found: Found) -> None:
    """What is one value; what an earlier source said stays."""
    get = source.get
    found.request_model = found.request_model or first_model(source, ("gen_ai.request.model",))
    found.response_model = found.response_model or first_model(source, ("gen_ai.response.model",))
    found.response_id = found.response_id or first_name(source, ("gen_ai.response.id",))
    found.conversation_id = found.conversation_id or first_name(source, ("gen_ai.conversation.id",))
    found.agent = found.agent or first_name(source, ("gen_ai.agent.name",))
    if found.input_tokens is None:
        found.input_tokens = _count(source, "gen_ai.usage.input_tokens", "gen_ai.usage.prompt_tokens")
    if found.output_tokens is None:
        found.output_tokens = _count(source, "gen_ai.usage.output_tokens", "gen_ai.usage.completion_tokens")
    if "gen_ai.tool.name" in source:
        found.tool_name = found.tool_name or as_name(get("gen_ai.tool.name"))
    if found.tool_arguments is None and "gen_ai.tool.call.arguments" in source:
        found.tool_arguments = arguments_of(get("gen_ai.tool.call.arguments"))
    if found.tool_result is None and "gen_ai.tool.call.result" in source:
        found.tool_result = result_of(get("gen_ai.tool.call.result"))


def _count(source: Mapping[str, Any], *keys: str) -> int | None:
    for key in keys:
        if key in source and (count := as_count(source[key])) is not None:
            return count
    return None


def _details(raw: RawSpan, logs: Sequence[LogEvent]) -> Iterator[Mapping[str, Any]]:
    """Attributes of details events: of the span first, then of log records and their bodies."""
    for event in raw.events:
        if event.name == DETAILS:
            yield event.attributes
    for log in logs:
        if log.name == DETAILS:
            yield log.attributes
            if body := as_object(log.body):
                yield body


def _first(sources: list[Mapping[str, Any]], key: str) -> object:
    """The first value that holds anything: `[]` on the span does not hide what an event says."""
    for source in sources:
        value = source.get(key)
        if value and value not in ("[]", "null"):
            return cast("object", value)
    return None


def _tools(sources: list[Mapping[str, Any]]) -> tuple[ToolDefinition, ...]:
    """The first that tells of parameters: Google's agents leave them to the event."""
    listed = [tool_definitions(source[_TOOLS]) for source in sources if _TOOLS in source]
    told = (tools for tools in listed if any(tool.parameters is not None for tool in tools))
    return next(told, next((tools for tools in listed if tools), ()))


def _system_text(value: object) -> str | None:
    """Parts without a role, or plain text."""
    if value is None:
        return None
    found = decoded(value)
    if isinstance(found, str):
        return found.strip() or None
    text = "\n\n".join(message.text for message in messages_of(found, role="system")).strip()
    return text or None


def _documents(value: object, notes: list[str]) -> tuple[Document, ...] | None:
    if value is None:
        return None
    found = decoded(value)
    if isinstance(found, str):
        # OpenLIT joins the texts.
        return documents_of(found.split("; "))
    documents = documents_of(found)
    if not documents and items_of(found):
        notes.append("documents are recorded without their text")
    return documents


def _texts(value: object) -> tuple[str, ...] | None:
    if value is None:
        return None
    found = decoded(value)
    items = as_list(found) if not isinstance(found, str) else [found]
    return tuple(text for item in items if (text := as_text(item)) and text.strip())


def _messages(value: object, role: str, notes: list[str], *, answer: bool = False) -> tuple[Message, ...]:
    if value is None:
        return ()
    items = decoded(value)
    if isinstance(items, list):
        items = [_without_classes(item, notes) for item in cast("list[Any]", items)]
        if role == "user":
            _note_empty(items, notes)
        else:
            items = [item for item in items if not _is_lost(item, notes)]
    return messages_of(items, role=role, first_choice=answer)


def _without_classes(item: object, notes: list[str]) -> object:
    """A message without parts that are the bare name of a class, as Splunk's utilities write them."""
    parts = cast("dict[str, Any]", item).get("parts") if isinstance(item, dict) else None
    if not isinstance(parts, list) or str not in map(type, cast("list[Any]", parts)):
        return cast("object", item)
    kept: list[Any] = []
    for part in cast("list[Any]", parts):
        if isinstance(part, str) and part in _CLASSES:
            notes.append(f'a part is recorded as the bare word "{part}": its content is lost')
        else:
            kept.append(part)
    return {**cast("dict[str, Any]", item), "parts": kept}


def _is_lost(item: object, notes: list[str]) -> bool:
    """An answer that called tools, but the calls are not recorded: that is no empty answer."""
    message = cast("dict[str, Any]", item) if isinstance(item, dict) else {}
    reason = message.get("finish_reason")
    if message.get("parts") != [] or not isinstance(reason, str) or reason.lower() not in _CALLED:
        return False
    notes.append("the answer only calls tools, and the calls are not recorded")
    return True


def _note_empty(items: list[Any], notes: list[str]) -> None:
    for item in items:
        message = cast("dict[str, Any]", item) if isinstance(item, dict) else {}
        if message.get("parts") == [] and message.get("role") == "user":
            notes.append("a user message is recorded without its parts")
            return


def _untangled(raw: RawSpan, messages: tuple[Message, ...], notes: list[str]) -> tuple[Message, ...]:
    """Splunk's LangChain instrumentation gives every message the role `user`; position tells them apart.

    An empty one is the assistant's that only called tools; results of tools follow it.
    """
    if raw.scope != _SPLUNK or len(messages) < _LONGEST_RUN or any(m.role != "user" for m in messages):
        return messages
    notes.append("every message is recorded as the user's; only its place tells whose it is")
    called = [place for place, message in enumerate(messages) if place and not message.text.strip()]
    if not called:
        return messages
    read: list[Message] = []
    for place, message in enumerate(messages):
        before = max((call for call in called if call < place), default=None)
        if place in called:
            read.append(Message(role="assistant", parts=message.parts))
        elif before is not None and _is_result(place - before, len(messages) - 1 - before):
            parts: tuple[Part, ...] = tuple(
                ToolResultPart(part.content) if isinstance(part, TextPart) else part for part in message.parts
            )
            read.append(Message(role="tool", parts=parts))
        else:
            read.append(message)
    return tuple(read)


def _is_result(distance: int, left: int) -> bool:
    """The message after a call is a result; so is the next one when nothing comes after it."""
    return distance == 1 or (distance == _LONGEST_RUN and left == _LONGEST_RUN)
