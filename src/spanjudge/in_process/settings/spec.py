"""Which evaluators judge what, as `OTEL_INSTRUMENTATION_GENAI_EVALS_EVALUATORS` says it.

    config    := evaluator {"," evaluator}
    evaluator := name ["(" type {"," type} ")"]
    type      := name ["(" metric {"," metric} ")"]
    metric    := name ["(" name "=" value {"," name "=" value} ")"]

White space is free; a value may stand in quotation marks.
"""

import msgspec

from spanjudge.in_process.settings.spec_parts import (
    EVALUATORS,
    TYPES,
    EvaluatorSpec,
    MetricSpec,
    SpecProblem,
    TypeSpec,
    nearest,
)
from spanjudge.in_process.settings.spec_reader import SpecReader

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
    """What was understood, and what was not. `text` is what both were read from, `source` where it stood."""

    evaluators: tuple[EvaluatorSpec, ...] = ()
    problems: tuple[SpecProblem, ...] = ()
    text: str = ""
    source: str = ""

    def told(self) -> list[str]:
        """The problems for people: each with source, place, fix, and the text with a caret."""
        return [self.tell(problem.position, problem.message) for problem in self.problems]

    def tell(self, position: int, message: str) -> str:
        """One more, found by somebody who knows more than the grammar, in the same form."""
        told = SpecProblem(position, message, self.text).long
        return f"{self.source}, {told}" if self.source else told


def parse(text: str, *, source: str = "") -> Spec:
    """Read a text; `source` is the variable or argument it stands in.

    Raises nothing: what cannot be read is left out, and a problem says so.
    """
    reader = SpecReader(text)
    evaluators = reader.evaluators()
    return Spec(evaluators=evaluators, problems=tuple(reader.problems), text=text, source=source)
