"""Statistics in the plainest way: every outcome is looked at, each time."""

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence

import msgspec

from spanjudge.judging.result import EvaluationFailure
from spanjudge.pipeline.figures import Figures, Grouping, Step
from spanjudge.pipeline.queries import Filters
from spanjudge.telemetry.evaluated import Evaluated

Range = tuple[float, float]


class Known(msgspec.Struct, frozen=True):
    """An outcome, and the model of the application that made what was judged."""

    evaluated: Evaluated
    model: str | None

    @property
    def word(self) -> str:
        outcome = self.evaluated.outcome
        if isinstance(outcome, EvaluationFailure):
            return "none"
        return outcome.verdict or "value"


def current(known: Sequence[Known]) -> list[Known]:
    """The newest of each evaluator and target."""
    newest: dict[tuple[str, str, str], Known] = {}
    for one in known:
        target = one.evaluated.target
        newest[one.evaluated.outcome.evaluator, target.kind, target.key] = one
    return list(newest.values())


def fitting(known: Sequence[Known], filters: Filters, start: int, end: int) -> list[Known]:
    return [
        one
        for one in current(known)
        if start <= one.evaluated.time_ns < end
        and (not filters.services or one.evaluated.service in filters.services)
        and (not filters.models or one.model in filters.models)
        and (not filters.evaluators or one.evaluated.outcome.evaluator in filters.evaluators)
        and (not filters.verdicts or one.word in filters.verdicts)
        and (filters.min_score is None or ((score := _score(one)) is not None and score >= filters.min_score))
    ]


def key_of(by: Grouping) -> Callable[[Known], str]:
    def key(one: Known) -> str:
        outcome = one.evaluated.outcome
        match by:
            case "evaluator":
                return outcome.evaluator
            case "service":
                return one.evaluated.service
            case "model":
                return one.model or ""
            case "judge_model":
                return outcome.judge_model or ""

    return key


def figures(known: Sequence[Known], ranges: Mapping[str, Range]) -> Figures:
    words = Counter(one.word for one in known)
    outcomes = [one.evaluated.outcome for one in known]
    durations = sorted(
        outcome.duration
        for outcome in outcomes
        if not isinstance(outcome, EvaluationFailure) and outcome.judge_model is not None
    )
    return Figures(
        passed=words["pass"],
        failed=words["fail"],
        valued=words["value"],
        none=words["none"],
        mean_score=_mean(known, ranges),
        input_tokens=sum(one.usage.input for one in outcomes if one.usage),
        output_tokens=sum(one.usage.output for one in outcomes if one.usage),
        cost_usd=sum(one.cost_usd or 0.0 for one in outcomes),
        targets=len({(one.evaluated.target.kind, one.evaluated.target.key) for one in known}),
        median=_quantile(durations, 0.5),
        slowest=_quantile(durations, 0.95),
    )


def step(known: Sequence[Known], ranges: Mapping[str, Range], start_ns: int) -> Step:
    found = figures(known, ranges)
    return Step(
        start_ns=start_ns,
        passed=found.passed,
        failed=found.failed,
        valued=found.valued,
        none=found.none,
        mean_score=found.mean_score,
        cost_usd=found.cost_usd,
        tokens=found.input_tokens + found.output_tokens,
    )


def distribution(known: Sequence[Known], low: float, high: float) -> tuple[int, ...]:
    bins = [0] * 10
    for one in known:
        score = _score(one)
        if score is not None:
            bins[min(9, int((score - low) * 10 / (high - low)))] += 1
    return tuple(bins)


def labels(known: Sequence[Known]) -> list[tuple[str, int]]:
    found: Counter[str] = Counter()
    for one in known:
        outcome = one.evaluated.outcome
        if not isinstance(outcome, EvaluationFailure) and outcome.score_label is not None:
            found[outcome.score_label] += 1
    return sorted(found.items(), key=lambda one: (-one[1], one[0]))


def codes(known: Sequence[Known]) -> list[tuple[str, int]]:
    found: Counter[str] = Counter(
        one.evaluated.outcome.code for one in known if isinstance(one.evaluated.outcome, EvaluationFailure)
    )
    return sorted(found.items(), key=lambda one: (-one[1], one[0]))


def _score(one: Known) -> float | None:
    outcome = one.evaluated.outcome
    return None if isinstance(outcome, EvaluationFailure) else outcome.score_value


def _mean(known: Sequence[Known], ranges: Mapping[str, Range]) -> float | None:
    """Scores of different ranges have no mean."""
    scored = [(one, score) for one in known if (score := _score(one)) is not None]
    scales = {ranges.get(one.evaluated.outcome.evaluator) for one, _ in scored}
    return sum(score for _, score in scored) / len(scored) if len(scales) == 1 else None


def _quantile(values: Sequence[float], part: float) -> float | None:
    return values[math.ceil(part * len(values)) - 1] if values else None
