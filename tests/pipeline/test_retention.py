from pathlib import Path

import pytest

from spanjudge.pipeline.ports import OverloadedError, Store
from spanjudge.pipeline.retention import Disk, Retention
from spanjudge.store.store import open_store
from tests.pipeline.live import QUICK, Shifted, live, path, question, target

DAY = 86_400.0


class Days:
    """A wall clock and a monotonic one that a test moves, together or apart."""

    def __init__(self) -> None:
        self.wall = Shifted()
        self.monotonic_ahead = Shifted()

    def go_by(self, seconds: float) -> None:
        self.wall.forward(seconds)
        self.monotonic_ahead.forward(seconds)


def keeper(store: Store, days: Days, *, max_bytes: int = 0) -> Retention:
    return Retention(
        store,
        days.wall,
        spans_days=30,
        results_days=90,
        max_bytes=max_bytes,
        monotonic=days.monotonic_ahead,
    )


async def judged(folder: Path, store: Store, days: Days, *numbers: int) -> None:
    async with live(folder, None, [question("polite")], store=store, now=days.wall) as running:
        await running.receive(*numbers)
        await running.inbox.got(len(numbers))
        await running.ended(*numbers)


async def counts(store: Store, *numbers: int) -> tuple[int, int]:
    targets = [target(number) for number in numbers]
    return len(await store.material(targets, most_spans=1)), len(await store.results_of(targets))


async def test_spans_go_after_a_month_and_results_after_three(tmp_path: Path) -> None:
    days = Days()
    store = await open_store(path(tmp_path))
    keep = keeper(store, days)
    await judged(tmp_path, store, days, 1, 2, 3)
    for number, (after, left) in enumerate(((29, (3, 3)), (2, (0, 3)), (58, (0, 3)), (2, (0, 0)))):
        days.go_by(after * DAY)
        await keep.sweep()
        assert await counts(store, 1, 2, 3) == left, number
    await store.aclose()


async def test_a_clock_that_jumps_ahead_deletes_nothing_before_an_hour_has_passed(tmp_path: Path) -> None:
    days = Days()
    store = await open_store(path(tmp_path))
    keep = keeper(store, days)
    await judged(tmp_path, store, days, 1)
    days.wall.forward(400 * DAY)
    assert await keep.sweep() == 0
    days.go_by(1_800)
    assert await keep.sweep() == 0
    # It was a mistake, and nobody lost anything.
    days.wall.forward(-400 * DAY)
    days.go_by(3_600)
    assert await keep.sweep() == 0
    assert await counts(store, 1) == (1, 1)
    # This time it is right.
    days.wall.forward(400 * DAY)
    assert await keep.sweep() == 0
    days.go_by(3_700)
    await keep.sweep()
    assert await counts(store, 1) == (0, 0)
    await store.aclose()


async def test_a_store_that_grew_too_large_loses_its_oldest_spans(tmp_path: Path) -> None:
    days = Days()
    store = await open_store(path(tmp_path))
    async with live(tmp_path, None, [], store=store, now=days.wall) as running:
        for first in range(0, 4_000, 500):
            await running.receive(*range(first, first + 500))
            days.go_by(60)
    size = (await store.health(now_ns=days.wall())).size_bytes
    gone = await keeper(store, days, max_bytes=size // 2).sweep()
    assert gone >= 1_000
    assert (await store.health(now_ns=days.wall())).size_bytes <= size // 2
    assert (await counts(store, *range(500)))[0] == 0
    assert (await counts(store, *range(3_500, 4_000)))[0] == 500
    await store.aclose()


async def test_the_room_on_the_disk_is_looked_up_once_a_second(tmp_path: Path) -> None:
    seconds = 0.0
    roomy = Disk(tmp_path, 1, lambda: seconds)
    assert roomy.full is None
    tight = Disk(tmp_path, 2**62, lambda: seconds)
    assert "less than" in (tight.full or "")
    gone = Disk(tmp_path / "no" / "such" / "folder", 2**62, lambda: seconds)
    assert gone.full is None
    assert Disk(None, 2**62).full is None


async def test_a_sender_is_told_when_there_is_no_room(tmp_path: Path) -> None:
    options = type(QUICK)(disk=tmp_path, least_free_bytes=2**62)
    async with live(tmp_path, options=options) as running:
        with pytest.raises(OverloadedError, match="are free on the disk of the store") as told:
            await running.receive(1)
        assert told.value.retry_after == 30.0
        assert "are free" in (running.pipeline.health.full or "")
