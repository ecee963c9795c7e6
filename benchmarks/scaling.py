"""Worker processes on one PostgreSQL: `python -m benchmarks.scaling [--processes 1 2 4] [--concurrency 16]`.

A receiver takes in a backlog; then so many workers judge it with a mock judge that answers after 200 ms, each
with so many calls in flight that the judge's latency is the limit: concurrency / latency spans a second and
process. Counted is what is stored between two moments when all work. Four are to do at least 3.5 times
as much as one. PostgreSQL is the benchmark's own, with full sync.
"""

import argparse
import asyncio
import contextlib
import os
import platform
import tempfile
import time
from pathlib import Path

import aiohttp

from benchmarks.otlp_requests import request
from benchmarks.process import Process, free_port
from benchmarks.settings import TOKEN, settings
from spanjudge.evaluators.answer_format import Boolean
from spanjudge.evaluators.evaluator import Evaluator
from spanjudge.store.store import open_store
from tests.postgres.server import PostgresServer, administer

GOAL = 3.5
"""Times as much by four as by one."""
READY = b"GET /readyz HTTP/1.1\r\nhost: localhost\r\n\r\n"
FILL = 500
POLITE = Evaluator(name="polite", rubric="Is the output polite?", answer=Boolean())


def environment(folder: Path, url: str, judge_port: int, concurrency: int) -> dict[str, str]:
    """Settings of every process."""
    return settings(
        folder,
        judge_port=judge_port,
        SPANJUDGE_DATABASE_URL=url,
        SPANJUDGE_WORKER_CONCURRENCY=str(concurrency),
    )


def started(role: str, settings: dict[str, str]) -> tuple[Process, int]:
    """A process with a role, and its port."""
    port = free_port()
    serve = ("-m", "spanjudge", "serve", "--role", role, "--host", "127.0.0.1", "--port", str(port))
    return Process(*serve, core=None, environment=settings), port


async def fill(port: int, spans: int) -> None:
    """A backlog of so many spans."""
    left = iter(range(spans // FILL + 1))
    headers = {"content-type": "application/x-protobuf", "authorization": f"Bearer {TOKEN}"}
    async with aiohttp.ClientSession(headers=headers) as session:

        async def sender() -> None:
            for number in left:
                body = request("backlog", number, spans=FILL, size=400)
                async with session.post(f"http://127.0.0.1:{port}/v1/traces", data=body) as response:
                    response.raise_for_status()

        await asyncio.gather(sender(), sender())


def stored(url: str) -> tuple[int, float]:
    """Results so far, and when they were counted."""
    ((count,),) = administer(url, "SELECT count(*) FROM results")
    return int(count), time.perf_counter()


async def measured(
    server: PostgresServer, judge_port: int, workers: int, options: argparse.Namespace
) -> tuple[float, float]:
    """Spans judged a second by so many workers, and the share of a core that each took."""
    database = f"scaling_{workers}"
    server.admin(f"CREATE DATABASE {database}")
    url = server.url(database)
    expected = workers * options.concurrency / (options.delay_ms / 1000)
    with tempfile.TemporaryDirectory() as name, contextlib.ExitStack() as stack:
        settings = environment(Path(name), url, judge_port, options.concurrency)
        store = await open_store(url)
        await store.apply([POLITE], publish=True, now_ns=time.time_ns())
        await store.aclose()
        receiver, port = started("receiver", settings)
        with receiver:
            await asyncio.to_thread(receiver.wait_for, port, READY)
            await fill(port, int(expected * (options.seconds + 20)))
        members = [started("worker", settings) for _ in range(workers)]
        for process, port in members:
            stack.enter_context(process)
            await asyncio.to_thread(process.wait_for, port, READY)
        await asyncio.sleep(3)
        cpu = sum(process.cpu for process, _ in members)
        before, began = stored(url)
        await asyncio.sleep(options.seconds)
        after, ended = stored(url)
        cpu = sum(process.cpu for process, _ in members) - cpu
        ((left,),) = administer(url, "SELECT count(*) FROM jobs WHERE state = 0")
    if not left:
        raise RuntimeError("the backlog was used up: nothing was measured")
    return (after - before) / (ended - began), cpu / (ended - began) / workers


async def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--processes", type=int, nargs="+", default=[1, 2, 4], help="how many workers")
    parser.add_argument("--concurrency", type=int, default=16, help="targets at a time of each")
    parser.add_argument("--delay-ms", type=int, default=200, help="of the mock judge")
    parser.add_argument("--seconds", type=float, default=20, help="that are measured")
    options = parser.parse_args()
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores, judge {options.delay_ms} ms\n")
    print("| workers | spans/s | of the limit | times one | % of a core each |\n|---|---|---|---|---|")
    judge_port = free_port()
    found: dict[int, float] = {}
    with (
        PostgresServer(fsync=True, buffers="512MB") as server,
        Process("-m", "benchmarks.mock_judge", str(judge_port), str(options.delay_ms), core=None) as judge,
    ):
        await asyncio.to_thread(judge.wait_for, judge_port)
        for workers in options.processes:
            limit = workers * options.concurrency / (options.delay_ms / 1000)
            rate, cpu = await measured(server, judge_port, workers, options)
            found[workers] = rate
            times = rate / found[options.processes[0]]
            print(f"| {workers} | {rate:.0f} | {rate / limit:.0%} | {times:.2f} | {cpu:.0%} |", flush=True)
    print(f"\ngoal: 4 processes at least {GOAL} times one")


if __name__ == "__main__":
    asyncio.run(main())
