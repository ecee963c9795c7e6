"""OpenTelemetry's GenAI conventions up to v1.36: one event for each message.

Events are log records (openai-v2, Semantic Kernel), events of the span (Strands, Spring AI, Azure AI) or a
list in an attribute (Pydantic AI 1.x). Older still: `gen_ai.content.prompt` and `gen_ai.content.completion`.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

from spanjudge.spans.conversation import content_parts, message_of, messages_of
from spanjudge.spans.dialects.found import Found
from spanjudge.spans.flat_text import flat_messages
from spanjudge.spans.json_text import as_count, as_list, as_name, as_object, decoded
from spanjudge.spans.operation import operation_of
from spanjudge.spans.raw import LogEvent, RawSpan
from spanjudge.spans.span import Message, Part, TextPart
from spanjudge.spans.tool_records import arguments_of, result_of

_ROLES = {
    "gen_ai.system.message": "system",
    "gen_ai.developer.message": "system",
    "gen_ai.user.message": "user",
    "gen_ai.assistant.message": "assistant",
    "gen_ai.tool.message": "tool",
    "gen_ai.choice": "assistant",
}
_CHOICE = "gen_ai.choice"
_PROMPT, _COMPLETION = "gen_ai.content.prompt", "gen_ai.content.completion"
_NAMES = frozenset((*_ROLES, _PROMPT, _COMPLETION))
_LISTS = ("events", "all_messages_events")

_Event = tuple[str, dict[str, Any]]
"""Name and content: `content`, `role`, `message`, `tool_calls` …"""


def read(raw: RawSpan, logs: Sequence[LogEvent]) -> Found | None:
    """See `Dialect`. The first place that has events is read: the span, its attributes, log records."""
    events = (
        [(event.name, dict(event.attributes)) for event in raw.events if event.name in _NAMES]
        or list(_listed(raw))
        or list(_logged(logs))
    )
    if not events:
        return None
    if operation_of(raw)[0] == "execute_tool":
        return _tool(events)
    notes: list[str] = []
    sent, said = _conversation(events, notes)
    return Found(input_messages=sent or None, output_messages=said or None, notes=tuple(notes))


def _listed(raw: RawSpan) -> Iterator[_Event]:
    """Events in an attribute, each with its name in `event.name`."""
    for key in _LISTS:
        if key not in raw.attributes:
            continue
        for item in as_list(raw.attributes[key]):
            event = as_object(item)
            name = event.get("event.name")
            if isinstance(name, str) and name in _ROLES:
                yield name, event


def _logged(logs: Sequence[LogEvent]) -> Iterator[_Event]:
    """Log records in the order they were written; Semantic Kernel numbers them too."""
    for log in sorted(logs, key=_place):
        if log.name not in _NAMES:
            continue
        body = decoded(log.body)
        if isinstance(body, dict):
            yield log.name, cast("dict[str, Any]", body)
        elif body is None:
            yield log.name, dict(log.attributes)
        else:
            yield log.name, {"content": body}


def _place(log: LogEvent) -> tuple[int, int]:
    index = as_count(log.attributes.get("CHAT_MESSAGE_INDEX")) if log.attributes else None
    return log.time_ns, index or 0


def _conversation(events: list[_Event], notes: list[str]) -> tuple[tuple[Message, ...], tuple[Message, ...]]:
    """What was sent and what was said; without a choice the last message, when the assistant's, is said."""
    sent: list[Message] = []
    said: list[Message] = []
    choices: list[tuple[int, bool, Message]] = []
    for name, event in events:
        if name == _PROMPT:
            sent.extend(flat_messages(event.get("gen_ai.prompt"), notes))
        elif name == _COMPLETION:
            said.extend(messages_of(event.get("gen_ai.completion"), role="assistant", first_choice=True))
        elif name == _CHOICE:
            ended = bool(event.get("finish_reason"))
            choices.append((as_count(event.get("index")) or 0, ended, _choice(event)))
        else:
            sent.append(_message(name, event))
    if choices:
        said = [_first_choice(choices)]
    elif not said and sent and sent[-1].role == "assistant":
        said = [sent.pop()]
    return tuple(sent), tuple(said)


def _first_choice(choices: list[tuple[int, bool, Message]]) -> Message:
    """The first choice; of a stream that was recorded in pieces, all up to the one that ends it."""
    choices.sort(key=lambda choice: choice[0])
    pieces: list[Message] = []
    for _, ended, message in choices:
        pieces.append(message)
        if ended:
            break
    if len(pieces) == 1:
        return pieces[0]
    parts: list[Part] = []
    for part in (part for piece in pieces for part in piece.parts):
        if parts and isinstance(part, TextPart) and isinstance(before := parts[-1], TextPart):
            parts[-1] = TextPart(before.content + part.content)
        else:
            parts.append(part)
    return Message(role=pieces[0].role, parts=tuple(parts))


def _message(name: str, event: Mapping[str, Any]) -> Message:
    item, role = _content(event), _ROLES[name]
    # A tool's message is one whatever role the client gave it.
    return message_of({**item, "role": role} if role == "tool" else item, role)


def _choice(event: Mapping[str, Any]) -> Message:
    """`message` is an object, JSON text of content blocks, or plain text; some leave it out."""
    content = _content(event)
    said: object = content.get("message")
    held = decoded(said)
    if isinstance(held, dict):
        return message_of(cast("dict[str, Any]", held), "assistant")
    if said is not None:
        return Message(role="assistant", parts=content_parts(said))
    return message_of(content, "assistant")


def _content(event: Mapping[str, Any]) -> dict[str, Any]:
    """The event's own fields, or the JSON that Azure's clients put into one attribute."""
    held = as_object(event.get("gen_ai.event.content"))
    return held or dict(event)


def _tool(events: list[_Event]) -> Found:
    """A tool's span: what it was given is the tool's message, what it gave back the choice."""
    found = Found()
    for name, event in events:
        if name == "gen_ai.tool.message":
            found.tool_arguments = arguments_of(event.get("content"))
        elif name == _CHOICE:
            said = event.get("message")
            held = decoded(said)
            content = cast("dict[str, Any]", held).get("content", said) if isinstance(held, dict) else said
            found.tool_result = result_of(content)
        else:
            continue
        found.tool_name = found.tool_name or as_name(event.get("name"))
    return found
