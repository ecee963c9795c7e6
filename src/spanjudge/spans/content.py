"""What was asked and answered on a span, worked out of what the dialects found on it."""

from collections.abc import Sequence
from typing import Any

import msgspec

from spanjudge.spans.dialects.found import Found
from spanjudge.spans.facts import Facts
from spanjudge.spans.json_text import as_name, as_text
from spanjudge.spans.lean import lean_call, lean_messages
from spanjudge.spans.media import without_media
from spanjudge.spans.operation import CHAIN
from spanjudge.spans.raw import STATUS_ERROR, STATUS_OK, RawSpan
from spanjudge.spans.span import Document, MediaPart, Message, ToolCall, ToolCallPart, ToolResultPart
from spanjudge.spans.tool_records import lean

_LONGEST_ERROR = 500


class Content(msgspec.Struct, kw_only=True):
    """The fields of `Span` that hold content."""

    system_prompt: str | None = None
    input_text: str | None = None
    output_text: str | None = None
    input_messages: tuple[Message, ...] = ()
    output_messages: tuple[Message, ...] = ()
    input_texts: tuple[str, ...] = ()
    tool_calls: tuple[ToolCall, ...] = ()
    tool_name: str | None = None
    tool_arguments: Any = None
    tool_result: str | None = None
    context: tuple[Document, ...] = ()
    notes: tuple[str, ...] = ()


def content_of(raw: RawSpan, known: Facts, found: Found, *, failed: bool) -> Content:
    """The content that a span of this operation can have. Texts are trimmed and hold no media.

    Plumbing has content only where nothing is above it; what failed has no answer.
    """
    if known.operation == "execute_tool":
        return _tool(found)
    if known.operation == "embeddings":
        return _embeddings(found)
    if not known.is_genai or (known.kind == CHAIN and raw.parent_span_id):
        return Content(context=found.context or ())
    sent = lean_messages(found.input_messages or ())
    said = lean_messages(found.output_messages or ())
    run = not known.is_model_call
    content = Content(
        system_prompt=_system_prompt(found.system_prompt, sent),
        input_text=_trimmed(found.input_text if found.input_text is not None else _asked(sent)),
        input_messages=sent,
        output_messages=said,
        context=found.context or (),
    )
    if not failed:
        text = found.output_text if found.output_text is not None else _answered(said, run=run)
        content.output_text = _trimmed(text)
        calls = _called(said, run=run) if found.tool_calls is None else found.tool_calls
        content.tool_calls = tuple(lean_call(call) for call in calls)
    if known.is_model_call:
        content.notes = _missing(content)
    if any(isinstance(part, MediaPart) for message in sent for part in message.parts):
        content.notes += ("a picture, a sound or a file was sent, which a judge of texts does not see",)
    return content


def error_of(raw: RawSpan) -> str | None:
    """Why the operation failed, in one line; `None` when it did not.

    An exception that was recorded is a failure, unless the span says that all is well.
    """
    kind = as_name(raw.attributes.get("error.type"))
    exception = next((event.attributes for event in raw.events if event.name == "exception"), None)
    if raw.status_code != STATUS_ERROR and not kind and (exception is None or raw.status_code == STATUS_OK):
        return None
    thrown = exception or {}
    told = (
        raw.status_message,
        as_text(thrown.get("exception.message")),
        kind,
        as_text(thrown.get("exception.type")),
    )
    text = next((text.strip() for text in told if text and text.strip()), "the span says that it failed")
    return without_media(text.splitlines()[0])[:_LONGEST_ERROR]


def _tool(found: Found) -> Content:
    """A tool's own fields, or the call and the result that its messages hold, or its input and output."""
    arguments, result = found.tool_arguments, found.tool_result
    sent = [part for message in found.input_messages or () for part in message.parts]
    said = [part for message in found.output_messages or () for part in message.parts]
    name = found.tool_name
    for part in sent:
        if isinstance(part, ToolCallPart):
            name = name or part.call.name
            arguments = part.call.arguments if arguments is None else arguments
    for part in said:
        if isinstance(part, ToolResultPart) and result is None:
            result = part.response
    if arguments is None:
        arguments = _trimmed(found.input_text)
    return Content(
        tool_name=name,
        tool_arguments=lean(arguments),
        tool_result=_trimmed(result if result is not None else found.output_text),
    )


def _embeddings(found: Found) -> Content:
    texts: Sequence[str] = found.input_texts or [message.text for message in found.input_messages or ()]
    return Content(input_texts=tuple(text for each in texts if (text := _trimmed(each))))


def _trimmed(text: str | None) -> str | None:
    return (without_media(text.strip()) or None) if text else None


def _system_prompt(instructions: str | None, messages: tuple[Message, ...]) -> str | None:
    """The instructions and every system message, in order, each once."""
    texts = [text] if (text := _trimmed(instructions)) else []
    for message in messages:
        if message.role == "system" and (text := message.text.strip()) and not any(text in t for t in texts):
            texts.append(text)
    return "\n\n".join(texts) or None


def _asked(messages: tuple[Message, ...]) -> str | None:
    """What the user said last; an earlier message is no substitute for a last one without text."""
    return next((message.text for message in reversed(messages) if message.role == "user"), None)


def _answered(messages: tuple[Message, ...], *, run: bool) -> str | None:
    """The answer; of an agent's whole run what it said last."""
    texts = (message.text for message in (reversed(messages) if run else messages) if _is_answer(message))
    return next((text for text in texts if text.strip()), None)


def _called(messages: tuple[Message, ...], *, run: bool) -> Sequence[ToolCall]:
    """The calls that the answer asks for; those within an agent's run are answered already."""
    answers = [message for message in messages if _is_answer(message)]
    return [call for message in (answers[-1:] if run else answers) for call in message.tool_calls]


def _is_answer(message: Message) -> bool:
    return message.role == "assistant"


def _missing(content: Content) -> tuple[str, ...]:
    notes: list[str] = []
    if content.input_text is None and not content.input_messages:
        notes.append("no input content on this span")
    if content.output_text is None and not content.tool_calls and not content.output_messages:
        notes.append("no output content on this span")
    return tuple(notes)
