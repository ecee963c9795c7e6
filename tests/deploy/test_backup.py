"""A copy of the store that is made while a server takes spans and judges them, and a server on that copy."""

import asyncio
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import aiohttp
import pytest

from tests.cli.process import TOKEN, environment, judge_at, serving
from tests.deploy.conftest import EVALUATOR
from tests.mock_judge import Behaviour, MockJudge
from tests.pipeline.live import eventually, request, target

HEADERS = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/x-protobuf"}
SPANS = 16


def vacuum_into(source: Path, copy: Path) -> None:
    with closing(sqlite3.connect(source)) as database:
        database.execute("VACUUM INTO ?", (str(copy),))


def online_backup(source: Path, copy: Path) -> None:
    with closing(sqlite3.connect(source)) as database, closing(sqlite3.connect(copy)) as other:
        database.backup(other)


class Load:
    """Spans that come in without a pause; the numbers of those that were acknowledged."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._next = 0
        self.acknowledged: list[int] = []
        self.progress = asyncio.Condition()

    async def run(self) -> None:
        async with aiohttp.ClientSession(self._address, headers=HEADERS) as session:
            while True:
                numbers = range(self._next, self._next + SPANS)
                self._next += SPANS
                body = request(numbers).SerializeToString()
                async with session.post("/v1/traces", data=body) as answer:
                    assert answer.status == 200
                async with self.progress:
                    self.acknowledged.extend(numbers)
                    self.progress.notify_all()

    async def reached(self, count: int) -> None:
        async with asyncio.timeout(30), self.progress:
            await self.progress.wait_for(lambda: len(self.acknowledged) >= count)


def ids(database: Path) -> set[str]:
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        return {row[0].hex() for row in connection.execute("SELECT span_id FROM spans")}


def count(database: Path, question: str) -> int:
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        return int(connection.execute(question).fetchone()[0])


@pytest.fixture
def settings(tmp_path: Path, mock_judge: MockJudge) -> dict[str, str]:
    """A server that judges slower than spans come in."""
    (tmp_path / "evaluators").mkdir()
    (tmp_path / "evaluators" / "polite.yaml").write_text(EVALUATOR, encoding="utf-8")
    mock_judge.always(Behaviour(seconds=0.02))
    return judge_at(mock_judge.url) | {
        "O2_JUDGE_AUTH_TOKEN": TOKEN,
        "SPANJUDGE_EVALUATORS_DIR": str(tmp_path / "evaluators"),
        "SPANJUDGE_WORKER_CONCURRENCY": "4",
    }


async def copied(
    make: Callable[[Path, Path], None], folder: Path, settings: dict[str, str], copy: Path
) -> list[int]:
    """Copy the store of a server under load; the spans that were acknowledged before the copy was begun."""
    async with serving(env=environment(folder, settings)) as served:
        load = Load(served.address)
        sending = asyncio.create_task(load.run())
        await load.reached(20 * SPANS)
        before = list(load.acknowledged)
        await asyncio.to_thread(make, folder / "spanjudge.db", copy)
        # The server goes on after it.
        await load.reached(len(load.acknowledged) + 5 * SPANS)
        sending.cancel()
        await asyncio.gather(sending, return_exceptions=True)
    return before


@pytest.mark.parametrize("make", [vacuum_into, online_backup])
async def test_a_copy_made_under_load_holds_all_that_was_acknowledged_before(
    make: Callable[[Path, Path], None], tmp_path: Path, settings: dict[str, str]
) -> None:
    copy = tmp_path / "copy.db"
    before = await copied(make, tmp_path / "live", settings, copy)
    with closing(sqlite3.connect(copy)) as database:
        assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    assert {target(number).span_id for number in before} <= ids(copy)


@pytest.mark.timeout(120)
async def test_a_server_on_the_copy_goes_on_where_it_was(tmp_path: Path, settings: dict[str, str]) -> None:
    live, restored, copy = tmp_path / "live", tmp_path / "restored", tmp_path / "copy.db"
    await copied(vacuum_into, live, settings, copy)
    assert count(copy, "SELECT count(*) FROM jobs WHERE state < 2") > 0
    # Restoring is: the copy in the place of the file, and the rest of the data folder.
    restored.mkdir()
    shutil.copy(copy, restored / "spanjudge.db")
    shutil.copy(live / "secret", restored / "secret")
    path = restored / "spanjudge.db"
    async with serving(env=environment(restored, settings)):

        async def all_judged() -> bool:
            return await asyncio.to_thread(count, path, "SELECT count(*) FROM jobs WHERE state < 2") == 0

        # Jobs that were leased when the copy was made are the old server's for a minute, then the new one's.
        await eventually(all_judged, seconds=90)
    spans = count(path, "SELECT count(*) FROM spans")
    assert spans > 0
    assert count(path, "SELECT count(*) FROM results") == spans
