"""Receivers, workers and PostgreSQL itself are killed, and connections cut, again and again under load."""

import asyncio
import contextlib
import random
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from spanjudge.store.store import open_store
from tests.cli.process import TOKEN, Served, environment, judge_at, serving
from tests.exporters.otlp_receiver import HttpReceiver
from tests.mock_judge import Behaviour, MockJudge
from tests.pipeline.live import question
from tests.postgres.server import PostgresServer, administer
from tests.processes.load import load, nothing_is_under_way, nothing_lost_and_nothing_twice

ROUNDS = 20
TERMINATE = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
)


class Processes:
    """Two receivers and two workers; who is killed is followed by another."""

    def __init__(self, env: dict[str, str], stack: contextlib.AsyncExitStack) -> None:
        self._env = env
        self._stack = stack
        self.of: dict[str, list[Served]] = {"receiver": [], "worker": []}

    @property
    def addresses(self) -> list[str]:
        return [one.address for one in self.of["receiver"]]

    async def start(self, role: str) -> None:
        self.of[role].append(await self._stack.enter_async_context(serving("--role", role, env=self._env)))

    async def kill(self, role: str, place: int) -> None:
        """`kill -9`, and a new one."""
        doomed = self.of[role].pop(place)
        doomed.process.kill()
        await doomed.process.wait()
        await self.start(role)


@pytest.mark.timeout(600)
async def test_whatever_is_killed_nothing_is_lost_and_nothing_judged_twice(
    own_server: PostgresServer, tmp_path: Path
) -> None:
    chance = random.Random(6)  # noqa: S311  # moments, no secrets
    own_server.admin("CREATE DATABASE spans")
    url = own_server.url("spans")
    store = await open_store(url)
    await store.apply([question("polite")], publish=True, now_ns=time.time_ns())

    async def restart() -> None:
        await asyncio.to_thread(own_server.kill)
        await asyncio.sleep(chance.random())
        await asyncio.to_thread(own_server.start)

    async with contextlib.AsyncExitStack() as stack:
        judge = await stack.enter_async_context(MockJudge(record=False))
        judge.always(Behaviour(seconds=0.05))
        backend = await stack.enter_async_context(HttpReceiver())
        own = {
            "O2_JUDGE_AUTH_TOKEN": TOKEN,
            "SPANJUDGE_DATABASE_URL": url,
            "SPANJUDGE_EXPORT_OTLP_ENDPOINT": backend.url,
            "SPANJUDGE_BUDGET_TOKENS_MONTH": "0",
        }
        processes = Processes(environment(tmp_path, own | judge_at(judge.url)), stack)
        for role in ("receiver", "worker", "receiver", "worker"):
            await processes.start(role)
        faults: list[Callable[[], Awaitable[object]]] = [
            lambda: processes.kill("receiver", chance.randrange(2)),
            lambda: processes.kill("worker", chance.randrange(2)),
            restart,
            lambda: asyncio.to_thread(administer, url, TERMINATE),
        ]
        async with load(lambda: processes.addresses) as acknowledged:
            for number in range(ROUNDS):
                await asyncio.sleep(0.2 + chance.random())
                await faults[number % len(faults)]()
        assert len(acknowledged) > ROUNDS * 10
        await nothing_is_under_way(store)
        await nothing_lost_and_nothing_twice(store, url, acknowledged, backend)
    await store.aclose()
