"""A server under an even load for a long time: `python -m benchmarks.soak --minutes 30 --rate 150`.

Starts a mock judge, an OTLP backend and `spanjudge serve` (on SQLite, or on `--database-url`), sends the
load generator's traces and looks every few seconds: resident memory, file descriptors, age of the queue,
size of the store. At the end it says what is flat and what grows, and compares the store with what was
acknowledged. Ends with 1 when something grows that must not, or something was lost.
"""

import argparse
import asyncio
import contextlib
import csv
import itertools
import json
import os
import sys
import tempfile
import time
from collections.abc import AsyncGenerator, Sequence
from pathlib import Path
from statistics import mean, median
from typing import Any

import aiohttp
import msgspec

from benchmarks.judged_spans import EVALUATOR, METRICS
from benchmarks.load.verify import verify
from benchmarks.process import Process, free_port
from benchmarks.settings import TOKEN, settings

WARM_UP = 0.25
"""The share of the samples at the start that says nothing of growth: caches fill, code is imported."""

_MEMORY_SHARE, _MEMORY_MB = 0.1, 8.0
_DESCRIPTORS = 24
"""Pools of connections breathe with the load."""

_QUEUE_SECONDS = 1.0
_POINTS = 200
_SETTLE = 90.0


class Sample(msgspec.Struct, frozen=True):
    """One look. `at` is seconds after the start of the load."""

    at: float
    memory_mb: float
    descriptors: int
    queue_seconds: float
    waiting: int
    outbox: int
    store_mb: float
    spans: int


class Trend(msgspec.Struct, frozen=True):
    """How a value went after the warm-up; `growth` is what it gained by its slope over that time."""

    name: str
    unit: str
    first: float
    last: float
    most: float
    growth: float
    allowed: float

    @property
    def is_flat(self) -> bool:
        """It grew by no more than is allowed; that it shrinks is no harm."""
        return self.growth <= self.allowed


def slope(points: Sequence[tuple[float, float]]) -> float:
    """The median slope between all pairs (Theil–Sen): a few spikes do not move it; 0 for fewer than two."""
    step = max(1, len(points) // _POINTS)
    few = points[::step]
    slopes = [
        (after - before) / (later - sooner)
        for (sooner, before), (later, after) in itertools.combinations(few, 2)
        if later > sooner
    ]
    return median(slopes) if slopes else 0.0


def trends(samples: Sequence[Sample]) -> list[Trend]:
    """What must not grow: memory, descriptors, the age of the queue, what waits to be exported."""
    rest = samples[int(WARM_UP * len(samples)) :]
    seconds = rest[-1].at - rest[0].at

    def trend(name: str, unit: str, field: str, allowed: float) -> Trend:
        values = [float(getattr(one, field)) for one in rest]
        third = max(1, len(values) // 3)
        growth = slope([(one.at, value) for one, value in zip(rest, values, strict=True)]) * seconds
        return Trend(
            name=name,
            unit=unit,
            first=mean(values[:third]),
            last=mean(values[-third:]),
            most=max(values),
            growth=growth,
            allowed=allowed,
        )

    memory = mean(one.memory_mb for one in rest)
    outbox = max(100.0, mean(one.outbox for one in rest))
    return [
        trend("memory", "MB", "memory_mb", max(_MEMORY_MB, _MEMORY_SHARE * memory)),
        trend("file descriptors", "", "descriptors", _DESCRIPTORS),
        trend("age of the queue", "s", "queue_seconds", _QUEUE_SECONDS),
        trend("results not exported yet", "", "outbox", outbox),
    ]


@contextlib.asynccontextmanager
async def running(options: argparse.Namespace, folder: Path) -> AsyncGenerator[tuple[Process, int]]:
    """The server with its judge and its backend; its port."""
    (folder / "evaluators").mkdir()
    for metric in METRICS[: options.metrics]:
        (folder / "evaluators" / f"{metric}.yaml").write_text(EVALUATOR.format(name=metric))
    judge_port, sink_port, port = free_port(), free_port(), free_port()
    environment = settings(
        folder,
        judge_port=judge_port,
        SPANJUDGE_DATABASE_URL=options.database_url or f"sqlite:///{folder / 'spanjudge.db'}",
        SPANJUDGE_EVALUATORS_DIR=str(folder / "evaluators"),
        SPANJUDGE_EXPORT_OTLP_ENDPOINT=f"http://127.0.0.1:{sink_port}",
    )
    serve = ("-m", "spanjudge", "serve", "--host", "127.0.0.1", "--port", str(port))
    judge_command = ("-m", "benchmarks.mock_judge", str(judge_port), str(options.delay_ms))
    with (
        Process(*judge_command, core=None) as judge,
        Process("-m", "benchmarks.otlp_sink", str(sink_port), core=None) as sink,
        Process(*serve, core=None, environment=environment) as server,
    ):
        await asyncio.to_thread(judge.wait_for, judge_port)
        await asyncio.to_thread(sink.wait_for, sink_port)
        await asyncio.to_thread(server.wait_for, port, b"GET /readyz HTTP/1.1\r\nhost: localhost\r\n\r\n")
        yield server, port


async def look(session: aiohttp.ClientSession, server: Process, port: int, at: float) -> Sample:
    """Ask the server and the kernel."""
    async with session.get(f"http://127.0.0.1:{port}/api/v1/pipeline") as answer:
        answer.raise_for_status()
        told: dict[str, Any] = await answer.json()
    return Sample(
        at=at,
        memory_mb=server.resident,
        descriptors=len(os.listdir(f"/proc/{server.child.pid}/fd")),  # noqa: PTH208 - of /proc
        queue_seconds=told["oldest_seconds"],
        waiting=told["waiting"],
        outbox=told["outbox"],
        store_mb=told["size_bytes"] / 1e6,
        spans=told["spans"],
    )


async def soak(options: argparse.Namespace, folder: Path) -> tuple[list[Sample], dict[str, Any]]:
    """The samples, and what the load generator says."""
    ledger = folder / "ledger"
    samples: list[Sample] = []
    async with running(options, folder) as (server, port):
        load = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "benchmarks.load", "--url", f"http://127.0.0.1:{port}", "--token", TOKEN),
            *("--rate", str(options.rate), "--seconds", str(60 * options.minutes), "--json"),
            *("--seed", str(options.seed), "--ledger", str(ledger)),
            stdout=asyncio.subprocess.PIPE,
        )
        reading = asyncio.create_task(load.communicate())
        headers = {"authorization": f"Bearer {TOKEN}"}
        async with aiohttp.ClientSession(headers=headers) as session:
            started = time.perf_counter()
            while not reading.done():
                await asyncio.wait([reading], timeout=options.every)
                samples.append(await look(session, server, port, time.perf_counter() - started))
                one = samples[-1]
                print(
                    f"{one.at:7.0f} s  {one.memory_mb:6.1f} MB  {one.descriptors:4} descriptors  "
                    f"queue {one.queue_seconds:5.1f} s, {one.waiting:6,}  outbox {one.outbox:6,}  "
                    f"store {one.store_mb:8.1f} MB, {one.spans:10,} spans",
                    flush=True,
                )
            await settled(session, server, port)
        told: dict[str, Any] = json.loads((await reading)[0])
        url = options.database_url or f"sqlite:///{folder / 'spanjudge.db'}"
        told["store"] = msgspec.to_builtins(await asyncio.to_thread(verify, ledger, url))
    return samples[:-1] or samples, told


async def settled(session: aiohttp.ClientSession, server: Process, port: int) -> None:
    """Wait until what is due is judged, for a while: spans whose content never came wait longer than that."""
    until = time.perf_counter() + _SETTLE
    while time.perf_counter() < until:
        one = await look(session, server, port, 0.0)
        if not one.waiting and not one.outbox:
            return
        await asyncio.sleep(1)


def told(samples: Sequence[Sample], load: dict[str, Any]) -> bool:
    """Print the outcome; whether all is well."""
    found = trends(samples)
    print("\n| | at first | at last | most | growth | allowed | |")
    print("|---|---|---|---|---|---|---|")
    for one in found:
        word = "flat" if one.is_flat else "GROWS"
        cells = (
            f"{one.first:,.1f} | {one.last:,.1f} | {one.most:,.1f} | {one.growth:+,.2f} | {one.allowed:,.1f}"
        )
        print(f"| {one.name}{', ' * bool(one.unit)}{one.unit} | {cells} | {word} |")
    spans = samples[-1].spans - samples[0].spans
    bytes_a_span = 1e6 * (samples[-1].store_mb - samples[0].store_mb) / max(1, spans)
    print(f"\nstore: {samples[-1].store_mb:,.1f} MB, {bytes_a_span:,.0f} bytes a span with its results")
    waits = ", ".join(f"{name} {value:,.1f}" for name, value in load["milliseconds"].items())
    print(
        f"load: {load['accepted_spans']:,} spans accepted in {load['seconds']:.0f} s, "
        f"refused {load['refused']}, given up {load['given_up']}; answered after, ms: {waits}"
    )
    store = load["store"]
    print(
        f"store: {store['lost']} of {store['acknowledged']:,} acknowledged spans lost, "
        f"{store['results']:,} results, {store['twice']} twice, {store['without_result']} missing, "
        f"{store['open_jobs']:,} jobs open"
    )
    is_kept = not (store["lost"] or store["twice"] or store["without_result"])
    return is_kept and all(one.is_flat for one in found)


def main() -> int:
    """Run it."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--rate", type=float, default=150, help="spans a second; about half of them match")
    parser.add_argument("--metrics", type=int, default=5, help="evaluators that each of those is judged by")
    parser.add_argument("--delay-ms", type=int, default=200, help="of the mock judge")
    parser.add_argument("--every", type=float, default=5, help="seconds between looks")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--database-url", default="", help="an empty database; SQLite without it")
    parser.add_argument("--csv", type=Path, help="a file for the samples")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        samples, load = asyncio.run(soak(options, Path(name)))
    if options.csv:
        with options.csv.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(Sample.__struct_fields__)
            writer.writerows(msgspec.structs.astuple(one) for one in samples)
    return 0 if told(samples, load) else 1


if __name__ == "__main__":
    sys.exit(main())
