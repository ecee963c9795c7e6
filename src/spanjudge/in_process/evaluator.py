"""What every evaluator of this door can do, and what comes out of it."""

from abc import ABC, abstractmethod
from collections.abc import Sequence

from spanjudge.in_process.background.loop import background
from spanjudge.in_process.invocation import Invocation
from spanjudge.in_process.reading import invocation_of
from spanjudge.judging.call import Observer
from spanjudge.judging.result import EvaluationSkipped, Outcome

Evaluation = Outcome | EvaluationSkipped
"""A result, a failure, or why nobody was asked: one for each metric, in their order."""


class InProcessEvaluator(ABC):
    """Evaluates invocations: our own `Invocation` or `Span`, a `Subject`, or the host's objects."""

    name: str
    """`gen_ai.evaluation.evaluator.name` of what it does."""

    metrics: Sequence[str]
    """Names of its metrics, in the order of the evaluations."""

    @abstractmethod
    async def outcomes(self, invocation: Invocation) -> list[Evaluation]:
        """Evaluate on the background loop. Never raises for trouble with a judge; a cancellation passes."""

    def evaluate(self, invocation: object) -> list[Evaluation]:
        """Evaluate and wait for it; not from inside an event loop, which would stand still meanwhile.

        Raises `TypeError` when it is nothing that can be evaluated.
        """
        return background().run(self.outcomes(invocation_of(invocation)))

    async def evaluate_async(self, invocation: object) -> list[Evaluation]:
        """Evaluate from any event loop; the judge is called on the background loop all the same."""
        return await background().wait(self.outcomes(invocation_of(invocation)))

    def observe(self, observer: Observer) -> None:  # noqa: B027  most ask no judge
        """Have `observer` told of judge calls, unless one is already: the monitoring of who runs it."""

    async def aclose(self) -> None:  # noqa: B027  most have nothing to close
        """Give back connections; called on the background loop."""
