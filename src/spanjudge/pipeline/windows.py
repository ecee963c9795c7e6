"""Traces and sessions are judged when they have been quiet for a while, and again when they go on."""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence

from spanjudge.errors import SpanjudgeError
from spanjudge.pipeline.match import decide_target
from spanjudge.pipeline.ports import Material, NewJob, Store, StoredEvaluator, Window
from spanjudge.pipeline.subjects import read_target
from spanjudge.telemetry.evaluated import Target

MOST_SPANS = 2_000
"""Of one trace or session that are read; how many more there are is told to the judge."""

_AT_ONCE = 16
_MOST = 256

logger = logging.getLogger(__name__)


class Windows:
    """Closes windows that are due and makes the jobs of what is judged as a whole.

    `live` gives the published and paused evaluators as they are now.
    """

    def __init__(
        self,
        store: Store,
        live: Callable[[], Sequence[StoredEvaluator]],
        *,
        most_spans: int = MOST_SPANS,
    ) -> None:
        """See the class."""
        self._store = store
        self._live = live
        self._most_spans = most_spans

    async def close(self, now_ns: int) -> int:
        """Make the jobs of windows that are due and settle them; how many windows that was.

        Call it again at once while it returns something. Raises `StoreError`; the windows stay due then.
        """
        due = await self._store.close_windows(now_ns=now_ns, limit=_MOST)
        wanted = {stored.evaluator.target for stored in self._live()}
        idle = [window for window in due if window.target.kind not in wanted]
        if idle:
            await self._store.settle_windows(idle, (), now_ns=now_ns)
        busy = [window for window in due if window.target.kind in wanted]
        for start in range(0, len(busy), _AT_ONCE):
            await self._settle(busy[start : start + _AT_ONCE], now_ns)
        return len(due)

    async def _settle(self, windows: Sequence[Window], now_ns: int) -> None:
        targets = [window.target for window in windows]
        material = await self._store.material(targets, most_spans=self._most_spans)
        # Long traces take a while to read, and receiving must go on meanwhile.
        jobs = await asyncio.to_thread(self._all_jobs, windows, material, now_ns)
        await self._store.settle_windows(windows, jobs, now_ns=now_ns)

    def _all_jobs(
        self, windows: Sequence[Window], material: Mapping[str, Material], now_ns: int
    ) -> list[NewJob]:
        return [
            job
            for window in windows
            if (found := material.get(window.target.kind + window.target.key)) is not None
            for job in self._jobs(window, found, now_ns)
        ]

    def _jobs(self, window: Window, material: Material, now_ns: int) -> list[NewJob]:
        jobs: list[NewJob] = []
        try:
            reading = read_target(window.target, material)
            for stored in self._live():
                evaluator = stored.evaluator
                if evaluator.target == window.target.kind and decide_target(reading, evaluator).judge:
                    jobs.append(_job(stored, reading.target, window.generation, now_ns))
        except SpanjudgeError as error:
            logger.error("The %s is not judged: %s", _named(window.target), error)  # noqa: TRY400  it says it all
        except Exception as error:  # noqa: BLE001  one bad target must not stop the others for ever
            logger.error("The %s is not judged: %s", _named(window.target), type(error).__name__)  # noqa: TRY400  a traceback may quote content
        return jobs


def _job(stored: StoredEvaluator, target: Target, generation: int, now_ns: int) -> NewJob:
    return NewJob(
        evaluator=stored.evaluator.name,
        version=stored.evaluator.version,
        target=target,
        due_ns=now_ns,
        generation=generation,
    )


def _named(target: Target) -> str:
    return f"trace {target.trace_id}" if target.kind == "trace" else f"session of trace {target.trace_id}"
