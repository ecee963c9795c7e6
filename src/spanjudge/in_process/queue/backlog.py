"""One process's waiting invocations and those under way; what the queue has on either side of the threads."""

import asyncio
import contextlib
import logging
import math
import queue
import threading
import time
import traceback
from collections import deque
from collections.abc import Awaitable, Callable
from pathlib import Path

import msgspec

from spanjudge.errors import SpanjudgeError
from spanjudge.in_process.background.loop import Background, background
from spanjudge.in_process.invocation import Invocation
from spanjudge.in_process.queue.tally import Tallies, Tally
from spanjudge.telemetry.monitoring import Monitoring

_log = logging.getLogger(__name__)

Work = Callable[[Invocation], Awaitable[None]]

GIVEN_UP = "client_evaluation_given_up"
"""What an invocation is told that was queued, and not evaluated before the end."""


_COUNT_SECONDS = 0.1
"""Errors come in floods when they come: so long they are gathered before the meter is told."""

# In seconds: when the loop looks again for what entered, and for how long in vain.
_SHORTEST_PAUSE = 0.01
_LONGEST_PAUSE = 0.05
_PATIENCE = 1.0


class QueueEndedError(SpanjudgeError):
    """The queue was shut down and takes nothing any more."""


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """Of a queue; `interval` and `timeout` in seconds."""

    size: int
    workers: int
    interval: float
    timeout: float


class Backlog:
    """Invocations wait here and are evaluated on the background loop, `workers` at once.

    The application's threads only ever touch deques and tallies, whose single steps need no lock: there is
    nothing they could wait for, and nothing a forked child could find locked. Metrics and logs are written on
    the loop.
    """

    def __init__(self, work: Work, settings: Settings, monitoring: Monitoring | None) -> None:
        """Starts nothing."""
        self.offered = Tally()
        self.queued = Tally()
        self.dropped = Tally()
        self.evaluated = 0
        self.failed = 0
        self.given_up = 0
        self.ended = False
        self.in_use = False
        """Whether the loop has ever had to do with it."""
        self.drained_at_exit = False
        self._recorded = 0
        """What `queue.size` was told so far."""
        self._inherited = 0
        """What is still to be taken back from it, as a parent process had told it before the fork."""
        self._work = work
        self._settings = settings
        self._monitoring = monitoring
        self._places: deque[None] = deque([None] * settings.size)
        self._entered: deque[Invocation] = deque()
        self._waiting: deque[Invocation] = deque()
        self._tasks: set[asyncio.Task[None]] = set()
        self._loop: Background | None = None
        self._woken: Background | None = None
        self._pause = _SHORTEST_PAUSE
        self._quiet = 0.0
        self._idle: list[asyncio.Future[None]] = []
        self._notices: Tallies[str] = Tallies("for other reasons")
        self._errors: Tallies[type[Exception]] = Tallies(Exception)
        self._telling: Background | None = None
        self._counting: Background | None = None
        self._told_here = -math.inf
        self._over = False
        self._giving_up = threading.RLock()
        self._given_up_told = 0

    # In the application's threads.

    @property
    def waiting(self) -> int:
        """How many wait."""
        return self._settings.size - len(self._places)

    @property
    def under_way(self) -> int:
        """How many are being evaluated."""
        return len(self._tasks)

    def put(self, invocation: Invocation) -> None:
        """Let it wait. Raises `queue.Full`, `QueueEndedError`, and what starting a loop may raise."""
        if self.ended:
            raise QueueEndedError
        try:
            self._places.pop()
        except IndexError:
            raise queue.Full from None
        self._entered.append(invocation)
        try:
            self.wake()
        except Exception:
            with contextlib.suppress(ValueError):  # it was taken in all the same
                self._entered.remove(invocation)
                self._places.append(None)
                raise
        self.queued.add()

    def wake(self) -> None:
        """Have the loop look, if it does not look of itself.

        To wake another thread takes several times what the rest of an offer takes. So the loop, once woken,
        looks again after a short while, and only when nothing has come for a second it waits to be woken.
        """
        woken = self._woken
        if woken is None or woken.ended:
            self.in_use = True
            self._woken = current = background()
            try:
                current.soon(self._look, current)
            except RuntimeError:
                self._woken = None
                raise

    def tell(self, words: str) -> None:
        """Count one that is not evaluated, and have it told in the log; at most once each `interval`."""
        self._notices.add(words)
        try:
            self._tell_soon()
        except Exception:  # noqa: BLE001  without a loop it is told here, or nobody would ever know
            now = time.monotonic()
            if now >= self._told_here + self._settings.interval:
                self._told_here = now
                self._tell()

    def error(self, error: Exception, words: str) -> None:
        """Count one that should have been queued and was not."""
        self.dropped.add()
        self._errors.add(type(error))
        self.tell(words)
        with contextlib.suppress(Exception):  # without a loop the next look counts it
            counting = self._counting
            if counting is None or counting.ended:
                self._counting = current = background()
                current.soon(current.loop.call_later, _COUNT_SECONDS, self._tell_errors)

    def give_up(self) -> None:
        """Take everything back that is not evaluated yet.

        For the loop's thread, and for others when that one does not answer in time.
        """
        with self._giving_up:
            self._over = True
            for line in (self._waiting, self._entered):
                while line:
                    invocation = line.popleft()
                    self._places.append(None)
                    if line is self._waiting:
                        self._measure(-1)
                    self.given_up += 1
                    with contextlib.suppress(Exception):  # the application's object may refuse
                        invocation.refused(GIVEN_UP)
            tasks, self._tasks = self._tasks, set()
            self.given_up += len(tasks)
        for task in tasks:
            with contextlib.suppress(RuntimeError):  # its loop is gone, and so is the task
                task.get_loop().call_soon_threadsafe(task.cancel)
        if self._loop is not None:
            with contextlib.suppress(RuntimeError):  # as above
                self._loop.soon(self._release)

    def newly_given_up(self) -> int:
        """How many were given up since the last call."""
        with self._giving_up:
            new = self.given_up - self._given_up_told
            self._given_up_told += new
            return new

    def inherit(self, parent: "Backlog") -> None:
        """Begin where a parent process's ended: with its end, and its part of a metric that was copied."""
        self.ended = parent.ended
        self._inherited = parent._recorded + parent._inherited  # noqa: SLF001  its own kind

    def forget(self) -> None:
        """Let go of what waits, uncounted: this is a copy, and the parent process evaluates it.

        Its tasks are kept, since asyncio would complain about their loss.
        """
        self._waiting.clear()
        self._entered.clear()

    # On the loop.

    async def idle(self, current: Background) -> None:
        """Until nothing waits and nothing is under way."""
        self._take_in(current)
        self._tell_errors()
        if self.waiting or self._tasks:
            future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._idle.append(future)
            await future

    async def drain(self, current: Background, seconds: float, grace: float) -> None:
        """Evaluate what is there for so many seconds, then give up the rest.

        What is under way then is cancelled, and has `grace` more seconds to clean up.
        """
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self.idle(current)
        tasks = tuple(self._tasks)
        self.give_up()
        if tasks:
            await asyncio.wait(tasks, timeout=grace)
        self._tell()

    def _look(self, current: Background) -> None:
        if self._entered:
            self._take_in(current)
            self._pause, self._quiet = _SHORTEST_PAUSE, 0.0
        else:
            self._quiet += self._pause
            self._pause = min(2 * self._pause, _LONGEST_PAUSE)
        if self._quiet < _PATIENCE:
            current.loop.call_later(self._pause, self._look, current)
            return
        self._woken = None
        if self._entered:
            # It came between the look and the word that nobody looks.
            self.wake()

    def _take_in(self, current: Background) -> None:
        if self._loop is not current:
            self._begin_anew(current)
        self._line_up()
        while len(self._tasks) < self._settings.workers and (invocation := self._next()) is not None:
            task = current.task(self._serve(invocation))
            self._tasks.add(task)
            task.add_done_callback(self._done)
        self._release()

    def _line_up(self) -> None:
        while self._entered:
            self._waiting.append(self._entered.popleft())
            self._measure(1)
        if self._over:
            # They entered at the very moment of the end.
            self.give_up()

    def _next(self) -> Invocation | None:
        if not self._waiting:
            return None
        invocation = self._waiting.popleft()
        self._places.append(None)
        self._measure(-1)
        return invocation

    def _release(self) -> None:
        """Tell who waits for it that all is done, when it is."""
        if self._tasks or self.waiting:
            return
        idle, self._idle = self._idle, []
        for future in idle:
            if not future.done():
                future.set_result(None)

    def _begin_anew(self, current: Background) -> None:
        """On a first loop, or on a new one after the first died: what was under way there is lost."""
        lost, self._tasks = self._tasks, set()
        self.failed += len(lost)
        for _ in lost:
            self._notices.add("the event loop ended")
        self._idle.clear()
        self._loop = current
        while self._inherited > 0:
            self._inherited -= 1
            self._measure(-1)
            self._recorded += 1

    async def _serve(self, first: Invocation) -> None:
        """Evaluate one after the other, as long as there are some.

        The next one is begun at once, before others that became ready in the meantime have their turn: so
        judge calls stay apart in time, and their answers do not come, and wait for the loop, all together.
        """
        loop, task = asyncio.get_running_loop(), asyncio.current_task()
        invocation: Invocation | None = first
        while invocation is not None:
            turned = asyncio.Event()
            loop.call_soon(turned.set)
            await self._evaluate(invocation, task)
            if task not in self._tasks:
                return
            if not turned.is_set():
                # Nothing in it had to be waited for; with many such ones the loop would stand still.
                await asyncio.sleep(0)
            self._line_up()
            invocation = self._next()

    async def _evaluate(self, invocation: Invocation, task: "asyncio.Task[None] | None") -> None:
        limit = asyncio.timeout(self._settings.timeout)
        why = ""
        try:
            async with limit:
                await self._work(invocation)
        except asyncio.CancelledError:
            if task is not None and task.cancelling():
                raise
            why = "evaluation was cancelled from within"
        except TimeoutError as error:
            why = (
                f"evaluation took longer than {self._settings.timeout:g} s"
                if limit.expired()
                else _words(error)
            )
        except BaseException as error:  # noqa: BLE001  a user's function may raise anything, and ends nothing here
            why = _words(error)
        if task not in self._tasks:
            return  # given up, and counted there
        if why:
            self.failed += 1
            self._notices.add(why)
            self._tell_soon()
        else:
            self.evaluated += 1

    def _done(self, task: asyncio.Task[None]) -> None:
        if task in self._tasks:
            self._tasks.discard(task)
            if task.cancelled():
                self.given_up += 1
        if self._loop is not None:
            self._take_in(self._loop)

    def _tell_soon(self) -> None:
        telling = self._telling
        if telling is None or telling.ended:
            self.in_use = True
            self._telling = current = background()
            current.soon(self._tell_and_watch, current)

    def _tell_and_watch(self, current: Background) -> None:
        if self._tell():
            current.loop.call_later(self._settings.interval, self._tell_and_watch, current)
            return
        self._telling = None
        if self._tell():
            # It came between the look and the word that nobody looks.
            self._telling = current
            current.loop.call_later(self._settings.interval, self._tell_and_watch, current)

    def _tell(self) -> bool:
        """Write what is new to the log and the metrics; whether there was anything."""
        self._tell_errors()
        news = self._notices.news()
        for words, count in news:
            what = "1 invocation was" if count == 1 else f"{count} invocations were"
            with contextlib.suppress(Exception):  # the application's log may be anything
                _log.warning("%s not evaluated: %s", what, words)
        return bool(news)

    def _tell_errors(self) -> None:
        self._counting = None
        for kind, count in self._errors.news():
            if self._monitoring is not None:
                with contextlib.suppress(Exception):  # the application's meter may be anything
                    self._monitoring.not_enqueued(kind.__new__(kind), count)

    def _measure(self, step: int) -> None:
        self._recorded += step
        if self._monitoring is None:
            return
        with contextlib.suppress(Exception):  # the application's meter may be anything
            if step > 0:
                self._monitoring.enqueued()
            else:
                self._monitoring.dequeued()


def _words(error: BaseException) -> str:
    """What was raised and where; not its text, which may quote what was evaluated."""
    where = traceback.extract_tb(error.__traceback__)
    place = f" in {Path(where[-1].filename).name}, line {where[-1].lineno}" if where else ""
    return f"evaluation raised {type(error).__name__}{place}"
