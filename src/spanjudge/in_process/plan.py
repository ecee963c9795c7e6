"""From options to evaluators: who evaluates which kind of invocation, and what of it could not be had."""

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import cast

from spanjudge.errors import MissingExtraError, SettingsError, SpanjudgeError
from spanjudge.evaluators.evaluator import Evaluator
from spanjudge.in_process.custom_rubrics import usable_rubrics
from spanjudge.in_process.evaluator import InProcessEvaluator
from spanjudge.in_process.invocation import Kind
from spanjudge.in_process.judge_model import SharedModel, opened
from spanjudge.in_process.metrics import definitions
from spanjudge.in_process.native import NativeEvaluator
from spanjudge.in_process.opened_judge import JudgeSource
from spanjudge.in_process.settings import variables
from spanjudge.in_process.settings.judge_settings import judge_settings
from spanjudge.in_process.settings.options import Options
from spanjudge.in_process.settings.spec import EvaluatorSpec, MetricSpec, TypeSpec
from spanjudge.judging.call import Observer
from spanjudge.judging.judge import Judge
from spanjudge.judging.models.model import JudgeModel
from spanjudge.judging.models.providers import PROVIDERS

DEFAULT_TYPES: tuple[Kind, ...] = ("LLMInvocation",)
"""What an evaluator without types evaluates. An agent's answer is its model's, and is not paid for twice."""

_QUICK_TO_OPEN = frozenset({*PROVIDERS, "anthropic", "embedded", "scripted"})
"""Providers that need no library whose import takes seconds."""

_MOST_CALLS = 10_000


class Plan(Mapping[Kind, tuple[InProcessEvaluator, ...]]):
    """Evaluators by kind of invocation. `problems` are in plain words, each with its fix."""

    def __init__(
        self, evaluators: Mapping[Kind, tuple[InProcessEvaluator, ...]], problems: tuple[str, ...] = ()
    ) -> None:
        """See the class."""
        self._evaluators = dict(evaluators)
        self.problems = problems

    def __getitem__(self, kind: Kind) -> tuple[InProcessEvaluator, ...]:
        """The evaluators of a kind that has some."""
        return self._evaluators[kind]

    def __iter__(self) -> Iterator[Kind]:
        """The kinds that are evaluated."""
        return iter(self._evaluators)

    def __len__(self) -> int:
        """How many kinds are evaluated."""
        return len(self._evaluators)


def evaluators_of(
    options: Options,
    *,
    judge: JudgeSource | None = None,
    observer: Observer | Mapping[str, Observer] | None = None,
    environ: Mapping[str, str] | None = None,
) -> Plan:
    """Make the evaluators that the options ask for. Nothing raises: what cannot be had is left out and told.

    All of them share one judge model: `judge`, or the one of the environment. `observer` is told of every
    judge call; a mapping has one for each evaluator by name (`native`, `deepeval`). No connection is opened.
    """
    if not options.enabled or not options.spec.evaluators:
        return Plan({})
    choice = _Choice(options)
    for spec in options.spec.evaluators:
        choice.add(spec)
    problems = choice.problems
    source = _shared(judge) if judge is not None else None
    if source is None and choice.chosen:
        most = max(len(metrics) for metrics in choice.chosen.values())
        source = _of_environment(environ, min(options.workers * most, _MOST_CALLS), problems)
    if source is None:
        return Plan({}, tuple(problems))
    made: dict[Kind, tuple[InProcessEvaluator, ...]] = {}
    for name, kind in choice.chosen:
        own = observer if callable(observer) or observer is None else observer.get(name)
        made[kind] = (*made.get(kind, ()), choice.evaluator(name, kind, source, own))
    return Plan(made, tuple(problems))


class _Choice:
    """Which metrics are judged by whom, each checked alone, so that a bad one costs nothing but itself."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._custom, self.problems = usable_rubrics(options.custom_rubrics, source=variables.CUSTOM_RUBRICS)
        self.chosen: dict[tuple[str, Kind], dict[str, Mapping[str, str]]] = {}

    def add(self, spec: EvaluatorSpec) -> None:
        """Choose what a specification says. Where DeepEval is missing, only that is left out."""
        native = spec.name == "native" or self._options.deepeval_implementation == "native"
        name = "native" if native else spec.name
        try:
            for kind in spec.types or [TypeSpec(kind, (), spec.position) for kind in DEFAULT_TYPES]:
                self._add(name, kind)
        except MissingExtraError as error:
            self._tell(
                spec.position,
                f"{error}; {spec.name} is left out. With {variables.DEEPEVAL_IMPLEMENTATION}=native its "
                "metrics are judged without that library",
            )

    def evaluator(
        self, name: str, kind: Kind, judge: JudgeSource, observer: Observer | None
    ) -> InProcessEvaluator:
        """The evaluator of a kind, with the metrics that were chosen."""
        chosen = self.chosen[name, kind]
        given = {metric: options for metric, options in chosen.items() if options}
        if name == "native":
            return NativeEvaluator(
                list(chosen),
                invocation_type=kind,
                options=given,
                custom_rubrics=self._custom,
                batched=self._options.batched,
                judge=judge,
                observer=observer,
            )
        # Imported here: who does not ask for DeepEval pays nothing for it.
        from spanjudge.in_process.deepeval.evaluator import DeepevalEvaluator  # noqa: PLC0415 - see above

        return DeepevalEvaluator(
            list(chosen),
            invocation_type=kind,
            options=given,
            custom_rubrics=self._custom,
            judge=judge,
            observer=observer,
        )

    def _add(self, name: str, kind: TypeSpec) -> None:
        chosen = dict(self.chosen.get((name, kind.name), {}))
        defaults = [
            MetricSpec(metric.name, {}, kind.position) for metric in definitions(None, None, self._custom)
        ]
        for metric in kind.metrics or defaults:
            try:
                found = self._checked(name, metric).name
            except SettingsError as error:
                self._tell(metric.position, f"{error}; it is left out")
                continue
            if found in chosen and kind.metrics:
                self._tell(
                    metric.position,
                    f"{found} is listed twice for {kind.name} of {name}: it is judged once, "
                    "and the first counts",
                )
            chosen.setdefault(found, metric.options)
        if chosen:
            self.chosen[name, kind.name] = chosen

    def _checked(self, name: str, metric: MetricSpec) -> Evaluator:
        """What the metric asks. Raises `SettingsError` and `MissingExtraError`."""
        options = {metric.name: metric.options} if metric.options else None
        if name == "native":
            return definitions([metric.name], options, self._custom)[0]
        from spanjudge.in_process.deepeval.evaluator import DeepevalEvaluator  # noqa: PLC0415 - as above

        return DeepevalEvaluator([metric.name], options=options, custom_rubrics=self._custom).definitions[0]

    def _tell(self, position: int, message: str) -> None:
        told = self._options.spec.tell(position, message)
        if told not in self.problems:
            self.problems.append(told)


def _shared(judge: JudgeSource) -> JudgeSource:
    """A judge that was given, opened once for all where it is still to be opened."""
    if isinstance(judge, Judge) or hasattr(judge, "answer"):
        return judge
    return SharedModel(cast("Callable[[], JudgeModel]", judge))


def _of_environment(
    environ: Mapping[str, str] | None, concurrency: int, problems: list[str]
) -> JudgeSource | None:
    """The judge model of the environment; without one, why."""
    try:
        settings = judge_settings(environ, concurrency=concurrency)
        problems += settings.problems
        shared = SharedModel(partial(opened, settings))
        if settings.config.provider in _QUICK_TO_OPEN:
            shared.prepare()
    except SpanjudgeError as error:
        problems.append(f"evaluation is off: {error}")
        return None
    except Exception as error:  # noqa: BLE001 - the application goes on, whatever its environment holds
        problems.append(f"evaluation is off: the judge model cannot be opened ({type(error).__name__})")
        return None
    return shared
