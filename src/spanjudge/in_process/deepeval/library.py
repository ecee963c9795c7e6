"""DeepEval itself: whether it is installed, and its import, which takes seconds and is kept quiet.

Left alone, an import of DeepEval makes a folder in the working directory, reads `.env` files into the
environment, asks the network for newer versions, and sends what is measured to its makers.
"""

import asyncio
import importlib
import logging
import os
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from typing import Any

import msgspec

from spanjudge.errors import MissingExtraError, SettingsError, SpanjudgeError

OLDEST = (4, 3)
"""Before 4.2 bias, toxicity and hallucination were scored in the other direction; 4.3 names an eval mode."""

_EXTRA = "deepeval"
_PATIENCE = 120.0
"""Seconds an evaluation waits for the import; after a fork in the middle of one it would never end."""

_LASTING = {"DEEPEVAL_TELEMETRY_OPT_OUT": "1", "DEEPEVAL_DISABLE_LEGACY_KEYFILE": "1"}
"""Read anew whenever DeepEval looks at its settings, so they stay, unless the user has set them."""

_MEANWHILE = {
    "DEEPEVAL_DISABLE_DOTENV": "1",
    "DEEPEVAL_GRPC_LOGGING": "1",  # else gRPC's variables are set, for the application's gRPC too
    "DEEPEVAL_UPDATE_WARNING_OPT_IN": "0",
}
"""Read during the import alone."""

_FLIPPED = ("BiasMetric", "HallucinationMetric", "ToxicityMetric")

_log = logging.getLogger(__name__)


class Library(msgspec.Struct, frozen=True):
    """What is used of DeepEval; its classes are of its own types, which nobody else needs to know.

    `unreported` begins a scope, to the end of the current context, whose measurements DeepEval's telemetry
    counts for nobody: without one it keeps a thread and an exit hook for them even when it is opted out.
    """

    metrics: Any
    test_case: Any
    parameters: Any
    rubric: Any
    base_model: Any
    unreported: Callable[[], object]


class NotImportedError(SpanjudgeError):
    """DeepEval is installed and cannot be imported; the message says why, as far as it holds no settings."""


def installed_version() -> str:
    """The version that is installed; nothing is imported. Raises `MissingExtraError` or `SettingsError`."""
    try:
        if find_spec("deepeval") is None:
            raise MissingExtraError("evaluation with DeepEval", _EXTRA)
        found = version("deepeval")
    except (PackageNotFoundError, ValueError):
        raise MissingExtraError("evaluation with DeepEval", _EXTRA) from None
    numbers = tuple(int(part) for part in found.split(".")[:2] if part.isdigit())
    if numbers < OLDEST:
        needed = ".".join(map(str, OLDEST))
        raise SettingsError(
            f"deepeval {found} is installed and at least {needed} is needed: "
            f"pip install --upgrade 'spanjudge[{_EXTRA}]'"
        )
    return found


async def library() -> Library:
    """DeepEval, imported in a thread at the first call of the process. Raises `NotImportedError`."""
    if _import.found is not None:
        return _import.found
    loop = asyncio.get_running_loop()
    under_way = _import.under_way.get(loop)
    if under_way is None:
        under_way = loop.create_task(asyncio.to_thread(_import.load))
        _import.under_way = {loop: under_way}
        under_way.add_done_callback(lambda task: task.cancelled() or task.exception())
    try:
        async with asyncio.timeout(_PATIENCE):
            # One evaluation that is cancelled does not stop the import for the others.
            return await asyncio.shield(under_way)
    except TimeoutError:
        raise NotImportedError(f"DeepEval could not be imported within {_PATIENCE:.0f} s") from None


class _Import:
    """The one import of a process."""

    def __init__(self) -> None:
        self.found: Library | None = None
        self.under_way: dict[asyncio.AbstractEventLoop, asyncio.Task[Library]] = {}
        self._error: NotImportedError | None = None
        self._lock = threading.Lock()

    def load(self) -> Library:
        """Import it, or wait for who does. What has failed once is not tried again."""
        with self._lock:
            if self._error is not None:
                raise self._error
            if self.found is None:
                try:
                    with _kept_quiet():
                        self.found = _modules()
                except Exception as error:  # noqa: BLE001  told once, and as a failure of each metric
                    # Only an import error is quoted: others may hold settings, and those may be secret.
                    why = f": {error}" if isinstance(error, ImportError) else ""
                    self._error = NotImportedError(
                        f"DeepEval could not be imported ({type(error).__name__}{why}); "
                        f"try: python -c 'import deepeval'"
                    )
                    _log.error("%s", self._error)
                    raise self._error from None
            return self.found


_import = _Import()


def _anew() -> None:
    """In a forked child nobody holds the lock any more, and nobody's task goes on."""
    global _import
    found, _import = _import.found, _Import()
    _import.found = found


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_anew)


@contextmanager
def _kept_quiet() -> Generator[None]:
    """Variables as the import needs them; afterwards as they were, but for those that last."""
    ours = {**_LASTING, **_MEANWHILE}
    before = {name: os.environ.get(name) for name in ours}
    os.environ.update(ours)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is not None:
                os.environ[name] = value
            elif name not in _LASTING:
                del os.environ[name]


def _modules() -> Library:
    metrics = importlib.import_module("deepeval.metrics")
    cases = importlib.import_module("deepeval.test_case")
    notices = importlib.import_module("deepeval.metrics.utils.metrics")
    # A notice for authors of thresholds, once per metric; with warnings as errors it would be a failure.
    getattr(notices, "_score_direction_warned", set[str]()).update(_FLIPPED)
    context = importlib.import_module("deepeval.telemetry.context")
    entrypoints = importlib.import_module("deepeval.telemetry.events").Entrypoint
    return Library(
        metrics=metrics,
        test_case=cases.LLMTestCase,
        parameters=cases.SingleTurnParams,
        rubric=importlib.import_module("deepeval.metrics.g_eval").Rubric,
        base_model=importlib.import_module("deepeval.models").DeepEvalBaseLLM,
        unreported=lambda: context.push_run(entrypoints.STANDALONE, ""),
    )
