"""Evaluations as the results of the host of the GenAI utilities, and what its emitters make of them.

The host's emitters know five metrics. They drop every other name, custom metrics among them, and export what
sounds like one of the five under its name: `faithfulness`, where higher is better, as `hallucination`, where
lower is. So each result takes the way on which it arrives once and under its own name:

- what the host exports under its own name it gets, and exports itself (`answer_relevancy` it calls
  `relevance`, as it does everybody's);
- what it drops it gets too, for other emitters that are plugged into it, and we export it ourselves, as the
  `gen_ai.evaluation.result` event and the `gen_ai.evaluation.score` histogram that every door has;
- what it would export under another metric's name it does not get: we export it ourselves.

Our own exports go to where the host's go, with the ids of the judged span. A failure is a result with an
error and neither score nor label. What was skipped is no result: the host would export it as one with an
unknown label. It is logged for those who look for it.
"""

import dataclasses
import importlib
import logging
import sys
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, NamedTuple, cast

from opentelemetry._logs import Logger, LoggerProvider
from opentelemetry.metrics import MeterProvider

from spanjudge.in_process.emitters import ResultEmitter, announce
from spanjudge.in_process.evaluator import Evaluation
from spanjudge.in_process.host.plain_values import held
from spanjudge.in_process.invocation import Invocation
from spanjudge.judging.result import EvaluationFailure, EvaluationSkipped, FailureCode, Outcome

_TYPES = "opentelemetry.util.genai.types"
_EMITTERS = "opentelemetry.util.genai.emitters.evaluation"
_NAMING = "_canonicalize_metric_name"
_KNOWN = {
    **{name: name for name in ("bias", "toxicity", "sentiment", "hallucination", "relevance")},
    "answer_relevancy": "relevance",
    "answer_relevance": "relevance",
}
"""Metrics that the host exports, and the names it has for them."""

Naming = Callable[[str], str | None]
"""Under which name the host's emitters export a metric; `None` for those they drop."""

_log = logging.getLogger(__name__)


class JudgeFailure(Exception):  # noqa: N818  its subclasses are named by failure codes
    """Why there is no verdict. Each failure code is a class of this kind, as the host wants a class."""


class HostResults:
    """Turns evaluations into the host's results, and exports those that it would lose."""

    def __init__(self) -> None:
        """Where exports go is taken from the invocation's own telemetry handler, each time."""
        self._kept: tuple[object, object, ResultEmitter] = (None, None, ResultEmitter())

    def of(self, item: object, invocation: Invocation, evaluations: Sequence[Evaluation]) -> list[Any]:
        """The results that the host gets of one of its invocations, in their order."""
        theirs: list[Outcome] = []
        ours: list[Evaluation] = []
        only_theirs: list[Evaluation] = []
        naming = host_naming()
        for evaluation in evaluations:
            if isinstance(evaluation, EvaluationSkipped):
                _log.debug("%s was not judged: %s", evaluation.metric_name, evaluation.message)
                only_theirs.append(evaluation)
                continue
            way = way_of(evaluation.metric_name, naming)
            if way.given:
                theirs.append(evaluation)
            (only_theirs if way.exported else ours).append(evaluation)
        if ours:
            self._emitter_of(item).emit(invocation, ours)
        announce(invocation, only_theirs)
        types = _types_of(item)
        return [_host_result(types, outcome) for outcome in theirs]

    def _emitter_of(self, item: object) -> ResultEmitter:
        """The emitter for where the host's own results go."""
        handler = held(item, "_handler")
        logger: object = held(handler, "_content_logger")
        meters: object = held(handler, "_meter_provider")
        if not isinstance(logger, Logger) or type(logger).__name__ == "ProxyLogger":
            # A stand-in for the process's own provider: that one may be set by now.
            logger = None
        kept = self._kept
        if kept[0] is not logger or kept[1] is not meters:
            emitter = ResultEmitter(
                logger_provider=_OneLogger(logger) if logger is not None else None,
                meter_provider=cast("MeterProvider | None", meters),
            )
            kept = self._kept = (logger, meters, emitter)
        return kept[2]


class _OneLogger(LoggerProvider):
    """A provider of one logger, which the host has and whose provider it keeps to itself."""

    def __init__(self, logger: Logger) -> None:
        self._logger = logger

    def get_logger(self, name: str, *_: Any, **__: Any) -> Logger:  # noqa: ARG002  there is but one
        """That logger, whatever the name."""
        return self._logger


class Way(NamedTuple):
    """Whether the host is given a metric's results, and whether it exports them under their own name."""

    given: bool
    exported: bool


def way_of(metric: str, naming: Naming | None) -> Way:
    """The way of a metric's results; see above. `naming` is the host's, if it can be asked."""
    called = naming(metric) if naming is not None else _KNOWN.get(metric)
    if called is not None:
        exported = called in (metric, _KNOWN.get(metric))
        return Way(given=exported, exported=exported)
    # A host that cannot be asked may have a name for it all the same.
    return Way(given=naming is not None, exported=False)


@lru_cache(maxsize=1)
def host_naming() -> Naming | None:
    """The host's own way to name metrics: better asked than repeated. `None` where there is none."""
    try:
        found = getattr(importlib.import_module(_EMITTERS), _NAMING, None)
    except ImportError:
        return None
    return cast("Naming", found) if callable(found) else None


def _types_of(item: object) -> Any:
    """The module with the host's result types: the one of the invocation's class."""
    for base in type(item).__mro__:
        module = sys.modules.get(base.__module__)
        if hasattr(module, "EvaluationResult") and hasattr(module, "Error"):
            return module
    return importlib.import_module(_TYPES)


def _host_result(types: Any, outcome: Outcome) -> Any:
    error = None
    if isinstance(outcome, EvaluationFailure):
        error = types.Error(message=outcome.message, type=failure_type(outcome.code))
    fields: dict[str, Any] = {
        "metric_name": outcome.metric_name,
        "score": outcome.score,
        "label": outcome.label,
        "explanation": outcome.explanation,
        "error": error,
        "attributes": outcome.attributes,
        "duration_s": outcome.duration,
        "evaluator_name": outcome.evaluator_name,
        "evaluation_cost": outcome.cost,
    }
    # Older hosts know fewer fields.
    known = {field.name for field in dataclasses.fields(types.EvaluationResult)}
    return types.EvaluationResult(**{name: value for name, value in fields.items() if name in known})


@lru_cache(maxsize=64)
def failure_type(code: FailureCode) -> type[JudgeFailure]:
    """The class whose name, which the host exports as `error.type`, is the failure code."""
    return type(code, (JudgeFailure,), {"__doc__": f"The failure {code}."})
