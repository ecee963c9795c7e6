"""Processes with roles on one store, as they are started, killed and exchanged in the field."""

import asyncio
import contextlib
import signal
import time
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from pathlib import Path

import pytest

from spanjudge.pipeline.ports import Store
from spanjudge.store.store import open_store
from tests.cli.process import TOKEN, Served, environment, judge_at, serving
from tests.mock_judge import Behaviour, MockJudge
from tests.pipeline.live import eventually, question, target
from tests.processes.load import send

PATIENCE = 90.0
"""Seconds; a lease of jobs lasts thirty."""


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[Store]:
    opened = await open_store(database_url)
    await opened.apply([question("polite")], publish=True, now_ns=time.time_ns())
    yield opened
    await opened.aclose()


@pytest.fixture
def env(database_url: str, tmp_path: Path, mock_judge: MockJudge) -> dict[str, str]:
    own = {"O2_JUDGE_AUTH_TOKEN": TOKEN, "SPANJUDGE_DATABASE_URL": database_url}
    return environment(tmp_path, own | judge_at(mock_judge.url))


async def ended(store: Store, *numbers: int) -> Counter[str]:
    """Wait until every span has a job that is over; the states."""
    targets = [target(number) for number in numbers]

    async def over() -> bool:
        jobs = await store.jobs_of(targets)
        return len(jobs) == len(numbers) and all(job.state not in ("waiting", "leased") for job in jobs)

    await eventually(over, seconds=PATIENCE)
    return Counter(job.state for job in await store.jobs_of(targets))


async def each_once(store: Store, *numbers: int) -> None:
    """Every span has one result, and there is no other."""
    results = await store.results_of([target(number) for number in numbers])
    assert Counter(one.target.key for one in results) == dict.fromkeys(
        (target(number).key for number in numbers), 1
    )


async def holder(store: Store, duty: str) -> str:
    """Who has a duty; waited for."""
    found = ""

    async def held() -> bool:
        nonlocal found
        roll = await store.coordination.roll(now_ns=time.time_ns())
        there = {one.id for one in roll.members}
        found = roll.duties.get(duty, "")
        return found in there

    await eventually(held, seconds=PATIENCE)
    return found


async def id_of(served: Served, store: Store) -> str:
    """The name of a process among the others."""
    roll = await store.coordination.roll(now_ns=time.time_ns())
    return next(one.id for one in roll.members if one.pid == served.process.pid)


async def test_a_worker_that_is_killed_is_followed_and_everything_is_judged_once(
    store: Store, env: Mapping[str, str], mock_judge: MockJudge
) -> None:
    mock_judge.always(Behaviour(seconds=0.2))
    async with (
        serving("--role", "receiver", env=env) as receiver,
        serving(env=env, command="worker") as first,
        serving(env=env, command="worker") as second,
    ):
        leader = await holder(store, "windows")
        doomed, heir = (first, second) if await id_of(first, store) == leader else (second, first)
        numbers = range(120)
        for start in range(0, 120, 20):
            assert await send(receiver.address, *numbers[start : start + 20])

        async def under_way() -> bool:
            return (await store.health(now_ns=time.time_ns())).leased > 0

        await eventually(under_way)
        doomed.process.kill()
        await doomed.process.wait()
        killed = asyncio.get_running_loop().time()
        successor = await id_of(heir, store)

        async def taken_over() -> bool:
            roll = await store.coordination.roll(now_ns=time.time_ns())
            return {"windows", "retention", "backfills", "destinations"} <= roll.held(successor)

        await eventually(taken_over, seconds=PATIENCE)
        assert asyncio.get_running_loop().time() - killed < 30
        assert await ended(store, *numbers) == {"done": 120}
        await each_once(store, *numbers)


async def test_three_workers_together_keep_to_a_budget(
    store: Store, env: Mapping[str, str], mock_judge: MockJudge
) -> None:
    limit, each, spans = 60_000, 1_000, 150
    usage = {"prompt_tokens": each - 100, "completion_tokens": 100, "total_tokens": each}
    mock_judge.always(Behaviour(seconds=0.05, usage=usage))
    budget = {"SPANJUDGE_BUDGET_TOKENS_DAY": str(limit)}
    async with (
        serving("--role", "receiver", env=env) as receiver,
        serving(env={**env, **budget}, command="worker") as first,
        serving(env={**env, **budget}, command="worker") as second,
        serving(env={**env, **budget}, command="worker") as third,
    ):
        for start in range(0, spans, 30):
            assert await send(receiver.address, *range(start, start + 30))
        states = await ended(store, *range(spans))
        spent = sum(row.usage.input + row.usage.output for row in await store.usage_since("2000-01-01"))
        # The first calls take more than was expected of them, until the estimate has learnt that.
        assert limit * 0.9 < spent <= limit * 1.05
        assert states["done"] == spent // each
        jobs = await store.jobs_of([target(number) for number in range(spans)])
        refused = [job for job in jobs if job.state == "failed"]
        assert {job.error_code for job in refused} == {"budget_exhausted"}
        judged = [
            one.figures.counts.get("done", 0)
            for one in (await store.coordination.roll(now_ns=time.time_ns())).members
        ]
        assert len(judged) == 4
        for worker in (first, second, third):
            assert "bug" not in worker.log


@contextlib.asynccontextmanager
async def sending(addresses: list[str]) -> AsyncGenerator[list[int]]:
    """Send a span after another, each until it is acknowledged; what was acknowledged."""
    acknowledged: list[int] = []
    over = asyncio.Event()

    async def go_on() -> None:
        number = 0
        while not over.is_set():
            # Whoever does not take it, the next one does.
            if await send(addresses[number % len(addresses)], number):
                acknowledged.append(number)
            number += 1
            await asyncio.sleep(0.02)

    task = asyncio.create_task(go_on())
    try:
        yield acknowledged
    finally:
        over.set()
        await task


async def test_processes_are_exchanged_one_by_one_and_nothing_is_lost(
    store: Store, env: Mapping[str, str]
) -> None:
    async with contextlib.AsyncExitStack() as stack:

        async def start(role: str) -> Served:
            return await stack.enter_async_context(serving("--role", role, env=env))

        receivers, workers = [await start("receiver"), await start("receiver")], [await start("worker")]
        addresses = [one.address for one in receivers]
        async with sending(addresses) as acknowledged:
            for place in (0, 1):
                newer = await start("receiver")
                addresses[place] = newer.address
                assert await receivers[place].end(signal.SIGTERM) == 0
                newer_worker = await start("worker")
                assert await workers[-1].end(signal.SIGTERM) == 0
                workers.append(newer_worker)
            sent = len(acknowledged)

            async def goes_on() -> bool:
                return len(acknowledged) > sent + 20

            await eventually(goes_on)
        assert await ended(store, *acknowledged) == {"done": len(acknowledged)}
        await each_once(store, *acknowledged)
        health = await store.health(now_ns=time.time_ns())
        assert health.spans >= len(acknowledged)
        # Who ended in order has handed its duties over, and is gone.
        roll = await store.coordination.roll(now_ns=time.time_ns())
        assert sorted(one.roles[0] for one in roll.members) == ["receiver", "receiver", "worker"]
        successor = await id_of(workers[-1], store)

        async def taken_over() -> bool:
            roll = await store.coordination.roll(now_ns=time.time_ns())
            return set(roll.duties.values()) == {successor}

        await eventually(taken_over)
