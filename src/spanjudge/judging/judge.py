"""The judge: a subject and evaluators in, a result or a failure for each out."""

import copy
import time
from collections.abc import Sequence

import msgspec

from spanjudge.evaluators.evaluator import Evaluator
from spanjudge.judging import compose, fence, probabilities
from spanjudge.judging.call import JudgeCall, Observer, internal
from spanjudge.judging.case import Case
from spanjudge.judging.composed import Composed
from spanjudge.judging.judgement import Judgement, Manner
from spanjudge.judging.models.model import JudgeModel
from spanjudge.judging.questions import Questions
from spanjudge.judging.result import Outcome
from spanjudge.judging.subject import Subject


class Judge:
    """Judges subjects with one judge model. Safe to use from many tasks of one event loop.

    `fence_key` is the secret of the fences: give the same one to every process that shares a provider's
    prefix cache; without it each judge makes its own. `batch` overrules what the model's traits say about
    several criteria in one call. `observer` is told of every call.
    """

    def __init__(
        self,
        model: JudgeModel,
        *,
        fence_key: bytes | None = None,
        batch: bool | None = None,
        observer: Observer | None = None,
    ) -> None:
        """See the class."""
        self.model = model
        traits = model.traits
        composer, read = compose.question, probabilities.read
        if traits.small:
            # Imported here: small judges need files that a process with a remote judge never opens.
            from spanjudge.judging import small  # noqa: PLC0415  see above

            composer, read = small.composer(traits.calibration), small.read
        self._manner = Manner(
            model=model,
            fence_key=fence_key or fence.new_key(),
            batches=batch if batch is not None else traits.batches and not traits.small,
            questions=Questions(composer),
            read=read,
            observer=observer,
        )

    async def judge(
        self,
        subject: Subject,
        evaluators: Sequence[Evaluator],
        *,
        timeout: float | None = None,  # noqa: ASYNC109  what is not done by then is a failure, not an exception
    ) -> list[Outcome]:
        """A result or a failure for each evaluator, in their order.

        `timeout` (seconds) is for all of it. Never raises for trouble with the judge; a cancellation passes.
        """
        started = time.monotonic()
        cases = [Case(evaluator, started) for evaluator in evaluators]
        deadline = float("inf") if timeout is None else started + timeout
        try:
            await Judgement(self._manner, subject, deadline).settle(cases)
        except Exception as error:  # noqa: BLE001  our own fault is a failure with a code, like any other
            trouble = internal(error)
            for case in cases:
                case.failed(trouble, self.model)
        return [case.outcome for case in cases if case.outcome is not None]

    def prompts(
        self, subject: Subject, evaluators: Sequence[Evaluator], *, anyway: bool = False
    ) -> list[Composed]:
        """What would be asked, call by call; nobody is asked.

        Evaluators that would be settled without a model are in no call; with `anyway` they are.
        Raises `EvaluatorError` for a prompt that cannot be read.
        """
        cases = [Case(evaluator, time.monotonic()) for evaluator in evaluators]
        return Judgement(self._manner, subject, float("inf")).composed(cases, anyway=anyway)

    @property
    def batches(self) -> bool:
        """Whether several criteria may share a call."""
        return self._manner.batches

    def adapted(self, *, batch: bool | None = None, observer: Observer | None = None) -> "Judge":
        """The same judge with its own word on several criteria in one call, and with one observer more.

        Both share the judge model: closing one closes the other's.
        """
        own = self._manner
        manner = msgspec.structs.replace(
            own,
            batches=own.batches if batch is None else batch and not self.model.traits.small,
            observer=_both(own.observer, observer),
        )
        twin = copy.copy(self)
        twin._manner = manner  # noqa: SLF001  its own class
        return twin

    @property
    def observer(self) -> Observer | None:
        """Who is told of every call."""
        return self._manner.observer

    async def aclose(self) -> None:
        """Close the judge model."""
        await self.model.aclose()


def _both(first: Observer | None, second: Observer | None) -> Observer | None:
    if first is None or second is None:
        return first or second

    def tell(call: JudgeCall) -> None:
        try:
            first(call)
        finally:
            second(call)

    return tell
