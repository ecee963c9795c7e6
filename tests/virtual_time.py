"""An event loop whose time is that of its timers: minutes pass as soon as nothing else is to be done."""

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

_ARRIVES = 0.002
"""Real seconds that bytes on loopback may take."""

_A_DAY = 86_400.0

Result = TypeVar("Result")


class _Selector(selectors.DefaultSelector):  # pyright: ignore[reportUntypedBaseClass] - an alias of the platform's
    loop: "VirtualLoop"

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        files = len(self.get_map()) > 1  # one is the loop's own
        ready = super().select(_ARRIVES if files and timeout != 0 else 0)
        if not ready and timeout is None:
            ready = super().select(5.0)
            if not ready:
                raise RuntimeError("nothing will ever happen again")
        elif not ready and timeout:
            self.loop.pass_by(timeout)
        return ready


class VirtualLoop(asyncio.SelectorEventLoop):
    """See the module. Sockets work; what runs in threads is not waited for."""

    def __init__(self) -> None:
        self._passed = 0.0
        selector = _Selector()
        selector.loop = self
        super().__init__(selector)

    def time(self) -> float:
        return self._passed

    def pass_by(self, seconds: float) -> None:
        self._passed += seconds
        if self._passed > _A_DAY:
            raise RuntimeError("a day has passed: whatever is waited for does not come")


def run(story: Coroutine[Any, Any, Result]) -> Result:
    """Run it to its end in virtual time."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(story)
