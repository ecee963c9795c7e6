"""Partitions: made before they are needed, and dropped when nobody needs them."""

import pytest

from spanjudge.pipeline.ports import Intake, NewJob, Store
from spanjudge.pipeline.queries import Filters
from spanjudge.store.store import open_store
from spanjudge.telemetry.evaluated import Target
from tests.contracts.stored import (
    NOW,
    done,
    finish,
    job,
    lease,
    log,
    put,
    skipped,
    span,
    span_id,
    states,
    trace,
)
from tests.postgres.server import administer

DAY = 86_400_000_000_000
FIRST = NOW - NOW % (7 * DAY)
"""The beginning of a week."""


def partitions(url: str, table: str) -> dict[str, int]:
    """Rows by partition."""
    names = administer(
        url,
        "SELECT relname::text FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid"
        f" WHERE inhparent = '{table}'::regclass ORDER BY 1",
    )
    found = {name: administer(url, f"SELECT count(*) FROM {name}")[0][0] for (name,) in names}  # noqa: S608  # our own names
    return {name: count for name, count in found.items() if count}


def there(url: str, table: str) -> set[str]:
    names = administer(
        url,
        "SELECT relname::text FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid"
        f" WHERE inhparent = '{table}'::regclass",
    )
    return {name for (name,) in names}


@pytest.fixture
async def store(postgres_url: str) -> Store:
    return await open_store(postgres_url)


async def on_days(store: Store, days: int, *, to: int = 0) -> None:
    """A trace of two spans with a log record and a judged job on each day, and one span that goes on for all."""
    for day in range(to, days):
        now = FIRST + day * DAY
        spans = [span(day * 10 + n, of=day + 1, session_id=f"s{day}") for n in range(2)]
        spans.append(span(900 + day, of=99, start_ns=NOW + day))
        await store.commit(
            [Intake(spans=spans, logs=[log(day * 10, of=day + 1)], jobs=[job(day * 10, of=day + 1)])],
            now_ns=now,
        )
        await finish(store, *map(done, await lease(store, now_ns=now + 9 * DAY)), now_ns=now)


async def purge(store: Store, spans_before: int, results_before: int = 0) -> int:
    gone = 0
    while step := await store.purge(spans_before_ns=spans_before, results_before_ns=results_before, limit=50):
        gone += step
    return gone


async def test_each_day_has_its_own_and_the_next_one_is_there(store: Store, postgres_url: str) -> None:
    await on_days(store, 3)
    day, week = FIRST // DAY, FIRST // (7 * DAY)
    assert partitions(postgres_url, "spans") == {f"spans_{day + n}": 3 for n in range(3)}
    assert partitions(postgres_url, "logs") == {f"logs_{day + n}": 1 for n in range(3)}
    assert partitions(postgres_url, "results") == {f"results_{week}": 3}
    assert f"spans_{day + 3}" in there(postgres_url, "spans")
    assert f"results_{week + 1}" in there(postgres_url, "results")
    await store.aclose()


async def test_nothing_is_refused_when_a_partition_cannot_be_made(store: Store, postgres_url: str) -> None:
    far = FIRST + 500 * DAY
    # Something is there already that belongs into the partition.
    administer(postgres_url, "INSERT INTO spans_other SELECT * FROM spans LIMIT 0")
    administer(
        postgres_url,
        "INSERT INTO spans (trace_id, span_id, service, name, start_ns, end_ns, is_error, received_ns,"
        f" envelope_id, blob) VALUES ('a', 'b', '', '', 0, 0, false, {far + 1}, 1, '')",
    )
    await store.commit([Intake(spans=[span(1)])], now_ns=far)
    assert partitions(postgres_url, "spans") == {"spans_other": 2}
    assert len(await store.find_spans(span_id(1))) == 1
    assert (await store.commit([Intake(spans=[span(1)])], now_ns=far)).spans == 0
    await store.aclose()


async def test_whole_days_are_dropped_with_what_belonged_to_them(store: Store, postgres_url: str) -> None:
    await on_days(store, 6)
    day = FIRST // DAY
    assert await purge(store, FIRST + 4 * DAY) >= 12
    assert partitions(postgres_url, "spans") == {f"spans_{day + n}": 3 for n in (4, 5)}
    # Dropped, not emptied.
    assert not {f"spans_{day + n}" for n in range(4)} & there(postgres_url, "spans")
    assert not {f"logs_{day + n}" for n in range(3)} & there(postgres_url, "logs")
    health = await store.health(now_ns=NOW)
    assert health.spans == 6
    found = (await store.queries.traces(Filters(), limit=50)).rows
    # Of the trace that goes on only the last two spans are left.
    assert {int(one.trace_id, 16): one.spans for one in found} == {5: 2, 6: 2, 99: 2}
    assert await states(store, 0, of=1) == {}
    assert await states(store, 50, of=6) == {50: "done"}
    # Results stay as long as they are to stay.
    assert len(await store.results_of([Target(trace_id=trace(1), span_id=span_id(0))])) == 1
    # A span that comes back is new again; one that is there is not.
    again = [span(0, of=1), span(50, of=6), span(900, of=99), span(905, of=99)]
    assert (await store.commit([Intake(spans=again)], now_ns=FIRST + 5 * DAY)).spans == 2
    assert (await store.commit([Intake(spans=again)], now_ns=FIRST + 5 * DAY)).spans == 0
    await store.aclose()


async def test_what_waits_keeps_its_day(store: Store, postgres_url: str) -> None:
    await on_days(store, 4)
    day = FIRST // DAY
    session = Target(kind="session", session_id="s2")
    await put(store, job(1, "later", of=1), now_ns=FIRST)
    await put(store, NewJob(evaluator="later", version="v1", target=session, due_ns=NOW), now_ns=FIRST)
    await purge(store, FIRST + 4 * DAY)
    kept = partitions(postgres_url, "spans")
    # The rest of those days went, row by row.
    assert kept == {f"spans_{day}": 2, f"spans_{day + 2}": 2}
    await finish(
        store, *(skipped(one, "budget") for one in await lease(store, "later", now_ns=NOW + 9 * DAY))
    )
    await purge(store, FIRST + 4 * DAY)
    assert partitions(postgres_url, "spans") == {}
    health = await store.health(now_ns=NOW)
    assert health.spans == 0
    assert (await store.queries.traces(Filters(), limit=50)).rows == ()
    await store.aclose()


async def test_results_are_dropped_when_they_are_sent(store: Store, postgres_url: str) -> None:
    week = FIRST // (7 * DAY)
    for number, destinations in enumerate(([], ["otlp"], [])):
        now = FIRST + number * 7 * DAY
        await put(store, job(number), spans=[span(number)], now_ns=now)
        leased = await lease(store, now_ns=now + 9 * DAY)
        await finish(store, *map(done, leased), now_ns=now, destinations=destinations)
    end = FIRST + 21 * DAY
    await purge(store, 0, end - 7 * DAY)
    assert partitions(postgres_url, "results") == {f"results_{week + n}": 1 for n in (1, 2)}
    entries = await store.outgoing("otlp", now_ns=end, limit=9)
    await store.sent("otlp", [one.id for one in entries])
    await purge(store, 0, end - 7 * DAY)
    assert partitions(postgres_url, "results") == {f"results_{week + 2}": 1}
    await store.aclose()


async def test_what_is_counted_is_what_is_there(store: Store, postgres_url: str) -> None:
    await on_days(store, 5)
    await purge(store, FIRST + 2 * DAY + DAY // 2)
    await store.purge(spans_before_ns=FIRST + 3 * DAY + 1, results_before_ns=0, limit=1)
    counted = "SELECT sum(value)::bigint FROM meta WHERE name LIKE '{}:%'"
    real = "SELECT count(*), (sum(length(blob)) + 400 * count(*))::bigint FROM {}"
    spans, size = administer(postgres_url, real.format("spans"))[0]
    logs = administer(postgres_url, real.format("logs"))[0]
    assert administer(postgres_url, counted.format("spans")) == [(spans,)]
    assert administer(postgres_url, counted.format("bytes")) == [(size + logs[1],)]
    await store.aclose()


async def test_envelopes_go_when_nothing_was_stored_with_them_for_long(
    store: Store, postgres_url: str
) -> None:
    await on_days(store, 6)
    late = FIRST + 9 * DAY
    await store.commit([Intake(spans=[span(1, of=50, envelope=b"another")])], now_ns=late)
    await purge(store, FIRST + 8 * DAY)
    # The one of the days before went; the new one is there, and is what comes back.
    assert administer(postgres_url, "SELECT body FROM envelopes") == [(b"another",)]
    await store.commit([Intake(spans=[span(2, of=50)])], now_ns=late)
    (found,) = await store.find_spans(span_id(2), trace_id=trace(50))
    assert found.envelope == span(2).envelope
    await store.aclose()
