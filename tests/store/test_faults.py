"""Faults of the disk and of processes: nothing that was acknowledged is lost, nothing is half done."""

import asyncio
import os
import random
import resource
import sqlite3
import sys
from collections.abc import AsyncIterator, Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

from spanjudge.pipeline.ports import Committed, Intake, Store, StoreError
from spanjudge.store.store import SqlStore, open_store
from tests.contracts.stored import (
    NOW,
    SECOND,
    done,
    evaluator,
    finish,
    job,
    lease,
    log,
    put,
    span,
    span_id,
    target,
)
from tests.store.writing import SPANS, intake


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "store.db"


@pytest.fixture
async def store(path: Path) -> AsyncIterator[Store]:
    opened = await open_store(f"sqlite:///{path}")
    yield opened
    await opened.aclose()


def large(numbers: range) -> Intake:
    """Two megabytes and everything that belongs to them."""
    return Intake(
        spans=[span(n, blob=os.urandom(20_000)) for n in numbers],
        logs=[log(n) for n in numbers],
        jobs=[job(n) for n in numbers],
    )


async def counts(store: Store) -> tuple[int, int, int]:
    health = await store.health(now_ns=NOW)
    found = await store.material([target(n) for n in range(300)], most_spans=1)
    return health.spans, len(found), health.waiting


async def pragma(store: Store, text: str) -> None:
    assert isinstance(store, SqlStore)
    database = store._database  # pyright: ignore[reportPrivateUsage]  # SQLite's own knob for a full disk
    await database.write(lambda connection: connection.exec_driver_sql(f"PRAGMA {text}"))


async def test_a_full_disk_is_told_and_nothing_is_half_done(store: Store) -> None:
    await store.commit([large(range(10))], now_ns=NOW)
    (leased, *_) = await lease(store)
    await store.release("worker")
    await pragma(store, "max_page_count = 100")
    with pytest.raises(StoreError, match=r"the disk is full.*make room where .*store\.db lies"):
        await store.commit([large(range(10, 110))], now_ns=NOW)
    assert await counts(store) == (10, 10, 10)
    with pytest.raises(StoreError, match="the disk is full"):
        await store.apply([evaluator(rubric="x" * 5_000_000)], publish=True, now_ns=NOW)
    assert await store.evaluators() == []
    await pragma(store, "max_page_count = 1000000")
    assert await store.commit([large(range(10, 110))], now_ns=NOW) == Committed(spans=100, logs=100, jobs=100)
    assert await counts(store) == (110, 110, 110)
    assert leased.target in {one.target for one in await lease(store, limit=500)}


@contextmanager
def no_file_longer_than(size: int) -> Generator[None]:
    """What writing beyond that meets is an error of the file system."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


async def test_a_disk_that_refuses_to_write_is_told_and_nothing_is_half_done(store: Store) -> None:
    await store.commit([large(range(10))], now_ns=NOW)
    with no_file_longer_than(1_000_000), pytest.raises(StoreError, match=r"writing .* failed"):
        await store.commit([large(range(10, 110))], now_ns=NOW)
    assert await counts(store) == (10, 10, 10)
    await store.commit([large(range(10, 110))], now_ns=NOW)
    assert await counts(store) == (110, 110, 110)


async def test_a_file_that_is_deleted_under_way_takes_nothing_more(store: Store, path: Path) -> None:
    await put(store, spans=[span(1)])
    kept = await asyncio.to_thread(path.rename, path.with_name("kept.db"))
    with pytest.raises(StoreError, match="was deleted or replaced while in use"):
        await put(store, spans=[span(2)])
    await asyncio.to_thread(kept.rename, path)
    await put(store, spans=[span(2)])
    assert len(await store.find_spans(span_id(2))) == 1


async def test_a_database_locked_for_long_is_told(store: Store, path: Path) -> None:
    await pragma(store, "busy_timeout = 20")
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreError, match="locked by another process"):
        await put(store, spans=[span(1)])
    assert await store.find_spans(span_id(1)) == []
    other.execute("ROLLBACK")
    other.close()
    await put(store, spans=[span(1)])


async def test_nothing_of_what_was_stored_is_in_an_error(store: Store) -> None:
    await pragma(store, "max_page_count = 40")
    with pytest.raises(StoreError) as caught:
        await put(store, spans=[span(1, name="a secret", blob=b"a secret" * 100_000)])
    error: BaseException | None = caught.value
    while error is not None:
        assert "a secret" not in str(error)
        error = error.__cause__
    assert caught.value.__suppress_context__


async def test_a_closed_store_says_so(store: Store) -> None:
    await store.aclose()
    with pytest.raises(StoreError, match="closed"):
        await store.revision()


async def test_two_stores_on_one_file_share_everything(store: Store, path: Path) -> None:
    other = await open_store(f"sqlite:///{path}", create=False)
    revision = await store.revision()
    await other.apply([evaluator()], publish=True, now_ns=NOW)
    assert await store.revision() != revision
    envelopes = [f"resource {n % 3}".encode() for n in range(60)]
    rows = [span(n, envelope=envelope) for n, envelope in enumerate(envelopes)]
    both = ((store, rows[:40]), (other, rows[20:]))
    new = await asyncio.gather(*(one.commit([Intake(spans=part)], now_ns=NOW) for one, part in both))
    assert sum(one.spans for one in new) == 60
    found = await store.material([target(n) for n in range(60)], most_spans=1)
    assert [one.spans[0].envelope for one in found.values()] == envelopes
    while await other.purge(spans_before_ns=NOW + 1, results_before_ns=0, limit=100):
        pass
    await put(store, spans=rows)
    found = await other.material([target(n) for n in range(60)], most_spans=1)
    assert [one.spans[0].envelope for one in found.values()] == envelopes
    await other.aclose()


async def test_two_workers_finish_every_job_once(store: Store, path: Path) -> None:
    other = await open_store(f"sqlite:///{path}")
    await put(store, *(job(n) for n in range(400)))

    async def work(one: Store, owner: str) -> int:
        count = 0
        while leased := await lease(one, owner=owner, limit=20):
            count += await finish(one, *map(done, leased), owner=owner, destinations=["otlp"])
        return count

    ended = await asyncio.gather(work(store, "one"), work(other, "two"))
    assert sum(ended) == 400
    assert len(await store.results_of([target(n) for n in range(400)])) == 400
    assert (await store.health(now_ns=NOW)).outbox == 400
    await other.aclose()


async def test_what_was_acknowledged_survives_a_kill(path: Path) -> None:
    """Four processes one after another on one file, each killed in the middle of its work."""
    chance = random.Random(7)  # noqa: S311  # when to kill is no secret
    acknowledged = 0
    for _ in range(4):
        child = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "tests.store.writing",
            f"sqlite:///{path}",
            str(acknowledged),
            stdout=asyncio.subprocess.PIPE,
        )
        assert child.stdout is not None
        for _ in range(chance.randint(2, 12)):
            acknowledged = int(await child.stdout.readline())
        child.kill()
        rest = await child.stdout.read()
        await child.wait()
        acknowledged = max([acknowledged, *map(int, rest.split())])
    store = await open_store(f"sqlite:///{path}")
    for number in range(acknowledged):
        sent = intake(number)
        found = await store.material([one.target for one in sent.jobs], most_spans=1)
        assert [one.spans[0].blob for one in found.values()] == [one.blob for one in sent.spans]
        assert all(len(one.spans[0].logs) == 1 for one in found.values())
        assert len(await store.jobs_of([one.target for one in sent.jobs])) == SPANS
    leased = await lease(store, now_ns=NOW + 3_600 * SECOND, limit=1_000_000)
    health = await store.health(now_ns=NOW)
    assert len(leased) == health.spans >= acknowledged * SPANS
    assert health.spans % SPANS == 0
    await store.aclose()
    file = sqlite3.connect(path)
    assert file.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    assert file.execute("SELECT sum(uses) FROM envelopes").fetchone() == (2 * health.spans,)
    file.close()
