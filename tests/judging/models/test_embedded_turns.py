import asyncio

import pytest

from spanjudge.judging.models.embedded.turns import Turns


async def ask(turns: Turns, subject: str, order: list[str]) -> None:
    async with turns.take(subject):
        order.append(subject)
        await asyncio.sleep(0)


async def test_questions_on_one_subject_follow_each_other() -> None:
    turns, order = Turns(), list[str]()
    await asyncio.gather(*(ask(turns, subject, order) for subject in "abcabcab"))
    assert "".join(order) == "aaabbbcc"


async def test_nobody_waits_for_ever() -> None:
    turns, order = Turns(), list[str]()
    await asyncio.gather(*(ask(turns, subject, order) for subject in "ab" + "a" * 40))
    assert "".join(order) == "a" * 16 + "b" + "a" * 25


async def test_a_wait_that_is_given_up_leaves_the_queue() -> None:
    turns, order = Turns(), list[str]()
    async with turns.take("a"):
        waiting = [asyncio.create_task(ask(turns, subject, order)) for subject in "bc"]
        await asyncio.sleep(0)
        waiting[0].cancel()
    await waiting[1]
    assert order == ["c"]
    with pytest.raises(asyncio.CancelledError):
        await waiting[0]
    await ask(turns, "d", order)


async def test_a_turn_that_was_given_to_one_who_leaves_is_passed_on() -> None:
    turns, order = Turns(), list[str]()
    async with turns.take("a"):
        waiting = [asyncio.create_task(ask(turns, subject, order)) for subject in "bc"]
        await asyncio.sleep(0)
    waiting[0].cancel()  # its turn has come, but it has not run yet
    await waiting[1]
    assert order == ["c"]
