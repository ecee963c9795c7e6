"""The end of the interpreter with a host: it would forget what waits in its queue, so it is given time."""

import contextlib
import logging
import sys
import weakref
from typing import Any

from spanjudge.in_process.background.interpreter_exit import drain_at_exit
from spanjudge.in_process.background.loop import background
from spanjudge.in_process.evaluator import InProcessEvaluator
from spanjudge.in_process.host.plain_values import held, items

_HOST = "opentelemetry.util.genai.handler"
_CLOSING_SECONDS = 0.5

_log = logging.getLogger(__name__)


class HostBacklog:
    """What waits at the host for evaluation, and the judges that are to be closed after it."""

    def __init__(self) -> None:
        """Nothing is asked of the host before the end."""
        self._evaluators: weakref.WeakSet[InProcessEvaluator] = weakref.WeakSet()

    def add(self, evaluator: InProcessEvaluator) -> None:
        """Close this one's judge at the end; and let the host finish before, for a few seconds at most."""
        self._evaluators.add(evaluator)
        drain_at_exit(self)

    def wait_for_all(self, timeout: float | None = None) -> bool:
        """Wait until the host has evaluated everything; whether it has within `timeout` seconds."""
        if _pending():
            _handler().wait_for_evaluations(timeout)
        return not _pending()

    def shutdown(self, timeout: float = 5.0) -> int:
        """Wait for `timeout` seconds at most and close judges; how many invocations the host gives up."""
        self.wait_for_all(timeout)
        given_up = _pending()
        if given_up:
            _log.warning(
                "%d invocations were not evaluated: the time to finish was over; the host's "
                "wait_for_evaluations(timeout) before the end waits longer",
                given_up,
            )
        for evaluator in tuple(self._evaluators):
            with contextlib.suppress(Exception):  # the process ends all the same
                background().run(evaluator.aclose(), _CLOSING_SECONDS)
        return given_up


def _handler() -> Any:
    """The one telemetry handler of the host, if it was made."""
    return held(held(sys.modules.get(_HOST), "TelemetryHandler"), "_instance")


def _pending() -> int:
    """How many invocations are left that the host will evaluate; none when it has nobody to do it.

    That is after its own shutdown, and in a forked child, which has a copy of its parent's backlog.
    """
    manager: Any = held(_handler(), "_evaluation_manager")
    working = any(worker.is_alive() for worker in items(held(manager, "_workers")))
    return manager.get_pending_count() if working else 0


host_backlog = HostBacklog()
