"""Times on the wire: RFC 3339, UTC, microseconds."""

from datetime import UTC, datetime, timedelta
from typing import Annotated

from pydantic import AfterValidator, Field

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def instant(ns: int) -> str:
    """Nanoseconds since 1970 as `2026-11-21T21:54:20.123456Z`."""
    moment = _EPOCH + timedelta(microseconds=ns // 1000)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def parse_instant(text: str) -> int:
    """Nanoseconds since 1970. Raises `ValueError` for what is no time with a zone."""
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        raise ValueError("write a time like 2026-11-21T21:54:20Z") from None
    if moment.tzinfo is None:
        raise ValueError("the time has no zone: write a time like 2026-11-21T21:54:20Z")
    return (moment - _EPOCH) // timedelta(microseconds=1) * 1000


def _checked(text: str) -> str:
    return instant(parse_instant(text))


Instant = Annotated[
    str,
    AfterValidator(_checked),
    Field(description="RFC 3339", examples=["2026-11-21T21:54:20.123456Z"]),
]
"""A time; what comes in without a zone is refused."""
