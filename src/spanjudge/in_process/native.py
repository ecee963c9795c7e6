"""The evaluator of this package's own: the judging core, with the built-in metrics or the user's rubrics."""

import os
from collections.abc import Iterable, Mapping

from spanjudge.evaluators.evaluator import Evaluator
from spanjudge.evaluators.problem import nearest
from spanjudge.in_process.evaluator import Evaluation, InProcessEvaluator
from spanjudge.in_process.invocation import Invocation, Kind
from spanjudge.in_process.metrics import definitions, kind_of, labelled, rubrics_from_environment, unfit
from spanjudge.in_process.opened_judge import JudgeSource, OpenedJudge, no_judge, tell_once
from spanjudge.judging.call import Observer
from spanjudge.telemetry.judge_traces import judging

MODE = "OTEL_INSTRUMENTATION_GENAI_EVALS_DEEPEVAL_MODE"
"""The variable that says whether metrics share a judge call: `batched` or `non-batched`."""

_MODES = {"batched": True, "non-batched": False, "non_batched": False}


class NativeEvaluator(InProcessEvaluator):
    """Judges the metrics of an invocation in one call of the judge model, or each in a call of its own.

    `metrics`: names, by default all built-in ones but `faithfulness`, and every custom one. `options` and
    `custom_rubrics` as `definitions` takes them; without `custom_rubrics` those of the environment.
    `invocation_type`: only invocations of this kind are evaluated. `batched`: one call for all metrics, or
    one for each, all at the same time; by default as the environment says, else one for all, where the
    judge model's traits have nothing against it. `judge`: by default the one of the environment, opened at
    the first invocation. `observer` is told of every judge call; `timeout` (seconds) is for all calls of
    an invocation.

    Raises `SettingsError` for metrics, options and rubrics that cannot be used.
    """

    name = "native"

    def __init__(
        self,
        metrics: Iterable[str] | None = None,
        *,
        invocation_type: str | None = None,
        options: Mapping[str, object] | None = None,
        custom_rubrics: Mapping[str, object] | str | None = None,
        batched: bool | None = None,
        judge: JudgeSource | None = None,
        observer: Observer | None = None,
        timeout: float | None = None,
    ) -> None:
        """See the class."""
        if custom_rubrics is None:
            custom_rubrics = rubrics_from_environment()
        self.definitions: tuple[Evaluator, ...] = tuple(definitions(metrics, options, custom_rubrics))
        self.metrics = tuple(evaluator.name for evaluator in self.definitions)
        self._kind: Kind | None = kind_of(invocation_type)
        self._judge = OpenedJudge(
            judge, batched=_batched() if batched is None else batched, observer=observer
        )
        self._timeout = timeout

    async def outcomes(self, invocation: Invocation) -> list[Evaluation]:
        """See `InProcessEvaluator`."""
        found: list[Evaluation | None] = [
            unfit(evaluator, invocation, kind=self._kind) for evaluator in self.definitions
        ]
        asked = [e for e, skip in zip(self.definitions, found, strict=True) if skip is None]
        if asked:
            answers = iter(await self._judged(invocation, asked))
            found = [one if one is not None else next(answers) for one in found]
        return [one for one in found if one is not None]

    def observe(self, observer: Observer) -> None:
        """See `InProcessEvaluator`."""
        self._judge.observe(observer)

    async def aclose(self) -> None:
        """Close the judge model, if it was opened here."""
        await self._judge.aclose()

    async def _judged(self, invocation: Invocation, asked: list[Evaluator]) -> list[Evaluation]:
        try:
            judge = await self._judge.open()
        except Exception as error:  # noqa: BLE001  no judge is no reason to fail the application
            return [no_judge(evaluator, error) for evaluator in asked]
        with judging(invocation.target):
            outcomes = await judge.judge(invocation.subject, asked, timeout=self._timeout)
        return [labelled(evaluator, one) for evaluator, one in zip(asked, outcomes, strict=True)]


def _batched() -> bool | None:
    """What the environment says; `None` leaves it to the judge model's traits."""
    given = os.environ.get(MODE, "").strip().lower()
    if given and given not in _MODES:
        tell_once(
            f"{MODE}={given!r} is no mode; {nearest(given, ['batched', 'non-batched'])} Until then: batched"
        )
    return False if _MODES.get(given) is False else None
