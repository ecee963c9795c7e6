"""What a request or a file of OTLP brought."""

from collections.abc import Sequence

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


class SpansRead(msgspec.Struct, frozen=True, kw_only=True):
    """The spans of a request. `rejected` of them were bad and are left out.

    `problems` says what was wrong, in plain words for the sender: a few sentences however many spans it was,
    and never anything of their content. It may hold a warning when nothing was rejected.
    """

    spans: Sequence[ReceivedSpan] = ()
    rejected: int = 0
    problems: Sequence[str] = ()


class LogsRead(msgspec.Struct, frozen=True, kw_only=True):
    """The log records of a request that can carry content of a span; see `SpansRead`.

    `ignored` others were fine and are none of our business: no trace and span id, or not about GenAI.
    """

    logs: Sequence[ReceivedLog] = ()
    rejected: int = 0
    ignored: int = 0
    problems: Sequence[str] = ()


class FileRead(msgspec.Struct, frozen=True, kw_only=True):
    """What a file held; `problems` as in `SpansRead`."""

    spans: Sequence[ReceivedSpan] = ()
    logs: Sequence[ReceivedLog] = ()
    rejected: int = 0
    problems: Sequence[str] = ()
