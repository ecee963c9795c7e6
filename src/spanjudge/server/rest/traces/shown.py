"""A span as it is shown: its conversation, documents, tools and attributes; long texts are cut."""

import math
from collections.abc import Iterable, Mapping
from typing import Any, cast

from spanjudge.judging.span_subject import expected_of, output_of
from spanjudge.remote_scorer.problem import without_surrogates
from spanjudge.server.rest.results.told import readable
from spanjudge.server.rest.shapes.traces import (
    Attribute,
    ShownDocument,
    ShownMessage,
    ShownPart,
    ShownTool,
    ShownToolCall,
)
from spanjudge.spans.parts import as_json
from spanjudge.spans.raw import RawSpan
from spanjudge.spans.span import (
    MediaPart,
    Message,
    Part,
    ReasoningPart,
    Span,
    TextPart,
    ToolCall,
    ToolCallPart,
    ToolResultPart,
)

LONGEST_TEXT = 20_000
LONGEST_VALUE = 2_000
_ROOM = 1_000_000
_LEAST = 200

_TYPES: tuple[tuple[type, str], ...] = (
    (bool, "bool"),
    (int, "int"),
    (float, "double"),
    (str, "string"),
    (bytes, "bytes"),
    (list, "array"),
    (tuple, "array"),
    (Mapping, "kvlist"),
)


class Shown:
    """One span. Texts are cut to `LONGEST_TEXT`, and much shorter once there were a million characters."""

    def __init__(self, raw: RawSpan, span: Span, *, full: bool = False) -> None:
        """`full` cuts nothing."""
        self._raw = raw
        self._span = span
        self._full = full
        self._room = _ROOM

    def messages(self) -> list[ShownMessage]:
        """What was said before, in order, then what came out."""
        return [*self._before(), *self._after()]

    def _before(self) -> Iterable[ShownMessage]:
        span = self._span
        if span.operation == "execute_tool":
            call = ToolCall(name=span.tool_name or span.name, arguments=span.tool_arguments)
            yield self._message(Message(role="tool", parts=(ToolCallPart(call),)))
            return
        told = bool(span.system_prompt)
        messages = [one for one in span.input_messages if not (told and one.role in _SYSTEM)]
        if messages:
            yield from map(self._message, messages)
            return
        for text in (span.input_text,) if span.input_text else span.input_texts:
            yield self._message(Message(role="user", parts=(TextPart(text),)))

    def _after(self) -> Iterable[ShownMessage]:
        span = self._span
        if span.operation == "execute_tool":
            result = span.tool_result if span.tool_result is not None else span.output_text
            if result is not None:
                part = ToolResultPart(result)
                yield self._message(Message(role="tool", parts=(part,)), is_output=True)
            return
        if span.output_messages:
            for message in span.output_messages:
                yield self._message(message, is_output=True)
            return
        parts: list[Part] = [TextPart(text)] if (text := output_of(span)) else []
        parts += [ToolCallPart(call) for call in span.tool_calls]
        if parts:
            yield self._message(Message(role="assistant", parts=tuple(parts)), is_output=True)

    def _message(self, message: Message, *, is_output: bool = False) -> ShownMessage:
        return ShownMessage(
            role=readable(message.role),
            name=readable(message.name) if message.name else None,
            parts=[self._part(part) for part in message.parts],
            is_output=is_output,
        )

    def _part(self, part: Part) -> ShownPart:
        match part:
            case TextPart():
                return self._text("text", part.content)
            case ReasoningPart():
                return self._text("reasoning", part.content)
            case ToolResultPart():
                return self._text("tool_response", part.response)
            case MediaPart():
                return self._text("media", part.description)
            case ToolCallPart():
                arguments, total = self.cut(_as_text(part.call.arguments))
                call = ShownToolCall(id=part.call.id, name=readable(part.call.name), arguments=arguments)
                return ShownPart(kind="tool_call", tool_call=call, total_chars=total)

    def _text(self, kind: Any, text: str) -> ShownPart:
        shown, total = self.cut(text)
        return ShownPart(kind=kind, text=shown, total_chars=total)

    def system_prompt(self) -> str:
        """What the model was told to be."""
        return self.cut(self._span.system_prompt or "")[0]

    def expected(self) -> str:
        """The ground truth the span carries."""
        return self.cut(expected_of(self._raw) or "")[0]

    def tools(self) -> list[ShownTool]:
        """What the model could have called."""
        return [
            ShownTool(
                name=readable(tool.name),
                description=self.cut(tool.description)[0],
                parameters=_as_json_value(tool.parameters),
            )
            for tool in self._span.tools
        ]

    def documents(self) -> list[ShownDocument]:
        """What was retrieved."""
        found: list[ShownDocument] = []
        for document in self._span.context:
            text, total = self.cut(document.content)
            score = document.score
            found.append(
                ShownDocument(
                    title=readable(document.id or ""),
                    text=text,
                    score=score if score is not None and math.isfinite(score) else None,
                    total_chars=total,
                )
            )
        return found

    def attributes(self) -> list[Attribute]:
        """The span's attributes as they came, by name."""
        return self._attributes(self._raw.attributes)

    def resource_attributes(self) -> list[Attribute]:
        """Who sent it."""
        return self._attributes(self._raw.resource.attributes)

    def _attributes(self, attributes: Mapping[str, Any]) -> list[Attribute]:
        found: list[Attribute] = []
        for name in sorted(attributes):
            value = attributes[name]
            text, total = self.cut(_as_text(value), LONGEST_VALUE)
            found.append(Attribute(name=readable(name), value=text, type=_type_of(value), total_chars=total))
        return found

    def cut(self, text: str, longest: int = LONGEST_TEXT) -> tuple[str, int]:
        """A text as it is shown, and how long it is."""
        total = len(text)
        if not self._full:
            longest = longest if self._room > 0 else min(longest, _LEAST)
            text = text[:longest]
            self._room -= len(text)
        return readable(text), total


_SYSTEM = frozenset({"system", "developer"})


def _as_text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, bytes):
        return value.hex()
    return as_json(value, indent=None)


def _type_of(value: object) -> str:
    return next((name for kind, name in _TYPES if isinstance(value, kind)), "string")


def _as_json_value(value: object) -> Any:
    """What JSON can carry, without endless numbers and halves of characters."""
    return without_surrogates(_finite(value, 0))


_DEEPEST = 50


def _finite(value: Any, depth: int) -> Any:
    if depth > _DEEPEST:
        return None
    if isinstance(value, dict):
        found = cast("dict[Any, Any]", value)
        return {str(key): _finite(inner, depth + 1) for key, inner in found.items()}
    if isinstance(value, list | tuple):
        return [_finite(inner, depth + 1) for inner in cast("list[Any]", value)]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value if value is None or isinstance(value, bool | int | float | str) else str(value)
