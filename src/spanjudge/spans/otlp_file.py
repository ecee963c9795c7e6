"""Files of spans and log records, as exporters and people write them."""

import gzip
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, cast

import msgspec

from spanjudge.spans import otlp_json, otlp_messages, otlp_wire
from spanjudge.spans.otlp_wire import OtlpError, OtlpTooLargeError
from spanjudge.spans.received import FileRead, LogsRead, ReceivedLog, ReceivedSpan, SpansRead

_GZIP = b"\x1f\x8b"
_PREFIX_BYTES = 4
_EXPECTED = "expected is OTLP as JSON (with resourceSpans or resourceLogs), as JSON lines, or as protobuf"

_OTHERS: dict[str, str] = {
    "resourceMetrics": "OTLP metrics",
    "data": "a Jaeger export",
    "traceID": "a Jaeger export",
    "localEndpoint": "Zipkin spans",
    "context": "spans as the SDK's console exporter prints them",
    "spans": "a list of spans without the resourceSpans around it",
    "spanId": "a span without the resourceSpans around it",
    "input": "a data set of inputs and outputs",
    "output": "a data set of inputs and outputs",
}
"""Keys that tell what else a JSON file is."""

_MAGIC: dict[bytes, str] = {
    b"SQLite format 3": "an SQLite database",
    b"PK\x03\x04": "a ZIP archive",
    b"\x28\xb5\x2f\xfd": "packed with zstd: unpack it first",
    b"PAR1": "a Parquet file",
    b"%PDF": "a PDF",
    b"\xff\xfe": "text in UTF-16: write it as UTF-8",
    b"\xfe\xff": "text in UTF-16: write it as UTF-8",
}


def read(path: Path) -> FileRead:
    """See `spanjudge.spans.otlp.read_file`."""
    try:
        body = path.read_bytes()
    except IsADirectoryError:
        raise OtlpError(f"{path} is a folder: name a file in it.") from None
    except FileNotFoundError:
        raise OtlpError(f"{path} is not there.") from None
    except OSError as error:
        raise OtlpError(f"{path} cannot be read: {error.strerror}.") from None
    if body.startswith(_GZIP):
        try:
            body = gzip.decompress(body)
        except (OSError, EOFError, zlib.error):
            raise OtlpError(f"{path} is packed with gzip and damaged: it cannot be unpacked.") from None
    body = body.removeprefix(b"\xef\xbb\xbf")
    if not body.strip():
        raise OtlpError(f"{path} is empty.")
    reads: list[SpansRead | LogsRead] = []
    requests = _of_json(body, path) if body.lstrip()[:1] in (b"{", b"[") else _of_protobuf(body, path)
    for request in requests:
        reads.extend(request)
    spans: list[ReceivedSpan] = []
    logs: list[ReceivedLog] = []
    problems: dict[str, None] = {}
    for one in reads:
        if isinstance(one, SpansRead):
            spans.extend(one.spans)
        else:
            logs.extend(one.logs)
        problems |= dict.fromkeys(one.problems)
    return FileRead(
        spans=spans, logs=logs, rejected=sum(one.rejected for one in reads), problems=tuple(problems)
    )


_Reads = tuple[SpansRead | LogsRead, ...]


def _of_json(body: bytes, path: Path) -> Iterator[_Reads]:
    lines = body.splitlines()
    first = next(line for line in lines if line.strip())
    if _is_json(first):
        for number, line in enumerate(lines, 1):
            if line.strip():
                yield from _of_document(line, f"{path}:{number}")
    else:
        yield from _of_document(body, str(path))


def _of_document(body: bytes, where: str) -> Iterator[_Reads]:
    if body.lstrip().startswith(b"["):
        try:
            documents = msgspec.json.decode(body, type=list[msgspec.Raw])
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise OtlpError(f"{where} is no JSON ({error}); {_EXPECTED}.") from None
        for document in documents:
            yield _of_request(bytes(document), where)
    else:
        yield _of_request(body, where)


def _of_request(body: bytes, where: str) -> _Reads:
    try:
        request = otlp_json.parse(body)
    except OtlpTooLargeError as error:
        raise OtlpTooLargeError(f"{where}: {error}") from None
    except OtlpError as error:
        raise OtlpError(f"{where}: {error}") from None
    if request.resource_spans is None and request.resource_logs is None:
        raise OtlpError(f"{where} is {_what(msgspec.json.decode(body))}; {_EXPECTED}.")
    found: list[SpansRead | LogsRead] = []
    if request.resource_spans:
        found.append(otlp_messages.spans_of(otlp_json.groups_of(request, "traces")))
    if request.resource_logs:
        found.append(otlp_messages.logs_of(otlp_json.groups_of(request, "logs")))
    return tuple(found)


def _of_protobuf(body: bytes, path: Path) -> Iterator[_Reads]:
    for start, what in _MAGIC.items():
        if body.startswith(start):
            raise OtlpError(f"{path} is {what}; {_EXPECTED}.")
    for request in _prefixed(body) or [body]:
        try:
            frame = otlp_wire.groups(request, "traces")
        except OtlpTooLargeError as error:
            raise OtlpTooLargeError(f"{path}: {error}") from None
        except OtlpError:
            raise OtlpError(f"{path} is {_text_or_bytes(body)}; {_EXPECTED}.") from None
        if not frame.groups:
            raise OtlpError(f"{path} is {_text_or_bytes(body)}; {_EXPECTED}.")
        spans = otlp_messages.spans_of(frame)
        # Both signals have the same frame; what is inside tells which one it is.
        logs = otlp_messages.logs_of(frame) if spans.rejected and not spans.spans else LogsRead()
        yield (logs,) if logs.logs else (spans,)


def _prefixed(body: bytes) -> list[bytes]:
    """Requests with their length in four bytes before each, as the collector's file exporter writes them."""
    found: list[bytes] = []
    at = 0
    while at < len(body):
        start = at + _PREFIX_BYTES
        at = start + int.from_bytes(body[at:start], "big")
        if at > len(body) or at == start:
            return []
        found.append(body[start:at])
    return found


def _is_json(line: bytes) -> bool:
    try:
        msgspec.json.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False
    return True


def _what(document: Any) -> str:
    if isinstance(document, Mapping):
        keys = cast("Mapping[str, Any]", document)
        known = next((what for key, what in _OTHERS.items() if key in keys), None)
        return known or "JSON, and no OTLP"
    return "JSON, and no OTLP"


def _text_or_bytes(body: bytes) -> str:
    try:
        body[:4096].decode()
    except UnicodeDecodeError as error:
        if error.start < len(body[:4096]) - 4:
            return "in a format that is not known here"
    return "in a format that is not known here" if b"\0" in body[:4096] else "text, and no OTLP"
