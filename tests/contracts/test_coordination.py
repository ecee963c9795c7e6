"""What processes on one store tell each other: members and duties, budgets, judge models held back."""

import asyncio
from typing import Any

from spanjudge.judging.budget.grants import ALL, NOTHING, Amount, Granted, Want
from spanjudge.judging.budget.limits import Limits
from spanjudge.judging.usage import Usage, UsageRow
from spanjudge.pipeline.coordination import ExportState, JudgeHold, Member, MemberFigures, Roll
from spanjudge.pipeline.ports import Store
from spanjudge.pipeline.rates import Rates
from tests.contracts.stored import NOW, SECOND

DAY = "2025-06-15"
LEASE = 5 * SECOND


def member(name: str, **fields: Any) -> Member:
    defaults: dict[str, Any] = {
        "roles": ("worker",),
        "host": "box",
        "pid": 7,
        "version": "1.0",
        "started_ns": NOW,
    }
    return Member(id=name, **{**defaults, **fields})


async def beat(store: Store, name: str, *duties: str, at: int = NOW, **fields: Any) -> Roll:
    return await store.coordination.beat(
        member(name, **fields), duties=duties, now_ns=at, until_ns=at + LEASE
    )


async def test_who_beats_is_there_until_its_time_is_over(store: Store) -> None:
    figures = MemberFigures(
        rates=Rates(received=1.5, judged=2.0),
        in_hand=3,
        errors={"judge_timeout": 2},
        not_ready="the judge model starts",
        export=(ExportState(destination="loki", sent=4, failing_since=NOW, error="away"),),
        calls={"default": 9},
    )
    await beat(store, "a", roles=("receiver", "worker", "api"), figures=figures, pid=11)
    roll = await beat(store, "b", at=NOW + 1, started_ns=NOW + 1)
    assert [one.id for one in roll.members] == ["a", "b"]
    first = roll.members[0]
    assert (first.roles, first.host, first.pid, first.version) == (
        ("receiver", "worker", "api"),
        "box",
        11,
        "1.0",
    )
    assert (first.started_ns, first.seen_ns, first.figures) == (NOW, NOW, figures)
    await beat(store, "b", at=NOW + LEASE)
    assert [one.id for one in (await store.coordination.roll(now_ns=NOW + LEASE)).members] == ["b"]
    await store.coordination.leave("b")
    assert await store.coordination.roll(now_ns=NOW + LEASE) == Roll()


async def test_a_duty_has_one_member_until_it_stops_beating(store: Store) -> None:
    assert (await beat(store, "a", "retention", "windows")).held("a") == {"retention", "windows"}
    roll = await beat(store, "b", "retention", "export loki", at=NOW + 1)
    assert roll.held("b") == {"export loki"}
    assert roll.duties["retention"] == "a"
    # As long as it beats it keeps them.
    await beat(store, "a", "retention", "windows", at=NOW + LEASE - 1)
    roll = await beat(store, "b", "retention", "export loki", at=NOW + LEASE)
    assert roll.held("b") == {"export loki"}
    roll = await beat(store, "b", "retention", "windows", at=NOW + 3 * LEASE)
    assert roll.held("b") == {"retention", "windows"}


async def test_who_leaves_hands_its_duties_over_at_once(store: Store) -> None:
    await beat(store, "a", "retention", "windows")
    await store.coordination.give_back("b", ["retention"])
    assert (await beat(store, "b", "retention")).held("b") == frozenset()
    await store.coordination.give_back("a", ["retention"])
    assert (await beat(store, "b", "retention", "windows")).held("b") == {"retention"}
    await store.coordination.leave("a")
    assert (await beat(store, "b", "windows")).held("b") == {"retention", "windows"}


async def test_of_many_who_claim_one_duty_one_gets_it(store: Store) -> None:
    names = [f"member {number}" for number in range(20)]
    claims = await asyncio.gather(
        *(store.coordination.claim("probe", name, now_ns=NOW, until_ns=NOW + LEASE) for name in names)
    )
    assert sum(claims) == 1
    mine = names[claims.index(True)]
    assert (await store.coordination.roll(now_ns=NOW)).duties == {"probe": mine}
    assert await store.coordination.claim("probe", mine, now_ns=NOW + 1, until_ns=NOW + LEASE)
    assert await store.coordination.claim("probe", "late", now_ns=NOW + LEASE, until_ns=NOW + 2 * LEASE)


async def grant(
    store: Store, name: str, *wants: Want, at: int = NOW, limits: dict[str, Limits], **fields: Any
) -> Granted:
    return await store.coordination.grant(
        name, wants, limits, day=DAY, now_ns=at, until_ns=at + LEASE, **fields
    )


def used(
    tokens: int, evaluator: str = "tone", *, day: str = DAY, usd: float = 0.0, of: str = "openai"
) -> UsageRow:
    return UsageRow(
        day=day,
        evaluator=evaluator,
        provider=of,
        model="m",
        usage=Usage(input=tokens, output=0),
        cost_usd=usd,
        calls=1,
        results=1,
        failures=0,
    )


async def test_what_is_stored_and_what_all_hold_stays_below_a_limit(store: Store) -> None:
    limits = {ALL: Limits(tokens_day=1000)}
    await store.add_usage([used(300), used(100, "help"), used(5000, day="2025-06-14")])
    first = await grant(
        store, "a", Want(evaluator="tone", next=Amount(200), spare=Amount(800)), limits=limits
    )
    assert first.used[DAY, ALL].tokens == 400
    assert first.used["2025-06", ALL].tokens == 5400
    assert first.used[DAY, "help"].tokens == 100
    # What it needs, and half of what is left then.
    assert first.room == {"tone": Amount(200 + 200)}
    second = await grant(
        store, "b", Want(evaluator="help", next=Amount(150), spare=Amount(800)), limits=limits
    )
    assert second.room == {"help": Amount(150 + 25)}
    third = await grant(store, "c", Want(evaluator="tone", next=Amount(150)), limits=limits)
    assert third.room == {"tone": NOTHING}
    # What the first does not need any more is there for the others.
    await grant(store, "a", limits=limits)
    assert (await grant(store, "c", Want(evaluator="tone", next=Amount(150)), limits=limits)).room == {
        "tone": Amount(150)
    }


async def test_the_last_of_a_budget_is_given_though_fractions_do_not_add_up(store: Store) -> None:
    limits = {ALL: Limits(usd_day=0.4)}
    await grant(store, "a", Want(evaluator="tone", out=Amount(0, 0.1 + 0.2)), limits=limits)
    want = Want(evaluator="tone", next=Amount(0, 0.1))
    assert want.next.usd > 0.4 - (0.1 + 0.2)
    assert (await grant(store, "b", want, limits=limits)).room == {"tone": Amount(0, 0.1)}


async def test_who_cannot_have_what_a_call_needs_holds_nothing_besides(store: Store) -> None:
    """Else the last of a budget lies in pieces with several, who wait for each other for ever."""
    limits = {ALL: Limits(tokens_day=1000)}
    await grant(store, "a", Want(evaluator="tone", spare=Amount(8)), limits=limits)
    want = Want(evaluator="tone", next=Amount(1000), spare=Amount(70_000))
    assert (await grant(store, "b", want, limits=limits)).room == {"tone": NOTHING}
    assert (await grant(store, "a", want, limits=limits)).room == {"tone": Amount(1000)}


async def test_what_is_out_is_granted_whatever_is_left(store: Store) -> None:
    """Calls that took more than expected are facts; the others are told by having less room."""
    limits = {ALL: Limits(tokens_day=1000)}
    over = await grant(store, "a", Want(evaluator="tone", out=Amount(1100), next=Amount(1)), limits=limits)
    assert over.room == {"tone": NOTHING}
    assert (await grant(store, "b", Want(evaluator="tone", next=Amount(1)), limits=limits)).room == {
        "tone": NOTHING
    }


async def test_all_limits_hold_at_once(store: Store) -> None:
    limits = {ALL: Limits(usd_month=10.0), "tone": Limits(tokens_day=500, usd_day=1.0)}
    await store.add_usage([used(100, usd=0.25), used(0, usd=8.0, day="2025-06-01")])
    wants = (
        Want(evaluator="tone", next=Amount(100, 0.5), spare=Amount(10_000, 10.0)),
        Want(evaluator="help", next=Amount(10**9, 1.0)),
    )
    found = await grant(store, "a", *wants, limits=limits)
    # The month leaves 1.75 USD for all, the day 0.75 for one; the other's need comes before what is spare.
    assert found.room["help"] == Amount(10**9, 1.0)
    assert found.room["tone"] == Amount(100 + 150, 0.5 + 0.125)
    assert (await grant(store, "b", Want(evaluator="help", next=Amount(1, 0.2)), limits=limits)).room == {
        "help": NOTHING
    }


async def test_grants_end_with_their_time_or_their_member(store: Store) -> None:
    limits = {ALL: Limits(tokens_day=100)}
    want = Want(evaluator="tone", next=Amount(100))
    await grant(store, "a", want, limits=limits)
    assert (await grant(store, "b", want, limits=limits)).room["tone"] == NOTHING
    assert (await grant(store, "b", want, limits=limits, at=NOW + LEASE)).room["tone"] == Amount(100)
    await store.coordination.leave("b")
    assert (await grant(store, "c", want, limits=limits, at=NOW + LEASE)).room["tone"] == Amount(100)
    await beat(store, "c", at=NOW + LEASE)
    await beat(store, "d", at=NOW + 3 * LEASE)
    assert (await grant(store, "d", want, limits=limits, at=NOW + LEASE + 1)).room["tone"] == Amount(100)


async def test_judges_that_cost_nothing_do_not_count(store: Store) -> None:
    limits = {ALL: Limits(tokens_day=100)}
    await store.add_usage([used(90, of="embedded"), used(90, of="")])
    found = await grant(
        store, "a", Want(evaluator="tone", next=Amount(100)), limits=limits, free=["embedded"]
    )
    assert found.room["tone"] == Amount(100)
    assert found.used == {}


async def test_many_who_want_the_same_at_once_never_get_too_much(store: Store) -> None:
    limits = {ALL: Limits(tokens_day=1000)}
    want = Want(evaluator="tone", next=Amount(90), spare=Amount(50))
    found = await asyncio.gather(
        *(grant(store, f"member {number}", want, limits=limits) for number in range(30))
    )
    rooms = [one.room["tone"].tokens for one in found]
    assert sum(rooms) <= 1000
    assert sum(room >= 90 for room in rooms) >= 6


async def test_a_judge_model_is_held_back_for_all(store: Store) -> None:
    held = JudgeHold(judge="default", until_ns=NOW + 10, reason="429", member="a")
    await store.coordination.hold_judge(held)
    await store.coordination.hold_judge(JudgeHold(judge="default", until_ns=NOW + 5, member="b"))
    await store.coordination.hold_judge(JudgeHold(judge="small", until_ns=NOW + 7, member="b"))
    assert await store.coordination.judge_holds(now_ns=NOW + 6) == [
        held,
        JudgeHold(judge="small", until_ns=NOW + 7, member="b"),
    ]
    assert await store.coordination.judge_holds(now_ns=NOW + 10) == []
