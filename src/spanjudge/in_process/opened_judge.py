"""The judge of an evaluator here: given, or the one of the environment, opened when it is first needed."""

import asyncio
import contextlib
import logging
import os
from collections.abc import Callable
from functools import lru_cache
from typing import cast

from spanjudge.errors import SpanjudgeError
from spanjudge.evaluators.evaluator import Evaluator
from spanjudge.judging.call import Observer, internal
from spanjudge.judging.judge import Judge
from spanjudge.judging.models.model import JudgeModel
from spanjudge.judging.result import EvaluationFailure

_log = logging.getLogger(__name__)

JudgeSource = JudgeModel | Judge | Callable[[], JudgeModel]
"""A judge, its model, or what opens one."""


class OpenedJudge:
    """The judge, opened at first use, and anew on another event loop: connections belong to theirs."""

    def __init__(
        self, given: JudgeSource | None, *, batched: bool | None = None, observer: Observer | None = None
    ) -> None:
        """What was given stays its giver's; without anything it is the judge of the environment."""
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
        # One that was opened and not yet taken over, because who waits for it has not had its turn, is taken.
        if self._opening is None or _failed(self._opening):
            self._opening = loop.create_task(self._open())
            # When all who wait for it are cancelled, nobody else asks how it ended.
            self._opening.add_done_callback(lambda task: task.cancelled() or task.exception())
        # One invocation that is cancelled does not take the judge from the others.
        judge = await asyncio.shield(self._opening)
        self._judge = judge
        return judge

    def observe(self, observer: Observer) -> None:
        """Tell `observer` of every call, unless somebody is told already; from the next opening on."""
        if self._observer is None:
            self._observer = observer
            if self._factory is None:
                # What was given is only adapted anew, which costs nothing.
                self._judge = self._opening = None

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


def _failed(opening: "asyncio.Task[Judge]") -> bool:
    return opening.done() and (opening.cancelled() or opening.exception() is not None)


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


def no_judge(evaluator: Evaluator, error: Exception) -> EvaluationFailure:
    """What comes of a metric when the judge could not be opened, because of this error."""
    if isinstance(error, SpanjudgeError):
        tell_once(f"there is no judge: {error}")
        code, message = "judge_unavailable", str(error)
    else:
        trouble = internal(error)
        code, message = trouble.code, trouble.message
    return EvaluationFailure(
        evaluator=evaluator.name, evaluator_version=evaluator.version, code=code, message=message
    )


@lru_cache(maxsize=64)
def tell_once(problem: str) -> None:
    """Log once, however many invocations there are."""
    _log.error("%s", problem)
