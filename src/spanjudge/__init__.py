"""Spanjudge scores what language models said, with a language model as the judge."""

from spanjudge.evaluators.acceptance import Acceptance
from spanjudge.evaluators.answer_format import Anchor, Boolean, Category, Label, Score
from spanjudge.evaluators.evaluator import Evaluator, Prompt
from spanjudge.judging.judge import Judge
from spanjudge.judging.result import EvaluationFailure, EvaluationResult
from spanjudge.judging.subject import Subject
from spanjudge.spans.span import Document
from spanjudge.version import __version__

__all__ = [
    "Acceptance",
    "Anchor",
    "Boolean",
    "Category",
    "Document",
    "EvaluationFailure",
    "EvaluationResult",
    "Evaluator",
    "Judge",
    "Label",
    "Prompt",
    "Score",
    "Subject",
    "__version__",
]
