"""Group commit: what many requests brought goes to disk in one transaction, then they are acknowledged."""

import asyncio
import contextlib
from collections import deque
from collections.abc import Generator

from spanjudge.pipeline.clock import Now
from spanjudge.pipeline.ports import Committed, Intake, OverloadedError, Store, StoreError
from spanjudge.pipeline.supervision import ended, log_fault

_GIVE_UP_AFTER = 3
"""Single transactions in a row that the store refuses: then it is the store, and not what it was given."""

_RETRY_SECONDS = 1.0


class _Waiting:
    """An intake on its way, and who waits for it."""

    __slots__ = ("done", "intake", "size")

    def __init__(self, intake: Intake, size: int) -> None:
        self.intake = intake
        self.size = size
        self.done: asyncio.Future[Committed] = asyncio.get_running_loop().create_future()


class Commits:
    """Stores intakes in groups; one transaction at a time, everything that came meanwhile in the next.

    What waits is bounded, to `most_spans` spans and log records and `most_bytes` bytes of them: beyond that
    senders are told to come again. One group holds about `group_spans`.
    """

    def __init__(
        self,
        store: Store,
        now: Now,
        *,
        most_spans: int = 100_000,
        most_bytes: int = 256 * 1024 * 1024,
        group_spans: int = 8_192,
    ) -> None:
        """See the class."""
        self._store = store
        self._now = now
        self._most_spans = most_spans
        self._most_bytes = most_bytes
        self._group_spans = group_spans
        self._spans = 0
        self._bytes = 0
        self._waiting: deque[_Waiting] = deque()
        self._running: asyncio.Task[None] | None = None
        self._closed = False

    @contextlib.contextmanager
    def room(self, *, spans: int, size: int) -> Generator[None]:
        """Hold room for a request from before it is matched until it is stored. Raises `OverloadedError`."""
        if self._closed:
            raise OverloadedError("the server is stopping: send it again", retry_after=2 * _RETRY_SECONDS)
        full = self._spans + spans > self._most_spans or self._bytes + size > self._most_bytes
        # One request alone is always taken: how large it may be is the receiver's business.
        if full and self._spans:
            raise OverloadedError(
                "more arrives than can be stored at the moment: send it again", retry_after=_RETRY_SECONDS
            )
        self._spans += spans
        self._bytes += size
        try:
            yield
        finally:
            self._spans -= spans
            self._bytes -= size

    async def commit(self, intake: Intake) -> Committed:
        """Store it; when this returns it is on disk. Raises `StoreError`: then nothing of it is."""
        waiting = _Waiting(intake, len(intake.spans) + len(intake.logs))
        self._waiting.append(waiting)
        if self._running is None:
            self._running = asyncio.create_task(self._run())
        # Who waits may go away; the group goes on without them.
        return await waiting.done

    async def aclose(self, patience: float) -> None:
        """Take nothing more; store what waits, for at most `patience` seconds."""
        self._closed = True
        if self._running is not None:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(asyncio.shield(self._running), patience)
        if self._running is not None:
            await ended(self._running)

    async def _run(self) -> None:
        group: list[_Waiting] = []
        try:
            while self._waiting:
                group = self._group()
                await self._store_group(group)
        finally:
            self._running = None
            for waiting in (*group, *self._waiting):
                if not waiting.done.done():
                    waiting.done.set_exception(StoreError("the server stopped before this was stored"))
            self._waiting.clear()

    def _group(self) -> list[_Waiting]:
        group = [self._waiting.popleft()]
        size = group[0].size
        while self._waiting and size + self._waiting[0].size <= self._group_spans:
            size += self._waiting[0].size
            group.append(self._waiting.popleft())
        return group

    async def _store_group(self, group: list[_Waiting]) -> None:
        """All at once; when that fails one by one, so that what cannot be stored fails alone."""
        if len(group) > 1:
            try:
                committed = await self._store.commit([one.intake for one in group], now_ns=self._now())
            except Exception as error:  # noqa: BLE001 - told apart below, one by one
                if not isinstance(error, StoreError):
                    log_fault("a group of requests could not be stored; they are tried one by one", error)
            else:
                _acknowledge(group, committed)
                return
        refused: StoreError | None = None
        in_a_row = 0
        for waiting in group:
            if refused is not None and in_a_row >= _GIVE_UP_AFTER:
                _refuse(waiting, refused)
                continue
            try:
                committed = await self._store.commit([waiting.intake], now_ns=self._now())
            except StoreError as error:
                refused, in_a_row = error, in_a_row + 1
                _refuse(waiting, error)
            except Exception as error:  # noqa: BLE001 - a fault with one request is that request's
                log_fault("a request could not be stored", error)
                _refuse(waiting, StoreError(f"this request could not be stored ({type(error).__name__})"))
            else:
                in_a_row = 0
                _acknowledge([waiting], committed)


def _acknowledge(group: list[_Waiting], committed: Committed) -> None:
    """Tell who waits; the first is told of everything that was new in the group."""
    nothing = Committed(spans=0, logs=0, jobs=0)
    for index, waiting in enumerate(group):
        if not waiting.done.done():
            waiting.done.set_result(nothing if index else committed)


def _refuse(waiting: _Waiting, error: StoreError) -> None:
    if not waiting.done.done():
        waiting.done.set_exception(StoreError(*error.args))
