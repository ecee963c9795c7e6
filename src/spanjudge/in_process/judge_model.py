"""The judge model of an application's environment, ready to be asked."""

import os
import threading
import time
from collections.abc import Callable, Mapping
from importlib.util import find_spec

from spanjudge.errors import MissingExtraError, SettingsError
from spanjudge.in_process.settings.judge_settings import JudgeSettings, judge_settings
from spanjudge.in_process.settings.options import log_problems
from spanjudge.judging.budget.budgeted_model import JUDGE, BudgetedModel
from spanjudge.judging.budget.ledger import Ledger, Limits
from spanjudge.judging.budget.tariff import tariff_of
from spanjudge.judging.models.model import JudgeModel, JudgeModelError, JudgeReply, JudgeRequest
from spanjudge.judging.models.registry import open_model
from spanjudge.judging.models.wrapped import WrappedModel


def judge_model(environ: Mapping[str, str] | None = None, *, concurrency: int | None = None) -> JudgeModel:
    """The judge model of the environment; what is wrong with its lesser settings is logged once.

    `concurrency`: so many calls at once, or more, unless `SPANJUDGE_JUDGE_CONCURRENCY` is set. No connection
    is opened. Raises `SettingsError`, which names the variable and the fix, and `MissingExtraError`.
    """
    settings = judge_settings(environ, concurrency=concurrency)
    log_problems(settings.problems)
    return opened(settings)


def opened(settings: JudgeSettings) -> JudgeModel:
    """The judge model of these settings. Raises as `judge_model` does."""
    if settings.config.provider == "embedded" and find_spec("xllamacpp") is None:
        raise MissingExtraError("the embedded judge", "embedded")
    try:
        model = open_model(settings.config)
        if settings.limits != Limits():
            model = _bounded(model, settings)
    except SettingsError as error:
        raise SettingsError(settings.said(str(error))) from None
    return NamedModel(model, settings) if settings.words else model


def _bounded(model: JudgeModel, settings: JudgeSettings) -> JudgeModel:
    try:
        ledger = Ledger(settings.limits, {}, {JUDGE: tariff_of(settings.config)}, time.time_ns)
    except SettingsError as error:
        # The ledger speaks of a settings file, and here is none.
        words = str(error)
        for way in ("input", "output"):
            words = words.replace(f"judge.price_{way}", f"SPANJUDGE_JUDGE_PRICE_{way.upper()}")
        raise SettingsError(words) from None
    return BudgetedModel(model, ledger) if ledger.watches(JUDGE) else model


class NamedModel(WrappedModel):
    """A judge model under the name the user gave its provider; its errors name the user's variables."""

    def __init__(self, inner: JudgeModel, settings: JudgeSettings) -> None:
        """See the class."""
        super().__init__(inner)
        self._provider = settings.provider
        self._said = settings.said

    @property
    def provider(self) -> str:
        """As the user calls it."""
        return self._provider

    async def answer(self, request: JudgeRequest) -> JudgeReply:
        """Answer one question; see `JudgeModel`."""
        try:
            return await self.inner.answer(request)
        except JudgeModelError as error:
            error.message = self._said(error.message)
            error.args = (error.message,)
            raise


class SharedModel:
    """Opens one judge model for all who ask for one, so that they share connections and limits.

    Called it gives the model; who got it closes it, and the last to do so closes it for good. After a fork
    another one is opened. Safe from any thread.
    """

    def __init__(self, open_one: Callable[[], JudgeModel]) -> None:
        """`open_one` may raise, and is called again the next time."""
        self._open_one = open_one
        self._lock = threading.Lock()
        self._process = os.getpid()
        self._model: JudgeModel | None = None
        self._users = 0

    def prepare(self) -> None:
        """Open it for the first who will ask, to see whether that can be done; raises what opening raises."""
        self._look_for_fork()
        with self._lock:
            if self._model is None:
                self._model = self._open_one()

    def __call__(self) -> JudgeModel:
        """The model; raises what opening raises."""
        self._look_for_fork()
        with self._lock:
            if self._model is None:
                self._model = self._open_one()
            self._users += 1
            return _Lent(self._model, self._given_back)

    def _look_for_fork(self) -> None:
        if self._process != os.getpid():
            # A new lock too: the old one may have been held while the process was copied.
            self._process, self._lock, self._model, self._users = os.getpid(), threading.Lock(), None, 0

    def _given_back(self, model: JudgeModel) -> bool:
        """Whether it is to be closed now."""
        with self._lock:
            if model is not self._model:
                return False
            self._users -= 1
            if self._users:
                return False
            self._model = None
            return True


class _Lent(WrappedModel):
    def __init__(self, inner: JudgeModel, give_back: Callable[[JudgeModel], bool]) -> None:
        super().__init__(inner)
        self._give_back: Callable[[JudgeModel], bool] | None = give_back

    async def aclose(self) -> None:
        give_back, self._give_back = self._give_back, None
        if give_back is not None and give_back(self.inner):
            await self.inner.aclose()
