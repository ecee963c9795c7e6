"""Retention: what is old goes, and nothing that is still needed."""

from spanjudge.pipeline.ports import Intake, NewJob, Store, WindowTouch
from spanjudge.telemetry.evaluated import Target
from tests.contracts.stored import (
    NOW,
    SECOND,
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
    target,
    trace,
)

OLD, LATER = NOW, NOW + 1_000 * SECOND
ALL = LATER + 1


async def purge(store: Store, spans_before_ns: int = LATER, results_before_ns: int = LATER) -> int:
    """Everything, a portion at a time, as the pipeline does."""
    gone = 0
    while step := await store.purge(
        spans_before_ns=spans_before_ns, results_before_ns=results_before_ns, limit=7
    ):
        assert step <= 14
        gone += step
    return gone


async def left(store: Store, *numbers: int, of: int = 1) -> set[int]:
    found = await store.material([target(number, of=of) for number in numbers], most_spans=9)
    return {int(one.spans[0].span_id, 16) for one in found.values()}


async def test_old_spans_go_with_their_logs_and_ended_jobs(store: Store) -> None:
    old = Intake(spans=[span(n, of=n) for n in range(20)], logs=[log(3, of=3)], jobs=[job(3, of=3)])
    await store.commit([old], now_ns=OLD)
    await finish(store, *(skipped(one, "budget") for one in await lease(store, now_ns=OLD)))
    await store.commit([Intake(spans=[span(50, of=50)], jobs=[job(50, of=50)])], now_ns=LATER)
    assert await purge(store) == 20
    assert await store.find_spans(span_id(3)) == []
    assert await store.jobs_of([target(3, of=3)]) == []
    assert await left(store, 50, of=50) == {50}
    health = await store.health(now_ns=LATER)
    assert (health.spans, health.waiting) == (1, 1)
    # The log went too: a span sent again does not find it.
    await store.commit([Intake(spans=[span(3, of=3)])], now_ns=LATER)
    (again,) = await store.find_spans(span_id(3))
    assert again.logs == ()


async def test_what_waits_keeps_its_trace(store: Store) -> None:
    await put(store, job(1), spans=[span(n) for n in range(30)], now_ns=OLD)
    await put(store, spans=[span(n, of=2) for n in range(30)], now_ns=OLD)
    assert await purge(store) == 30
    assert await left(store, *range(30)) == set(range(30))
    (leased,) = await lease(store, now_ns=OLD)
    assert await purge(store) == 0
    await finish(store, done(leased))
    assert await purge(store, results_before_ns=0) == 30
    assert len(await store.results_of([target(1)])) == 1


async def test_a_waiting_trace_and_session_keep_their_spans(store: Store) -> None:
    whole = Target(kind="trace", trace_id=trace(1))
    session = Target(kind="session", session_id="s")
    jobs = [NewJob(evaluator="quality", version="v1", target=one, due_ns=NOW) for one in (whole, session)]
    rows = [span(1), span(2, of=2, session_id="s"), span(3, of=3)]
    await put(store, *jobs, spans=rows, now_ns=OLD)
    assert await purge(store) == 1
    assert await left(store, 3, of=3) == set()
    await finish(store, *(skipped(one, "budget") for one in await lease(store)))
    assert await purge(store) == 2
    assert await store.jobs_of([whole, session]) == []


async def test_an_open_window_keeps_its_spans(store: Store) -> None:
    touch = WindowTouch(
        target=Target(kind="trace", trace_id=trace(1)), seen_ns=OLD, idle_ns=SECOND, longest_ns=9 * SECOND
    )
    await store.commit([Intake(spans=[span(1)], touches=[touch])], now_ns=OLD)
    assert await purge(store) == 0
    windows = await store.close_windows(now_ns=LATER, limit=9)
    await store.settle_windows(windows, (), now_ns=LATER)
    assert await purge(store) == 1


async def test_a_generation_outlives_the_spans_of_its_target(store: Store) -> None:
    session = Target(kind="session", session_id="s")
    for generation in range(2):
        now = OLD + generation * SECOND
        touch = WindowTouch(target=session, seen_ns=now, idle_ns=0, longest_ns=SECOND)
        row = span(generation, session_id="s")
        await store.commit([Intake(spans=[row], touches=[touch])], now_ns=now)
        (window,) = await store.close_windows(now_ns=now, limit=9)
        assert window.generation == generation
        await store.settle_windows([window], (), now_ns=now)
        assert await purge(store, results_before_ns=0) == 1


async def test_old_results_go_when_they_are_sent(store: Store) -> None:
    await put(store, *(job(n) for n in range(30)))
    await finish(store, *(done(one) for one in await lease(store)), destinations=["otlp"])
    assert await purge(store) == 0
    entries = await store.outgoing("otlp", now_ns=NOW, limit=20)
    await store.sent("otlp", [one.id for one in entries])
    assert await purge(store, results_before_ns=NOW) == 0
    assert await purge(store) == 20
    assert len(await store.results_of([target(n) for n in range(30)])) == 10
    assert len(await store.outgoing("otlp", now_ns=NOW, limit=20)) == 10


async def test_log_records_that_never_found_a_span_go(store: Store) -> None:
    await store.commit([Intake(logs=[log(n) for n in range(5)])], now_ns=OLD)
    await store.commit([Intake(logs=[log(9)])], now_ns=LATER)
    await purge(store)
    await store.commit([Intake(spans=[span(1), span(9)])], now_ns=LATER)
    found = await store.material([target(1), target(9)], most_spans=1)
    assert [len(one.spans[0].logs) for one in found.values()] == [0, 1]


async def test_log_records_still_wait_for_their_span_when_room_is_made(store: Store) -> None:
    """Making room deletes the oldest spans, whatever their age, a portion at a time."""
    await store.commit([Intake(spans=[span(n, of=2) for n in range(20)])], now_ns=OLD)
    await store.commit([Intake(logs=[log(1)])], now_ns=LATER)
    assert await store.purge(spans_before_ns=LATER + 1, results_before_ns=0, limit=7) == 7
    await store.commit([Intake(spans=[span(1)])], now_ns=LATER)
    (found,) = await store.find_spans(span_id(1), trace_id=trace(1))
    assert len(found.logs) == 1


async def test_many_spans_that_must_stay_do_not_hide_those_that_may_go(store: Store) -> None:
    kept = [span(n, of=n) for n in range(300)]
    await put(store, *(job(n, of=n) for n in range(300)), spans=kept, now_ns=OLD)
    await put(store, spans=[span(n, of=n) for n in range(300, 320)], now_ns=OLD + 1)
    assert await purge(store) == 20
    assert (await store.health(now_ns=NOW)).spans == 300
    assert await states(store, 5, of=5) == {5: "waiting"}
