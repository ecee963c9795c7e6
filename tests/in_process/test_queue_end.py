"""Shutting a queue down, and loops that end under it."""

import asyncio
import contextlib
import logging
import os
import threading

import pytest

from spanjudge.in_process.background.loop import Background, background
from spanjudge.in_process.invocation import Invocation
from spanjudge.in_process.queue.evaluation_queue import Counts, EvaluationQueue
from tests.in_process.queued import Gate, Measured, an_invocation


def test_a_thousand_are_drained_where_the_judge_is_quick(caplog: pytest.LogCaptureFixture) -> None:
    async def work(_invocation: Invocation) -> None:
        await asyncio.sleep(0.001)

    queue = EvaluationQueue(work, size=1_000, workers=16)
    for _ in range(1_000):
        assert queue.offer(an_invocation())
    assert queue.shutdown(30) == 0
    assert queue.counts == Counts(offered=1_000, queued=1_000, evaluated=1_000)
    assert caplog.records == []


def test_what_a_slow_judge_leaves_is_given_up_and_told(caplog: pytest.LogCaptureFixture) -> None:
    measured, cancelled = Measured(), threading.Semaphore(0)

    async def work(_invocation: Invocation) -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.release()
            raise

    queue = EvaluationQueue(work, size=1_000, workers=4, monitoring=measured.monitoring)
    offered = [an_invocation() for _ in range(1_000)]
    for invocation in offered:
        assert queue.offer(invocation)
    while queue.counts.under_way < 4:
        assert not queue.wait_for_all(0.01)
    with caplog.at_level(logging.WARNING, "spanjudge"):
        assert queue.shutdown(0.2) == 1_000
    assert queue.counts == Counts(offered=1_000, queued=1_000, given_up=1_000)
    assert all(cancelled.acquire(timeout=10) for _ in range(4))
    assert measured.queue_size == 0
    (record,) = caplog.records
    assert record.getMessage().startswith("1000 invocations were not evaluated: the time to finish was over")
    assert offered[-1].evaluation_error == "client_evaluation_given_up"
    measured.provider.shutdown()


def test_after_the_end_offers_are_counted_refusals() -> None:
    gate = Gate()
    queue = EvaluationQueue(gate.work)
    assert queue.shutdown() == 0
    late = an_invocation()
    assert not queue.offer(late)
    assert late.evaluation_error == "client_evaluation_queue_ended"
    assert queue.counts == Counts(offered=1, dropped=1)
    assert queue.shutdown() == 0
    assert gate.seen == []


def test_a_second_shutdown_finds_nothing_to_do(caplog: pytest.LogCaptureFixture) -> None:
    gate = Gate()
    queue = EvaluationQueue(gate.work)
    queue.offer(an_invocation())
    gate.wait_for(1)
    assert [queue.shutdown(0.0), queue.shutdown(0.1), queue.shutdown()] == [1, 0, 0]
    assert queue.counts == Counts(offered=1, queued=1, given_up=1)
    assert len(caplog.records) == 1


def test_who_waits_is_let_go_when_another_thread_gives_up() -> None:
    gate = Gate()
    queue = EvaluationQueue(gate.work)
    queue.offer(an_invocation())
    gate.wait_for(1)
    waited: list[bool] = []
    waiting = threading.Thread(target=lambda: waited.append(queue.wait_for_all(10)))
    waiting.start()
    assert queue.shutdown(0.1) == 1
    waiting.join()
    assert waited == [True]


def test_a_function_that_blocks_the_loop_cannot_hold_up_the_end() -> None:
    go_on, begun = threading.Event(), threading.Event()

    async def work(_invocation: Invocation) -> None:
        begun.set()
        go_on.wait(10)  # it stands still, and with it the loop

    queue = EvaluationQueue(work, workers=1)
    queue.offer(an_invocation())
    queue.offer(an_invocation())
    assert begun.wait(10)
    assert not queue.wait_for_all(0.01)
    assert queue.shutdown(0.05) == 2
    go_on.set()
    background().run(asyncio.sleep(0))
    assert queue.counts == Counts(offered=2, queued=2, given_up=2)


def test_work_that_will_not_be_cancelled_cannot_hold_up_the_end() -> None:
    begun, go_on = threading.Event(), asyncio.Event()

    async def work(_invocation: Invocation) -> None:
        begun.set()
        while not go_on.is_set():
            with contextlib.suppress(asyncio.CancelledError):
                await go_on.wait()

    queue = EvaluationQueue(work)
    queue.offer(an_invocation())
    assert begun.wait(10)
    assert queue.shutdown(0.1) == 1
    background().soon(go_on.set)
    background().run(asyncio.sleep(0))
    assert queue.counts == Counts(offered=1, queued=1, given_up=1)


def test_from_within_an_evaluation_the_rest_is_given_up_at_once() -> None:
    given_up: list[int] = []
    done = threading.Event()

    async def work(_invocation: Invocation) -> None:
        given_up.append(queue.shutdown())
        done.set()

    queue = EvaluationQueue(work, workers=1)
    queue.offer(an_invocation())
    assert done.wait(10)
    assert given_up == [1]
    assert not queue.offer(an_invocation())


def _break(one: Background) -> None:
    with contextlib.suppress(OSError, RuntimeError):
        os.close(one.loop._selector.fileno())  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType, reportUnknownArgumentType]  no other way to break it
        one.soon(int)
    while not one.ended:
        threading.Event().wait(0.001)


def test_a_queue_outlives_its_loop() -> None:
    gate, measured = Gate(), Measured()
    queue = EvaluationQueue(gate.work, workers=1, monitoring=measured.monitoring)
    for _ in range(3):
        queue.offer(an_invocation())
    gate.wait_for(1)
    _break(background())
    gate.renew()
    assert queue.offer(an_invocation())
    gate.wait_for(2)
    gate.open()
    assert queue.wait_for_all(10)
    assert queue.shutdown() == 0
    assert queue.counts == Counts(offered=4, queued=4, evaluated=3, failed=1)
    assert measured.queue_size == 0
    measured.provider.shutdown()


def test_without_a_further_offer_what_waits_goes_on_too() -> None:
    gate = Gate()
    queue = EvaluationQueue(gate.work, workers=1)
    for _ in range(3):
        queue.offer(an_invocation())
    gate.wait_for(1)
    _break(background())
    gate.renew()
    gate.open()
    assert queue.wait_for_all(10)
    assert queue.shutdown() == 0
    assert queue.counts == Counts(offered=3, queued=3, evaluated=2, failed=1)
