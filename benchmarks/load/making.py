"""Requests from a process of their own, a few ahead of the sender."""

import asyncio
import multiprocessing
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from multiprocessing.queues import Queue

from benchmarks.load.requests import Prepared, prepared
from benchmarks.load.schedule import Load, schedule

AHEAD = 400
"""Requests that are ready before they are due."""

_FIRST = 100
"""So many are there before the load starts, or all."""


def _make(load: Load, start_ns: int, queue: "Queue[Prepared | None]") -> None:
    for request in prepared(schedule(load), start_ns):
        queue.put(request)
    queue.put(None)


@asynccontextmanager
async def made(load: Load) -> AsyncGenerator[AsyncGenerator[Prepared]]:
    """The requests of a load, made elsewhere while they are sent."""
    context = multiprocessing.get_context("spawn")
    queue: Queue[Prepared | None] = context.Queue(AHEAD)
    process = context.Process(target=_make, args=(load, time.time_ns(), queue), daemon=True)
    process.start()
    try:
        yield _read(queue)
    finally:
        process.terminate()
        process.join()
        queue.close()
        queue.cancel_join_thread()


async def _read(queue: "Queue[Prepared | None]") -> AsyncGenerator[Prepared]:
    first: list[Prepared] = []
    over = False
    while len(first) < _FIRST and not over:
        request = await asyncio.to_thread(queue.get)
        over = request is None
        if request is not None:
            first.append(request)
    for request in first:
        yield request
    while not over:
        request = await asyncio.to_thread(queue.get)
        if request is None:
            return
        yield request
