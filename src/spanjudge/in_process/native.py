"""The evaluator of this package's own: the judging core, with the built-in metrics or the user's rubrics."""

import asyncio
import contextlib
import logging
import os
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import cast, get_args

from spanjudge.errors import SettingsError, SpanjudgeError
from spanjudge.evaluators.evaluator import Evaluator
from spanjudge.evaluators.problem import nearest
from spanjudge.in_process.evaluator import Evaluation, InProcessEvaluator
from spanjudge.in_process.invocation import Invocation, Kind
from spanjudge.in_process.metrics import definitions, labelled, rubrics_from_environment, skipped, unfit
from spanjudge.judging.call import Observer, internal
from spanjudge.judging.judge import Judge
from spanjudge.judging.models.model import JudgeModel
from spanjudge.judging.result import EvaluationFailure, FailureCode
from spanjudge.judging.subject import Subject
from spanjudge.telemetry.judge_traces import judging

MODE = "OTEL_INSTRUMENTATION_GENAI_EVALS_DEEPEVAL_MODE"
"""The variable that says whether metrics share a judge call: `batched` or `non-batched`."""

_MODES = {"batched": True, "non-batched": False, "non_batched": False}

_log = logging.getLogger(__name__)

JudgeSource = JudgeModel | Judge | Callable[[], JudgeModel]
"""A judge, its model, or what opens one."""


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
        self._kind = kind_of(invocation_type)
        self._judge = _OpenedJudge(
            judge, batched=_batched() if batched is None else batched, observer=observer
        )
        self._timeout = timeout

    async def outcomes(self, invocation: Invocation) -> list[Evaluation]:
        """See `InProcessEvaluator`."""
        found: list[Evaluation | None] = [self._skip(evaluator, invocation) for evaluator in self.definitions]
        asked = [e for e, skip in zip(self.definitions, found, strict=True) if skip is None]
        if asked:
            answers = iter(await self._judged(invocation, asked))
            found = [one if one is not None else next(answers) for one in found]
        return [one for one in found if one is not None]

    async def aclose(self) -> None:
        """Close the judge model, if it was opened here."""
        await self._judge.aclose()

    def _skip(self, evaluator: Evaluator, invocation: Invocation) -> Evaluation | None:
        # A bare subject is of no kind.
        other = self._kind is not None and invocation.kind != self._kind
        if other and not isinstance(invocation.source, Subject):
            message = f"only {self._kind} is evaluated here, and this is {invocation.kind}"
            return skipped(evaluator, "not_matched", message)
        return unfit(evaluator, invocation)

    async def _judged(self, invocation: Invocation, asked: list[Evaluator]) -> list[Evaluation]:
        try:
            judge = await self._judge.open()
        except Exception as error:  # noqa: BLE001  no judge is no reason to fail the application
            code, message = _no_judge(error)
            return [
                EvaluationFailure(
                    evaluator=evaluator.name,
                    evaluator_version=evaluator.version,
                    code=code,
                    message=message,
                )
                for evaluator in asked
            ]
        with judging(invocation.target):
            outcomes = await judge.judge(invocation.subject, asked, timeout=self._timeout)
        return [labelled(evaluator, one) for evaluator, one in zip(asked, outcomes, strict=True)]


class _OpenedJudge:
    """The judge, opened at first use, and anew on another event loop: connections belong to theirs."""

    def __init__(self, given: JudgeSource | None, *, batched: bool | None, observer: Observer | None) -> None:
        self._factory = _factory_of(given)
        self._given = None if self._factory else cast("JudgeModel | Judge", given)
        self._batched = batched
        self._observer = observer
        self._loop: asyncio.AbstractEventLoop | None = None
        self._judge: Judge | None = None
        self._opening: asyncio.Task[Judge] | None = None

    async def open(self) -> Judge:
        """Raises what opening raises; the next call tries again."""
        loop = asyncio.get_running_loop()
        if self._loop is not loop:
            # After a fork, or when somebody evaluates on a loop of his own.
            self._loop, self._judge, self._opening = loop, None, None
        if self._judge is not None:
            return self._judge
        if self._opening is None or self._opening.done():
            self._opening = loop.create_task(self._open())
            # When all who wait for it are cancelled, nobody else asks how it ended.
            self._opening.add_done_callback(lambda task: task.cancelled() or task.exception())
        # One invocation that is cancelled does not take the judge from the others.
        judge = await asyncio.shield(self._opening)
        self._judge = judge
        return judge

    async def aclose(self) -> None:
        """Close what was opened here; a judge or model that was given is its giver's."""
        opening, judge = self._opening, self._judge
        self._judge = self._opening = None
        if judge is None and opening is not None and self._loop is asyncio.get_running_loop():
            with contextlib.suppress(Exception):
                judge = await opening
        if judge is not None and self._factory is not None:
            await judge.aclose()

    async def _open(self) -> Judge:
        given = self._given
        if given is None:
            # In a thread: a provider's library may take seconds to import.
            given = await asyncio.to_thread(self._factory or _model_of_environment)
        judge = given if isinstance(given, Judge) else Judge(given)
        return judge.adapted(batch=self._batched, observer=self._observer)


def kind_of(invocation_type: str | None) -> Kind | None:
    """The kind that a name means. Raises `SettingsError` with the nearest."""
    for kind in get_args(Kind):
        if invocation_type == kind:
            return kind
    if invocation_type is None:
        return None
    raise SettingsError(
        f"“{invocation_type}” is no type of invocation; {nearest(invocation_type, get_args(Kind))}"
    )


def _batched() -> bool | None:
    """What the environment says; `None` leaves it to the judge model's traits."""
    given = os.environ.get(MODE, "").strip().lower()
    if given and given not in _MODES:
        _tell(
            f"{MODE}={given!r} is no mode; {nearest(given, ['batched', 'non-batched'])} Until then: batched"
        )
    return False if _MODES.get(given) is False else None


def _factory_of(given: JudgeSource | None) -> Callable[[], JudgeModel] | None:
    """What opens the judge's model; `None` when it is there already."""
    if given is None:
        return _model_of_environment
    if isinstance(given, Judge) or hasattr(given, "answer"):
        return None
    return cast("Callable[[], JudgeModel]", given)


def _model_of_environment() -> JudgeModel:
    # Imported on use: most who give a judge need none of it.
    from spanjudge.in_process.judge_model import judge_model  # noqa: PLC0415  see above

    return judge_model(os.environ)


def _no_judge(error: Exception) -> tuple[FailureCode, str]:
    if isinstance(error, SpanjudgeError):
        _tell(f"there is no judge: {error}")
        return "judge_unavailable", str(error)
    trouble = internal(error)
    return trouble.code, trouble.message


@lru_cache(maxsize=64)
def _tell(problem: str) -> None:
    """Log once, however many invocations there are."""
    _log.error("%s", problem)
