"""Threads for what blocks."""

import threading
from collections.abc import Iterator
from contextvars import ContextVar, copy_context

import pytest

from spanjudge.in_process.background.threads import DaemonThreads

mark: ContextVar[str] = ContextVar("mark", default="")


@pytest.fixture
def threads() -> Iterator[DaemonThreads]:
    with DaemonThreads(copy_context(), most=3) as made:
        yield made


def test_it_calls_with_arguments_and_gives_the_result(threads: DaemonThreads) -> None:
    assert threads.submit(divmod, 7, 2).result() == (3, 1)


def test_who_asked_gets_the_exception(threads: DaemonThreads) -> None:
    assert isinstance(threads.submit(divmod, 7, 0).exception(), ZeroDivisionError)
    assert threads.submit(int).result() == 0


def test_what_was_cancelled_is_not_called(threads: DaemonThreads) -> None:
    go_on = threading.Event()
    busy = [threads.submit(go_on.wait) for _ in range(3)]
    called: list[int] = []
    waiting = threads.submit(called.append, 1)
    assert waiting.cancel()
    go_on.set()
    assert [future.result() for future in busy] == [True] * 3
    threads.shutdown()
    assert called == []


def test_as_many_run_at_once_as_may_and_no_more(threads: DaemonThreads) -> None:
    all_here = threading.Barrier(4)
    first = [threads.submit(all_here.wait) for _ in range(3)]
    after = threads.submit(threading.current_thread)
    assert not after.done()
    all_here.wait()
    assert sorted([future.result() for future in first]) != []
    assert after.result().daemon


def test_one_thread_does_for_calls_one_after_the_other(threads: DaemonThreads) -> None:
    names = {threads.submit(threading.get_ident).result() for _ in range(50)}
    assert len(names) <= 3


def test_the_callers_context_stays_with_the_caller() -> None:
    with DaemonThreads(copy_context()) as threads:
        mark.set("the application's")
        assert threads.submit(mark.get).result() == ""
        assert threads.submit(mark.set, "its own").result() is not None
        assert threads.submit(mark.get).result() == ""
