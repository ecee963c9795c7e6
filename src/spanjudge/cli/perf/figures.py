"""What `spanjudge perf` measured, as figures: pure functions of what was noted while it ran."""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from spanjudge.cli.perf.samples import SKIPPED, Sample, labels
from spanjudge.in_process.evaluator import Evaluation
from spanjudge.judging.result import EvaluationFailure, EvaluationResult, EvaluationSkipped


class Ran(msgspec.Struct, kw_only=True):
    """One sample on its way; times are `time.perf_counter()`, `None` where it did not get that far."""

    sample: Sample
    offered: float
    started: float | None = None
    ended: float | None = None
    evaluations: list[Evaluation] = msgspec.field(default_factory=list[Evaluation])


class Completion(msgspec.Struct, frozen=True, kw_only=True):
    """What became of the invocations; each is in exactly one of the six after `offered`.

    `skipped` had nothing that could be judged. `failed` got at least one failure, the others of its
    metrics may have results. `dropped` found the queue full, `given_up` was cut off by the end of
    the time, `missing` is what nobody can account for.
    """

    offered: int
    evaluated: int
    skipped: int
    failed: int
    dropped: int
    given_up: int
    missing: int

    @property
    def lost(self) -> int:
        """Invocations that came to nothing without a word of their own."""
        return self.dropped + self.given_up + self.missing


class Outcomes(msgspec.Struct, frozen=True, kw_only=True):
    """The single evaluations: results, failures by code, skipped ones by reason."""

    results: int
    failures: dict[str, int]
    skipped: dict[str, int]


class Latency(msgspec.Struct, frozen=True, kw_only=True):
    """Seconds of one invocation; each figure is one that was measured (nearest rank)."""

    p50: float
    p90: float
    p95: float
    p99: float
    max: float


class Agreed(msgspec.Struct, frozen=True, kw_only=True):
    """How many labels were compared, and how many of them were as expected."""

    compared: int
    agreed: int


class Disagreement(msgspec.Struct, frozen=True, kw_only=True):
    """A label that was not as expected."""

    sample: str
    category: str
    metric: str
    expected: str
    got: str
    explanation: str | None


class Agreement(msgspec.Struct, frozen=True, kw_only=True):
    """Labels against the expected ones. A failure is no label and is not compared."""

    overall: Agreed
    metrics: dict[str, Agreed]
    categories: dict[str, Agreed]
    disagreements: tuple[Disagreement, ...]


def completion(ran: Iterable[Ran], *, dropped: int, given_up: int, stopped: bool = False) -> Completion:
    """Count invocations; `dropped` and `given_up` are the queue's own counts.

    Of a run that was `stopped`, whatever had not ended by then is given up.
    """
    found = Counter(_fate(one.evaluations) for one in ran)
    if stopped:
        given_up = found["nothing"] - dropped
    return Completion(
        offered=sum(found.values()),
        evaluated=found["evaluated"],
        skipped=found["skipped"],
        failed=found["failed"],
        dropped=dropped,
        given_up=given_up,
        missing=max(0, found["nothing"] - dropped - given_up),
    )


def outcomes(ran: Iterable[Ran]) -> Outcomes:
    """Count evaluations, each once."""
    each = [evaluation for one in ran for evaluation in one.evaluations]
    return Outcomes(
        results=sum(isinstance(evaluation, EvaluationResult) for evaluation in each),
        failures=dict(Counter(one.code for one in each if isinstance(one, EvaluationFailure))),
        skipped=dict(Counter(one.reason for one in each if isinstance(one, EvaluationSkipped))),
    )


def messages(ran: Iterable[Ran]) -> dict[str, str]:
    """One message for each failure code."""
    each = (evaluation for one in ran for evaluation in one.evaluations)
    return {one.code: one.message for one in each if isinstance(one, EvaluationFailure)}


def rate(count: int, seconds: float) -> float:
    """So many a second; 0 when nothing was measured."""
    return count / seconds if seconds > 0 else 0.0


def latency(seconds: Iterable[float]) -> Latency | None:
    """Percentiles; `None` when nothing was measured."""
    ordered = sorted(seconds)
    if not ordered:
        return None
    p50, p90, p95, p99 = (ordered[math.ceil(len(ordered) * share) - 1] for share in (0.5, 0.9, 0.95, 0.99))
    return Latency(p50=p50, p90=p90, p95=p95, p99=p99, max=ordered[-1])


def agreement(ran: Iterable[Ran]) -> Agreement:
    """Compare each label that is expected with what came.

    What was rightly skipped says nothing of a judge and is not counted; what was wrongly
    skipped, or wrongly judged, is.
    """
    metrics: dict[str, list[bool]] = {}
    categories: dict[str, list[bool]] = {}
    wrong: list[Disagreement] = []
    for one in ran:
        for evaluation in one.evaluations:
            expected = one.sample.expected.get(evaluation.metric_name)
            if expected is None or isinstance(evaluation, EvaluationFailure):
                continue
            if isinstance(evaluation, EvaluationSkipped) and expected == SKIPPED:
                continue
            right = _as_expected(evaluation, expected)
            metrics.setdefault(evaluation.metric_name, []).append(right)
            categories.setdefault(one.sample.category, []).append(right)
            if not right:
                wrong.append(_disagreement(one.sample, evaluation, expected))
    return Agreement(
        overall=_agreed([right for group in metrics.values() for right in group]),
        metrics=_groups(metrics),
        categories=_groups(categories),
        disagreements=tuple(wrong),
    )


def _fate(evaluations: Sequence[Evaluation]) -> str:
    if not evaluations:
        return "nothing"
    if any(isinstance(one, EvaluationFailure) for one in evaluations):
        return "failed"
    return "evaluated" if any(isinstance(one, EvaluationResult) for one in evaluations) else "skipped"


def _as_expected(evaluation: EvaluationResult | EvaluationSkipped, expected: str) -> bool:
    if isinstance(evaluation, EvaluationSkipped) or expected == SKIPPED:
        return False
    if evaluation.verdict is None:
        return evaluation.label == expected
    # By the verdict: a metric may have been given other words for it.
    return (evaluation.verdict == "pass") == (expected == labels()[evaluation.metric_name][0])


def _disagreement(
    sample: Sample, evaluation: EvaluationResult | EvaluationSkipped, expected: str
) -> Disagreement:
    skipped = isinstance(evaluation, EvaluationSkipped)
    return Disagreement(
        sample=sample.id,
        category=sample.category,
        metric=evaluation.metric_name,
        expected=expected,
        got=SKIPPED if skipped else evaluation.label or str(evaluation.value),
        explanation=evaluation.explanation,
    )


def _groups(found: Mapping[str, Sequence[bool]]) -> dict[str, Agreed]:
    return {name: _agreed(group) for name, group in found.items()}


def _agreed(group: Sequence[bool]) -> Agreed:
    return Agreed(compared=len(group), agreed=sum(group))
