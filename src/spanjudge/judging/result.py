"""What comes out of judging: a result with a verdict, a failure without one, or why nothing was asked."""

from typing import Any, Literal

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

Reason = Literal[
    "not_matched",
    "sampled_out",
    "missing_variable",
    "no_content",
    "same_call",
    "span_error",
    "draft",
    "paused",
    "budget",
    "own_telemetry",
]
"""Why something was not judged. Fixed words; they are decisions, never failures."""


class EvaluationError(msgspec.Struct, frozen=True):
    """What went wrong, in two words for programs (`type`, a failure code) and one sentence for people."""

    type: FailureCode
    message: str


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
    evaluator_name: str = "native"

    @property
    def metric_name(self) -> str:
        """The evaluator's name, in the words of in-process evaluation."""
        return self.evaluator

    @property
    def score(self) -> float | None:
        """`score_value`, in the words of in-process evaluation."""
        return self.score_value

    @property
    def label(self) -> str | None:
        """`score_label`, in the words of in-process evaluation."""
        return self.score_label

    @property
    def error(self) -> None:
        """A result has none."""
        return

    @property
    def cost(self) -> float | None:
        """`cost_usd`, in the words of in-process evaluation."""
        return self.cost_usd

    @property
    def attributes(self) -> dict[str, Any]:
        """Verdict, judge and tokens under the names that results are exported by."""
        found: dict[str, Any] = {"gen_ai.evaluation.evaluator.version": self.evaluator_version}
        if self.verdict is not None:
            found["gen_ai.evaluation.verdict"] = self.verdict
            found["gen_ai.evaluation.passed"] = self.verdict == "pass"
        return found | _spent(self)


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
    evaluator_name: str = "native"

    @property
    def metric_name(self) -> str:
        """The evaluator's name, in the words of in-process evaluation."""
        return self.evaluator

    @property
    def score(self) -> None:
        """A failure has none."""
        return

    @property
    def label(self) -> None:
        """A failure has none."""
        return

    @property
    def explanation(self) -> None:
        """A failure has none; `error` says what happened."""
        return

    @property
    def error(self) -> EvaluationError:
        """Code and message."""
        return EvaluationError(self.code, self.message)

    @property
    def cost(self) -> float | None:
        """`cost_usd`, in the words of in-process evaluation."""
        return self.cost_usd

    @property
    def attributes(self) -> dict[str, Any]:
        """Code, judge and tokens under the names that failures are exported by."""
        return {
            "gen_ai.evaluation.evaluator.version": self.evaluator_version,
            "gen_ai.evaluation.outcome": "error",
            "error.type": self.code,
        } | _spent(self)


class EvaluationSkipped(msgspec.Struct, frozen=True, kw_only=True):
    """Nobody was asked, and that is no failure: `message` says in plain words what was missing.

    It costs nothing and is not exported.
    """

    evaluator: str
    evaluator_version: str
    reason: Reason
    message: str
    evaluator_name: str = "native"
    duration: float = 0.0
    usage: None = None

    @property
    def metric_name(self) -> str:
        """The evaluator's name, in the words of in-process evaluation."""
        return self.evaluator

    @property
    def score(self) -> None:
        """There is none."""
        return

    @property
    def label(self) -> None:
        """There is none."""
        return

    @property
    def explanation(self) -> str:
        """Why it was skipped."""
        return self.message

    @property
    def error(self) -> None:
        """There is none: nothing went wrong."""
        return

    @property
    def cost(self) -> None:
        """There is none."""
        return

    @property
    def attributes(self) -> dict[str, Any]:
        """The reason."""
        return {"gen_ai.evaluation.skipped": self.reason}


Outcome = EvaluationResult | EvaluationFailure


def _spent(outcome: Outcome) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if outcome.judge_provider is not None:
        found["eval.model.provider"] = outcome.judge_provider
    if outcome.judge_model is not None:
        found["eval.model.name"] = outcome.judge_model
    if outcome.usage is not None:
        found["gen_ai.evaluation.usage.input_tokens"] = outcome.usage.input
        found["gen_ai.evaluation.usage.output_tokens"] = outcome.usage.output
    if outcome.cost_usd is not None:
        found["gen_ai.evaluation.cost.usd"] = outcome.cost_usd
    return found
