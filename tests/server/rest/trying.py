"""A whole server in this process: store, pipeline, a judge over HTTP, and the REST API in front."""

import asyncio
import contextlib
import io
import json
from collections.abc import AsyncGenerator, Mapping, Sequence
from pathlib import Path
from typing import Any

import aiohttp

from spanjudge import settings
from spanjudge.app import App, open_app
from spanjudge.evaluators.evaluator import Evaluator
from spanjudge.server.run import serve
from spanjudge.spans.otlp import ReceivedLog, ReceivedSpan
from spanjudge.telemetry.evaluated import Target
from tests.mock_judge import MockJudge
from tests.pipeline.live import eventually
from tests.server.running import TOKEN, Reply

BEARER = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}


class Trying:
    """The server and its address."""

    def __init__(self, app: App, port: int, judge: MockJudge) -> None:
        self.app = app
        self.judge = judge
        self.url = f"http://127.0.0.1:{port}/api/v1"

    async def send(self, method: str, path: str, body: object = None, **query: Any) -> Reply:
        """One request with the token of the settings."""
        data = None if body is None else io.BytesIO(json.dumps(body).encode())
        async with (
            aiohttp.ClientSession() as session,
            session.request(method, self.url + path, data=data, params=query, headers=BEARER) as response,
        ):
            return Reply(response.status, dict(response.headers), await response.text())

    async def post(self, path: str, body: object) -> dict[str, Any]:
        """What comes back of a request that must be answered well."""
        reply = await self.send("POST", path, body)
        assert reply.status < 300, reply.text
        return reply.fields

    async def get(self, path: str, **query: Any) -> dict[str, Any]:
        """As `post`."""
        reply = await self.send("GET", path, None, **query)
        assert reply.status == 200, reply.text
        return reply.fields

    async def receive(self, spans: Sequence[ReceivedSpan], logs: Sequence[ReceivedLog] = ()) -> None:
        """As an exporter would send them."""
        await self.app.pipeline.receive(spans, logs)

    async def publish(self, *evaluators: Evaluator) -> None:
        """Use these from now on."""
        await self.app.store.apply(evaluators, publish=True, now_ns=self.app.now())
        await self.app.pipeline.refresh()

    async def ended(self, *targets: Target) -> None:
        """Wait until nothing waits for these targets, and something was judged or left out."""

        async def over() -> bool:
            jobs = await self.app.store.jobs_of(targets)
            return bool(jobs) and all(job.state not in ("waiting", "leased") for job in jobs)

        await eventually(over)


@contextlib.asynccontextmanager
async def trying(
    folder: Path, judge: MockJudge, changes: Mapping[str, str] | None = None
) -> AsyncGenerator[Trying]:
    """A server for the length of a block."""
    environ = {
        "O2_JUDGE_PROVIDER": "openai",
        "O2_JUDGE_MODEL": "gpt-4o-mini",
        "O2_JUDGE_API_KEY": "sk-of-a-test",
        "O2_JUDGE_URL": f"{judge.url}/v1",
        "O2_JUDGE_AUTH_TOKEN": TOKEN,
        "SPANJUDGE_DATA_DIR": str(folder),
        "SPANJUDGE_CONTENT_GRACE_SECONDS": "0.2",
        **(changes or {}),
    }
    app = await open_app(settings.load(environ))
    stop = asyncio.Event()
    listening: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    serving: asyncio.Task[None] | None = None
    try:
        await app.pipeline.start()
        serving = asyncio.create_task(
            serve(
                app.asgi,
                "127.0.0.1",
                0,
                drain_seconds=2.0,
                on_listening=lambda _, port: listening.set_result(port),
                stop=stop,
                ending=app.ending,
            )
        )
        await asyncio.wait([serving, listening], return_when=asyncio.FIRST_COMPLETED)
        yield Trying(app, listening.result(), judge)
    finally:
        stop.set()
        if serving is not None:
            await serving
        if app.scorer is not None:
            await app.scorer.aclose(1.0)
        await app.pipeline.stop(2.0)
        await app.aclose()
