"""The Remote Scorer beside a FastAPI + LiteLLM peer: `python -m benchmarks.remote_scorer`.

The server has core 0 for itself; the load and the mock judge share core 1. Every request has content of
its own, so that no cache answers; authentication, validation, fences, cache and metrics are on.
"""

import argparse
import json
import os
import platform
import tempfile
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import msgspec
import uvloop

from benchmarks.closed_loop import Report, Run
from benchmarks.process import Process, free_port
from benchmarks.settings import TOKEN, settings

CONTEXT = "The Eiffel Tower was completed in March 1889 and stands on the Champ de Mars in Paris. " * 4


class Server(msgspec.Struct, frozen=True):
    """A server under measurement: what starts it."""

    name: str
    arguments: Callable[[int, int], list[str]]
    environment: Callable[[int, int], dict[str, str]]


OURS = Server(
    "spanjudge",
    lambda port, _: ["-m", "spanjudge", "serve", "--host", "127.0.0.1", "--port", str(port)],
    lambda _, judge: settings(
        Path(tempfile.mkdtemp(prefix="spanjudge-benchmark-")),
        judge_port=judge,
        SPANJUDGE_JUDGE_CONCURRENCY="1024",
    ),
)
PEER = Server(
    "FastAPI + LiteLLM",
    lambda port, judge: ["-m", "benchmarks.peer_server", str(port), f"http://127.0.0.1:{judge}/v1"],
    lambda *_: {"LITELLM_LOCAL_MODEL_COST_MAP": "True"},
)
HEALTH = f"GET /health HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {TOKEN}\r\n\r\n".encode()


def request(number: int) -> bytes:
    """One evaluation, unlike every other one."""
    body = json.dumps(
        {
            "scorer_name": "answer_relevance",
            "input": f"Question {number}: when was the Eiffel Tower completed? {CONTEXT}",
            "output": f"It was completed in 1889, answer {number}.",
            "metadata": {"service": "benchmark"},
        }
    ).encode()
    head = (
        f"POST /evaluate HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {TOKEN}\r\n"
        f"content-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


class Figures(msgspec.Struct, frozen=True):
    """One server under one load."""

    report: Report
    cpu_ms: float
    resident: float


async def measure(server: Server, delay_ms: int, in_flight: int, seconds: float) -> Figures:
    """Start the mock judge and the server, load them, stop them."""
    judge_port, port = free_port(), free_port()
    judge = Process("-m", "benchmarks.mock_judge", str(judge_port), str(delay_ms), core=1)
    target = Process(
        *server.arguments(port, judge_port), core=0, environment=server.environment(port, judge_port)
    )
    with judge, target:
        judge.wait_for(judge_port)
        target.wait_for(port, HEALTH)
        run = Run(request, in_flight, seconds, warm_up=3)
        cpu: list[float] = []
        run.at_begin = run.at_end = lambda: cpu.append(target.cpu)
        report = await run.go(port)
        return Figures(report, 1000 * (cpu[1] - cpu[0]) / max(1, len(report.latencies)), target.resident)


def start_up(server: Server, times: int = 5) -> tuple[float, float]:
    """Median seconds from start to the first answered /health, and MB resident then."""
    seconds: list[float] = []
    resident: list[float] = []
    for _ in range(times):
        judge_port, port = free_port(), free_port()
        with Process(
            *server.arguments(port, judge_port), core=0, environment=server.environment(port, judge_port)
        ) as process:
            seconds.append(process.wait_for(port, HEALTH))
            resident.append(process.resident)
    return sorted(seconds)[times // 2], sorted(resident)[times // 2]


async def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=10, help="measured seconds of each load")
    options = parser.parse_args()
    os.sched_setaffinity(0, {1})
    peer = f"litellm {version('litellm')}, fastapi {version('fastapi')}"
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores, peer: {peer}\n")
    print("| load | server | evaluations/s | p50 ms | p95 ms | added p50 ms | CPU ms each | MB | failed |")
    print("|---|---|---|---|---|---|---|---|---|")
    for delay_ms, in_flight in ((200, 64), (200, 512), (0, 64)):
        rates: list[float] = []
        for server in (OURS, PEER):
            figures = await measure(server, delay_ms, in_flight, options.seconds)
            report = figures.report
            rates.append(report.per_second)
            print(
                f"| judge {delay_ms} ms, {in_flight} in flight | {server.name} | {report.per_second:.0f} "
                f"| {report.percentile(0.5):.1f} | {report.percentile(0.95):.1f} "
                f"| {report.percentile(0.5) - delay_ms:.1f} "
                f"| {figures.cpu_ms:.2f} | {figures.resident:.0f} | {report.failures} |",
                flush=True,
            )
        ideal = (
            f", {rates[0] / (in_flight / delay_ms * 1000):.0%} of the latency-only limit" if delay_ms else ""
        )
        print(f"| | **ratio** | {rates[0] / rates[1]:.1f}× the peer{ideal} | | | | | | |", flush=True)
    print("\n| start to first answered /health | seconds | MB |\n|---|---|---|")
    for server in (OURS, PEER):
        seconds, resident = start_up(server)
        print(f"| {server.name} | {seconds:.2f} | {resident:.0f} |", flush=True)


if __name__ == "__main__":
    uvloop.run(main())
