"""Messages without the bytes of images, sounds and files, wherever in them those stand."""

from spanjudge.spans.media import without_media
from spanjudge.spans.span import (
    Message,
    Part,
    ReasoningPart,
    TextPart,
    ToolCall,
    ToolCallPart,
    ToolResultPart,
)
from spanjudge.spans.tool_records import arguments_of, lean


def lean_messages(messages: tuple[Message, ...]) -> tuple[Message, ...]:
    """The messages; those that hold media as text hold its kind and size instead."""
    return tuple(_message(message) for message in messages)


def lean_call(call: ToolCall) -> ToolCall:
    """A tool call, its arguments an object also where Python wrote them; media told by kind and size."""
    arguments = arguments_of(call.arguments) if isinstance(call.arguments, str) else lean(call.arguments)
    return call if arguments == call.arguments else ToolCall(name=call.name, arguments=arguments, id=call.id)


def _message(message: Message) -> Message:
    parts = tuple(_part(part) for part in message.parts)
    if all(new is old for new, old in zip(parts, message.parts, strict=True)):
        return message
    return Message(role=message.role, parts=parts, name=message.name)


def _part(part: Part) -> Part:
    if isinstance(part, TextPart):
        text = without_media(part.content)
        return part if text is part.content else TextPart(text)
    if isinstance(part, ToolResultPart):
        text = without_media(part.response)
        return part if text is part.response else ToolResultPart(text, part.id)
    if isinstance(part, ToolCallPart):
        call = lean_call(part.call)
        return part if call is part.call else ToolCallPart(call)
    if isinstance(part, ReasoningPart):
        text = without_media(part.content)
        return part if text is part.content else ReasoningPart(text)
    return part
