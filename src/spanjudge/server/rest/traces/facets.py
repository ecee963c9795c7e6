"""`/api/v1/facets`: what there is to filter by."""

from fastapi import APIRouter, Depends
from starlette.responses import Response

from spanjudge.server.rest.filters import Filtered
from spanjudge.server.rest.parts import Parts
from spanjudge.server.rest.results.told import readable
from spanjudge.server.rest.shapes.listing import Count
from spanjudge.server.rest.shapes.statistics import Facets
from spanjudge.server.rest.traces.answers import answer


def router(parts: Parts) -> APIRouter:
    """The route."""
    own = APIRouter(prefix="/api/v1", tags=["Traces"], dependencies=[Depends(parts.access.require("read"))])

    @own.get("/facets", summary="What there is to filter by", response_model=Facets)
    async def facets(filters: Filtered) -> Response:
        """Values and how often they occur between `from` and `to`, most first; other filters do not count.

        Services, models and operations are counted in traces, the others in current results and failures.
        """
        found = await parts.queries.facets(filters)
        return answer(
            Facets(
                services=_counts(found.services),
                models=_counts(found.models),
                operations=_counts(found.operations),
                evaluators=_counts(found.evaluators),
                labels=_counts(found.labels),
                codes=_counts(found.codes),
                judge_models=_counts(found.judge_models),
            )
        )

    return own


def _counts(pairs: tuple[tuple[str, int], ...]) -> list[Count]:
    return [Count(value=readable(value), count=count) for value, count in pairs]
