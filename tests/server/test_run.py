"""From start to end: the port, the signals, and nothing under way lost."""

import asyncio
import contextlib
import os
import signal
import socket
from collections.abc import AsyncGenerator

import pytest

from spanjudge.errors import SettingsError
from spanjudge.judging.models.scripted import ScriptedModel
from spanjudge.server.limits import Receive, Scope, Send
from spanjudge.server.run import listen, new_event_loop, serve
from tests.remote_scorer.test_scorer import Held
from tests.server.running import BODY, running


async def nothing(scope: Scope, receive: Receive, send: Send) -> None:
    """An application that only lives."""
    assert scope["type"] == "lifespan"
    await receive()
    await send({"type": "lifespan.startup.complete"})
    await receive()
    await send({"type": "lifespan.shutdown.complete"})


async def unable(scope: Scope, receive: Receive, send: Send) -> None:
    assert scope["type"] == "lifespan"
    await receive()
    await send({"type": "lifespan.startup.failed", "message": "no"})


async def test_a_port_in_use_is_said_in_plain_words() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(SettingsError, match=f"Port {port} on 127.0.0.1 is in use.*O2_JUDGE_PORT"):
            await serve(nothing, "127.0.0.1", port)


@pytest.mark.parametrize("host", ["no.such.host.invalid", "192.0.2.1"])
def test_a_host_that_is_not_here_is_said_in_plain_words(host: str) -> None:
    with pytest.raises(SettingsError, match=f"O2_JUDGE_HOST={host} is no address of this machine"):
        listen(host, 0)


def test_a_port_out_of_range_is_said_in_plain_words() -> None:
    with pytest.raises(SettingsError, match="O2_JUDGE_PORT=70000"):
        listen("127.0.0.1", 70_000)


@pytest.mark.parametrize("host", ["", "0.0.0.0", "localhost", "127.0.0.1"])  # noqa: S104  # what users set
def test_usual_hosts_are_taken(host: str) -> None:
    with contextlib.closing(listen(host, 0)) as bound:
        assert bound.getsockname()[1] > 0


async def test_an_application_that_cannot_start_stops_the_start(caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(SettingsError, match="did not start"):
        await serve(unable, "127.0.0.1", 0)
    assert "startup failed" in caplog.text


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_ends_it_in_order(number: signal.Signals) -> None:
    ports: list[int] = []
    drained: list[float] = []

    def told(_: str, port: int) -> None:
        ports.append(port)
        os.kill(os.getpid(), number)

    async def drain(patience: float) -> None:
        drained.append(patience)

    await serve(nothing, "127.0.0.1", 0, drain_seconds=5, on_listening=told, drain=drain)
    assert ports[0] > 0
    assert 0 < drained[0] <= 5


async def test_requests_under_way_are_answered_before_the_end() -> None:
    held = Held()
    async with running(ScriptedModel(held)) as server:
        asked = asyncio.create_task(server.send("POST", "/evaluate", BODY))
        await held.asked.wait()
        server.stop.set()
        while not await refused(server.port):  # noqa: ASYNC110  # a closed port tells nobody
            await asyncio.sleep(0)
        held.let.set()
        reply = await asked
    assert (reply.status, reply.code) == (200, "OK")


async def refused(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return True
    writer.close()
    return False


async def test_a_judge_call_nobody_waits_for_is_finished_before_the_end() -> None:
    held = Held()
    model = ScriptedModel(held)
    async with running(model) as server:
        asked = asyncio.create_task(server.send("POST", "/evaluate", BODY))
        await held.asked.wait()
        asked.cancel()
        await asyncio.wait([asked])
        asyncio.get_running_loop().call_later(0.3, held.let.set)
    assert not held.cancelled.is_set()


async def test_the_lifespan_is_entered_and_left() -> None:
    seen: list[str] = []

    @contextlib.asynccontextmanager
    async def lifespan() -> AsyncGenerator[None]:
        seen.append("start")
        yield
        seen.append("end")

    async with running(lifespan=lifespan):
        assert seen == ["start"]
    assert seen == ["start", "end"]


async def test_a_lifespan_that_fails_stops_the_start() -> None:
    @contextlib.asynccontextmanager
    async def lifespan() -> AsyncGenerator[None]:
        raise RuntimeError
        yield

    with pytest.raises(SettingsError):
        async with running(lifespan=lifespan):
            pass


def test_the_event_loop_is_the_fast_one() -> None:
    loop = new_event_loop()
    assert type(loop).__module__.startswith("uvloop")
    loop.close()
