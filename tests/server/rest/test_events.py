"""Server-sent events: on the wire, and what is told when."""

import asyncio
import contextlib
import json
import signal
from collections.abc import AsyncGenerator, AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from spanjudge.pipeline.ports import StoreError
from spanjudge.pipeline.queries import Counters
from spanjudge.server.rest.numbers.watch import Moved, Watch
from tests.cli.process import environment, judge_at, serving
from tests.contracts.stored import evaluator
from tests.mock_judge import MockJudge
from tests.pipeline.live import eventually
from tests.pipeline.sent import chat
from tests.server.rest.trying import BEARER, Trying, trying

PATIENCE = 20.0


class Listener:
    """What a browser reads of the stream."""

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self.response = response

    async def block(self) -> dict[str, str]:
        """The next block, by field; a comment's field is empty."""
        found: dict[str, str] = {}
        async with asyncio.timeout(PATIENCE):
            while line := (await self.response.content.readline()).decode().rstrip("\n"):
                name, _, text = line.partition(":")
                found[name] = text.strip()
        return found

    async def change(self) -> dict[str, Any]:
        """The next change."""
        while True:
            block = await self.block()
            if block.get("event") == "change":
                return json.loads(block["data"])


@contextlib.asynccontextmanager
async def listening(url: str, headers: dict[str, str] | None = None) -> AsyncGenerator[Listener]:
    """A listener that has been let in."""
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"{url}/events", headers=headers or BEARER) as response,
    ):
        assert response.status == 200, await response.text()
        assert response.content_type == "text/event-stream"
        listener = Listener(response)
        assert await listener.block() == {"retry": "3000"}
        yield listener


@pytest.fixture
async def site(tmp_path: Path, mock_judge: MockJudge) -> AsyncIterator[Trying]:
    async with trying(tmp_path, mock_judge) as running:
        yield running


async def test_what_is_stored_is_told_to_everybody_who_listens(site: Trying) -> None:
    async with listening(site.url) as one, listening(site.url) as other:
        await site.receive([chat()])
        first, second = await one.change(), await other.change()
        assert (first["spans"], first["results"]) == (second["spans"], 0) == (1, 0)
        await site.app.store.apply([evaluator()], publish=False, now_ns=1)
        again = await one.change()
        assert again["evaluators"] > first["evaluators"]
        assert again["at"].endswith("Z")


async def test_what_was_missed_is_told_to_who_comes_again(site: Trying) -> None:
    await site.receive([chat()])
    async with listening(site.url, {**BEARER, "Last-Event-ID": "0-0-0"}) as listener:
        missed = await listener.block()
        assert json.loads(missed["data"])["spans"] == 1
    async with listening(site.url, {**BEARER, "Last-Event-ID": missed["id"]}) as listener:
        await site.receive([chat()])
        assert (await listener.change())["spans"] == 2


async def test_a_token_is_needed(site: Trying) -> None:
    async with aiohttp.ClientSession() as session, session.get(f"{site.url}/events") as response:
        assert response.status == 401


async def test_the_end_of_the_server_does_not_wait_for_listeners(
    tmp_path: Path, mock_judge: MockJudge
) -> None:
    token = BEARER["Authorization"].removeprefix("Bearer ")
    env = environment(tmp_path, judge_at(mock_judge.url) | {"O2_JUDGE_AUTH_TOKEN": token})
    async with serving(env=env) as served, listening(f"{served.address}/api/v1") as listener:
        # A request that is not over is given 30 seconds: with an open stream it would end by force.
        code = await asyncio.wait_for(served.end(signal.SIGTERM), PATIENCE)
        assert code == 0
        assert await listener.response.content.read() == b""


class Told:
    """Counters as a test sets them."""

    def __init__(self) -> None:
        self.spans = 0
        self.looks = 0
        self.fails = False

    async def counters(self) -> Counters:
        self.looks += 1
        if self.fails:
            raise StoreError("locked")
        return Counters(spans=self.spans, results=0, evaluators=0)


def watch_of(told: Told, ending: asyncio.Event | None = None, **options: Any) -> Watch:
    times: dict[str, Any] = {"every": 0.01, "heartbeat": 10.0, **options}
    return Watch(told, lambda: 7, ending or asyncio.Event(), **times)  # pyright: ignore[reportArgumentType]  # all of it that is used


async def following(watch: Watch, seen: list[Moved | None]) -> None:
    async for moved in watch.listen((await watch.look()).counters):
        seen.append(moved)  # noqa: PERF401  # a test looks at it while it grows


async def test_nobody_looks_while_nobody_listens() -> None:
    told = Told()
    watch = watch_of(told)
    seen: list[Moved | None] = []
    first, second = (asyncio.create_task(following(watch, seen)) for _ in range(2))
    await eventually(_so(lambda: told.looks > 4))
    assert (watch.listeners, seen) == (2, [])
    told.spans = 1
    await eventually(_so(lambda: len(seen) == 2))
    for task in (first, second):
        task.cancel()
    await asyncio.gather(first, second, return_exceptions=True)
    assert watch.listeners == 0
    looks = told.looks
    await asyncio.sleep(0.05)  # five looks' time: nothing else tells that none comes
    assert told.looks <= looks + 1


async def test_signs_of_life_the_end_of_a_stream_and_the_end_of_the_server() -> None:
    told, ending = Told(), asyncio.Event()
    watch = watch_of(told, ending, heartbeat=0.01)
    seen: list[Moved | None] = []
    task = asyncio.create_task(following(watch, seen))
    await eventually(_so(lambda: len(seen) > 1))
    assert set(seen) == {None}
    ending.set()
    await asyncio.wait_for(task, PATIENCE)
    short = watch_of(told, heartbeat=0.01, longest=0.05)
    await asyncio.wait_for(following(short, []), PATIENCE)
    assert short.listeners == 0


async def test_a_store_that_cannot_be_asked_ends_no_stream(caplog: pytest.LogCaptureFixture) -> None:
    told = Told()
    watch = watch_of(told)
    seen: list[Moved | None] = []
    task = asyncio.create_task(following(watch, seen))
    await eventually(_so(lambda: watch.listeners == 1))
    told.fails = True
    looks = told.looks
    await eventually(_so(lambda: told.looks > looks + 3))
    told.fails, told.spans = False, 5
    await eventually(_so(lambda: bool(seen)))
    assert seen[-1] is not None
    assert seen[-1].counters.spans == 5
    assert caplog.text.count("changes cannot be looked for now") == 1
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_there_is_room_for_so_many() -> None:
    watch = watch_of(Told(), most=1)
    assert not watch.full
    task = asyncio.create_task(following(watch, []))
    await eventually(_so(lambda: watch.full))
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert not watch.full


def _so(holds: Any) -> Any:
    async def asked() -> bool:
        return bool(holds())

    return asked
