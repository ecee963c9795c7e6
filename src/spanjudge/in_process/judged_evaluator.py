"""What evaluators that ask a judge model have in common, whoever composes their questions."""

from abc import abstractmethod
from collections.abc import Iterable, Mapping

from spanjudge.evaluators.evaluator import Evaluator
from spanjudge.in_process.evaluator import Evaluation, InProcessEvaluator
from spanjudge.in_process.invocation import Invocation, Kind
from spanjudge.in_process.metrics import definitions, kind_of, rubrics_from_environment, unfit
from spanjudge.in_process.opened_judge import OpenedJudge, no_judge
from spanjudge.judging.call import Observer
from spanjudge.judging.judge import Judge


class JudgedEvaluator(InProcessEvaluator):
    """Metrics that a judge model measures. What an invocation lacks for one of them skips that one alone.

    `metrics`: names, by default all built-in ones but `faithfulness`, and every custom one. `options` and
    `custom_rubrics` as `definitions` takes them; without `custom_rubrics` those of the environment.
    `invocation_type`: only invocations of this kind are evaluated. `timeout` (seconds) is for all judge
    calls of an invocation.

    Raises `SettingsError` for metrics, options and rubrics that cannot be used.
    """

    def __init__(
        self,
        metrics: Iterable[str] | None,
        *,
        invocation_type: str | None,
        options: Mapping[str, object] | None,
        custom_rubrics: Mapping[str, object] | str | None,
        judge: OpenedJudge,
        timeout: float | None,
    ) -> None:
        """See the class."""
        if custom_rubrics is None:
            custom_rubrics = rubrics_from_environment()
        self.definitions: tuple[Evaluator, ...] = tuple(definitions(metrics, options, custom_rubrics))
        self.metrics = tuple(evaluator.name for evaluator in self.definitions)
        self._kind: Kind | None = kind_of(invocation_type)
        self._judge = judge
        self._timeout = timeout

    @abstractmethod
    async def judged(self, judge: Judge, invocation: Invocation, asked: list[Evaluator]) -> list[Evaluation]:
        """An evaluation for each that is asked, in their order; trouble with the judge is a failure."""

    async def outcomes(self, invocation: Invocation) -> list[Evaluation]:
        """See `InProcessEvaluator`."""
        found: list[Evaluation | None] = [
            unfit(evaluator, invocation, kind=self._kind) for evaluator in self.definitions
        ]
        asked = [e for e, skip in zip(self.definitions, found, strict=True) if skip is None]
        if asked:
            answers = iter(await self._answers(invocation, asked))
            found = [one if one is not None else next(answers) for one in found]
        return [one for one in found if one is not None]

    def observe(self, observer: Observer) -> None:
        """See `InProcessEvaluator`."""
        self._judge.observe(observer)

    async def aclose(self) -> None:
        """Close the judge model, if it was opened here."""
        await self._judge.aclose()

    async def _answers(self, invocation: Invocation, asked: list[Evaluator]) -> list[Evaluation]:
        try:
            judge = await self._judge.open()
        except Exception as error:  # noqa: BLE001  no judge is no reason to fail the application
            return [no_judge(evaluator, error) for evaluator in asked]
        return await self.judged(judge, invocation, asked)
