"""Applications with a queue of evaluations, to be run as processes: `python -m … PROGRAM JUDGE_URL`.

What happens is written to standard output, a line for each event, in one call that no buffer delays.
"""

import asyncio
import atexit
import logging
import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader, NumberDataPoint

from spanjudge.in_process.background import interpreter_exit
from spanjudge.in_process.invocation import Invocation
from spanjudge.in_process.native import NativeEvaluator
from spanjudge.in_process.queue.evaluation_queue import EvaluationQueue
from spanjudge.in_process.reading import invocation_of
from spanjudge.judging.models import wire
from spanjudge.judging.models.config import JudgeModelConfig
from spanjudge.judging.models.model import JudgeModel
from spanjudge.judging.models.registry import open_model
from spanjudge.judging.subject import Subject
from spanjudge.telemetry.monitoring import Monitoring

JUDGE = sys.argv[2] if len(sys.argv) > 2 else ""


def say(*words: object) -> None:
    os.write(1, (" ".join(str(word) for word in words) + "\n").encode())


def judge() -> JudgeModel:
    # By name, so that a name has to be looked up for each new connection.
    url = JUDGE.replace("127.0.0.1", "localhost")
    return open_model(
        JudgeModelConfig(provider="openai", model="gpt-5.4-mini", api_key="sk-test", url=f"{url}/v1")
    )


native = NativeEvaluator(["bias", "toxicity"], judge=judge)


async def evaluate(invocation: Invocation) -> None:
    outcomes = await native.outcomes(invocation)
    say(invocation.subject.output, os.getpid(), *(type(outcome).__name__ for outcome in outcomes))


def an_invocation(output: str) -> Invocation:
    return invocation_of(Subject(input="What is two and two?", output=output))


def a_queue(workers: int = 4) -> EvaluationQueue:
    return EvaluationQueue(evaluate, size=1_000, workers=workers)


def offer(queue: EvaluationQueue, name: str, count: int) -> None:
    for number in range(count):
        assert queue.offer(an_invocation(f"{name}-{number}"))


# Ends.


def returns() -> None:
    offer(a_queue(), "answer", 20)


def leaves() -> None:
    offer(a_queue(), "answer", 20)
    sys.exit(3)


def fails() -> None:
    offer(a_queue(), "answer", 20)
    raise LookupError("the application's own trouble")


def goes_on_in_a_thread() -> None:
    """The main thread ends long before the application does."""
    queue = a_queue()
    offer(queue, "main", 5)

    def go_on() -> None:
        threading.main_thread().join()
        offer(queue, "thread", 5)
        assert queue.wait_for_all(10)
        offer(queue, "late", 5)

    threading.Thread(target=go_on).start()


def offers_while_it_ends() -> None:
    queue = a_queue()
    offer(queue, "first", 1)
    atexit.register(offer, queue, "at-exit", 5)


def keeps_idle_threads() -> None:
    """Threads of a pool that nobody shut down are joined by the exit."""
    queue = a_queue()
    pool = ThreadPoolExecutor(2)
    pool.submit(offer, queue, "pool", 5).result()


def evaluates_directly() -> None:
    """Without a queue; the connection is left open."""
    say(*(type(outcome).__name__ for outcome in native.evaluate(Subject(input="Hello?", output="Hi."))))


def hangs_at_the_judge() -> None:
    interpreter_exit.SECONDS = 0.5
    offer(a_queue(), "answer", 20)


def hangs_in_the_loop() -> None:
    async def stand_still(_invocation: Invocation) -> None:
        say("stands still")
        threading.Event().wait()

    interpreter_exit.SECONDS = 0.5
    EvaluationQueue(stand_still).offer(an_invocation("answer"))


def hangs_in_a_thread() -> None:
    async def block(_invocation: Invocation) -> None:
        await asyncio.to_thread(time.sleep, 3600)

    interpreter_exit.SECONDS = 0.5
    EvaluationQueue(block).offer(an_invocation("answer"))


def is_interrupted_while_it_ends() -> None:
    interpreter_exit.SECONDS = 3600.0
    offer(a_queue(), "answer", 20)
    # Registered later, it runs earlier: now nothing but the waiting is left.
    threading._register_atexit(say, "ends")  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]  what runs right before ours


def is_interrupted_while_it_shuts_down() -> None:
    queue = a_queue()
    offer(queue, "answer", 20)
    say("shuts down")
    try:
        queue.shutdown(3600)
    except KeyboardInterrupt:
        say("interrupted", queue.counts.given_up, queue.counts.waiting, queue.counts.under_way)


# Forks.


def forks() -> None:
    """The parent's queue is at work, with a backlog, when the child is made; the child leaves in order."""
    queue = a_queue(workers=2)
    offer(queue, "before", 20)
    child = os.fork()
    if not child:
        offer(queue, "child", 10)
        sys.exit(0)
    offer(queue, "parent", 10)
    assert queue.wait_for_all(30)
    say("child", os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
    # Over connections that the child had copies of, and has closed.
    offer(queue, "after", 10)
    assert queue.shutdown(30) == 0


def forks_while_it_connects() -> None:
    """A session that was just opened waits for its first connection when the child gets a copy of it."""
    queue = a_queue()
    offer(queue, "parent", 5)
    while not wire.sessions:
        time.sleep(0)
    child = os.fork()
    if not child:
        offer(queue, "child", 5)
        sys.exit(0)
    say("child", os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))


def _leave(_signal: int, _frame: object) -> None:
    sys.exit(0)


def is_preforked() -> None:
    """As gunicorn does with a preloaded application: workers are made, and made again, by a busy parent."""
    queue = a_queue()
    offer(queue, "warm", 1)
    assert queue.wait_for_all(30)
    children: list[int] = []
    told, tell = os.pipe()
    for number in range(4):
        offer(queue, f"parent{number}", 5)
        child = os.fork()
        if not child:
            signal.signal(signal.SIGTERM, _leave)
            offer(queue, f"worker{number}", 10)
            assert queue.wait_for_all(30)
            say("served", queue.counts.evaluated)
            os.write(tell, b".")
            while True:
                signal.pause()
        children.append(child)
    assert queue.wait_for_all(30)
    offer(queue, "parent-later", 5)
    assert queue.wait_for_all(30)
    for _ in children:
        os.read(told, 1)
    for child in children:
        os.kill(child, signal.SIGTERM)
        say("worker", os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))


def _in_a_child(queue: EvaluationQueue, name: str) -> None:
    offer(queue, name, 5)


def forks_by_multiprocessing() -> None:
    queue = a_queue()
    offer(queue, "parent", 5)
    process = multiprocessing.get_context("fork").Process(target=_in_a_child, args=(queue, "child"))
    process.start()
    process.join()
    say("child", process.exitcode)


def _on_its_own(name: str) -> None:
    offer(a_queue(), name, 5)


def spawns_by_multiprocessing() -> None:
    offer(a_queue(), "parent", 5)
    process = multiprocessing.get_context("spawn").Process(target=_on_its_own, args=("child",))
    process.start()
    process.join()
    say("child", process.exitcode)


def forks_while_locks_are_held() -> None:
    """Work on the loop is in and out of a lock all the time; no child may find it locked."""
    lock, busy = threading.Lock(), threading.Event()

    async def work(_invocation: Invocation) -> None:
        while True:
            with lock:
                busy.set()
                threading.Event().wait(0.002)
            await asyncio.sleep(0)

    queue = EvaluationQueue(work)
    queue.offer(an_invocation("answer"))
    assert busy.wait(10)
    free = 0
    for _ in range(50):
        child = os.fork()
        if not child:
            os._exit(0 if lock.acquire(blocking=False) else 1)
        free += os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    say("free", free)
    queue.shutdown(0)


def forks_with_a_meter() -> None:
    """What the parent's meter had counted is in the child's copy of it too."""
    reader = InMemoryMetricReader()
    provider = MeterProvider([reader], shutdown_on_exit=False)
    go_on = asyncio.Event()

    async def work(_invocation: Invocation) -> None:
        await go_on.wait()

    def waiting() -> float:
        data = reader.get_metrics_data()
        return sum(
            point.value
            for resource in (data.resource_metrics if data else ())
            for scope in resource.scope_metrics
            for metric in scope.metrics
            if metric.name == "gen_ai.evaluation.client.queue.size"
            for point in metric.data.data_points
            if isinstance(point, NumberDataPoint)
        )

    queue = EvaluationQueue(work, workers=1, monitoring=Monitoring(meter_provider=provider))
    for _ in range(8):
        queue.offer(an_invocation("answer"))
    while waiting() != 7:
        assert not queue.wait_for_all(0.01)
    say("parent", waiting())
    child = os.fork()
    if not child:
        go_on = asyncio.Event()
        for _ in range(3):
            queue.offer(an_invocation("answer"))
        while waiting() != 2:
            assert not queue.wait_for_all(0.01)
        say("child", waiting(), queue.counts.offered)
        os._exit(0)
    os.waitpid(child, 0)
    say("parent", waiting(), queue.counts.waiting)
    queue.shutdown(0)


PROGRAMS: dict[str, Callable[[], None]] = {
    program.__name__: program
    for program in (
        returns,
        leaves,
        fails,
        goes_on_in_a_thread,
        offers_while_it_ends,
        keeps_idle_threads,
        evaluates_directly,
        hangs_at_the_judge,
        hangs_in_the_loop,
        hangs_in_a_thread,
        is_interrupted_while_it_ends,
        is_interrupted_while_it_shuts_down,
        forks,
        forks_while_it_connects,
        is_preforked,
        forks_by_multiprocessing,
        spawns_by_multiprocessing,
        forks_while_locks_are_held,
        forks_with_a_meter,
    )
}

if __name__ == "__main__":
    logging.basicConfig(format="%(message)s")
    # However slow the machine is that runs the tests.
    interpreter_exit.SECONDS = 60.0
    PROGRAMS[sys.argv[1]]()
