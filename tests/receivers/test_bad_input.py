"""Requests made to hurt: each gets its answer, memory stays bounded, and the next good request is taken."""

import asyncio
import importlib
import io
import sys
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

from spanjudge.spans.otlp_wire import field
from tests.receivers.sending import JSON, PROTOBUF, http, packed
from tests.server.running import TOKEN
from tests.spans.requests import SPAN_ID, TRACE_ID, span_of, traces

grpc: Any = importlib.import_module("grpc")
aio: Any = importlib.import_module("grpc.aio")

MEGABYTE = 1_000_000
ROOM = 350 * MEGABYTE
"""What the worst requests may take on top of a server that has answered one."""

GZIP = {**PROTOBUF, "Content-Encoding": "gzip"}
GZIP_JSON = {**JSON, "Content-Encoding": "gzip"}
GOOD = traces(100, attributes=20).SerializeToString()


class Process:
    """A server in a process of its own, and what it takes of memory."""

    def __init__(self, process: asyncio.subprocess.Process, http_port: int, grpc_port: int) -> None:
        self.process = process
        self.url = f"http://127.0.0.1:{http_port}/v1/traces"
        self.http_port = http_port
        self.grpc_port = grpc_port

    @property
    def highest_memory(self) -> int:
        """The most it ever took, in bytes."""
        status = Path(f"/proc/{self.process.pid}/status").read_text(encoding="ascii")
        line = next(line for line in status.splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) * 1024

    async def post(self, body: Any, headers: dict[str, str]) -> int:
        data = io.BytesIO(body) if isinstance(body, bytes) else body
        async with (
            aiohttp.ClientSession() as session,
            session.post(self.url, data=data, headers=headers) as response,
        ):
            await response.read()
            return response.status


@asynccontextmanager
async def process(budget: int = 128 * MEGABYTE) -> AsyncGenerator[Process]:
    started = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.receivers.server_process",
        str(budget),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    assert started.stdin is not None
    assert started.stdout is not None
    ports = (await started.stdout.readline()).split()
    try:
        yield Process(started, int(ports[0]), int(ports[1]))
    finally:
        started.stdin.close()
        assert await started.wait() == 0


def dense(span_bytes: int, size: int = 3 * MEGABYTE) -> bytes:
    """Spans of nothing but tiny attributes."""
    span = field(1, TRACE_ID) + field(2, SPAN_ID) + b"\x4a\x00" * (span_bytes // 2)
    spans = field(2, span) * (size // len(span))
    return field(1, field(2, spans))


def bombs() -> dict[str, Callable[[], tuple[bytes, dict[str, str]]]]:
    opening = b'{"resourceSpans":[{"scopeSpans":[{"spans":['
    return {
        "zeros": lambda: (packed(bytes(80 * MEGABYTE)), GZIP),
        "blanks of JSON": lambda: (packed(b" " * 80 * MEGABYTE), GZIP_JSON),
        "empty spans": lambda: (packed(field(1, field(2, b"\x12\x00" * 31 * MEGABYTE))), GZIP),
        "empty resources": lambda: (packed(b"\x0a\x00" * 31 * MEGABYTE), GZIP),
        "tiny attributes": lambda: (packed(dense(90_000)), GZIP),
        "one span of them": lambda: (packed(dense(50 * MEGABYTE, 55 * MEGABYTE)), GZIP),
        "empty spans in JSON": lambda: (packed(opening + b"{}," * 20 * MEGABYTE + b"{}]}]}]}"), GZIP_JSON),
        "deep JSON": lambda: (packed(b'{"a":' + b"[" * 60 * MEGABYTE), GZIP_JSON),
        "quotes": lambda: (packed(b'{"a":"' + b'\\"' * 30 * MEGABYTE), GZIP_JSON),
        "backslashes": lambda: (packed(b'{"a":"\\ud83d' + b"\\" * 50 * MEGABYTE), GZIP_JSON),
        "halves of characters": lambda: (packed(b'{"a":"' + b"\\ud83d" * 9 * MEGABYTE), GZIP_JSON),
        "a large good one": lambda: (packed(GOOD * 100), GZIP),
    }


@pytest.fixture(scope="module")
def bodies() -> dict[str, tuple[bytes, dict[str, str]]]:
    return {name: make() for name, make in bombs().items()}


async def hundred_megabytes() -> AsyncIterator[bytes]:
    piece = bytes(MEGABYTE)
    for _ in range(100):
        yield piece


async def test_memory_stays_bounded_whatever_is_sent(bodies: dict[str, tuple[bytes, dict[str, str]]]) -> None:
    async with process() as server:
        assert await server.post(GOOD, PROTOBUF) == 200
        before = server.highest_memory
        answers: dict[str, int] = {}
        for name, (body, headers) in bodies.items():
            answers[name] = await server.post(body, headers)
        expected = dict.fromkeys(bodies, 413) | {
            "one span of them": 200,
            "deep JSON": 400,
            "quotes": 400,
            "backslashes": 400,
            "halves of characters": 400,
            "a large good one": 200,
        }
        assert answers == expected
        assert server.highest_memory - before < ROOM
        assert await server.post(GOOD, PROTOBUF) == 200


async def test_memory_stays_bounded_when_everything_comes_at_once(
    bodies: dict[str, tuple[bytes, dict[str, str]]],
) -> None:
    async with process(20 * MEGABYTE) as server:
        assert await server.post(GOOD, PROTOBUF) == 200
        before = server.highest_memory
        body, headers = bodies["a large good one"]
        large = (server.post(body, headers) for _ in range(12))
        plain = (server.post(GOOD * 100, PROTOBUF) for _ in range(12))
        answers = await asyncio.gather(*large, *plain)
        assert set(answers) == {200, 503}
        assert server.highest_memory - before < ROOM
        assert await server.post(GOOD, PROTOBUF) == 200


async def test_a_body_of_100_megabytes_is_refused_while_it_comes() -> None:
    async with process() as server:
        assert await server.post(GOOD, PROTOBUF) == 200
        before = server.highest_memory
        assert await server.post(hundred_megabytes(), PROTOBUF) == 413
        reader, writer = await asyncio.open_connection("127.0.0.1", server.http_port)
        writer.write(
            f"POST /v1/traces HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {TOKEN}\r\n"
            "Content-Type: application/x-protobuf\r\nContent-Length: 100000000\r\n\r\n".encode()
        )
        assert (await reader.readline()).startswith(b"HTTP/1.1 413 ")
        writer.close()
        assert server.highest_memory - before < 60 * MEGABYTE
        assert await server.post(GOOD, PROTOBUF) == 200


async def test_grpc_is_as_safe() -> None:
    async with process() as server, aio.insecure_channel(f"127.0.0.1:{server.grpc_port}") as channel:
        export = channel.unary_unary("/opentelemetry.proto.collector.trace.v1.TraceService/Export")
        bearer = (("authorization", f"Bearer {TOKEN}"),)
        assert await export(GOOD, metadata=bearer) == b""
        before = server.highest_memory
        for body in (packed(bytes(70 * MEGABYTE)), packed(dense(90_000)), bytes(30 * MEGABYTE)):
            with pytest.raises(aio.AioRpcError) as caught:
                await export(body, metadata=bearer)
            assert caught.value.code() in {
                grpc.StatusCode.INVALID_ARGUMENT,
                grpc.StatusCode.RESOURCE_EXHAUSTED,
            }
        # Who has no token cannot make it hold anything.
        strangers = [export(bytes(15 * MEGABYTE), metadata=()) for _ in range(8)]
        refused: list[Any] = list(await asyncio.gather(*strangers, return_exceptions=True))
        assert {error.code() for error in refused} == {grpc.StatusCode.UNAUTHENTICATED}
        assert server.highest_memory - before < ROOM
        assert await export(GOOD, metadata=bearer) == b""


async def test_slow_senders_do_not_keep_others_out() -> None:
    async with http() as door:
        lines = [b"POST /v1/traces HTTP/1.1\r\nHost: x\r\n" for _ in range(50)]
        slow = [await asyncio.open_connection("127.0.0.1", door.server.port) for _ in lines]
        for (_, writer), line in zip(slow, lines, strict=True):
            writer.write(line)
            await writer.drain()
        assert (await door.post(GOOD))[0] == 200
        for _, writer in slow:
            writer.close()


async def test_the_rest_of_a_mixed_batch_is_kept() -> None:
    """One request with every kind of bad span, and two good ones."""
    request = traces(8)
    span_of(request, 1).trace_id = b"abc"
    span_of(request, 2).span_id = bytes(8)
    span_of(request, 3).name = "SPOILED"
    for index in range(100_000):
        span_of(request, 4).attributes.add(key=str(index))
    span_of(request, 5).parent_span_id = b"x" * 9
    span_of(request, 6).start_time_unix_nano = 2**64 - 1
    span_of(request, 6).end_time_unix_nano = 1
    async with http() as door:
        body = request.SerializeToString().replace(b"SPOILED", b"SPO\xffLED")
        status, _, answered = await door.post(body)
        assert (status, door.taken.names) == (200, ["span 0", "span 6", "span 7"])
        partial = ExportTraceServiceResponse.FromString(answered).partial_success
        assert partial.rejected_spans == 5
        assert "UTF-8" in partial.error_message
        assert "more than 50,000 attributes" in partial.error_message
