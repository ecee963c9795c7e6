"""Spanjudge scores what language models said, with a language model as the judge."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from spanjudge.version import __version__

if TYPE_CHECKING:
    from spanjudge.evaluators.acceptance import Acceptance
    from spanjudge.evaluators.answer_format import Anchor, Boolean, Category, Label, Score
    from spanjudge.evaluators.evaluator import Evaluator, Prompt
    from spanjudge.in_process.code.evaluator import evaluator
    from spanjudge.in_process.deepeval.evaluator import DeepevalEvaluator
    from spanjudge.in_process.native import NativeEvaluator
    from spanjudge.in_process.span_processor import EvaluationSpanProcessor
    from spanjudge.in_process.submitted import submit_evaluation
    from spanjudge.judging.judge import Judge
    from spanjudge.judging.result import EvaluationFailure, EvaluationResult, EvaluationSkipped
    from spanjudge.judging.subject import Subject
    from spanjudge.spans.span import Document

__all__ = [
    "Acceptance",
    "Anchor",
    "Boolean",
    "Category",
    "DeepevalEvaluator",
    "Document",
    "EvaluationFailure",
    "EvaluationResult",
    "EvaluationSkipped",
    "EvaluationSpanProcessor",
    "Evaluator",
    "Judge",
    "Label",
    "NativeEvaluator",
    "Prompt",
    "Score",
    "Subject",
    "__version__",
    "evaluator",
    "submit_evaluation",
]

# A name is imported when it is first asked for: an application pays for what it uses, and pytest, which
# loads our plugin wherever this package is installed, for nothing.
_PLACES = {
    "Acceptance": "evaluators.acceptance",
    "Anchor": "evaluators.answer_format",
    "Boolean": "evaluators.answer_format",
    "Category": "evaluators.answer_format",
    "DeepevalEvaluator": "in_process.deepeval.evaluator",
    "Document": "spans.span",
    "EvaluationFailure": "judging.result",
    "EvaluationResult": "judging.result",
    "EvaluationSkipped": "judging.result",
    "EvaluationSpanProcessor": "in_process.span_processor",
    "Evaluator": "evaluators.evaluator",
    "Judge": "judging.judge",
    "Label": "evaluators.answer_format",
    "NativeEvaluator": "in_process.native",
    "Prompt": "evaluators.evaluator",
    "Score": "evaluators.answer_format",
    "Subject": "judging.subject",
    "evaluator": "in_process.code.evaluator",
    "submit_evaluation": "in_process.submitted",
}


def __getattr__(name: str) -> Any:
    """A public name, imported at the first look."""
    place = _PLACES.get(name)
    if place is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = globals()[name] = getattr(import_module(f"spanjudge.{place}"), name)
    return found


def __dir__() -> list[str]:
    """The public names, for completion."""
    return sorted(__all__)
