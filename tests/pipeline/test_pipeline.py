import asyncio
import logging
import time
from pathlib import Path

import msgspec
import pytest

from spanjudge.judging.models.model import JudgeReply, JudgeRequest
from spanjudge.judging.models.scripted import ScriptedModel, fill
from spanjudge.judging.result import EvaluationResult
from spanjudge.judging.usage import Usage
from spanjudge.pipeline.ports import OverloadedError
from spanjudge.store.store import open_store
from spanjudge.telemetry.evaluated import Target, result_id
from tests.pipeline.live import QUICK, Inbox, chats, events, eventually, live, path, question, target


async def test_from_span_to_verdict(tmp_path: Path) -> None:
    model = ScriptedModel()
    async with live(tmp_path, model) as running:
        await running.receive(1, 2, 3)
        results = await running.inbox.got(6)
        jobs = await running.ended(1, 2, 3)
    assert [job.state for job in jobs] == ["done"] * 6
    # Both evaluators of a span in one call.
    assert len(model.requests) == 3
    first = next(one for one in results if one.target == target(1) and one.outcome.evaluator == "polite")
    assert isinstance(first.outcome, EvaluationResult)
    assert first.id == result_id("polite", first.outcome.evaluator_version, target(1))
    assert (first.service, first.response_id) == ("travel-desk", "r-1")


async def test_spans_that_come_again_are_judged_once(tmp_path: Path) -> None:
    model = ScriptedModel()
    async with live(tmp_path, model) as running:
        await asyncio.gather(*(running.receive(1, 2) for _ in range(5)))
        await running.ended(1, 2)
        await running.receive(2, 3)
        await running.ended(3)
        await running.inbox.got(6)
    assert len(model.requests) == 3


@pytest.mark.parametrize("logs_first", [True, False])
async def test_content_may_come_as_log_events_before_or_after_its_span(
    tmp_path: Path, *, logs_first: bool
) -> None:
    model = ScriptedModel()
    patient = msgspec.structs.replace(QUICK, grace=60.0)
    async with live(tmp_path, model, options=patient) as running:
        if logs_first:
            await running.pipeline.receive((), events(1))
        await running.pipeline.receive(chats(1, content=False), ())
        if not logs_first:
            assert [job.state for job in await running.jobs(1)] == ["waiting"] * 2
            await running.pipeline.receive((), events(1))
        assert {job.state for job in await running.ended(1)} == {"done"}
    assert "To the left." in model.requests[0].user


async def test_a_span_whose_content_never_comes_is_skipped_and_says_why(tmp_path: Path) -> None:
    model = ScriptedModel()
    async with live(tmp_path, model) as running:
        await running.pipeline.receive(chats(1, content=False), ())
        jobs = await running.ended(1)
    assert {(job.state, job.reason) for job in jobs} == {("skipped", "no_content")}
    assert "carries no text" in jobs[0].detail
    assert not model.requests


async def test_what_was_under_way_at_a_hard_stop_is_done_after_the_next_start(tmp_path: Path) -> None:
    asked = asyncio.Event()
    never = asyncio.Event()

    async def hang(_: JudgeRequest) -> dict[str, bool]:
        asked.set()
        await never.wait()
        return {}

    store = await open_store(path(tmp_path))
    async with live(tmp_path, ScriptedModel(hang), store=store) as running:
        await running.receive(1, 2)
        await asked.wait()
        await running.pipeline.stop(0.0)
        assert {job.state for job in await running.jobs(1, 2)} == {"waiting"}
        assert {job.attempts for job in await running.jobs(1, 2)} == {0}
    async with live(tmp_path, store=store) as running:
        assert {job.state for job in await running.ended(1, 2)} == {"done"}
        await running.inbox.got(4)
    await store.aclose()


async def test_a_soft_stop_finishes_and_exports_what_is_under_way(tmp_path: Path) -> None:
    asked = asyncio.Event()
    answer = asyncio.Event()

    async def slow(request: JudgeRequest) -> dict[str, bool]:
        asked.set()
        await answer.wait()
        return fill(request.schema)

    async with live(tmp_path, ScriptedModel(slow)) as running:
        await running.receive(1)
        await asked.wait()
        stopping = asyncio.create_task(running.pipeline.stop(10.0))
        await asyncio.sleep(0)
        with pytest.raises(OverloadedError):
            await running.receive(2)
        answer.set()
        await stopping
        assert {job.state for job in await running.jobs(1)} == {"done"}
        assert len(running.inbox.results) == 2


async def test_evaluators_come_change_and_go_while_it_runs(tmp_path: Path) -> None:
    model = ScriptedModel()
    async with live(tmp_path, model, [question("polite")]) as running:
        await running.receive(1)
        await running.ended(1)
        await running.store.apply([question("right")], publish=True, now_ns=time.time_ns())
        await running.pipeline.refresh()
        await running.receive(2)
        assert {job.evaluator for job in await running.ended(2)} == {"polite", "right"}
        await running.store.archive("polite")
        await running.pipeline.refresh()
        await running.receive(3)
        assert {job.evaluator for job in await running.ended(3)} == {"right"}


async def test_changes_by_another_process_are_seen_by_themselves(tmp_path: Path) -> None:
    async with live(tmp_path, evaluators=[question("polite")]) as running:
        await running.store.apply([question("right")], publish=True, now_ns=time.time_ns())
        numbers = iter(range(1, 1_000))

        async def judged_by_both() -> bool:
            number = next(numbers)
            await running.receive(number)
            return len(await running.jobs(number)) == 2

        await eventually(judged_by_both)


async def test_a_job_is_judged_by_the_version_it_was_made_for(tmp_path: Path) -> None:
    model = ScriptedModel()
    store = await open_store(path(tmp_path))
    old = question("polite")
    async with live(tmp_path, model, [old], store=store) as running:
        await running.store.pause("polite", reason="lunch", paused_by="user")
        await running.pipeline.refresh()
        await running.receive(1)
        assert [job.state for job in await running.jobs(1)] == ["waiting"]
    new = msgspec.structs.replace(old, rubric="Is it very polite?")
    async with live(tmp_path, model, [new], store=store) as running:
        jobs = await running.ended(1)
        await running.receive(2)
        await running.ended(2)
    assert [job.version for job in jobs] == [old.version]
    assert "Is it polite?" in model.requests[0].question
    assert "Is it very polite?" in model.requests[1].question
    await store.aclose()


async def test_a_judge_that_hangs_does_not_slow_the_others(tmp_path: Path) -> None:
    never = asyncio.Event()

    async def hang(_: JudgeRequest) -> dict[str, bool]:
        await never.wait()
        return {}

    models = {"default": ScriptedModel(), "stuck": ScriptedModel(hang)}
    evaluators = [question("polite"), question("deep", judge="stuck")]
    few = msgspec.structs.replace(QUICK, concurrency=4)
    async with live(tmp_path, models, evaluators, options=few) as running:
        await running.receive(*range(40))
        results = await running.inbox.got(40)
        assert {one.outcome.evaluator for one in results} == {"polite"}
        await running.pipeline.stop(0.0)


async def test_traces_are_judged_when_quiet_and_again_when_they_go_on(tmp_path: Path) -> None:
    whole = msgspec.structs.replace(question("whole"), target="trace")
    options = msgspec.structs.replace(QUICK, trace_idle=0.1)
    trace = Target(kind="trace", trace_id=target(1).trace_id)
    async with live(tmp_path, evaluators=[whole], options=options) as running:
        await running.receive(1)
        (first,) = await running.inbox.got(1)
        await running.pipeline.receive(chats(2, trace=1), ())
        results = await running.inbox.got(2)
        jobs = await running.store.jobs_of([trace])
    assert (first.target.kind, first.target.span_id, first.generation) == ("trace", target(1).span_id, 0)
    assert [one.generation for one in results] == [0, 1]
    assert [job.state for job in jobs] == ["done", "done"]


async def test_more_criteria_than_a_call_holds_and_usage_for_each(tmp_path: Path) -> None:
    def answer(request: JudgeRequest) -> JudgeReply:
        return JudgeReply(
            text=msgspec.json.encode(fill(request.schema)).decode(),
            model="m",
            usage=Usage(input=1_000, output=100),
            cost_usd=0.01,
        )

    model = ScriptedModel(answer)
    evaluators = [question(f"q{number}") for number in range(12)]
    async with live(tmp_path, model, evaluators) as running:
        await running.receive(1)
        results = await running.inbox.got(12)
        rows = await running.store.usage_since("2020-01-01")
    assert len(model.requests) == 2
    assert sum(one.outcome.usage.input for one in results if one.outcome.usage) == 2_000
    assert sum(row.usage.input + row.usage.output for row in rows) == 2_200
    assert sum(row.cost_usd for row in rows) == pytest.approx(0.02)


async def test_every_end_is_one_line_of_the_log_without_content(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, "spanjudge"):
        async with live(tmp_path) as running:
            await running.receive(1)
            await running.pipeline.receive(chats(2, content=False), ())
            await running.ended(1, 2)
    lines = [record.__dict__ for record in caplog.records if record.name == "spanjudge.evaluations"]
    told = {(line["msg"], line["evaluator"], line["span_id"]) for line in lines if line["msg"] != "retrying"}
    assert told == {
        (words, name, target(number).span_id)
        for words, number in (("evaluated", 1), ("skipped", 2))
        for name in ("polite", "right")
    }
    assert "gate" not in str([record.__dict__ for record in caplog.records]).lower()


async def test_it_says_how_it_stands(tmp_path: Path) -> None:
    async with live(tmp_path, exporters=[Inbox("one"), Inbox("two")]) as running:
        await running.receive(1, 2)
        await running.ended(1, 2)
        health = running.pipeline.health
        assert health.counts == {"done": 4}
        assert [state.destination for state in health.export] == ["one", "two"]
        assert health.paused == {}
        await running.store.pause("polite", reason="lunch", paused_by="user")
        await running.pipeline.refresh()
        assert running.pipeline.health.paused == {"polite": "lunch"}
