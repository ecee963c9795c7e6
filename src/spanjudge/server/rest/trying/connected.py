"""Work that is dropped when the client leaves."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from fastapi import Request

from spanjudge.server.rest.problems.problem import ApiProblem

Value = TypeVar("Value")
CLIENT_GONE = 499
"""Nobody reads it; logs know the number from nginx."""


async def while_connected(request: Request, work: Coroutine[Any, Any, Value]) -> Value:
    """The work's result, unless the client leaves first: then the work is cancelled."""
    working = asyncio.ensure_future(work)
    leaving = asyncio.ensure_future(_left(request))
    try:
        await asyncio.wait({working, leaving}, return_when=asyncio.FIRST_COMPLETED)
        if not working.done():
            raise ApiProblem(CLIENT_GONE, "The client left before there was an answer.", code="client_gone")
        return working.result()
    finally:
        leaving.cancel()
        working.cancel()
        await asyncio.gather(working, leaving, return_exceptions=True)


async def _left(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
