"""The evaluator of this package's own: the judging core, with the built-in metrics or the user's rubrics."""

import os
from collections.abc import Iterable, Mapping

from spanjudge.evaluators.evaluator import Evaluator
from spanjudge.evaluators.problem import nearest
from spanjudge.in_process.evaluator import Evaluation
from spanjudge.in_process.invocation import Invocation
from spanjudge.in_process.judged_evaluator import JudgedEvaluator
from spanjudge.in_process.metrics import labelled
from spanjudge.in_process.opened_judge import JudgeSource, OpenedJudge, tell_once
from spanjudge.in_process.settings.variables import DEEPEVAL_MODE
from spanjudge.judging.call import Observer
from spanjudge.judging.judge import Judge
from spanjudge.telemetry.judge_traces import judging

_MODES = {"batched": True, "non-batched": False, "non_batched": False}


class NativeEvaluator(JudgedEvaluator):
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
        opened = OpenedJudge(judge, batched=_batched() if batched is None else batched, observer=observer)
        super().__init__(
            metrics,
            invocation_type=invocation_type,
            options=options,
            custom_rubrics=custom_rubrics,
            judge=opened,
            timeout=timeout,
        )

    async def judged(self, judge: Judge, invocation: Invocation, asked: list[Evaluator]) -> list[Evaluation]:
        """See `JudgedEvaluator`."""
        with judging(invocation.target):
            outcomes = await judge.judge(invocation.subject, asked, timeout=self._timeout)
        return [labelled(evaluator, one) for evaluator, one in zip(asked, outcomes, strict=True)]


def _batched() -> bool | None:
    """What the environment says; `None` leaves it to the judge model's traits."""
    given = os.environ.get(DEEPEVAL_MODE, "").strip().lower()
    if given and given not in _MODES:
        tell_once(
            f"{DEEPEVAL_MODE}={given!r} is no mode; {nearest(given, ['batched', 'non-batched'])} "
            "Until then: batched"
        )
    return False if _MODES.get(given) is False else None
