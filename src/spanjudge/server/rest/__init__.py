"""The REST API under `/api/v1`: one file a noun, each with a function `router`."""

from collections.abc import Callable, Sequence

from fastapi import APIRouter

from spanjudge.server.rest import session, setup, tokens
from spanjudge.server.rest.parts import Parts

ROUTERS: Sequence[Callable[[Parts], APIRouter]] = (
    session.router,
    setup.router,
    tokens.router,
)
"""Every router of the API, in the order of the document."""


def routers(parts: Parts) -> list[APIRouter]:
    """The routers, each with what it needs."""
    return [router(parts) for router in ROUTERS]
