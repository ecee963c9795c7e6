"""What a judge sees of a span: the same behind every door."""

from collections.abc import Mapping, Sequence
from typing import Any

from spanjudge.judging.subject import Subject
from spanjudge.spans.parts import as_json
from spanjudge.spans.raw import RawSpan
from spanjudge.spans.span import MediaPart, Span, ToolCall, ToolCallPart
from spanjudge.spans.tree import SpanTree

EXPECTED = "spanjudge.expected"
"""The span attribute that carries a ground truth."""


def subject_of(span: Span, raw: RawSpan, others: Sequence[Span] = ()) -> Subject:
    """What a judge sees of one span; `others` of its trace may hold what was retrieved for it.

    Of a tool's run the input are its arguments and the output its result; of an embedding the input are the
    texts.
    """
    given = output_of(span)
    asked = span.input_text
    calls = span.tool_calls
    if span.operation == "execute_tool":
        arguments = span.tool_arguments
        asked = asked or _text(arguments)
        given = given or span.tool_result
        calls = calls or (ToolCall(name=span.tool_name or span.name, arguments=arguments),)
    elif span.input_texts and not asked:
        asked = "\n\n".join(span.input_texts)
    return Subject(
        input=asked,
        output=given,
        messages=span.input_messages,
        system_prompt=span.system_prompt,
        context=SpanTree((span, *others)).context_of(span),
        expected=expected_of(raw),
        tools=span.tools,
        tool_calls=calls,
        model=span.response_model or span.request_model,
        provider=span.provider,
        attributes=attributes_of(raw),
    )


def attributes_of(raw: RawSpan) -> Mapping[str, Any]:
    """The span's attributes; below them the resource's, under their own keys and under `resource.`."""
    resource = raw.resource.attributes
    return {**resource, **{f"resource.{key}": value for key, value in resource.items()}, **raw.attributes}


def output_of(span: Span) -> str | None:
    """The text a span gave; empty when a model answered with nothing, `None` when no answer is recorded.

    A picture or a sound is an answer, though none in text.
    """
    if span.output_text is not None or span.error:
        return span.output_text
    answers = [message for message in span.output_messages if message.role == "assistant"]
    said = any(isinstance(part, MediaPart | ToolCallPart) for answer in answers for part in answer.parts)
    return "" if answers and not span.tool_calls and not said else None


def expected_of(raw: RawSpan) -> str | None:
    """The ground truth that a span carries."""
    return _text(raw.attributes.get(EXPECTED))


def _text(value: object) -> str | None:
    return value if value is None or isinstance(value, str) else as_json(value, indent=None)
