"""A network that swallows packets: hosts that lose the database for a while, and do not know it."""

import asyncio
import contextlib
import random
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from spanjudge.store.store import open_store
from tests.cli.process import TOKEN, environment, judge_at, serving
from tests.exporters.otlp_receiver import HttpReceiver
from tests.mock_judge import Behaviour, MockJudge
from tests.pipeline.live import question
from tests.postgres.server import PostgresServer
from tests.processes.load import load, nothing_is_under_way, nothing_lost_and_nothing_twice
from tests.processes.network import Host

ROUNDS = 20
LONG, LONG_SECONDS = 7, 36.0
"""The round in which a worker is away for longer than it leases jobs, and how long."""
NOTICED = "connect_timeout=2&tcp_user_timeout=3000&keepalives_idle=1&keepalives_interval=1"
"""A dead connection is noticed within seconds."""


@pytest.fixture
def hosts() -> Iterator[tuple[Host, Host]]:
    with Host(0) as first, Host(1) as second:
        yield first, second


@pytest.mark.timeout(600)
async def test_hosts_that_lose_the_database_for_a_while(hosts: tuple[Host, Host], tmp_path: Path) -> None:
    """A receiver and a worker are on hosts of their own, another of each beside the database."""
    chance = random.Random(7)  # noqa: S311  # moments, no secrets
    one, two = hosts
    async with contextlib.AsyncExitStack() as stack:
        server = stack.enter_context(PostgresServer(addresses=f"{one.database},{two.database}"))
        server.admin("CREATE DATABASE spans")
        url = server.url("spans")
        store = await open_store(url)
        stack.push_async_callback(store.aclose)
        await store.apply([question("polite")], publish=True, now_ns=time.time_ns())
        near = await stack.enter_async_context(MockJudge(record=False))
        far = await stack.enter_async_context(MockJudge(record=False, host=two.here))
        backend = await stack.enter_async_context(HttpReceiver(host=two.here))
        for judge in (near, far):
            judge.always(Behaviour(seconds=0.05))

        def env(judge: MockJudge, database: str, exports: str) -> dict[str, str]:
            own = {
                "O2_JUDGE_AUTH_TOKEN": TOKEN,
                "SPANJUDGE_DATABASE_URL": f"{database}{'&' if '?' in database else '?'}{NOTICED}",
                "SPANJUDGE_EXPORT_OTLP_ENDPOINT": exports,
                "SPANJUDGE_BUDGET_TOKENS_MONTH": "0",
            }
            return environment(tmp_path, own | judge_at(judge.url))

        receivers = [
            await stack.enter_async_context(
                serving("--role", "receiver", env=env(near, url, backend.url))
            ),
            await stack.enter_async_context(
                serving(
                    "--role", "receiver",
                    env=env(near, server.tcp_url("spans", at=one.database), backend.url),
                    host=one.name, address=one.there,
                )
            ),
        ]  # fmt: skip
        await stack.enter_async_context(serving("--role", "worker", env=env(near, url, backend.url)))
        away = await stack.enter_async_context(
            serving(
                "--role",
                "worker",
                env=env(far, server.tcp_url("spans", at=two.database), backend.url),
                host=two.name,
            )
        )
        async with load(lambda: [receiver.address for receiver in receivers]) as acknowledged:
            for number in range(ROUNDS):
                await asyncio.sleep(0.2 + chance.random() / 2)
                if number == LONG:
                    with two.cut_off():
                        await asyncio.sleep(LONG_SECONDS)
                else:
                    with (one, two)[number % 2].cut_off():
                        await asyncio.sleep(chance.random() * 2)
        assert len(acknowledged) > ROUNDS * 10
        assert away.process.returncode is None
        await nothing_is_under_way(store)
        await nothing_lost_and_nothing_twice(store, url, acknowledged, backend)
