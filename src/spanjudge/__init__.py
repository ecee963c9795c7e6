"""Spanjudge scores what language models said, with a language model as the judge."""

from spanjudge.evaluators.evaluator import Evaluator
from spanjudge.judging.judge import Judge
from spanjudge.judging.result import EvaluationFailure, EvaluationResult
from spanjudge.judging.subject import Subject
from spanjudge.version import __version__

__all__ = ["EvaluationFailure", "EvaluationResult", "Evaluator", "Judge", "Subject", "__version__"]
