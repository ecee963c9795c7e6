"""Traces and sessions are judged when they are quiet, and again when they go on."""

import logging
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from spanjudge.pipeline.ports import Job, Store, StoredEvaluator
from spanjudge.pipeline.receive import Matcher, WindowTimes
from spanjudge.pipeline.windows import Windows
from spanjudge.spans.otlp import ReceivedSpan
from spanjudge.store.store import open_store
from spanjudge.telemetry.evaluated import Target
from tests.pipeline.sent import CHAT, SECOND, START, chat, content, evaluator, span

TIMES = WindowTimes()
TRACE = Target(kind="trace", trace_id=f"{1:032x}")
SESSION = Target(kind="session", session_id="c1")


class World:
    """A store with evaluators of wholes, and what happens in it at which second."""

    def __init__(self, store: Store, live: list[StoredEvaluator]) -> None:
        self.store = store
        self.live = live
        self.windows = Windows(store, lambda: self.live)

    async def receive(self, at: float, *spans: ReceivedSpan) -> None:
        now = START + int(at * SECOND)
        await self.store.commit([Matcher(self.live, times=TIMES).intake(spans, (), now_ns=now)], now_ns=now)

    async def close(self, at: float) -> int:
        return await self.windows.close(START + int(at * SECOND))

    async def jobs(self, target: Target) -> list[Job]:
        return await self.store.jobs_of([target])


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    store = await open_store(f"sqlite:///{tmp_path}/w.db")
    wanted = [
        evaluator("whole", target="trace"),
        evaluator("talk", target="session"),
        evaluator("elsewhere", target="trace", services=("desk",)),
    ]
    live = await store.apply(wanted, publish=True, now_ns=START)
    yield World(store, live)
    await store.aclose()


async def test_a_trace_is_judged_after_thirty_quiet_seconds(world: World) -> None:
    await world.receive(0, chat(number=1))
    await world.receive(20, chat(number=2, parent=1))
    assert await world.close(45) == 0
    assert await world.close(50) == 1
    (job,) = await world.jobs(TRACE)
    assert (job.evaluator, job.generation, job.due_ns, job.state) == (
        "whole",
        0,
        START + 50 * SECOND,
        "waiting",
    )
    assert job.target.span_id == f"{1:016x}"
    assert await world.close(500) == 0


async def test_a_trace_that_never_is_quiet_is_judged_after_thirty_minutes(world: World) -> None:
    for minute in range(31):
        await world.receive(minute * 60 * 0.4, chat(number=minute + 1))
    for step in range(60):
        await world.receive(720 + 20 * step, chat(number=100 + step))
        if await world.close(720 + 20 * step):
            assert step * 20 + 720 >= 1_800
            return
    pytest.fail("the window stayed open")


async def test_late_spans_judge_again(world: World) -> None:
    await world.receive(0, chat(number=1))
    await world.close(60)
    await world.receive(100, chat(number=2, parent=1))
    assert await world.close(110) == 0
    assert await world.close(131) == 1
    assert [job.generation for job in await world.jobs(TRACE)] == [0, 1]


async def test_a_redelivered_request_changes_nothing(world: World) -> None:
    again = chat(number=1)
    await world.receive(0, again)
    await world.close(60)
    await world.receive(100, again)
    await world.close(200)
    assert [job.generation for job in await world.jobs(TRACE)] == [0]


async def test_an_end_signal_judges_at_once(world: World) -> None:
    said = {**CHAT, **content("Bye", "Bye."), "gen_ai.conversation.id": "c1"}
    await world.receive(0, span({**said, "spanjudge.session.end": True, "spanjudge.trace.end": True}))
    assert await world.close(0.1) == 2
    assert len(await world.jobs(TRACE)) == 1
    assert len(await world.jobs(SESSION)) == 1


async def test_a_session_is_judged_across_its_traces(world: World) -> None:
    for turn in range(3):
        said = {**CHAT, **content(f"q{turn}", f"a{turn}"), "gen_ai.conversation.id": "c1"}
        await world.receive(turn * 600, span(said, trace=turn + 1, at=turn * 600))
        await world.close(turn * 600 + 300)
    assert await world.jobs(SESSION) == []
    await world.close(1_200 + 1_801)
    (job,) = await world.jobs(SESSION)
    assert (job.evaluator, job.target.session_id, job.target.trace_id) == ("talk", "c1", f"{3:032x}")


async def test_what_does_not_fit_makes_no_job_and_is_settled(world: World) -> None:
    await world.receive(0, span(CHAT))
    assert await world.close(60) == 1
    assert await world.jobs(TRACE) == []
    assert await world.close(120) == 0


async def test_windows_of_evaluators_that_are_gone_are_settled(world: World) -> None:
    await world.receive(0, chat())
    world.live = []
    assert await world.close(60) == 1
    assert await world.close(120) == 0


async def test_a_trace_that_cannot_be_read_stops_nobody(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    bad = chat(number=1, trace=1)
    matcher = Matcher(world.live, times=TIMES)
    intake = matcher.intake([bad, chat(number=2, trace=2)], (), now_ns=START)
    intake.spans[0].blob = b"this is no span"
    await world.store.commit([intake], now_ns=START)
    with caplog.at_level(logging.ERROR):
        assert await world.close(60) == 2
    assert len(await world.jobs(Target(kind="trace", trace_id=f"{2:032x}"))) == 1
    assert await world.jobs(TRACE) == []
    assert f"{1:032x}" in caplog.text
    assert await world.close(120) == 0


async def test_a_trace_whose_rules_fit_nothing(world: World) -> None:
    one = evaluator("picky", target="trace", rules=[("app.tier", "equals", "gold")])
    world.live = [*world.live, *await world.store.apply([one], publish=True, now_ns=START)]
    await world.receive(0, chat(number=1))
    await world.receive(0, span({**CHAT, "app.tier": "gold"}, trace=2), chat(trace=2))
    await world.close(60)
    assert {job.evaluator for job in await world.jobs(TRACE)} == {"whole"}
    golden = await world.jobs(Target(kind="trace", trace_id=f"{2:032x}"))
    assert {job.evaluator for job in golden} == {"whole", "picky"}


async def test_times_can_be_set(world: World) -> None:
    times = msgspec.structs.replace(TIMES, trace_idle_ns=SECOND)
    intake = Matcher(world.live, times=times).intake([chat()], (), now_ns=START)
    await world.store.commit([intake], now_ns=START)
    assert await world.close(1.0) == 1
