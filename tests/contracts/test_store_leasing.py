"""Leasing: who gets which jobs, and what becomes of leases."""

from spanjudge.pipeline.ports import Intake, Retry, Store
from tests.contracts.stored import (
    NOW,
    SECOND,
    done,
    finish,
    job,
    lease,
    numbers,
    put,
    states,
    target,
)


async def test_the_oldest_due_come_first(store: Store) -> None:
    await put(
        store, job(1, due_ns=NOW - 1), job(2, due_ns=NOW - 3), job(3, due_ns=NOW + 1), job(4, due_ns=NOW)
    )
    leased = await lease(store)
    assert numbers(leased) == [2, 1, 4]
    assert {one.state for one in leased} == {"leased"}
    assert numbers(await lease(store, now_ns=NOW + 1)) == [3]


async def test_a_job_is_leased_once(store: Store) -> None:
    await put(store, *(job(n) for n in range(10)))
    first = await lease(store, owner="one", limit=4)
    second = await lease(store, owner="two")
    assert len(first) == 4
    assert sorted(numbers(first) + numbers(second)) == list(range(10))
    assert await lease(store, owner="three") == []


async def test_only_the_named_evaluators_are_leased(store: Store) -> None:
    await put(store, job(1, "live"), job(1, "paused"), job(2, "paused"))
    leased = await lease(store, "live", "unknown")
    assert [(one.evaluator, *numbers([one])) for one in leased] == [("live", 1)]
    assert await store.lease("worker", evaluators=(), now_ns=NOW, until_ns=NOW + 1, limit=5) == []


async def test_with_a_job_come_the_others_of_its_target(store: Store) -> None:
    names = ("a", "b", "c")
    await put(store, *(job(n, name) for n in range(10) for name in names), job(0, "d", due_ns=NOW + 9))
    leased = await lease(store, *names, "d", limit=4)
    assert 4 <= len(leased) <= 6
    by_target: dict[int, set[str]] = {}
    for one in leased:
        by_target.setdefault(numbers([one])[0], set()).add(one.evaluator)
    assert all(found == {"a", "b", "c"} for found in by_target.values())


async def test_a_long_queue_of_one_evaluator_does_not_hold_up_another(store: Store) -> None:
    await put(store, *(job(n, "busy", due_ns=NOW - 100) for n in range(500)))
    await put(store, *(job(n, "quiet") for n in range(500, 503)))
    leased = await lease(store, "busy", "quiet", limit=20)
    assert sum(one.evaluator == "quiet" for one in leased) == 3
    assert sum(one.evaluator == "busy" for one in leased) == 17


async def test_what_came_in_is_leased_before_what_a_backfill_made(store: Store) -> None:
    await put(store, *(job(n, due_ns=NOW - 100, backfill=1) for n in range(300)))
    await put(store, *(job(n) for n in range(300, 310)))
    leased = await lease(store, limit=20)
    assert sorted(numbers(leased))[-10:] == list(range(300, 310))
    assert [one.backfill for one in leased].count(1) == 10


async def test_a_backfill_gets_a_share_however_many_come_in(store: Store) -> None:
    await put(store, *(job(n, due_ns=NOW - 100, backfill=1) for n in range(300)))
    await put(store, *(job(n) for n in range(300, 600)))
    leased = await lease(store, limit=100)
    assert 5 <= sum(one.backfill == 1 for one in leased) <= 6
    # Of few jobs it is one now and then.
    found = [one for _ in range(200) for one in await lease(store, limit=1)]
    assert 0 < sum(one.backfill == 1 for one in found) < 40


async def test_no_more_jobs_of_backfills_are_leased_than_wanted(store: Store) -> None:
    await put(store, *(job(n, due_ns=NOW - 100, backfill=1) for n in range(50)))
    await put(store, *(job(n, "other") for n in range(50, 53)))
    assert numbers(await lease(store, "quality", "other", limit=10, backfills=0)) == [50, 51, 52]
    assert len(await lease(store, limit=10, backfills=4)) == 4
    assert len(await lease(store, limit=10, backfills=-3)) == 0
    assert len(await lease(store, limit=10)) == 10


async def test_more_evaluators_than_one_may_lease(store: Store) -> None:
    names = [f"evaluator-{n}" for n in range(130)]
    await put(store, *(job(n, name) for n, name in enumerate(names)))
    leased = await lease(store, *names, limit=40)
    assert len(leased) == 40
    assert len(leased) + len(await lease(store, *names, limit=1_000)) == 130


async def test_a_lease_that_ran_out_is_taken_over(store: Store) -> None:
    await put(store, job(1), job(2))
    await lease(store, owner="dead", seconds=10)
    assert await lease(store, owner="heir", now_ns=NOW + 9 * SECOND) == []
    taken = await lease(store, owner="heir", now_ns=NOW + 10 * SECOND)
    assert numbers(taken) == [1, 2]
    assert {one.attempts for one in taken} == {0}


async def test_a_lease_that_is_extended_is_not(store: Store) -> None:
    await put(store, job(1), job(2))
    await lease(store, owner="slow", seconds=10)
    assert await store.extend("slow", until_ns=NOW + 30 * SECOND) == 2
    assert await lease(store, owner="heir", now_ns=NOW + 20 * SECOND) == []
    assert await store.extend("nobody", until_ns=NOW + 30 * SECOND) == 0


async def test_who_lost_a_lease_finishes_nothing(store: Store) -> None:
    await put(store, job(1))
    (lost,) = await lease(store, owner="slow", seconds=10)
    (mine,) = await lease(store, owner="heir", now_ns=NOW + 10 * SECOND)
    assert await finish(store, done(lost), owner="slow", destinations=["otlp"]) == 0
    retry = Retry(job=lost, due_ns=NOW + 99, counts=True)
    assert await store.finish((), [retry], owner="slow", now_ns=NOW, destinations=()) == 0
    assert await states(store, 1) == {1: "leased"}
    assert await store.results_of([target(1)]) == []
    assert await store.outgoing("otlp", now_ns=NOW, limit=9) == []
    assert await store.usage_since("2000-01-01") == []
    assert await finish(store, done(mine), owner="heir") == 1
    assert await finish(store, done(mine), owner="heir") == 0


async def test_released_jobs_are_due_at_once(store: Store) -> None:
    await put(store, job(1), job(2))
    await lease(store, owner="leaving")
    assert await store.release("leaving") == 2
    assert await store.release("leaving") == 0
    again = await lease(store, owner="heir")
    assert numbers(again) == [1, 2]
    assert {one.attempts for one in again} == {0}


async def test_a_retry_waits_and_counts_only_when_told(store: Store) -> None:
    await put(store, job(1))
    for attempts, counts in ((0, False), (1, True), (1, False), (2, True)):
        (one,) = await lease(store)
        retry = Retry(
            job=one, due_ns=NOW, counts=counts, error_code="judge_timeout", error_message="too slow"
        )
        assert await store.finish((), [retry], owner="worker", now_ns=NOW, destinations=()) == 0
        (back,) = await store.jobs_of([target(1)])
        assert (back.state, back.attempts, back.error_code) == ("waiting", attempts, "judge_timeout")
    (one,) = await lease(store)
    later = Retry(job=one, due_ns=NOW + 50)
    await store.finish((), [later], owner="worker", now_ns=NOW, destinations=())
    assert await lease(store, now_ns=NOW + 49) == []
    assert numbers(await lease(store, now_ns=NOW + 50)) == [1]


async def test_health_counts_what_waits(store: Store) -> None:
    await put(store, job(1, due_ns=NOW - 7), job(2), job(3, due_ns=NOW + 90), job(4, reason="budget"))
    health = await store.health(now_ns=NOW)
    assert (health.waiting, health.leased, health.oldest_ns) == (3, 0, NOW - 7)
    await lease(store, limit=1)
    health = await store.health(now_ns=NOW)
    assert (health.waiting, health.leased, health.oldest_ns) == (2, 1, NOW)
    await lease(store)
    assert (await store.health(now_ns=NOW)).oldest_ns is None
    assert health.size_bytes > 0


async def test_jobs_without_a_stored_span_are_jobs_all_the_same(store: Store) -> None:
    await store.commit([Intake(jobs=[job(1)])], now_ns=NOW)
    (one,) = await lease(store)
    assert await store.material([one.target], most_spans=5) == {}
