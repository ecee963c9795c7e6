"""What the soak calls flat, and what a store is compared with."""

import random
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from benchmarks.load.ledger import Ledger
from benchmarks.load.verify import verify
from benchmarks.soak import Sample, slope, trends
from tests.pipeline.live import Inbox, chats, live, question, target


def samples(*, memory_an_hour: float = 0.0, queue_an_hour: float = 0.0) -> list[Sample]:
    """Half an hour with the noise that there always is."""
    chance = random.Random(6)  # noqa: S311 - noise
    return [
        Sample(
            at=second,
            # Warm for the first minutes, a spike now and then.
            memory_mb=140
            + min(30, second / 8)
            + memory_an_hour * second / 3600
            + chance.choice([0, 0, 0, 25]),
            descriptors=chance.randrange(80, 120),
            queue_seconds=chance.random() + queue_an_hour * second / 3600,
            waiting=chance.randrange(50),
            outbox=chance.randrange(200),
            store_mb=second / 10,
            spans=150 * second,
        )
        for second in range(0, 1800, 5)
    ]


def test_warming_up_and_spikes_are_no_growth() -> None:
    assert [one.name for one in trends(samples()) if not one.is_flat] == []


@pytest.mark.parametrize(
    ("growing", "name"), [("memory_an_hour", "memory"), ("queue_an_hour", "age of the queue")]
)
def test_a_leak_and_a_queue_that_grows_are_told(growing: str, name: str) -> None:
    found = trends(samples(**{growing: 80.0}))
    assert [one.name for one in found if not one.is_flat] == [name]
    # 80 an hour, over the three quarters of half an hour that are left after the warm-up.
    (grown,) = (one.growth for one in found if one.name == name)
    assert grown == pytest.approx(80 * 0.375, rel=0.2)


def test_slope() -> None:
    line = [(float(x), 3.0 * x + 1) for x in range(500)]
    assert slope(line) == pytest.approx(3.0)
    line[100] = (100.0, 1e9)
    assert slope(line) == pytest.approx(3.0)
    assert slope([(0.0, 1.0)]) == 0.0


async def test_what_a_ledger_names_and_a_store_lacks_is_found(tmp_path: Path) -> None:
    inbox = Inbox()
    async with live(tmp_path, evaluators=[question("polite")], exporters=[inbox]) as running:
        await running.pipeline.receive(chats(1, 2, 3), ())
        await inbox.got(3)
    ids = [bytes.fromhex(one.trace_id + (one.span_id or "")) for one in map(target, (1, 2, 3, 4))]
    path = tmp_path / "ledger"
    with Ledger(path) as kept:
        kept.acknowledged(b"".join(ids[:3]))
    url = f"sqlite:///{tmp_path / 'spanjudge.db'}"
    found = verify(path, url)
    assert (found.acknowledged, found.stored, found.results, found.open_jobs) == (3, 3, 3, 0)
    assert found.is_well
    with Ledger(path) as kept:
        kept.acknowledged(ids[3])
    assert verify(path, url).lost == 1
    # A result that is gone, and one that is there twice, as they must never be.
    with closing(sqlite3.connect(tmp_path / "spanjudge.db", isolation_level=None)) as database:
        database.execute("DELETE FROM results WHERE id = (SELECT min(id) FROM results)")
        assert verify(path, url).without_result == 1
        names = [row[1] for row in database.execute("PRAGMA table_info(results)") if row[1] != "id"]
        copied = ", ".join("randomblob(16)" if name == "result_id" else f'"{name}"' for name in names)
        quoted = ", ".join(f'"{name}"' for name in names)
        database.execute(f"INSERT INTO results ({quoted}) SELECT {copied} FROM results LIMIT 1")  # noqa: S608
        broken = verify(path, url)
    assert (broken.twice, broken.is_well) == (1, False)
