"""Judges and backends that are gone for a while."""

from pathlib import Path

from spanjudge.exporters.destinations import from_environment
from spanjudge.exporters.otlp import OtlpExporter
from spanjudge.judging.models.breaker import CircuitBreaker
from spanjudge.judging.models.config import JudgeModelConfig
from spanjudge.judging.models.openai_compatible import OpenAICompatibleModel
from spanjudge.judging.models.resilience import ResilientModel
from spanjudge.store.store import open_store
from tests.exporters.otlp_receiver import HttpReceiver
from tests.faults.cable import Cable
from tests.mock_judge import MockJudge
from tests.pipeline.live import eventually, live, path, question

SPANS = 60


async def test_a_judge_that_is_down_for_a_while_costs_no_job(tmp_path: Path, mock_judge: MockJudge) -> None:
    async with Cable(mock_judge.url) as cable:
        config = JudgeModelConfig(
            provider="openai", model="gpt-4o-mini", api_key="sk-x", url=f"{cable.url}/v1"
        )
        model = ResilientModel(
            OpenAICompatibleModel(config), max_retries=0, breaker=CircuitBreaker(first_pause=0.3)
        )
        async with live(tmp_path, model, [question("polite")]) as running:
            await running.receive(*range(10))
            await running.inbox.got(10)
            await cable.pull_out()
            await running.receive(*range(10, SPANS))

            async def noticed() -> bool:
                return running.pipeline.health.errors.get("judge_unavailable", 0) > 0

            await eventually(noticed)
            assert (await running.store.health(now_ns=2**62)).waiting > 0
            await cable.plug_in()
            jobs = await running.ended(*range(SPANS))
            assert {(job.state, job.attempts) for job in jobs} == {("done", 0)}
            await running.inbox.got(SPANS)


async def test_a_backend_that_is_down_gets_everything_later_even_after_a_restart(tmp_path: Path) -> None:
    store = await open_store(path(tmp_path))
    async with HttpReceiver() as backend, Cable(backend.url) as cable:

        def exporter() -> OtlpExporter:
            (destination,) = from_environment({"OTEL_EXPORTER_OTLP_ENDPOINT": cable.url})
            return OtlpExporter(destination, resource={"service.name": "spanjudge"})

        def arrived() -> set[str]:
            return {record.span_id.hex() for record in backend.records()}

        first = exporter()
        async with live(tmp_path, None, [question("polite")], exporters=[first], store=store) as running:
            await running.receive(*range(5))

            async def all_five() -> bool:
                return len(arrived()) == 5

            await eventually(all_five)
            await cable.pull_out()
            await running.receive(*range(5, SPANS))
            # Judging goes on.
            assert {job.state for job in await running.ended(*range(SPANS))} == {"done"}

            async def noticed() -> bool:
                return running.pipeline.health.export[0].failing_since is not None

            await eventually(noticed)
            assert "no connection" in running.pipeline.health.export[0].error
        await first.aclose()
        assert len(arrived()) == 5
        second = exporter()
        await cable.plug_in()
        async with live(tmp_path, None, [question("polite")], exporters=[second], store=store) as running:

            async def all_of_them() -> bool:
                return len(arrived()) == SPANS

            await eventually(all_of_them)

            async def nothing_left() -> bool:
                return (await running.store.health(now_ns=2**62)).outbox == 0

            await eventually(nothing_left)
        await second.aclose()
        assert sorted(arrived()) == sorted(f"{number + 1:016x}" for number in range(SPANS))
        assert len(backend.points()["gen_ai.evaluations.count"]) >= SPANS
    await store.aclose()
