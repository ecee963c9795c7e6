"""The mock judge as DeepEval's judge: which metric asks, and answers of the shapes it asks for."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tests.mock_judge.behaviour import Behaviour, Received

Json = dict[str, Any]

GOOD = {
    "bias": "no",
    "toxicity": "no",
    "answer_relevancy": "yes",
    "hallucination": "yes",
    "faithfulness": "yes",
}
"""DeepEval's word for “nothing is wrong”, by metric."""

_SHAPES = ("opinions", "statements", "claims", "truths", "verdicts", "steps", "reason", "reason score")

_SIGNS = {
    "toxicity": ("is toxic", "toxicity score"),
    "bias": ("is biased", "bias score"),
    "answer_relevancy": ("list of statements presented", "relevant to address the input", "relevancy score"),
    "hallucination": ("agrees with each context", "hallucination score"),
    "faithfulness": ("undisputed truths", "contradicts any facts", "faithfulness score"),
    "g_eval": ("you are an evaluator", "evaluation steps"),
}


def metric_of(received: Received) -> str:
    """Who asks, by the words of its prompt; `""` when it is none of DeepEval's metrics."""
    text = received.text.lower()
    if "list of opinions" in text and "is not included, since it is an opinion" in text:
        # The same words for both, but one is told about images as well.
        return "toxicity" if "multimodal input rules" in text else "bias"
    return next((name for name, signs in _SIGNS.items() if any(sign in text for sign in signs)), "")


def is_asked(schema: Json) -> bool:
    """Whether the schema is one of DeepEval's."""
    return " ".join(sorted(schema.get("properties", ()))) in _SHAPES


def fill(received: Received, schema: Json) -> Json:
    """An answer in the shape of the schema: nothing is wrong."""
    metric = metric_of(received)
    counted = re.search(r"STRICTLY EQUAL TO (\d+)", received.text)
    values: Json = {
        "verdicts": _told([GOOD.get(metric, "yes")] * (int(counted[1]) if counted else 1)),
        "reason": f"Because of {metric}.",
        "score": 8,
    }
    return {name: values.get(name, [f"One of the {name}."]) for name in schema["properties"]}


def judging(
    verdicts: Mapping[str, Sequence[str]] | None = None,
    *,
    score: object = 8,
    instead: Mapping[str, Behaviour] | None = None,
) -> Callable[[Received], Behaviour]:
    """Answer with these verdicts by metric, and with G-Eval's score; some metrics get a behaviour instead."""

    def step(received: Received) -> Behaviour:
        metric = metric_of(received)
        given: Json = {"score": score}
        if metric in (verdicts or {}):
            given["verdicts"] = _told((verdicts or {})[metric])

        def answer(filled: Json) -> Json:
            return {name: given.get(name, simplest) for name, simplest in filled.items()}

        return (instead or {}).get(metric) or Behaviour(answer=answer)

    return step


def _told(verdicts: Sequence[str]) -> list[Json]:
    return [{"verdict": verdict, "reason": f"It says so ({verdict})."} for verdict in verdicts]
