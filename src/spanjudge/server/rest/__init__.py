"""The REST API under `/api/v1`: one file a noun, each with a function `router`."""

from collections.abc import Callable, Sequence

from fastapi import APIRouter

from spanjudge.server.rest import (
    attributes,
    budgets,
    events,
    explain,
    judges,
    pipeline,
    previews,
    session,
    setup,
    tokens,
    trials,
    usage,
    variables,
)
from spanjudge.server.rest.parts import Parts

ROUTERS: Sequence[Callable[[Parts], APIRouter]] = (
    attributes.router,
    budgets.router,
    events.router,
    explain.router,
    judges.router,
    pipeline.router,
    previews.router,
    session.router,
    setup.router,
    tokens.router,
    trials.router,
    usage.router,
    variables.router,
)
"""Every router of the API, in the order of the document."""


def routers(parts: Parts) -> list[APIRouter]:
    """The routers, each with what it needs."""
    return [router(parts) for router in ROUTERS]
