"""Several processes' pipelines on one store: each thing is done once, and what one learns holds for all."""

import asyncio
import contextlib
import time
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from typing import Any

import msgspec
import pytest

from spanjudge.judging.judge import Judge
from spanjudge.judging.models.model import JudgeModelError, JudgeRequest
from spanjudge.judging.models.resilience import ResilientModel
from spanjudge.judging.models.scripted import ScriptedModel, fill
from spanjudge.pipeline.coordination import ROLES, JudgeHold, Role
from spanjudge.pipeline.options import PipelineOptions
from spanjudge.pipeline.pipeline import Pipeline
from spanjudge.pipeline.ports import Store
from spanjudge.store.store import open_store
from tests.pipeline.live import Inbox, chats, eventually, question, target

QUICK = PipelineOptions(poll=0.05, grace=0.2, purge_every=3600.0, beat=0.2, duty_lease=20.0)


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[Store]:
    opened = await open_store(database_url)
    await opened.apply([question("polite")], publish=True, now_ns=time.time_ns())
    yield opened
    await opened.aclose()


class Process:
    """A pipeline with a store, a judge and a destination of its own."""

    def __init__(self, pipeline: Pipeline, store: Store, inbox: Inbox, models: Mapping[str, Any]) -> None:
        self.pipeline = pipeline
        self.store = store
        self.inbox = inbox
        self.models = models


@contextlib.asynccontextmanager
async def process(
    url: str,
    *roles: Role,
    judge: Any = None,
    names: Sequence[str] = ("default",),
    inbox: Inbox | None = None,
    options: PipelineOptions = QUICK,
) -> AsyncGenerator[Process]:
    own = await open_store(url)
    models = {name: ResilientModel(ScriptedModel(judge) if judge else ScriptedModel()) for name in names}
    inbox = inbox or Inbox()
    pipeline = Pipeline(
        own,
        {name: Judge(model) for name, model in models.items()},
        [inbox],
        options,
        roles=roles or ROLES,
    )
    await pipeline.start()
    try:
        yield Process(pipeline, own, inbox, models)
    finally:
        await pipeline.stop(2.0)
        await own.aclose()


async def ended(store: Store, *numbers: int) -> None:
    async def over() -> bool:
        jobs = await store.jobs_of([target(number) for number in numbers])
        return len(jobs) == len(numbers) and all(job.state not in ("waiting", "leased") for job in jobs)

    await eventually(over)


async def test_every_span_is_judged_once_and_every_result_sent_once(store: Store, database_url: str) -> None:
    asked: Counter[str] = Counter()

    async def judge(request: JudgeRequest) -> Any:
        asked[request.subject] += 1
        await asyncio.sleep(0.02)
        return fill(request.schema)

    # So few at a time that one alone cannot have all of them.
    options = msgspec.structs.replace(QUICK, concurrency=4)
    async with (
        process(database_url, "receiver") as receiver,
        process(database_url, "worker", judge=judge, options=options) as first,
        process(database_url, "worker", judge=judge, options=options) as second,
    ):
        numbers = range(200)
        for start in range(0, 200, 20):
            await receiver.pipeline.receive(chats(*numbers[start : start + 20]), ())
        await ended(store, *numbers)

        def counts() -> list[int]:
            return [one.pipeline.health.counts.get("done", 0) for one in (first, second)]

        async def all_told() -> bool:
            return sum(counts()) == 200

        await eventually(all_told)
        assert all(counts())
        assert len(asked) == 200
        assert set(asked.values()) == {1}

        async def all_sent() -> bool:
            return len(first.inbox.results) + len(second.inbox.results) == 200

        await eventually(all_sent)
        # The destination is one process's.
        assert sorted((len(first.inbox.results), len(second.inbox.results))) == [0, 200]
        assert sum(len(batch) for one in (first, second) for batch in one.inbox.batches) == 200


async def test_who_leaves_is_followed_and_who_comes_finds_everything_done(
    store: Store, database_url: str
) -> None:
    async with process(database_url, "worker") as second:
        async with process(database_url, "receiver", "worker") as first:
            roll = await first.pipeline.roll()
            assert roll.held(second.pipeline.owner) == {
                "backfills",
                "destinations",
                "export inbox",
                "retention",
                "windows",
            }
        async with process(database_url, "receiver", "worker") as third:
            await third.pipeline.receive(chats(1, 2), ())
            await second.inbox.got(2)
    assert (await store.coordination.roll(now_ns=time.time_ns())).members == ()


async def test_a_pause_holds_in_all_and_one_of_them_probes(store: Store, database_url: str) -> None:
    refused: list[str] = []
    good = asyncio.Event()

    def judge_of(name: str) -> Any:
        async def judge(request: JudgeRequest) -> Any:
            if good.is_set():
                return fill(request.schema)
            refused.append(name)
            raise JudgeModelError("judge_key_refused", "wrong key")

        return judge

    options = msgspec.structs.replace(QUICK, first_probe=1.5)
    async with (
        process(database_url, "receiver") as receiver,
        process(database_url, "worker", judge=judge_of("a"), options=options) as first,
        process(database_url, "worker", judge=judge_of("b"), options=options) as second,
    ):
        await receiver.pipeline.receive(chats(1), ())

        async def paused() -> bool:
            return all(one.pipeline.health.paused for one in (first, second))

        # The other one knows of it within a second.
        await eventually(paused)
        known = len(refused)
        # What one had not heard of yet it tried, once.
        assert known in (1, 2)
        await receiver.pipeline.receive(chats(*range(2, 30)), ())

        async def probed() -> bool:
            return len(refused) > known

        await eventually(probed)
        (one,) = await store.evaluators()
        assert one.paused_by == "pipeline"
        assert len(refused) == known + 1
        good.set()
        await ended(store, *range(1, 30))
    assert [one.status for one in await store.evaluators()] == ["published"]


async def test_a_judge_model_that_one_process_has_is_known_to_all(store: Store, database_url: str) -> None:
    """As when processes are exchanged one by one after a judge model was added to the settings."""
    async with (
        process(database_url, "worker", names=("default", "new")) as newer,
        process(database_url, "receiver", "worker") as older,
    ):
        await store.apply([question("fresh", judge="new")], publish=True, now_ns=time.time_ns())
        await older.pipeline.refresh()
        await newer.pipeline.refresh()
        await older.pipeline.receive(chats(1), ())

        async def judged() -> bool:
            jobs = await store.jobs_of([target(1)])
            return len(jobs) == 2 and all(job.state == "done" for job in jobs)

        await eventually(judged)
        assert {one.status for one in await store.evaluators()} == {"published"}

    async with process(database_url, "worker"):

        async def paused() -> bool:
            return "paused" in {one.status for one in await store.evaluators()}

        await eventually(paused)


async def test_results_for_a_destination_that_any_process_has_are_kept(
    store: Store, database_url: str
) -> None:
    closed = Inbox("new")
    closed.trouble = lambda _: RuntimeError("away")

    async def waits() -> bool:
        return bool(await store.outgoing("new", now_ns=time.time_ns() + 10**15, limit=1))

    async with process(database_url, inbox=Inbox("old")) as older:
        await older.pipeline.receive(chats(1), ())
        await older.inbox.got(1)
        async with process(database_url, "worker", inbox=closed):
            number = 2

            async def one_judged_by_the_newer() -> bool:
                nonlocal number
                await older.pipeline.receive(chats(number), ())
                await ended(store, number)
                number += 1
                return await waits()

            await eventually(one_judged_by_the_newer)
            await older.pipeline.membership.beat()
            assert older.pipeline.membership.has("destinations")
            assert await waits()
        # Nobody has the destination any more: what waits for it goes.

        async def dropped() -> bool:
            return not await waits()

        await eventually(dropped)


async def test_a_refusal_is_obeyed_by_all_and_limits_are_shared(store: Store, database_url: str) -> None:
    calls: list[float] = []

    async def judge(request: JudgeRequest) -> Any:
        calls.append(asyncio.get_running_loop().time())
        return fill(request.schema)

    async with (
        process(database_url, "receiver", "worker", judge=judge) as first,
        process(database_url, "worker", judge=judge) as second,
    ):
        one, other = first.models["default"].limiter, second.models["default"].limiter

        async def halves() -> bool:
            parts = [limiter.share() for limiter in (one, other)]
            return parts == [0.5, 0.5]

        await eventually(halves)
        await first.pipeline.receive(chats(1), ())
        await ended(store, 1)
        # Of limits that were learnt to be tighter one process tells the others.
        assert one.on_held is not None
        one.on_held(3.0)

        async def held() -> bool:
            return other.held > 1.0

        await eventually(held)
        await store.coordination.hold_judge(
            JudgeHold(judge="default", until_ns=time.time_ns() + 10**10, member="elsewhere")
        )

        async def both_held() -> bool:
            return min(one.held, other.held) > 5.0

        await eventually(both_held)
    assert one.share is None


async def test_what_a_receiver_takes_wakes_workers_at_once_on_postgresql(postgres_url: str) -> None:
    """No poll would find it in time: only what PostgreSQL tells."""
    patient = msgspec.structs.replace(QUICK, poll=3_600.0)
    own = await open_store(postgres_url)
    await own.apply([question("polite")], publish=True, now_ns=time.time_ns())
    async with (
        process(postgres_url, "receiver") as receiver,
        process(postgres_url, "worker", options=patient) as worker,
    ):
        for number in range(5):
            await receiver.pipeline.receive(chats(number), ())
            await ended(own, number)
        await worker.inbox.got(5)
        told = asyncio.Event()
        receiver.pipeline.on_change(told.set)
        await own.pause("polite", reason="lunch", paused_by="user")
        await asyncio.wait_for(told.wait(), 10)

        async def known() -> bool:
            return receiver.pipeline.health.paused == {"polite": "lunch"}

        await eventually(known)
    await own.aclose()
