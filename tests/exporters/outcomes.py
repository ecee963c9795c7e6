"""Results and failures to export."""

from typing import Any

from spanjudge.judging.result import EvaluationFailure, EvaluationResult
from spanjudge.judging.usage import Usage
from spanjudge.telemetry.evaluated import Evaluated, Target, result_id

SPAN = Target(trace_id="0af7651916cd43dd8448eb211c80319c", span_id="b7ad6b7169203331")
NOW = 1_790_000_000_000_000_000


def evaluated(outcome: EvaluationResult | EvaluationFailure, **fields: Any) -> Evaluated:
    target = fields.pop("target", SPAN)
    generation = fields.get("generation", 0)
    given: dict[str, Any] = {
        "id": result_id(outcome.evaluator, outcome.evaluator_version, target, generation),
        "service": "travel-desk",
        "time_ns": NOW,
        **fields,
    }
    return Evaluated(outcome=outcome, target=target, **given)


def category(**fields: Any) -> EvaluationResult:
    given: dict[str, Any] = {
        "evaluator": "topic",
        "evaluator_version": "0123456789ab",
        "value": "ON_TOPIC",
        "score_label": "ON_TOPIC",
        "verdict": "pass",
        "explanation": "The message asks for a flight.",
        "judge_provider": "openai",
        "judge_model": "gpt-4o-mini",
        "usage": Usage(input=700, output=40),
        "cost_usd": 0.000123,
        **fields,
    }
    return EvaluationResult(**given)


def boolean(value: bool, **fields: Any) -> EvaluationResult:  # noqa: FBT001  # it is the answer itself
    return category(evaluator="answered", value=value, score_value=float(value), score_label=None, **fields)


def score(value: float, **fields: Any) -> EvaluationResult:
    return category(
        **{
            "evaluator": "relevancy",
            "value": value,
            "score_value": value,
            "score_label": "Relevant",
            **fields,
        }
    )


def failure(**fields: Any) -> EvaluationFailure:
    given: dict[str, Any] = {
        "evaluator": "topic",
        "evaluator_version": "0123456789ab",
        "code": "judge_timeout",
        "message": "the judge did not answer in time",
        "retryable": True,
        "judge_provider": "openai",
        "judge_model": "gpt-4o-mini",
        **fields,
    }
    return EvaluationFailure(**given)


def many(count: int) -> list[Evaluated]:
    """Results of different spans that were stored at the same moment."""
    return [
        evaluated(category(), target=Target(trace_id=f"{number + 1:032x}", span_id=f"{number + 1:016x}"))
        for number in range(count)
    ]
