"""A judge that logs one line for each outcome."""

import logging
from collections.abc import Sequence

from spanjudge.evaluators.evaluator import Evaluator
from spanjudge.judging.judge import Judge
from spanjudge.judging.result import EvaluationFailure, EvaluationResult
from spanjudge.judging.subject import Subject

evaluations = logging.getLogger("spanjudge.evaluations")


class LoggedJudge(Judge):
    """A judge that logs one line for each outcome: who was asked, what came of it, never about what."""

    def __init__(self, inner: Judge) -> None:
        """`inner` judges."""
        self._inner = inner
        self.model = inner.model

    async def judge(
        self,
        subject: Subject,
        evaluators: Sequence[Evaluator],
        *,
        timeout: float | None = None,  # noqa: ASYNC109 - as `Judge`'s
    ) -> list[EvaluationResult | EvaluationFailure]:
        """See `Judge`."""
        outcomes = await self._inner.judge(subject, evaluators, timeout=timeout)
        for outcome in outcomes:
            _log(outcome)
        return outcomes

    async def aclose(self) -> None:
        """Close the inner judge."""
        await self._inner.aclose()


def _log(outcome: EvaluationResult | EvaluationFailure) -> None:
    failed = isinstance(outcome, EvaluationFailure)
    usage = outcome.usage
    evaluations.log(
        logging.WARNING if failed else logging.INFO,
        "not evaluated" if failed else "evaluated",
        extra={
            "scorer": outcome.evaluator,
            "code": outcome.code if failed else "OK",
            "verdict": None if failed else outcome.verdict,
            "judge_provider": outcome.judge_provider,
            "judge_model": outcome.judge_model,
            "elapsed_ms": round(outcome.duration * 1000),
            "calls": outcome.calls,
            "input_tokens": usage.input if usage else None,
            "output_tokens": usage.output if usage else None,
            "cost_usd": outcome.cost_usd,
        },
    )
