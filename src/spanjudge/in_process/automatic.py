"""What evaluates without a line of the application's code, until the application does so itself."""

import logging
from typing import Protocol

_log = logging.getLogger(__name__)


class Retiring(Protocol):
    """Evaluates, and can be told to leave it to another."""

    def retire(self) -> None:
        """Take nothing in any more."""
        ...


_started: Retiring | None = None


def is_started() -> bool:
    """Whether something evaluates already."""
    return _started is not None


def started(one: Retiring | None) -> None:
    """Remember what was started."""
    global _started  # noqa: PLW0603  one for the process is the point
    _started = one


def give_way() -> None:
    """The application has a processor of its own making: that one counts, or all would be evaluated twice."""
    global _started
    one, _started = _started, None
    if one is not None:
        _log.info(
            "the application evaluates its spans itself; what opentelemetry-instrument started is left out"
        )
        one.retire()
