"""One result or failure as it is exported: a `gen_ai.evaluation.result` log record and gauge data points.

The only place that spells the export, for the server's exporters and the in-process door alike. What is
the same for many outcomes (`Fixed`) is kept apart from what differs each time, so that an exporter can
encode the first once.
"""

from collections.abc import Iterable
from functools import lru_cache
from typing import Any, Literal

import msgspec

from spanjudge.judging.result import EvaluationFailure, Outcome
from spanjudge.telemetry.evaluated import Evaluated, Target, result_id

EVENT_NAME = "gen_ai.evaluation.result"
"""The event's name, as the OpenTelemetry GenAI conventions have it."""

SCOPE = "spanjudge"
"""Instrumentation scope of everything exported about results."""

NATIVE = "native"
"""Who evaluates unless the outcome says otherwise; left out of the export, as it always was."""

INFO, WARN = 9, 13
"""OTLP severity numbers of a result and of a failure."""

_MILLISECOND = 1_000_000

Value = str | bool | int | float | list[str]
OutcomeWord = Literal["pass", "fail", "error"]


class Gauge(msgspec.Struct, frozen=True):
    """A gauge of the export. Every evaluation has a data point of its own in it."""

    name: str
    unit: str
    description: str


COUNT = Gauge("gen_ai.evaluations.count", "1", "One data point per evaluation run")
SCORE = Gauge(
    "gen_ai.evaluations.score",
    "1",
    "Boolean: 1 when the raw result is true; category: 1 when it passes, else 0; score: the raw number",
)
OUTCOME = Gauge("gen_ai.evaluations.outcome", "1", "One data point per evaluation, by its outcome")
COST = Gauge("gen_ai.evaluations.cost.usd", "USD", "Estimated cost of the judge calls")


class DataPoint(msgspec.Struct, frozen=True, kw_only=True):
    """One data point of a gauge."""

    gauge: Gauge
    value: int | float
    attributes: dict[str, str]
    time_ns: int


class Fixed(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """What outcomes of one kind have in common; the same object for equal ones, so it can be a cache's key.

    `labels` are the attributes of the gauges; `outcome` is left out of them, but for its own gauge.
    """

    severity_text: str
    severity_number: int
    attributes: dict[str, Value]
    body: dict[str, Value]
    labels: dict[str, str]
    outcome: OutcomeWord | None


class ResultRecord(msgspec.Struct, frozen=True, kw_only=True):
    """The whole export of one outcome. Ids are lower-case hexadecimal, empty when not known."""

    event_name: str
    severity_text: str
    severity_number: int
    time_ns: int
    trace_id: str
    span_id: str
    attributes: dict[str, Value]
    body: dict[str, Value]
    points: tuple[DataPoint, ...]


def record_of(evaluated: Evaluated) -> ResultRecord:
    """Everything that is exported about one outcome."""
    fixed = fixed_of(evaluated)
    return ResultRecord(
        event_name=EVENT_NAME,
        severity_text=fixed.severity_text,
        severity_number=fixed.severity_number,
        time_ns=evaluated.time_ns,
        trace_id=evaluated.target.trace_id,
        span_id=evaluated.target.span_id,
        attributes=fixed.attributes
        | attributes_of(evaluated)
        | about_of(evaluated.target, evaluated.response_id),
        body=fixed.body | body_of(evaluated),
        points=tuple(
            DataPoint(
                gauge=gauge,
                value=value,
                attributes=labels_of(fixed, gauge),
                time_ns=point_time_ns(evaluated),
            )
            for gauge, value in values_of(evaluated, fixed)
        ),
    )


def fixed_of(evaluated: Evaluated) -> Fixed:
    """What this outcome has in common with others of its evaluator, service, label and judge model."""
    outcome = evaluated.outcome
    if isinstance(outcome, EvaluationFailure):
        label, verdict, code = None, None, outcome.code
    else:
        label, verdict, code = outcome.score_label, outcome.verdict, None
    return _fixed(
        outcome.evaluator,
        outcome.evaluator_version,
        evaluated.target.kind,
        evaluated.service,
        outcome.judge_provider,
        outcome.judge_model,
        label,
        verdict,
        code,
        outcome.evaluator_name,
    )


@lru_cache(maxsize=4096)
def _fixed(  # noqa: PLR0917  a cache's key; keywords would make every look-up slower
    name: str,
    version: str,
    kind: str,
    service: str,
    provider: str | None,
    model: str | None,
    label: str | None,
    verdict: str | None,
    code: str | None,
    evaluator_name: str,
) -> Fixed:
    failed = code is not None
    passed = None if verdict is None else verdict == "pass"
    outcome: OutcomeWord | None = (
        "error" if failed else None if passed is None else "pass" if passed else "fail"
    )
    return Fixed(
        severity_text="WARN" if failed else "INFO",
        severity_number=WARN if failed else INFO,
        attributes=_known(
            {
                "gen_ai.evaluation.name": name,
                "gen_ai.evaluation.score.label": label,
                "gen_ai.evaluation.verdict": verdict,
                "gen_ai.evaluation.passed": passed,
                "gen_ai.evaluation.outcome": "error" if failed else None,
                "error.type": code,
                "gen_ai.evaluation.evaluator.version": version or None,
                "gen_ai.evaluation.evaluator.name": None if evaluator_name == NATIVE else evaluator_name,
                "eval.model.provider": provider,
                "eval.model.name": model,
                "eval.target.kind": kind,
                "eval.target.service": service or None,
            }
        ),
        body=_known(
            {
                "eval_name": name,
                "score_label": label,
                "verdict": verdict,
                "judge_provider": provider,
                "judge_model": model,
                "error_type": code,
            }
        ),
        labels={
            key: value
            for key, value in (
                ("name", name),
                ("label", label),
                ("verdict", verdict),
                ("service", service),
                ("model", model),
                ("provider", provider),
            )
            if value
        },
        outcome=outcome,
    )


def about_of(target: Target, response_id: str | None) -> dict[str, Value]:
    """The log record's attributes that tell what was judged: the same for all outcomes of a target."""
    return _known(
        {
            "gen_ai.response.id": response_id,
            "eval.target.trace_id": target.trace_id or None,
            "eval.target.span_id": target.span_id or None,
            "eval.target.session_id": target.session_id or None,
        }
    )


def attributes_of(evaluated: Evaluated) -> dict[str, Value]:
    """The log record's other attributes: what differs from one outcome to the next."""
    outcome = evaluated.outcome
    found: dict[str, Value] = {}
    if evaluated.id:
        found["gen_ai.evaluation.result.id"] = evaluated.id
    if outcome.cost_usd is not None:
        found["gen_ai.evaluation.cost.usd"] = outcome.cost_usd
    if isinstance(outcome, EvaluationFailure):
        found["error.message"] = outcome.message
    else:
        if outcome.score_value is not None:
            found["gen_ai.evaluation.score.value"] = outcome.score_value
        if outcome.explanation is not None:
            found["gen_ai.evaluation.explanation"] = outcome.explanation
        if outcome.confidence is not None:
            found["gen_ai.evaluation.confidence"] = outcome.confidence
        if outcome.truncated:
            found["gen_ai.evaluation.truncated"] = list(outcome.truncated)
    if outcome.usage is not None:
        found["gen_ai.evaluation.usage.input_tokens"] = outcome.usage.input
        found["gen_ai.evaluation.usage.output_tokens"] = outcome.usage.output
    if evaluated.generation:
        found["gen_ai.evaluation.generation"] = evaluated.generation
        found["gen_ai.evaluation.supersedes"] = result_id(
            outcome.evaluator, outcome.evaluator_version, evaluated.target, evaluated.generation - 1
        )
    return found


def body_of(evaluated: Evaluated) -> dict[str, Value]:
    """The other keys of the log record's body."""
    outcome = evaluated.outcome
    found: dict[str, Value] = {}
    if outcome.cost_usd is not None:
        found["cost_usd"] = outcome.cost_usd
    if isinstance(outcome, EvaluationFailure):
        found["error_message"] = outcome.message
    else:
        if outcome.score_value is not None:
            found["score_value"] = outcome.score_value
        if outcome.explanation is not None:
            found["explanation"] = outcome.explanation
    if outcome.usage is not None:
        found["judge_input_tokens"] = outcome.usage.input
        found["judge_output_tokens"] = outcome.usage.output
    return found


def values_of(evaluated: Evaluated, fixed: Fixed) -> list[tuple[Gauge, int | float]]:
    """The gauges this outcome has a data point in, and its value there.

    An evaluator without acceptance criteria has no outcome to count as pass or fail.
    """
    found: list[tuple[Gauge, int | float]] = [(COUNT, 1)]
    score = score_of(evaluated.outcome)
    if score is not None:
        found.append((SCORE, score))
    if fixed.outcome is not None:
        found.append((OUTCOME, 1))
    if evaluated.outcome.cost_usd is not None:
        found.append((COST, evaluated.outcome.cost_usd))
    return found


def labels_of(fixed: Fixed, gauge: Gauge) -> dict[str, str]:
    """A data point's attributes."""
    if gauge is OUTCOME and fixed.outcome is not None:
        return {**fixed.labels, "outcome": fixed.outcome}
    return fixed.labels


def score_of(outcome: Outcome) -> float | None:
    """An outcome as a number, as its metrics have it; `None` when it has none.

    Boolean: 1 when the raw answer is true. Category: 1 when it passes, else 0, and none without acceptance
    criteria. Score: the raw number. A failure never has one.
    """
    if isinstance(outcome, EvaluationFailure):
        return None
    if isinstance(outcome.value, bool):
        return 1.0 if outcome.value else 0.0
    if isinstance(outcome.value, str):
        return None if outcome.verdict is None else 1.0 if outcome.verdict == "pass" else 0.0
    return float(outcome.value)


def point_time_ns(evaluated: Evaluated) -> int:
    """When the data points are: at the outcome's time, moved by less than a millisecond.

    Backends tell the points of one series apart by their time alone, and outcomes that were stored together
    have the same. The shift comes from the result's id, so a batch that is sent again has the same points.
    """
    try:
        return evaluated.time_ns + int(evaluated.id[:8], 16) % _MILLISECOND
    except ValueError:
        return evaluated.time_ns


def point_times(batch: Iterable[Evaluated]) -> list[int]:
    """`point_time_ns` of each, with those of one series that still coincide moved apart."""
    found: list[int] = []
    seen: set[tuple[int, int]] = set()
    for evaluated in batch:
        series, time_ns = id(fixed_of(evaluated)), point_time_ns(evaluated)
        while (series, time_ns) in seen:
            time_ns += 1
        seen.add((series, time_ns))
        found.append(time_ns)
    return found


def _known(fields: dict[str, Any]) -> dict[str, Value]:
    """Without what is missing: a missing value is left out, never spelled."""
    return {key: value for key, value in fields.items() if value is not None}
