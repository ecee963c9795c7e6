"""The peer of the pages' benchmark: Phoenix, with the same traces and outcomes.

Over OTLP it takes about an hour for as many spans, so rows are written into the database that it made itself,
as it writes them: one trace is sent to it too, and must be stored the same.
"""

import json
import sqlite3
import time
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from benchmarks.page_traces import SPANS, Trace, outcomes, request, span_id, trace
from benchmarks.process import Process, free_port

PROJECT = "UHJvamVjdDox"
_BATCH = 500
_SPANS = (
    "INSERT INTO spans (trace_rowid, span_id, parent_id, name, span_kind, start_time, end_time, attributes,"
    " events, status_code, status_message, cumulative_error_count, cumulative_llm_token_count_prompt,"
    " cumulative_llm_token_count_completion, llm_token_count_prompt, llm_token_count_completion)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, '[]', ?, '', ?, ?, ?, ?, ?)"
)
_SAID = (
    "INSERT INTO span_annotations (span_rowid, name, label, score, explanation, metadata, annotator_kind,"
    " source) SELECT id, ?, ?, ?, ?, '{}', 'LLM', 'API' FROM spans WHERE span_id = ?"
)


class Phoenix:
    """A server on a folder of its own."""

    def __init__(self, python: str, folder: Path) -> None:
        """`python` has arize-phoenix."""
        self._python = python
        self._folder = folder
        self.port = free_port()

    def start(self) -> Process:
        """Runs from now on; wait until it answers."""
        return Process(
            *("-m", "phoenix.server.main", "serve"),
            core=None,
            python=self._python,
            environment={
                "PHOENIX_WORKING_DIR": str(self._folder),
                "PHOENIX_PORT": str(self.port),
                "PHOENIX_GRPC_PORT": str(free_port()),
                "PHOENIX_TELEMETRY_ENABLED": "false",
            },
        )

    def ready(self, process: Process) -> None:
        """Wait until it answers."""
        process.wait_for(self.port, b"GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n", 180)

    def ask(self, query: str, **variables: Any) -> dict[str, Any]:
        """One GraphQL query, as its page asks it. Raises `RuntimeError` for an error in it."""
        body = json.dumps({"query": query, "variables": {"id": PROJECT, **variables}}).encode()
        asked = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/graphql", body, {"content-type": "application/json"}
        )
        with urllib.request.urlopen(asked) as answer:  # noqa: S310  # our own address
            found = json.load(answer)
        if found.get("errors"):
            raise RuntimeError(f"phoenix: {found['errors'][0]['message']}")
        return found["data"]["node"]

    def send(self, body: bytes) -> None:
        """Spans over OTLP."""
        asked = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/v1/traces", body, {"content-type": "application/x-protobuf"}
        )
        urllib.request.urlopen(asked).close()  # noqa: S310  # our own address

    def fill(self, traces: int, start_ns: int) -> None:
        """Write the traces into its database; it must not run."""
        file = sqlite3.connect(self._folder / "phoenix.db")
        file.execute("PRAGMA synchronous = OFF")
        sessions: dict[str, int] = {}
        for first in range(0, traces, _BATCH):
            numbers = range(first, min(first + _BATCH, traces))
            with file:
                _write(file, numbers, start_ns, sessions)
        file.execute("ANALYZE")
        file.close()

    def stored(self, trace_id: str) -> list[tuple[Any, ...]]:
        """The spans of a trace as they stand in its database."""
        file = sqlite3.connect(f"file:{self._folder / 'phoenix.db'}?mode=ro", uri=True)
        rows = file.execute(
            "SELECT s.*, t.trace_id FROM spans AS s JOIN traces AS t ON t.id = s.trace_rowid"
            " WHERE t.trace_id = ? ORDER BY s.span_id",
            (trace_id,),
        ).fetchall()
        file.close()
        return [(*row[2:8], json.loads(row[8]), *row[9:]) for row in rows]


def same_as_sent(phoenix: Phoenix, start_ns: int, number: int) -> bool:
    """Whether a trace that is sent over OTLP is stored as `fill` would write it."""
    one = trace(number, start_ns)
    phoenix.send(request(range(number, number + 1), start_ns))
    patience = time.monotonic() + 60
    while len(sent := phoenix.stored(one.trace_id)) < SPANS and time.monotonic() < patience:
        time.sleep(0.2)
    written = sorted(_rows(number, start_ns), key=lambda row: row[0])
    return [row[:1] for row in sent] == [row[:1] for row in written] and all(
        _alike(mine, theirs) for mine, theirs in zip(written, sent, strict=True)
    )


def _alike(mine: tuple[Any, ...], theirs: tuple[Any, ...]) -> bool:
    return (*mine[:6], json.loads(mine[6])) == theirs[:7] and mine[7:] == theirs[8:9] + theirs[10:15]


def _write(file: sqlite3.Connection, numbers: range, start_ns: int, sessions: dict[str, int]) -> None:
    spans: list[tuple[Any, ...]] = []
    said: list[tuple[Any, ...]] = []
    for number in numbers:
        one = trace(number, start_ns)
        start, end = _time(one.start_ns), _time(one.start_ns + 2_000_000_000)
        row = sessions.get(one.session)
        if row is None:
            values = (one.session, start, end)
            row = sessions[one.session] = _inserted(
                file,
                "INSERT INTO project_sessions (session_id, project_id, start_time, end_time)"
                " VALUES (?, 1, ?, ?)",
                values,
            )
        of_trace = _inserted(
            file,
            "INSERT INTO traces (project_rowid, trace_id, start_time, end_time, project_session_rowid)"
            " VALUES (1, ?, ?, ?, ?)",
            (one.trace_id, start, end, row),
        )
        spans += [(of_trace, *row) for row in _rows(number, start_ns)]
        told = f"The answer to case {number} rests on the documents that were found." * 3
        said += [
            (each.evaluator, each.label, each.score, told, each.span_id)
            for each in outcomes(one)
            # It has no word for an evaluation without a verdict.
            if each.code is None
        ]
    file.executemany(_SPANS, spans)
    file.executemany(_SAID, said)


def _inserted(file: sqlite3.Connection, statement: str, values: tuple[Any, ...]) -> int:
    row = file.execute(statement, values).lastrowid
    if row is None:
        raise RuntimeError("no row")
    return row


def _rows(number: int, start_ns: int) -> Iterator[tuple[Any, ...]]:
    """Columns of `_SPANS` but the first, in the order of the trace."""
    message = ExportTraceServiceRequest.FromString(request(range(number, number + 1), start_ns))
    one = trace(number, start_ns)
    spans = list(message.resource_spans[0].scope_spans[0].spans)
    for place, span in enumerate(spans):
        attributes = _nested(span)
        tokens = attributes.get("llm", {}).get("token_count", {})
        yield (
            span.span_id.hex(),
            span.parent_span_id.hex() or None,
            span.name,
            attributes.get("openinference", {}).get("span", {}).get("kind", "UNKNOWN"),
            _time(span.start_time_unix_nano),
            _time(span.end_time_unix_nano),
            json.dumps(attributes),
            "ERROR" if span.status.code == Status.STATUS_CODE_ERROR else "OK",
            *_sums(spans, one, place),
            tokens.get("prompt"),
            tokens.get("completion"),
        )


def _sums(spans: list[Span], one: Trace, place: int) -> tuple[int, int, int]:
    """Errors and tokens of a span and what is inside it."""
    inside = {span_id(one, place)}
    for span in spans:
        if span.parent_span_id.hex() in inside:
            inside.add(span.span_id.hex())
    mine = [span for span in spans if span.span_id.hex() in inside]
    counts = [_nested(span).get("llm", {}).get("token_count", {}) for span in mine]
    errors = sum(span.status.code == Status.STATUS_CODE_ERROR for span in mine)
    return errors, sum(c.get("prompt", 0) for c in counts), sum(c.get("completion", 0) for c in counts)


def _nested(span: Span) -> dict[str, Any]:
    """Attributes as it keeps them: dots are levels, numbers places of a list."""
    found: dict[str, Any] = {}
    for attribute in span.attributes:
        *steps, last = attribute.key.split(".")
        inside = found
        for step in steps:
            inside = inside.setdefault(step, {})
        inside[last] = _value(attribute.value)
    return _with_lists(found)


def _with_lists(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    inner = {key: _with_lists(each) for key, each in cast("dict[str, Any]", value).items()}
    if inner and all(key.isdigit() for key in inner):
        return [inner[key] for key in sorted(inner, key=int)]
    return inner


def _value(value: AnyValue) -> str | int:
    return value.string_value if value.WhichOneof("value") == "string_value" else value.int_value


def _time(ns: int) -> str:
    return datetime.fromtimestamp(ns / 1e9, UTC).strftime("%Y-%m-%d %H:%M:%S.%f")
