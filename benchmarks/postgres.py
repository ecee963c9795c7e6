"""The store on PostgreSQL: durable ingest, leasing and finishing, beside what the database alone can do.

    python -m benchmarks.postgres [--spans 40960] [--jobs 40000] [--rounds 4] [--folder PATH]

Starts a PostgreSQL of its own, with full sync, in the folder: its disk is what is measured. Ours and the
limit take turns, so that what else the machine does meets both alike.

Spans of realistic traces come in through `Store.commit`, by two receivers, 512 a commit; the limit is `COPY`
of the same contents into a table without any index, by as many connections, as many a transaction. Jobs are
leased and finished with their results by four processes; the limit is jobs taken from a bare table with
`SKIP LOCKED`, 50 at a time, by as many processes.
"""

import argparse
import asyncio
import random
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from statistics import median

import psycopg

from benchmarks.store import EVALUATORS, finished
from spanjudge.pipeline.ports import Intake, NewJob, SpanRow, Store
from spanjudge.store.store import open_store
from spanjudge.telemetry.evaluated import Target
from tests.postgres.server import PostgresServer, administer

RECEIVERS, COMMIT = 2, 512
WORKERS, LEASED, BATCH = 4, 256, 50
NOW = 1_750_000_000_000_000_000
_WORDS = [
    f"{a}{b}" for a in ("order", "refund", "ticket", "hotel", "answer") for b in ("", "s", "ed by", " of")
]
_IN_SESSION, _WITH_ERROR = 0.4, 0.02


def spans(count: int, chance: random.Random) -> Iterator[list[SpanRow]]:
    """Commits of spans: traces of an agent with model calls, retrievals and tools, some of them long."""
    commit: list[SpanRow] = []
    while count > 0:
        trace_id = chance.randbytes(16).hex()
        service = f"service-{chance.randrange(12)}"
        session = chance.randbytes(8).hex() if chance.random() < _IN_SESSION else None
        parent = ""
        for place in range(min(1 + int(chance.expovariate(1 / 6)), 60)):
            operation = ("invoke_agent", "chat", "retrieval", "execute_tool")[
                place and chance.randrange(1, 4)
            ]
            length = int(chance.lognormvariate(7.4, 0.7))
            text = " ".join(chance.choices(_WORDS, k=length // 6))
            span_id = chance.randbytes(8).hex()
            commit.append(
                SpanRow(
                    trace_id=trace_id,
                    span_id=span_id,
                    parent_span_id=parent,
                    service=service,
                    name=f"{operation} gpt-4.1",
                    operation=operation,
                    model="gpt-4.1-mini" if operation == "chat" else None,
                    session_id=session,
                    start_ns=NOW + place * 1_000_000,
                    end_ns=NOW + place * 1_000_000 + chance.randrange(10**9),
                    is_error=chance.random() < _WITH_ERROR,
                    blob=chance.randbytes(100) + text.encode(),
                    envelope=f"resource and scope of {service}".encode() * 12,
                )
            )
            parent = parent or span_id
            if len(commit) == COMMIT:
                yield commit
                count -= COMMIT
                commit = []


async def ingest(stores: Sequence[Store], commits: Sequence[list[SpanRow]]) -> float:
    """Seconds for all of them, each receiver one commit after another."""
    waiting = list(commits)

    async def receive(store: Store) -> None:
        while waiting:
            await store.commit([Intake(spans=waiting.pop())], now_ns=NOW)

    before = time.perf_counter()
    await asyncio.gather(*map(receive, stores))
    return time.perf_counter() - before


def copy(url: str, commits: Sequence[list[SpanRow]]) -> float:
    """Seconds for the contents alone, by `COPY`."""
    waiting = list(commits)

    def run() -> None:
        with psycopg.connect(url) as connection, connection.cursor() as cursor:
            while waiting:
                try:
                    rows = waiting.pop()
                except IndexError:
                    return
                with cursor.copy("COPY bare (content) FROM STDIN (FORMAT BINARY)") as into:
                    into.set_types(["bytea"])
                    for row in rows:
                        into.write_row((row.blob,))
                connection.commit()

    threads = [threading.Thread(target=run) for _ in range(RECEIVERS)]
    before = time.perf_counter()
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    return time.perf_counter() - before


async def work(url: str, owner: str) -> int:
    """Lease and finish until nothing is left; how many jobs."""
    store = await open_store(url)
    await store.revision()
    print("ready", flush=True)
    sys.stdin.readline()
    count = 0
    while leased := await store.lease(
        owner, evaluators=EVALUATORS, now_ns=NOW, until_ns=NOW + 60 * 10**9, limit=LEASED
    ):
        results = [finished(job) for job in leased]
        count += await store.finish(results, (), owner=owner, now_ns=NOW, destinations=())
    await store.aclose()
    return count


def work_bare(url: str) -> int:
    """Take jobs from the bare table until nothing is left; how many."""
    count = 0
    with psycopg.connect(url, autocommit=True) as connection:
        print("ready", flush=True)
        sys.stdin.readline()
        while taken := connection.execute(
            "UPDATE queue SET state = 1 WHERE id IN (SELECT id FROM queue WHERE state = 0 ORDER BY id"
            " LIMIT %s FOR UPDATE SKIP LOCKED) RETURNING id",
            (BATCH,),
        ).fetchall():
            count += len(taken)
    return count


def together(*arguments: str) -> tuple[int, float]:
    """Jobs that four processes of this program do, and the seconds it takes them."""
    children = [
        subprocess.Popen(
            [sys.executable, "-m", "benchmarks.postgres", *arguments, f"worker-{number}"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for number in range(WORKERS)
    ]
    for one in children:
        assert one.stdin is not None  # noqa: S101  # asked for above
        assert one.stdout is not None  # noqa: S101  # asked for above
        one.stdout.readline()
    before = time.perf_counter()
    for one in children:
        assert one.stdin is not None  # noqa: S101  # asked for above
        one.stdin.write("go\n")
        one.stdin.flush()
    counts = [int(one.stdout.readline()) for one in children if one.stdout is not None]
    seconds = time.perf_counter() - before
    for one in children:
        one.wait()
    return sum(counts), seconds


async def enter(store: Store, count: int, chance: random.Random) -> None:
    """Jobs of five evaluators on the spans of traces, all due."""
    left = count // len(EVALUATORS)
    for commit in spans(left, chance):
        rows = commit[:left]
        left -= len(rows)
        new = [
            NewJob(
                evaluator=name,
                version="0123456789ab",
                target=Target(trace_id=row.trace_id, span_id=row.span_id),
                due_ns=NOW,
            )
            for row in rows
            for name in EVALUATORS
        ]
        await store.commit([Intake(spans=rows, jobs=new)], now_ns=NOW)


def told(label: str, ours: Sequence[float], limit: Sequence[float], unit: str) -> str:
    """A row of the table."""
    ratio = median(a / b for a, b in zip(ours, limit, strict=True))
    return f"{label:<34}{median(ours):>9,.0f} {unit:<8}{median(limit):>10,.0f} {unit:<8}{ratio:>6.2f}"


async def main(options: argparse.Namespace, server: PostgresServer) -> None:
    """Measure and print."""
    for name in ("ours", "bare"):
        server.admin(f"CREATE DATABASE {name}")
    url, bare = server.url("ours"), server.url("bare")
    administer(bare, "CREATE TABLE bare (id bigserial, content bytea NOT NULL)")
    administer(bare, "CREATE TABLE queue (id bigint PRIMARY KEY, state smallint NOT NULL)")
    administer(bare, "CREATE INDEX queue_waiting ON queue (id) WHERE state = 0")
    stores = [await open_store(url) for _ in range(RECEIVERS)]
    chance = random.Random(11)  # noqa: S311  # texts are no secret
    rates: dict[str, list[float]] = {"commit": [], "copy": [], "jobs": [], "skip": []}
    # The first round warms caches, connections and statements up.
    for number in range(options.rounds + 1):
        commits = list(spans(options.spans, chance))
        count = sum(map(len, commits))
        found = {"commit": count / await ingest(stores, commits), "copy": count / copy(bare, commits)}
        await enter(stores[0], options.jobs, chance)
        found["jobs"] = _rate(*await asyncio.to_thread(together, "--work", url))
        administer(bare, "TRUNCATE queue")
        administer(bare, f"INSERT INTO queue SELECT id, 0 FROM generate_series(1, {options.jobs}) AS id")  # noqa: S608  # a number
        found["skip"] = _rate(*await asyncio.to_thread(together, "--work-bare", bare))
        if number:
            for name, value in found.items():
                rates[name].append(value)
    for one in stores:
        await one.aclose()
    print(f"{'':<34}{'Spanjudge':>17}{'limit':>19}{'ratio':>7}")
    print(told(f"ingest, {COMMIT} spans a commit", rates["commit"], rates["copy"], "spans/s"))
    print(told(f"lease and finish, {LEASED} at a time", rates["jobs"], rates["skip"], "jobs/s"))


def _rate(count: int, seconds: float) -> float:
    return count / seconds


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--spans", type=int, default=40_960)
    parser.add_argument("--jobs", type=int, default=40_000)
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--folder", default=".")
    parser.add_argument("--work", nargs=2, help=argparse.SUPPRESS)
    parser.add_argument("--work-bare", nargs=2, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.work:
        print(asyncio.run(work(*given.work)))
    elif given.work_bare:
        print(work_bare(given.work_bare[0]))
    else:
        with PostgresServer(fsync=True, buffers="512MB", within=given.folder) as started:
            asyncio.run(main(given, started))
