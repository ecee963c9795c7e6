"""OTLP over gRPC, as the specification says: what is taken, and which status says what."""

import asyncio
import hashlib
import importlib
import socket
import sys
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from google.rpc.error_details_pb2 import RetryInfo
from google.rpc.status_pb2 import Status
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

from spanjudge.errors import MissingExtraError, SettingsError
from spanjudge.pipeline.ports import OverloadedError, StoreError
from spanjudge.receivers.limits import ByteBudget, OtlpLimits
from spanjudge.receivers.otlp_grpc import OtlpGrpc, serve_grpc
from spanjudge.server.auth import Grant, Tokens
from spanjudge.server.run import new_event_loop
from tests.receivers.sending import Taken, grpc_server
from tests.server.running import TOKEN
from tests.spans.requests import logs, span_of, traces, user_message

grpc: Any = importlib.import_module("grpc")
aio: Any = importlib.import_module("grpc.aio")

TRACES = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"
LOGS = "/opentelemetry.proto.collector.logs.v1.LogsService/Export"
SPANS = traces(3).SerializeToString()
BEARER = (("authorization", f"Bearer {TOKEN}"),)


@asynccontextmanager
async def calling(server: OtlpGrpc) -> AsyncGenerator[Any]:
    """A function that sends bytes: `await call(body)`."""
    async with aio.insecure_channel(f"127.0.0.1:{server.port}") as channel:

        async def call(body: bytes, *, method: str = TRACES, metadata: Any = BEARER, **more: Any) -> bytes:
            return await channel.unary_unary(method)(body, metadata=metadata, timeout=20, **more)

        yield call


@pytest.fixture
async def door() -> AsyncIterator[tuple[Any, Taken]]:
    async with grpc_server() as (server, taken), calling(server) as call:
        yield call, taken


async def refusal(awaitable: Any) -> Any:
    with pytest.raises(aio.AioRpcError) as caught:
        await awaitable
    return caught.value


async def test_spans_are_taken(door: tuple[Any, Taken]) -> None:
    call, taken = door
    assert await call(SPANS) == b""
    assert taken.names == ["span 0", "span 1", "span 2"]


@pytest.mark.parametrize("compression", ["NoCompression", "Gzip", "Deflate"])
async def test_every_compression_of_grpc_is_unpacked(door: tuple[Any, Taken], compression: str) -> None:
    call, taken = door
    # gRPC leaves small messages as they are.
    body = traces(50, attributes=20).SerializeToString()
    assert await call(body, compression=getattr(grpc.Compression, compression)) == b""
    assert len(taken.spans) == 50


async def test_logs_are_taken(door: tuple[Any, Taken]) -> None:
    call, taken = door
    assert await call(logs(user_message()).SerializeToString(), method=LOGS) == b""
    assert [log.event.name for log in taken.logs] == ["gen_ai.user.message"]


async def test_partial_success_tells_how_many_and_why(door: tuple[Any, Taken]) -> None:
    call, taken = door
    request = traces(3)
    span_of(request, 1).span_id = b"abc"
    partial = ExportTraceServiceResponse.FromString(await call(request.SerializeToString())).partial_success
    assert (partial.rejected_spans, len(taken.spans)) == (1, 2)
    assert "a span id of 3 bytes" in partial.error_message


@pytest.mark.parametrize(
    "metadata", [(), (("authorization", "Bearer wrong"),), (("some-bin", b"\xff"), ("authorization", ""))]
)
async def test_without_a_token_nothing_is_taken(door: tuple[Any, Taken], metadata: Any) -> None:
    call, taken = door
    error = await refusal(call(SPANS, metadata=metadata))
    assert error.code() is grpc.StatusCode.UNAUTHENTICATED
    assert "O2_JUDGE_AUTH_TOKEN" in error.details()
    assert taken.calls == 0


async def test_a_token_that_may_not_send_is_told_what_it_lacks() -> None:
    digest = hashlib.sha256(TOKEN.encode()).digest()
    tokens = Tokens((), [Grant(id="abcd", digest=digest, scopes=frozenset({"read"}), issued=True)])
    taken = Taken()
    server = await serve_grpc(taken, tokens, "127.0.0.1", 0)
    try:
        async with calling(server) as call:
            error = await refusal(call(SPANS))
    finally:
        await server.stop(1.0)
    assert error.code() is grpc.StatusCode.PERMISSION_DENIED
    assert "ingest" in error.details()
    assert taken.calls == 0


@pytest.mark.parametrize("body", [b"hello", SPANS[:-1], b"\x1f\x8b damaged"])
async def test_what_is_no_request_is_final(door: tuple[Any, Taken], body: bytes) -> None:
    call, taken = door
    error = await refusal(call(body))
    assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert dict(error.trailing_metadata()) == {}
    assert await call(SPANS) == b""
    assert taken.calls == 1


@pytest.mark.parametrize(
    ("trouble", "seconds"),
    [(OverloadedError("The backlog is full.", retry_after=2.5), 2.5), (StoreError(), 5)],
)
async def test_trouble_that_passes_says_when_to_come_again(
    door: tuple[Any, Taken], trouble: Exception, seconds: float
) -> None:
    call, taken = door
    taken.trouble = trouble
    error = await refusal(call(SPANS))
    assert error.code() is grpc.StatusCode.UNAVAILABLE
    trailers = dict(error.trailing_metadata())
    info = RetryInfo()
    assert Status.FromString(trailers["grpc-status-details-bin"]).details[0].Unpack(info)
    assert info.retry_delay.ToNanoseconds() == seconds * 1e9
    assert RetryInfo.FromString(trailers["google.rpc.retryinfo-bin"]) == info


async def test_an_error_of_our_own_is_final_and_tells_nothing(
    door: tuple[Any, Taken], caplog: pytest.LogCaptureFixture
) -> None:
    call, taken = door
    taken.trouble = RuntimeError("content of a span")
    error = await refusal(call(SPANS))
    assert error.code() is grpc.StatusCode.INTERNAL
    assert "content of a span" not in caplog.text + error.details()


async def test_a_message_that_is_too_large_is_refused() -> None:
    async with grpc_server(OtlpLimits(body_bytes=1_000)) as (server, taken), calling(server) as call:
        error = await refusal(call(bytes(2_000)))
        assert error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
        assert (await call(SPANS), taken.calls) == (b"", 1)


async def test_a_bomb_is_not_unpacked_beyond_the_limit() -> None:
    limits = OtlpLimits(unpacked_bytes=1_000_000)
    async with grpc_server(limits) as (server, taken), calling(server) as call:
        error = await refusal(call(bytes(19_000_000), compression=grpc.Compression.Gzip))
        assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
        assert "larger than" in error.details()
        assert (await call(SPANS), taken.calls) == (b"", 1)


async def test_bodies_over_the_budget_come_again_later() -> None:
    budget = ByteBudget(len(SPANS))
    async with grpc_server(budget=budget) as (server, taken), calling(server) as call:
        taken.open.clear()
        first = asyncio.ensure_future(call(SPANS))
        await taken.entered.wait()
        error = await refusal(call(SPANS))
        assert error.code() is grpc.StatusCode.UNAVAILABLE
        taken.open.set()
        assert await first == b""
        assert budget.used == 0


async def test_a_call_without_a_message_does_not_wait_forever() -> None:
    async with (
        grpc_server(OtlpLimits(read_seconds=0.1)) as (server, _),
        aio.insecure_channel(f"127.0.0.1:{server.port}") as channel,
    ):
        silent = channel.stream_unary(TRACES)(metadata=BEARER, timeout=20)
        error = await refusal(silent)
        assert error.code() is grpc.StatusCode.DEADLINE_EXCEEDED
        assert "did not arrive within 0.1 s" in error.details()
        empty = channel.stream_unary(TRACES)(metadata=BEARER, timeout=20)
        await empty.done_writing()
        assert (await refusal(empty)).code() is grpc.StatusCode.INVALID_ARGUMENT


async def test_a_sender_that_leaves_is_forgotten() -> None:
    budget = ByteBudget()
    async with grpc_server(budget=budget) as (server, taken), calling(server) as call:
        taken.open.clear()
        leaving = asyncio.ensure_future(call(SPANS))
        await taken.entered.wait()
        leaving.cancel()
        with pytest.raises(asyncio.CancelledError):
            await leaving
        taken.open.set()
        assert await call(SPANS) == b""
    assert budget.used == 0


async def test_what_is_under_way_is_answered_before_it_stops() -> None:
    taken = Taken()
    taken.open.clear()
    server = await serve_grpc(taken, Tokens([TOKEN]), "127.0.0.1", 0)
    async with calling(server) as call:
        answer = asyncio.ensure_future(call(SPANS))
        await taken.entered.wait()
        stopping = asyncio.ensure_future(server.stop(10))
        await asyncio.sleep(0)
        taken.open.set()
        assert await answer == b""
        await stopping
        assert (await refusal(call(SPANS))).code() is grpc.StatusCode.UNAVAILABLE


async def test_metrics_are_not_taken(door: tuple[Any, Taken]) -> None:
    call, _ = door
    error = await refusal(call(b"", method="/opentelemetry.proto.collector.metrics.v1.MetricsService/Export"))
    assert error.code() is grpc.StatusCode.UNIMPLEMENTED


async def test_a_port_in_use_is_said_in_plain_words() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(SettingsError, match=f"port {port}.*SPANJUDGE_GRPC_PORT"):
            await serve_grpc(Taken(), Tokens([TOKEN]), "127.0.0.1", port)
    with pytest.raises(SettingsError, match="SPANJUDGE_GRPC_PORT=70000 is no port"):
        await serve_grpc(Taken(), Tokens([TOKEN]), "127.0.0.1", 70_000)


async def test_two_servers_do_not_share_a_port() -> None:
    async with grpc_server() as (server, _):
        with pytest.raises(SettingsError, match="Cannot listen"):
            await serve_grpc(Taken(), Tokens([TOKEN]), "127.0.0.1", server.port)


async def test_without_grpc_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "grpc.aio", None)
    with pytest.raises(MissingExtraError, match=r"spanjudge\[server\]"):
        await serve_grpc(Taken(), Tokens([TOKEN]), "127.0.0.1", 0)


def test_it_runs_on_the_servers_own_event_loop() -> None:
    async def one() -> int:
        async with grpc_server() as (server, taken), calling(server) as call:
            await asyncio.gather(*(call(SPANS) for _ in range(20)))
            return len(taken.spans)

    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        assert "uvloop" in type(runner.get_loop()).__module__
        assert runner.run(one()) == 60
