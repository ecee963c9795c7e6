"""Statistics over HTTP; what they count is tested at the store."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spanjudge.evaluators.acceptance import Acceptance
from spanjudge.evaluators.answer_format import Boolean
from spanjudge.evaluators.evaluator import Evaluator
from spanjudge.server.rest.numbers.statistics import chosen_step
from spanjudge.telemetry.evaluated import Target
from tests.mock_judge import Behaviour, MockJudge
from tests.pipeline.sent import chat
from tests.server.rest.trying import trying

DAY = 86_400


@given(st.floats(1, 400 * 365 * DAY))
def test_a_window_is_cut_into_few_enough_steps_and_many_enough(seconds: float) -> None:
    step = chosen_step(seconds)
    assert seconds / step <= 60 + 1
    assert seconds / step >= 24 or step == 1


@pytest.mark.parametrize(
    ("window", "step"),
    [(3_600, 120), (DAY, 3_600), (7 * DAY, 6 * 3_600), (30 * DAY, DAY), (90 * DAY, 2 * DAY)],
)
def test_usual_windows_have_usual_steps(window: int, step: int) -> None:
    assert chosen_step(window) == step


async def test_what_was_judged_is_counted(tmp_path: Path, mock_judge: MockJudge) -> None:
    own = Evaluator(name="polite", rubric="x", answer=Boolean(), acceptance=Acceptance(pass_when=True))
    async with trying(tmp_path, mock_judge) as site:
        await site.publish(own)
        received = [chat(f"Question {number}?") for number in range(3)]
        await site.receive(received)
        for one in received:
            await site.ended(Target(trace_id=one.raw.trace_id, span_id=one.raw.span_id))
        found = await site.get("/statistics")
        (series,) = found["series"]
        assert (found["by"], found["step_seconds"], series["key"]) == ("evaluator", 3_600, "polite")
        assert 24 <= len(found["buckets"]) <= 26
        total: dict[str, Any] = found["total"]
        assert total["passed"] + total["failed"] == total["spans"] == 3
        assert total["pass_rate"] == total["passed"] / 3
        assert total["p50_ms"] > 0
        assert total["cost_usd"] > 0
        assert (found["before"]["passed"], found["before"]["pass_rate"]) == (0, None)
        assert sum(series["scores"]) == 3
        assert series["score_range"] == [0.0, 1.0]
        by_model = await site.get("/statistics", by="judge_model", step=600)
        assert by_model["series"][0]["key"].startswith("gpt-4o-mini")
        nothing = await site.get("/statistics", evaluator="another")
        assert (nothing["series"], nothing["total"]["spans"]) == ([], 0)


async def test_failures_are_in_no_rate(tmp_path: Path, mock_judge: MockJudge) -> None:
    mock_judge.always(Behaviour(refusal="I cannot."))
    own = Evaluator(name="polite", rubric="x", answer=Boolean(), acceptance=Acceptance(pass_when=True))
    settings = {"SPANJUDGE_BUDGET_TOKENS_DAY": "1"}
    async with trying(tmp_path, mock_judge, settings) as site:
        await site.publish(own)
        received = chat()
        await site.receive([received])
        await site.ended(Target(trace_id=received.raw.trace_id, span_id=received.raw.span_id))
        found = await site.get("/statistics")
        assert (found["total"]["none"], found["total"]["pass_rate"]) == (1, None)
        assert found["codes"] == [{"value": "budget_exhausted", "count": 1}]
        assert found["series"][0]["codes"] == found["codes"]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"by": "color"}, "by"),
        ({"step": 0}, "step"),
        ({"step": 1}, "step"),
        ({"text": "refund"}, "text"),
        ({"from": "2026-01-02T00:00:00Z", "to": "2026-01-02T00:00:00Z"}, "from"),
        ({"from": "2026-01-02T00:00:00"}, "from"),
    ],
)
async def test_what_cannot_be_asked_is_told_beside_the_field(
    query: dict[str, Any], field: str, tmp_path: Path, mock_judge: MockJudge
) -> None:
    async with trying(tmp_path, mock_judge) as site:
        reply = await site.send("GET", "/statistics", **query)
        assert reply.status == 422
        assert [one["field"] for one in reply.fields["errors"]] == [field]


async def test_windows_at_the_ends_of_time(tmp_path: Path, mock_judge: MockJudge) -> None:
    async with trying(tmp_path, mock_judge) as site:
        for query in (
            {"from": "1600-01-01T00:00:00Z", "to": "9999-12-31T00:00:00Z"},
            {"to": "1970-01-01T00:00:01Z"},
            {"from": "1969-01-01T00:00:00Z", "to": "1969-01-01T00:00:00.000001Z"},
        ):
            reply = await site.send("GET", "/statistics", **query)
            assert reply.status == 200, reply.text
