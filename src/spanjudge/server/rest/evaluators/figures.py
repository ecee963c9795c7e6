"""Sums over results as the API gives them out."""

from spanjudge.pipeline import figures
from spanjudge.server.rest.shapes.statistics import Figures


def figures_shape(found: figures.Figures) -> Figures:
    """Counts, tokens, cost and durations of a window."""
    return Figures(
        passed=found.passed,
        failed=found.failed,
        valued=found.valued,
        none=found.none,
        pass_rate=found.pass_rate,
        mean_score=found.mean_score,
        input_tokens=found.input_tokens,
        output_tokens=found.output_tokens,
        cost_usd=found.cost_usd,
        spans=found.targets,
        p50_ms=_milliseconds(found.median),
        p95_ms=_milliseconds(found.slowest),
    )


def _milliseconds(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds * 1000, 3)
