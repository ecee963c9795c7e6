"""Recent spans, traces and sessions, read for who tries out a scope: bounded, and kept for a moment."""

import asyncio
import time
from collections.abc import Sequence

import msgspec

from spanjudge.pipeline.clock import Now
from spanjudge.pipeline.ports import Material, Store
from spanjudge.pipeline.queries import Queries
from spanjudge.pipeline.subjects import Reading, Shown, read_target, shown_of
from spanjudge.pipeline.targets import StoredTarget, Stretch
from spanjudge.telemetry.evaluated import Target, TargetKind

_HOUR = 3_600_000_000_000
_PORTION = 256
_WHOLES_A_PORTION = 16
_MOST_KEPT = 2


class Bounds(msgspec.Struct, frozen=True, kw_only=True):
    """How much is read: so many spans, or traces and sessions (`wholes`), of so many bytes as sent.

    `whole_spans` are read of one trace or session. For `keep` seconds the same answer is given again unless
    something new was stored; for `keep_spans` seconds a span is not read again.
    """

    spans: int = 2_000
    wholes: int = 200
    size: int = 24 * 1024 * 1024
    whole_spans: int = 500
    keep: float = 10.0
    keep_spans: float = 30.0


class Recent(msgspec.Struct, frozen=True, kw_only=True):
    """What started in the last hours, the newest first, as far as it was read.

    Of spans there are `shown`, of traces and sessions `readings`. `total` is how many there are in the window
    of `services`, and `examined` how many of them were read: with fewer than all, the newest. `since_ns` is
    when the window begins, or when the store begins if that is later.
    """

    kind: TargetKind
    total: int
    examined: int
    since_ns: int
    until_ns: int
    shown: Sequence[Shown] = ()
    readings: Sequence[Reading] = ()

    @property
    def exact(self) -> bool:
        """Whether all of the window was read."""
        return self.examined >= self.total

    def target(self, place: int) -> Target:
        """What was read there."""
        if self.kind != "span":
            return self.readings[place].target
        raw = self.shown[place].raw
        return Target(trace_id=raw.trace_id, span_id=raw.span_id)

    @property
    def spans(self) -> Sequence[Shown]:
        """Every span that was read, those of traces and sessions by their head."""
        return self.shown or [reading.shown for reading in self.readings]


class RecentTargets:
    """Reads them, and uses again what was read a moment ago: who writes a rule asks with every letter.

    So what log events bring to a span that was read before is seen half a minute later.
    """

    def __init__(self, store: Store, queries: Queries, now: Now, bounds: Bounds | None = None) -> None:
        """`now` gives nanoseconds since 1970."""
        self._store = store
        self._queries = queries
        self._now = now
        self._bounds = bounds or Bounds()
        self._kept: dict[tuple[TargetKind, float, tuple[str, ...]], tuple[float, int, Recent]] = {}
        self._known: dict[str, tuple[float, int, Shown]] = {}
        self._reading = asyncio.Lock()

    async def read(self, kind: TargetKind, *, hours: float, services: Sequence[str] = ()) -> Recent:
        """What started in the last `hours`. Raises `StoreError`."""
        key = (kind, hours, tuple(services))
        async with self._reading:
            spans = (await self._queries.counters()).spans
            kept = self._kept.get(key)
            if kept is not None and kept[1] == spans and time.monotonic() - kept[0] < self._bounds.keep:
                return kept[2]
            found = await self._read(kind, hours, key[2])
            # Who tries out a scope asks for the same window again and again, and for attributes beside it.
            self._kept.pop(key, None)
            while len(self._kept) >= _MOST_KEPT:
                del self._kept[next(iter(self._kept))]
            self._kept[key] = (time.monotonic(), spans, found)
            return found

    async def _read(self, kind: TargetKind, hours: float, services: tuple[str, ...]) -> Recent:
        now = self._now()
        # What starts a little later than now has another machine's clock.
        stretch = Stretch(start_ns=now - int(hours * _HOUR), end_ns=now + _HOUR, services=services)
        return await self.read_stretch(kind, stretch)

    async def read_stretch(self, kind: TargetKind, stretch: Stretch) -> Recent:
        """What started in a window. Raises `StoreError`."""
        first = await self._queries.stored_since()
        total = await self._queries.count_targets(kind, stretch)
        most = self._bounds.spans if kind == "span" else self._bounds.wholes
        targets = await self._queries.targets(kind, stretch, limit=most)
        shown: list[Shown] = []
        readings: list[Reading] = []
        if kind == "span":
            examined, shown = await self._read_spans(targets)
        else:
            examined, readings = await self._read_wholes(targets)
        return Recent(
            kind=kind,
            total=max(total, examined),
            examined=examined,
            since_ns=max(stretch.start_ns, first if first is not None else stretch.start_ns),
            until_ns=min(stretch.end_ns, self._now()),
            shown=shown,
            readings=readings,
        )

    async def _read_spans(self, targets: Sequence[StoredTarget]) -> tuple[int, list[Shown]]:
        """How many were looked for, and those that are still there."""
        late = time.monotonic() - self._bounds.keep_spans
        before = {key: known for key, known in self._known.items() if known[0] > late}
        left, examined = self._bounds.size, 0
        found: dict[str, tuple[float, int, Shown]] = {}
        for start in range(0, len(targets), _PORTION):
            if left <= 0:
                break
            some = targets[start : start + _PORTION]
            new = [one for one in some if one.target.key not in before]
            material = await self._material(new) if new else {}
            read = await asyncio.to_thread(_all_shown, new, material) if new else {}
            for one in some:
                key = one.target.key
                known = read.get(key) or before.get(key)
                if known is not None:
                    found[key] = known
                    left -= known[1]
            examined += len(some)
        older = [item for item in before.items() if item[0] not in found]
        self._known = dict(older[: self._bounds.spans]) | found
        return examined, [known[2] for known in found.values()]

    async def _read_wholes(self, targets: Sequence[StoredTarget]) -> tuple[int, list[Reading]]:
        """As `_read_spans`; they may have gone on, so they are read anew."""
        left, examined = self._bounds.size, 0
        found: list[Reading] = []
        for start in range(0, len(targets), _WHOLES_A_PORTION):
            if left <= 0:
                break
            some = targets[start : start + _WHOLES_A_PORTION]
            material = await self._material(some)
            examined += len(some)
            left -= sum(len(one.blob) for each in material.values() for one in each.spans)
            found += await asyncio.to_thread(_all_read, some, material)
        return examined, found

    async def _material(self, targets: Sequence[StoredTarget]) -> dict[str, Material]:
        wanted = [one.target for one in targets]
        return await self._store.material(wanted, most_spans=self._bounds.whole_spans)


def _of(target: Target, material: dict[str, Material]) -> Material | None:
    return material.get(target.kind + target.key)


def _all_shown(
    targets: Sequence[StoredTarget], material: dict[str, Material]
) -> dict[str, tuple[float, int, Shown]]:
    """By the target's key: when it was read, how many bytes it has, and the span."""
    now = time.monotonic()
    found: dict[str, tuple[float, int, Shown]] = {}
    for one in targets:
        known = _of(one.target, material)
        if known is not None:
            found[one.target.key] = (now, len(known.spans[0].blob), shown_of(known))
    return found


def _all_read(targets: Sequence[StoredTarget], material: dict[str, Material]) -> list[Reading]:
    found = [(one.target, _of(one.target, material)) for one in targets]
    return [read_target(target, one) for target, one in found if one is not None]
