"""Windows: traces and sessions are judged when they have been quiet, and again when they go on."""

from typing import Any

from spanjudge.pipeline.ports import Intake, NewJob, Store, Window, WindowTouch
from spanjudge.telemetry.evaluated import Target
from tests.contracts.stored import NOW, SECOND, done, finish, lease, span, span_id, trace

TRACE = Target(kind="trace", trace_id=trace(1))
SESSION = Target(kind="session", session_id="chat ☎ 7")


def touch(target: Target = TRACE, at: int = 0, **fields: Any) -> WindowTouch:
    defaults: dict[str, Any] = {
        "target": target,
        "seen_ns": NOW + at * SECOND,
        "idle_ns": 30 * SECOND,
        "longest_ns": 100 * SECOND,
    }
    return WindowTouch(**{**defaults, **fields})


async def touches(store: Store, *found: WindowTouch) -> None:
    await store.commit([Intake(touches=list(found))], now_ns=found[-1].seen_ns)


async def due(store: Store, at: int) -> list[Window]:
    return await store.close_windows(now_ns=NOW + at * SECOND, limit=10)


def judged(window: Window) -> NewJob:
    return NewJob(
        evaluator="quality",
        version="v1",
        target=window.target,
        due_ns=NOW,
        generation=window.generation,
    )


async def settle(store: Store, windows: list[Window], at: int) -> None:
    await store.settle_windows(windows, [judged(one) for one in windows], now_ns=NOW + at * SECOND)


async def test_a_window_is_due_when_it_has_been_quiet(store: Store) -> None:
    await touches(store, touch(at=0))
    await touches(store, touch(at=20))
    assert await due(store, 49) == []
    (window,) = await due(store, 50)
    assert window == Window(target=TRACE, generation=0, first_ns=NOW, last_ns=NOW + 20 * SECOND)
    assert await due(store, 50) == [window]


async def test_it_does_not_stay_open_longer_than_it_may(store: Store) -> None:
    for at in range(0, 100, 20):
        await touches(store, touch(at=at))
        assert await due(store, at) == []
    assert len(await due(store, 100)) == 1


async def test_the_end_is_the_end(store: Store) -> None:
    await touches(store, touch(at=0), touch(at=1, ended=True), touch(at=1))
    assert len(await due(store, 1)) == 1


async def test_settled_windows_are_gone_and_their_jobs_wait(store: Store) -> None:
    await touches(store, touch(), touch(SESSION))
    await settle(store, await due(store, 30), 31)
    assert await due(store, 999) == []
    leased = await lease(store)
    assert {one.target for one in leased} == {TRACE, SESSION}
    assert {one.generation for one in leased} == {0}


async def test_a_window_without_jobs_is_settled_too(store: Store) -> None:
    await touches(store, touch())
    await store.settle_windows(await due(store, 30), (), now_ns=NOW + 31 * SECOND)
    assert await due(store, 999) == []


async def test_what_came_in_between_keeps_the_window_open(store: Store) -> None:
    await touches(store, touch(), touch(SESSION))
    windows = await due(store, 30)
    await touches(store, touch(at=31))
    await settle(store, windows, 32)
    assert {one.target for one in await lease(store)} == {SESSION}
    (window,) = await due(store, 61)
    assert (window.target, window.generation, window.first_ns) == (TRACE, 0, NOW)


async def test_what_goes_on_is_judged_again_under_the_next_generation(store: Store) -> None:
    for generation in range(3):
        at = generation * 40
        await touches(store, touch(at=at))
        (window,) = await due(store, at + 30)
        assert (window.generation, window.first_ns) == (generation, NOW + at * SECOND)
        await settle(store, [window], at + 30)
        (leased,) = await lease(store, now_ns=NOW + (at + 31) * SECOND)
        await finish(store, done(leased))
    assert [one.generation for one in await store.results_of([TRACE])] == [0, 1, 2]
    assert len({one.id for one in await store.results_of([TRACE])}) == 3


async def test_settling_twice_is_settling_once(store: Store) -> None:
    await touches(store, touch())
    windows = await due(store, 30)
    await settle(store, windows, 30)
    await touches(store, touch(at=40))
    await settle(store, windows, 41)
    assert len(await lease(store)) == 1
    assert [one.generation for one in await due(store, 70)] == [1]


async def test_redelivered_spans_open_nothing_again(store: Store) -> None:
    first = Intake(spans=[span(1, session_id=SESSION.session_id)], touches=[touch(), touch(SESSION)])
    await store.commit([first], now_ns=NOW)
    await settle(store, await due(store, 30), 30)
    await store.commit([first], now_ns=NOW + 40 * SECOND)
    assert await due(store, 999) == []
    new = Intake(spans=[span(1), span(2)], touches=[touch(at=50)])
    await store.commit([first, new], now_ns=NOW + 50 * SECOND)
    assert [(one.target.kind, one.generation) for one in await due(store, 999)] == [("trace", 1)]


async def test_spans_sent_again_open_what_was_never_watched(store: Store) -> None:
    await store.commit([Intake(spans=[span(1)])], now_ns=NOW)
    await store.commit([Intake(spans=[span(1)], touches=[touch()])], now_ns=NOW)
    assert len(await due(store, 30)) == 1


async def test_the_root_and_the_last_turn_are_remembered(store: Store) -> None:
    root = Target(kind="trace", trace_id=trace(1), span_id=span_id(7))
    turns = [Target(kind="session", session_id="s", trace_id=trace(n), span_id=span_id(n)) for n in (1, 2)]
    await touches(store, touch(root), *map(touch, turns))
    await touches(store, touch(), touch(Target(kind="session", session_id="s")))
    windows = await due(store, 30)
    assert {one.target for one in windows} == {root, turns[1]}
    await settle(store, windows, 30)
    assert {one.target for one in await lease(store)} == {root, turns[1]}


async def test_the_longest_due_come_first(store: Store) -> None:
    targets = [Target(kind="session", session_id=str(n)) for n in range(5)]
    for at, target in enumerate(targets):
        await touches(store, touch(target, at=10 - at))
    windows = await store.close_windows(now_ns=NOW + 99 * SECOND, limit=3)
    assert [one.target for one in windows] == targets[:1:-1]


async def test_a_clock_set_back_does_not_hold_a_window_open(store: Store) -> None:
    await touches(store, touch(at=1_000_000))
    await touches(store, touch(at=0))
    assert len(await due(store, 30)) == 1
