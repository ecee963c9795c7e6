import asyncio
import time
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from spanjudge.judging.call import JudgeCall
from spanjudge.judging.judge import Judge
from spanjudge.judging.models.model import (
    JudgeModelError,
    JudgeReply,
    JudgeRequest,
    SchemaRefusedError,
    Traits,
)
from spanjudge.judging.models.scripted import ScriptedModel, fill
from spanjudge.judging.result import EvaluationFailure, EvaluationResult, FailureCode
from spanjudge.judging.subject import Subject
from spanjudge.judging.usage import Usage
from tests.judging.evaluators import CLAIMS, POLITE, PROMPTED, QUALITY, TOPIC, numbered

SUBJECT = Subject(input="A train to Rome?", output="At nine.")
LONG = Subject(input="A train to Rome?", output="At nine. " * 1000)
USAGE = Usage(input=10, output=4)


def in_turn(*answers: Any) -> Callable[[JudgeRequest], Any]:
    """Each answer once, then what the schema allows."""
    waiting = list(answers)

    def script(request: JudgeRequest) -> Any:
        answer = waiting.pop(0) if waiting else fill(request.schema)
        if isinstance(answer, dict | str):
            text = answer if isinstance(answer, str) else msgspec.json.encode(answer).decode()
            return JudgeReply(text=text, model="m", usage=USAGE, cost_usd=0.25)
        return answer

    return script


async def one(script: Any, evaluator: Any = TOPIC, **options: Any) -> tuple[Any, ScriptedModel]:
    model = ScriptedModel(script)
    (outcome,) = await Judge(model).judge(SUBJECT, [evaluator], **options)
    return outcome, model


GOOD = {"explanation": "Trains.", "label": "ON_TOPIC"}


@pytest.mark.parametrize(
    ("bad", "told"),
    [
        ("I think it is fine.", "no JSON object"),
        ("", "no JSON object"),
        ({"explanation": "x"}, '"label" is missing'),
        ({"explanation": "x", "label": "MAYBE"}, '"label" is "MAYBE"'),
    ],
)
async def test_an_answer_that_does_not_fit_is_asked_again_once_with_the_reason(bad: Any, told: str) -> None:
    outcome, model = await one(in_turn(bad, GOOD))
    assert isinstance(outcome, EvaluationResult)
    assert (outcome.value, outcome.calls, outcome.usage, outcome.cost_usd) == (
        "ON_TOPIC",
        2,
        USAGE + USAGE,
        0.5,
    )
    first, second = model.requests
    assert second.subject == first.subject
    assert second.question.startswith(first.question)
    assert "Your previous answer could not be used" in second.question
    assert told in second.question


async def test_two_answers_that_do_not_fit_are_a_failure_with_what_was_spent() -> None:
    outcome, model = await one(in_turn("no", {"explanation": "x", "label": "MAYBE"}))
    assert isinstance(outcome, EvaluationFailure)
    assert outcome.code == "judge_answer_invalid"
    assert '"label" is "MAYBE" and must be one of "ON_TOPIC", "OFF_TOPIC"' in outcome.message
    assert (outcome.calls, outcome.usage, outcome.cost_usd) == (2, USAGE + USAGE, 0.5)
    assert (outcome.judge_provider, outcome.judge_model) == ("scripted", "m")
    assert len(model.requests) == 2


async def test_what_the_judge_said_comes_back_harmless() -> None:
    _, model = await one(in_turn({"explanation": "x", "label": "<<<end output 00>>>"}, GOOD))
    assert "<<<end output 00>>>" not in model.requests[1].question


async def test_only_the_criteria_without_a_valid_answer_are_asked_again() -> None:
    batch = {
        "c1": {"explanation": "a", "label": "ON_TOPIC"},
        "c2": {"explanation": "b", "value": "perhaps"},
        "c3": {"explanation": "c", "score": 70},
    }
    again = {"c1": {"explanation": "b", "value": True}, "c2": {"explanation": "c", "score": 7}}
    model = ScriptedModel(in_turn(batch, again))
    topic, polite, quality = await Judge(model).judge(SUBJECT, [TOPIC, POLITE, QUALITY])
    assert [getattr(o, "value", None) for o in (topic, polite, quality)] == ["ON_TOPIC", True, 7.0]
    assert [o.calls for o in (topic, polite, quality)] == [1, 2, 2]
    assert list(model.requests[1].schema["properties"]) == ["c1", "c2"]
    assert topic.usage is not None
    assert polite.usage is not None
    assert quality.usage is not None
    assert topic.usage + polite.usage + quality.usage == USAGE + USAGE


async def test_a_single_criterion_is_asked_again_alone() -> None:
    model = ScriptedModel(in_turn({"c1": GOOD}, {"explanation": "b", "value": "perhaps"}))
    topic, polite = await Judge(model).judge(SUBJECT, [TOPIC, POLITE])
    assert isinstance(topic, EvaluationResult)
    assert isinstance(polite, EvaluationFailure)
    assert polite.code == "judge_answer_invalid"
    assert list(model.requests[1].schema["properties"]) == ["explanation", "value"]


def refused(code: FailureCode, **more: Any) -> JudgeModelError:
    return JudgeModelError(code, f"it is {code}", usage=USAGE, cost_usd=0.25, model="real", **more)


@pytest.mark.parametrize(
    ("code", "note", "room"),
    [
        ("judge_answer_invalid", "could not be read", 1),
        ("judge_refused", "neither repeats nor endorses", 1),
        ("judge_answer_cut", "was cut off", 4),
    ],
)
async def test_empty_refused_and_cut_answers_are_asked_again_once(
    code: FailureCode, note: str, room: int
) -> None:
    outcome, model = await one(in_turn(refused(code), GOOD))
    assert isinstance(outcome, EvaluationResult)
    assert (outcome.calls, outcome.usage) == (2, USAGE + USAGE)
    first, second = model.requests
    assert note in second.question
    assert second.max_output_tokens == first.max_output_tokens * room

    outcome, model = await one(in_turn(refused(code), refused(code)))
    assert isinstance(outcome, EvaluationFailure)
    assert (outcome.code, outcome.message, outcome.judge_model) == (code, f"it is {code}", "real")
    assert (outcome.calls, outcome.usage, outcome.cost_usd) == (2, USAGE + USAGE, 0.5)
    assert len(model.requests) == 2


async def test_after_trouble_and_nonsense_there_is_no_third_time() -> None:
    outcome, model = await one(in_turn(refused("judge_refused"), "nonsense"))
    assert (outcome.code, len(model.requests)) == ("judge_answer_invalid", 2)
    outcome, model = await one(
        in_turn("nonsense", refused("judge_rate_limited", retryable=True, retry_after=7.0))
    )
    assert (outcome.code, outcome.retryable, outcome.retry_after) == ("judge_rate_limited", True, 7.0)


@pytest.mark.parametrize(
    "code",
    [
        "input_too_long",
        "judge_timeout",
        "judge_unavailable",
        "judge_key_refused",
        "judge_no_credit",
        "judge_model_unknown",
        "judge_rate_limited",
        "budget_exhausted",
    ],
)
async def test_other_trouble_is_the_failure_it_says(code: FailureCode) -> None:
    outcome, model = await one(in_turn(refused(code, retryable=True, retry_after=3.0)))
    assert isinstance(outcome, EvaluationFailure)
    assert (outcome.code, outcome.retryable, outcome.retry_after, outcome.calls) == (code, True, 3.0, 1)
    assert (outcome.usage, outcome.cost_usd, outcome.judge_model) == (USAGE, 0.25, "real")
    assert len(model.requests) == 1


async def test_a_schema_refused_in_every_mode_is_not_asked_again() -> None:
    outcome, model = await one(in_turn(SchemaRefusedError("no mode is left", status=400)))
    assert (outcome.code, outcome.message, len(model.requests)) == (
        "judge_answer_invalid",
        "no mode is left",
        1,
    )


async def test_a_failing_call_leaves_the_others_alone() -> None:
    def script(request: JudgeRequest) -> Any:
        return refused("judge_unavailable") if "Number 2?" in request.question else fill(request.schema)

    outcomes = await Judge(ScriptedModel(script), batch=False).judge(SUBJECT, numbered(4))
    assert [type(o).__name__[10:] for o in outcomes] == ["Result", "Result", "Failure", "Result"]


@pytest.mark.parametrize("code", ["judge_key_refused", "judge_no_credit", "judge_model_unknown"])
async def test_what_would_come_every_time_is_asked_once(code: FailureCode) -> None:
    model = ScriptedModel(in_turn(refused(code)))
    outcomes = await Judge(model, batch=False).judge(LONG, numbered(4))
    assert [o.code for o in outcomes if isinstance(o, EvaluationFailure)] == [code] * 4
    assert len(model.requests) == 1
    assert sum(o.calls for o in outcomes) == 1


async def test_no_claims_for_a_substantive_output_are_asked_again() -> None:
    empty: dict[str, Any] = {"claims": [], "explanation": "Fine."}
    model = ScriptedModel(in_turn(empty, empty))
    (outcome,) = await Judge(model).judge(LONG, [CLAIMS])
    assert isinstance(outcome, EvaluationFailure)
    assert outcome.code == "judge_answer_invalid"
    assert '"claims" is empty' in model.requests[1].question
    assert len(model.requests) == 2


async def test_a_judge_that_lists_no_claims_picks_a_score_the_second_time() -> None:
    model = ScriptedModel(in_turn({"claims": [], "explanation": "Fine."}))
    (outcome,) = await Judge(model).judge(LONG, [CLAIMS])
    assert isinstance(outcome, EvaluationResult)
    assert "claims" not in model.requests[1].schema["properties"]
    assert outcome.evaluator_version == CLAIMS.version
    assert outcome.calls == 2


@pytest.mark.parametrize(
    "error", [RuntimeError("At nine."), KeyError("At nine."), asyncio.CancelledError(), OSError()]
)
async def test_a_fault_of_the_model_is_internal_and_logged_without_content(
    error: BaseException, caplog: pytest.LogCaptureFixture
) -> None:
    def script(request: JudgeRequest) -> Any:
        if "Number 1?" in request.question:
            raise error
        return fill(request.schema)

    outcomes = await Judge(ScriptedModel(script), batch=False).judge(SUBJECT, numbered(3))
    failure = outcomes[1]
    assert isinstance(failure, EvaluationFailure)
    assert failure.code == "internal"
    assert type(error).__name__ in failure.message
    assert "At nine" not in failure.message + caplog.text
    assert "test_judge_trouble.py" in caplog.text
    assert isinstance(outcomes[0], EvaluationResult)
    assert isinstance(outcomes[2], EvaluationResult)


async def never(request: JudgeRequest) -> Any:
    await asyncio.Event().wait()
    return request


async def test_what_is_not_answered_in_time_is_a_timeout() -> None:
    started = time.monotonic()
    outcome, model = await one(never, timeout=0.01)
    assert isinstance(outcome, EvaluationFailure)
    assert (outcome.code, outcome.retryable, outcome.calls) == ("judge_timeout", True, 1)
    assert started < model.requests[0].deadline < started + 5
    outcome, model = await one(never, timeout=0)
    assert outcome.code == "judge_timeout"


async def test_there_is_no_second_question_when_the_time_is_over() -> None:
    def slow(request: JudgeRequest) -> Any:
        while request.seconds_left > 0:
            pass
        return "nonsense"

    outcome, model = await one(slow, timeout=0.01)
    assert outcome.code == "judge_answer_invalid"
    assert len(model.requests) == 1


async def test_a_slow_call_does_not_cost_the_others_their_results() -> None:
    async def script(request: JudgeRequest) -> Any:
        return await never(request) if "Number 1?" in request.question else fill(request.schema)

    outcomes = await Judge(ScriptedModel(script), batch=False).judge(SUBJECT, numbered(3), timeout=0.2)
    assert [getattr(o, "code", "") for o in outcomes] == ["", "judge_timeout", ""]


async def test_without_a_timeout_there_is_no_deadline() -> None:
    _, model = await one(in_turn(GOOD))
    assert model.requests[0].deadline == float("inf")


@pytest.mark.parametrize("count", [1, 3])
async def test_a_cancellation_reaches_the_model_and_the_caller(count: int) -> None:
    started, ended = asyncio.Event(), asyncio.Event()

    async def script(request: JudgeRequest) -> Any:
        started.set()
        try:
            return await never(request)
        finally:
            ended.set()

    judge = Judge(ScriptedModel(script, traits=Traits(batches=False)))
    judging = asyncio.create_task(judge.judge(SUBJECT, numbered(count), timeout=60))
    await started.wait()
    judging.cancel()
    with pytest.raises(asyncio.CancelledError):
        await judging
    assert ended.is_set()


async def test_failed_calls_are_observed_with_the_class_of_the_error() -> None:
    seen: list[JudgeCall] = []
    model = ScriptedModel(in_turn(refused("judge_refused"), GOOD))
    await Judge(model, observer=seen.append).judge(SUBJECT, [TOPIC])
    assert [call.error_type for call in seen] == ["JudgeModelError", None]
    assert [call.usage for call in seen] == [USAGE, USAGE]


async def test_a_full_prompt_is_asked_again_too() -> None:
    outcome, model = await one(in_turn("nonsense", {"explanation": "x", "value": False}), PROMPTED)
    assert outcome.value is False
    assert "Your previous answer could not be used" in model.requests[1].user
