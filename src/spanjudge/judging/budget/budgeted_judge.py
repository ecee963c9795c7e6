"""A judge that stays within its budget."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from spanjudge.evaluators.evaluator import Evaluator
from spanjudge.judging.budget.estimate import expected_usage
from spanjudge.judging.budget.ledger import Ledger
from spanjudge.judging.composed import Composed
from spanjudge.judging.judge import Judge
from spanjudge.judging.prechecks import needs_model
from spanjudge.judging.result import EvaluationFailure, Outcome
from spanjudge.judging.subject import Subject
from spanjudge.judging.usage import Usage, UsageRow


class BudgetedJudge(Judge):
    """A judge in front of which a ledger stands: what does not fit a budget fails with `budget_exhausted`.

    `name` is the judge model's in the settings. `keeps_usage`: nobody else stores what was used (a door
    without jobs), so the ledger shall.
    """

    def __init__(
        self, inner: Judge, ledger: Ledger, name: str, now: Callable[[], int], *, keeps_usage: bool = False
    ) -> None:
        """See the class."""
        self._inner = inner
        self._ledger = ledger
        self._name = name
        self._now = now
        self._keeps_usage = keeps_usage
        self.model = inner.model

    async def judge(
        self,
        subject: Subject,
        evaluators: Sequence[Evaluator],
        *,
        timeout: float | None = None,  # noqa: ASYNC109 - as `Judge`'s
    ) -> list[Outcome]:
        """See `Judge`."""
        if not self._ledger.watches(self._name):
            outcomes = await self._inner.judge(subject, evaluators, timeout=timeout)
        else:
            outcomes = await self._within_budget(subject, evaluators, timeout)
        if self._keeps_usage:
            self._keep(outcomes)
        return outcomes

    def prompts(
        self, subject: Subject, evaluators: Sequence[Evaluator], *, anyway: bool = False
    ) -> list[Composed]:
        """See `Judge`."""
        return self._inner.prompts(subject, evaluators, anyway=anyway)

    @property
    def batches(self) -> bool:
        """See `Judge`."""
        return self._inner.batches

    async def aclose(self) -> None:
        """Close the inner judge."""
        await self._inner.aclose()

    async def _within_budget(
        self, subject: Subject, evaluators: Sequence[Evaluator], seconds: float | None
    ) -> list[Outcome]:
        # What is certain without a model costs nothing, and is answered whatever is left of the budget.
        paid = [evaluator for evaluator in evaluators if needs_model(evaluator, subject)]
        expected = expected_usage(subject, paid, self.model.traits)
        reservation, refused = await self._ledger.reserve(self._name, expected)
        outcomes: list[Outcome] = []
        try:
            wanted = [evaluator for evaluator in evaluators if evaluator.name not in refused]
            if wanted:
                outcomes = await self._inner.judge(subject, wanted, timeout=seconds)
        finally:
            used = {outcome.evaluator: (outcome.usage, outcome.cost_usd) for outcome in outcomes}
            self._ledger.settle(reservation, used)
        by_name = {outcome.evaluator: outcome for outcome in outcomes}
        return [
            by_name[evaluator.name]
            if evaluator.name in by_name
            else self._refusal(evaluator, refused[evaluator.name])
            for evaluator in evaluators
        ]

    def _refusal(self, evaluator: Evaluator, words: str) -> EvaluationFailure:
        return EvaluationFailure(
            evaluator=evaluator.name,
            evaluator_version=evaluator.version,
            code="budget_exhausted",
            message=words,
            judge_provider=self.model.provider,
            judge_model=self.model.model,
        )

    def _keep(self, outcomes: Sequence[Outcome]) -> None:
        for outcome in outcomes:
            if outcome.calls:
                self._ledger.keep(usage_row(outcome, self._now()))


def usage_row(outcome: Outcome, now_ns: int) -> UsageRow:
    """What an outcome took, for the books."""
    failed = isinstance(outcome, EvaluationFailure)
    return UsageRow(
        day=datetime.fromtimestamp(now_ns / 1e9, UTC).strftime("%Y-%m-%d"),
        evaluator=outcome.evaluator,
        provider=outcome.judge_provider or "",
        model=outcome.judge_model or "",
        usage=outcome.usage or Usage(input=0, output=0),
        cost_usd=outcome.cost_usd or 0.0,
        calls=outcome.calls,
        results=not failed,
        failures=failed,
    )
