"""Whose turn it is when a judge model has less time than there is to judge."""

from collections.abc import Sequence
from pathlib import Path

from spanjudge.judging.judge import Judge
from spanjudge.judging.models.config import JudgeModelConfig
from spanjudge.judging.models.limits.rank import Rank, rank_now
from spanjudge.judging.models.model import JudgeRequest
from spanjudge.judging.models.registry import open_model
from spanjudge.judging.models.scripted import ScriptedModel, fill
from spanjudge.pipeline.ports import NewJob
from spanjudge.pipeline.requested import NewBackfill, job_for
from spanjudge.remote_scorer.scorer import RemoteScorer
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


async def test_each_job_asks_in_its_rank_and_in_its_evaluators_name(tmp_path: Path) -> None:
    seen: dict[int, tuple[Rank, str]] = {}

    def answer(request: JudgeRequest) -> dict[str, object]:
        number = int(request.subject.partition("Where is gate ")[2].partition("?")[0])
        seen[number] = (rank_now(), request.flow)
        return fill(request.schema)

    async with live(tmp_path, ScriptedModel(answer), [question("polite", service="nobody")]) as running:
        await running.receive(1, 2)
        await running.store.apply([question("polite")], publish=True, now_ns=2_000)
        await running.pipeline.refresh()
        await backfilled(running, [1])
        (stored,) = [one for one in await running.store.evaluators() if one.status == "published"]
        await running.store.requested.judge([job_for(stored, target(2), 1_000)], now_ns=1_000)
        await running.receive(3)
        await running.ended(1, 2, 3)
    assert seen == {
        1: (Rank.BACKFILL, "polite"),
        2: (Rank.INTERACTIVE, "polite"),
        3: (Rank.LIVE, "polite"),
    }


async def test_a_platform_that_waits_for_its_score_goes_first() -> None:
    seen: list[tuple[Rank, str]] = []

    def answer(request: JudgeRequest) -> dict[str, object]:
        seen.append((rank_now(), request.flow))
        return fill(request.schema)

    evaluator = question("polite")
    scorer = RemoteScorer({"default": Judge(ScriptedModel(answer))}, {"polite": evaluator}, timeout=5)
    found = await scorer.evaluate(b'{"input": "Where to?", "output": "Left."}', scorer_name="polite")
    await scorer.aclose()
    assert found.status == 200
    assert seen == [(Rank.INTERACTIVE, "polite")]
