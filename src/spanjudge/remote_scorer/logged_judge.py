"""A judge that logs one line for each outcome."""

from collections.abc import Sequence

from spanjudge.evaluators.evaluator import Evaluator
from spanjudge.judging.judge import Judge
from spanjudge.judging.result import EvaluationFailure, EvaluationResult
from spanjudge.judging.subject import Subject
from spanjudge.telemetry import outcome_log


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
            outcome_log.log(outcome, {"scorer": outcome.evaluator})
        return outcomes

    async def aclose(self) -> None:
        """Close the inner judge."""
        await self._inner.aclose()
