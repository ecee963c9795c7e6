"""Requests to send, and something that takes what receivers decoded."""

import asyncio
import contextlib
import gzip
from collections.abc import AsyncGenerator, Sequence
from typing import Any

import aiohttp

from spanjudge.receivers.limits import ByteBudget, OtlpLimits
from spanjudge.receivers.otlp_grpc import OtlpGrpc, serve_grpc
from spanjudge.receivers.otlp_http import PATHS, OtlpHttp
from spanjudge.server.auth import Tokens
from spanjudge.spans.otlp import ReceivedLog, ReceivedSpan
from tests.server.running import BEARER, TOKEN, Running, running

PROTOBUF = {"Content-Type": "application/x-protobuf", **BEARER}
JSON = {"Content-Type": "application/json", **BEARER}


class Taken:
    """Keeps what was received; `trouble` is raised instead while it is set."""

    def __init__(self) -> None:
        self.spans: list[ReceivedSpan] = []
        self.logs: list[ReceivedLog] = []
        self.calls = 0
        self.trouble: Exception | None = None
        self.open = asyncio.Event()
        self.open.set()
        self.entered = asyncio.Event()

    async def receive(self, spans: Sequence[ReceivedSpan], logs: Sequence[ReceivedLog]) -> None:
        self.calls += 1
        self.entered.set()
        await self.open.wait()
        if self.trouble is not None:
            raise self.trouble
        self.spans.extend(spans)
        self.logs.extend(logs)

    @property
    def names(self) -> list[str]:
        return [span.raw.name for span in self.spans]


class Door:
    """A server that takes OTLP over HTTP, and what it took."""

    def __init__(self, server: Running, taken: Taken, budget: ByteBudget) -> None:
        self.server = server
        self.taken = taken
        self.budget = budget
        self.traces = f"{server.url}/v1/traces"
        self.logs = f"{server.url}/v1/logs"

    async def post(
        self,
        body: Any,
        headers: dict[str, str] | None = None,
        *,
        path: str = "/v1/traces",
        method: str = "POST",
    ) -> tuple[int, dict[str, str], bytes]:
        async with (
            aiohttp.ClientSession(auto_decompress=False) as session,
            session.request(
                method, self.server.url + path, data=body, headers=PROTOBUF if headers is None else headers
            ) as response,
        ):
            return response.status, dict(response.headers), await response.read()


@contextlib.asynccontextmanager
async def http(
    limits: OtlpLimits | None = None, budget: ByteBudget | None = None, taken: Taken | None = None
) -> AsyncGenerator[Door]:
    taken = taken or Taken()
    budget = budget or ByteBudget()
    app = OtlpHttp(taken, Tokens([TOKEN]), limits=limits, budget=budget)
    try:
        async with running(receivers=dict.fromkeys(PATHS, app)) as server:
            yield Door(server, taken, budget)
    finally:
        app.close()


@contextlib.asynccontextmanager
async def grpc_server(
    limits: OtlpLimits | None = None, budget: ByteBudget | None = None, taken: Taken | None = None
) -> AsyncGenerator[tuple[OtlpGrpc, Taken]]:
    taken = taken or Taken()
    server = await serve_grpc(taken, Tokens([TOKEN]), "127.0.0.1", 0, limits=limits, budget=budget)
    try:
        yield server, taken
    finally:
        await server.stop(1.0)


def packed(body: bytes) -> bytes:
    return gzip.compress(body, 1)
