"""One evaluator of one judgement under way: what it cost so far, and how it ends."""

import time

from spanjudge.evaluators.answer_format import Category
from spanjudge.evaluators.evaluator import Evaluator
from spanjudge.judging.answer import Reading
from spanjudge.judging.call import Trouble
from spanjudge.judging.form import Value
from spanjudge.judging.models.model import JudgeModel, JudgeReply
from spanjudge.judging.result import EvaluationFailure, EvaluationResult, Outcome
from spanjudge.judging.usage import Usage, total


class Case:
    """An evaluator and its share of the calls it took part in. Settled once, by a result or a failure."""

    __slots__ = ("calls", "cost", "evaluator", "model", "outcome", "started", "usage")

    def __init__(self, evaluator: Evaluator, started: float) -> None:
        """`started` is a `time.monotonic()` moment."""
        self.evaluator = evaluator
        self.started = started
        self.outcome: Outcome | None = None
        self.usage: Usage | None = None
        self.cost: float | None = None
        self.model: str | None = None
        self.calls = 0

    def decided(self, value: Value, explanation: str) -> None:
        """Settle without a judge."""
        self.outcome = self._result(value, explanation, None, (), None)

    def missing(self, message: str) -> None:
        """Settle because the subject lacks what the evaluator needs; no judge was asked."""
        self.outcome = EvaluationFailure(
            evaluator=self.evaluator.name,
            evaluator_version=self.evaluator.version,
            code="missing_input",
            message=message,
            duration=time.monotonic() - self.started,
        )

    def answered(self, reading: Reading, truncated: tuple[str, ...], model: JudgeModel) -> None:
        """Settle by the judge's answer."""
        explanation = f"{reading.explanation} {reading.note}".strip() if reading.note else reading.explanation
        self.outcome = self._result(reading.value, explanation, reading.confidence, truncated, model)

    def failed(self, trouble: Trouble, model: JudgeModel) -> None:
        """Settle without a verdict."""
        self.outcome = EvaluationFailure(
            evaluator=self.evaluator.name,
            evaluator_version=self.evaluator.version,
            code=trouble.code,
            message=trouble.message,
            retryable=trouble.retryable,
            retry_after=trouble.retry_after,
            judge_provider=model.provider,
            judge_model=trouble.model or self.model or model.model,
            usage=self.usage,
            cost_usd=self.cost,
            duration=time.monotonic() - self.started,
            calls=self.calls,
        )

    def _result(
        self,
        value: Value,
        explanation: str,
        confidence: float | None,
        truncated: tuple[str, ...],
        model: JudgeModel | None,
    ) -> EvaluationResult:
        evaluator = self.evaluator
        verdict = evaluator.acceptance.verdict(value) if evaluator.acceptance else None
        words = evaluator.labels
        if isinstance(evaluator.answer, Category):
            label: str | None = str(value)
        elif words and verdict:
            label = words.pass_ if verdict == "pass" else words.fail
        else:
            label = None
        return EvaluationResult(
            evaluator=evaluator.name,
            evaluator_version=evaluator.version,
            value=value,
            score_value=None if isinstance(value, str) else float(value),
            score_label=label,
            verdict=verdict,
            explanation=explanation or None,
            confidence=confidence,
            judge_provider=model.provider if model else None,
            judge_model=self.model or (model.model if model else None),
            usage=self.usage,
            cost_usd=self.cost,
            duration=time.monotonic() - self.started,
            truncated=truncated,
            calls=self.calls,
        )


def spend(cases: list[Case], answer: JudgeReply | Trouble) -> None:
    """Divide what a call took among the evaluators it was for; the shares add up to the whole."""
    count = len(cases)
    part = None if answer.cost_usd is None else answer.cost_usd / count
    shares = None if answer.usage is None else answer.usage.shares(count)
    for index, case in enumerate(cases):
        case.calls += 1
        case.model = answer.model or case.model
        if shares is not None:
            case.usage = shares[index] if case.usage is None else total(case.usage, shares[index])
        if part is not None and answer.cost_usd is not None:
            share = part if index < count - 1 else answer.cost_usd - part * (count - 1)
            case.cost = (case.cost or 0.0) + share
