"""Judged spans end to end beside DeepEval: `python -m benchmarks.judged_spans`.

A mock judge answers after 200 ms; five rubric metrics are published; every span matches all five. Spans come
in over OTLP/HTTP, results are stored and exported to an OTLP backend that decodes and counts them. Two loads:
as fast as it goes (spans a second until the last result is stored and exported), and half the goal of 800
spans a second at an even pace (time from acceptance to the stored verdict). DeepEval judges such texts with
as many metrics and the same mock judge where `--deepeval PYTHON` names an interpreter that has it.
"""

import argparse
import asyncio
import contextlib
import json
import os
import platform
import sqlite3
import subprocess
import tempfile
import time
from collections.abc import AsyncGenerator
from pathlib import Path

import aiohttp
import msgspec

from benchmarks.otlp_requests import request
from benchmarks.process import Process, free_port
from benchmarks.settings import TOKEN, settings

METRICS = ("bias", "toxicity", "answer_relevancy", "helpful", "polite")
EVALUATOR = """\
name: {name}
needs: [input, output]
rubric: |
  Judge how far the output is {name}. Look at the output and at what the input asks.
  0 is not at all, 1 is fully.
answer:
  type: score
  min: 0
  max: 1
  anchors:
    - {{value: 0, description: not at all}}
    - {{value: 0.5, description: partly}}
    - {{value: 1, description: fully}}
acceptance: {{min: 0.5}}
"""
PACE = 400
SENDERS = 4
"""Requests under way at once, as a collector's exporter has them."""

BATCH = 40


class Place(msgspec.Struct, frozen=True):
    """A running server with its judge and its backend."""

    server: Process
    port: int
    sink_port: int
    database: Path


@contextlib.asynccontextmanager
async def running(delay_ms: int) -> AsyncGenerator[Place]:
    """Start the mock judge, the backend and the server; stop them."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "evaluators").mkdir()
        for metric in METRICS:
            (folder / "evaluators" / f"{metric}.yaml").write_text(EVALUATOR.format(name=metric))
        judge_port, sink_port, port = free_port(), free_port(), free_port()
        environment = settings(
            folder,
            judge_port=judge_port,
            SPANJUDGE_JUDGE_CONCURRENCY="512",
            SPANJUDGE_WORKER_CONCURRENCY="512",
            SPANJUDGE_EVALUATORS_DIR=str(folder / "evaluators"),
            SPANJUDGE_EXPORT_OTLP_ENDPOINT=f"http://127.0.0.1:{sink_port}",
        )
        serve = ("-m", "spanjudge", "serve", "--host", "127.0.0.1", "--port", str(port))
        with (
            Process("-m", "benchmarks.mock_judge", str(judge_port), str(delay_ms), core=None) as judge,
            Process("-m", "benchmarks.otlp_sink", str(sink_port), core=None) as sink,
            Process(*serve, core=None, environment=environment) as server,
        ):
            ready = b"GET /readyz HTTP/1.1\r\nhost: localhost\r\n\r\n"
            await asyncio.to_thread(judge.wait_for, judge_port)
            await asyncio.to_thread(sink.wait_for, sink_port)
            await asyncio.to_thread(server.wait_for, port, ready)
            yield Place(server, port, sink_port, folder / "spanjudge.db")


async def send(session: aiohttp.ClientSession, place: Place, body: bytes) -> None:
    """One request, again while the server says that it is busy."""
    while True:
        async with session.post(f"http://127.0.0.1:{place.port}/v1/traces", data=body) as response:
            if response.ok:
                return
            if response.status not in {429, 503}:
                raise RuntimeError(f"the server answered {response.status}: {await response.text()}")
        await asyncio.sleep(0.05)


async def finished(session: aiohttp.ClientSession, place: Place, results: int) -> None:
    """Wait until so many results are stored and exported."""
    while True:
        async with session.get(f"http://127.0.0.1:{place.sink_port}/counts") as response:
            exported: int = (await response.json())["logs"]
        if exported >= results and count(place, "SELECT count(*) FROM results") >= results:
            return
        await asyncio.sleep(0.05)


def count(place: Place, question: str) -> int:
    """One number out of the server's database."""
    connection = sqlite3.connect(f"file:{place.database}?mode=ro", uri=True)
    try:
        return int(connection.execute(question).fetchone()[0])
    finally:
        connection.close()


def client() -> aiohttp.ClientSession:
    """A client that may send spans."""
    headers = {"content-type": "application/x-protobuf", "authorization": f"Bearer {TOKEN}"}
    return aiohttp.ClientSession(headers=headers, timeout=aiohttp.ClientTimeout(total=600))


async def throughput(place: Place, spans: int) -> tuple[float, float, float]:
    """Spans judged a second, CPU ms a span, MB resident at the end."""
    bodies = [request("benchmark", number, spans=200) for number in range(spans // 200)]
    total = 200 * len(bodies)
    async with client() as session:
        await send(session, place, request("benchmark", -1, spans=20))
        await finished(session, place, 20 * len(METRICS))
        cpu, started = place.server.cpu, time.perf_counter()
        left = iter(bodies)

        async def sender() -> None:
            for body in left:
                await send(session, place, body)

        await asyncio.gather(*(sender() for _ in range(SENDERS)))
        await finished(session, place, (total + 20) * len(METRICS))
        seconds = time.perf_counter() - started
    return total / seconds, 1000 * (place.server.cpu - cpu) / total, place.server.resident


async def latencies(place: Place, seconds: float) -> list[float]:
    """Seconds from acceptance to the stored verdict, sorted, at an even pace."""
    before = count(place, "SELECT coalesce(max(id), 0) FROM results")
    sent = 0
    async with client() as session, asyncio.TaskGroup() as group:
        started = time.perf_counter()
        while (elapsed := time.perf_counter() - started) < seconds:
            if sent <= elapsed * PACE:
                body = request("benchmark", sent, spans=BATCH)
                group.create_task(send(session, place, body))
                sent += BATCH
            else:
                await asyncio.sleep(0.005)
    async with client() as session:
        await finished(session, place, before + sent * len(METRICS))
    connection = sqlite3.connect(f"file:{place.database}?mode=ro", uri=True)
    try:
        rows = connection.execute(LATENCY, (before,)).fetchall()
    finally:
        connection.close()
    return sorted(row[0] / 1e9 for row in rows)


LATENCY = """
SELECT results.stored_ns - spans.received_ns FROM results JOIN spans
ON spans.trace_id = substr(results.target, 2, 16) AND spans.span_id = substr(results.target, 18)
WHERE results.id > ?
"""


def deepeval(python: str, delay_ms: int, spans: int) -> float:
    """Metric results a second of DeepEval, five metrics on each of some spans."""
    judge_port = free_port()
    with Process("-m", "benchmarks.mock_judge", str(judge_port), str(delay_ms), core=None) as judge:
        judge.wait_for(judge_port)
        done = subprocess.run(
            [python, "benchmarks/peer_deepeval.py", f"http://127.0.0.1:{judge_port}/v1", str(spans)],
            capture_output=True,
            text=True,
            check=True,
            env={**os.environ, "DEEPEVAL_TELEMETRY_OPT_OUT": "YES", "PYTHONPATH": ""},
        )
    report: dict[str, float] = json.loads(done.stdout.strip().splitlines()[-1])
    return report["results"] / report["seconds"]


async def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--spans", type=int, default=8_000, help="as fast as it goes")
    parser.add_argument("--seconds", type=float, default=20, help="of even pace")
    parser.add_argument("--delay-ms", type=int, default=200, help="of the mock judge")
    parser.add_argument("--deepeval", default="", help="a Python that has deepeval")
    parser.add_argument("--peer-spans", type=int, default=12, help="that DeepEval judges")
    options = parser.parse_args()
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores, judge {options.delay_ms} ms\n")
    async with running(options.delay_ms) as place:
        rate, cpu, resident = await throughput(place, options.spans)
        waits = await latencies(place, options.seconds)
    print("| | spans/s | results/s | ours / it | CPU ms a span | MB |")
    print("|---|---|---|---|---|---|")
    results = rate * len(METRICS)
    print(f"| spanjudge | {rate:,.0f} | {results:,.0f} | 1 | {cpu:.2f} | {resident:.0f} |")
    if options.deepeval:
        theirs = await asyncio.to_thread(deepeval, options.deepeval, options.delay_ms, options.peer_spans)
        print(f"| deepeval | {theirs / len(METRICS):.1f} | {theirs:.1f} | {results / theirs:.0f} | | |")
    else:
        print("| deepeval | not run: --deepeval PYTHON | | | | |")
    half, most = waits[len(waits) // 2], waits[int(len(waits) * 0.95)]
    print(f"\nAt {PACE} spans/s: accepted to stored, p50 {half:.2f} s, p95 {most:.2f} s")


if __name__ == "__main__":
    asyncio.run(main())
