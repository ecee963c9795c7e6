"""Sums that are kept, while outcomes appear in another order than that of their ids."""

import psycopg

from spanjudge.pipeline.queries import Filters
from spanjudge.store.store import open_store
from tests.contracts.stored import NOW, SECOND, done, finish, job, lease, put, span

WINDOW = Filters(start_ns=NOW - 3_600 * SECOND, end_ns=NOW + 3_600 * SECOND)
COLUMNS = (
    "kind, evaluator, version, generation, service, time_ns, stored_ns, verdict, duration, outcome, current,"
    " judge_model"
)


async def test_an_outcome_that_is_seen_after_a_later_one_counts(postgres_url: str) -> None:
    store = await open_store(postgres_url)

    async def passed() -> int:
        # Steps of a minute, so that most of the window is kept.
        found = await store.queries.statistics(WINDOW, by="evaluator", step_ns=60 * SECOND)
        return found.total.passed

    async def judged(number: int) -> None:
        await put(store, job(number, of=number), spans=[span(number, of=number)])
        await finish(store, *map(done, await lease(store)))

    await judged(1)
    assert await passed() == 1
    with psycopg.connect(postgres_url) as slow:
        # Has its id, and is not committed.
        slow.execute(
            f"INSERT INTO results (result_id, target, {COLUMNS}) SELECT 'slow', 's-slow', {COLUMNS} FROM results"  # noqa: S608  # our own names
        )
        for number in (2, 3):
            await judged(number)
            assert await passed() == number
            assert await passed() == number
        slow.commit()
        assert await passed() == 4
    await judged(4)
    assert [await passed() for _ in range(3)] == [5, 5, 5]
    await store.aclose()
