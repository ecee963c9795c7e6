"""The metrics of in-process evaluation: which there are, how options change them, when one does not fit."""

from collections.abc import Iterable, Mapping
from typing import cast, get_args

import msgspec

from spanjudge.errors import SettingsError
from spanjudge.evaluators.evaluator import Evaluator
from spanjudge.evaluators.problem import nearest
from spanjudge.in_process.custom_rubrics import (
    CUSTOM_RUBRICS,
    bounded,
    built_in_metrics,
    direction_of,
    read_custom_rubrics,
    rubrics_from_environment,
    threshold_of,
)
from spanjudge.in_process.invocation import Invocation, Kind
from spanjudge.judging import prechecks
from spanjudge.judging.result import EvaluationResult, EvaluationSkipped, Outcome, Reason
from spanjudge.judging.subject import Field, Subject

__all__ = [
    "ALIASES",
    "DEFAULT_METRICS",
    "KNOWN_METRICS",
    "definitions",
    "kind_of",
    "labelled",
    "read_custom_rubrics",
    "rubrics_from_environment",
    "skipped",
    "unfit",
]

KNOWN_METRICS = ("bias", "toxicity", "answer_relevancy", "hallucination", "faithfulness", "sentiment")
"""The built-in metrics."""

DEFAULT_METRICS = ("bias", "toxicity", "answer_relevancy", "hallucination", "sentiment")
"""What is evaluated unless metrics are named."""

ALIASES = {"answer_relevance": "answer_relevancy", "relevance": "answer_relevancy"}
"""Other names of built-in metrics."""

POSITIVE_FROM, NEGATIVE_TO = 0.625, 0.375
"""Where sentiment begins to be positive, and ends to be negative; both included."""

_GROUNDED = "faithfulness"
"""Judged against what was retrieved for the answer; other context does not make up for that."""

_RETRIEVED = "retrieved context (documents that were looked up for the answer)"
_WHAT = {
    "input": "input (what was asked)",
    "output": "output (what was answered)",
    "context": "context (the documents it was given)",
}
_FIELDS: tuple[Field, ...] = get_args(Field)


def definitions(
    metrics: Iterable[str] | None = None,
    options: Mapping[str, object] | None = None,
    custom_rubrics: Mapping[str, object] | str | None = None,
) -> list[Evaluator]:
    """The evaluators of these metrics, each once, in their order.

    Without `metrics` the default ones and every custom one. `options` are by metric: a threshold, or a
    mapping that holds one (`{"bias": {"threshold": "0.7"}}`). `custom_rubrics` as `read_custom_rubrics`
    takes them. Raises `SettingsError`, which names the metric or option, and the nearest that there is.
    """
    custom = read_custom_rubrics(custom_rubrics or {}, source="custom_rubrics")
    known = {**built_in_metrics(), **custom}
    asked = (metrics.split(",") if isinstance(metrics, str) else list(metrics or ())) or [
        *DEFAULT_METRICS,
        *(name for name in custom if name not in KNOWN_METRICS),
    ]
    # A dictionary, as two names may mean the same metric.
    chosen = {name: known[name] for name in (_resolved(name, known) for name in asked)}
    for given, option in (options or {}).items():
        name = _resolved(given, known)
        if name not in chosen:
            raise SettingsError(
                f"options: {name} is not among the metrics {', '.join(chosen)}; "
                "add it there, or remove it here"
            )
        chosen[name] = _with_options(chosen[name], option)
    return list(chosen.values())


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


def unfit(
    evaluator: Evaluator, invocation: Invocation, *, kind: Kind | None = None
) -> EvaluationSkipped | None:
    """Why an invocation is not evaluated by this metric; `None` when it is.

    With a `kind` only those of this kind are. An output that is empty though the model answered is not
    missing: it is an answer.
    """
    # A bare subject is of no kind.
    if kind is not None and invocation.kind != kind and not isinstance(invocation.source, Subject):
        message = f"only {kind} is evaluated here, and this is {invocation.kind}"
        return skipped(evaluator, "not_matched", message)
    skip = invocation.seen.skip
    if skip is not None:
        return skipped(evaluator, skip.reason, skip.message)
    subject = invocation.subject
    ungrounded = evaluator.name == _GROUNDED and not any(one.retrieved for one in subject.context)
    if (
        evaluator.needs
        and subject.output is not None
        and all(map(subject.has, evaluator.needs))
        and not ungrounded
    ):
        return None
    missing = prechecks.missing_needs(evaluator, subject)
    if ungrounded and subject.context and not missing:
        missing = [_RETRIEVED]
    if not (
        evaluator.needs or missing or subject.output is not None or subject.tool_calls or subject.context
    ):
        # A rubric that names no needs would be answered from the question alone.
        missing = ["output"]
    if not missing:
        return None
    if not any(subject.has(field) for field in _FIELDS):
        return skipped(evaluator, "no_content", "the invocation holds no text to evaluate")
    words = " and no ".join(_WHAT.get(need, need) for need in missing)
    message = f"“{evaluator.name}” is left out: the invocation has no {words}"
    return skipped(evaluator, "missing_variable", message)


def skipped(evaluator: Evaluator, reason: Reason, message: str) -> EvaluationSkipped:
    """Not evaluated, and why."""
    return EvaluationSkipped(
        evaluator=evaluator.name, evaluator_version=evaluator.version, reason=reason, message=message
    )


def labelled(evaluator: Evaluator, outcome: Outcome) -> Outcome:
    """The outcome with the label of its range, for a metric that has no verdict to be named after."""
    plain = evaluator.name == "sentiment" and evaluator.acceptance is None
    if not plain or not isinstance(outcome, EvaluationResult) or outcome.score_value is None:
        return outcome
    return msgspec.structs.replace(outcome, score_label=_sentiment(outcome.score_value))


def _sentiment(score: float) -> str:
    if score >= POSITIVE_FROM:
        return "Positive"
    return "Negative" if score <= NEGATIVE_TO else "Neutral"


def _resolved(given: object, known: Mapping[str, Evaluator]) -> str:
    """The metric a name means: its own, an alias, or either in other letters (`Answer-Relevance`)."""
    name = given.strip() if isinstance(given, str) else str(given)
    if name in known:
        return name
    folded = _folded(name)
    if folded in ALIASES:
        return ALIASES[folded]
    same = [one for one in known if _folded(one) == folded]
    if len(same) == 1:
        return same[0]
    fix = nearest(name, [*known, *ALIASES])
    raise SettingsError(
        f"“{name}” is no metric; {fix} An own one needs a rubric, in custom_rubrics or {CUSTOM_RUBRICS}"
    )


def _folded(name: str) -> str:
    return name.casefold().replace("-", "_").replace(" ", "_")


def _with_options(evaluator: Evaluator, given: object) -> Evaluator:
    options = cast("Mapping[str, object]", given) if isinstance(given, Mapping) else {"threshold": given}
    for option in options:
        if option != "threshold":
            fix = nearest(option, ["threshold"])
            raise SettingsError(f"{evaluator.name}: “{option}” is no option; {fix}")
    if "threshold" not in options:
        return evaluator
    threshold = threshold_of(options["threshold"], f"{evaluator.name}: threshold")
    direction = direction_of(evaluator)
    if direction is None:
        raise SettingsError(
            f"{evaluator.name}: takes no threshold, as it gives no verdict; remove it, or write a custom "
            f"rubric for {evaluator.name} with a score_direction"
        )
    return msgspec.structs.replace(evaluator, acceptance=bounded(direction, threshold))
