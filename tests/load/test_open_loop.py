"""The load generator against servers that stall, refuse and break."""

import asyncio
import gzip
import time
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from aiohttp import web
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

from benchmarks.load import ledger
from benchmarks.load.ledger import Ledger
from benchmarks.load.requests import Prepared
from benchmarks.load.sending import Sender

STALL = 2.0
Answer = Callable[[int, web.Request], Awaitable[web.StreamResponse]]


@asynccontextmanager
async def server(answer: Answer) -> AsyncGenerator[str]:
    """A server that gets the number of each request, from 1; its address."""
    count = 0

    async def numbered(request: web.Request) -> web.StreamResponse:
        nonlocal count
        count += 1
        await request.read()
        return await answer(count, request)

    app = web.Application()
    app.add_routes([web.post("/v1/traces", numbered)])
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


async def requests(count: int, rate: float) -> AsyncIterator[Prepared]:
    for number in range(count):
        ids = number.to_bytes(24, "big")
        yield Prepared(number / rate, "/v1/traces", gzip.compress(b""), ids, again=False)


def fine() -> web.Response:
    return web.Response(body=ExportTraceServiceResponse().SerializeToString())


async def test_a_stall_shows_in_the_percentiles_of_all_that_were_due_meanwhile() -> None:
    stalled_until = 0.0

    async def answer(number: int, _: web.Request) -> web.StreamResponse:
        nonlocal stalled_until
        if number == 20:
            stalled_until = time.monotonic() + STALL
        # A stop of everything, as a garbage collection or a full disk makes one.
        await asyncio.sleep(max(0.0, stalled_until - time.monotonic()))
        return fine()

    rate = 40
    async with server(answer) as url:
        report = await Sender(url, connections=2).run(requests(4 * rate, rate))
    assert report.accepted == report.intended == 4 * rate
    # Those due in the first half of the stall waited a second or more: a quarter of all that were sent. A
    # closed loop with two connections would have seen two.
    assert report.waits.percentile(0.76) >= STALL / 2
    assert report.waits.longest >= STALL * 0.99
    # It was never late itself: what waited, waited for the server.
    assert report.late.count == 4 * rate
    assert report.late.percentile(0.5) < report.waits.percentile(0.8)


async def test_what_is_refused_for_a_moment_is_sent_again_and_counted(tmp_path: Path) -> None:
    async def answer(number: int, _: web.Request) -> web.StreamResponse:
        if number == 1:
            return web.Response(status=503, headers={"retry-after": "1"})
        if number == 2:
            return web.Response(status=429)
        return fine()

    with Ledger(tmp_path / "ledger") as kept:
        async with server(answer) as url:
            report = await Sender(url, ledger=kept).run(requests(3, 100))
    assert report.refused == Counter({503: 1, 429: 1})
    assert (report.accepted, report.retried, report.given_up, report.broken) == (3, 2, 0, 0)
    # Retry-After is obeyed, and the wait is part of the latency.
    assert report.waits.longest >= 1.0
    assert len(ledger.read(tmp_path / "ledger")) == 3


async def test_what_is_refused_for_good_is_not_sent_again_and_not_acknowledged(tmp_path: Path) -> None:
    async def answer(number: int, _: web.Request) -> web.StreamResponse:
        if number == 1:
            return web.Response(status=400, text="not a trace")
        if number == 2:
            partial = ExportTraceServiceResponse()
            partial.partial_success.rejected_spans = 1
            return web.Response(body=partial.SerializeToString())
        return fine()

    with Ledger(tmp_path / "ledger") as kept:
        async with server(answer) as url:
            report = await Sender(url, connections=1, ledger=kept).run(requests(3, 100))
    assert (report.rejected, report.rejected_spans, report.accepted_spans) == (1, 1, 1)
    assert report.words == "400: not a trace"
    assert len(ledger.read(tmp_path / "ledger")) == 1


async def test_broken_connections_are_tried_again_until_it_is_given_up() -> None:
    async def answer(number: int, request: web.Request) -> web.StreamResponse:
        if number == 1:
            assert request.transport is not None
            request.transport.abort()
        return fine()

    async with server(answer) as url:
        report = await Sender(url).run(requests(1, 1))
    assert (report.accepted, report.retried, report.broken) == (1, 1, 1)
    # Nobody listens there any more.
    gone = await Sender(url, give_up=1.0).run(requests(1, 1))
    assert (gone.accepted, gone.given_up) == (0, 1)
    assert gone.broken == gone.retried + 1
    assert gone.told()["given_up"] == 1
