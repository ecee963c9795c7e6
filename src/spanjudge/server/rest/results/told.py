"""Results and explanations as the API gives them out."""

from collections.abc import Iterable, Mapping
from typing import Any

from spanjudge.evaluators.answer_format import Score
from spanjudge.evaluators.evaluator import Evaluator
from spanjudge.judging.result import EvaluationFailure, Outcome
from spanjudge.pipeline.explain import WORDS, Explanation
from spanjudge.pipeline.queries import KnownVersion, Queries
from spanjudge.server.rest.shapes import listing
from spanjudge.server.rest.shapes.results import Explained, ExplainedSpan, Result, ResultTarget
from spanjudge.server.rest.shapes.times import instant
from spanjudge.telemetry.evaluated import Evaluated, Target

Numbers = Mapping[tuple[str, str], KnownVersion]
"""Versions of evaluators by (name, version hash)."""


async def numbers_of(queries: Queries, outcomes: Iterable[Evaluated | Explanation]) -> Numbers:
    """The versions that these outcomes are of. Raises `StoreError`."""
    pairs = {_version_of(one) for one in outcomes}
    return await queries.versions(pairs) if pairs else {}


def _version_of(one: Evaluated | Explanation) -> tuple[str, str]:
    if isinstance(one, Explanation):
        return one.evaluator, one.version
    return one.outcome.evaluator, one.outcome.evaluator_version


def result_shape(
    evaluated: Evaluated,
    *,
    numbers: Numbers,
    current: bool = True,
    input: str = "",  # noqa: A002  # the shape's field
    output: str = "",
) -> Result:
    """A result or failure. `numbers` come from `numbers_of`; `input` and `output` are shown in lists only."""
    outcome = evaluated.outcome
    known = numbers.get((outcome.evaluator, outcome.evaluator_version))
    used = outcome.usage
    return Result(
        id=evaluated.id,
        evaluator=outcome.evaluator,
        version=outcome.evaluator_version,
        number=known.number if known else None,
        target=target_shape(evaluated.target),
        service=readable(evaluated.service),
        time=instant(evaluated.time_ns),
        outcome=outcome_word(outcome),
        value=value_words(outcome),
        score_range=score_range(known.evaluator) if known else None,
        accepted=accepted(known.evaluator) if known else None,
        judge_provider=outcome.judge_provider,
        judge_model=outcome.judge_model,
        input_tokens=used.input if used else None,
        output_tokens=used.output if used else None,
        cost_usd=outcome.cost_usd,
        duration_ms=round(outcome.duration * 1000, 3),
        calls=outcome.calls,
        current=current,
        input=readable(input),
        output=readable(output),
        **_own(outcome),
    )


def _own(outcome: Outcome) -> dict[str, Any]:
    """What only results, or only failures, have."""
    if isinstance(outcome, EvaluationFailure):
        return {
            "code": outcome.code,
            "message": readable(outcome.message),
            "retryable": outcome.retryable,
        }
    return {
        "label": None if outcome.score_label is None else readable(outcome.score_label),
        "score": outcome.score_value,
        "confidence": outcome.confidence,
        "explanation": readable(outcome.explanation or ""),
        "truncated": list(outcome.truncated),
    }


def explained_shape(explanation: Explanation, *, numbers: Numbers) -> Explained:
    """How it stands with one evaluator. `numbers` come from `numbers_of`."""
    known = numbers.get((explanation.evaluator, explanation.version))
    result = explanation.result
    return Explained(
        evaluator=explanation.evaluator,
        version=explanation.version,
        number=known.number if known else None,
        target=target_shape(explanation.target),
        state=explanation.state,
        words=WORDS[explanation.state],
        detail=readable(explanation.detail),
        line=readable(explanation.line),
        since=None if explanation.since_ns is None else instant(explanation.since_ns),
        next=None if explanation.next_ns is None else instant(explanation.next_ns),
        result=None if result is None else result_shape(result, numbers=numbers),
    )


def explained_span(
    trace_id: str, span_id: str, explanations: Iterable[Explanation], *, numbers: Numbers
) -> ExplainedSpan:
    """A span and how it stands with every evaluator. `numbers` come from `numbers_of`."""
    return ExplainedSpan(
        trace_id=trace_id,
        span_id=span_id,
        evaluators=[explained_shape(one, numbers=numbers) for one in explanations],
    )


def target_shape(target: Target) -> ResultTarget:
    """What was judged."""
    return ResultTarget(
        kind=target.kind,
        trace_id=target.trace_id,
        span_id=target.span_id,
        session_id=readable(target.session_id),
    )


def outcome_word(outcome: Outcome) -> listing.Outcome:
    """`pass`, `fail`, `value` (a result without a verdict) or `none` (a failure)."""
    if isinstance(outcome, EvaluationFailure):
        return "none"
    return outcome.verdict or "value"


def value_words(outcome: Outcome) -> str:
    """Score, label or boolean in words; of a failure nothing."""
    if isinstance(outcome, EvaluationFailure):
        return ""
    return readable(outcome.score_label) if outcome.score_label else plain_value(outcome.value)


def plain_value(value: bool | str | float) -> str:  # noqa: FBT001  # an answer of the evaluator's own type
    """A value as people write it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return readable(value) if isinstance(value, str) else f"{value:.6g}"


def score_range(evaluator: Evaluator) -> tuple[float, float] | None:
    """Lowest and highest score that it can give; nothing when it gives none."""
    answer = evaluator.answer
    return (answer.min, answer.max) if isinstance(answer, Score) else None


def accepted(evaluator: Evaluator) -> tuple[float | None, float | None] | None:
    """The part of the scores that passes, open where a bound is null; nothing when it gives none."""
    rule = evaluator.acceptance
    if rule is None or not isinstance(evaluator.answer, Score):
        return None
    return (rule.min, rule.max)


def readable(text: str) -> str:
    """A text that JSON in UTF-8 can carry: lone surrogates become question marks."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace").decode()
    return text
