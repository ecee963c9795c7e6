"""Spans that cannot be read."""

from pathlib import Path

import msgspec

from spanjudge.judging.result import EvaluationFailure
from tests.pipeline.live import Shifted, events, eventually, live, question


async def test_a_poison_span_fails_alone_after_its_attempts(tmp_path: Path) -> None:
    now = Shifted()
    async with live(tmp_path, None, [question("polite"), question("right")], now=now) as running:
        spoilt = [msgspec.structs.replace(log, blob=b"\xff\xff\xff no log") for log in events(7)]
        await running.pipeline.receive((), spoilt)
        await running.receive(*range(20))
        healthy = [number for number in range(20) if number != 7]
        assert {job.state for job in await running.ended(*healthy)} == {"done"}
        for attempts in (1, 2):

            async def tried(attempts: int = attempts) -> bool:
                return {(job.state, job.attempts) for job in await running.jobs(7)} == {("waiting", attempts)}

            await eventually(tried)
            now.forward(60.0)
        jobs = await running.ended(7)
        assert {(job.state, job.error_code) for job in jobs} == {("failed", "internal")}
        results = await running.inbox.got(40)
        failures = [one.outcome for one in results if isinstance(one.outcome, EvaluationFailure)]
        assert [failure.code for failure in failures] == ["internal", "internal"]
        assert "no log" not in failures[0].message
        # And it goes on.
        await running.receive(50)
        assert {job.state for job in await running.ended(50)} == {"done"}
