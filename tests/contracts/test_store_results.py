"""The end of jobs: results, usage and the outbox, all at once and each exactly once."""

import pytest

from spanjudge.judging.result import EvaluationResult
from spanjudge.judging.usage import Usage, UsageRow
from spanjudge.pipeline.ports import (
    Finish,
    Retry,
    Store,
)
from spanjudge.telemetry.evaluated import Evaluated
from tests.contracts.stored import (
    NOW,
    SECOND,
    done,
    failure,
    finish,
    job,
    lease,
    put,
    result,
    skipped,
    span,
    target,
)

DAY = "2025-06-15"


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"value": 0.1 + 0.2, "score_value": 0.1 + 0.2, "verdict": None, "cost_usd": 1e-7},
        {"value": 1.0, "score_value": 1.0, "confidence": 1 / 3},
        {"value": "ON_TOPIC", "score_value": None, "score_label": "ON_TOPIC", "truncated": ("input",)},
        {"value": False, "explanation": None, "usage": None, "cost_usd": None, "judge_provider": None},
    ],
)
async def test_a_result_comes_back_exactly(store: Store, fields: dict[str, object]) -> None:
    await put(store, job(1))
    (leased,) = await lease(store)
    sent = result(leased, **fields)
    assert await finish(store, Finish(job=leased, evaluated=sent), destinations=["otlp"]) == 1
    assert await store.results_of([target(1)]) == [sent]
    (entry,) = await store.outgoing("otlp", now_ns=NOW, limit=9)
    assert entry.evaluated == sent
    assert type(entry.evaluated.outcome) is type(sent.outcome)
    (stored,) = await store.jobs_of([target(1)])
    assert stored.state == "done"


async def test_a_failure_comes_back_exactly(store: Store) -> None:
    await put(store, job(1))
    (leased,) = await lease(store)
    sent = failure(leased, retryable=True, retry_after=2.5)
    assert await finish(store, Finish(job=leased, evaluated=sent)) == 1
    assert await store.results_of([target(1)]) == [sent]
    (stored,) = await store.jobs_of([target(1)])
    assert (stored.state, stored.error_code, stored.error_message) == (
        "failed",
        "judge_refused",
        "the judge refused",
    )


async def test_a_skipped_job_has_its_reason_and_no_result(store: Store) -> None:
    await put(store, job(1))
    assert await finish(store, *(skipped(one, "budget", "used up") for one in await lease(store))) == 1
    (stored,) = await store.jobs_of([target(1)])
    assert (stored.state, stored.reason, stored.detail) == ("skipped", "budget", "used up")
    assert await store.results_of([target(1)]) == []
    assert await store.usage_since("2000-01-01") == []


async def test_finishing_many_at_once(store: Store) -> None:
    await put(store, *(job(n, name) for n in range(150) for name in ("a", "b", "c", "d", "e")))
    leased = await lease(store, "a", "b", "c", "d", "e", limit=1_000)
    ends = [done(one) for one in leased[:500]] + [skipped(one, "budget") for one in leased[500:600]]
    retries = [Retry(job=one, due_ns=NOW + 9, counts=True) for one in leased[600:]]
    ended = await store.finish(ends, retries, owner="worker", now_ns=NOW, destinations=["x", "y"])
    assert ended == 600
    for destination in ("x", "y"):
        entries = await store.outgoing(destination, now_ns=NOW, limit=9_999)
        assert [one.evaluated.id for one in entries] == [
            one.evaluated.id for one in ends if one.evaluated is not None
        ]
    health = await store.health(now_ns=NOW)
    assert (health.waiting, health.leased, health.outbox) == (150, 0, 1_000)
    used = await store.usage_since(DAY)
    assert sum(one.results for one in used) == 500


async def test_a_result_is_stored_once(store: Store) -> None:
    """The same job may be done again after its span was deleted and sent anew: the first result stays."""
    for attempt in range(2):
        await put(store, job(1), spans=[span(1)])
        ends = [done(one, explanation=f"attempt {attempt}") for one in await lease(store)]
        assert await finish(store, *ends, destinations=["otlp"]) == 1
        outgoing = await store.outgoing("otlp", now_ns=NOW, limit=9)
        assert len(outgoing) == 1 - attempt
        await store.sent("otlp", [one.id for one in outgoing])
        while await store.purge(spans_before_ns=NOW + 1, results_before_ns=0, limit=9):
            pass
        assert await store.jobs_of([target(1)]) == []
    (kept,) = await store.results_of([target(1)])
    assert isinstance(kept.outcome, EvaluationResult)
    assert kept.outcome.explanation == "attempt 0"


async def test_usage_adds_up_by_day_evaluator_and_model(store: Store) -> None:
    await put(store, *(job(n, name) for n in range(4) for name in ("a", "b")))
    first = await lease(store, "a", "b")
    await finish(store, *(done(one) for one in first[:6]))
    ends = [Finish(job=one, evaluated=failure(one, judge_model="other")) for one in first[6:]]
    await finish(store, *ends, now_ns=NOW + 86_400 * SECOND)
    rows = await store.usage_since(DAY)
    assert [(one.day, one.evaluator, one.model) for one in rows] == [
        (DAY, "a", "gpt-4.1"),
        (DAY, "b", "gpt-4.1"),
        ("2025-06-16", "a", "other"),
        ("2025-06-16", "b", "other"),
    ]
    assert rows[0].usage == Usage(input=2100, output=180, cached=300)
    assert round(rows[0].cost_usd, 9) == 0.3
    assert (rows[0].calls, rows[0].results, rows[0].failures) == (3, 3, 0)
    assert (rows[2].calls, rows[2].results, rows[2].failures) == (1, 0, 1)
    assert [one.day for one in await store.usage_since("2025-06-16")] == ["2025-06-16"] * 2


async def test_usage_of_calls_without_jobs_is_added(store: Store) -> None:
    row = UsageRow(
        day=DAY, evaluator="a", provider="p", model="m", usage=Usage(input=5, output=1), cost_usd=0.5, calls=1
    )
    await store.add_usage([row, row])
    await store.add_usage([row])
    (total,) = await store.usage_since(DAY)
    assert (total.usage, total.cost_usd, total.calls) == (Usage(input=15, output=3), 1.5, 3)
    await store.add_usage([])


async def entries(store: Store, count: int = 3, *destinations: str) -> list[Evaluated]:
    await put(store, *(job(n) for n in range(count)))
    ends = [done(one) for one in await lease(store, limit=count)]
    await finish(store, *ends, destinations=destinations or ("otlp",))
    return [one.evaluated for one in ends if one.evaluated is not None]


async def test_the_outbox_gives_the_oldest_first_until_they_are_sent(store: Store) -> None:
    sent = await entries(store, 5)
    first = await store.outgoing("otlp", now_ns=NOW, limit=3)
    assert [one.evaluated for one in first] == sent[:3]
    assert await store.outgoing("otlp", now_ns=NOW, limit=3) == first
    await store.sent("otlp", [one.id for one in first])
    assert [one.evaluated for one in await store.outgoing("otlp", now_ns=NOW, limit=3)] == sent[3:]
    assert await store.outgoing("otlp", now_ns=NOW - 1, limit=3) == []


async def test_postponed_entries_come_later_and_count(store: Store) -> None:
    await entries(store, 2)
    first, second = await store.outgoing("otlp", now_ns=NOW, limit=9)
    await store.postpone("otlp", [first.id], due_ns=NOW + 50)
    assert [one.id for one in await store.outgoing("otlp", now_ns=NOW + 49, limit=9)] == [second.id]
    again = await store.outgoing("otlp", now_ns=NOW + 50, limit=9)
    assert [(one.id, one.attempts) for one in again] == [(second.id, 0), (first.id, 1)]


async def test_destinations_do_not_touch_each_other(store: Store) -> None:
    await entries(store, 2, "one", "two", "one")
    ids = [entry.id for entry in await store.outgoing("one", now_ns=NOW, limit=9)]
    assert len(ids) == 2
    await store.sent("two", ids)
    await store.postpone("two", ids, due_ns=NOW + 99)
    assert [entry.id for entry in await store.outgoing("one", now_ns=NOW, limit=9)] == ids
    await store.sent("one", ids)
    assert len(await store.outgoing("two", now_ns=NOW, limit=9)) == 2


async def test_destinations_that_are_gone_are_forgotten(store: Store) -> None:
    await entries(store, 2, "old", "kept")
    assert await store.forget_destinations(["kept", "new"]) == 2
    assert await store.outgoing("old", now_ns=NOW, limit=9) == []
    assert len(await store.outgoing("kept", now_ns=NOW, limit=9)) == 2


async def test_results_without_a_destination_stay_here(store: Store) -> None:
    await put(store, job(1))
    await finish(store, *(done(one) for one in await lease(store)))
    assert (await store.health(now_ns=NOW)).outbox == 0
    assert len(await store.results_of([target(1)])) == 1
