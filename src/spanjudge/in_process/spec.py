"""Which evaluators judge what, as `OTEL_INSTRUMENTATION_GENAI_EVALS_EVALUATORS` says it.

    config    := evaluator {"," evaluator}
    evaluator := name ["(" type {"," type} ")"]
    type      := name ["(" metric {"," metric} ")"]
    metric    := name ["(" name "=" value {"," name "=" value} ")"]

White space is free; a value may stand in quotation marks.
"""

import msgspec

from spanjudge.in_process.spec_parts import (
    EVALUATORS,
    TYPES,
    EvaluatorSpec,
    MetricSpec,
    SpecProblem,
    TypeSpec,
    nearest,
)
from spanjudge.in_process.spec_reader import SpecReader

__all__ = [
    "EVALUATORS",
    "TYPES",
    "EvaluatorSpec",
    "MetricSpec",
    "Spec",
    "SpecProblem",
    "TypeSpec",
    "nearest",
    "parse",
]


class Spec(msgspec.Struct, frozen=True):
    """What was understood, and what was not. `text` is what both were read from."""

    evaluators: tuple[EvaluatorSpec, ...] = ()
    problems: tuple[SpecProblem, ...] = ()
    text: str = ""

    def problem(self, position: int, message: str) -> SpecProblem:
        """One more, found by somebody who knows more than the grammar."""
        return SpecProblem(position, message, self.text)


def parse(text: str) -> Spec:
    """Read a text. Raises nothing: what cannot be read is left out, and a problem says so."""
    reader = SpecReader(text)
    evaluators = reader.evaluators()
    return Spec(evaluators=evaluators, problems=tuple(reader.problems), text=text)
