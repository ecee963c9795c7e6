"""Spans that come in without end, and what must hold of them whatever happens meanwhile."""

import asyncio
import contextlib
import random
import time
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Sequence

import aiohttp

from spanjudge.pipeline.ports import Store
from tests.cli.process import TOKEN
from tests.exporters.otlp_receiver import Receiver
from tests.pipeline.live import eventually, request, target
from tests.postgres.server import administer

BEARER = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/x-protobuf"}
PATIENCE = 120.0
"""Seconds until nothing is under way; a lease of jobs lasts thirty."""
_SENDERS = 3
_MOST_AT_ONCE = 12
_ANSWERED_WITHIN = aiohttp.ClientTimeout(total=8.0)


async def send(address: str, *numbers: int) -> bool:
    """Whether they were acknowledged."""
    body = request(numbers).SerializeToString()
    with contextlib.suppress(aiohttp.ClientError, ConnectionError, TimeoutError):
        async with (
            aiohttp.ClientSession(headers=BEARER, timeout=_ANSWERED_WITHIN) as session,
            session.post(f"{address}/v1/traces", data=body) as response,
        ):
            return response.status == 200
    return False


@contextlib.asynccontextmanager
async def load(addresses: Callable[[], Sequence[str]]) -> AsyncGenerator[list[int]]:
    """Senders that send a batch again, to whoever is there, until it is acknowledged; what was acknowledged.

    What is on its way at the end of the block is sent to its end.
    """
    acknowledged: list[int] = []
    over = asyncio.Event()

    async def go_on(first: int) -> None:
        chance = random.Random(first)  # noqa: S311  # load, no secret
        number = first
        while not over.is_set():
            count = chance.randrange(1, _MOST_AT_ONCE)
            batch = range(number, number + count)
            number += count
            while not await send(chance.choice(addresses()), *batch):  # noqa: ASYNC110  # as exporters do
                await asyncio.sleep(0.1)
            acknowledged.extend(batch)
            await asyncio.sleep(chance.random())

    tasks = [asyncio.create_task(go_on(number * 1_000_000)) for number in range(_SENDERS)]
    try:
        yield acknowledged
    finally:
        over.set()
        await asyncio.gather(*tasks)


async def nothing_is_under_way(store: Store) -> None:
    """Wait until every job is over and every result has left."""

    async def idle() -> bool:
        health = await store.health(now_ns=time.time_ns())
        return health.waiting == health.leased == health.outbox == 0

    await eventually(idle, seconds=PATIENCE)


async def nothing_lost_and_nothing_twice(
    store: Store, url: str, acknowledged: Sequence[int], backend: Receiver
) -> None:
    """Every acknowledged span is stored, judged once and exported; nothing else has results either."""
    targets = [target(number) for number in acknowledged]
    assert len(set(targets)) == len(targets)
    kept = await store.material(targets, most_spans=10)
    assert len(kept) == len(targets)
    assert {len(material.spans) for material in kept.values()} == {1}
    jobs = await store.jobs_of(targets)
    states = Counter((job.state, job.error_code, job.reason) for job in jobs)
    assert states == {("done", None, None): len(targets)}, (len(targets), states)
    results = await store.results_of(targets)
    assert Counter(one.target.key for one in results) == dict.fromkeys((one.key for one in targets), 1)
    # Spans that were stored and not acknowledged in time are judged as well, once.
    (counted,) = administer(
        url,
        "SELECT (SELECT count(*) FROM spans), (SELECT count(DISTINCT (trace_id, span_id)) FROM spans),"
        " (SELECT count(*) FROM jobs), (SELECT count(*) FROM results),"
        " (SELECT count(DISTINCT result_id) FROM results),"
        " (SELECT count(DISTINCT target) FROM results)",
    )
    assert len(set(counted)) == 1, counted
    exported = {(record.trace_id.hex(), record.span_id.hex()) for record in backend.records()}
    assert {(one.trace_id, one.span_id) for one in targets} <= exported
