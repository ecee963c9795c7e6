"""The server as it runs: uvicorn on a free port of loopback, with a judge that is told what to say."""

import asyncio
import contextlib
import io
import json
from collections.abc import AsyncGenerator, Callable, Mapping
from typing import Any

import aiohttp

from spanjudge.evaluators.evaluator import Evaluator
from spanjudge.evaluators.gallery import scorers
from spanjudge.judging.judge import Judge
from spanjudge.judging.models.model import JudgeModel
from spanjudge.judging.models.scripted import ScriptedModel
from spanjudge.remote_scorer.scorer import RemoteScorer
from spanjudge.server.api import build
from spanjudge.server.auth import Tokens
from spanjudge.server.health import ServerInfo
from spanjudge.server.limits import App, Limits
from spanjudge.server.run import serve

TOKEN = "correct horse battery staple"
BODY = {"scorer_name": "toxicity", "input": "Say hello.", "output": "Hello to you."}
BEARER = {"Authorization": f"Bearer {TOKEN}"}
INFO = ServerInfo(version="9.9.9", provider="scripted", model="scripted-1")


class Reply:
    """A response, read to its end."""

    def __init__(self, status: int, headers: Mapping[str, str], text: str) -> None:
        self.status = status
        self.headers = headers
        self.text = text

    @property
    def fields(self) -> dict[str, Any]:
        return json.loads(self.text)

    @property
    def code(self) -> str:
        return self.fields["code"]


class Running:
    """A server that runs, and what it runs with."""

    def __init__(self, port: int, scorer: RemoteScorer, tokens: Tokens, stop: asyncio.Event) -> None:
        self.port = port
        self.scorer = scorer
        self.tokens = tokens
        self.stop = stop
        self.url = f"http://127.0.0.1:{port}"

    async def send(
        self, method: str, path: str, body: object = None, headers: Mapping[str, str] | None = None
    ) -> Reply:
        """One request on a new connection; a body that is no bytes is sent as JSON."""
        raw = body is None or isinstance(body, bytes | io.IOBase)
        data: Any = body if raw else json.dumps(body).encode()
        given = {
            "Content-Type": "application/json",
            "Accept-Encoding": "identity",
            **(BEARER if headers is None else headers),
        }
        async with (
            aiohttp.ClientSession(auto_decompress=False) as session,
            session.request(method, self.url + path, data=data, headers=given) as response,
        ):
            return Reply(response.status, dict(response.headers), await response.text())

    async def raw(self, *pieces: bytes, end: bool = False) -> bytes:
        """Bytes on a new connection, and all that comes back until the server closes it."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            for piece in pieces:
                writer.write(piece)
                await writer.drain()
            if end:
                writer.write_eof()
            return await reader.read()
        finally:
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()


def app_with(
    scorer: RemoteScorer,
    tokens: Tokens | None = None,
    limits: Limits | None = None,
    ready: Callable[[], str | None] = lambda: None,
    **more: Any,
) -> App:
    return build(scorer, tokens or Tokens([TOKEN]), INFO, limits or Limits(), ready, **more)


@contextlib.asynccontextmanager
async def running(  # one keyword for each thing a test may want otherwise
    model: JudgeModel | None = None,
    *,
    evaluators: Mapping[str, Evaluator] | None = None,
    limits: Limits | None = None,
    ready: Callable[[], str | None] = lambda: None,
    scorer: Mapping[str, Any] | None = None,
    drain_seconds: float = 5.0,
    **more: Any,
) -> AsyncGenerator[Running]:
    """A server for the length of a block; stopped in order at its end."""
    door = RemoteScorer(
        {"default": Judge(model or ScriptedModel())},
        evaluators or scorers(),
        timeout=30.0,
        **(scorer or {}),
    )
    tokens = Tokens([TOKEN])
    stop = asyncio.Event()
    listening: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    serving = asyncio.create_task(
        serve(
            app_with(door, tokens, limits, ready, **more),
            "127.0.0.1",
            0,
            limits=limits,
            drain_seconds=drain_seconds,
            on_listening=lambda _, port: listening.set_result(port),
            drain=door.aclose,
            stop=stop,
        )
    )
    try:
        await asyncio.wait([serving, listening], return_when=asyncio.FIRST_COMPLETED)
        if serving.done():
            await serving
        yield Running(listening.result(), door, tokens, stop)
    finally:
        stop.set()
        await serving
