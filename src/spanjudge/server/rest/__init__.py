"""The REST API under `/api/v1`: one file a noun, each with a function `router`."""

from collections.abc import Callable, Sequence

from fastapi import APIRouter

from spanjudge.server.rest import (
    attributes,
    backfills,
    budgets,
    checking,
    disagreements,
    evaluators,
    events,
    explain,
    facets,
    gallery,
    judges,
    judging,
    pipeline,
    previews,
    prompts,
    publishing,
    results,
    session,
    setup,
    spans,
    statistics,
    tokens,
    traces,
    trials,
    usage,
    variables,
    versions,
)
from spanjudge.server.rest.parts import Parts

ROUTERS: Sequence[Callable[[Parts], APIRouter]] = (
    attributes.router,
    backfills.router,
    budgets.router,
    checking.router,
    disagreements.router,
    evaluators.router,
    events.router,
    explain.router,
    facets.router,
    gallery.router,
    judges.router,
    judging.router,
    pipeline.router,
    previews.router,
    prompts.router,
    publishing.router,
    results.router,
    session.router,
    setup.router,
    spans.router,
    statistics.router,
    tokens.router,
    traces.router,
    trials.router,
    usage.router,
    variables.router,
    versions.router,
)
"""Every router of the API, in the order of the document."""


def routers(parts: Parts) -> list[APIRouter]:
    """The routers, each with what it needs."""
    return [router(parts) for router in ROUTERS]
