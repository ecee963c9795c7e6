"""Live spans beside a backfill: `python -m benchmarks.fairness`.

The store is filled with 100,000 spans over OTLP/HTTP before an evaluator concerns them. Then live spans come
at an even pace, first alone, then while a backfill judges the stored ones, then alone again; a mock judge
answers after 200 ms. A wait is the time from a span's acceptance to its stored verdict. Beside the backfill
its p95 is to be less than twice what it is without.

Beside it stands what the limiter takes of a call's CPU, where a plain semaphore would do for its concurrency.
"""

import argparse
import asyncio
import contextlib
import os
import platform
import sqlite3
import tempfile
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from pathlib import Path

import aiohttp
import msgspec

from benchmarks.otlp_requests import request
from benchmarks.process import Process, free_port
from benchmarks.settings import TOKEN, settings
from spanjudge.judging.models.limits.limiter import Limiter
from spanjudge.judging.models.limits.pace import CallLimits
from spanjudge.judging.models.model import JudgeRequest
from spanjudge.judging.usage import Usage

LIMIT = 2.0
"""How much longer live spans may wait beside a backfill."""

EVALUATOR = """\
name: polite
needs: [input, output]
rubric: Is the output polite?
answer: {type: boolean}
"""
EVERY = 0.1
"""Seconds between two requests with live spans."""

FILL = 500
CALLS = 20_000
WAITS = """
SELECT results.stored_ns - spans.received_ns FROM results JOIN spans
ON spans.trace_id = substr(results.target, 2, 16) AND spans.span_id = substr(results.target, 18)
JOIN traces ON traces.trace_id = spans.trace_id
WHERE spans.received_ns >= ? AND spans.received_ns < ?
"""


class Place(msgspec.Struct, frozen=True):
    """A running server."""

    server: Process
    port: int
    database: Path

    def url(self, path: str) -> str:
        """An address there."""
        return f"http://127.0.0.1:{self.port}{path}"

    def rows(self, question: str, *values: int) -> list[tuple[int, ...]]:
        """Out of the server's database."""
        with contextlib.closing(sqlite3.connect(f"file:{self.database}?mode=ro", uri=True)) as connection:
            return connection.execute(question, values).fetchall()


@contextlib.asynccontextmanager
async def running(folder: Path, judge_port: int, *, evaluators: bool) -> AsyncGenerator[Place]:
    """A server on this folder, with its evaluator or without."""
    port = free_port()
    environment = settings(folder, judge_port=judge_port)
    if evaluators:
        environment["SPANJUDGE_EVALUATORS_DIR"] = str(folder / "evaluators")
    serve = ("-m", "spanjudge", "serve", "--host", "127.0.0.1", "--port", str(port))
    with Process(*serve, core=None, environment=environment) as server:
        ready = b"GET /readyz HTTP/1.1\r\nhost: localhost\r\n\r\n"
        await asyncio.to_thread(server.wait_for, port, ready)
        yield Place(server, port, folder / "spanjudge.db")


def client(content_type: str) -> aiohttp.ClientSession:
    """A client that may do everything."""
    headers = {"content-type": content_type, "authorization": f"Bearer {TOKEN}"}
    return aiohttp.ClientSession(headers=headers, timeout=aiohttp.ClientTimeout(total=600))


async def send(session: aiohttp.ClientSession, place: Place, body: bytes) -> None:
    """One request, again while the server says that it is busy."""
    while True:
        async with session.post(place.url("/v1/traces"), data=body) as response:
            if response.ok:
                return
            if response.status not in {429, 503}:
                raise RuntimeError(f"the server answered {response.status}: {await response.text()}")
        await asyncio.sleep(0.05)


async def fill(place: Place, spans: int) -> None:
    """Spans that nobody judges yet."""
    left = iter(range(spans // FILL))

    async def sender(session: aiohttp.ClientSession) -> None:
        for number in left:
            await send(session, place, request("history", number, spans=FILL, size=400))

    async with client("application/x-protobuf") as session:
        await asyncio.gather(*(sender(session) for _ in range(4)))


async def waits(place: Place, seconds: float, pace: int) -> list[float]:
    """Seconds from acceptance to the stored verdict, sorted, at an even pace of spans a second."""
    began_ns = time.time_ns()
    each = round(pace * EVERY)
    sent = 0
    async with client("application/x-protobuf") as session, asyncio.TaskGroup() as group:
        started = time.perf_counter()
        while (elapsed := time.perf_counter() - started) < seconds:
            if sent * EVERY <= elapsed:
                sent += 1
                group.create_task(send(session, place, request("live", sent, spans=each, size=400)))
            else:
                await asyncio.sleep(0.002)
    ended_ns = time.time_ns()
    while True:
        rows = place.rows(f"{WAITS} AND traces.service = 'live'", began_ns, ended_ns)
        if len(rows) >= sent * each:
            return sorted(row[0] / 1e9 for row in rows)
        await asyncio.sleep(0.2)


async def backfill(place: Place, most: int) -> int:
    """Begin one over all that is stored; its id."""
    body = {
        "evaluator": "polite",
        "start": "2020-01-01T00:00:00Z",
        "end": "2100-01-01T00:00:00Z",
        "most": most,
    }
    async with (
        client("application/json") as session,
        session.post(place.url("/api/v1/backfills"), data=msgspec.json.encode(body)) as response,
    ):
        response.raise_for_status()
        return int((await response.json())["id"])


async def progress(place: Place, *, cancel: int | None = None) -> tuple[str, int]:
    """How the latest backfill stands, and what it has judged; `cancel` ends the one of that id before."""
    async with client("application/json") as session:
        if cancel is not None:
            async with session.delete(place.url(f"/api/v1/backfills/{cancel}")) as response:
                response.raise_for_status()
        async with session.get(place.url("/api/v1/backfills")) as response:
            one = (await response.json())["items"][0]
            return one["state"], one["done"]


def p95(found: list[float]) -> float:
    """Of sorted waits."""
    return found[int(len(found) * 0.95)]


async def microseconds(once: Callable[[], Awaitable[None]]) -> float:
    """CPU of one call: the best of a few rounds, as other processes only add to it."""
    best = float("inf")
    for _ in range(7):
        started = time.process_time()
        for _ in range(CALLS // 7):
            await once()
        best = min(best, (time.process_time() - started) / (CALLS // 7))
    return best * 1e6


async def overhead() -> None:
    """What a call pays."""
    asked = JudgeRequest(system="s" * 500, subject="t" * 1500, question="q", schema={}, schema_name="v")
    usage = Usage(input=600, output=80)
    places = asyncio.Semaphore(64)

    async def plain() -> None:
        async with places:
            pass

    def limited(limits: CallLimits) -> Callable[[], Awaitable[None]]:
        limiter = Limiter(limits, provider="openai")

        async def once() -> None:
            turn = limiter.enter(asked) or await limiter.turn(asked)
            limiter.answered(turn, asked, usage)

        return once

    many = CallLimits(requests=10_000_000, tokens=10_000_000_000)
    print("| a call's way through | µs of CPU |\n|---|---|")
    for name, once in (
        ("a semaphore", plain),
        ("the limiter, concurrency only", limited(CallLimits())),
        ("the limiter, requests and tokens as well", limited(many)),
    ):
        print(f"| {name} | {await microseconds(once):.1f} |")


async def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stored", type=int, default=100_000, help="spans of the backfill")
    parser.add_argument("--seconds", type=float, default=30, help="of live spans, three times")
    parser.add_argument("--pace", type=int, default=40, help="live spans a second")
    parser.add_argument("--delay-ms", type=int, default=200, help="of the mock judge")
    options = parser.parse_args()
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores, judge {options.delay_ms} ms\n")
    await overhead()
    judge_port = free_port()
    with (
        tempfile.TemporaryDirectory() as name,
        Process("-m", "benchmarks.mock_judge", str(judge_port), str(options.delay_ms), core=None) as judge,
    ):
        folder = Path(name)
        (folder / "evaluators").mkdir()
        (folder / "evaluators" / "polite.yaml").write_text(EVALUATOR)
        await asyncio.to_thread(judge.wait_for, judge_port)
        async with running(folder, judge_port, evaluators=False) as place:
            await fill(place, options.stored)
        async with running(folder, judge_port, evaluators=True) as place:
            await waits(place, 3, options.pace)
            alone = await waits(place, options.seconds, options.pace)
            number = await backfill(place, options.stored)
            await asyncio.sleep(5)
            _, before = await progress(place)
            cpu, started = place.server.cpu, time.perf_counter()
            beside = await waits(place, options.seconds, options.pace)
            busy = (place.server.cpu - cpu) / (time.perf_counter() - started)
            state, after = await progress(place)
            await progress(place, cancel=number)
            await asyncio.sleep(2)
            again = await waits(place, options.seconds, options.pace)
    if state != "searching":
        raise RuntimeError(f"the backfill was {state} before the live spans were: store more")
    ratio = p95(beside) / p95(sorted(alone + again))
    print(
        f"\n{options.pace} live spans/s; the backfill judged {(after - before) / options.seconds:,.0f} "
        f"a second and the server took {busy:.0%} of a core\n"
    )
    print("| live spans | p50 s | p95 s | p99 s |\n|---|---|---|---|")
    for told, found in (("alone", alone), ("beside the backfill", beside), ("alone again", again)):
        half, most = found[len(found) // 2], found[int(len(found) * 0.99)]
        print(f"| {told} | {half:.3f} | {p95(found):.3f} | {most:.3f} |")
    print(f"\np95 beside the backfill / alone: {ratio:.2f}, limit {LIMIT}")


if __name__ == "__main__":
    asyncio.run(main())
