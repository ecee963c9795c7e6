"""The judge models, and asking one now."""

from pathlib import Path
from typing import Any

from spanjudge.evaluators.evaluator import Evaluator
from tests.contracts.stored import evaluator
from tests.mock_judge import MockJudge
from tests.mock_judge.behaviour import openai_error, rate_limited
from tests.server.rest.trying import trying


async def test_every_judge_model_is_listed_without_being_asked(tmp_path: Path, mock_judge: MockJudge) -> None:
    file = tmp_path / "spanjudge.yaml"
    file.write_text(
        f"judges: {{second: {{provider: openai_compatible, model: m, url: '{mock_judge.url}/v1'}}}}\n",
        encoding="utf-8",
    )
    async with trying(tmp_path / "data", mock_judge, {"SPANJUDGE_CONFIG": str(file)}) as site:
        own = evaluator("polite")
        other = Evaluator(name="grade", rubric="x", answer=own.answer, judge="second")
        await site.app.store.apply([own, other], publish=True, now_ns=site.app.now())
        first, second = (await site.get("/judges"))["items"]
        assert mock_judge.requests == []
    assert (first["name"], first["provider"], first["model"]) == ("default", "openai", "gpt-4o-mini")
    assert (first["state"], first["capability"], first["last_call"]) == ("unknown", "", None)
    assert (first["price_input"], first["price_output"]) == (0.15, 0.6)
    assert (first["concurrency"], first["batches"], first["evaluators"]) == (64, True, ["polite"])
    assert (second["name"], second["price_input"], second["evaluators"]) == ("second", 0.0, ["grade"])


async def test_how_fast_a_judge_is_asked_stands_beside_what_was_set(
    tmp_path: Path, mock_judge: MockJudge
) -> None:
    limits = {"SPANJUDGE_JUDGE_REQUESTS_PER_MINUTE": "600", "SPANJUDGE_JUDGE_MAX_RETRIES": "0"}
    async with trying(tmp_path, mock_judge, limits) as site:
        (judge,) = (await site.get("/judges"))["items"]
        assert judge["limits"] == {
            "requests_per_minute": {"set": 600, "now": 600},
            "tokens_per_minute": {"set": None, "now": None},
            "concurrency": {"set": 64, "now": 64},
            "held_until": None,
            "waiting": 0,
        }
        mock_judge.always(rate_limited(retry_after="30"))
        await site.post("/judges/default/check", None)
        (judge,) = (await site.get("/judges"))["items"]
        limits_now = judge["limits"]
        assert judge["state"] == "limited"
        assert limits_now["requests_per_minute"]["now"] < 600
        assert limits_now["concurrency"] == {"set": 64, "now": 1}
        assert limits_now["held_until"] > judge["last_call"]


async def test_a_judge_is_asked_and_its_state_is_known_then(tmp_path: Path, mock_judge: MockJudge) -> None:
    async with trying(tmp_path, mock_judge) as site:
        found = await site.post("/judges/default/check", None)
        assert found["reachable"]
        assert found["detail"].startswith("works: judged a harmless answer")
        assert found["cost_usd"] > 0
        (judge,) = (await site.get("/judges"))["items"]
        assert (judge["state"], judge["capability"]) == ("ready", "JSON schema")
        assert judge["last_call"] is not None
        await site.app.ledger.save(site.app.store)
        (row,) = (await site.get("/usage"))["rows"]
        assert (row["evaluator"], row["calls"]) == ("judge-check", 1)


async def test_what_is_wrong_is_said_in_plain_words(tmp_path: Path, mock_judge: MockJudge) -> None:
    mock_judge.always(openai_error(401, "Incorrect API key", code="invalid_api_key"))
    async with trying(tmp_path, mock_judge) as site:
        found = await site.post("/judges/default/check", None)
        assert not found["reachable"]
        assert "the key was not accepted" in found["detail"]
        assert "sk-of-a-test" not in found["detail"]
        (judge,) = (await site.get("/judges"))["items"]
        assert judge["state"] == "unavailable"
        assert "401" in judge["detail"] or "key" in judge["detail"]


async def test_an_unknown_judge_is_not_there(tmp_path: Path, mock_judge: MockJudge) -> None:
    async with trying(tmp_path, mock_judge) as site:
        reply: Any = await site.send("POST", "/judges/nobody/check")
        assert (reply.status, reply.fields["code"]) == (404, "unknown_judge")
        assert "default" in reply.fields["detail"]
