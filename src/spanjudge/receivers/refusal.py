"""Why a request of telemetry is not taken, whatever protocol it came by."""

from typing import Literal

Kind = Literal[
    "malformed",
    "too_large",
    "unauthorized",
    "forbidden",
    "media_type",
    "method",
    "slow",
    "overloaded",
    "unavailable",
    "internal",
]
"""`overloaded` and `unavailable` pass: the sender should come again. So may `slow`. All others are final."""


class RefusalError(Exception):
    """A request is not taken, none of it. The message is for the sender: what is wrong, and the fix."""

    def __init__(self, kind: Kind, message: str, *, retry_after: float | None = None) -> None:
        """`retry_after` (seconds) says when to come again."""
        super().__init__(message)
        self.kind: Kind = kind
        self.retry_after = retry_after
