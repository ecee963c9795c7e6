"""What one process does for all: windows are closed, backfills run, what is old is deleted."""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Sequence

from spanjudge.pipeline.backfill import Backfills
from spanjudge.pipeline.clock import Now
from spanjudge.pipeline.coordination import Roll
from spanjudge.pipeline.membership import Membership
from spanjudge.pipeline.ports import Store, StoreError
from spanjudge.pipeline.retention import Retention
from spanjudge.pipeline.supervision import woken
from spanjudge.pipeline.windows import Windows

_log = logging.getLogger("spanjudge.pipeline")

RETENTION = "retention"
WINDOWS = "windows"
BACKFILLS = "backfills"
DESTINATIONS = "destinations"
DUTIES = (BACKFILLS, DESTINATIONS, RETENTION, WINDOWS)
"""What is done by one process at a time, beside the export to each destination."""

_WINDOW_SECONDS = 1.0
_FORGET_SECONDS, _AGAIN_SECONDS = 60.0, 2.0
_NOT_MINE_SECONDS = 0.5


class Chores:
    """Runs each chore while its duty is ours; whoever takes it over goes on where we stopped."""

    def __init__(
        self,
        store: Store,
        membership: Membership,
        now: Now,
        *,
        windows: Windows,
        backfills: Backfills,
        retention: Retention,
        on_jobs: Callable[[], None],
    ) -> None:
        """`on_jobs` is told that there is something to judge."""
        self._store = store
        self._membership = membership
        self._now = now
        self._windows = windows
        self._backfills = backfills
        self._retention = retention
        self._on_jobs = on_jobs
        self._known: frozenset[str] = frozenset()
        self._changed = asyncio.Event()

    @property
    def work(self) -> dict[str, Callable[[], Coroutine[None, None, None]]]:
        """What is to run, each until cancelled, by what it is called in the log."""
        return {
            "closing traces and sessions": self._close_windows,
            "running backfills": self._run_backfills,
            "deleting what is old": self._retention.run,
            "forgetting destinations": self._forget_destinations,
        }

    async def _close_windows(self) -> None:
        while True:
            if not self._membership.has(WINDOWS):
                await asyncio.sleep(_NOT_MINE_SECONDS)
            elif await self._windows.close(self._now()):
                self._on_jobs()
            else:
                await asyncio.sleep(_WINDOW_SECONDS)

    async def _run_backfills(self) -> None:
        while True:
            if not self._membership.has(BACKFILLS):
                await asyncio.sleep(_NOT_MINE_SECONDS)
            else:
                await self._backfills.look()

    async def _forget_destinations(self) -> None:
        pause = _FORGET_SECONDS
        while True:
            await woken(self._changed, pause)
            try:
                pause = _FORGET_SECONDS if await self.forget_destinations() else _AGAIN_SECONDS
            except StoreError as error:
                _log.warning("the outbox cannot be looked at now", extra={"reason": str(error)})
                pause = _AGAIN_SECONDS

    def on_roll(self, roll: Roll) -> None:
        """See which destinations there are."""
        known = destinations(roll)
        if known != self._known:
            self._known = known
            self._changed.set()

    async def forget_destinations(self) -> bool:
        """Drop what waits for destinations that no process has any more; false when it is not ours to do."""
        if not self._membership.has(DESTINATIONS):
            return False
        dropped = await self._store.forget_destinations(sorted(destinations(self._membership.roll)))
        if dropped:
            _log.warning(
                "results for destinations that are no longer set are dropped", extra={"count": dropped}
            )
        return True


def destinations(roll: Roll) -> frozenset[str]:
    """Every destination that any process has."""
    return frozenset(name for one in roll.members for name in one.figures.destinations)


def export_duty(destination: str) -> str:
    """The duty of carrying results to a destination."""
    return f"export {destination}"


def duties_of_worker(destination_names: Sequence[str]) -> tuple[str, ...]:
    """All that a worker can do besides judging."""
    return (*DUTIES, *map(export_duty, destination_names))
