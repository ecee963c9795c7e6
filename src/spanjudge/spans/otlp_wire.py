"""The frame of an OTLP request in protobuf, taken apart without decoding what is inside.

Traces and logs have the same frame: a request (1: resources) of resources (1: resource, 2: scopes, 3: schema
URL) of scopes (1: scope, 2: spans or log records, 3: schema URL); `opentelemetry/proto/trace/v1/trace.proto`.
Taking it apart first leaves every span with exactly the bytes it came in, lets a bad one fail alone, and
bounds what can be made of few bytes before any memory is taken for it.
"""

from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple

from spanjudge.errors import SpanjudgeError

Signal = Literal["traces", "logs"]

MOST_ITEMS = 100_000
"""Spans or log records in one request."""

MOST_GROUPS = 20_000
"""Resources, and scopes of them, in one request."""

MOST_PARTS = 1_000_000
"""Attributes, events and values inside of values in one request: what takes memory once decoded."""

MOST_PARTS_OF_ITEM = 50_000
"""Attributes, values, events and links in one span or log record; an attribute and its value are two."""

_LENGTH, _VARINT, _FIXED64, _FIXED32 = 2, 0, 1, 5
_CONTINUES = 0x80
_TEXT_TAG = 0x0A
_LONGEST_VARINT = 70  # ten bytes of seven bits
_BYTES_OF_PART = 2  # a part takes at least a tag and a length

# Which fields of a message are messages themselves, and what is in those.
_Parts = dict[int, "_Parts"]
_ANY_VALUE: _Parts = {}
_KEY_VALUE: _Parts = {2: _ANY_VALUE}
_ANY_VALUE.update({5: {1: _ANY_VALUE}, 6: {1: _KEY_VALUE}})
_PARTS: dict[Signal, _Parts] = {
    "traces": {9: _KEY_VALUE, 11: {3: _KEY_VALUE}, 13: {4: _KEY_VALUE}},
    "logs": {5: _ANY_VALUE, 6: _KEY_VALUE},
}


class OtlpError(SpanjudgeError):
    """No OTLP, or none that can be decoded; sending it again would not help."""


class OtlpTooLargeError(OtlpError):
    """More in one request than is taken: it has to be sent in smaller pieces."""


class Group(NamedTuple):
    """What one scope of one resource sent.

    `envelope` is the `ResourceSpans` (or `ResourceLogs`) without spans, `items` are the `Span` (`LogRecord`)
    messages. `bad` says of further ones why they are none.
    """

    envelope: bytes
    items: list[bytes]
    bad: list[str]


class Groups(NamedTuple):
    """A request. `warning` is for a sender who may have meant something else."""

    groups: list[Group]
    warning: str = ""


def groups(body: bytes, signal: Signal) -> Groups:
    """Take a request apart. Raises `OtlpError`."""
    found: list[Group] = []
    limit = Limit()
    try:
        for number, start, end in fields(body, 0, len(body)):
            if number != 1:
                continue
            limit.groups(1)
            found.extend(_of_resource(body, start, end, limit))
    except IndexError:
        raise _malformed() from None
    if body and not found:
        return Groups(found, f"The request holds no {signal}: nothing was taken from it.")
    return Groups(found)


class Limit:
    """What one request may still hold. Each method raises `OtlpTooLargeError`."""

    def __init__(self) -> None:
        """Nothing is used up yet."""
        self._groups = MOST_GROUPS
        self._items = MOST_ITEMS
        self._parts = MOST_PARTS

    def groups(self, more: int) -> None:
        """More resources or scopes."""
        self._groups -= more
        if self._groups < 0:
            raise OtlpTooLargeError(f"The request holds more than {MOST_GROUPS:,} resources and scopes.")

    def items(self, more: int) -> None:
        """More spans or log records."""
        self._items -= more
        if self._items < 0:
            raise OtlpTooLargeError(f"The request holds more than {MOST_ITEMS:,} spans or log records.")

    def parts(self, more: int) -> None:
        """More attributes, events and values."""
        self._parts -= more
        if self._parts < 0:
            raise OtlpTooLargeError(f"The request holds more than {MOST_PARTS:,} attributes and values.")


def may_be_too_much(groups: Sequence[Group]) -> bool:
    """Whether a request may hold more than `MOST_PARTS`; most are too small for that."""
    return sum(len(item) for group in groups for item in group.items) > MOST_PARTS * _BYTES_OF_PART


def is_absurd(item: bytes, signal: Signal) -> bool:
    """Whether a span or log record holds more than anybody means to send."""
    return len(item) > MOST_PARTS_OF_ITEM * _BYTES_OF_PART and count(item, signal) > MOST_PARTS_OF_ITEM


def count(item: bytes, signal: Signal) -> int:
    """How many attributes, values, events and links a span or log record holds; no further than it may.

    Written out for speed: it looks at every value.
    """
    waiting = [(_PARTS[signal], 0, len(item))]
    found = 0
    try:
        while waiting and found <= MOST_PARTS_OF_ITEM:
            parts, at, end = waiting.pop()
            while at < end and found <= MOST_PARTS_OF_ITEM:
                tag = item[at]
                at += 1
                if tag >= _CONTINUES:
                    tag, at = _varint(item, at - 1)
                if tag & 7 != _LENGTH:
                    at = _skip(item, at, tag & 7)
                    continue
                length = item[at]
                at += 1
                if length >= _CONTINUES:
                    length, at = _varint(item, at - 1)
                inside = parts.get(tag >> 3)
                if inside is not None:
                    found += 1
                    if length and not (inside is _ANY_VALUE and _is_short_text(item, at, length)):
                        waiting.append((inside, at, at + length))
                at += length
    except (IndexError, OtlpError):
        return found  # malformed: who decodes it will say so
    return found


def _is_short_text(item: bytes, at: int, length: int) -> bool:
    """Whether a value is nothing but a text, as most are."""
    return item[at] == _TEXT_TAG and item[at + 1] == length - 2 < _CONTINUES


def fields(data: bytes, at: int, end: int) -> Iterator[tuple[int, int, int]]:
    """The fields of a message that have a length: number, start and end of each value. Others are skipped.

    Raises `OtlpError`, or `IndexError` at the end of the data.
    """
    while at < end:
        tag = data[at]
        at += 1
        if tag >= _CONTINUES:
            tag, at = _varint(data, at - 1)
        kind = tag & 7
        if kind == _LENGTH:
            length = data[at]
            at += 1
            if length >= _CONTINUES:
                length, at = _varint(data, at - 1)
            stop = at + length
            if stop > end:
                raise _malformed()
            yield tag >> 3, at, stop
            at = stop
        else:
            at = _skip(data, at, kind)
    if at != end:
        raise _malformed()


def field(number: int, value: bytes) -> bytes:
    """A field with a length, as it stands in a message; nothing for an empty value."""
    return _as_varint(number << 3 | _LENGTH) + _as_varint(len(value)) + value if value else b""


def envelope(resource: bytes, resource_schema: bytes, scope: bytes, scope_schema: bytes) -> bytes:
    """A `ResourceSpans` or `ResourceLogs` with one scope and nothing in it."""
    return field(1, resource) + field(2, field(1, scope) + field(3, scope_schema)) + field(3, resource_schema)


def _of_resource(data: bytes, start: int, end: int, limit: Limit) -> Iterator[Group]:
    resource = schema = b""
    scopes: list[tuple[int, int]] = []
    for number, value_start, value_end in fields(data, start, end):
        if number == 1:
            # A message that comes in two pieces is both of them, joined.
            resource += data[value_start:value_end]
        elif number == 2:  # noqa: PLR2004  # the field's number
            limit.groups(1)
            scopes.append((value_start, value_end))
        elif number == 3:  # noqa: PLR2004  # the field's number
            schema = data[value_start:value_end]
    for scope_start, scope_end in scopes:
        scope = scope_schema = b""
        items: list[bytes] = []
        for number, value_start, value_end in fields(data, scope_start, scope_end):
            if number == 2:  # noqa: PLR2004  # the field's number
                limit.items(1)
                items.append(data[value_start:value_end])
            elif number == 1:
                scope += data[value_start:value_end]
            elif number == 3:  # noqa: PLR2004  # the field's number
                scope_schema = data[value_start:value_end]
        yield Group(envelope(resource, schema, scope, scope_schema), items, [])


def _skip(data: bytes, at: int, kind: int) -> int:
    """Where a value without a length ends."""
    if kind == _VARINT:
        return _varint(data, at)[1]
    if kind == _FIXED64:
        return at + 8
    if kind == _FIXED32:
        return at + 4
    raise _malformed()


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < _CONTINUES:
            return value, at
        shift += 7
        if shift >= _LONGEST_VARINT:
            raise _malformed()


def _as_varint(value: int) -> bytes:
    out = bytearray()
    while value >= _CONTINUES:
        out.append(value & 0x7F | _CONTINUES)
        value >>= 7
    out.append(value)
    return bytes(out)


def _malformed() -> OtlpError:
    return OtlpError("The body is no OTLP request in protobuf: it is malformed, or was cut off on its way.")
