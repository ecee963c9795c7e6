"""An evaluator as the host of the GenAI utilities runs it, on our judging core."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

import msgspec
from opentelemetry.metrics import MeterProvider

from spanjudge.errors import SettingsError
from spanjudge.in_process.background.loop import background
from spanjudge.in_process.evaluator import InProcessEvaluator
from spanjudge.in_process.host.exit import host_backlog
from spanjudge.in_process.host.plain_values import held
from spanjudge.in_process.host.results import HostResults
from spanjudge.in_process.invocation import Kind
from spanjudge.in_process.metrics import kind_of
from spanjudge.in_process.plan import DEFAULT_TYPES, evaluators_of
from spanjudge.in_process.reading import invocation_of
from spanjudge.in_process.settings import variables
from spanjudge.in_process.settings.options import Options, log_problems
from spanjudge.in_process.settings.spec import EvaluatorSpec, MetricSpec, Spec, TypeSpec
from spanjudge.judging.call import JudgeCall
from spanjudge.telemetry.monitoring import Monitoring


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
        options: Mapping[str, object] | None = None,
        tokens: "HostTokens | None" = None,
    ) -> None:
        """`options` by metric, as they were given; `tokens` observes the evaluator's judge calls."""
        self.metrics: Sequence[str] = tuple(evaluator.metrics)
        self.options: Mapping[str, object] = dict(options or {})
        self._evaluator = evaluator
        self._tokens = tokens
        self._results = HostResults()

    def evaluate(self, item: object) -> list[Any]:
        """Evaluate one of the host's invocations and wait for it."""
        invocation = invocation_of(item)
        if self._tokens is not None:
            self._tokens.go_to(item)
        evaluations = background().run(self._evaluator.outcomes(invocation))
        return self._results.of(item, invocation, evaluations)

    async def evaluate_async(self, item: object) -> list[Any]:
        """Evaluate one of the host's invocations from any event loop."""
        invocation = invocation_of(item)
        if self._tokens is not None:
            self._tokens.go_to(item)
        evaluations = await background().wait(self._evaluator.outcomes(invocation))
        return self._results.of(item, invocation, evaluations)


class HostTokens:
    """Counts the tokens of an evaluator's judge calls where the host counts.

    Durations and costs the host records itself, from its results, under the names that ours would have.
    """

    def __init__(self, evaluator_name: str) -> None:
        """Nothing is counted before the first invocation shows where the host does."""
        self._evaluator_name = evaluator_name
        self._kept: tuple[object, Monitoring] | None = None

    def go_to(self, item: object) -> None:
        """Count where the host of this invocation does."""
        meters: object = held(held(item, "_handler"), "_meter_provider")
        if self._kept is None or self._kept[0] is not meters:
            monitoring = Monitoring(
                evaluator_name=self._evaluator_name,
                durations=False,
                meter_provider=cast("MeterProvider | None", meters),
            )
            self._kept = (meters, monitoring)

    def observe(self, call: JudgeCall) -> None:
        """Count those of one judge call."""
        if self._kept is not None:
            self._kept[1].observe(call)


def host_evaluator(
    name: str,
    metrics: Sequence[str] | None = None,
    *,
    invocation_type: str | None = None,
    options: Mapping[str, object] | None = None,
) -> HostEvaluator:
    """The evaluator of an entry point: of those metrics that can be used; the others are logged.

    Raises `SettingsError` when none can, or there is no judge; that is logged too.
    """
    found = Options.from_environment()
    kind = kind_of(invocation_type) or DEFAULT_TYPES[0]
    spec = _spec(name, kind, metrics or (), options or {})
    # The host reads the specification itself, and may know evaluators that we do not.
    theirs = found.spec.told()
    tokens = {each: HostTokens(each) for each in ("native", "deepeval")} if found.monitoring else {}
    plan = evaluators_of(
        msgspec.structs.replace(found, spec=spec, enabled=True),
        observer={each: counting.observe for each, counting in tokens.items()},
    )
    log_problems([*(problem for problem in found.problems if problem not in theirs), *plan.problems])
    evaluators = plan.get(kind)
    if not evaluators:
        raise SettingsError(plan.problems[-1] if plan.problems else f"{spec.text} evaluates nothing")
    host_backlog.add(evaluators[0])
    return HostEvaluator(evaluators[0], options=options, tokens=tokens.get(evaluators[0].name))


def _spec(name: str, kind: Kind, metrics: Sequence[str], options: Mapping[str, object]) -> Spec:
    """What the host has read, written again: problems with it show where they are."""
    text, found = f"{name}({kind}{'(' if metrics else ''}", list[MetricSpec]()
    for metric in metrics:
        text += "," if found else ""
        given = options.get(metric)
        chosen = cast("Mapping[str, Any]", given) if isinstance(given, Mapping) else {"threshold": given}
        known = {key: str(value) for key, value in chosen.items() if value is not None}
        found.append(MetricSpec(metric, known, len(text) + 1))
        said = ",".join(f"{key}={value}" for key, value in known.items())
        text += f"{metric}({said})" if said else metric
    text += "))" if metrics else ")"
    types = (TypeSpec(kind, tuple(found), len(name) + 2),)
    return Spec((EvaluatorSpec(name, types),), text=text, source=variables.EVALUATORS)
