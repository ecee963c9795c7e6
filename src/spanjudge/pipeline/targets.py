"""What can be judged of what is stored: spans, traces and sessions of a window, newest first."""

from typing import Protocol

import msgspec

from spanjudge.telemetry.evaluated import Evaluated, Target, TargetKind


class StoredTarget(msgspec.Struct, frozen=True):
    """A span, trace or session, and when it started (nanoseconds since 1970)."""

    target: Target
    start_ns: int


class Stretch(msgspec.Struct, frozen=True, kw_only=True):
    """A window over starts (`start_ns` is included, `end_ns` not); no services are all."""

    start_ns: int
    end_ns: int
    services: tuple[str, ...] = ()


class Targets(Protocol):
    """Raises `StoreError` when it cannot be done now.

    A session starts with the first of its traces that the window holds.
    """

    async def targets(
        self, kind: TargetKind, stretch: Stretch, *, limit: int, skip: int = 0
    ) -> list[StoredTarget]:
        """The newest, without the first `skip` of them. Ties are in the order of their ids."""
        ...

    async def count_targets(self, kind: TargetKind, stretch: Stretch) -> int:
        """How many there are."""
        ...

    async def stored_since(self) -> int | None:
        """When the oldest span that is stored was received."""
        ...

    async def outcome(self, result_id: str) -> Evaluated | None:
        """One result or failure."""
        ...

    async def came_after(self, target: Target, time_ns: int) -> int:
        """How many spans and log records of a target were received after a moment."""
        ...
