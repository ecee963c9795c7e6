"""How the pipeline stands."""

from pathlib import Path

from spanjudge.telemetry.evaluated import Target
from tests.exporters.otlp_receiver import HttpReceiver
from tests.mock_judge import MockJudge
from tests.mock_judge.behaviour import openai_error
from tests.pipeline.live import eventually
from tests.pipeline.sent import chat, evaluator
from tests.server.rest.trying import trying


async def test_what_comes_in_is_judged_and_goes_out(tmp_path: Path, mock_judge: MockJudge) -> None:
    async with HttpReceiver() as backend:
        out = {"SPANJUDGE_EXPORT_OTLP_ENDPOINT": backend.url, "SPANJUDGE_MAX_STORE_BYTES": "1000000000"}
        async with trying(tmp_path, mock_judge, out) as site:
            idle = await site.get("/pipeline")
            assert (idle["received_today"], idle["last_received"], idle["workers"]) == (0, None, 1)
            assert (idle["ready"], idle["errors"], idle["paused"]) == (True, [], [])
            assert idle["limit_bytes"] == 1_000_000_000
            await site.publish(evaluator("polite"))
            received = chat()
            await site.receive([received])
            await site.ended(Target(trace_id=received.raw.trace_id, span_id=received.raw.span_id))

            async def exported() -> bool:
                return (await site.get("/pipeline"))["exported_per_second"] > 0

            await eventually(exported)
            found = await site.get("/pipeline")
            assert found["received_per_second"] > 0
            assert found["matched_per_second"] > 0
            assert found["judged_per_second"] > 0
            assert (found["received_today"], found["published"], found["evaluators"]) == (1, 1, 1)
            assert found["judged_p50_ms"] > 0
            assert [(one["waiting"], one["trouble"]) for one in found["destinations"]] == [(0, "")]


async def test_trouble_is_told_in_words(tmp_path: Path, mock_judge: MockJudge) -> None:
    mock_judge.always(openai_error(401, "Incorrect API key", code="invalid_api_key"))
    async with trying(tmp_path, mock_judge) as site:
        await site.publish(evaluator("polite"))
        await site.receive([chat()])

        async def paused() -> bool:
            return bool((await site.get("/pipeline"))["paused"])

        await eventually(paused)
        found = await site.get("/pipeline")
        (one,) = found["paused"]
        assert (one["evaluator"], one["paused_by"], one["waiting"]) == ("polite", "pipeline", 1)
        assert "refuses the key" in one["reason"]
        assert one["retry"] is not None
        assert (found["waiting"], found["published"], found["evaluators"]) == (1, 0, 1)


async def test_a_destination_that_takes_nothing_says_why(tmp_path: Path, mock_judge: MockJudge) -> None:
    out = {"SPANJUDGE_EXPORT_OTLP_ENDPOINT": "http://127.0.0.1:9"}
    async with trying(tmp_path, mock_judge, out) as site:
        await site.publish(evaluator("polite"))
        received = chat()
        await site.receive([received])
        await site.ended(Target(trace_id=received.raw.trace_id, span_id=received.raw.span_id))

        async def troubled() -> bool:
            (one,) = (await site.get("/pipeline"))["destinations"]
            return bool(one["trouble"])

        await eventually(troubled)
        (one,) = (await site.get("/pipeline"))["destinations"]
        assert "127.0.0.1:9" in one["trouble"]
        assert "kept and tried again" in one["trouble"]
        assert one["waiting"] == 1


async def test_failures_are_counted_by_code_and_judge_model(tmp_path: Path, mock_judge: MockJudge) -> None:
    async with trying(tmp_path, mock_judge, {"SPANJUDGE_BUDGET_TOKENS_DAY": "1"}) as site:
        await site.publish(evaluator("polite"))
        received = chat()
        await site.receive([received])
        await site.ended(Target(trace_id=received.raw.trace_id, span_id=received.raw.span_id))
        (error,) = (await site.get("/pipeline"))["errors"]
        assert error == {"code": "budget_exhausted", "judge_model": "gpt-4o-mini", "count": 1}
