"""Where a part of a list begins and how long it is, as query parameters."""

import base64
from typing import Annotated

import msgspec
from fastapi import Depends, Query

from spanjudge.pipeline.listings import Place
from spanjudge.server.rest.problems.problem import ApiProblem, FieldError

_LARGEST = 2**63 - 1

Limit = Annotated[int, Query(ge=1, le=200, description="How many rows at most.")]


def cursor_of(place: Place | None) -> str | None:
    """The text that stands for a place."""
    if place is None:
        return None
    packed = msgspec.json.encode((place.time_ns, place.number))
    return base64.urlsafe_b64encode(packed).decode().rstrip("=")


def place(
    cursor: Annotated[
        str | None, Query(max_length=200, description="`next_cursor` of the part before.")
    ] = None,
) -> Place | None:
    """Where the asked part begins. Raises `ApiProblem` 400."""
    if not cursor:
        return None
    try:
        packed = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        time_ns, number = msgspec.json.decode(packed, type=tuple[int, int])
    except (ValueError, msgspec.MsgspecError):
        raise _no_cursor() from None
    if not (-_LARGEST <= time_ns <= _LARGEST and 0 <= number <= _LARGEST):
        raise _no_cursor()
    return Place(time_ns, number)


def _no_cursor() -> ApiProblem:
    words = "is not one that a list gave: begin again without it"
    return ApiProblem(400, f"cursor {words}.", code="bad_cursor", errors=[FieldError("cursor", words)])


After = Annotated[Place | None, Depends(place)]
"""Where the asked part begins, as a route's parameter."""
