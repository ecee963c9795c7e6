"""Judging that people asked for, and the targets of a window: what a store promises."""

from typing import Any

import msgspec

from spanjudge.pipeline.ports import Finish, Intake, NewJob, Store, WindowTouch
from spanjudge.pipeline.requested import Backfill, NewBackfill
from spanjudge.pipeline.targets import Stretch
from spanjudge.telemetry.evaluated import Target, TargetKind
from tests.contracts.stored import (
    NOW,
    SECOND,
    call,
    done,
    failure,
    finish,
    job,
    lease,
    log,
    put,
    span,
    target,
    trace,
)

WANTED = NewBackfill(evaluator="quality", version="v1", start_ns=NOW, end_ns=NOW + 100, most=3)


async def begun(store: Store, **changes: Any) -> Backfill:
    return await store.requested.begin(msgspec.structs.replace(WANTED, **changes), now_ns=NOW)


async def advance(store: Store, before: Backfill, *jobs: NewJob, **changes: Any) -> int:
    given: dict[str, Any] = {"examined": len(jobs), "cursor_ns": 5, "cursor_skip": 1, "ended": False}
    return await store.requested.advance(before, jobs, now_ns=NOW, **(given | changes))


async def generations(store: Store, one: Target) -> list[tuple[int, str]]:
    return [(each.generation, each.state) for each in await store.jobs_of([one])]


async def test_asked_again_a_job_has_the_next_generation(store: Store) -> None:
    ask = job(1, overlooks="scope")
    assert await store.requested.judge([ask], now_ns=NOW) == 1
    assert await store.requested.judge([ask], now_ns=NOW) == 0
    (leased,) = await lease(store)
    assert (leased.generation, leased.overlooks) == (0, "scope")
    assert await store.requested.judge([ask], now_ns=NOW) == 0
    await finish(store, done(leased))
    assert await store.requested.judge([ask], now_ns=NOW) == 1
    assert await generations(store, target(1)) == [(0, "done"), (1, "waiting")]
    # Another version is another question.
    assert await store.requested.judge([job(1, version="v2")], now_ns=NOW) == 1


async def test_a_generation_is_never_used_twice_by_trace_and_question(store: Store) -> None:
    whole = Target(kind="trace", trace_id=trace(1))
    touch = WindowTouch(target=whole, seen_ns=NOW, idle_ns=1, longest_ns=9)

    async def closes() -> None:
        await store.commit([Intake(touches=[touch])], now_ns=NOW)
        (window,) = await store.close_windows(now_ns=NOW + 5, limit=5)
        made = NewJob(
            evaluator="quality", version="v1", target=whole, due_ns=NOW, generation=window.generation
        )
        await store.settle_windows([window], [made], now_ns=NOW + 5)

    async def asks() -> None:
        wanted = NewJob(evaluator="quality", version="v1", target=whole, due_ns=NOW)
        assert await store.requested.judge([wanted], now_ns=NOW) == 1

    async def ends() -> None:
        await finish(store, *(done(one) for one in await lease(store, now_ns=NOW + 9)), now_ns=NOW + 9)

    for step in (asks, ends, closes, ends, asks, ends, closes, ends):
        await step()
    # While the window is open, the question comes before what its end asks.
    await store.commit([Intake(touches=[touch])], now_ns=NOW)
    await asks()
    await ends()
    (window,) = await store.close_windows(now_ns=NOW + 5, limit=5)
    found = await generations(store, whole)
    assert [number for number, _ in found] == [0, 1, 2, 3, 4]
    assert window.generation == 5


async def test_a_backfill_comes_to_its_end(store: Store) -> None:
    await put(store, spans=[span(n) for n in range(1, 6)])
    one = await begun(store)
    assert (one.state, one.cursor_ns, one.jobs, one.open) == ("searching", NOW + 99, 0, 0)
    assert await advance(store, one, job(1), job(2)) == 2
    # What was advanced already is not advanced again.
    assert await advance(store, one, job(3)) == 0
    one = await store.requested.count(one.id)
    assert (one.examined, one.jobs, one.open, one.cursor_ns, one.cursor_skip) == (2, 2, 2, 5, 1)
    # Never more than were wanted.
    assert await advance(store, one, job(3), job(4), job(5), cursor_ns=4, ended=True) == 1
    leased = await lease(store)
    await finish(store, done(leased[0], cost_usd=0.5), Finish(job=leased[1], evaluated=failure(leased[1])))
    one = await store.requested.count(one.id)
    assert (one.state, one.done, one.failed, one.open) == ("judging", 1, 1, 1)
    assert abs(one.cost_usd - 0.55) < 1e-9
    assert [each.id for each in await store.requested.unfinished()] == [one.id]
    await finish(store, Finish(job=leased[2], reason="no_content"))
    one = await store.requested.count(one.id)
    assert (one.state, one.jobs, one.done, one.failed) == ("done", 2, 1, 1)
    assert await store.requested.unfinished() == []
    assert await store.requested.backfills() == [one]
    assert await store.requested.backfill(one.id) == one
    assert await store.requested.backfill(99) is None


async def test_what_is_judged_or_waits_is_left_out_and_failures_are_not(store: Store) -> None:
    await put(store, job(1), job(2), job(3), spans=[span(n) for n in range(1, 5)])
    leased = await lease(store, limit=2)
    await finish(store, done(leased[0]), Finish(job=leased[1], evaluated=failure(leased[1])))
    one = await begun(store, most=10)
    assert await advance(store, one, job(1), job(2), job(3), job(4)) == 2
    assert await generations(store, target(2)) == [(0, "failed"), (1, "waiting")]
    assert await generations(store, target(4)) == [(0, "waiting")]


async def test_a_call_recorded_twice_is_backfilled_once(store: Store) -> None:
    await put(store, spans=[span(1), span(2, parent_span_id=span(1).span_id)])
    one = await begun(store)
    await advance(store, one, call(2, 1))
    one = await store.requested.count(one.id)
    await advance(store, one, call(1), cursor_ns=4, ended=True)
    await finish(store, *(done(each) for each in await lease(store)))
    one = await store.requested.count(one.id)
    assert (one.state, one.jobs, one.done) == ("done", 1, 1)
    # A second one leaves both alone.
    two = await begun(store)
    assert await advance(store, two, call(2, 1), call(1)) == 0


async def test_cancelled_its_jobs_are_skipped_and_no_more_are_made(store: Store) -> None:
    await put(store, spans=[span(n) for n in range(1, 4)])
    one = await begun(store)
    await advance(store, one, job(1), job(2))
    (leased, *_) = await lease(store, limit=1)
    gone = await store.requested.cancel(one.id, detail="not wanted")
    assert gone is not None
    assert (gone.state, gone.jobs, gone.open) == ("cancelled", 1, 1)
    (skipped,) = [each for each in await store.jobs_of([target(1), target(2)]) if each.state == "skipped"]
    assert (skipped.reason, skipped.detail) == (None, "not wanted")
    now = await store.requested.backfill(one.id)
    assert now is not None
    assert await advance(store, now, job(3)) == 0
    await finish(store, done(leased))
    assert [each.id for each in await store.requested.unfinished()] == [one.id]
    over = await store.requested.count(one.id)
    assert (over.state, over.done, over.open) == ("cancelled", 1, 0)
    assert await store.requested.unfinished() == []
    assert await store.requested.cancel(99, detail="") is None


async def test_who_waits_live_is_told_from_a_backfill(store: Store) -> None:
    one = await begun(store)
    await advance(store, one, job(1))
    assert await store.requested.waits_since("quality", now_ns=NOW) is None
    await put(store, job(2, due_ns=NOW + 5))
    assert await store.requested.waits_since("quality", now_ns=NOW) is None
    assert await store.requested.waits_since("quality", now_ns=NOW + 5) == NOW + 5
    assert await store.requested.waits_since("another", now_ns=NOW + 5) is None


async def test_targets_of_a_window_newest_first(store: Store) -> None:
    spans = [
        span(1, of=1, session_id="s"),
        span(2, of=1, service="desk"),
        span(3, of=2, session_id="s"),
        span(4, of=3, session_id="t", start_ns=NOW + 3),
    ]
    await put(store, spans=spans)

    async def listed(kind: TargetKind, *services: str, **more: Any) -> list[str]:
        stretch = Stretch(start_ns=NOW, end_ns=NOW + more.pop("end", 100), services=services)
        found = await store.queries.targets(kind, stretch, **({"limit": 10} | more))
        if not more:
            assert await store.queries.count_targets(kind, stretch) == len(found)
        assert [one.start_ns for one in found] == sorted((one.start_ns for one in found), reverse=True)
        return [one.target.key[-1] for one in found]

    assert await listed("span") == ["3", "4", "2", "1"]
    assert await listed("span", limit=2, skip=1) == ["4", "2"]
    assert await listed("span", end=3) == ["2", "1"]
    assert await listed("span", "desk") == ["2"]
    assert await listed("trace") == ["2", "3", "1"]
    assert await listed("trace", "desk", "nobody") == ["1"]
    assert await listed("session") == ["t", "s"]
    assert await store.queries.stored_since() == NOW


async def test_what_came_after_an_outcome(store: Store) -> None:
    await put(store, job(1), spans=[span(1, session_id="s")])
    (leased,) = await lease(store)
    await finish(store, done(leased))
    (result,) = await store.results_of([target(1)])
    assert await store.queries.outcome(result.id) == result
    assert await store.queries.outcome("00" * 16) is None
    later = NOW + SECOND
    retrieved = span(3, operation="retrieval", session_id="s")
    await store.commit(
        [Intake(spans=[span(2, session_id="s"), retrieved], logs=[log(1), log(2)])], now_ns=later
    )
    whole, session = Target(kind="trace", trace_id=trace(1)), Target(kind="session", session_id="s")
    for one, count in ((target(1), 2), (whole, 4), (session, 4)):
        assert await store.queries.came_after(one, NOW) == count
        assert await store.queries.came_after(one, later) == 0
