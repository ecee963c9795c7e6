"""`/api/v1/attributes`: names and values of recent spans, to choose from while writing a rule."""

import asyncio
from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query

from spanjudge.pipeline import attributes as sums
from spanjudge.pipeline.recent import Recent
from spanjudge.server.rest.parts import Parts
from spanjudge.server.rest.results.told import readable
from spanjudge.server.rest.shapes.listing import Count
from spanjudge.server.rest.shapes.trials import AttributeName, Attributes, AttributeValues
from spanjudge.server.rest.trying.places import Places

Hours = Annotated[float, Query(gt=0, le=24 * 31, description="How far back to look.")]
Services = Annotated[
    list[str], Query(default_factory=list, max_length=100, description="Of these services only.")
]
Prefix = Annotated[str, Query(max_length=500, description="What was written so far, in any case.")]
Limit = Annotated[int, Query(ge=1, le=1000)]


def router(parts: Parts) -> APIRouter:
    """The routes."""
    own = APIRouter(prefix="/api/v1", tags=["Trying"], dependencies=[Depends(parts.access.require("read"))])
    places = Places(2, 32, "look-ups of attributes")

    async def look(hours: float, services: Sequence[str], work: Any, *arguments: Any) -> tuple[Any, Recent]:
        async with places:
            recent = await parts.recent.read("span", hours=hours, services=sorted(set(services)))
            return await asyncio.to_thread(work, recent.shown, *arguments), recent

    @own.get("/attributes", summary="Names of attributes")
    async def attributes(
        service: Services,
        prefix: Prefix = "",
        hours: Hours = 24,
        limit: Limit = 200,
    ) -> Attributes:
        """Names that rules and variables can use, of recent spans: those that begin with `prefix` first.

        Among them what every span has (`name`, `kind`, `parent_span_id`, …) and what is understood in every
        dialect (`gen_ai.operation.name`, …).
        """
        found, recent = await look(hours, service, sums.names_of, prefix, limit)
        return Attributes(
            items=[
                AttributeName(
                    name=readable(one.name), count=one.count, type=one.type, example=readable(one.example)
                )
                for one in found
            ],
            examined=recent.examined,
        )

    @own.get("/attributes/values", summary="Values of an attribute")
    async def values(
        name: Annotated[str, Query(min_length=1, max_length=1000)],
        service: Services,
        prefix: Prefix = "",
        hours: Hours = 24,
        limit: Limit = 200,
    ) -> AttributeValues:
        """Values that a rule on this attribute would find on recent spans, most frequent first."""
        found, recent = await look(hours, service, sums.values_of, name, prefix, limit)
        return AttributeValues(
            name=name,
            items=[Count(value=readable(text), count=count) for text, count in found],
            examined=recent.examined,
        )

    return own
