"""What judging in an application may cost."""

import msgspec
import pytest

from spanjudge import EvaluationFailure, EvaluationResult, NativeEvaluator, Subject
from spanjudge.errors import SettingsError
from spanjudge.in_process.judge_model import judge_model
from spanjudge.in_process.plan import evaluators_of
from spanjudge.in_process.settings.options import Options
from tests.mock_judge import Behaviour, MockJudge

SUBJECT = Subject(input="A table for two?", output="With pleasure.")


def environment(judge: MockJudge, **changes: str) -> dict[str, str]:
    return {"OPENAI_API_KEY": "sk-x", "OPENAI_BASE_URL": f"{judge.url}/v1", **changes}


async def test_calls_stop_when_the_budget_is_used_up(mock_judge: MockJudge) -> None:
    mock_judge.always(Behaviour(usage={"prompt_tokens": 700, "completion_tokens": 300}))
    model = judge_model(environment(mock_judge, SPANJUDGE_BUDGET_TOKENS_MONTH="2500"))
    evaluator = NativeEvaluator(["bias"], judge=model)
    try:
        found = [(await evaluator.evaluate_async(SUBJECT))[0] for _ in range(5)]
    finally:
        await evaluator.aclose()
        await model.aclose()
    results = [one for one in found if isinstance(one, EvaluationResult)]
    failures = [one for one in found if isinstance(one, EvaluationFailure)]
    assert results
    assert failures
    assert found == [*results, *failures]
    assert len(mock_judge.requests) == len(results)
    assert 1000 * len(results) <= 2500
    assert {one.code for one in failures} == {"budget_exhausted"}
    assert "SPANJUDGE_BUDGET_TOKENS_MONTH" in failures[0].message
    assert failures[0].calls == 0 or failures[0].usage is None


async def test_failed_calls_count_what_they_took(mock_judge: MockJudge) -> None:
    mock_judge.always(
        Behaviour(answer="no JSON at all", usage={"prompt_tokens": 900, "completion_tokens": 100})
    )
    model = judge_model(environment(mock_judge, SPANJUDGE_BUDGET_TOKENS_DAY="3000"))
    evaluator = NativeEvaluator(["bias"], judge=model)
    try:
        for _ in range(6):
            await evaluator.evaluate_async(SUBJECT)
    finally:
        await model.aclose()
    assert len(mock_judge.requests) <= 3


def test_dollars_need_a_price() -> None:
    environ = {"OPENAI_BASE_URL": "https://llm.example.com", "OPENAI_MODEL": "own", "OPENAI_API_KEY": "k"}
    with pytest.raises(SettingsError, match="SPANJUDGE_JUDGE_PRICE_INPUT"):
        judge_model({**environ, "SPANJUDGE_BUDGET_USD_DAY": "1"})
    judge_model(
        {
            **environ,
            "SPANJUDGE_BUDGET_USD_DAY": "1",
            "SPANJUDGE_JUDGE_PRICE_INPUT": "1",
            "SPANJUDGE_JUDGE_PRICE_OUTPUT": "2",
        }
    )


@pytest.mark.parametrize("value", ["2 million", "-1", "nan"])
def test_a_limit_that_cannot_be_read_turns_evaluation_off(value: str) -> None:
    environ = {"OPENAI_API_KEY": "k", "SPANJUDGE_BUDGET_TOKENS_MONTH": value}
    plan = evaluators_of(Options.from_environment(environ), environ=environ)
    assert not plan
    assert any("SPANJUDGE_BUDGET_TOKENS_MONTH" in problem for problem in plan.problems)


async def test_a_judge_that_costs_nothing_has_no_limit(mock_judge: MockJudge) -> None:
    environ = environment(mock_judge, OPENAI_MODEL="own-model", SPANJUDGE_BUDGET_TOKENS_MONTH="1")
    model = judge_model(environ)
    evaluator = NativeEvaluator(["bias"], judge=model)
    try:
        (one,) = await evaluator.evaluate_async(SUBJECT)
    finally:
        await model.aclose()
    assert isinstance(one, EvaluationResult), msgspec.json.encode(one)
