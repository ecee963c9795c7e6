"""What came of an evaluation, for people and for programs."""

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from spanjudge.cli.columns import columns, shortened
from spanjudge.cli.offline.gate import Summary
from spanjudge.cli.offline.item import NotJudged
from spanjudge.cli.offline.run import Judged
from spanjudge.judging.result import EvaluationFailure
from spanjudge.telemetry.evaluated import Evaluated

_EXPLANATION_WIDTH = 90
_REASON_WIDTH = 120
_MOST_REASONS = 3
_WITHOUT = {"session": ": no span has a conversation id"}


def table(judged: Sequence[Judged]) -> Iterator[str]:
    """A line for every outcome, in the order of the file."""
    rows = [_row(one.item.name, outcome) for one in judged for outcome in one.outcomes]
    if rows:
        yield from columns(("ITEM", "EVALUATOR", "VERDICT", "VALUE", "EXPLANATION"), rows)
    else:
        yield "Nothing was judged."


def summaries_text(summaries: Sequence[Summary], judged: Sequence[Judged]) -> Iterator[str]:
    """A line for every evaluator; below it why there are errors, and why items were not judged."""
    head = ("EVALUATOR", "PASSED", "FAILED", "ERRORS", "NOT JUDGED", "PASS RATE", "TOKENS", "COST")
    yield from columns(head, [_summary_row(one) for one in summaries])
    for one in summaries:
        if not (one.judged or one.errors or one.not_judged):
            yield f"{one.evaluator}: judges {one.target}s, and there are none{_WITHOUT.get(one.target, '')}"
        if one.no_verdict:
            yield f"{one.evaluator}: {one.no_verdict} without a verdict, as it has no acceptance criteria"
        for code, count in one.errors.items():
            yield f"{one.evaluator}: {count} {code}, such as: {_message(one.evaluator, code, judged)}"
        for reason, count in one.not_judged.items():
            yield f"{one.evaluator}: {count} not judged, {reason}: {_detail(one.evaluator, reason, judged)}"
    for one in summaries:
        if one.gate is False:
            share = "nothing was judged" if one.share is None else f"{_percent(one.share)} passed"
            yield f"NOT ENOUGH: {one.evaluator}: {share}, needed is {_percent(one.needed or 0)}"


def record(name: str, outcome: Evaluated) -> dict[str, Any]:
    """One outcome for programs."""
    result = outcome.outcome
    target = outcome.target
    fields: dict[str, Any] = {"item": name, "id": outcome.id}
    if target.key:
        fields |= {
            "target": target.kind,
            "trace_id": target.trace_id or None,
            "span_id": target.span_id or None,
            "session_id": target.session_id or None,
        }
    fields |= {
        "evaluator": result.evaluator,
        "version": result.evaluator_version,
        "outcome": "error" if isinstance(result, EvaluationFailure) else "judged",
    }
    if isinstance(result, EvaluationFailure):
        fields |= {"error": result.code, "message": result.message}
    else:
        fields |= {
            "verdict": result.verdict,
            "value": result.value,
            "score_value": result.score_value,
            "score_label": result.score_label,
            "explanation": result.explanation,
            "confidence": result.confidence,
            "truncated": result.truncated,
        }
    return fields | {
        "judge_provider": result.judge_provider,
        "judge_model": result.judge_model,
        "usage": msgspec.to_builtins(result.usage),
        "cost_usd": result.cost_usd,
        "seconds": round(result.duration, 3),
    }


def refusal(name: str, one: NotJudged) -> dict[str, Any]:
    """An evaluator that did not judge an item, for programs."""
    return {
        "item": name,
        "evaluator": one.evaluator.name,
        "version": one.evaluator.version,
        "outcome": "not_judged",
        "reason": one.reason,
        "detail": one.detail,
    }


def records(judged: Sequence[Judged]) -> Iterator[dict[str, Any]]:
    """Every outcome and every refusal, in the order of the file."""
    for one in judged:
        yield from (record(one.item.name, outcome) for outcome in one.outcomes)
        yield from (refusal(one.item.name, left) for left in one.not_judged)


def summary_json(one: Summary) -> dict[str, Any]:
    """One evaluator for programs; `gate` is null where no share is asked for."""
    fields: dict[str, Any] = msgspec.to_builtins(one)
    return fields


def _row(name: str, outcome: Evaluated) -> tuple[str, ...]:
    result = outcome.outcome
    if isinstance(result, EvaluationFailure):
        return name, result.evaluator, "error", result.code, shortened(result.message, _EXPLANATION_WIDTH)
    value = result.value
    shown = (
        str(value).lower() if isinstance(value, bool) else value if isinstance(value, str) else f"{value:g}"
    )
    explanation = shortened(result.explanation or "", _EXPLANATION_WIDTH)
    return name, result.evaluator, result.verdict or "-", shown, explanation


def _summary_row(one: Summary) -> tuple[str, ...]:
    return (
        one.evaluator,
        str(one.passed),
        str(one.failed),
        str(one.error_count),
        str(sum(one.not_judged.values())),
        "-" if one.share is None or not (one.passed + one.failed) else _percent(one.share),
        f"{one.usage.input + one.usage.output:,}" if one.usage else "-",
        f"${one.cost_usd:.4f}" if one.cost_usd is not None else "-",
    )


def _message(evaluator: str, code: str, judged: Sequence[Judged]) -> str:
    """What the first failure with this code says."""
    for one in judged:
        for outcome in one.outcomes:
            result = outcome.outcome
            if isinstance(result, EvaluationFailure) and (result.evaluator, result.code) == (evaluator, code):
                return shortened(result.message, _REASON_WIDTH)
    return ""


def _detail(evaluator: str, reason: str, judged: Sequence[Judged]) -> str:
    """The most frequent details of a reason."""
    counts: dict[str, int] = {}
    for one in judged:
        for left in one.not_judged:
            if (left.evaluator.name, left.reason) == (evaluator, reason):
                counts[left.detail] = counts.get(left.detail, 0) + 1
    most = sorted(counts, key=lambda detail: -counts[detail])
    shown = "; ".join(shortened(detail, _REASON_WIDTH) for detail in most[:_MOST_REASONS])
    return f"{shown}; …" if len(most) > _MOST_REASONS else shown


def _percent(share: float) -> str:
    return f"{share * 100:.4g} %"
