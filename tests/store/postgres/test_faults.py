"""What happens to connections and servers: nothing acknowledged is lost, nothing is half done, and it goes on."""

import asyncio
import contextlib
import signal

import pytest
from sqlalchemy import Connection, text

from spanjudge.pipeline.changes import Changed
from spanjudge.pipeline.ports import Intake, Store, StoreError
from spanjudge.store.database import open_database
from spanjudge.store.store import open_store
from tests.contracts.stored import NOW, done, evaluator, finish, job, lease, put, span, span_id, target
from tests.postgres.server import PostgresServer, administer
from tests.store.writing import SPANS, intake

TERMINATE = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
)


async def test_cut_connections_are_made_again(postgres_url: str) -> None:
    store = await open_store(postgres_url)
    for number in range(5):
        await put(store, job(number), spans=[span(number)])
        assert len(await store.find_spans(span_id(number))) == 1
        administer(postgres_url, TERMINATE)
    assert (await store.health(now_ns=NOW)).spans == 5
    await store.aclose()


async def test_cut_under_load_nothing_is_lost_and_nothing_twice(postgres_url: str) -> None:
    """Whoever is told that it failed sends again, as exporters do."""
    stores = [await open_store(postgres_url) for _ in range(3)]

    async def write(store: Store, numbers: range) -> None:
        for number in numbers:
            sent = intake(number)
            while True:
                try:
                    await store.commit([sent], now_ns=NOW)
                except StoreError:
                    continue
                break

    async def cut() -> None:
        while True:
            await asyncio.to_thread(administer, postgres_url, TERMINATE)
            await asyncio.sleep(0.05)

    cutting = asyncio.create_task(cut())
    await asyncio.gather(*(write(one, range(n * 15, n * 15 + 15)) for n, one in enumerate(stores)))

    async def judge(store: Store, owner: str) -> None:
        while True:
            with contextlib.suppress(StoreError):
                leased = await lease(store, owner=owner, limit=100)
                if not leased:
                    return
                await finish(store, *map(done, leased), owner=owner, destinations=["otlp"])

    # A lease whose answer was cut off is the owner's, who does not know of it: it is handed back.
    for _ in range(30):
        await asyncio.gather(*(judge(one, f"worker-{n}") for n, one in enumerate(stores)))
        with contextlib.suppress(StoreError):
            await stores[0].release("worker-0")
            await stores[1].release("worker-1")
            await stores[2].release("worker-2")
            if (await stores[0].health(now_ns=NOW)).waiting == 0:
                break
    cutting.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await cutting
    health = await stores[0].health(now_ns=NOW)
    assert (health.spans, health.waiting, health.leased, health.outbox) == (45 * SPANS, 0, 0, 45 * SPANS)
    (counted,) = administer(postgres_url, "SELECT count(*), count(DISTINCT result_id) FROM results")
    assert counted == (45 * SPANS, 45 * SPANS)
    (used,) = await stores[0].usage_since("2000-01-01")
    assert used.results == 45 * SPANS
    for one in stores:
        await one.aclose()


async def test_a_transaction_that_was_cut_is_done_again_from_the_start(postgres_url: str) -> None:
    database = open_database(postgres_url)
    calls: list[int] = []

    def work(connection: Connection) -> int:
        calls.append(connection.execute(text("SELECT pg_backend_pid()")).scalar_one())
        connection.execute(text("INSERT INTO meta VALUES ('tried', 1)"))
        if len(calls) == 1:
            administer(postgres_url, f"SELECT pg_terminate_backend({calls[0]})")
        connection.execute(text("UPDATE meta SET value = value + 1 WHERE name = 'tried'"))
        return connection.execute(text("SELECT value FROM meta WHERE name = 'tried'")).scalar_one()

    assert await database.write(work) == 2
    assert len(set(calls)) == 2
    await database.aclose()


async def test_two_that_wait_for_each_other_both_get_through(postgres_url: str) -> None:
    one, two = open_database(postgres_url), open_database(postgres_url)
    await one.write(lambda db: db.execute(text("INSERT INTO meta VALUES ('a', 0), ('b', 0)")))
    both = asyncio.Barrier(2)
    loop = asyncio.get_running_loop()

    def crossing(first: str, then: str) -> "list[str]":
        return [f"UPDATE meta SET value = value + 1 WHERE name = '{name}'" for name in (first, then)]  # noqa: S608  # our own names

    def run(statements: list[str], met: list[bool], connection: Connection) -> None:
        connection.execute(text(statements[0]))
        if not met:
            met.append(True)
            asyncio.run_coroutine_threadsafe(both.wait(), loop).result()
        connection.execute(text(statements[1]))

    met: list[list[bool]] = [[], []]
    await asyncio.gather(
        one.write(lambda db: run(crossing("a", "b"), met[0], db)),
        two.write(lambda db: run(crossing("b", "a"), met[1], db)),
    )
    values = await one.read(
        lambda db: db.execute(text("SELECT value FROM meta WHERE name IN ('a', 'b')")).scalars().all()
    )
    assert list(values) == [2, 2]
    await one.aclose()
    await two.aclose()


async def test_a_server_that_stops_and_starts(own_server: PostgresServer) -> None:
    own_server.admin("CREATE DATABASE spans")
    store = await open_store(own_server.url("spans"))
    await put(store, job(1), spans=[span(1)])
    for how in (signal.SIGINT, signal.SIGQUIT):
        await asyncio.to_thread(own_server.stop, how)
        with pytest.raises(StoreError, match=r"cannot be reached|connection"):
            await put(store, spans=[span(2)])
        with pytest.raises(StoreError):
            await store.revision()
        await asyncio.to_thread(own_server.start)
        assert len(await store.find_spans(span_id(1))) == 1
    await asyncio.to_thread(own_server.kill)
    await asyncio.to_thread(own_server.start)
    await put(store, job(2), spans=[span(2)])
    assert (await store.health(now_ns=NOW)).spans == 2
    await store.aclose()


async def test_news_of_other_processes_are_heard_again_after_a_cut(postgres_url: str) -> None:
    store, other = await open_store(postgres_url), await open_store(postgres_url)
    heard: asyncio.Queue[Changed] = asyncio.Queue()

    async def hear() -> None:
        async for change in store.changes():
            heard.put_nowait(change)

    hearing = asyncio.create_task(hear())
    for _ in range(2):
        # With the connection comes everything once: what was before is not known.
        assert {await heard.get() for _ in range(3)} == {"jobs", "results", "evaluators"}
        await put(other, job(1, version=f"v{heard.qsize()}"), spans=[span(1)])
        assert await heard.get() == "jobs"
        await finish(other, *map(done, await lease(other)))
        assert await heard.get() == "results"
        await other.apply([evaluator()], publish=True, now_ns=NOW)
        assert await heard.get() == "evaluators"
        administer(postgres_url, TERMINATE + " AND query LIKE 'LISTEN%'")
        await other.release("worker")
        break
    assert {await heard.get() for _ in range(3)} == {"jobs", "results", "evaluators"}
    await store.aclose()
    await hearing
    await other.aclose()


async def test_nothing_of_what_was_stored_is_in_an_error(postgres_url: str) -> None:
    store = await open_store(postgres_url)
    administer(postgres_url, "ALTER TABLE jobs ADD CONSTRAINT none CHECK (detail = '')")
    with pytest.raises(StoreError) as caught:
        await put(store, job(1, detail="a secret"), spans=[span(1, name="a secret")])
    error: BaseException | None = caught.value
    while error is not None:
        assert "secret" not in str(error)
        error = error.__cause__
    assert caught.value.__suppress_context__
    assert (await store.health(now_ns=NOW)).spans == 0
    assert await store.material([target(1)], most_spans=1) == {}
    await store.commit([Intake(spans=[span(1)])], now_ns=NOW)
    await store.aclose()
