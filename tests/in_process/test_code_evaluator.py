"""Functions of an application that evaluate: how they run, how they fail, and the registry of them."""

import asyncio
import logging
import subprocess
import sys
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider

import spanjudge
from spanjudge.in_process.code.evaluator import CodeEvaluator, registered
from spanjudge.in_process.evaluator import Evaluation
from tests.in_process.code_evaluators import SUBJECT


@pytest.fixture(autouse=True)
def nothing_registered() -> Iterator[None]:
    yield
    for one in registered():
        one.unregister()


def test_it_can_be_called_as_before() -> None:
    @spanjudge.evaluator(name="politeness")
    def polite(output: str) -> bool:
        """Whether it says please."""
        return "please" in output

    assert polite("please") is True
    assert (polite.__name__, polite.__doc__) == ("polite", "Whether it says please.")
    assert (polite.name, polite.metrics, polite.kinds) == ("code", ("politeness",), ("LLMInvocation",))


async def test_functions_that_block_block_no_loop() -> None:
    release, running = threading.Event(), threading.Event()

    @spanjudge.evaluator
    def blocking(subject: object) -> bool:
        running.set()
        return bool(subject) and release.wait(30)

    @spanjudge.evaluator
    async def quick(subject: object) -> bool:
        await asyncio.sleep(0)
        return bool(subject)

    waiting = asyncio.create_task(blocking.evaluate_async(SUBJECT))
    await asyncio.to_thread(running.wait)
    assert [one.score for one in await quick.evaluate_async(SUBJECT)] == [1.0]
    assert not waiting.done()
    release.set()
    assert [one.score for one in await waiting] == [1.0]


def test_many_that_block_run_at_once() -> None:
    together = threading.Barrier(8)

    @spanjudge.evaluator
    def meets(subject: object) -> bool:
        return bool(subject) and together.wait(30) >= 0

    async def all_of_them() -> list[list[Evaluation]]:
        return await asyncio.gather(*(meets.evaluate_async(SUBJECT) for _ in range(8)))

    assert [[one.score for one in found] for found in asyncio.run(all_of_them())] == [[1.0]] * 8


def test_too_slow_is_a_failure_in_a_thread_and_on_the_loop() -> None:
    release = threading.Event()

    @spanjudge.evaluator(timeout=0.02)
    def thread(subject: object) -> bool:
        return bool(subject) and release.wait(30)

    @spanjudge.evaluator(timeout=0.02)
    async def stubborn(subject: object) -> bool:
        while not release.is_set():
            try:
                await asyncio.sleep(0.05)
            except asyncio.CancelledError:
                continue
        return bool(subject)

    found = [*thread.evaluate(SUBJECT), *stubborn.evaluate(SUBJECT)]
    release.set()
    assert [str(one.error and one.error.message) for one in found] == [
        "thread took longer than 0.02 s",
        "stubborn took longer than 0.02 s",
    ]


def test_functions_that_hang_take_no_thread_from_the_judge_and_others_are_told() -> None:
    release = threading.Event()

    @spanjudge.evaluator(timeout=0.2)
    def hanging(subject: object) -> bool:
        return bool(subject) and release.wait(30)

    @spanjudge.evaluator
    async def looking_up(subject: object) -> bool:
        return bool(subject) and bool(await asyncio.get_running_loop().getaddrinfo("localhost", 80))

    async def all_of_them() -> list[list[Evaluation]]:
        return await asyncio.gather(*(hanging.evaluate_async(SUBJECT) for _ in range(40)))

    messages = {str(one.error and one.error.message) for found in asyncio.run(all_of_them()) for one in found}
    assert [one.score for one in looking_up.evaluate(SUBJECT)] == [1.0]
    release.set()
    assert messages == {"hanging took longer than 0.2 s", "hanging found no free thread within 0.2 s"}


class Odd(Exception):  # noqa: N818  a user's own
    pass


@pytest.mark.parametrize(
    "error",
    [Odd, ValueError, TimeoutError, StopIteration, SystemExit, KeyboardInterrupt, asyncio.CancelledError],
)
def test_whatever_is_raised_is_a_failure_that_quotes_nothing(error: type[BaseException]) -> None:
    @spanjudge.evaluator
    def raising(output: str) -> bool:
        raise error(output)

    @spanjudge.evaluator
    async def raising_later(output: str) -> bool:
        await asyncio.sleep(0)
        raise error(output)

    @spanjudge.evaluator
    def handing_back(output: str) -> Any:
        return raising_later(output)

    @spanjudge.evaluator
    async def describing(model: str) -> str:
        return model

    names = ["raising", "raising_later", "handing_back"]
    found = [one for each in (raising, raising_later, handing_back) for one in each.evaluate(SUBJECT)]
    messages = [str(one.error and one.error.message) for one in found]
    # A coroutine turns the end of an iteration into an error of its own.
    inside = "RuntimeError" if error is StopIteration else error.__qualname__
    assert messages == [
        f"{each} in {name}" for each, name in zip([error.__qualname__, inside, inside], names, strict=True)
    ]
    assert [one.label for one in describing.evaluate(SUBJECT)] == ["gpt-4o-mini"]


def test_the_application_is_not_in_the_way_of_its_context() -> None:
    seen: list[object] = []

    @spanjudge.evaluator
    def current(subject: object) -> None:
        seen.append((subject, trace.get_current_span().get_span_context().is_valid))

    tracer = TracerProvider(shutdown_on_exit=False).get_tracer("application")
    with tracer.start_as_current_span("a request"):
        current.evaluate(SUBJECT)
    assert seen == [(SUBJECT, False)]


# Versions and the registry.


def test_versions_tell_sources_and_criteria_apart() -> None:
    def define(text: str) -> Any:
        scope: dict[str, Any] = {}
        exec(text, scope)  # noqa: S102  the test's own text
        return scope["check"]

    same = [CodeEvaluator(something), CodeEvaluator(something)]
    assert same[0].version == same[1].version
    assert CodeEvaluator(nothing_else).version != same[0].version
    assert CodeEvaluator(something, acceptance={"pass_when": False}).version != same[0].version
    # Without a source the name has to do.
    sourceless = define("def check(subject): return True")
    assert CodeEvaluator(sourceless).version == CodeEvaluator(define("def check(subject): return 1")).version


def something(subject: object) -> bool:
    return bool(subject)


def nothing_else(subject: object) -> bool:
    return not subject


def test_decorated_functions_are_registered_for_their_kinds() -> None:
    @spanjudge.evaluator
    def first(subject: object) -> bool:
        return bool(subject)

    @spanjudge.evaluator(kinds=("ToolCall", "AgentInvocation"))
    def second(subject: object) -> bool:
        return bool(subject)

    assert registered() == (first, second)
    assert registered("LLMInvocation") == (first,)
    assert registered("ToolCall") == (second,)
    first.unregister()
    first.unregister()
    assert registered() == (second,)


def test_a_second_one_of_a_name_replaces_the_first_and_says_so(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "spanjudge")
    before = spanjudge.evaluator(name="check")(something)
    again = spanjudge.evaluator(name="check")(something)
    other = spanjudge.evaluator(name="check")(nothing_else)
    before.unregister()
    again.unregister()
    assert registered() == (other,)
    levels = [(record.levelname, record.getMessage()) for record in caplog.records]
    assert [level for level, _ in levels] == ["INFO", "WARNING"]
    assert "something" in levels[0][1]
    assert "something" in levels[1][1]
    assert "nothing_else" in levels[1][1]


EXIT = """
import threading
import spanjudge

running = threading.Event()

@spanjudge.evaluator(timeout=0.05)
def hangs(subject):
    running.set()
    threading.Event().wait()

print(hangs.evaluate(spanjudge.Subject(output="x"))[0].error.message, running.is_set())
"""


def test_a_function_that_hangs_does_not_keep_the_application_from_ending() -> None:
    done = subprocess.run(  # noqa: S603  our own interpreter and script
        [sys.executable, "-c", EXIT], capture_output=True, text=True, check=False, timeout=60
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "hangs took longer than 0.05 s True\n", "")


FORK = """
import os
import spanjudge

@spanjudge.evaluator
def polite(output: str) -> bool:
    return "please" in output

subject = spanjudge.Subject(output="please")
assert polite.evaluate(subject)[0].verdict == "pass"
child = os.fork()
if not child:
    os._exit(0 if polite.evaluate(subject)[0].verdict == "pass" else 3)
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), polite.evaluate(subject)[0].verdict)
"""


def test_it_runs_in_a_forked_process_too() -> None:
    done = subprocess.run(  # noqa: S603  our own interpreter and script
        [sys.executable, "-c", FORK], capture_output=True, text=True, check=False, timeout=60
    )
    assert (done.stdout, done.stderr) == ("0 pass\n", "")
