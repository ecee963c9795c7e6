"""What the pipeline needs from others: a store that keeps everything, exporters that carry results away."""

from collections.abc import AsyncGenerator, Sequence
from typing import TYPE_CHECKING, Literal, Protocol

from spanjudge.errors import SpanjudgeError
from spanjudge.evaluators.evaluator import Evaluator
from spanjudge.judging.budget.limits import LimitsSet
from spanjudge.judging.usage import UsageRow
from spanjudge.pipeline.changes import Changed
from spanjudge.pipeline.coordination import Coordination
from spanjudge.pipeline.queries import Queries
from spanjudge.pipeline.records import (
    Committed,
    EvaluatorStatus,
    Finish,
    Health,
    Intake,
    Job,
    JobState,
    LogRow,
    Material,
    NewJob,
    Outgoing,
    Overlooked,
    Retry,
    SpanRow,
    StoredEvaluator,
    StoredSpan,
    Window,
    WindowTouch,
    current,
)
from spanjudge.spans.otlp import ReceivedLog, ReceivedSpan
from spanjudge.telemetry.evaluated import Evaluated, Target

if TYPE_CHECKING:
    from spanjudge.pipeline.requested import Requested

__all__ = [
    "Committed",
    "ConflictError",
    "EvaluatorStatus",
    "ExportError",
    "Exporter",
    "Finish",
    "Health",
    "Intake",
    "Job",
    "JobState",
    "LogRow",
    "Material",
    "NewJob",
    "Outgoing",
    "OverloadedError",
    "Overlooked",
    "Receiving",
    "Retry",
    "SpanRow",
    "StaleError",
    "Store",
    "StoreError",
    "StoredEvaluator",
    "StoredSpan",
    "UnknownEvaluatorError",
    "Window",
    "WindowTouch",
    "current",
]


class StoreError(SpanjudgeError):
    """The store cannot do it now (disk full, locked, gone). Trying again later may work."""


class Store(Protocol):
    """Keeps everything. Every method is one transaction and raises `StoreError` when it cannot be done.

    Times are nanoseconds since 1970 and are always given by the caller: the store has no clock.
    """

    @property
    def queries(self) -> Queries:
        """What pages ask."""
        ...

    @property
    def requested(self) -> "Requested":
        """Jobs and backfills that people asked for."""
        ...

    @property
    def coordination(self) -> Coordination:
        """What processes on one store tell each other."""
        ...

    async def commit(self, intakes: Sequence[Intake], *, now_ns: int) -> Committed:
        """Store what requests brought, all in one transaction that is on disk when this returns."""
        ...

    async def close_windows(self, *, now_ns: int, limit: int) -> list[Window]:
        """Windows that are due. They stay due until `settle_windows` names them."""
        ...

    async def settle_windows(self, windows: Sequence[Window], jobs: Sequence[NewJob], *, now_ns: int) -> None:
        """Store the jobs of closed windows and take the windows off, unless spans came in between."""
        ...

    async def lease(
        self,
        owner: str,
        *,
        evaluators: Sequence[str],
        now_ns: int,
        until_ns: int,
        limit: int,
        backfills: int | None = None,
    ) -> list[Job]:
        """Due jobs of these evaluators, now the owner's until `until_ns`.

        Jobs of backfills come after all others, `backfills` of them at most, but for a twentieth of `limit`
        that is kept for the oldest of them. Else the oldest due first; with a job come all due jobs of the
        same target (so a few more than `limit`). Jobs whose lease has run out are due again. The time this
        takes does not depend on the backlog.
        """
        ...

    async def extend(self, owner: str, *, until_ns: int) -> int:
        """Keep everything this owner has leased; how many jobs that is."""
        ...

    async def release(self, owner: str) -> int:
        """Hand back everything this owner has leased, due at once, no attempt used."""
        ...

    async def finish(
        self,
        finishes: Sequence[Finish],
        retries: Sequence[Retry],
        *,
        owner: str,
        now_ns: int,
        destinations: Sequence[str],
    ) -> int:
        """End jobs and send others back: results, usage, outbox entries for each destination, job states.

        Only jobs that the owner still has are touched; how many were ended.
        """
        ...

    async def material(self, targets: Sequence[Target], *, most_spans: int) -> dict[str, Material]:
        """What is stored, by `target.kind + target.key`; a target without spans is left out."""
        ...

    async def find_spans(self, span_id: str, *, trace_id: str | None = None) -> list[StoredSpan]:
        """Spans with this id: usually one."""
        ...

    async def jobs_of(self, targets: Sequence[Target]) -> list[Job]:
        """Every job of the targets, oldest first."""
        ...

    async def results_of(self, targets: Sequence[Target]) -> list[Evaluated]:
        """Every result of the targets, oldest first, superseded ones too."""
        ...

    async def save_version(
        self,
        evaluator: Evaluator,
        *,
        base_version: str | None = None,
        publish: bool = False,
        now_ns: int,
    ) -> StoredEvaluator:
        """A new draft version, in place of the draft there was; published when asked for.

        When the current version (see `current`) says the same already, it is that one; when the published
        one does, the draft above it is taken back. With `base_version`, a hash, only if that is the
        current version; with "" only if there is none of this name. Raises `ConflictError`, and
        `UnknownEvaluatorError` for a `base_version` of what is not there.
        """
        ...

    async def apply(
        self, evaluators: Sequence[Evaluator], *, publish: bool, now_ns: int
    ) -> list[StoredEvaluator]:
        """Several at once, all or nothing: as `save_version`, and published when asked for.

        What is published or paused and says the same is left alone, with the draft above it.
        """
        ...

    async def publish(self, name: str, *, version: str | None = None, now_ns: int) -> StoredEvaluator:
        """Publish the current version, which may end a pause or bring back what was archived.

        Raises `UnknownEvaluatorError`, and `ConflictError` when `version`, a hash, is not the current one.
        """
        ...

    async def pause(
        self, name: str, *, reason: str, paused_by: Literal["user", "pipeline"], retry_ns: int | None = None
    ) -> StoredEvaluator:
        """Pause the published version: its jobs wait. Raises `UnknownEvaluatorError`."""
        ...

    async def resume(self, name: str, *, paused_by: Literal["user", "pipeline"] = "pipeline") -> None:
        """End a pause of the pipeline; only the user ends a user's pause."""
        ...

    async def discard_draft(self, name: str) -> None:
        """Archive the draft, if there is one: nothing else changes. Raises `UnknownEvaluatorError`."""
        ...

    async def archive(self, name: str) -> None:
        """Take an evaluator out of use: waiting jobs are skipped. Raises `UnknownEvaluatorError`."""
        ...

    async def evaluators(
        self, *, all_versions: bool = False, name: str | None = None
    ) -> list[StoredEvaluator]:
        """The published (or paused) and the current version of each name, or every version; sorted.

        `name`: of this one alone.
        """
        ...

    async def version(self, name: str, version: str) -> StoredEvaluator | None:
        """One version by its hash."""
        ...

    async def revision(self) -> int:
        """A number that changes whenever evaluators do, also by another process. Cheap."""
        ...

    async def add_usage(self, rows: Sequence[UsageRow]) -> None:
        """Add to what was used (for calls that do not come from jobs)."""
        ...

    async def usage_since(self, day: str) -> list[UsageRow]:
        """What was used from this day on (`YYYY-MM-DD`, UTC)."""
        ...

    async def limits(self) -> LimitsSet:
        """Limits that take the place of the settings', as they were set last. Cheap."""
        ...

    async def set_limits(self, limits: LimitsSet) -> LimitsSet:
        """Put these in their place, or drop them (not `edited`); what is stored then.

        Raises `StaleError` when `limits.revision` is not the newest.
        """
        ...

    async def outgoing(self, destination: str, *, now_ns: int, limit: int) -> list[Outgoing]:
        """The oldest entries for a destination that are due."""
        ...

    async def sent(self, destination: str, ids: Sequence[int]) -> None:
        """These are there: forget them."""
        ...

    async def postpone(self, destination: str, ids: Sequence[int], *, due_ns: int) -> None:
        """Not now: try these again at `due_ns`."""
        ...

    async def forget_destinations(self, keep: Sequence[str]) -> int:
        """Drop entries for destinations that are no longer set; how many."""
        ...

    async def purge(self, *, spans_before_ns: int, results_before_ns: int, limit: int) -> int:
        """Delete at most `limit` spans (with logs and ended jobs) and results that are older; how many.

        Nothing that a waiting job or an outbox entry needs is deleted.
        """
        ...

    async def health(self, *, now_ns: int) -> Health:
        """How things stand."""
        ...

    def changes(self) -> AsyncGenerator[Changed, None]:
        """What changes, as other processes tell of it: see `spanjudge.pipeline.changes`."""
        ...

    async def aclose(self) -> None:
        """Close; nothing may be asked afterwards."""
        ...


class StaleError(SpanjudgeError):
    """What was to be changed is not any more what the change is based on: nothing was changed."""


class UnknownEvaluatorError(SpanjudgeError):
    """There is no evaluator of this name in the store."""


class ConflictError(SpanjudgeError):
    """Another version is stored than the caller has seen: nothing was changed.

    `stored` is the current version.
    """

    def __init__(self, message: str, *, stored: StoredEvaluator) -> None:
        """`message` is for people."""
        super().__init__(message)
        self.stored = stored


class ExportError(SpanjudgeError):
    """A batch did not arrive.

    `retryable`: it may later; `retry_after` (seconds) when the backend said when.
    """

    def __init__(self, message: str, *, retryable: bool, retry_after: float | None = None) -> None:
        """`message` names the destination and the fix."""
        super().__init__(message)
        self.retryable = retryable
        self.retry_after = retry_after


class Exporter(Protocol):
    """A way out. `name` is unique among the destinations and survives restarts."""

    name: str

    async def export(self, batch: Sequence[Evaluated]) -> None:
        """Carry a batch away; partly refused records are logged and count as carried.

        Raises `ExportError`.
        """
        ...

    async def aclose(self) -> None:
        """Close connections."""
        ...


class OverloadedError(SpanjudgeError):
    """Nothing more is taken now; the sender should come again after `retry_after` seconds."""

    def __init__(self, message: str, *, retry_after: float) -> None:
        """`message` is for the sender."""
        super().__init__(message)
        self.retry_after = retry_after


class Receiving(Protocol):
    """Where receivers hand over what they decoded."""

    async def receive(self, spans: Sequence[ReceivedSpan], logs: Sequence[ReceivedLog]) -> None:
        """Match and store; when this returns everything is on disk.

        Raises `OverloadedError` or `StoreError`: nothing was taken, the sender may try again.
        """
        ...
