"""Targets on which answers differ: evaluators of one span, or one evaluator asked again."""

from typing import TYPE_CHECKING, Literal, Protocol

import msgspec

from spanjudge.pipeline.listings import Page, Place, ResultRow
from spanjudge.telemetry.evaluated import Target

if TYPE_CHECKING:
    from spanjudge.pipeline.queries import Filters

DisagreementKind = Literal["evaluators", "versions"]
"""`evaluators`: one passes what another fails. `versions`: a newer outcome of an evaluator says otherwise
than an older one of the same target, which another version, model or attempt gave."""


class Disagreement(msgspec.Struct, frozen=True, kw_only=True):
    """One target. `number` and `time_ns` are those of its newest outcome that takes part.

    `rows` of `evaluators` are all its current verdicts, fails first; of `versions` the current outcome and
    then the older ones that said otherwise, newest first.
    """

    number: int
    time_ns: int
    target: Target
    rows: tuple[ResultRow, ...]


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """How often an evaluator's verdict changed on the same target."""

    evaluator: str
    before: Literal["pass", "fail"]
    after: Literal["pass", "fail"]
    count: int


class Disagreements(Protocol):
    """Of `filters` count window, services, models, operations, session, evaluators and judge models.

    Raises `StoreError` when it cannot be done now.
    """

    async def disagreements(
        self, kind: DisagreementKind, filters: "Filters", *, after: Place | None = None, limit: int
    ) -> Page[Disagreement]:
        """Newest first; two evaluators or more in the filters: only where these disagree."""
        ...

    async def changes(self, filters: "Filters") -> tuple[Change, ...]:
        """Changed verdicts of the window by evaluator, the most frequent first."""
        ...
