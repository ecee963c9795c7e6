"""The queue between the application and its evaluations: taking in never blocks and never raises."""

import contextlib
import logging
import queue
import time
from collections.abc import Callable
from typing import NamedTuple

import msgspec

from spanjudge.errors import SettingsError
from spanjudge.in_process.background.interpreter_exit import drain_at_exit, leave_to_itself
from spanjudge.in_process.background.loop import LoopEndedError, background, this_process
from spanjudge.in_process.invocation import Invocation
from spanjudge.in_process.queue.admission import Admission, Refusal
from spanjudge.in_process.queue.backlog import Backlog, QueueEndedError, Settings, Work
from spanjudge.in_process.queue.tally import Tally
from spanjudge.in_process.settings import variables
from spanjudge.telemetry.monitoring import Monitoring

_log = logging.getLogger(__name__)

MOST_WORKERS = 1024
GRACE_SECONDS = 0.25
"""Of a shutdown's time: what cancelled evaluations get to clean up."""


class Counts(msgspec.Struct, frozen=True, kw_only=True):
    """What became of the invocations of this process.

    `offered` = `queued` + `sampled_out` + `rate_limited` + `dropped`, and `queued` = `evaluated` + `failed` +
    `given_up` + `waiting` + `under_way`, but for moments at which one is on its way.
    """

    offered: int = 0
    queued: int = 0
    evaluated: int = 0
    failed: int = 0
    sampled_out: int = 0
    rate_limited: int = 0
    dropped: int = 0
    given_up: int = 0
    waiting: int = 0
    under_way: int = 0


class _Share(NamedTuple):
    """What one process has of a queue."""

    backlog: Backlog
    refused: dict[Refusal, Tally]


class EvaluationQueue:
    """Takes invocations in from any thread or coroutine, and has `work` done on each in the background.

    `size`: how many may wait; a further one is dropped, is told so (`evaluation_error`), is counted, and the
    log tells how many were, at most once each `interval` seconds. `workers`: how many are evaluated at once.
    `timeout` (seconds) bounds each. `settle` is called when somebody has waited for all of them, and at the
    end. `work` is awaited on the background loop; what it raises is
    counted as failed and ends nothing else.

    In a forked process (gunicorn, celery) it begins empty, on an event loop of that process; what the
    parent took in is evaluated by the parent. When the interpreter exits without `shutdown`, what is there
    is drained for up to five seconds. Raises `SettingsError` for sizes that cannot be meant.
    """

    def __init__(
        self,
        work: Work,
        *,
        size: int = 100,
        workers: int = 4,
        admission: Admission | None = None,
        monitoring: Monitoring | None = None,
        interval: float = 5.0,
        timeout: float = 60.0,
        settle: Callable[[], None] | None = None,
    ) -> None:
        """Starts nothing: the first offer does, so that a process that forks before needs no thread."""
        if size < 1:
            raise SettingsError(f"size={size} is no queue: give 1 or more")
        if not 1 <= workers <= MOST_WORKERS:
            raise SettingsError(f"workers={workers} cannot be: give 1 to {MOST_WORKERS}")
        if not interval > 0:
            raise SettingsError(f"interval={interval} is no time between messages: give seconds above 0")
        if not timeout > 0:
            raise SettingsError(f"timeout={timeout} leaves no time to evaluate: give seconds above 0")
        self._work = work
        self._settings = Settings(size=size, workers=workers, interval=interval, timeout=timeout)
        self._admission = admission
        self._monitoring = monitoring
        self._settle = settle
        self._full = (
            f"the queue was full; raise {variables.QUEUE_SIZE} ({size}) or "
            f"{variables.WORKERS} ({workers}), or lower "
            f"{variables.SAMPLE_RATE}"
        )
        # By process: after a fork the parent's stays behind, untouched.
        self._shares: dict[tuple[int, int], _Share] = {}
        self._shares[this_process()] = self._share()

    @property
    def counts(self) -> Counts:
        """What happened so far in this process."""
        backlog, refused = self._here()
        return Counts(
            offered=backlog.offered.value,
            queued=backlog.queued.value,
            evaluated=backlog.evaluated,
            failed=backlog.failed,
            sampled_out=refused["sampled_out"].value,
            rate_limited=refused["rate_limited"].value,
            dropped=backlog.dropped.value,
            given_up=backlog.given_up,
            waiting=backlog.waiting,
            under_way=backlog.under_way,
        )

    def offer(self, invocation: Invocation) -> bool:
        """Let an invocation wait for evaluation; whether it does. Never blocks, never raises.

        When it does not, the reason is on the invocation.
        """
        try:
            return self._offer(invocation)
        except Exception:  # noqa: BLE001  the application goes on, whatever it is
            return False

    def wait_for_all(self, timeout: float | None = None) -> bool:
        """Wait until nothing waits and nothing is under way; whether that came within `timeout` seconds.

        From any thread. It blocks only its caller: called in a coroutine, that loop stands still meanwhile,
        while the evaluations go on. Raises `RuntimeError` on the background loop's own thread.
        """
        done = self._wait(self._here().backlog, timeout)
        self._settled()
        return done

    def _wait(self, backlog: Backlog, timeout: float | None) -> bool:
        end = None if timeout is None else time.monotonic() + timeout
        loops = 0
        while backlog.waiting or backlog.under_way:
            left = None if end is None else max(0.0, end - time.monotonic())
            try:
                current = background()
                current.run(backlog.idle(current), left)
            except LoopEndedError:
                # What waits goes on with a new loop, when there can be one.
                loops += 1
                if loops > 1:
                    return False
            except OSError:  # no time is left (`TimeoutError` is one), or no file for a new loop
                return False
        return True

    def shutdown(self, timeout: float = 5.0) -> int:
        """Take nothing in any more, evaluate what is there within `timeout` seconds, and give up the rest.

        Returns how many were given up, and writes it to the log. A second call finds nothing to do. Ctrl-C
        ends the waiting and passes on.
        """
        backlog = self._here().backlog
        backlog.ended = True
        given_up = 0
        try:
            if backlog.in_use:
                self._drain(backlog, max(0.0, timeout))
        except BaseException:
            backlog.give_up()
            raise
        finally:
            leave_to_itself(self)
            self._settled()
            given_up = backlog.newly_given_up()
            if given_up:
                what = "1 invocation was" if given_up == 1 else f"{given_up} invocations were"
                with contextlib.suppress(Exception):  # the application's log may be anything
                    _log.warning(
                        "%s not evaluated: the time to finish was over; wait_for_all(timeout) before the end "
                        "waits longer",
                        what,
                    )
        return given_up

    def _settled(self) -> None:
        if self._settle is not None:
            with contextlib.suppress(Exception):  # whatever it is, the application goes on
                self._settle()

    def _offer(self, invocation: Invocation) -> bool:
        backlog, refused = self._here()
        backlog.offered.add()
        word = ""
        try:
            why = None if self._admission is None else self._admission.admits(invocation.target.trace_id)
            if why is None:
                if not backlog.drained_at_exit:
                    backlog.drained_at_exit = True
                    drain_at_exit(self)
                backlog.put(invocation)
                return True
            refused[why].add()
            word = f"client_evaluation_{why}"
            if why == "rate_limited":
                backlog.tell(
                    f"more came than {variables.RATE_LIMIT_RPS} lets in; raise it, or 0 for no limit"
                )
        except queue.Full as error:
            word = "client_evaluation_queue_full"
            backlog.error(error, self._full)
        except QueueEndedError as error:
            word = "client_evaluation_queue_ended"
            backlog.error(error, "the queue was shut down before")
        except Exception as error:  # noqa: BLE001  the application goes on, whatever it is
            word = "client_evaluation_enqueue_error"
            backlog.error(error, f"taking in failed ({type(error).__name__})")
        finally:
            if word:
                invocation.refused(word)
        return False

    def _drain(self, backlog: Backlog, timeout: float) -> None:
        grace = min(GRACE_SECONDS, timeout / 4)
        try:
            current = background()
            current.run(backlog.drain(current, timeout - grace, grace / 2), timeout)
        except (OSError, RuntimeError):
            # The loop stands still (a user's function blocks it), has died, or is the caller's own.
            backlog.give_up()

    def _here(self) -> _Share:
        """What belongs to the process that asks."""
        return self._shares.get(this_process()) or self._after_fork()

    def _share(self) -> _Share:
        return _Share(
            Backlog(self._work, self._settings, self._monitoring),
            {"sampled_out": Tally(), "rate_limited": Tally()},
        )

    def _after_fork(self) -> _Share:
        """Begin anew in a forked process; when several threads come here at once, the first one's counts."""
        here = this_process()
        parents = [share.backlog for process, share in tuple(self._shares.items()) if process != here]
        made = self._share()
        made.backlog.inherit(parents[-1])
        if self._admission is not None:
            self._admission.renew()
        for parent in parents:
            parent.forget()
        return self._shares.setdefault(here, made)
