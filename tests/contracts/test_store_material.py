"""What a judge is given to see: a span, a trace, a session, as far as they are stored."""

from spanjudge.pipeline.ports import Intake, Material, Store
from spanjudge.telemetry.evaluated import Target
from tests.contracts.stored import NOW, log, span, target, trace

SESSION = Target(kind="session", session_id="s")
TRACE = Target(kind="trace", trace_id=trace(1))


async def keep(store: Store, intake: Intake) -> None:
    await store.commit([intake], now_ns=NOW)


def ids(material: Material) -> list[int]:
    return [int(one.span_id, 16) for one in material.spans]


async def test_a_span_comes_with_the_retrievals_of_its_trace(store: Store) -> None:
    search = [span(n, operation="retrieval", start_ns=NOW - n) for n in (7, 8, 9)]
    await keep(
        store,
        Intake(spans=[span(1), span(2), *search, span(6, of=2, operation="retrieval")], logs=[log(8)]),
    )
    found = await store.material([target(1), target(7), target(99)], most_spans=10)
    assert set(found) == {"span" + target(1).key, "span" + target(7).key}
    one = found["span" + target(1).key]
    assert (ids(one), one.total) == ([1], 1)
    assert [int(other.span_id, 16) for other in one.retrievals] == [9, 8, 7]
    assert [len(other.logs) for other in one.retrievals] == [0, 1, 0]
    assert [int(other.span_id, 16) for other in found["span" + target(7).key].retrievals] == [9, 8]


async def test_a_trace_comes_in_order_of_start(store: Store) -> None:
    await keep(store, Intake(spans=[span(n, start_ns=NOW - n) for n in range(5)], logs=[log(3)]))
    await keep(store, Intake(spans=[span(9, of=2)]))
    found = await store.material([TRACE], most_spans=10)
    one = found["trace" + trace(1)]
    assert (ids(one), one.total, one.retrievals) == ([4, 3, 2, 1, 0], 5, ())
    assert [len(other.logs) for other in one.spans] == [0, 1, 0, 0, 0]


async def test_a_session_goes_over_traces(store: Store) -> None:
    rows = [span(n, of=n, session_id="s") for n in range(5)]
    await keep(store, Intake(spans=[*rows, span(7, session_id="t"), span(8)]))
    found = await store.material([SESSION], most_spans=10)
    assert (ids(found["sessions"]), found["sessions"].total) == ([0, 1, 2, 3, 4], 5)


async def test_a_long_one_keeps_its_beginning_and_its_end(store: Store) -> None:
    await keep(store, Intake(spans=[span(n, session_id="s") for n in range(20)]))
    found = await store.material([TRACE, SESSION], most_spans=5)
    for one in found.values():
        assert (ids(one), one.total) == ([0, 1, 2, 18, 19], 20)
    exact = await store.material([TRACE], most_spans=20)
    assert (len(exact["trace" + trace(1)].spans), exact["trace" + trace(1)].total) == (20, 20)
    (single,) = (await store.material([TRACE], most_spans=1)).values()
    assert (ids(single), single.total) == ([0], 20)


async def test_targets_of_all_kinds_at_once(store: Store) -> None:
    await keep(store, Intake(spans=[span(n, of=n, session_id="s") for n in range(700)]))
    targets = [target(n, of=n) for n in range(700)] + [TRACE, SESSION]
    found = await store.material(targets, most_spans=1_000)
    assert len(found) == 702
    assert found["sessions"].total == 700
    assert await store.material([], most_spans=5) == {}
    assert await store.material([target(1, of=999)], most_spans=5) == {}
