"""Judging that people asked for: a target again, or everything of a window that was not judged yet."""

from collections.abc import Sequence
from typing import Literal, Protocol

import msgspec

from spanjudge.pipeline.ports import NewJob, Store, StoredEvaluator, UnknownEvaluatorError
from spanjudge.telemetry.evaluated import Target

BackfillState = Literal["searching", "judging", "done", "cancelled"]
"""`searching`: targets are looked at and jobs made; `judging`: all jobs are made and some wait."""


class NewBackfill(msgspec.Struct, frozen=True, kw_only=True):
    """An evaluator version to be run over targets that started in a window, newest first.

    No more than `most` are judged. `sampled`: those only that its sampling takes.
    """

    evaluator: str
    version: str
    start_ns: int
    end_ns: int
    most: int
    sampled: bool = True


class Backfill(msgspec.Struct, frozen=True, kw_only=True):
    """A backfill as stored. Next come targets that started at `cursor_ns` (without the first `cursor_skip`).

    `jobs` were made and are not left out, `done` and `failed` of them are judged, `open` not yet.
    """

    id: int
    wanted: NewBackfill
    created_ns: int
    state: BackfillState
    cursor_ns: int
    cursor_skip: int
    examined: int
    jobs: int
    done: int
    failed: int
    cost_usd: float
    open: int = 0


class Requested(Protocol):
    """Every method is one transaction and raises `StoreError` when it cannot be done."""

    async def judge(self, jobs: Sequence[NewJob], *, now_ns: int) -> int:
        """Store jobs, each under the next generation of its evaluator and target; how many were made.

        One whose evaluator version has a job there that is not ended makes no second.
        """
        ...

    async def begin(self, wanted: NewBackfill, *, now_ns: int) -> Backfill:
        """A new backfill."""
        ...

    async def backfills(self, *, limit: int = 200) -> list[Backfill]:
        """Newest first."""
        ...

    async def backfill(self, number: int) -> Backfill | None:
        """One of them."""
        ...

    async def unfinished(self) -> list[Backfill]:
        """Those with targets to look at or jobs to count, oldest first."""
        ...

    async def advance(
        self,
        before: Backfill,
        jobs: Sequence[NewJob],
        *,
        examined: int,
        cursor_ns: int,
        cursor_skip: int,
        ended: bool,
        now_ns: int,
    ) -> int:
        """Store the jobs of one step together with where it came to; how many were made.

        Nothing happens when the backfill is not any more where it was `before`. What is judged, or waits
        to be, makes no job, and there are never more than were wanted. `ended`: that was all.
        """
        ...

    async def count(self, number: int) -> Backfill:
        """Take over what became of its jobs; it is `done` with the last of them."""
        ...

    async def cancel(self, number: int, *, detail: str) -> Backfill | None:
        """Make no more jobs, and skip those that wait; `detail` says why."""
        ...

    async def waits_since(self, evaluator: str, *, now_ns: int) -> int | None:
        """When the longest waiting job that no backfill made became due."""
        ...


class NotInUseError(UnknownEvaluatorError):
    """The evaluator is not published, so nobody would judge."""


async def in_use(store: Store, name: str) -> StoredEvaluator:
    """The version that judges. Raises `UnknownEvaluatorError`, `NotInUseError` and `StoreError`."""
    stored = [one for one in await store.evaluators() if one.evaluator.name == name]
    if not stored:
        raise UnknownEvaluatorError(f"there is no evaluator “{name}”")
    live = next((one for one in stored if one.status in ("published", "paused")), None)
    if live is None:
        raise NotInUseError(f"evaluator “{name}” is not published: publish it first")
    return live


def job_for(evaluator: StoredEvaluator, target: Target, now_ns: int) -> NewJob:
    """A job whatever the scope says."""
    return NewJob(
        evaluator=evaluator.evaluator.name,
        version=evaluator.evaluator.version,
        target=target,
        due_ns=now_ns,
        overlooks="scope",
    )
