"""One process among others: heartbeats, duties, and what is said of the company."""

import logging
import time
from collections.abc import AsyncIterator, Sequence

import pytest

from spanjudge.pipeline.company import Company
from spanjudge.pipeline.coordination import Member, MemberFigures, Roll
from spanjudge.pipeline.membership import Membership
from spanjudge.pipeline.ports import Store, StoreError
from spanjudge.store.store import open_store
from tests.pipeline.live import Shifted


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[Store]:
    opened = await open_store(database_url)
    yield opened
    await opened.aclose()


class Seconds:
    """Time that passes when a test says so."""

    def __init__(self) -> None:
        self.now = Shifted()
        self.passed = 0.0

    def monotonic(self) -> float:
        return self.passed

    def pass_by(self, seconds: float) -> None:
        self.passed += seconds
        self.now.forward(seconds)


def member(store: Store, name: str, clock: Seconds, duties: Sequence[str]) -> Membership:
    return Membership(
        store.coordination,
        Member(id=name, roles=("worker",), host="box", pid=1, version="1", started_ns=time.time_ns()),
        clock.now,
        duties=duties,
        figures=MemberFigures,
        beat=2.0,
        lease=6.0,
        monotonic=clock.monotonic,
    )


async def test_a_duty_is_taken_over_from_who_died_and_from_who_left(store: Store) -> None:
    clock = Seconds()
    first, second, third = (member(store, name, clock, ("windows", "retention")) for name in "abc")
    for one in (first, second, third):
        await one.beat()
    assert [one.has("windows") for one in (first, second, third)] == [True, False, False]
    assert {one.id for one in second.others} == {"a"}
    # The first dies: it beats no more, and the others do.
    clock.pass_by(4.0)
    await second.beat()
    assert not second.has("windows")
    # Long before another may take it, the dead one itself would not have worked on.
    clock.pass_by(1.0)
    assert not first.has("windows")
    clock.pass_by(1.5)
    await second.beat()
    assert second.has("windows")
    assert second.others == ()
    await third.beat()
    assert not third.has("windows")
    await second.drop(["windows"])
    await third.beat()
    assert third.has("windows")
    assert second.has("retention")
    await second.beat()
    assert not second.has("windows")
    await second.leave()
    await third.beat()
    assert third.has("retention")


async def test_a_clock_that_jumps_costs_nobody_a_duty(store: Store) -> None:
    clock = Seconds()
    one = member(store, "a", clock, ("windows",))
    await one.beat()
    clock.now.forward(3_600)
    assert one.has("windows")
    await one.beat()
    assert one.has("windows")


async def test_a_store_that_is_away_is_told_and_leaving_goes_on(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    clock = Seconds()
    one = member(store, "a", clock, ("windows",))
    await one.beat()
    await store.aclose()
    with pytest.raises(StoreError):
        await one.beat()
    assert one.has("windows")
    await one.drop(["windows"])
    await one.leave()
    assert not one.has("windows")
    assert "duties are taken over when their time is over" in caplog.text


def test_company_is_told_of_once_and_missing_workers_after_a_while(caplog: pytest.LogCaptureFixture) -> None:
    company = Company("use the other one")
    caplog.set_level(logging.INFO)

    def roll(*roles: str) -> Roll:
        return Roll(
            members=tuple(
                Member(id=str(place), roles=(role,), host="", pid=1, version="", started_ns=0)  # pyright: ignore[reportArgumentType] - roles of the test
                for place, role in enumerate(roles)
            )
        )

    second = 1_000_000_000
    company.look(roll("receiver"), 1 * second)
    assert not caplog.records
    company.look(roll("receiver", "api"), 20 * second)
    company.look(roll("receiver", "api"), 32 * second)
    company.look(roll("receiver", "api"), 99 * second)
    assert [record.message for record in caplog.records] == [
        "several processes share the store",
        "nobody judges: start a process with the role worker (`spanjudge worker`)",
    ]
    company.look(roll("receiver", "worker"), 100 * second)
    assert caplog.records[-1].message == "a worker is there again"
