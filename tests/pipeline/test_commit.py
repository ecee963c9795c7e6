import asyncio
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from spanjudge.pipeline.commit import Commits
from spanjudge.pipeline.ports import Committed, Intake, OverloadedError, StoreError
from spanjudge.pipeline.receive import Matcher
from spanjudge.store.store import SqlStore, open_store
from tests.pipeline.live import chats, path, target


def intake(*numbers: int) -> Intake:
    return Matcher(()).intake(chats(*numbers), (), now_ns=time.time_ns())


class Watched:
    """The real store; counts transactions, and refuses intakes that hold a certain span."""

    def __init__(self, store: SqlStore) -> None:
        self.store = store
        self.groups: list[int] = []
        self.poison: str | None = None
        self.full = False
        self.gate = asyncio.Event()
        self.gate.set()
        self.entered = asyncio.Event()

    async def commit(self, intakes: Sequence[Intake], *, now_ns: int) -> Committed:
        self.entered.set()
        await self.gate.wait()
        self.groups.append(len(intakes))
        if self.full:
            raise StoreError("the disk is full")
        if any(span.span_id == self.poison for one in intakes for span in one.spans):
            raise TypeError("cannot be bound")
        return await self.store.commit(intakes, now_ns=now_ns)

    def __getattr__(self, name: str) -> object:
        return getattr(self.store, name)


@pytest.fixture
async def store(tmp_path: Path) -> Watched:
    opened = await open_store(path(tmp_path))
    assert isinstance(opened, SqlStore)
    return Watched(opened)


def commits(store: Watched, **options: int) -> Commits:
    return Commits(store, time.time_ns, **options)  # pyright: ignore[reportArgumentType] - what it has not it hands on


async def test_what_comes_during_a_transaction_goes_together_into_the_next(store: Watched) -> None:
    group = commits(store)
    store.gate.clear()
    first = asyncio.create_task(group.commit(intake(0)))
    await store.entered.wait()
    others = [asyncio.create_task(group.commit(intake(number))) for number in range(1, 30)]
    await asyncio.sleep(0)
    store.gate.set()
    committed = await asyncio.gather(first, *others)
    assert store.groups == [1, 29]
    assert sum(one.spans for one in committed) == 30
    assert len(await store.store.material([target(n) for n in range(30)], most_spans=1)) == 30


async def test_a_group_is_no_larger_than_it_may_be(store: Watched) -> None:
    group = commits(store, group_spans=10)
    await asyncio.gather(*(group.commit(intake(*range(n * 4, n * 4 + 4))) for n in range(6)))
    assert max(store.groups) == 2


async def test_a_poison_request_fails_alone(store: Watched) -> None:
    group = commits(store)
    store.poison = target(5).span_id
    ends = await asyncio.gather(*(group.commit(intake(n)) for n in range(10)), return_exceptions=True)
    assert [number for number, end in enumerate(ends) if isinstance(end, BaseException)] == [5]
    assert isinstance(ends[5], StoreError)
    assert "cannot be bound" not in str(ends[5])
    assert len(await store.store.material([target(n) for n in range(10)], most_spans=1)) == 9


async def test_a_store_that_cannot_tells_every_sender_and_is_not_asked_for_each(store: Watched) -> None:
    group = commits(store)
    store.full = True
    ends = await asyncio.gather(*(group.commit(intake(n)) for n in range(50)), return_exceptions=True)
    assert [str(end) for end in ends] == ["the disk is full"] * 50
    assert len(store.groups) <= 5
    store.full = False
    assert (await group.commit(intake(3))).spans == 1


async def test_what_waits_is_bounded(store: Watched) -> None:
    group = commits(store, most_spans=100, most_bytes=10_000)
    with group.room(spans=90, size=1):
        with group.room(spans=10, size=1):
            with pytest.raises(OverloadedError) as full:
                group.room(spans=1, size=1).__enter__()
            assert full.value.retry_after > 0
        with group.room(spans=5, size=9_000), pytest.raises(OverloadedError):
            group.room(spans=1, size=2_000).__enter__()
    # A single large request is the receiver's business.
    with group.room(spans=5_000, size=10**9):
        pass


async def test_a_sender_that_goes_away_takes_nobody_along(store: Watched) -> None:
    group = commits(store)
    store.gate.clear()
    gone = asyncio.create_task(group.commit(intake(1)))
    await store.entered.wait()
    stays = asyncio.create_task(group.commit(intake(2)))
    await asyncio.sleep(0)
    gone.cancel()
    store.gate.set()
    assert (await stays).spans == 1
    assert len(await store.store.material([target(1), target(2)], most_spans=1)) == 2


async def test_the_end_stores_what_waits_and_refuses_what_comes(store: Watched) -> None:
    group = commits(store)
    waiting = [asyncio.create_task(group.commit(intake(n))) for n in range(5)]
    await asyncio.sleep(0)
    await group.aclose(5.0)
    assert sum(one.spans for one in await asyncio.gather(*waiting)) == 5
    with pytest.raises(OverloadedError):
        group.room(spans=1, size=1).__enter__()


async def test_what_cannot_be_stored_before_the_end_is_refused(store: Watched) -> None:
    group = commits(store)
    store.gate.clear()
    waiting = asyncio.create_task(group.commit(intake(1)))
    await store.entered.wait()
    await group.aclose(0.0)
    with pytest.raises(StoreError, match="stopped before"):
        await waiting
