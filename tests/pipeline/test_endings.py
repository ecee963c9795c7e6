import pytest

from spanjudge.judging.result import EvaluationFailure, EvaluationResult, FailureCode
from spanjudge.pipeline.endings import Ending, Identity, Patience, ending
from spanjudge.pipeline.ports import Finish, Job, Retry
from spanjudge.telemetry.evaluated import Target, result_id

SECOND = 10**9
NOW = 1_763_000_000 * SECOND
TARGET = Target(trace_id="a" * 32, span_id="b" * 16)
WHO = Identity(target=TARGET, service="desk", response_id="r-1")


def job(*, attempts: int = 0, age: float = 0.0, generation: int = 0) -> Job:
    return Job(
        id=7,
        evaluator="topic",
        version="v1",
        target=TARGET,
        generation=generation,
        state="leased",
        attempts=attempts,
        awaits_content=False,
        created_ns=NOW - int(age * SECOND),
        due_ns=NOW,
    )


def failure(
    code: FailureCode, *, retryable: bool = True, retry_after: float | None = None
) -> EvaluationFailure:
    return EvaluationFailure(
        evaluator="topic",
        evaluator_version="v1",
        code=code,
        message="it went wrong",
        retryable=retryable,
        retry_after=retry_after,
    )


def end(of: Job, outcome: EvaluationFailure | EvaluationResult, *, tries: int = 1) -> Ending:
    return ending(of, outcome, WHO, patience=Patience(), tries=tries, now_ns=NOW)


def test_a_result_is_finished_under_an_id_that_is_the_same_every_time() -> None:
    result = EvaluationResult(evaluator="topic", evaluator_version="v1", value=True)
    done = end(job(generation=2), result)
    assert isinstance(done, Finish)
    assert done.evaluated is not None
    assert done.evaluated.id == result_id("topic", "v1", TARGET, 2)
    assert (done.evaluated.service, done.evaluated.response_id) == ("desk", "r-1")
    assert (done.evaluated.time_ns, done.evaluated.generation) == (NOW, 2)
    assert done.evaluated.outcome is result


@pytest.mark.parametrize("code", ["judge_timeout", "judge_unavailable", "judge_rate_limited"])
def test_the_providers_trouble_uses_no_attempt_however_often(code: FailureCode) -> None:
    for tries in (1, 5, 50):
        sent_back = end(job(attempts=2), failure(code), tries=tries)
        assert isinstance(sent_back, Retry)
        assert not sent_back.counts
        wait = (sent_back.due_ns - NOW) / SECOND
        base = min(2.0 ** (tries - 1), 300.0)
        assert base <= wait <= base * 1.25
        assert sent_back.error_code == code


def test_a_job_comes_back_no_earlier_than_the_provider_asked() -> None:
    sent_back = end(job(), failure("judge_rate_limited", retry_after=40.0))
    assert isinstance(sent_back, Retry)
    assert sent_back.due_ns >= NOW + 40 * SECOND


def test_the_provider_has_a_day_and_three_tries() -> None:
    old = job(age=86_401.0)
    assert isinstance(end(old, failure("judge_unavailable"), tries=2), Retry)
    given_up = end(old, failure("judge_unavailable"), tries=3)
    assert isinstance(given_up, Finish)
    assert given_up.evaluated is not None
    assert isinstance(given_up.evaluated.outcome, EvaluationFailure)
    assert given_up.evaluated.outcome.code == "judge_unavailable"


@pytest.mark.parametrize("code", ["judge_answer_invalid", "judge_answer_cut", "judge_refused", "internal"])
def test_bad_answers_use_attempts_and_end_as_failures(code: FailureCode) -> None:
    waits: list[int] = []
    for attempts in (0, 1):
        sent_back = end(job(attempts=attempts), failure(code, retryable=False))
        assert isinstance(sent_back, Retry)
        assert sent_back.counts
        waits.append(sent_back.due_ns)
    assert NOW < waits[0] < waits[1]
    last = end(job(attempts=2), failure(code, retryable=False))
    assert isinstance(last, Finish)
    assert last.evaluated is not None
    assert last.evaluated.is_failure


@pytest.mark.parametrize("code", ["budget_exhausted", "input_too_long"])
def test_what_comes_again_is_final_at_once(code: FailureCode) -> None:
    assert isinstance(end(job(), failure(code, retryable=False)), Finish)


def test_a_missing_input_is_a_decision_and_no_failure() -> None:
    skipped = end(job(), failure("missing_input", retryable=False))
    assert isinstance(skipped, Finish)
    assert skipped.evaluated is None
    assert (skipped.reason, skipped.detail) == ("missing_variable", "it went wrong")
