"""An evaluator run over what is stored: in small steps, behind what comes in live."""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence

import msgspec

from spanjudge.evaluators.evaluator import Evaluator
from spanjudge.pipeline.clock import Now
from spanjudge.pipeline.match import decide_target, unsampled
from spanjudge.pipeline.ports import Material, NewJob, Store, StoredEvaluator
from spanjudge.pipeline.preview import matches_of
from spanjudge.pipeline.recent import Recent, RecentTargets
from spanjudge.pipeline.requested import Backfill
from spanjudge.pipeline.subjects import read_target
from spanjudge.pipeline.supervision import log_fault, woken
from spanjudge.pipeline.targets import StoredTarget, Stretch
from spanjudge.telemetry.evaluated import Target

_A_STEP = 64
_WHOLES_A_STEP = 4
_MOST_SPANS = 2_000
_LATE_NS = 2_000_000_000
_IDLE_SECONDS = 1.0
_BUSY_SECONDS = 0.2

_NOT_IN_USE = "the backfill ended: this version of the evaluator is no longer in use"

_log = logging.getLogger("spanjudge.pipeline")


class BackfillSize(msgspec.Struct, frozen=True, kw_only=True):
    """What a backfill would do; counts are of the whole window, projected unless `exact`.

    `matching` targets would be judged if they came now, `judged_already` of them are or wait to be. `chosen`
    are places in what was read of some that are not.
    """

    matching: int
    judged_already: int
    examined: int
    exact: bool
    chosen: tuple[int, ...]

    def jobs(self, most: int) -> int:
        """How many would be made."""
        return min(most, self.matching - self.judged_already)


class Backfills:
    """Runs what was begun, also before a restart. `live` gives the evaluators in use.

    `places` gives how many targets a judge model judges at the same time: no more jobs of a backfill are open
    than that, so a job that comes in live waits for one round of judging at most.
    """

    def __init__(
        self,
        store: Store,
        live: Callable[[], Sequence[StoredEvaluator]],
        now: Now,
        *,
        places: Callable[[str], int],
        on_jobs: Callable[[], None],
    ) -> None:
        """`on_jobs` is told that there is something to judge."""
        self._store = store
        self._live = live
        self._now = now
        self._places = places
        self._on_jobs = on_jobs
        self._new = asyncio.Event()

    def wake(self) -> None:
        """One was begun."""
        self._new.set()

    async def look(self) -> None:
        """Take every one a step further; when none moved, wait a moment or until one is begun."""
        unfinished = await self._store.requested.unfinished()
        moved = False
        for one in unfinished:
            moved = await self._step(one) or moved
        if not moved:
            await woken(self._new, _BUSY_SECONDS if unfinished else _IDLE_SECONDS)

    async def _step(self, one: Backfill) -> bool:
        """Count what was judged, look at a few targets more; whether there is more to look at now."""
        one = await self._store.requested.count(one.id)
        if one.state not in ("searching", "judging"):
            return False
        wanted = one.wanted
        stored = next((each for each in self._live() if each.evaluator.name == wanted.evaluator), None)
        if stored is None or stored.evaluator.version != wanted.version:
            # What was published a moment ago may not be known here yet.
            if not await self._is_in_use(one):
                await self._store.requested.cancel(one.id, detail=_NOT_IN_USE)
            return False
        most = self._places(stored.evaluator.judge)
        room = most - one.open
        if one.state != "searching" or stored.status == "paused" or room < (most + 1) // 2:
            return False
        waits = await self._store.requested.waits_since(wanted.evaluator, now_ns=self._now())
        if waits is not None and self._now() - waits > _LATE_NS:
            return False
        return await self._look(one, stored.evaluator, min(room, wanted.most - one.jobs))

    async def _is_in_use(self, one: Backfill) -> bool:
        stored = await self._store.version(one.wanted.evaluator, one.wanted.version)
        return stored is not None and stored.status in ("published", "paused")

    async def _look(self, one: Backfill, evaluator: Evaluator, room: int) -> bool:
        """Look at the next targets and make the jobs of those that fit."""
        stretch = Stretch(
            start_ns=one.wanted.start_ns, end_ns=one.cursor_ns + 1, services=evaluator.scope.services
        )
        limit = _A_STEP if evaluator.target == "span" else _WHOLES_A_STEP
        # Without room all that was wanted is made: that is the end.
        targets = await self._store.queries.targets(
            evaluator.target, stretch, limit=limit if room > 0 else 0, skip=one.cursor_skip
        )
        chosen: list[tuple[int, NewJob]] = []
        if targets:
            material = await self._store.material([each.target for each in targets], most_spans=_MOST_SPANS)
            chosen = await asyncio.to_thread(self._jobs, one, evaluator, targets, material)
        taken = chosen[: max(0, room)]
        # What came after the last job that there is room for is looked at again.
        examined = len(targets) if len(taken) == len(chosen) else taken[-1][0] + 1
        ended = room <= 0 or (len(targets) < limit and examined == len(targets))
        cursor_ns, skip = _after(one, targets[:examined])
        count = await self._store.requested.advance(
            one,
            [job for _, job in taken],
            examined=examined,
            cursor_ns=cursor_ns,
            cursor_skip=skip,
            ended=ended,
            now_ns=self._now(),
        )
        if count:
            self._on_jobs()
        return not ended

    def _jobs(
        self,
        one: Backfill,
        evaluator: Evaluator,
        targets: Sequence[StoredTarget],
        material: Mapping[str, Material],
    ) -> list[tuple[int, NewJob]]:
        """The jobs of those that would be judged, each with the place of its target."""
        decided_by = evaluator if one.wanted.sampled else unsampled(evaluator)
        found: list[tuple[int, NewJob]] = []
        for place, stored in enumerate(targets):
            target = stored.target
            known = material.get(target.kind + target.key)
            if known is None:
                continue
            try:
                reading = read_target(target, known)
                if not decide_target(reading, decided_by).judge:
                    continue
            except Exception as error:  # noqa: BLE001  what cannot be read is not judged, and stops nothing
                log_fault("a target of a backfill could not be read", error, trace_id=target.trace_id)
                continue
            is_call = target.kind == "span" and reading.shown.facts.is_model_call
            job = NewJob(
                evaluator=evaluator.name,
                version=evaluator.version,
                target=reading.target,
                due_ns=self._now(),
                parent_span_id=reading.raw.parent_span_id if is_call else "",
                model_call=is_call,
                overlooks="" if one.wanted.sampled else "sampling",
            )
            found.append((place, job))
        return found


async def size_of(
    store: Store, recent: RecentTargets, evaluator: Evaluator, stretch: Stretch, *, sampled: bool
) -> tuple[BackfillSize, Recent]:
    """What a backfill of a window would do, as far as the newest of it tell. Raises `StoreError`."""
    decided_by = evaluator if sampled else unsampled(evaluator)
    found = await recent.read_stretch(evaluator.target, stretch)
    matches = await asyncio.to_thread(matches_of, decided_by, found)
    targets = [found.target(place) for place in matches.chosen]
    settled = await _settled(store, evaluator, targets)
    left = tuple(
        place for place, target in zip(matches.chosen, targets, strict=True) if target.key not in settled
    )
    scale = 1.0 if found.exact else found.total / found.examined
    size = BackfillSize(
        matching=round(len(targets) * scale),
        judged_already=round((len(targets) - len(left)) * scale),
        examined=found.examined,
        exact=found.exact,
        chosen=left,
    )
    return size, found


async def _settled(store: Store, evaluator: Evaluator, targets: Sequence[Target]) -> set[str]:
    """The keys of targets that this version has judged, or will."""
    return {
        job.target.key
        for job in await store.jobs_of(targets)
        if (job.evaluator, job.version) == (evaluator.name, evaluator.version)
        and (job.state in ("waiting", "leased", "done") or job.reason == "same_call")
    }


def _after(one: Backfill, examined: Sequence[StoredTarget]) -> tuple[int, int]:
    """Where the next step begins: at the start of the last target, after those that start then."""
    if not examined:
        return one.cursor_ns, one.cursor_skip
    last = examined[-1].start_ns
    same = sum(each.start_ns == last for each in examined)
    return last, same + (one.cursor_skip if last == one.cursor_ns else 0)
