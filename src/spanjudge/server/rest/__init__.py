"""The REST API under `/api/v1`: one file a noun, each with a function `router`."""

from collections.abc import Callable, Sequence

from fastapi import APIRouter

from spanjudge.server.rest import attributes, explain, previews, session, setup, tokens, trials, variables
from spanjudge.server.rest.parts import Parts

ROUTERS: Sequence[Callable[[Parts], APIRouter]] = (
    attributes.router,
    explain.router,
    previews.router,
    session.router,
    setup.router,
    tokens.router,
    trials.router,
    variables.router,
)
"""Every router of the API, in the order of the document."""


def routers(parts: Parts) -> list[APIRouter]:
    """The routers, each with what it needs."""
    return [router(parts) for router in ROUTERS]
