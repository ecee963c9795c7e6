"""The evaluator that measures with the DeepEval library, and our judge behind it."""

import asyncio
import time
from collections.abc import Iterable, Mapping

import msgspec

from spanjudge.evaluators.evaluator import Evaluator
from spanjudge.in_process.deepeval import metrics as deepeval_metrics
from spanjudge.in_process.deepeval.case import Texts, texts_of
from spanjudge.in_process.deepeval.library import (
    Library,
    NotImportedError,
    installed_version,
    library,
)
from spanjudge.in_process.deepeval.model import Questions, judge_class
from spanjudge.in_process.evaluator import Evaluation
from spanjudge.in_process.invocation import Invocation
from spanjudge.in_process.judged_evaluator import JudgedEvaluator
from spanjudge.in_process.metrics import labelled
from spanjudge.in_process.opened_judge import JudgeSource, OpenedJudge
from spanjudge.judging import prechecks
from spanjudge.judging.answer import Reading
from spanjudge.judging.call import Observer, Trouble, internal
from spanjudge.judging.case import Case
from spanjudge.judging.fence import without_controls
from spanjudge.judging.judge import Judge
from spanjudge.telemetry.judge_traces import judging

_LONGEST_EXPLANATION = 4_000


class DeepevalEvaluator(JudgedEvaluator):
    """Measures each metric of an invocation on its own, all at the same time, with real DeepEval.

    Bias, toxicity, answer relevancy, hallucination and faithfulness are DeepEval's metrics of these names;
    sentiment and rubrics of the user's own are judged by its G-Eval. Scores, thresholds, labels and
    directions are those of the native evaluator, whatever DeepEval's own are.

    `metrics`: names, by default all built-in ones but `faithfulness`, and every custom one. `options` and
    `custom_rubrics` as `definitions` takes them; without `custom_rubrics` those of the environment.
    `invocation_type`: only invocations of this kind are evaluated. `judge`: by default the one of the
    environment, opened at the first invocation. `observer` is told of every judge call; `timeout` (seconds)
    is for all calls of an invocation, of which DeepEval makes one to four for a metric.

    DeepEval is imported at the first invocation, in the background. Raises `MissingExtraError` when it is
    not installed, and `SettingsError` when it is too old, and for metrics, options and rubrics that cannot
    be used.
    """

    name = "deepeval"

    def __init__(
        self,
        metrics: Iterable[str] | None = None,
        *,
        invocation_type: str | None = None,
        options: Mapping[str, object] | None = None,
        custom_rubrics: Mapping[str, object] | str | None = None,
        judge: JudgeSource | None = None,
        observer: Observer | None = None,
        timeout: float | None = None,
    ) -> None:
        """See the class."""
        self.library_version = installed_version()
        super().__init__(
            metrics,
            invocation_type=invocation_type,
            options=options,
            custom_rubrics=custom_rubrics,
            judge=OpenedJudge(judge, observer=observer),
            timeout=timeout,
        )
        for evaluator in self.definitions:
            deepeval_metrics.check(evaluator)

    async def outcomes(self, invocation: Invocation) -> list[Evaluation]:
        """See `InProcessEvaluator`."""
        return [self._signed(one) for one in await super().outcomes(invocation)]

    async def judged(self, judge: Judge, invocation: Invocation, asked: list[Evaluator]) -> list[Evaluation]:
        """See `JudgedEvaluator`."""
        cases = [Case(evaluator, time.monotonic()) for evaluator in asked]
        waiting = [case for case in cases if not prechecks.settle(case, invocation.subject)]
        if waiting:
            await self._settle(waiting, invocation, judge)
        return [labelled(case.evaluator, case.outcome) for case in cases if case.outcome is not None]

    def _signed(self, outcome: Evaluation) -> Evaluation:
        """The same definition gives other results with another library: its version is part of theirs."""
        version = f"{outcome.evaluator_version}-deepeval-{self.library_version}"
        return msgspec.structs.replace(outcome, evaluator_version=version, evaluator_name=self.name)

    async def _settle(self, cases: list[Case], invocation: Invocation, judge: Judge) -> None:
        """Settle every case; the time for it begins when DeepEval has been imported."""
        try:
            deepeval = await library()
            texts = texts_of(invocation.subject, judge.model.traits.max_subject_chars)
        except NotImportedError as error:
            _fail(cases, Trouble(code="internal", message=str(error)), judge)
            return
        except Exception as error:  # noqa: BLE001  a subject nobody thought of fails, and raises nothing
            _fail(cases, internal(error), judge)
            return
        deadline = float("inf") if self._timeout is None else time.monotonic() + self._timeout
        with judging(invocation.target):
            await asyncio.gather(*(_measure(case, deepeval, texts, judge, deadline) for case in cases))


async def _measure(case: Case, deepeval: Library, texts: Texts, judge: Judge, deadline: float) -> None:
    """Settle one case; its trouble is its own."""
    questions = Questions(judge.model, case, observer=judge.observer, deadline=deadline)
    try:
        measured = await deepeval_metrics.measure(
            deepeval, case.evaluator, texts, judge_class(deepeval.base_model)(questions)
        )
    except Exception as error:  # noqa: BLE001  whatever DeepEval makes of it, the others go on
        _fail([case], questions.trouble or internal(error), judge)
        return
    if measured is None:
        _fail(
            [case], Trouble(code="judge_answer_invalid", message="DeepEval gave no score in its range"), judge
        )
        return
    explanation = without_controls(measured.explanation)[:_LONGEST_EXPLANATION]
    case.answered(Reading(measured.score, explanation), texts.truncated, judge.model)


def _fail(cases: list[Case], trouble: Trouble, judge: Judge) -> None:
    for case in cases:
        case.failed(trouble, judge.model)
