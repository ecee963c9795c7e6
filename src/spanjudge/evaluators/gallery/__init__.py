"""The built-in evaluators, in the format users write. Copy a file, rename it, and it is yours."""

from functools import cache
from importlib.resources import files

from spanjudge.evaluators.evaluator import Evaluator
from spanjudge.evaluators.file import load_text

_SCORERS = (
    "hallucination",
    "answer_relevance",
    "coherence",
    "helpfulness",
    "instruction_following",
    "toxicity",
    "bias",
    "output_format",
)
_METRICS = ("bias", "toxicity", "answer_relevancy", "hallucination", "faithfulness", "sentiment")
_TEMPLATES = (
    "toxicity",
    "prompt_injection",
    "topic_relevancy",
    "sentiment_analysis",
    "failure_answer",
    "failure_answer_boolean",
    "goal_completeness",
    "tool_selection_relevance",
    "tool_argument_correctness",
)


def scorers() -> dict[str, Evaluator]:
    """The eight of the Remote Scorer contract, by name, in its order."""
    return {name: _load("scorers", name) for name in _SCORERS}


def metrics() -> dict[str, Evaluator]:
    """The six of in-process evaluation, by name; each answers with a score from 0 to 1."""
    return {name: _load("metrics", name) for name in _METRICS}


def templates() -> dict[str, Evaluator]:
    """The nine templates to start an own evaluator from, by name."""
    return {name: _load("templates", name) for name in _TEMPLATES}


def text(section: str, name: str) -> str:
    """A gallery file as it is written, to be copied; `section` is `scorers`, `metrics` or `templates`."""
    return files(__name__).joinpath(section, f"{name}.yaml").read_text(encoding="utf-8")


@cache
def _load(section: str, name: str) -> Evaluator:
    return load_text(text(section, name), f"{section}/{name}.yaml")
