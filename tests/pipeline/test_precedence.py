"""Whose turn it is when a judge model has less time than there is to judge."""

from collections.abc import Sequence
from pathlib import Path

from spanjudge.judging.models.config import JudgeModelConfig
from spanjudge.judging.models.registry import open_model
from spanjudge.pipeline.ports import NewJob
from spanjudge.pipeline.requested import NewBackfill
from tests.mock_judge import MockJudge
from tests.mock_judge.behaviour import Received, slow
from tests.pipeline.live import Live, eventually, live, question, target

AT_ONCE = 4
OLD = range(300)


async def backfilled(running: Live, numbers: Sequence[int]) -> None:
    """Jobs of a backfill for these spans, all at once: many more than it would have open by itself."""
    (stored,) = [one for one in await running.store.evaluators() if one.status == "published"]
    version, now = stored.evaluator.version, 1_000
    wanted = NewBackfill(evaluator="polite", version=version, start_ns=0, end_ns=9, most=len(numbers))
    begun = await running.store.requested.begin(wanted, now_ns=now)
    jobs = [
        NewJob(evaluator="polite", version=version, target=target(number), due_ns=now, overlooks="scope")
        for number in numbers
    ]
    done = {"examined": len(jobs), "cursor_ns": 0, "cursor_skip": 0, "ended": True, "now_ns": now}
    assert await running.store.requested.advance(begun, jobs, **done) == len(jobs)  # pyright: ignore[reportArgumentType] - by name
    running.pipeline.wake()


def asks_about(received: Received, number: int) -> bool:
    return f"Where is gate {number}?" in received.text


async def test_what_comes_in_is_judged_before_the_rest_of_a_backfill(
    tmp_path: Path, mock_judge: MockJudge
) -> None:
    mock_judge.always(slow(0.1))
    config = JudgeModelConfig(
        provider="openai",
        model="gpt-4o-mini",
        api_key="sk-test",
        url=f"{mock_judge.url}/v1",
        concurrency=AT_ONCE,
    )
    # The old spans are stored before the evaluator concerns them.
    async with live(tmp_path, open_model(config), [question("polite", service="nobody")]) as running:
        await running.receive(*OLD)
        await running.store.apply([question("polite")], publish=True, now_ns=2_000)
        await running.pipeline.refresh()
        await backfilled(running, OLD)

        async def under_way() -> bool:
            return len(mock_judge.requests) >= 3 * AT_ONCE

        await eventually(under_way)
        for number in (1_000, 1_001, 1_002):
            before = len(mock_judge.requests)
            await running.receive(number)
            await running.ended(number)
            (place,) = [place for place, one in enumerate(mock_judge.requests) if asks_about(one, number)]
            # Those that were under way, and what began while it was stored and leased.
            assert place - before <= 6 * AT_ONCE
        # And all the time the backfill went on.
        assert len(mock_judge.requests) > 4 * AT_ONCE


async def test_what_somebody_asked_for_is_judged_before_what_came_in(
    tmp_path: Path, mock_judge: MockJudge
) -> None:
    mock_judge.always(slow(0.1))
    config = JudgeModelConfig(
        provider="openai", model="gpt-4o-mini", api_key="sk-test", url=f"{mock_judge.url}/v1", concurrency=1
    )
    async with live(tmp_path, open_model(config), [question("old", service="nobody")]) as running:
        await running.receive(*range(20))
        await running.store.apply([question("old")], publish=True, now_ns=2_000)
        await running.pipeline.refresh()
        (stored,) = [one for one in await running.store.evaluators() if one.status == "published"]
        asked = NewJob(
            evaluator="old",
            version=stored.evaluator.version,
            target=target(7),
            due_ns=1_000,
            overlooks="scope",
        )
        await running.store.requested.judge([asked], now_ns=1_000)
        await running.receive(*range(100, 130))
        await running.ended(7)
        (place,) = [place for place, one in enumerate(mock_judge.requests) if asks_about(one, 7)]
        assert place <= 4
