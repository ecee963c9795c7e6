"""OpenObserve's dialect: outcomes as the answer that its client and the documented contract both take.

The client in the field ignores the HTTP status, wants `code`, `value` and `reason` at the top, stores
every other top-level field as queryable score metadata, and keeps 4,096 bytes. The documented contract
wants `value` and `metadata.{reason, model, elapsed_ms}`. The body is the union of both.
"""

import math
from typing import Any

import msgspec

from spanjudge.evaluators.answer_format import AnswerFormat, Boolean, Category
from spanjudge.evaluators.evaluator import Evaluator
from spanjudge.judging.result import EvaluationFailure, EvaluationResult, FailureCode
from spanjudge.remote_scorer.problem import MAX_BODY_BYTES, Answer, Problem, Word, cut, encode

WORDS: dict[FailureCode, Word] = {
    "missing_input": "MISSING_INPUT",
    "input_too_long": "INPUT_TOO_LONG",
    "judge_timeout": "UPSTREAM_TIMEOUT",
    "judge_unavailable": "UPSTREAM_ERROR",
    "judge_key_refused": "UPSTREAM_ERROR",
    "judge_no_credit": "UPSTREAM_ERROR",
    "judge_model_unknown": "UPSTREAM_ERROR",
    "judge_rate_limited": "RATE_LIMITED",
    "judge_refused": "JUDGE_REFUSED",
    "judge_answer_invalid": "JUDGE_PARSE_ERROR",
    "judge_answer_cut": "JUDGE_PARSE_ERROR",
    "budget_exhausted": "BUDGET_EXHAUSTED",
    "internal": "INTERNAL",
}
"""The contract's word for each of our failure codes."""

MAX_NAME = 200  # characters of a model's name; real ones have fewer than 100


class Scored(msgspec.Struct, frozen=True, kw_only=True):
    """The body of a 200, in the order it is sent. Unknown is null, never 0."""

    code: str = "OK"
    value: bool | str | float
    reason: str
    metadata: dict[str, Any]
    model: str | None
    input_tokens: int | None
    output_tokens: int | None
    cost_usd: float | None
    verdict: str | None
    evaluator_version: str
    evaluator: str
    confidence: float | None
    truncated: bool
    cached: bool


def scored(
    evaluator: Evaluator,
    result: EvaluationResult,
    *,
    elapsed_ms: int,
    cached: bool,
    metadata: dict[str, Any] | None = None,
) -> Answer:
    """A result as it is sent: the reason is cut to fit, the caller's metadata left out when it does not.

    Tokens and cost are those of the judge call behind the value, also when it came from the cache
    (`cached` says so): the answer that paid may never have reached the client.
    """
    check(evaluator.answer, result.value)
    reason = result.explanation or ""
    model = result.judge_model[:MAX_NAME] if result.judge_model else None
    own: dict[str, Any] = {"reason": reason, "model": model, "elapsed_ms": elapsed_ms}
    usage = result.usage
    answer = Scored(
        value=result.value,
        reason=reason,
        metadata={**own, **{key: value for key, value in metadata.items() if key not in own}}
        if metadata
        else own,
        model=model,
        input_tokens=usage.input if usage else None,
        output_tokens=usage.output if usage else None,
        cost_usd=None if result.cost_usd is None else round(result.cost_usd, 10),
        verdict=result.verdict,
        evaluator_version=result.evaluator_version,
        evaluator=result.evaluator,
        confidence=result.confidence,
        truncated=bool(result.truncated),
        cached=cached,
    )
    body = encode(answer)
    return Answer(200, body if len(body) <= MAX_BODY_BYTES else _fitted(answer, own))


def failed(failure: EvaluationFailure) -> Answer:
    """A failure as it is sent: its word, its status, and never a value."""
    judge = "/".join(part for part in (failure.judge_provider, failure.judge_model) if part)
    facts = [
        failure.code,
        f"evaluator {failure.evaluator} {failure.evaluator_version}",
        f"judge {judge[:MAX_NAME]}" if judge else "",
        f"after {failure.duration:.1f} s" if failure.duration else "",
        "may succeed later" if failure.retryable else "will not succeed unchanged",
    ]
    return Problem(
        WORDS[failure.code],
        failure.message or f"The evaluation failed: {failure.code}.",
        detail="; ".join(fact for fact in facts if fact),
        retry_after=failure.retry_after,
    ).answer()


def check(answer: AnswerFormat, value: object) -> None:
    """The last gate before `OK`: a value outside its evaluator's type and range is never sent.

    Raises `Problem` (JUDGE_PARSE_ERROR).
    """
    if isinstance(answer, Boolean):
        fits = isinstance(value, bool)
    elif isinstance(answer, Category):
        fits = isinstance(value, str) and any(value == label.name for label in answer.labels)
    else:
        fits = (
            isinstance(value, int | float)
            and not isinstance(value, bool)
            and math.isfinite(value)
            and answer.min <= value <= answer.max
        )
    if not fits:
        raise Problem(
            "JUDGE_PARSE_ERROR",
            "The judge's answer is outside the scorer's type and range, so there is no score.",
        )


def _fitted(answer: Scored, own: dict[str, Any]) -> bytes:
    """The same answer in fewer bytes: first without the caller's metadata, then with a shorter reason."""
    body = encode(msgspec.structs.replace(answer, metadata=own))
    if len(body) <= MAX_BODY_BYTES:
        return body
    bare = msgspec.structs.replace(answer, reason="", metadata={**own, "reason": ""})
    reason = cut(answer.reason, (MAX_BODY_BYTES - len(encode(bare))) // 2)
    return encode(msgspec.structs.replace(answer, reason=reason, metadata={**own, "reason": reason}))
