"""The rows of traces: what their spans come to, in whatever order they came and whatever went."""

import random
import sqlite3
from collections.abc import AsyncIterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from spanjudge.pipeline.ports import Intake, NewJob, SpanRow, Store
from spanjudge.pipeline.queries import Filters
from spanjudge.store import migrations
from spanjudge.store import traces as rows
from spanjudge.store.database.sqlite import SqliteDatabase
from spanjudge.store.store import open_store
from spanjudge.telemetry.evaluated import Target
from tests.contracts.stored import NOW, done, finish, job, lease, span, span_id, trace

_ALL = Filters()
_OF_TRACES = (
    "SELECT hex(trace_id), hex(root_id), root_ns, has_root, name, service, services, operations, models,"
    " session_id, start_ns, end_ns, spans, errors FROM traces ORDER BY trace_id"
)
_OF_RESULTS = (
    "SELECT hex(target), evaluator, version, current, model, operation, session_id FROM results ORDER BY id"
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "store.db"


@pytest.fixture
async def store(path: Path) -> AsyncIterator[Store]:
    opened = await open_store(f"sqlite:///{path}")
    yield opened
    await opened.aclose()


def read(path: Path, statement: str) -> list[tuple[Any, ...]]:
    file = sqlite3.connect(path)
    found = file.execute(statement).fetchall()
    file.close()
    return found


def some_spans(traces: int = 3) -> list[SpanRow]:
    """Some with a root, some without; of several services, models, sessions, and with odd names."""
    chance = random.Random(3)  # noqa: S311  # what to store is no secret
    return [
        span(
            number,
            of=of,
            parent_span_id="" if place == 2 and of % 3 else span_id(number - 1),
            service=chance.choice(("shop", "docs", f"a{rows.MARK}b")),
            name=chance.choice(("agent", "chat", "nul \x00 in it", "ünï")),
            operation=chance.choice(("chat", "retrieval", None)),
            model=chance.choice(("gpt", "claude", None, "")),
            session_id=chance.choice(("s1", "s2", None)),
            start_ns=NOW + chance.randint(0, 3),
            end_ns=NOW + chance.randint(0, 9),
            is_error=chance.random() < 0.3,
        )
        for of in range(1, traces + 1)
        for place, number in enumerate(range(of * 10, of * 10 + 6))
    ]


async def put(store: Store, spans: Sequence[SpanRow], now_ns: int = NOW) -> None:
    await store.commit([Intake(spans=list(spans))], now_ns=now_ns)


async def test_the_order_in_which_spans_come_changes_nothing(
    store: Store, path: Path, tmp_path: Path
) -> None:
    spans = some_spans()
    await put(store, spans)
    at_once = read(path, _OF_TRACES)
    assert [row[-2] for row in at_once] == [6, 6, 6]
    for seed in range(5):
        other_path = tmp_path / f"{seed}.db"
        other = await open_store(f"sqlite:///{other_path}")
        chance = random.Random(seed)  # noqa: S311  # an order is no secret
        mixed = chance.sample(spans, len(spans))
        for start in range(0, len(mixed), 4):
            # What is redelivered is counted once, with others and alone.
            await put(other, mixed[max(0, start - 2) : start + 4])
            await put(other, mixed[start : start + 1])
        await other.aclose()
        assert read(other_path, _OF_TRACES) == at_once


async def test_a_root_gives_the_name_also_when_it_comes_last(store: Store) -> None:
    inner = span(2, name="inner", service="docs", parent_span_id=span_id(1), start_ns=NOW + 5)
    await put(store, [inner])
    (row,) = (await store.queries.traces(_ALL, limit=5)).rows
    assert (row.name, row.service, row.start_ns) == ("inner", "docs", NOW + 5)
    # Its clock is behind: it starts after what it started.
    await put(store, [span(1, name="root", service="shop", start_ns=NOW + 7)])
    (row,) = (await store.queries.traces(_ALL, limit=5)).rows
    assert (row.name, row.service, row.start_ns, row.spans) == ("root", "shop", NOW + 5, 2)


async def test_what_is_deleted_is_counted_no_more(store: Store, path: Path, tmp_path: Path) -> None:
    spans = some_spans(40)
    old = [one for one in spans if int(one.span_id, 16) % 3 or int(one.trace_id, 16) % 5 == 0]
    young = [one for one in spans if one not in old]
    await put(store, old)
    await put(store, young, NOW + 10)
    while await store.purge(spans_before_ns=NOW + 5, results_before_ns=0, limit=7):
        pass
    fresh = tmp_path / "fresh.db"
    other = await open_store(f"sqlite:///{fresh}")
    await put(other, young)
    await other.aclose()
    assert read(path, _OF_TRACES) == read(fresh, _OF_TRACES)
    while await store.purge(spans_before_ns=NOW + 50, results_before_ns=0, limit=100):
        pass
    assert read(path, _OF_TRACES) == []


async def test_a_very_long_trace_is_deleted_a_portion_at_a_time(
    store: Store, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rows, "_MOST_READ", 5)
    await put(store, [span(number, start_ns=NOW + number) for number in range(20)])
    for left in (12, 4):
        await store.purge(spans_before_ns=NOW + 1, results_before_ns=0, limit=8)
        ((spans, root_ns),) = read(path, "SELECT spans, root_ns FROM traces")
        # With little left its other facts are right again.
        assert (spans, root_ns - NOW) == ((12, 0) if left == 12 else (4, 16))


async def test_an_older_database_gets_what_pages_need(path: Path) -> None:
    """Back to the first schema and forward again: what is derived is as it was when it was stored."""
    store = await open_store(f"sqlite:///{path}")
    spans = some_spans(12)
    jobs = [job(int(one.span_id, 16), of=int(one.trace_id, 16)) for one in spans]
    again = [job(int(one.span_id, 16), of=int(one.trace_id, 16), version="v2") for one in spans[::2]]
    wholes = [
        NewJob(evaluator="quality", version="v1", target=target, due_ns=NOW)
        for target in (
            Target(kind="trace", trace_id=trace(1)),
            Target(kind="trace", trace_id=trace(2)),
            Target(kind="session", session_id="s1 ü", trace_id=trace(1)),
        )
    ]
    for some in (jobs, again, wholes):
        await store.commit([Intake(spans=spans, jobs=some)], now_ns=NOW)
        await finish(store, *map(done, await lease(store, limit=1_000)))
    await store.aclose()
    before = read(path, _OF_TRACES), read(path, _OF_RESULTS)
    assert len(before[0]) == 12
    assert {row[3] for row in before[1]} == {0, 1}
    database = SqliteDatabase(path)
    await database.write(partial(migrations.downgrade, to="0001"))
    await database.aclose()
    assert "traces" not in {name for (name,) in read(path, "SELECT name FROM sqlite_master")}
    store = await open_store(f"sqlite:///{path}")
    assert (read(path, _OF_TRACES), read(path, _OF_RESULTS)) == before
    await put(store, some_spans(13))
    await store.aclose()
    assert len(read(path, _OF_TRACES)) == 13
