"""`/api/v1/disagreements`: where evaluators, or versions of one, say different things of the same."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query

from spanjudge.pipeline.disagreements import Disagreement as Found
from spanjudge.pipeline.disagreements import DisagreementKind
from spanjudge.server.rest.cursors import After, Limit, cursor_of
from spanjudge.server.rest.filters import Filtered
from spanjudge.server.rest.parts import Parts
from spanjudge.server.rest.results.told import Numbers, numbers_of, result_shape, target_shape
from spanjudge.server.rest.shapes.results import Disagreement, DisagreementPage, VerdictChange, VerdictChanges
from spanjudge.server.rest.shapes.times import instant


def router(parts: Parts) -> APIRouter:
    """The routes."""
    own = APIRouter(prefix="/api/v1", tags=["Results"], dependencies=[Depends(parts.access.require("read"))])

    @own.get("/disagreements", summary="Where answers differ")
    async def disagreements(
        filters: Filtered,
        after: After,
        kind: Annotated[
            DisagreementKind,
            Query(description="`evaluators`: one passes what another fails; `versions`: a changed verdict."),
        ] = "versions",
        limit: Limit = 50,
    ) -> DisagreementPage:
        """Spans, traces and sessions of which one answer is pass and another one fail, newest first.

        Of the filters count window, service, model, operation, session, evaluator and judge model. With two
        evaluators or more only what these disagree on.
        """
        page = await parts.queries.disagreements(kind, filters, after=after, limit=limit)
        numbers = await numbers_of(parts.queries, (row.evaluated for one in page.rows for row in one.rows))
        return DisagreementPage(
            items=[_shape(one, kind, numbers) for one in page.rows],
            next_cursor=cursor_of(page.following),
            partial=False,
            reached=None,
        )

    @own.get("/disagreements/changes", summary="How often evaluators changed their mind")
    async def changes(filters: Filtered) -> VerdictChanges:
        """Verdicts that another version, judge model or attempt turned round, by evaluator."""
        found = await parts.queries.changes(filters)
        return VerdictChanges(
            items=[
                VerdictChange(evaluator=one.evaluator, before=one.before, after=one.after, count=one.count)
                for one in found
            ]
        )

    return own


def _shape(found: Found, kind: DisagreementKind, numbers: Numbers) -> Disagreement:
    results = [result_shape(row.evaluated, numbers=numbers, current=row.current) for row in found.rows]
    return Disagreement(
        kind=kind,
        target=target_shape(found.target),
        service=results[0].service,
        time=instant(found.time_ns),
        results=results,
    )
