"""Which of DeepEval's metrics measures an evaluator, and what its score means here."""

import math
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import msgspec

from spanjudge.errors import SettingsError
from spanjudge.evaluators import gallery
from spanjudge.evaluators.answer_format import Score
from spanjudge.evaluators.evaluator import Evaluator
from spanjudge.in_process.deepeval.case import Texts
from spanjudge.in_process.deepeval.library import Library

_NAMES = {
    "answer_relevancy": "AnswerRelevancyMetric",
    "bias": "BiasMetric",
    "faithfulness": "FaithfulnessMetric",
    "hallucination": "HallucinationMetric",
    "toxicity": "ToxicityMetric",
}
_TURNED = frozenset({"bias", "hallucination", "toxicity"})
"""DeepEval's score tells how free of it the output is; ours, how much of it there is."""

_TOP = 10  # G-Eval scores from 0 to 10 and divides


class Measured(msgspec.Struct, frozen=True):
    """A score in the evaluator's own range, and the reason DeepEval gives for it."""

    score: float
    explanation: str


def check(evaluator: Evaluator) -> None:
    """Raises `SettingsError` when DeepEval has no metric for it."""
    if evaluator.rubric is None:
        raise SettingsError(
            f"{evaluator.name}: is a full prompt, but DeepEval writes its own: take a rubric, or use native"
        )
    if not isinstance(evaluator.answer, Score):
        kind = type(evaluator.answer).__name__.lower()
        raise SettingsError(
            f"{evaluator.name}: answers with a {kind}, but DeepEval gives scores: take a score, or use native"
        )


async def measure(library: Library, evaluator: Evaluator, texts: Texts, model: object) -> Measured | None:
    """Measure; `None` when what comes out is no score. Raises what DeepEval raises."""
    library.unreported()
    own = _is_built_in(evaluator)
    metric: Any = (_built_in if own else _g_eval)(library, evaluator, texts, model)
    context = list(texts.context) or None
    case = library.test_case(
        input=texts.input,
        actual_output=texts.output,
        expected_output=texts.expected,
        context=context,
        retrieval_context=context,
    )
    await metric.a_measure(case, _show_indicator=False)
    score: object = metric.score
    if isinstance(score, bool) or not isinstance(score, int | float):
        return None
    if not math.isfinite(score) or not 0 <= score <= 1:
        return None
    reason = metric.reason.strip() if isinstance(metric.reason, str) else ""
    if own and evaluator.name in _TURNED:
        # The reason quotes the score it explains.
        note = f"(DeepEval’s own score is {score:.2f}, where 1 is best.)"
        return Measured(_exact(1.0 - score), f"{reason} {note}".strip())
    return Measured(_in_range(evaluator, score), reason)


def _is_built_in(evaluator: Evaluator) -> bool:
    """A rubric of the user's own is judged by G-Eval, whatever its name."""
    return evaluator.name in _NAMES and evaluator.rubric == gallery.metrics()[evaluator.name].rubric


def _in_range(evaluator: Evaluator, score: float) -> float:
    scale = evaluator.answer
    return _exact(scale.min + score * (scale.max - scale.min)) if isinstance(scale, Score) else score


def _exact(score: float) -> float:
    """Without the last digits of the arithmetic: three of ten are 0.3, and pass a threshold of 0.3."""
    return round(score, 12)


def _built_in(library: Library, evaluator: Evaluator, texts: Texts, model: object) -> object:
    del texts
    # The eval mode is named, as DeepEval's environment could choose a judge of its own otherwise.
    return getattr(library.metrics, _NAMES[evaluator.name])(model=model, eval_mode="llm")


def _g_eval(library: Library, evaluator: Evaluator, texts: Texts, model: object) -> object:
    """G-Eval with the rubric as the one step: steps that are made up anew each time give other scores."""
    return library.metrics.GEval(
        name=evaluator.name,
        evaluation_params=_parameters(library, evaluator, texts),
        evaluation_steps=[(evaluator.rubric or "").strip()],
        rubric=_scale(library.rubric, evaluator),
        model=model,
    )


def _parameters(library: Library, evaluator: Evaluator, texts: Texts) -> list[Any]:
    """What it needs; all there is, when it does not say what it needs."""
    known = library.parameters
    every = {
        "input": (known.INPUT, bool(texts.input.strip())),
        "output": (known.ACTUAL_OUTPUT, True),
        "context": (known.CONTEXT, bool(texts.context)),
        "expected": (known.EXPECTED_OUTPUT, texts.expected is not None),
    }
    needs = evaluator.needs or tuple(every)
    chosen = [parameter for name, (parameter, there) in every.items() if name in needs and there]
    return chosen or [known.ACTUAL_OUTPUT]


def _scale(band: Callable[..., Any], evaluator: Evaluator) -> list[Any] | None:
    """What the numbers from 0 to 10 mean, in bands: by the scale's described points, or its description."""
    scale = evaluator.answer
    if not isinstance(scale, Score):
        return None
    anchors = scale.anchors
    bands = _bands(scale)
    if anchors and all(low <= high for low, high in bands):
        return [
            band(score_range=places, expected_outcome=anchor.description)
            for places, anchor in zip(bands, anchors, strict=True)
        ]
    points = "; ".join(f"{anchor.value:g} = {anchor.description}" for anchor in anchors)
    told = f"{evaluator.description} {points}".strip()
    if not told:
        return None
    told += f" (Read {scale.min:g} to {scale.max:g} there as 0 to {_TOP} here.)"
    return [band(score_range=(0, _TOP), expected_outcome=told)]


def _bands(scale: Score) -> list[tuple[int, int]]:
    """For each described point the first and last of the whole numbers from 0 to 10 that are nearest to it.

    A point that is too close to its neighbours has none, and its first number comes after its last.
    """
    points = [(anchor.value - scale.min) / (scale.max - scale.min) * _TOP for anchor in scale.anchors]
    borders = [math.floor((low + high) / 2) for low, high in pairwise(points)]
    return list(zip([0, *(border + 1 for border in borders)], [*borders, _TOP], strict=True))
