"""Budgets that are edited in the page."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from spanjudge.judging.budget.standing import Standing
from spanjudge.server.rest.numbers.budgets import standing
from tests.contracts.stored import evaluator
from tests.mock_judge import MockJudge
from tests.server.rest.trying import trying

NOTHING = {"tokens_day": 0, "tokens_month": 0, "usd_day": 0.0, "usd_month": 0.0}


def change(revision: int, **limits: Any) -> dict[str, Any]:
    return {"revision": revision, **limits}


async def test_the_settings_hold_until_something_is_set_and_again_after_a_reset(
    tmp_path: Path, mock_judge: MockJudge
) -> None:
    settings = {"SPANJUDGE_BUDGET_TOKENS_MONTH": "5000"}
    async with trying(tmp_path, mock_judge, settings) as site:
        await site.app.store.apply([evaluator("polite")], publish=True, now_ns=site.app.now())
        first = await site.get("/budgets")
        assert (first["all"], first["edited"], first["revision"]) == (
            NOTHING | {"tokens_month": 5_000},
            False,
            0,
        )
        reply = await site.send(
            "PUT",
            "/budgets",
            change(0, all={"usd_day": 2.5}, evaluators={"polite": {"tokens_day": 70}, "toxicity": {}}),
        )
        assert reply.status == 200, reply.text
        found = await site.get("/budgets")
        assert found == reply.fields
        assert found["all"] == NOTHING | {"usd_day": 2.5}
        assert found["evaluators"] == {"polite": NOTHING | {"tokens_day": 70}}
        assert found["from_settings"] == NOTHING | {"tokens_month": 5_000}
        assert (found["edited"], found["revision"]) == (True, 1)
        assert [(one["evaluator"], one["unit"], one["period"]) for one in found["standings"]] == [
            (None, "usd", "day"),
            ("polite", "tokens", "day"),
        ]
    async with trying(tmp_path, mock_judge, settings) as site:
        found = await site.get("/budgets")
        assert (found["all"]["usd_day"], found["edited"]) == (2.5, True)
        reply = await site.send("PUT", "/budgets", change(1, reset=True))
        assert (reply.fields["all"]["tokens_month"], reply.fields["edited"]) == (5_000, False)
        assert reply.fields["evaluators"] == {}


async def test_a_limit_holds_at_once(tmp_path: Path, mock_judge: MockJudge) -> None:
    async with trying(tmp_path, mock_judge) as site:
        assert (await site.send("PUT", "/budgets", change(0, all={"tokens_day": 1}))).status == 200
        refused = await site.post("/judges/default/check", None)
        assert not refused["reachable"]
        assert "budget_exhausted" in refused["detail"]
        assert mock_judge.requests == []
        assert (await site.send("PUT", "/budgets", change(1, all={"tokens_day": 100_000}))).status == 200
        assert (await site.post("/judges/default/check", None))["reachable"]
        (one,) = (await site.get("/budgets"))["standings"]
        assert one["used"] > 0


async def test_another_process_follows(tmp_path: Path, mock_judge: MockJudge) -> None:
    async with trying(tmp_path, mock_judge) as one, trying(tmp_path, mock_judge) as other:
        assert (await one.send("PUT", "/budgets", change(0, all={"tokens_day": 77}))).status == 200
        await other.app.ledger.follow(other.app.store)
        assert other.app.ledger.limits.tokens_day == 77


async def test_an_edit_of_what_was_changed_meanwhile_is_refused_with_what_is_there_now(
    tmp_path: Path, mock_judge: MockJudge
) -> None:
    async with trying(tmp_path, mock_judge) as site:
        assert (await site.send("PUT", "/budgets", change(0, all={"tokens_day": 10}))).status == 200
        for late in (change(0, all={"tokens_day": 20}), change(0, reset=True), change(7)):
            reply = await site.send("PUT", "/budgets", late)
            assert (reply.status, reply.fields["code"]) == (409, "stale")
            assert reply.fields["current"]["all"]["tokens_day"] == 10
            assert reply.fields["current"]["revision"] == 1


@pytest.mark.parametrize(
    ("body", "field", "words"),
    [
        (change(0, evaluators={"polit": {"tokens_day": 1}}), "evaluators.polit", "did you mean “polite”?"),
        (change(0, evaluators={"xyz": {"tokens_day": 1}}), "evaluators.xyz", "see the list"),
        (change(0, all={"tokens_day": -1}), "all.tokens_day", "0"),
        (change(0, all={"tokens": 1}), "all.tokens", ""),
        ({"all": {}}, "revision", ""),
    ],
)
async def test_what_is_wrong_is_told_beside_the_field(
    body: dict[str, Any], field: str, words: str, tmp_path: Path, mock_judge: MockJudge
) -> None:
    async with trying(tmp_path, mock_judge) as site:
        await site.app.store.apply([evaluator("polite")], publish=True, now_ns=site.app.now())
        reply = await site.send("PUT", "/budgets", body)
        assert reply.status == 422
        (error,) = reply.fields["errors"]
        assert error["field"] == field
        assert words in error["message"]
        assert (await site.get("/budgets"))["revision"] == 0


async def test_dollars_need_a_price(tmp_path: Path, mock_judge: MockJudge) -> None:
    unpriced = {"O2_JUDGE_MODEL": "a-model-no-list-knows"}
    async with trying(tmp_path, mock_judge, unpriced) as site:
        reply = await site.send("PUT", "/budgets", change(0, all={"usd_day": 1, "tokens_day": 5}))
        (error,) = reply.fields["errors"]
        assert error["field"] == "all.usd_day"
        assert "judge.price_input" in error["message"]
        assert (await site.send("PUT", "/budgets", change(0, all={"tokens_day": 5}))).status == 200


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * 1_000_000_000


@pytest.mark.parametrize(
    ("now", "used", "runs_out"),
    [
        ("2026-11-21T12:00:00", 0.0, None),
        ("2026-11-21T12:00:00", 400.0, None),
        ("2026-11-21T12:00:00", 600.0, "2026-11-21T20:00:00.000000Z"),
        ("2026-11-21T12:00:00", 1_000.0, "2026-11-21T12:00:00.000000Z"),
    ],
)
def test_when_a_limit_is_used_up(now: str, used: float, runs_out: str | None) -> None:
    found = standing(Standing(None, "tokens", "day", "2026-11-21", used, 0.0, 1_000.0), at(now))
    assert found.resets == "2026-11-22T00:00:00.000000Z"
    assert found.runs_out == runs_out


def test_a_month_ends_with_the_month() -> None:
    found = standing(Standing("polite", "usd", "month", "2027-12", 9.0, 0.0, 10.0), at("2027-12-16T12:00:00"))
    assert found.resets == "2028-01-01T00:00:00.000000Z"
    assert found.runs_out is not None
    assert found.runs_out.startswith("2027-12-18")
