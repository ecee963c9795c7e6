"""OTLP, protobuf and JSON, to raw spans and log records, and back out of the store.

This module is cheap to import; what needs the protobuf runtime is imported with the first request.
"""

from pathlib import Path
from typing import Protocol

from spanjudge.spans import otlp_wire
from spanjudge.spans.otlp_wire import Groups, OtlpError, OtlpTooLargeError, Signal
from spanjudge.spans.raw import LogEvent, RawSpan
from spanjudge.spans.received import FileRead, LogsRead, ReceivedLog, ReceivedSpan, SpansRead

__all__ = [
    "FileRead",
    "LogsRead",
    "Message",
    "OtlpError",
    "OtlpTooLargeError",
    "ReceivedLog",
    "ReceivedSpan",
    "SpansRead",
    "decode_log",
    "decode_span",
    "read_file",
    "read_logs",
    "read_spans",
]


class Message(Protocol):
    """A protobuf message, as far as it is needed here."""

    def SerializeToString(self) -> bytes:  # noqa: N802  # protobuf's own name
        """The message as bytes."""
        ...


def read_spans(request: bytes | Message, *, json: bool = False) -> SpansRead:
    """The spans of an `ExportTraceServiceRequest`: as it came over the wire, or as a message.

    A span that cannot be decoded, has an id of the wrong length or one that is all zeros, or holds absurdly
    much is rejected; the others are kept. Times are taken as they are. An attribute key that comes
    twice has its last value, unless that one is empty.

    Raises `OtlpError` when nothing of it can be decoded, `OtlpTooLargeError` when it holds too much.
    """
    from spanjudge.spans import otlp_messages  # noqa: PLC0415  # brings the protobuf runtime

    return otlp_messages.spans_of(_groups(request, "traces", json=json))


def read_logs(request: bytes | Message, *, json: bool = False) -> LogsRead:
    """The log records of an `ExportLogsServiceRequest` that may carry content of a span; as `read_spans`."""
    from spanjudge.spans import otlp_messages  # noqa: PLC0415  # brings the protobuf runtime

    return otlp_messages.logs_of(_groups(request, "logs", json=json))


def decode_span(blob: bytes, envelope: bytes) -> RawSpan:
    """A span out of the store. Raises `OtlpError` when these bytes are no span."""
    from spanjudge.spans import otlp_messages  # noqa: PLC0415  # brings the protobuf runtime

    return otlp_messages.span(blob, envelope)


def decode_log(blob: bytes, envelope: bytes) -> LogEvent:
    """A log record out of the store. Raises `OtlpError` when these bytes are none."""
    from spanjudge.spans import otlp_messages  # noqa: PLC0415  # brings the protobuf runtime

    return otlp_messages.log(blob, envelope)


def read_file(path: str | Path) -> FileRead:
    """Spans and log records of a file: OTLP as JSON, JSON lines (the collector's file exporter) or protobuf.

    It may be packed with gzip, and traces and logs may be mixed. Log records that carry no content are left
    out without a word.
    Raises `OtlpError` that says what the file is instead.
    """
    from spanjudge.spans import otlp_file  # noqa: PLC0415  # brings the protobuf runtime

    return otlp_file.read(Path(path))


def _groups(request: bytes | Message, signal: Signal, *, json: bool) -> Groups:
    body = request if isinstance(request, bytes) else request.SerializeToString()
    if json:
        from spanjudge.spans import otlp_json  # noqa: PLC0415  # brings the protobuf runtime

        return otlp_json.groups(body, signal)
    return otlp_wire.groups(body, signal)
