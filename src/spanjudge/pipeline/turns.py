"""A whole session, read: what the user and the assistant said in turn, across traces."""

from collections.abc import Iterator, Sequence

from spanjudge.judging.span_subject import output_of
from spanjudge.pipeline.folding import Step
from spanjudge.pipeline.trace import Trace
from spanjudge.spans.span import Message, Span, TextPart, ToolCallPart

_SAID = frozenset({"user", "assistant"})


def turns_of(traces: Sequence[Trace]) -> list[Step]:
    """User and assistant messages in order of time.

    `traces` are in order of start. Turns before the first stored trace are taken from the messages that its
    first model call was sent; of later calls only what is new counts.
    """
    turns: list[Step] = []
    asked: tuple[str, int] | None = None
    for trace in traces:
        calls = [call for call in trace.main_calls if call.input_text or output_of(call) or call.tool_calls]
        if not turns and calls:
            turns.extend(_history(calls[0]))
        head = trace.head
        if not calls or (not head.is_model_call and head.input_text and output_of(head) is not None):
            turns.extend(_turn(head))
            asked = None
            continue
        for place, call in enumerate(calls):
            asking = _asking(call) or asked
            # A call that is asked what the one before it was asked goes on with the same turn: a tool loop,
            # sometimes with a trace for every call.
            if asking == asked and asked is not None and (place or _after_a_tool(call)):
                turns.pop()
            elif call.input_text:
                turns.append(_user(call, call.input_text))
            turns.append(_assistant(call))
            asked = asking
    return turns


def _asking(call: Span) -> tuple[str, int] | None:
    """The question, and which one of the conversation it is."""
    if not call.input_text:
        return None
    return call.input_text, sum(message.role == "user" for message in call.input_messages)


def _after_a_tool(call: Span) -> bool:
    return bool(call.input_messages) and call.input_messages[-1].role == "tool"


def _turn(span: Span) -> Iterator[Step]:
    if span.input_text:
        yield _user(span, span.input_text)
    if span.output_text or span.error:
        yield _assistant(span)


def _history(call: Span) -> Iterator[Step]:
    """What was said before the message that this call answers."""
    said = [message for message in call.input_messages if message.role in _SAID and message.text.strip()]
    latest = max((place for place, message in enumerate(said) if message.role == "user"), default=0)
    for message in said[:latest]:
        told = Message(role=message.role, parts=(TextPart(message.text.strip()),))
        yield Step(told, f"{message.role} turn", call.start_ns)


def _user(span: Span, text: str) -> Step:
    return Step(Message(role="user", parts=(TextPart(text),)), "user turn", span.start_ns)


def _assistant(span: Span) -> Step:
    """What was said last in a turn: the text, or what was called; and the error when it failed."""
    parts = (
        (TextPart(span.output_text),)
        if span.output_text
        else tuple(ToolCallPart(call) for call in span.tool_calls)
    )
    if span.error:
        parts = (*parts, TextPart(f"[error] {span.error}"))
    message = Message(role="assistant", parts=parts or (TextPart("[no answer]"),))
    return Step(message, "assistant turn", span.start_ns, stays=bool(span.error))
