"""What comes out of judging: a result with a verdict, or a failure without one."""

from typing import Literal

import msgspec

from spanjudge.judging.usage import Usage

Verdict = Literal["pass", "fail"]

FailureCode = Literal[
    "missing_input",
    "input_too_long",
    "judge_timeout",
    "judge_unavailable",
    "judge_key_refused",
    "judge_no_credit",
    "judge_model_unknown",
    "judge_rate_limited",
    "judge_refused",
    "judge_answer_invalid",
    "judge_answer_cut",
    "budget_exhausted",
    "internal",
]
"""Why there is no verdict. Fixed: clients and exports rely on the words."""


class EvaluationResult(msgspec.Struct, frozen=True, kw_only=True):
    """One evaluator's judgement of one subject.

    `value` is the raw answer in the evaluator's own type (label, boolean or number). `score_value` is
    its number where it has one (score: the number; boolean: 1.0 or 0.0; category: none) and
    `score_label` its label (category: the label; boolean and score: the evaluator's own words for pass
    and fail when it has them). `verdict` is `None` when the evaluator has no acceptance criteria.
    `confidence` (0 to 1) comes from label probabilities and is `None` where the judge gives none.
    `truncated` names the subject's fields that were cut before the judge saw them. `duration` is in
    seconds. `usage` and `cost_usd` are this result's share of the calls it took; `None` is unknown.
    """

    evaluator: str
    evaluator_version: str
    value: bool | str | float
    score_value: float | None = None
    score_label: str | None = None
    verdict: Verdict | None = None
    explanation: str | None = None
    confidence: float | None = None
    judge_provider: str | None = None
    judge_model: str | None = None
    usage: Usage | None = None
    cost_usd: float | None = None
    duration: float = 0.0
    truncated: tuple[str, ...] = ()
    calls: int = 0


class EvaluationFailure(msgspec.Struct, frozen=True, kw_only=True):
    """No verdict was reached. Never a score, never a pass, never a fail.

    `retryable` tells whether the same question may succeed later; `retry_after` (seconds) when the
    provider said when. Usage and cost are what was spent all the same.
    """

    evaluator: str
    evaluator_version: str
    code: FailureCode
    message: str
    retryable: bool = False
    retry_after: float | None = None
    judge_provider: str | None = None
    judge_model: str | None = None
    usage: Usage | None = None
    cost_usd: float | None = None
    duration: float = 0.0
    calls: int = 0


Outcome = EvaluationResult | EvaluationFailure
