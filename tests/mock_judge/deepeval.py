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


def fill(
    received: Received, schema: Json, verdicts: Mapping[str, Sequence[str]] | None = None, score: float = 8
) -> Json:
    """An answer in the shape of the schema: nothing is wrong, unless other verdicts are given for a metric."""
    metric = metric_of(received)
    told = (verdicts or {}).get(metric)
    if told is None:
        counted = re.search(r"STRICTLY EQUAL TO (\d+)", received.text)
        told = [GOOD.get(metric, "yes")] * (int(counted[1]) if counted else 1)
    values: Json = {
        "verdicts": [{"verdict": verdict, "reason": f"It says so ({verdict})."} for verdict in told],
        "reason": f"Because of {metric}.",
        "score": score,
    }
    return {name: values.get(name, [f"One of the {name}."]) for name in schema["properties"]}


def judging(
    verdicts: Mapping[str, Sequence[str]] | None = None,
    *,
    score: float = 8,
    instead: Mapping[str, Behaviour] | None = None,
) -> Callable[[Received], Behaviour]:
    """Answer DeepEval with these verdicts and G-Eval's score; some metrics get a behaviour instead."""
    # Imported here: that module fills DeepEval's schemas too.
    from tests.mock_judge.openai import schema_of  # noqa: PLC0415  see above

    def step(received: Received) -> Behaviour:
        special = (instead or {}).get(metric_of(received))
        if special is not None:
            return special
        schema = schema_of(received)
        return Behaviour(answer=fill(received, schema, verdicts, score) if schema else None)

    return step
