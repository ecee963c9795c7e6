"""Files of spans and log records, in every form they are found in, and what other files are called."""

import gzip
import json
from pathlib import Path

import pytest
from google.protobuf.json_format import MessageToJson

from spanjudge.spans.otlp import OtlpError, read_file
from tests.spans.requests import logs, span_of, traces, user_message

FIXTURES = Path(__file__).parent.parent / "data" / "otlp"
CAPTURES = sorted(path for path in FIXTURES.glob("*/*.json") if path.name != "expected.json")

TRACES = MessageToJson(traces(2), indent=None)
LOGS = MessageToJson(logs(user_message()), indent=None)
MIXED = json.dumps(json.loads(TRACES) | json.loads(LOGS))
SPAN_BYTES, LOG_BYTES = traces(2).SerializeToString(), logs(user_message()).SerializeToString()


def prefixed(*requests: bytes) -> bytes:
    return b"".join(len(request).to_bytes(4, "big") + request for request in requests)


@pytest.mark.parametrize("capture", CAPTURES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_every_capture_is_read_whole(capture: Path) -> None:
    document = json.loads(capture.read_bytes())
    spans = [
        span["spanId"]
        for resource in document.get("resourceSpans", ())
        for scope in resource["scopeSpans"]
        for span in scope["spans"]
    ]
    records = [
        record["spanId"]
        for resource in document.get("resourceLogs", ())
        for scope in resource["scopeLogs"]
        for record in scope["logRecords"]
    ]
    read = read_file(capture)
    assert [span.raw.span_id for span in read.spans] == spans
    assert [log.event.span_id for log in read.logs] == records
    assert (read.rejected, read.problems) == (0, ())


@pytest.mark.parametrize(
    ("content", "spans", "records"),
    [
        (TRACES.encode(), 2, 0),
        (b"\xef\xbb\xbf\n " + TRACES.encode() + b"\n", 2, 0),
        (MessageToJson(traces(2)).encode(), 2, 0),
        (LOGS.encode(), 0, 1),
        (MIXED.encode(), 2, 1),
        (f"{TRACES}\n\n{LOGS}\r\n{TRACES}\n".encode(), 4, 1),
        (f"[{TRACES},\n{LOGS}]".encode(), 2, 1),
        (gzip.compress(TRACES.encode()), 2, 0),
        (SPAN_BYTES, 2, 0),
        (LOG_BYTES, 0, 1),
        (prefixed(SPAN_BYTES, LOG_BYTES, SPAN_BYTES), 4, 1),
        (gzip.compress(prefixed(SPAN_BYTES)), 2, 0),
    ],
    ids=[
        "json",
        "byte order mark",
        "indented",
        "logs",
        "mixed",
        "lines",
        "list",
        "gzip",
        "protobuf",
        "protobuf logs",
        "collector's protobuf",
        "gzip of it",
    ],
)
def test_every_form_is_read(tmp_path: Path, content: bytes, spans: int, records: int) -> None:
    file = tmp_path / "file"
    file.write_bytes(content)
    read = read_file(str(file))
    assert (len(read.spans), len(read.logs), read.problems) == (spans, records, ())


def test_bad_spans_are_counted_and_the_rest_is_read(tmp_path: Path) -> None:
    request = traces(3)
    span_of(request, 1).span_id = b"x"
    file = tmp_path / "file"
    file.write_bytes(request.SerializeToString())
    read = read_file(file)
    assert (len(read.spans), read.rejected) == (2, 1)
    assert read.problems == ("1 span rejected: a span id of 1 bytes where 8 are needed",)


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"", "is empty"),
        (b" \n", "is empty"),
        (b'{"resourceMetrics": []}', "is OTLP metrics"),
        (b'{"data": [{"traceID": "1"}]}', "is a Jaeger export"),
        (b'[{"traceId": "1", "id": "2", "localEndpoint": {}}]', "is Zipkin spans"),
        (
            b'{"name": "a", "context": {"trace_id": "0x1"}}',
            "is spans as the SDK's console exporter",
        ),
        (b'{"input": "a", "output": "b"}\n{"input": "c"}\n', ":1 is a data set of inputs and outputs"),
        (b'{"a": 1}', "is JSON, and no OTLP"),
        (b"[1]", "is JSON and no OTLP request"),
        (TRACES.encode() + b'\n{"resourceSpans": 5}', ":2: The body is JSON and no OTLP request"),
        (b"{ no", "is no JSON"),
        (b"[section]\n", "is no JSON"),
        (b"some: yaml\n", "is text, and no OTLP"),
        ("ä".encode() * 3000, "is text, and no OTLP"),
        (b"\x00\xff\xfe" * 100, "is in a format that is not known here"),
        (b"SQLite format 3\x00", "is an SQLite database"),
        (b"\x28\xb5\x2f\xfd", "is packed with zstd"),
        (gzip.compress(TRACES.encode())[:-9], "is packed with gzip and damaged"),
        (SPAN_BYTES[:-3], "is in a format that is not known here|is text, and no OTLP"),
    ],
)
def test_what_is_no_otlp_is_said_to_be_what_it_is(tmp_path: Path, content: bytes, what: str) -> None:
    file = tmp_path / "file"
    file.write_bytes(content)
    with pytest.raises(OtlpError, match=rf"file.*({what})"):
        read_file(file)


def test_what_is_no_file_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(OtlpError, match="is a folder"):
        read_file(tmp_path)
    with pytest.raises(OtlpError, match="is not there"):
        read_file(tmp_path / "none")
