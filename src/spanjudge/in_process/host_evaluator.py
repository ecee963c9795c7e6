"""An evaluator as the host of the GenAI utilities runs it, on our judging core."""

import logging
import os
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from spanjudge.errors import SettingsError
from spanjudge.evaluators.problem import nearest
from spanjudge.in_process.background import background
from spanjudge.in_process.evaluator import InProcessEvaluator
from spanjudge.in_process.host_results import HostResults
from spanjudge.in_process.metrics import definitions, rubrics_from_environment
from spanjudge.in_process.native import NativeEvaluator
from spanjudge.in_process.reading import invocation_of
from spanjudge.judging.call import Observer
from spanjudge.telemetry.monitoring import Monitoring

IMPLEMENTATION = "OTEL_INSTRUMENTATION_GENAI_EVALS_DEEPEVAL_IMPLEMENTATION"
"""The variable that says what `deepeval` runs: `deepeval` or `native`."""

MONITORING = "OTEL_INSTRUMENTATION_GENAI_EVALS_MONITORING"
"""The variable that turns monitoring metrics on."""

_TRUE = frozenset({"1", "true", "yes", "on"})

_log = logging.getLogger(__name__)


class _Evaluators(Protocol):
    """The class of an evaluator."""

    def __call__(
        self,
        metrics: Sequence[str] | None = None,
        *,
        invocation_type: str | None = None,
        options: Mapping[str, object] | None = None,
        observer: Observer | None = None,
    ) -> InProcessEvaluator: ...


class HostEvaluator:
    """What the host calls: `evaluate` from its worker threads, `evaluate_async` from event loops of its own.

    Judge calls run on the background loop, however many threads or loops wait for them. Both return the
    host's own `EvaluationResult` objects; see `HostResults` for which. A judge that fails is a result with
    an error. They raise `TypeError` for what is no invocation, which the host logs.
    """

    def __init__(
        self,
        evaluator: InProcessEvaluator,
        *,
        invocation_type: str | None = None,
        options: Mapping[str, object] | None = None,
    ) -> None:
        """`options` by metric, as they were given."""
        self.metrics: Sequence[str] = tuple(evaluator.metrics)
        self.options: Mapping[str, object] = dict(options or {})
        self.invocation_type = invocation_type
        self._evaluator = evaluator
        self._results = HostResults()

    def evaluate(self, item: object) -> list[Any]:
        """Evaluate one of the host's invocations and wait for it."""
        invocation = invocation_of(item)
        evaluations = background().run(self._evaluator.outcomes(invocation))
        return self._results.of(item, invocation, evaluations)

    async def evaluate_async(self, item: object) -> list[Any]:
        """Evaluate one of the host's invocations from any event loop."""
        invocation = invocation_of(item)
        evaluations = await background().wait(self._evaluator.outcomes(invocation))
        return self._results.of(item, invocation, evaluations)


def host_evaluator(
    name: str,
    metrics: Sequence[str] | None,
    *,
    invocation_type: str | None = None,
    options: Mapping[str, object] | None = None,
) -> HostEvaluator:
    """The evaluator of an entry point: of those metrics that can be used; the others are logged.

    Raises `SettingsError` when none is left.
    """
    implementation = _implementation(name)
    where = f"{name}({invocation_type})" if invocation_type else name
    try:
        usable, chosen = _usable(where, metrics or (), options or {})
        evaluator = _class_of(implementation)(
            usable or None,
            invocation_type=invocation_type,
            options=chosen,
            observer=_observer(implementation),
        )
    except SettingsError as error:
        _log.error("%s evaluates nothing: %s", where, error)
        raise
    return HostEvaluator(evaluator, invocation_type=invocation_type, options=chosen)


def _usable(
    where: str, metrics: Sequence[str], options: Mapping[str, object]
) -> tuple[list[str], dict[str, object]]:
    """The metrics that can be used, with their options; each of the others costs a line of the log.

    Raises `SettingsError` when metrics were named and none can be used.
    """
    custom = rubrics_from_environment()
    usable: list[str] = []
    chosen: dict[str, object] = {}
    problem: SettingsError | None = None
    for metric in metrics:
        given = {metric: options[metric]} if metric in options else {}
        try:
            definitions([metric], given, custom)
        except SettingsError as error:
            _log.error("%s goes without %s: %s", where, metric, error)
            problem = error
            continue
        usable.append(metric)
        chosen |= given
    if problem is not None and not usable:
        raise SettingsError(f"none of its metrics can be used; the last one: {problem}")
    return usable, chosen if metrics else dict(options)


def _implementation(name: str) -> str:
    """What an entry point runs."""
    given = os.environ.get(IMPLEMENTATION, "").strip().lower()
    if name == "deepeval" and given == "native":
        return "native"
    if name == "deepeval" and given not in ("", "deepeval"):
        fix = nearest(given, ["deepeval", "native"])
        _log.error("%s=%r is no implementation; %s Until then: deepeval", IMPLEMENTATION, given, fix)
    return name


def _class_of(implementation: str) -> "_Evaluators":
    if implementation == "deepeval":
        from spanjudge.in_process.deepeval import DeepevalEvaluator  # noqa: PLC0415  only where it is asked for

        return DeepevalEvaluator
    return NativeEvaluator


def _observer(implementation: str) -> Observer | None:
    """Tokens of judge calls, when monitoring is on.

    Durations and costs the host records itself, from its results, under the same names.
    """
    if os.environ.get(MONITORING, "").strip().lower() not in _TRUE:
        return None
    return Monitoring(evaluator_name=implementation, durations=False).observe
