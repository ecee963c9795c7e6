"""`/api/v1/statistics`: what results come to, over time and by group."""

from collections.abc import Sequence
from typing import Annotated

import msgspec
from fastapi import APIRouter, Depends, Query

from spanjudge.pipeline import figures
from spanjudge.pipeline.figures import Grouping
from spanjudge.server.rest.evaluators.figures import figures_shape
from spanjudge.server.rest.filters import Filtered
from spanjudge.server.rest.parts import Parts
from spanjudge.server.rest.problems.problem import ApiProblem, FieldError
from spanjudge.server.rest.shapes.listing import Count
from spanjudge.server.rest.shapes.statistics import Bucket, Series, Statistics
from spanjudge.server.rest.shapes.times import instant

_SECOND = 1_000_000_000
_DAY = 86_400
_WINDOW = _DAY * _SECOND
_FEWEST, _MOST = 24, 1_000
_STEPS = (
    *(1, 2, 5, 10, 15, 30),
    *(60, 120, 300, 600, 900, 1_800),
    *(3_600, 2 * 3_600, 3 * 3_600, 4 * 3_600, 6 * 3_600, 8 * 3_600, 12 * 3_600),
    *(_DAY, 2 * _DAY, 5 * _DAY, 7 * _DAY, 14 * _DAY, 30 * _DAY, 60 * _DAY),
)


def router(parts: Parts) -> APIRouter:
    """The routes."""
    own = APIRouter(
        prefix="/api/v1/statistics", tags=["Numbers"], dependencies=[Depends(parts.access.require("read"))]
    )

    @own.get("", summary="What results come to")
    async def statistics(
        filters: Filtered,
        by: Annotated[Grouping, Query(description="`model` is the application's.")] = "evaluator",
        step: Annotated[
            int | None,
            Query(
                ge=1, le=10_000 * _DAY, description="Seconds; without it 24 to 60 steps.", examples=[3_600]
            ),
        ] = None,
    ) -> Statistics:
        """Pass rates, scores, durations, tokens and cost of a window, and of the window before it.

        Without `from` it is the 24 hours before `to`, which is now unless given. Steps begin at whole
        multiples of their length (UTC). Superseded results count nowhere, failures are in no rate.
        """
        end = parts.now() if filters.end_ns is None else filters.end_ns
        start = end - _WINDOW if filters.start_ns is None else filters.start_ns
        if start >= end:
            raise _wrong("from", "must be before “to”")
        if filters.text:
            raise _wrong("text", "cannot be used here: sums would need every content to be read")
        step_ns = (step or chosen_step((end - start) / _SECOND)) * _SECOND
        if (end - start) / step_ns > _MOST:
            raise _wrong("step", f"would make more than {_MOST:,} steps of this window: choose a longer one")
        asked = msgspec.structs.replace(filters, start_ns=start, end_ns=end)
        return _shape(await parts.queries.statistics(asked, by=by, step_ns=step_ns), by)

    return own


def chosen_step(seconds: float) -> int:
    """The longest step that cuts a window into 24 or more; they are 60 at most, of a minute and more."""
    fitting = [step for step in _STEPS if seconds / step >= _FEWEST]
    longest = fitting[-1] if fitting else _STEPS[0]
    return longest if seconds / longest <= 2.5 * _FEWEST else int(seconds / _FEWEST // _DAY) * _DAY


def _wrong(field: str, words: str) -> ApiProblem:
    return ApiProblem(422, f"{field} {words}.", errors=[FieldError(field, words)])


def _shape(found: figures.Statistics, by: Grouping) -> Statistics:
    return Statistics(
        start=instant(found.start_ns),
        end=instant(found.end_ns),
        step_seconds=found.step_ns // _SECOND,
        by=by,
        total=figures_shape(found.total),
        before=figures_shape(found.before),
        buckets=_buckets(found.steps),
        series=[
            Series(
                key=one.key,
                figures=figures_shape(one.figures),
                before=figures_shape(one.before),
                buckets=_buckets(one.steps),
                labels=_counts(one.labels),
                scores=list(one.scores),
                score_range=one.score_range,
                services=list(one.services),
                codes=_counts(one.codes),
            )
            for one in found.series
        ],
        codes=_counts(found.codes),
    )


def _counts(found: Sequence[tuple[str, int]]) -> list[Count]:
    return [Count(value=value, count=count) for value, count in found]


def _buckets(steps: Sequence[figures.Step]) -> list[Bucket]:
    return [
        Bucket(
            start=instant(one.start_ns),
            passed=one.passed,
            failed=one.failed,
            valued=one.valued,
            none=one.none,
            mean_score=one.mean_score,
            cost_usd=one.cost_usd,
            tokens=one.tokens,
        )
        for one in steps
    ]
