"""The background loop."""

import asyncio
import contextlib
import importlib
import os
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar
from pathlib import Path

import pytest
from opentelemetry import baggage, context, trace
from opentelemetry.instrumentation.utils import is_http_instrumentation_enabled, is_instrumentation_enabled
from opentelemetry.sdk.trace import TracerProvider

from spanjudge.in_process.background.loop import (
    Background,
    LoopEndedError,
    background,
    is_own_context,
    this_process,
)
from spanjudge.in_process.background.rest import locked

mark: ContextVar[str] = ContextVar("mark", default="")


@pytest.fixture
def here() -> Iterator[Background]:
    """One of its own, which may be broken; its thread ends with the test."""
    made = Background()
    yield made
    ended = threading.Event()
    if not made.ended:
        _break(made)
    while not made.ended:
        ended.wait(0.001)


def _break(one: Background) -> None:
    """Take away what its loop waits on, as a program does that closes every file it finds."""
    with contextlib.suppress(OSError, LoopEndedError):
        os.close(one.loop._selector.fileno())  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType, reportUnknownArgumentType]  no other way to break it
        one.soon(int)


async def what_is_seen() -> tuple[bool, bool, bool, bool, object, str]:
    return (
        is_own_context(),
        is_instrumentation_enabled(),
        is_http_instrumentation_enabled(),
        trace.get_current_span().get_span_context().is_valid,
        baggage.get_baggage("user"),
        mark.get(),
    )


OWN = (True, False, False, False, None, "")


async def test_work_runs_in_a_context_of_its_own_and_never_in_the_applications() -> None:
    tracer = TracerProvider(shutdown_on_exit=False).get_tracer("application")
    token = context.attach(baggage.set_baggage("user", "someone"))
    mark.set("the application's")
    with tracer.start_as_current_span("request"):
        assert background().run(what_is_seen()) == OWN
        assert await background().wait(what_is_seen()) == OWN
        assert await background().wait(asyncio.to_thread(asyncio.run, what_is_seen())) == OWN
        seen: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        here = asyncio.get_running_loop()
        background().soon(lambda: here.call_soon_threadsafe(seen.set_result, is_own_context()))
        assert await seen
        assert not is_own_context()
        assert is_instrumentation_enabled()
    context.detach(token)


def test_what_one_work_puts_into_its_context_no_other_sees() -> None:
    async def leave() -> None:
        mark.set("left behind")

    background().run(leave())
    assert background().run(what_is_seen()) == OWN


def test_any_context_can_be_asked_whose_it_is() -> None:
    async def own() -> context.Context:
        return context.get_current()

    assert is_own_context(background().run(own()))
    assert not is_own_context(context.get_current())


def test_what_work_raises_reaches_who_asked() -> None:
    async def fail() -> None:
        raise KeyError("no such thing")

    with pytest.raises(KeyError):
        background().run(fail())


def test_who_waits_no_longer_cancels_the_work() -> None:
    cancelled = threading.Event()

    async def work() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()

    with pytest.raises(TimeoutError):
        background().run(work(), 0.01)
    assert cancelled.wait(10)


async def test_a_cancelled_wait_cancels_the_work() -> None:
    begun, cancelled = threading.Event(), threading.Event()

    async def work() -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()

    waiting = asyncio.create_task(background().wait(work()))
    assert await asyncio.to_thread(begun.wait, 10)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert await asyncio.to_thread(cancelled.wait, 10)


def test_it_does_not_wait_for_itself() -> None:
    async def ask_itself() -> str:
        with pytest.raises(RuntimeError, match="await it instead"):
            background().run(what_is_seen())
        assert await background().wait(what_is_seen()) == OWN
        return "lives"

    assert background().run(ask_itself()) == "lives"


def test_without_an_asyncio_loop_there_is_nothing_to_await_on() -> None:
    waiting = background().wait(what_is_seen())
    with pytest.raises(RuntimeError, match="no running event loop"):
        waiting.send(None)


def test_many_threads_ask_at_once() -> None:
    async def double(number: int) -> int:
        await asyncio.sleep(0)
        return 2 * number

    def ask(number: int) -> int:
        return background().run(double(number))

    with ThreadPoolExecutor(16) as threads:
        assert list(threads.map(ask, range(500))) == list(range(0, 1000, 2))


@pytest.mark.parametrize("leaving", [SystemExit, KeyboardInterrupt])
def test_a_function_that_wants_to_leave_does_not_take_the_loop_along(leaving: type[BaseException]) -> None:
    async def leave() -> None:
        raise leaving

    before = background()
    with pytest.raises(leaving):
        before.run(leave())
    assert before.run(what_is_seen()) == OWN
    assert background() is before


def test_when_the_loop_dies_who_waits_is_told(here: Background) -> None:
    begun = threading.Event()

    async def work() -> None:
        begun.set()
        await asyncio.Event().wait()

    with ThreadPoolExecutor(1) as threads:
        waiting = threads.submit(here.run, work())
        assert begun.wait(10)
        _break(here)
        assert isinstance(waiting.exception(10), LoopEndedError)
    with pytest.raises(LoopEndedError):
        here.run(what_is_seen())


def test_after_the_death_of_one_there_is_another() -> None:
    first = background()
    _break(first)
    while not first.ended:
        threading.Event().wait(0.001)
    second = background()
    assert second.generation > first.generation
    assert second.run(what_is_seen()) == OWN


def test_it_is_asyncios_own_loop_whatever_the_application_uses() -> None:
    async def loop() -> asyncio.AbstractEventLoop:
        return asyncio.get_running_loop()

    assert isinstance(background().run(loop()), asyncio.SelectorEventLoop)


def test_names_are_looked_up_in_threads_that_hold_up_no_exit() -> None:
    async def thread() -> threading.Thread:
        return await asyncio.to_thread(threading.current_thread)

    assert background().run(thread()).daemon


def test_held_at_rest_it_runs_nothing() -> None:
    one = background()
    ran: list[bool] = []
    done = threading.Event()
    assert one.rest.hold(10)
    held = True
    one.soon(lambda: (ran.append(held), done.set()))
    assert not done.wait(0.02)
    held = False
    one.rest.let_go()
    assert done.wait(10)
    assert ran == [False]


def test_a_busy_loop_comes_to_rest_for_who_wants_to_fork() -> None:
    one = background()
    stop = threading.Event()

    def again() -> None:
        if not stop.is_set():
            one.soon(again)

    again()
    for _ in range(20):
        assert one.rest.hold(10)
        one.rest.let_go()
    stop.set()


def test_a_loop_that_stands_still_is_not_waited_for_without_end() -> None:
    one = background()
    begun, go_on = threading.Event(), threading.Event()
    one.soon(lambda: (begun.set(), go_on.wait(10)))
    assert begun.wait(10)
    assert not one.rest.hold(0.01)
    go_on.set()
    assert one.run(what_is_seen()) == OWN


def test_the_process_is_the_same_until_it_forks() -> None:
    assert this_process() == this_process()
    assert this_process()[0] == os.getpid()


def test_who_wants_to_fork_sees_an_import_of_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "slow_to_import.py").write_text(
        "from tests.in_process.test_background import begun, go_on\nbegun.set()\nassert go_on.wait(10)\n"
    )
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])

    async def import_it() -> object:
        return await asyncio.to_thread(importlib.import_module, "slow_to_import")

    with ThreadPoolExecutor(1) as threads:
        waiting = threads.submit(background().run, import_it())
        assert begun.wait(10)
        assert locked() == "import"
        go_on.set()
        assert waiting.result(10) is sys.modules.pop("slow_to_import")
    assert locked() is None


begun, go_on = threading.Event(), threading.Event()
