"""What comes in: spans and logs are kept as they were, once."""

import pytest

from spanjudge.pipeline.ports import Committed, Intake, Store
from tests.contracts.stored import (
    ENVELOPE,
    NOW,
    job,
    log,
    numbers,
    put,
    span,
    span_id,
    target,
    trace,
)


async def test_a_span_comes_back_as_it_came_in(store: Store) -> None:
    sent = span(1, blob=bytes(range(256)) * 20, envelope=b"\x00" + ENVELOPE)
    assert await store.commit([Intake(spans=[sent])], now_ns=NOW) == Committed(spans=1, logs=0, jobs=0)
    (found,) = await store.find_spans(span_id(1))
    assert (found.trace_id, found.span_id) == (trace(1), span_id(1))
    assert (found.blob, found.envelope, found.received_ns) == (sent.blob, sent.envelope, NOW)


async def test_redelivery_changes_nothing(store: Store) -> None:
    first = Intake(spans=[span(1), span(2)], logs=[log(1)], jobs=[job(1), job(2)])
    again = Intake(spans=[span(2, blob=b"other"), span(3)], logs=[log(1), log(3)], jobs=[job(2), job(3)])
    assert await store.commit([first], now_ns=NOW) == Committed(spans=2, logs=1, jobs=2)
    assert await store.commit([again], now_ns=NOW + 9) == Committed(spans=1, logs=1, jobs=1)
    assert await store.commit([first, again], now_ns=NOW + 9) == Committed(spans=0, logs=0, jobs=0)
    (kept,) = await store.find_spans(span_id(2))
    assert (kept.blob, kept.received_ns) == (span(2).blob, NOW)
    assert (await store.health(now_ns=NOW)).spans == 3


async def test_the_same_span_twice_in_one_commit_counts_once(store: Store) -> None:
    twice = Intake(spans=[span(1), span(1)], logs=[log(1), log(1)], jobs=[job(1), job(1)])
    assert await store.commit([twice, twice], now_ns=NOW) == Committed(spans=1, logs=1, jobs=1)
    assert len(await store.jobs_of([target(1)])) == 1


async def test_many_requests_are_one_commit(store: Store) -> None:
    intakes = [Intake(spans=[span(n, of=n) for n in range(k, k + 150)]) for k in range(0, 1500, 150)]
    assert (await store.commit(intakes, now_ns=NOW)).spans == 1500
    material = await store.material([target(n, of=n) for n in range(1500)], most_spans=10)
    assert {key: len(one.spans) for key, one in material.items()} == {
        "span" + trace(n) + span_id(n): 1 for n in range(1500)
    }


async def test_an_empty_commit_is_nothing(store: Store) -> None:
    assert await store.commit([], now_ns=NOW) == Committed(spans=0, logs=0, jobs=0)
    assert await store.commit([Intake()], now_ns=NOW) == Committed(spans=0, logs=0, jobs=0)


async def test_one_id_in_two_traces_is_two_spans(store: Store) -> None:
    await store.commit([Intake(spans=[span(1, of=1), span(1, of=2)])], now_ns=NOW)
    assert {one.trace_id for one in await store.find_spans(span_id(1))} == {trace(1), trace(2)}
    assert [one.trace_id for one in await store.find_spans(span_id(1), trace_id=trace(2))] == [trace(2)]
    assert await store.find_spans(span_id(9)) == []


async def test_logs_are_joined_in_the_order_they_came(store: Store) -> None:
    await store.commit([Intake(logs=[log(1, "before")])], now_ns=NOW)
    await store.commit([Intake(spans=[span(1), span(2)], logs=[log(1, "with")])], now_ns=NOW)
    await store.commit([Intake(logs=[log(1, "after")])], now_ns=NOW)
    (found,) = await store.find_spans(span_id(1))
    assert found.logs == tuple((log(1, text).blob, b"logs") for text in ("before", "with", "after"))
    (other,) = await store.find_spans(span_id(2))
    assert other.logs == ()


async def test_each_span_keeps_its_own_envelope(store: Store) -> None:
    rows = [span(n, envelope=f"resource {n % 7}".encode()) for n in range(50)]
    await store.commit([Intake(spans=rows)], now_ns=NOW)
    material = await store.material([target(n) for n in range(50)], most_spans=10)
    found = {int(one.spans[0].span_id, 16): one.spans[0].envelope for one in material.values()}
    assert found == {n: f"resource {n % 7}".encode() for n in range(50)}


@pytest.mark.parametrize("text", ["nul \x00 inside", "half a character \ud83d", "“quoted” \\ 🙂", ""])
async def test_any_text_can_be_stored(store: Store, text: str) -> None:
    odd = span(1, name=text, service=text, model=text, operation=text, session_id=text)
    plain = [span(n) for n in range(2, 80)]
    await store.commit([Intake(spans=[odd, *plain], jobs=[job(1, detail=text)])], now_ns=NOW)
    (found,) = await store.find_spans(span_id(1))
    assert found.blob == odd.blob
    (stored,) = await store.jobs_of([target(1)])
    # PostgreSQL keeps no zero bytes.
    readable = text.encode("utf-8", "replace").decode()
    assert stored.detail in {readable, readable.replace("\x00", "\ufffd")}


async def test_times_of_the_far_future_can_be_stored(store: Store) -> None:
    far = 2**64 - 1
    await store.commit(
        [Intake(spans=[span(1, start_ns=far, end_ns=far)], jobs=[job(2, due_ns=far)])], now_ns=NOW
    )
    assert len(await store.find_spans(span_id(1))) == 1
    assert await store.jobs_of([target(2)])


async def test_a_job_keeps_what_it_was_made_with(store: Store) -> None:
    await put(
        store,
        job(1, "kept", version="abc", generation=3, due_ns=NOW + 5),
        job(1, "sampled", reason="sampled_out", detail="25 %"),
    )
    kept, sampled = await store.jobs_of([target(1)])
    assert (kept.evaluator, kept.version, kept.generation) == ("kept", "abc", 3)
    assert (kept.state, kept.due_ns, kept.created_ns, kept.attempts) == ("waiting", NOW + 5, NOW, 0)
    assert kept.target == target(1)
    assert (sampled.state, sampled.reason, sampled.detail) == ("skipped", "sampled_out", "25 %")


async def test_versions_and_generations_are_jobs_of_their_own(store: Store) -> None:
    assert await put(store, job(1), job(1, version="v2"), job(1, generation=1), job(1, "other")) == 4
    assert await put(store, job(1), job(1, version="v2"), job(1, generation=1), job(1, "other")) == 0
    assert numbers(await store.jobs_of([target(1)])) == [1, 1, 1, 1]
