"""`kill -9` at random moments under load."""

import asyncio
import random
import sqlite3
import time
from collections import Counter
from pathlib import Path

import pytest

from spanjudge.store.store import open_store
from tests.faults.child import OPTIONS, Child, Letters, letters, receive_and_judge
from tests.pipeline.live import eventually, live, path, question, target

ROUNDS = 20


@pytest.mark.timeout(120)
async def test_nothing_acknowledged_is_lost_and_every_job_is_finished_once(tmp_path: Path) -> None:
    chance = random.Random(20)  # noqa: S311 - moments, no secrets
    evaluators = [question("polite"), question("right")]
    store = await open_store(path(tmp_path))
    await store.apply(evaluators, publish=True, now_ns=time.time_ns())
    await store.aclose()
    acknowledged: list[int] = []
    for number in range(ROUNDS):
        child = Child(receive_and_judge, str(tmp_path), number * 100_000)
        assert await child.told() == "ready"
        await asyncio.sleep(chance.random() * 0.5)
        child.kill()
        for batch in child.rest():
            acknowledged.extend(batch)
    assert len(acknowledged) > ROUNDS

    async with live(
        tmp_path, evaluators=evaluators, exporters=[Letters(tmp_path)], options=OPTIONS
    ) as running:

        async def idle() -> bool:
            health = await running.store.health(now_ns=time.time_ns())
            return health.waiting == health.leased == health.outbox == 0

        await eventually(idle)
        jobs = await running.jobs(*acknowledged)
        targets = [target(number) for number in acknowledged]
        kept = await running.store.material(targets, most_spans=10)
        results = await running.store.results_of(targets)
    assert len(kept) == len(acknowledged)
    assert Counter(job.state for job in jobs) == {"done": 2 * len(acknowledged)}
    assert len(results) == len(jobs)
    assert len({one.id for one in results}) == len(results)
    arrived = letters(tmp_path)
    assert {one.id for one in results} <= set(arrived)
    database = sqlite3.connect(tmp_path / "spanjudge.db")
    assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    # Spans that were stored and not acknowledged in time are judged as well, once.
    (jobs_stored,) = database.execute("SELECT count(*) FROM jobs").fetchone()
    (results_stored,) = database.execute("SELECT count(*) FROM results").fetchone()
    (outbox,) = database.execute("SELECT count(*) FROM outbox").fetchone()
    database.close()
    assert (results_stored, outbox) == (jobs_stored, 0)
