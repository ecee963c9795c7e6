"""The clock is set while work is under way."""

import asyncio
from pathlib import Path

import pytest

from spanjudge.judging.models.model import JudgeRequest
from spanjudge.judging.models.scripted import ScriptedModel, fill
from spanjudge.pipeline.clock import Clock
from tests.pipeline.live import Shifted, live, question

HOUR = 3_600.0


class Gate:
    """A judge model that answers once it is opened."""

    def __init__(self) -> None:
        self.open = asyncio.Event()
        self.asked = asyncio.Semaphore(0)
        self.model = ScriptedModel(self._answer)

    async def _answer(self, request: JudgeRequest) -> dict[str, bool]:
        self.asked.release()
        await self.open.wait()
        return fill(request.schema)


@pytest.mark.parametrize("hours", [3.0, -0.9, -3.0])
async def test_jumps_neither_lose_nor_double_what_is_under_way(tmp_path: Path, hours: float) -> None:
    wall = Shifted()
    gate = Gate()
    async with live(tmp_path, gate.model, [question("polite")], now=Clock(wall)) as running:
        await running.receive(*range(10))
        for _ in range(10):
            await gate.asked.acquire()
        wall.forward(hours * HOUR)
        # Leases look stale now, or not yet begun: nobody may be asked twice.
        await running.receive(*range(10, 20))
        for _ in range(10):
            await gate.asked.acquire()
        gate.open.set()
        results = await running.inbox.got(20)
        jobs = await running.ended(*range(20))
        assert {job.state for job in jobs} == {"done"}
        assert len(results) == 20
        stored = await running.store.results_of([job.target for job in jobs])
    assert len(stored) == 20
    assert len(gate.model.requests) == 20


async def test_a_clock_that_jumps_there_and_back_holds_up_nobody(tmp_path: Path) -> None:
    wall = Shifted()
    async with live(tmp_path, None, [question("polite")], now=Clock(wall)) as running:
        for round_, hours in enumerate((0.5, -0.5, 24.0, -24.0, -0.3)):
            wall.forward(hours * HOUR)
            numbers = range(round_ * 10, round_ * 10 + 10)
            await running.receive(*numbers)
            assert {job.state for job in await running.ended(*numbers)} == {"done"}
