"""What becomes of a job when its judging is over: finished, skipped, sent back, or its judge is paused."""

import random
from typing import Literal

import msgspec

from spanjudge.judging.result import EvaluationFailure, FailureCode, Outcome
from spanjudge.pipeline.ports import Finish, Job, Retry
from spanjudge.telemetry.evaluated import Evaluated, Target, result_id

PROVIDERS_TROUBLE: frozenset[FailureCode] = frozenset(
    {"judge_timeout", "judge_unavailable", "judge_rate_limited"}
)
"""The judge model could not; the job is not to blame."""

HOPELESS: frozenset[FailureCode] = frozenset({"judge_key_refused", "judge_no_credit", "judge_model_unknown"})
"""Every other question to this judge model would end the same way."""

_WORTH_ANOTHER_TRY: frozenset[FailureCode] = frozenset(
    {"judge_answer_invalid", "judge_answer_cut", "judge_refused", "internal", *PROVIDERS_TROUBLE}
)
_SECOND = 1_000_000_000
_AGAIN = 2.0
_LONGEST_BACK_OFF = 300.0
_TRIES_TO_GIVE_UP = 3

Ending = Finish | Retry


class Patience(msgspec.Struct, frozen=True, kw_only=True):
    """How long a job is tried. `attempts` that count; `oldest` (seconds) is for trouble that does not."""

    attempts: int = 3
    oldest: float = 86_400.0


class Identity(msgspec.Struct, frozen=True, kw_only=True):
    """What an outcome is about, as far as it was read."""

    target: Target
    service: str = ""
    response_id: str | None = None


def ending(
    job: Job, outcome: Outcome, identity: Identity, *, patience: Patience, tries: int, now_ns: int
) -> Ending:
    """The end of a job, or its next try; not for `HOPELESS` failures.

    `tries` counts how often this process saw the provider fail this job, this time included.
    """
    if not isinstance(outcome, EvaluationFailure):
        return finished(job, outcome, identity, now_ns)
    if outcome.code == "missing_input":
        return Finish(job=job, reason="missing_variable", detail=outcome.message)
    if outcome.code in PROVIDERS_TROUBLE and outcome.retryable:
        old = now_ns - job.created_ns > patience.oldest * _SECOND
        # A job that waited long for other reasons gets its tries all the same.
        if old and tries >= _TRIES_TO_GIVE_UP:
            return finished(job, outcome, identity, now_ns)
        wait = max(_back_off(tries), outcome.retry_after or 0.0)
        return _retry(job, outcome, now_ns, wait, counts=False)
    if outcome.code in _WORTH_ANOTHER_TRY and job.attempts + 1 < patience.attempts:
        return _retry(job, outcome, now_ns, _AGAIN * 4.0**job.attempts, counts=True)
    return finished(job, outcome, identity, now_ns)


def internal_failure(job: Job, error: BaseException) -> EvaluationFailure:
    """The failure of a job that could not even be asked about; the message holds no content."""
    return EvaluationFailure(
        evaluator=job.evaluator,
        evaluator_version=job.version,
        code="internal",
        message=f"unexpected {type(error).__name__} in the pipeline; the log says where",
    )


def sort_of(end: Ending) -> Literal["done", "failed", "skipped", "retrying"]:
    """In a word, for logs and counts."""
    if isinstance(end, Retry):
        return "retrying"
    if end.evaluated is None:
        return "skipped"
    return "failed" if end.evaluated.is_failure else "done"


def finished(job: Job, outcome: Outcome, identity: Identity, now_ns: int) -> Finish:
    """The end of a job that came to an outcome."""
    return Finish(
        job=job,
        evaluated=Evaluated(
            id=result_id(job.evaluator, job.version, job.target, job.generation),
            outcome=outcome,
            target=identity.target,
            service=identity.service,
            response_id=identity.response_id,
            time_ns=now_ns,
            generation=job.generation,
        ),
    )


def _retry(job: Job, failure: EvaluationFailure, now_ns: int, seconds: float, *, counts: bool) -> Retry:
    seconds *= 1 + random.random() / 4  # noqa: S311 - spreads retries, guards no secret
    return Retry(
        job=job,
        due_ns=now_ns + int(seconds * _SECOND),
        counts=counts,
        error_code=failure.code,
        error_message=failure.message,
    )


def _back_off(tries: int) -> float:
    return min(2.0 ** min(tries - 1, 20), _LONGEST_BACK_OFF)
