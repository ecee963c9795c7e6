"""Copying a store: everything is there, goes on working there, and nothing is left of a copy that fails."""

import itertools
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from spanjudge.judging.budget.limits import Limits, LimitsSet
from spanjudge.judging.usage import Usage, UsageRow
from spanjudge.pipeline.coordination import Member
from spanjudge.pipeline.ports import Intake, Store, StoreError, WindowTouch
from spanjudge.pipeline.requested import NewBackfill
from spanjudge.store.copying import copy_store
from spanjudge.store.store import open_store
from spanjudge.telemetry.evaluated import Target
from tests.contracts.stored import (
    NOW,
    SECOND,
    done,
    evaluator,
    failure,
    finish,
    job,
    lease,
    log,
    span,
    span_id,
    states,
    target,
    trace,
)
from tests.postgres.fixtures import DATABASES, Databases

DAY = 86_400 * SECOND
PAIRS = [(source, to) for source in DATABASES for to in DATABASES]
HOSTILE = "a\x00b “c” \U0001f600"

Urls = Callable[[str], str]


@pytest.fixture
def url_of(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Urls]:
    """A new database of a kind."""
    made: list[str] = []
    numbers = itertools.count()

    def make(kind: str) -> str:
        if kind == "sqlite":
            return f"sqlite:///{tmp_path / f'store-{next(numbers)}' / 'store.db'}"
        server: Databases = request.getfixturevalue("postgres_server")
        made.append(server.empty())
        return server.url(made[-1])

    yield make
    for name in made:
        server: Databases = request.getfixturevalue("postgres_server")
        server.drop(name)


async def fill(store: Store) -> None:
    """Something of everything, of several days."""
    await store.apply([evaluator(), evaluator("tone")], publish=True, now_ns=NOW)
    await store.save_version(evaluator(rubric="Better."), now_ns=NOW + 1)
    await store.pause("tone", reason=HOSTILE.replace("\x00", ""), paused_by="user")
    for day in range(3):
        numbers = range(day * 10, day * 10 + 10)
        await store.commit(
            [
                Intake(
                    spans=[
                        span(number, of=number, name=HOSTILE, envelope=f"sender {day}".encode())
                        for number in numbers
                    ],
                    logs=[log(number, of=number) for number in numbers],
                    jobs=[job(number, of=number) for number in numbers],
                    touches=[
                        WindowTouch(
                            target=Target(kind="trace", trace_id=trace(number)),
                            seen_ns=NOW + day * DAY,
                            idle_ns=30 * SECOND,
                            longest_ns=DAY,
                        )
                        for number in numbers
                    ],
                )
            ],
            now_ns=NOW + day * DAY,
        )
    leased = await lease(store, now_ns=NOW + 2 * DAY, limit=12)
    await store.finish(
        [done(one, explanation=HOSTILE) for one in leased[:6]]
        + [done(leased[6]).__class__(job=leased[6], evaluated=failure(leased[6]))],
        (),
        owner="worker",
        now_ns=NOW + 2 * DAY,
        destinations=["loki", "tempo"],
    )
    await store.sent("loki", [one.id for one in (await store.outgoing("loki", now_ns=NOW * 2, limit=3))])
    await store.set_limits(
        LimitsSet(all=Limits(tokens_day=5), evaluators={"tone": Limits(usd_month=1.5)}, edited=True)
    )
    await store.requested.begin(
        NewBackfill(evaluator="quality", version=evaluator().version, start_ns=0, end_ns=NOW * 2, most=5),
        now_ns=NOW,
    )
    await store.add_usage(
        [
            UsageRow(
                day="2025-06-15",
                evaluator="x",
                provider="p",
                model="m",
                usage=Usage(input=3, output=4),
                cost_usd=0.5,
            )
        ]
    )


async def seen(store: Store) -> dict[str, object]:
    """All that can be asked of it."""
    numbers = range(30)
    targets = [target(number, of=number) for number in numbers]
    health = await store.health(now_ns=NOW)
    counters = await store.queries.counters()
    return {
        "spans": [await store.find_spans(span_id(number)) for number in numbers],
        "material": await store.material(targets, most_spans=10),
        "jobs": [
            (one.id, one.evaluator, one.target, one.attempts, one.reason, one.due_ns)
            for one in await store.jobs_of(targets)
        ],
        "results": await store.results_of(targets),
        "evaluators": await store.evaluators(all_versions=True),
        "windows": await store.close_windows(now_ns=NOW * 2, limit=100),
        "usage": await store.usage_since("2000-01-01"),
        "limits": await store.limits(),
        "backfills": await store.requested.backfills(),
        "outgoing": await store.outgoing("loki", now_ns=NOW * 2, limit=99),
        "counts": (health.waiting + health.leased, health.outbox, health.spans),
        "counters": (counters.spans, counters.results),
        "revision": await store.revision(),
    }


@pytest.mark.parametrize(("source", "to"), PAIRS)
async def test_everything_is_there_and_the_copy_goes_on_working(source: str, to: str, url_of: Urls) -> None:
    source_url, target_url = url_of(source), url_of(to)
    store = await open_store(source_url)
    await fill(store)
    before = await seen(store)
    await store.aclose()
    rows: list[int] = []
    told = await copy_store(source_url, target_url, now_ns=NOW, on_rows=rows.append)
    assert told.tables["spans"] == 30
    assert told.tables["results"] == 7
    assert sum(rows) >= sum(told.tables.values())
    copy = await open_store(target_url)
    found = await seen(copy)
    for name, value in before.items():
        assert found[name] == value, name
    # What was leased when it was copied is due again, and nothing is judged twice.
    again = await lease(copy, now_ns=NOW + 2 * DAY, limit=100)
    assert len(again) == 30 - 7
    last = max(one.id for one in again)
    assert (
        await finish(copy, *(done(one) for one in again), now_ns=NOW + 2 * DAY, destinations=["loki"]) == 23
    )
    # New rows get new ids, and a span that comes again is none.
    committed = await copy.commit(
        [Intake(spans=[span(5, of=5), span(77, of=77)], jobs=[job(5, of=5), job(77, of=77)])],
        now_ns=NOW + 3 * DAY,
    )
    assert (committed.spans, committed.jobs) == (1, 1)
    (new,) = await lease(copy, now_ns=NOW + 3 * DAY)
    assert new.id > last
    assert (await copy.health(now_ns=NOW)).spans == 31
    await finish(copy, done(new), now_ns=NOW + 3 * DAY)
    # All of it can be deleted again.
    while await copy.purge(spans_before_ns=NOW * 2, results_before_ns=0, limit=7):
        pass
    left = await copy.health(now_ns=NOW)
    assert left.spans < 31
    assert await states(copy, 77, of=77) in ({}, {77: "done"})
    await copy.aclose()


@pytest.mark.parametrize("to", DATABASES)
async def test_a_target_with_something_in_it_is_refused(to: str, url_of: Urls) -> None:
    source_url, target_url = url_of("sqlite"), url_of(to)
    for url in (source_url, target_url):
        store = await open_store(url)
        await store.apply([evaluator()], publish=True, now_ns=NOW)
        await store.aclose()
    with pytest.raises(StoreError, match=r"is not empty \(there is something in evaluators\)"):
        await copy_store(source_url, target_url, now_ns=NOW)
    with pytest.raises(StoreError, match="is not empty"):
        await copy_store(source_url, source_url, now_ns=NOW)


async def test_a_source_that_is_in_use_is_copied_only_when_asked_for(url_of: Urls) -> None:
    source_url = url_of("sqlite")
    store = await open_store(source_url)
    await store.commit([Intake(spans=[span(1)])], now_ns=NOW)
    member = Member(id="box-1", roles=("worker",), host="box", pid=1, version="1", started_ns=NOW)
    await store.coordination.beat(member, duties=(), now_ns=NOW, until_ns=NOW + SECOND)
    with pytest.raises(StoreError, match=r"processes run on .*: box-1 \(worker\)\. End them first") as caught:
        await copy_store(source_url, url_of("sqlite"), now_ns=NOW)
    assert "--while-running" in str(caught.value)
    copied = await copy_store(source_url, url_of("sqlite"), now_ns=NOW, while_running=True)
    assert copied.tables["spans"] == 1
    # One that died is nobody.
    await copy_store(source_url, url_of("sqlite"), now_ns=NOW + 2 * SECOND)
    await store.aclose()


async def test_what_is_no_store_or_an_older_one_is_told(url_of: Urls, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="there is no database at"):
        await copy_store(url_of("sqlite"), url_of("sqlite"), now_ns=NOW)
    source_url = url_of("sqlite")
    await (await open_store(source_url)).aclose()
    with sqlite3.connect(source_url.removeprefix("sqlite:///")) as file:
        file.execute("UPDATE alembic_version SET version_num = '0002'")
    file.close()
    with pytest.raises(StoreError, match=r"has the schema 0002.*run `spanjudge migrate` first"):
        await copy_store(source_url, url_of("sqlite"), now_ns=NOW)
    other = tmp_path / "notes.db"
    with sqlite3.connect(other) as file:
        file.execute("CREATE TABLE notes (text TEXT)")
    file.close()
    with pytest.raises(StoreError, match="has nothing of Spanjudge"):
        await copy_store(f"sqlite:///{other}", url_of("sqlite"), now_ns=NOW)


@pytest.mark.parametrize("to", DATABASES)
async def test_nothing_is_left_of_a_copy_that_breaks_off(to: str, url_of: Urls) -> None:
    source_url, target_url = url_of("sqlite"), url_of(to)
    store = await open_store(source_url)
    await fill(store)
    await store.aclose()

    def fail(_: int) -> None:
        raise StoreError("the cable is out")

    with pytest.raises(StoreError, match="the cable is out"):
        await copy_store(source_url, target_url, now_ns=NOW, on_rows=fail)
    target_store = await open_store(target_url)
    assert await target_store.evaluators() == []
    assert (await target_store.health(now_ns=NOW)).spans == 0
    await target_store.aclose()
    # And it can be tried again.
    assert (await copy_store(source_url, target_url, now_ns=NOW)).tables["spans"] == 30


async def test_a_damaged_source_is_what_is_told_of(url_of: Urls) -> None:
    source_url = url_of("sqlite")
    store = await open_store(source_url)
    await store.commit(
        [Intake(spans=[span(number, blob=bytes(3_000)) for number in range(3_000)])], now_ns=NOW
    )
    await store.aclose()
    damage(Path(source_url.removeprefix("sqlite:///")))
    with pytest.raises(StoreError, match="is damaged"):
        await copy_store(source_url, url_of("sqlite"), now_ns=NOW)


def damage(path: Path) -> None:
    content = bytearray(path.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 200_000] = b"\xff" * 200_000
    path.write_bytes(content)
