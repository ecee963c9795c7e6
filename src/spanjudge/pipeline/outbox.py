"""From the outbox to one destination: at least once, in batches, for as long as it takes."""

import asyncio
import contextlib
import logging
import random
from collections.abc import Callable, Sequence

from spanjudge.pipeline.clock import Now
from spanjudge.pipeline.coordination import ExportState
from spanjudge.pipeline.ports import Exporter, ExportError, Outgoing, Store, StoreError
from spanjudge.pipeline.rates import Rate
from spanjudge.pipeline.supervision import ended, log_fault, supervised, woken

_log = logging.getLogger("spanjudge.pipeline")

_SECOND = 1_000_000_000
_FIRST_PAUSE = 0.5
_LONGEST_PAUSE = 60.0
_BLOCKED_PAUSE = 30.0
_LONGEST_BLOCKED = 300.0
_POLL = 1.0
_NOT_MINE_SECONDS = 0.5
_GAP = 0.1
"""Seconds between two looks: what is stored meanwhile goes out together."""
_REFUSALS = 4
"""How often one record is refused, with others taken in between, before it is given up."""
_BLOCKED = 4
"""Records refused in a row that mean the destination takes nothing."""
_ASIDE = 15.0
_LONGEST_ASIDE = 600.0


class Pump:
    """Carries outbox entries to one exporter; start one for each.

    What may work later is tried again after a growing pause (up to a minute, or as long as the backend
    asks). When everything is refused for good (a wrong key, a wrong address), that is said once and nothing
    is lost: it is tried again every few minutes. One record that is refused while others are taken is set
    aside, tried again, and given up in the end.
    """

    def __init__(
        self,
        store: Store,
        exporter: Exporter,
        now: Now,
        *,
        batch: int = 512,
        parallel: int = 4,
        mine: Callable[[], bool] = lambda: True,
        pause: Callable[[float], float] = lambda seconds: seconds * (1 - random.random() / 4),  # noqa: S311 - spreads retries, guards no secret
    ) -> None:
        """`parallel` batches may be under way; `pause` gives a pause its jitter.

        `mine` tells whether it is this process that carries results to the destination now.
        """
        self.state = ExportState(destination=exporter.name)
        self.rate = Rate()
        """Of results sent."""
        self._store = store
        self._exporter = exporter
        self._now = now
        self._batch = batch
        self._parallel = parallel
        self._mine = mine
        self._jitter = pause
        self._new = asyncio.Event()
        self._refusals: dict[int, tuple[int, int]] = {}
        self._in_a_row = 0
        self.pause = 0.0
        """Seconds until the next look, when something went wrong."""
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to export."""
        self._task = asyncio.create_task(supervised(f"exporting to {self._exporter.name}", self._run))

    def wake(self) -> None:
        """There is something new."""
        self._new.set()

    async def aclose(self, patience: float) -> None:
        """Export what is there for at most `patience` seconds; the rest stays for the next start."""
        if self._task is not None:
            await ended(self._task)
        with contextlib.suppress(TimeoutError, StoreError):
            async with asyncio.timeout(patience):
                while self._mine() and self.state.failing_since is None and await self.once():
                    pass

    async def _run(self) -> None:
        while True:
            if not self._mine():
                # What was wrong is for the one to say who carries them now.
                self._well()
                self.pause = 0.0
                await woken(self._new, _NOT_MINE_SECONDS)
                continue
            try:
                more = await self.once()
            except StoreError as error:
                _log.warning("the outbox cannot be read now", extra={"reason": str(error)})
                await asyncio.sleep(_POLL)
                continue
            if self.pause:
                await asyncio.sleep(self.pause)
            elif more:
                await asyncio.sleep(_GAP)
            else:
                await woken(self._new, _POLL)

    async def once(self) -> bool:
        """One look into the outbox; whether to look again at once. `pause` is set when it went wrong."""
        batches = self._parallel if self.state.failing_since is None else 1
        entries = await self._store.outgoing(
            self._exporter.name, now_ns=self._now(), limit=self._batch * batches
        )
        if not entries:
            self.pause = 0.0
            return False
        carried = await asyncio.gather(
            *(
                self._carry(entries[start : start + self._batch])
                for start in range(0, len(entries), self._batch)
            ),
            return_exceptions=True,
        )
        trouble: ExportError | None = None
        for one in carried:
            if isinstance(one, ExportError):
                trouble = one
            elif one is not None:
                raise one
        if trouble is None:
            self.pause = 0.0
            return True
        self._failed(trouble)
        return False

    async def _carry(self, batch: Sequence[Outgoing]) -> ExportError | None:
        """Send a batch, a refused one in parts; what keeps all of it from being sent is given back."""
        error = await self._send(batch)
        if error is None or error.retryable:
            return error
        if len(batch) == 1:
            return await self._set_aside(batch[0], error)
        # Its ends tell a bad record from a destination that takes nothing.
        first, last = await self._send(batch[:1]), await self._send(batch[-1:])
        for entry, trouble in ((batch[0], first), (batch[-1], last)):
            if trouble is not None and trouble.retryable:
                return trouble
            if trouble is not None:
                await self._set_aside(entry, trouble)
        if first is not None and last is not None:
            return error
        return await self._halves(batch[1:-1])

    async def _halves(self, batch: Sequence[Outgoing]) -> ExportError | None:
        """Send what may hold a bad record, in ever smaller parts."""
        if not batch:
            return None
        error = await self._send(batch)
        if error is None or error.retryable:
            return error
        if len(batch) == 1:
            return await self._set_aside(batch[0], error)
        middle = len(batch) // 2
        return await self._halves(batch[:middle]) or await self._halves(batch[middle:])

    async def _send(self, batch: Sequence[Outgoing]) -> ExportError | None:
        try:
            await self._exporter.export([entry.evaluated for entry in batch])
        except ExportError as error:
            return error
        except Exception as error:  # noqa: BLE001 - a fault of an exporter must not stop the pump
            log_fault("an exporter failed inside", error, destination=self._exporter.name)
            return ExportError(f"unexpected {type(error).__name__}; the log says where", retryable=False)
        await self._store.sent(self._exporter.name, [entry.id for entry in batch])
        for entry in batch if self._refusals else ():
            self._refusals.pop(entry.id, None)
        self.state.sent += len(batch)
        self.rate.add(len(batch))
        self._in_a_row = 0
        self._works()
        return None

    async def _set_aside(self, entry: Outgoing, error: ExportError) -> ExportError | None:
        """Try a record that was refused for good later, or give it up.

        Gives the error back when several were refused in a row: then it may not be the records' fault.
        """
        destination = self._exporter.name
        self._in_a_row += 1
        times, sent_then = self._refusals.get(entry.id, (0, -1))
        # Only a refusal with others taken in between speaks against the record.
        times += self.state.sent > sent_then
        if times > _REFUSALS:
            _log.error(
                "a result is given up: the destination refuses it while it takes others",
                extra={"destination": destination, "result": entry.evaluated.id, "reason": str(error)},
            )
            self._refusals.pop(entry.id, None)
            self.state.dropped += 1
            await self._store.sent(destination, [entry.id])
            return None
        self._refusals[entry.id] = (times, self.state.sent)
        wait = min(_ASIDE * 2.0**times, _LONGEST_ASIDE)
        await self._store.postpone(destination, [entry.id], due_ns=self._now() + int(wait * _SECOND))
        return error if self._in_a_row >= _BLOCKED else None

    def _works(self) -> None:
        if self.state.failing_since is not None:
            _log.info("results arrive again", extra={"destination": self._exporter.name})
        self._well()

    def _well(self) -> None:
        self.state.failing_since = None
        self.state.error = ""

    def _failed(self, error: ExportError) -> None:
        first = self.state.failing_since is None
        if first or self.state.error != str(error):
            _log.warning(
                "results do not arrive; they are kept and tried again",
                extra={"destination": self._exporter.name, "reason": str(error)},
            )
        if first:
            self.state.failing_since = self._now()
        self.state.error = str(error)
        start, end = (_FIRST_PAUSE, _LONGEST_PAUSE) if error.retryable else (_BLOCKED_PAUSE, _LONGEST_BLOCKED)
        self.pause = self._jitter(min(max(self.pause * 2, start), end))
        if error.retry_after is not None:
            self.pause = max(self.pause, error.retry_after)
