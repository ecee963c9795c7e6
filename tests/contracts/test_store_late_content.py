"""Content that comes as log events: before the span, with it, after it, and when it was given up."""

import msgspec
import pytest

from spanjudge.pipeline.decision import Reason
from spanjudge.pipeline.ports import Intake, Job, Store
from tests.contracts.stored import (
    NOW,
    SECOND,
    done,
    finish,
    job,
    lease,
    log,
    numbers,
    put,
    skipped,
    span,
    states,
    target,
)

WAITS = job(1, awaits_content=True, due_ns=NOW + 30 * SECOND)


async def come(store: Store, text: str = "message", *, now_ns: int = NOW) -> None:
    await store.commit([Intake(logs=[log(1, text)])], now_ns=now_ns)


async def only(store: Store) -> Job:
    (one,) = await store.jobs_of([target(1)])
    return one


async def test_without_content_it_waits_until_it_is_due(store: Store) -> None:
    await put(store, WAITS, job(2))
    assert numbers(await lease(store)) == [2]
    assert (await only(store)).awaits_content
    (leased,) = await lease(store, now_ns=NOW + 30 * SECOND)
    assert leased.awaits_content


@pytest.mark.parametrize("order", ["before", "with", "after"])
async def test_with_content_it_is_due_at_once(store: Store, order: str) -> None:
    if order == "before":
        await come(store)
    await store.commit(
        [Intake(spans=[span(1)], logs=[log(1)] if order == "with" else [], jobs=[WAITS])], now_ns=NOW
    )
    if order == "after":
        assert await lease(store, now_ns=NOW + 1) == []
        await come(store, now_ns=NOW + 1)
    (leased,) = await lease(store, now_ns=NOW + 1)
    assert not leased.awaits_content
    (material,) = (await store.material([target(1)], most_spans=1)).values()
    assert [blob for blob, _ in material.spans[0].logs] == [log(1).blob]


async def test_events_of_other_spans_do_not_count(store: Store) -> None:
    await put(store, WAITS)
    await store.commit([Intake(logs=[log(2), log(1, of=2)])], now_ns=NOW)
    assert (await only(store)).awaits_content


@pytest.mark.parametrize("reason", ["no_content", "missing_variable"])
async def test_what_was_given_up_is_taken_up_again(store: Store, reason: Reason) -> None:
    await put(store, WAITS)
    later = NOW + 30 * SECOND
    await finish(store, *(skipped(one, reason, "none") for one in await lease(store, now_ns=later)))
    assert await states(store, 1) == {1: reason}
    await come(store, now_ns=later + 5)
    again = await only(store)
    assert (again.state, again.reason, again.detail, again.due_ns) == ("waiting", None, "", later + 5)
    (leased,) = await lease(store, now_ns=later + 5)
    assert await finish(store, done(leased)) == 1


async def test_a_second_event_takes_up_again_what_the_first_one_left_incomplete(store: Store) -> None:
    await put(store, WAITS)
    await come(store, "question")
    await finish(store, *(skipped(one, "missing_variable") for one in await lease(store)))
    await come(store, "answer")
    assert await states(store, 1) == {1: "waiting"}


async def test_what_was_stored_as_skipped_for_no_content_is_taken_up(store: Store) -> None:
    await put(store, job(1, reason="no_content"))
    await come(store)
    assert await states(store, 1) == {1: "waiting"}


async def test_other_reasons_stand(store: Store) -> None:
    await put(store, job(1, "a", reason="sampled_out"), job(1, "b", reason="missing_variable"), job(1, "c"))
    await finish(store, *map(done, await lease(store, "c")))
    await come(store)
    jobs = await store.jobs_of([target(1)])
    assert [one.reason or one.state for one in jobs] == ["sampled_out", "missing_variable", "done"]


async def test_redelivered_events_take_up_nothing(store: Store) -> None:
    await put(store, WAITS)
    await come(store)
    await finish(store, *(skipped(one, "no_content") for one in await lease(store)))
    await come(store)
    assert await states(store, 1) == {1: "no_content"}


async def test_events_that_come_while_a_worker_looks_are_not_lost(store: Store) -> None:
    """The worker has read the span without them, and gives it up after they were stored."""
    await put(store, WAITS)
    (leased,) = await lease(store, now_ns=NOW + 30 * SECOND)
    await come(store, now_ns=NOW + 30 * SECOND)
    assert await finish(store, skipped(leased, "no_content"), now_ns=NOW + 31 * SECOND) == 0
    assert await states(store, 1) == {1: "waiting"}
    (again,) = await lease(store, now_ns=NOW + 31 * SECOND)
    assert await finish(store, skipped(again, "no_content"), now_ns=NOW + 32 * SECOND) == 1
    assert await states(store, 1) == {1: "no_content"}


async def test_events_that_come_while_a_worker_judges_change_nothing(store: Store) -> None:
    await put(store, WAITS)
    (leased,) = await lease(store, now_ns=NOW + 30 * SECOND)
    await come(store)
    assert await finish(store, done(leased)) == 1
    assert await states(store, 1) == {1: "done"}


async def test_documents_that_are_there_already_are_worth_a_look_at_once(store: Store) -> None:
    retrieval = msgspec.structs.replace(span(2), trace_id=span(1).trace_id, operation="retrieval")
    await store.commit([Intake(spans=[retrieval])], now_ns=NOW)
    await store.commit([Intake(spans=[span(1)], jobs=[WAITS])], now_ns=NOW)
    (leased,) = await lease(store, now_ns=NOW + 1)
    assert leased.awaits_content
