"""Many processes on one PostgreSQL at the same time: nothing is lost, nothing is there twice."""

import asyncio
import itertools
import random
from pathlib import Path

from spanjudge.pipeline.listings import TraceRow
from spanjudge.pipeline.ports import Intake, LogRow, NewJob, SpanRow, Store, WindowTouch
from spanjudge.pipeline.queries import Filters
from spanjudge.store.store import open_store
from spanjudge.telemetry.evaluated import Target
from tests.contracts.stored import (
    NOW,
    SECOND,
    call,
    done,
    finish,
    job,
    lease,
    log,
    put,
    span,
    span_id,
    states,
    target,
    trace,
)
from tests.postgres.server import administer

TRACES, SPANS = 12, 6
EVALUATORS = ("quality", "tone", "topic")


def number(of: int, place: int) -> int:
    return of * 100 + place


def row(of: int, place: int) -> SpanRow:
    return span(
        number(of, place),
        of=of,
        parent_span_id="" if place == 0 else span_id(number(of, place - 1)),
        service=("shop", "docs")[place % 2],
        session_id=f"session {of % 3}",
        start_ns=NOW + of * 10 + place,
        is_error=place == 3,
        envelope=f"resource {place % 4}".encode(),
    )


def touches(of: int) -> list[WindowTouch]:
    whole = Target(kind="trace", trace_id=trace(of))
    session = Target(kind="session", session_id=f"session {of % 3}")
    return [
        WindowTouch(target=one, seen_ns=NOW, idle_ns=SECOND, longest_ns=9 * SECOND)
        for one in (whole, session)
    ]


def request(of: int, place: int) -> Intake:
    return Intake(
        spans=[row(of, place)],
        logs=[log(number(of, place), of=of)],
        jobs=[job(number(of, place), name, of=of) for name in EVALUATORS],
        touches=touches(of),
    )


async def traces(store: Store) -> list[TraceRow]:
    found = (await store.queries.traces(Filters(), limit=1_000)).rows
    return sorted((one for one in found), key=lambda one: one.trace_id)


async def test_eight_writers_of_the_same_traces(stores: list[Store], tmp_path: Path) -> None:
    requests = [request(of, place) for of in range(1, TRACES + 1) for place in range(SPANS)]
    alone = await open_store(f"sqlite:///{tmp_path / 'store.db'}")
    await alone.commit(requests, now_ns=NOW)

    async def write(store: Store, seed: int) -> list[int]:
        chance = random.Random(seed)  # noqa: S311  # an order is no secret
        mine = chance.sample(requests, len(requests) * 2 // 3)
        found = [0, 0, 0]
        while mine:
            some = [mine.pop() for _ in range(min(len(mine), chance.randint(1, 9)))]
            new = await store.commit(some, now_ns=NOW)
            found = [a + b for a, b in zip(found, (new.spans, new.logs, new.jobs), strict=True)]
        return found

    # Eight at once; then what none of them had is brought by everybody.
    new = await asyncio.gather(*(write(stores[seed % 4], seed) for seed in range(8)))
    last = await asyncio.gather(*(one.commit(requests, now_ns=NOW) for one in stores))
    count = TRACES * SPANS
    assert [
        sum(one) for one in zip(*new, *((one.spans, one.logs, one.jobs) for one in last), strict=True)
    ] == [
        count,
        count,
        count * len(EVALUATORS),
    ]
    health = await stores[0].health(now_ns=NOW)
    assert (health.spans, health.waiting) == (count, count * len(EVALUATORS))
    mine, theirs = await traces(stores[1]), await traces(alone)
    assert [(one.root_id, one.name, one.spans, one.errors, one.verdicts.waiting) for one in mine] == [
        (one.root_id, one.name, one.spans, one.errors, one.verdicts.waiting) for one in theirs
    ]
    due = [await one.close_windows(now_ns=NOW + 10 * SECOND, limit=100) for one in (stores[2], alone)]
    assert {(one.target.key, one.generation) for one in due[0]} == {(one.target.key, 0) for one in due[1]}
    found = await stores[3].material([target(number(2, n), of=2) for n in range(SPANS)], most_spans=1)
    assert [one.spans[0].envelope for one in found.values()] == [row(2, n).envelope for n in range(SPANS)]
    assert all(len(one.spans[0].logs) == 1 for one in found.values())
    await alone.aclose()


async def test_two_receivers_of_the_same_request(stores: list[Store]) -> None:
    for of in range(1, 20):
        sent = Intake(
            spans=[row(of, place) for place in range(SPANS)],
            logs=[log(number(of, 0), of=of)],
            jobs=[job(number(of, 0), of=of)],
        )
        new = await asyncio.gather(*(one.commit([sent], now_ns=NOW) for one in stores))
        assert sorted((one.spans, one.logs, one.jobs) for one in new) == [(0, 0, 0)] * 3 + [(SPANS, 1, 1)]
    assert (await stores[0].health(now_ns=NOW)).spans == 19 * SPANS


async def test_a_job_is_leased_once_and_with_all_of_its_target(stores: list[Store]) -> None:
    await put(stores[0], *(job(n, name, of=n) for n in range(1, 301) for name in EVALUATORS))

    async def work(store: Store, owner: str) -> list[tuple[str, str]]:
        mine: list[tuple[str, str]] = []
        while leased := await lease(store, *EVALUATORS, owner=owner, limit=30):
            mine += [(one.target.key, one.evaluator) for one in leased]
            by_target = itertools.groupby(sorted(one.target.key for one in leased))
            assert {len(list(same)) for _, same in by_target} == {len(EVALUATORS)}
        return mine

    found = await asyncio.gather(*(work(one, f"worker-{n}") for n, one in enumerate(stores)))
    everything = [each for one in found for each in one]
    assert len(everything) == len(set(everything)) == 900
    assert (await stores[0].health(now_ns=NOW)).leased == 900


async def test_one_call_that_two_receivers_get_the_halves_of(stores: list[Store]) -> None:
    """Two instrumentations record a call as parent and child, and their exporters send at the same time."""
    for of in range(1, 40):
        outer = Intake(spans=[row(of, 0)], jobs=[call(number(of, 0), of=of)])
        inner = Intake(spans=[row(of, 1)], jobs=[call(number(of, 1), number(of, 0), of=of)])
        await asyncio.gather(
            stores[0].commit([outer], now_ns=NOW),
            stores[1].commit([inner], now_ns=NOW),
            # A worker that leases meanwhile may begin with the one that came first.
            lease(stores[2], owner="worker"),
        )
        found = await states(stores[3], number(of, 0), number(of, 1), of=of)
        assert sorted(found.values())[0] in {"leased", "same_call"}
        assert len([one for one in found.values() if one == "same_call"]) == 1, found


async def test_content_that_comes_together_with_its_span(stores: list[Store]) -> None:
    for of in range(1, 40):
        waits = job(number(of, 0), of=of, awaits_content=True, due_ns=NOW + 100 * SECOND)
        await asyncio.gather(
            stores[0].commit([Intake(spans=[row(of, 0)], jobs=[waits])], now_ns=NOW),
            stores[1].commit([Intake(logs=[log(number(of, 0), of=of)])], now_ns=NOW),
        )
    assert len(await lease(stores[2], limit=100)) == 39


async def test_a_log_record_without_a_span_makes_no_trace(stores: list[Store]) -> None:
    await stores[0].commit([Intake(logs=[log(1)])], now_ns=NOW)
    assert await traces(stores[1]) == []
    assert (await stores[1].queries.facets(Filters())).services == ()
    await stores[1].commit([Intake(spans=[span(1)])], now_ns=NOW)
    assert [one.spans for one in await traces(stores[2])] == [1]


async def test_a_job_that_is_finished_twice_at_once(stores: list[Store]) -> None:
    await put(stores[0], *(job(n, of=n) for n in range(1, 101)))
    leased = await lease(stores[0])
    ended = await asyncio.gather(
        *(finish(one, *map(done, leased), destinations=["otlp"]) for one in stores for _ in range(2))
    )
    assert sum(ended) == 100
    results = await stores[1].results_of([one.target for one in leased])
    assert len(results) == len({one.id for one in results}) == 100
    assert (await stores[2].health(now_ns=NOW)).outbox == 100
    (used,) = await stores[3].usage_since("2000-01-01")
    assert used.results == 100


async def test_a_lease_that_was_lost_in_between(stores: list[Store]) -> None:
    await put(stores[0], *(job(n, of=n) for n in range(1, 51)))
    slow = await lease(stores[0], owner="slow", seconds=5)
    later = NOW + 6 * SECOND
    # Two workers find it late at the same time.
    quick = await asyncio.gather(
        *(lease(one, owner=f"quick-{n}", now_ns=later) for n, one in enumerate(stores[1:3]))
    )
    assert sorted(one.id for some in quick for one in some) == sorted(one.id for one in slow)
    ended = await asyncio.gather(
        finish(stores[0], *map(done, slow), owner="slow"),
        *(
            finish(one, *map(done, some), owner=f"quick-{n}")
            for n, (one, some) in enumerate(zip(stores[1:3], quick, strict=True))
        ),
    )
    assert ended[0] == 0
    assert sum(ended) == 50
    assert len(await stores[3].results_of([one.target for one in slow])) == 50


async def test_a_worker_that_leases_while_it_hands_back(stores: list[Store]) -> None:
    """What is leased belongs to somebody whose lease will run out."""
    await put(stores[0], *(job(n, of=n) for n in range(1, 201)))
    for _ in range(15):
        await asyncio.gather(
            *(lease(one, limit=40) for one in stores), *(one.release("worker") for one in stores)
        )
    await lease(stores[0], owner="another", now_ns=NOW + 100 * SECOND, limit=1_000)
    jobs = await stores[1].jobs_of([target(n, of=n) for n in range(1, 201)])
    assert {one.state for one in jobs} == {"leased"}
    assert await stores[2].release("another") == 200


async def test_of_outcomes_stored_at_once_one_is_the_current(stores: list[Store]) -> None:
    for of in range(1, 25):
        versions = [job(number(of, 0), of=of, version=f"v{n}") for n in range(4)]
        session = Target(kind="session", session_id=f"s{of}")
        versions += [
            NewJob(evaluator="quality", version=f"v{n}", target=session, due_ns=NOW) for n in range(4)
        ]
        await put(stores[0], *versions, spans=[row(of, 0)])
        leased = await lease(stores[0])
        alike = [leased[start::4] for start in range(4)]
        await asyncio.gather(
            *(finish(one, *map(done, some)) for one, some in zip(stores, alike, strict=True))
        )
        for one in (target(number(of, 0), of=of), session):
            rows = await stores[1].queries.results_of([one])
            assert [row.current for row in rows].count(True) == 1, rows
            assert len(rows) == 4


async def test_usage_of_many_workers_is_all_there(stores: list[Store]) -> None:
    names = [f"evaluator-{n}" for n in range(12)]
    await put(stores[0], *(job(n, name, of=n) for n in range(1, 21) for name in names))
    leased = await lease(stores[0], *names, limit=1_000)
    chance = random.Random(3)  # noqa: S311  # an order is no secret
    chance.shuffle(leased)
    await asyncio.gather(*(finish(stores[n % 4], *map(done, leased[n::12])) for n in range(12)))
    rows = await stores[1].usage_since("2000-01-01")
    assert {row.evaluator: row.results for row in rows} == dict.fromkeys(names, 20)


async def test_retention_and_what_comes_at_the_same_time(stores: list[Store]) -> None:
    """A span that is sent while the rest of its trace is deleted is there afterwards, and counted."""
    for of in range(1, 20):
        await put(stores[0], spans=[row(of, place) for place in range(5)], now_ns=NOW)
        late = [span(number(of, place), of=of, start_ns=NOW + place) for place in (0, 5)]
        await asyncio.gather(
            stores[1].purge(spans_before_ns=NOW + 1, results_before_ns=0, limit=3),
            stores[2].purge(spans_before_ns=NOW + 1, results_before_ns=0, limit=3),
            stores[3].commit([Intake(spans=late)], now_ns=NOW + 5),
        )
        while await stores[1].purge(spans_before_ns=NOW + 1, results_before_ns=0, limit=100):
            pass
    found = await traces(stores[0])
    health = await stores[0].health(now_ns=NOW)
    assert sum(one.spans for one in found) == health.spans
    for one in found:
        spans = await stores[0].queries.spans(Filters(text=one.trace_id), limit=50)
        assert len(spans.rows) == one.spans
        assert span_id(number(int(one.trace_id, 16), 5)) in {row.span_id for row in spans.rows}


async def test_nothing_of_the_locks_is_left(stores: list[Store], postgres_url: str) -> None:
    await put(stores[0], *(job(n, of=n) for n in range(1, 10)))
    await finish(stores[1], *map(done, await lease(stores[1])))
    await stores[2].requested.judge([job(n, of=n, version="v2") for n in range(1, 10)], now_ns=NOW)
    left: list[LogRow] = []
    await stores[2].commit([Intake(logs=left, jobs=[job(77, of=77)])], now_ns=NOW)
    assert administer(postgres_url, "SELECT count(*) FROM traces") == [(0,)]
