"""The store alone: commits, leases and finishes a second, on a file of the current folder's disk.

    python -m benchmarks.store [--backlog 1000000] [--folder PATH]

Entering, leasing and finishing are measured in turn in four stores: an empty one, and three with a
backlog of waiting jobs (of a paused evaluator, due in the future, due now). The ratio is that of a
lease's time to the first's.
"""

import argparse
import asyncio
import os
import sqlite3
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median

import msgspec

from spanjudge.judging.result import EvaluationResult
from spanjudge.judging.usage import Usage
from spanjudge.pipeline.ports import Finish, Intake, Job, NewJob, SpanRow, Store
from spanjudge.store.store import open_store
from spanjudge.telemetry.evaluated import Evaluated, Target, result_id

SPANS = 512
ROUNDS = 40
LEASED = 512
EVALUATORS = ("correctness", "faithfulness", "relevance", "safety", "tone")
ENVELOPE = os.urandom(400)


def spans() -> list[SpanRow]:
    """Spans of 64 traces as a collector sends them together."""
    return [
        SpanRow(
            trace_id=trace_id,
            span_id=os.urandom(8).hex(),
            parent_span_id=os.urandom(8).hex(),
            service="checkout",
            name="chat gpt-4.1",
            operation="chat",
            model="gpt-4.1",
            session_id=None,
            start_ns=1_750_000_000_000_000_000,
            end_ns=1_750_000_001_000_000_000,
            is_error=False,
            blob=os.urandom(2_400),
            envelope=ENVELOPE,
        )
        for trace_id in (os.urandom(16).hex() for _ in range(SPANS // 8))
        for _ in range(8)
    ]


def jobs(of: list[SpanRow], *, due_ns: int = 0) -> list[NewJob]:
    """A job of every evaluator for each span."""
    return [
        NewJob(
            evaluator=name,
            version="0123456789ab",
            target=Target(trace_id=span.trace_id, span_id=span.span_id),
            due_ns=due_ns,
            parent_span_id=span.parent_span_id,
            model_call=True,
        )
        for span in of
        for name in EVALUATORS
    ]


def finished(job: Job) -> Finish:
    """A result as a judge gives it."""
    outcome = EvaluationResult(
        evaluator=job.evaluator,
        evaluator_version=job.version,
        value=0.8,
        score_value=0.8,
        verdict="pass",
        explanation="The answer names the city that was asked for and adds nothing that is wrong. " * 2,
        judge_provider="openai",
        judge_model="gpt-4.1-mini",
        usage=Usage(input=700, output=60),
        cost_usd=0.00037,
        duration=0.21,
        calls=1,
    )
    name = result_id(job.evaluator, job.version, job.target)
    return Finish(job=job, evaluated=Evaluated(id=name, outcome=outcome, target=job.target, time_ns=1))


async def ingest(store: Store) -> None:
    """Commits of spans that no evaluator matches."""
    requests = [spans() for _ in range(ROUNDS)]
    took: list[float] = []
    cpu = time.process_time()
    started = time.perf_counter()
    for now, request in enumerate(requests):
        before = time.perf_counter()
        await store.commit([Intake(spans=request)], now_ns=now)
        took.append(time.perf_counter() - before)
    seconds = time.perf_counter() - started
    cpu = (time.process_time() - cpu) / ROUNDS
    print(
        f"commit {SPANS} spans: {ROUNDS * SPANS / seconds:>9,.0f} spans/s,"
        f" median {median(took) * 1e3:.1f} ms, {cpu * 1e3:.1f} ms CPU"
    )


class Times(msgspec.Struct):
    """Seconds for one job: to enter, to be leased, to be finished."""

    enter: list[float] = []
    lease: list[float] = []
    finish: list[float] = []

    def told(self, label: str) -> str:
        """A row of the table."""
        cells = (f"{1 / median(times):>10,.0f}" for times in (self.enter, self.lease, self.finish))
        return f"{label:<36}{''.join(cells)}"


async def judge(store: Store, times: Times, names: Sequence[str]) -> None:
    """One round: jobs come in, as many are leased, and finished."""
    rows = jobs(spans()[: LEASED // len(EVALUATORS)])
    before = time.perf_counter()
    await store.commit([Intake(jobs=rows)], now_ns=1)
    times.enter.append((time.perf_counter() - before) / len(rows))
    before = time.perf_counter()
    leased = await store.lease("bench", evaluators=names, now_ns=2, until_ns=9, limit=LEASED)
    times.lease.append((time.perf_counter() - before) / len(leased))
    results = [finished(job) for job in leased]
    before = time.perf_counter()
    await store.finish(results, (), owner="bench", now_ns=3, destinations=("otlp",))
    times.finish.append((time.perf_counter() - before) / len(leased))


def backlog(path: Path, count: int, *, evaluator: str, due_ns: int) -> None:
    """Waiting jobs, put straight into the file: a million would take minutes otherwise."""

    def rows() -> Iterator[tuple[object, ...]]:
        for _ in range(count):
            key = b"s" + os.urandom(24)
            yield (key, evaluator, "0123456789ab", 0, 0, 0, 0, 1, key[:17] + os.urandom(8), 0, due_ns, "")

    with sqlite3.connect(path) as file:
        file.execute("PRAGMA cache_size = -400000")
        file.executemany(
            "INSERT INTO jobs (target, evaluator, version, generation, state, attempts, content, model_call,"
            " parent, created_ns, due_ns, detail) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            rows(),
        )
    file.close()


BACKLOGS = (
    ("nothing else", "", 0),
    ("a backlog of a paused evaluator", "paused", 0),
    ("a backlog due in the future", EVALUATORS[0], 10),
    ("a backlog that is due", "busy", 1),
)


async def main(folder: Path, size: int) -> None:
    """Measure and print."""
    stores: list[tuple[str, Store, Times, tuple[str, ...]]] = []
    for index, (label, evaluator, due_ns) in enumerate(BACKLOGS):
        path = folder / f"store-{index}.db"
        store = await open_store(f"sqlite:///{path}")
        if evaluator:
            backlog(path, size, evaluator=evaluator, due_ns=due_ns)
        names = (*EVALUATORS, "busy") if evaluator == "busy" else EVALUATORS
        stores.append((label, store, Times([], [], []), names))
    await ingest(stores[0][1])
    # In turn, so that what else the machine does meets all of them alike.
    for _ in range(ROUNDS):
        for _, store, times, names in stores:
            await judge(store, times, names)
    print(f"\n{'jobs/s, beside':<36}{'enter':>10}{'lease':>10}{'finish':>10}   lease, ratio")
    alone = median(stores[0][2].lease)
    for label, store, times, _ in stores:
        print(f"{times.told(label)}   {median(times.lease) / alone:.2f}")
        before = time.perf_counter()
        health = await store.health(now_ns=2)
        print(f"    health, {health.waiting:,} waiting: {(time.perf_counter() - before) * 1e3:.0f} ms")
        await store.aclose()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--backlog", type=int, default=1_000_000)
    parser.add_argument("--folder", default=".")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        asyncio.run(main(Path(name), options.backlog))
