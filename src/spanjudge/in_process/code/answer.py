"""What a user's function returned, as a result, a failure, or nothing to say."""

import math
from enum import Enum
from numbers import Number
from typing import Any, cast

import msgspec

from spanjudge.evaluators.acceptance import Acceptance, Value
from spanjudge.evaluators.evaluator import VerdictLabels
from spanjudge.in_process.evaluator import Evaluation
from spanjudge.judging.result import EvaluationFailure, EvaluationResult, EvaluationSkipped, Reason, Verdict

CODE = "code"
"""`gen_ai.evaluation.evaluator.name` of what a function of the application says."""

_PAIR = 2
_EXPECTED = (
    "a boolean, a number, a label, a pair of one of these and an explanation, an EvaluationResult, "
    "or None for nothing to say"
)


class Answers:
    """Turns what one evaluator's function returned into an evaluation; never raises."""

    def __init__(
        self,
        *,
        name: str,
        version: str,
        called: str,
        acceptance: Acceptance | None,
        labels: VerdictLabels | None,
    ) -> None:
        """`called` is the function's name, for messages."""
        self.name = name
        self.version = version
        self._called = called
        self._acceptance = acceptance
        self._labels = labels

    def evaluation(self, returned: object, duration: float) -> Evaluation:
        """What was returned, in our words."""
        if isinstance(returned, EvaluationResult | EvaluationFailure | EvaluationSkipped):
            return self._own(returned, duration)
        explanation: str | None = None
        value: object = returned
        if isinstance(returned, tuple):
            pair = cast("tuple[object, ...]", returned)
            if len(pair) != _PAIR or not isinstance(pair[1], str | None):
                return self._wrong(pair, duration)
            value, explanation = pair[0], pair[1]
        if value is None:
            return self.skipped(explanation or f"{self._called} has nothing to say about this invocation")
        plain = plain_value(value)
        if plain is None:
            return self._wrong(value, duration)
        return self._result(plain, explanation, duration)

    def skipped(self, message: str, reason: Reason = "not_matched") -> EvaluationSkipped:
        """Nothing was evaluated."""
        return EvaluationSkipped(
            evaluator=self.name,
            evaluator_version=self.version,
            reason=reason,
            message=message,
            evaluator_name=CODE,
        )

    def failed(self, message: str, duration: float) -> EvaluationFailure:
        """No verdict."""
        return EvaluationFailure(
            evaluator=self.name,
            evaluator_version=self.version,
            code="internal",
            message=message,
            duration=duration,
            evaluator_name=CODE,
        )

    def _result(self, value: Value, explanation: str | None, duration: float) -> Evaluation:
        problem = self._problem(value)
        if problem:
            return self.failed(f"{self._called} returned {problem}", duration)
        verdict = self._verdict(value)
        return EvaluationResult(
            evaluator=self.name,
            evaluator_version=self.version,
            value=value,
            score_value=None if isinstance(value, str) else float(value),
            score_label=value if isinstance(value, str) else self._label(verdict),
            verdict=verdict,
            explanation=explanation,
            duration=duration,
            evaluator_name=CODE,
        )

    def _own(
        self, given: EvaluationResult | EvaluationFailure | EvaluationSkipped, duration: float
    ) -> Evaluation:
        """What the function made itself, under this evaluator's name, if it can be exported."""
        known: dict[str, Any] = {
            "evaluator": self.name,
            "evaluator_version": given.evaluator_version or self.version,
            "evaluator_name": CODE,
            "duration": given.duration or duration,
        }
        if isinstance(given, EvaluationResult):
            value, score = plain_value(given.value), plain_value(given.score_value)
            verdict: object = given.verdict
            if value is None or (given.score_value is not None and not isinstance(score, float)):
                return self.failed(f"{self._called} returned a result without a usable value", duration)
            problem = self._problem(value, own=verdict is not None) or (
                isinstance(score, float) and self._problem(score, own=True)
            )
            if problem:
                return self.failed(f"{self._called} returned a result with {problem}", duration)
            if verdict not in {None, "pass", "fail"}:
                return self.failed(
                    f"{self._called} returned a verdict that is neither pass nor fail", duration
                )
            if verdict is None and self._acceptance is not None:
                known["verdict"] = self._verdict(value)
            known |= {"value": value, "score_value": score}
        return msgspec.structs.replace(given, **known)

    def _problem(self, value: Value, *, own: bool = False) -> str | None:
        """Why a value is no answer of this evaluator; `own`: the function has judged it itself."""
        if value == "":
            return "an empty label"
        if isinstance(value, float) and not math.isfinite(value):
            return "a number that is not finite"
        if own or self._acceptance is None or fits(self._acceptance, value):
            return None
        kind = "a boolean" if isinstance(value, bool) else "a label" if isinstance(value, str) else "a number"
        return f"{kind}, and its acceptance criteria are for something else"

    def _verdict(self, value: Value) -> Verdict | None:
        if self._acceptance is not None:
            return self._acceptance.verdict(value)
        if isinstance(value, bool):
            return "pass" if value else "fail"
        return None

    def _label(self, verdict: Verdict | None) -> str | None:
        if self._labels is None or verdict is None:
            return None
        return self._labels.pass_ if verdict == "pass" else self._labels.fail

    def _wrong(self, returned: object, duration: float) -> EvaluationFailure:
        """The type only: the value may quote what a user wrote."""
        kind = type(returned).__qualname__
        message = f"{self._called} returned {kind}, which is no evaluation: return {_EXPECTED}"
        return self.failed(message, duration)


def fits(acceptance: Acceptance, value: Value) -> bool:
    """Whether criteria are for values of this type."""
    if isinstance(value, bool):
        return acceptance.pass_when is not None
    if isinstance(value, str):
        return acceptance.pass_values is not None
    return acceptance.min is not None or acceptance.max is not None


def plain_value(value: object) -> Value | None:
    """A boolean, label or number as itself, also out of an enumeration, a NumPy scalar or a decimal.

    `None` when it is nothing of the kind. An integer that no float can hold is infinite.
    """
    if isinstance(value, Enum):
        return plain_value(value.value)
    if isinstance(value, bool):
        return value
    if isinstance(value, str):
        return str(value)
    if isinstance(value, Number):
        return _float(value)
    # NumPy's boolean is no number, and a tensor of one element is nothing, but both say what they hold.
    if getattr(value, "shape", None) == () and callable(getattr(value, "item", None)):
        held: object = cast("Any", value).item()
        return None if hasattr(held, "shape") else plain_value(held)
    return None


def _float(value: Number) -> float | None:
    try:
        return float(cast("float", value))
    except (TypeError, ValueError):  # a complex number
        return None
    except OverflowError:
        return math.inf
