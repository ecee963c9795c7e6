"""One model call recorded by two instrumentations or more is judged once, however its spans arrive."""

from collections.abc import Iterable
from itertools import count, permutations, product

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from spanjudge.pipeline.ports import Intake, NewJob, Store
from tests.contracts.stored import (
    NOW,
    SECOND,
    call,
    done,
    finish,
    job,
    lease,
    log,
    numbers,
    put,
    skipped,
    states,
    target,
)

OUTER, MIDDLE, INNER = 1, 2, 3
LINE = {OUTER: call(OUTER), MIDDLE: call(MIDDLE, OUTER), INNER: call(INNER, MIDDLE)}


async def test_of_those_that_come_together_the_innermost_is_judged(store: Store) -> None:
    await put(store, *LINE.values())
    assert await states(store, *LINE) == {OUTER: "same_call", MIDDLE: "same_call", INNER: "waiting"}
    assert numbers(await lease(store)) == [INNER]
    (outer,) = await store.jobs_of([target(OUTER)])
    assert "0000000000000003" in outer.detail


@pytest.mark.parametrize("order", list(permutations(LINE)))
@pytest.mark.parametrize("cuts", list(product((False, True), repeat=2)))
async def test_in_any_order_exactly_one_of_three_is_judged(
    store: Store, order: tuple[int, ...], cuts: tuple[bool, bool]
) -> None:
    group: list[NewJob] = []
    for number, cut in zip(order, (*cuts, True), strict=True):
        group.append(LINE[number])
        if cut:
            await put(store, *group)
            group = []
    found = await states(store, *LINE)
    assert sorted(found.values()) == ["same_call", "same_call", "waiting"]


@pytest.mark.parametrize("order", list(permutations(LINE)))
async def test_what_is_judged_already_stays(store: Store, order: tuple[int, ...]) -> None:
    """Each is leased or done before the next one comes: only two that nothing joined yet are both judged."""
    for number in order:
        await put(store, LINE[number])
        leased = await lease(store)
        if number == OUTER:
            await finish(store, *map(done, leased))
    judged = {number for number, state in (await states(store, *LINE)).items() if state != "same_call"}
    assert judged == ({OUTER, INNER} if order[2] == MIDDLE else {order[0]})


async def test_a_call_that_is_done_covers_the_one_that_still_waits(store: Store) -> None:
    await put(store, LINE[OUTER])
    await finish(store, *map(done, await lease(store)))
    await put(store, LINE[INNER])
    await put(store, LINE[MIDDLE])
    assert await states(store, *LINE) == {OUTER: "done", MIDDLE: "same_call", INNER: "same_call"}


async def test_redelivered_jobs_change_nothing(store: Store) -> None:
    await put(store, *LINE.values())
    await finish(store, *map(done, await lease(store)))
    before = await states(store, *LINE)
    assert await put(store, *LINE.values()) == 0
    assert await put(store, *reversed(LINE.values())) == 0
    assert await states(store, *LINE) == before


async def test_every_evaluator_judges_one(store: Store) -> None:
    await put(store, call(OUTER, evaluator="a"), call(INNER, OUTER, evaluator="b"))
    assert await states(store, OUTER, INNER) == {OUTER: "waiting", INNER: "waiting"}
    await put(store, call(OUTER, evaluator="b"), call(INNER, OUTER, evaluator="a"))
    jobs = await store.jobs_of([target(OUTER), target(INNER)])
    assert sum(one.state == "waiting" for one in jobs) == 2
    assert {one.evaluator for one in jobs if one.state == "waiting"} == {"a", "b"}


async def test_only_model_calls_are_one_call(store: Store) -> None:
    agent = job(OUTER)
    tool = job(INNER, parent_span_id=call(MIDDLE).target.span_id)
    await put(store, agent, call(MIDDLE, OUTER), tool)
    assert await states(store, *LINE) == {OUTER: "waiting", MIDDLE: "waiting", INNER: "waiting"}


async def test_other_traces_have_nothing_to_do_with_it(store: Store) -> None:
    await put(store, call(OUTER, of=1), call(INNER, OUTER, of=2))
    assert await states(store, OUTER, of=1) == {OUTER: "waiting"}
    assert await states(store, INNER, of=2) == {INNER: "waiting"}


async def test_two_calls_inside_one_are_two_calls(store: Store) -> None:
    await put(store, call(1), call(2, 1), call(3, 1))
    assert await states(store, 1, 2, 3) == {1: "same_call", 2: "waiting", 3: "waiting"}
    await put(store, call(4, 1))
    assert await states(store, 4) == {4: "waiting"}


async def test_what_was_not_judged_for_another_reason_covers_nothing(store: Store) -> None:
    await put(store, call(INNER, OUTER, reason="span_error"), call(OUTER))
    assert await states(store, OUTER, INNER) == {OUTER: "waiting", INNER: "span_error"}


async def test_same_call_known_beforehand_takes_part(store: Store) -> None:
    await put(store, call(MIDDLE, OUTER, reason="same_call", detail="known"), call(INNER, MIDDLE))
    await put(store, call(OUTER))
    assert await states(store, *LINE) == {OUTER: "same_call", MIDDLE: "same_call", INNER: "waiting"}


async def test_a_span_without_content_yet_covers_nothing(store: Store) -> None:
    await put(store, call(INNER, OUTER, awaits_content=True, due_ns=NOW + SECOND), call(OUTER))
    assert await states(store, OUTER, INNER) == {OUTER: "waiting", INNER: "waiting"}


async def test_content_that_comes_late_joins_the_line(store: Store) -> None:
    await put(store, call(INNER, OUTER, awaits_content=True, due_ns=NOW + SECOND), call(OUTER))
    await store.commit([Intake(logs=[log(INNER)])], now_ns=NOW)
    assert await states(store, OUTER, INNER) == {OUTER: "waiting", INNER: "same_call"}


async def test_content_that_came_before_makes_the_innermost_judged(store: Store) -> None:
    await store.commit([Intake(logs=[log(INNER)])], now_ns=NOW)
    await put(store, call(INNER, OUTER, awaits_content=True, due_ns=NOW + SECOND), call(OUTER))
    assert await states(store, OUTER, INNER) == {OUTER: "same_call", INNER: "waiting"}


async def test_content_after_giving_up_joins_the_line(store: Store) -> None:
    await put(store, call(INNER, OUTER, awaits_content=True))
    await finish(store, *(skipped(one, "no_content") for one in await lease(store)))
    await put(store, call(OUTER))
    await store.commit([Intake(logs=[log(INNER)])], now_ns=NOW)
    assert await states(store, OUTER, INNER) == {OUTER: "waiting", INNER: "same_call"}


async def test_a_span_that_is_its_own_parent_does_no_harm(store: Store) -> None:
    await put(store, call(1, 1), call(2, 3), call(3, 2))
    found = await states(store, 1, 2, 3)
    assert found[1] == "waiting"
    assert "waiting" in {found[2], found[3]}


async def test_a_very_long_line_is_still_stored(store: Store) -> None:
    await put(store, *(call(n, n - 1) for n in range(1, 200)))
    found = await states(store, *range(1, 200))
    assert len(found) == 199
    assert found[199] == "waiting"


Tree = dict[int, int | None]
_traces = count(1)


@some.composite
def trees(draw: some.DrawFn) -> Tree:
    size = draw(some.integers(2, 7))
    return {n: draw(some.sampled_from([None, *range(1, n)])) if n > 1 else None for n in range(1, size + 1)}


def above(tree: Tree, number: int) -> Iterable[int]:
    parent = tree[number]
    while parent is not None:
        yield parent
        parent = tree[parent]


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=some.data())
async def test_every_line_of_every_tree_has_exactly_one_judged(store: Store, data: some.DataObject) -> None:
    tree = data.draw(trees())
    order = data.draw(some.permutations(list(tree)))
    cuts = data.draw(some.lists(some.booleans(), min_size=len(order), max_size=len(order)))
    trace = next(_traces)
    group: list[NewJob] = []
    for number, cut in zip(order, cuts, strict=True):
        group.append(call(number, tree[number], of=trace))
        if cut:
            await put(store, *group)
            group = []
    await put(store, *group)
    found = await states(store, *tree, of=trace)
    for leaf in set(tree) - set(tree.values()):
        line = [leaf, *above(tree, leaf)]
        assert [found[number] for number in line].count("waiting") == 1, (tree, order, found)
