"""OTLP, protobuf and JSON, to raw spans and log records, and back out of the store."""

import msgspec

from spanjudge.spans.raw import LogEvent, RawSpan


class ReceivedSpan(msgspec.Struct, frozen=True, gc=False):
    """One span of a request. `blob` is its OTLP `Span` message.

    `envelope` is the `ResourceSpans` it came in without spans: resource and scope, the same bytes object for
    all spans of one scope.
    """

    raw: RawSpan
    blob: bytes
    envelope: bytes


class ReceivedLog(msgspec.Struct, frozen=True, gc=False):
    """One log record of a request: `blob` is its `LogRecord`, `envelope` the `ResourceLogs` around it."""

    event: LogEvent
    blob: bytes
    envelope: bytes
