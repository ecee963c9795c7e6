"""The mock judge's server: keeps what it is asked, answers as told."""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Any, Self

import msgspec
from aiohttp import web

from tests.mock_judge import openai
from tests.mock_judge.behaviour import Behaviour, Received, Rule

Wire = Callable[[Received, Behaviour], Any]
"""Makes the body of a good answer of one provider family."""

WIRES: dict[str, Wire] = {
    "/chat/completions": openai.completion,
    "/api/chat": openai.ollama_chat,
    "/models": openai.models,
}
"""By the end of the path."""

Step = Behaviour | Callable[[Received], Behaviour]


class MockJudge:
    """A judge server on a free port of `host`; an async context manager.

    Each request takes the next step of the script (`then`), or the standing one (`always`). `rules` are
    looked at first: what a provider refuses it refuses whatever the script says. `key` is the only API key
    accepted, when set. `abandoned` counts requests whose client went away before the
    answer; `arrived` and `left` are set with the first of each.
    """

    def __init__(
        self,
        *,
        rules: Iterable[Rule] = (),
        key: str | None = None,
        wires: dict[str, Wire] | None = None,
        record: bool = True,
        host: str = "127.0.0.1",
    ) -> None:
        self.requests: list[Received] = []
        self.rules: list[Rule] = list(rules)
        self.key = key
        self.abandoned = 0
        self.in_flight = 0
        self.most_in_flight = 0
        self.arrived = asyncio.Event()
        self.left = asyncio.Event()
        self._wires = WIRES | (wires or {})
        self._record = record
        self._script: deque[Step] = deque()
        self._always: Step = Behaviour()
        self._runner: web.AppRunner | None = None
        self._host = host
        self._port = 0

    @property
    def url(self) -> str:
        """The root, without a trailing slash: every path is answered by the wire its end names."""
        return f"http://{self._host}:{self._port}"

    def then(self, *steps: Step) -> Self:
        """Answer the next requests so, one each."""
        self._script.extend(steps)
        return self

    def always(self, step: Step) -> Self:
        """Answer every request so that has no step of its own."""
        self._always = step
        return self

    async def start(self, port: int = 0) -> None:
        """Listen."""
        app = web.Application(client_max_size=64 * 1024 * 1024)
        app.router.add_route("*", "/{path:.*}", self._answer)
        runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, self._host, port, backlog=2048)
        await site.start()
        self._runner = runner
        self._port = runner.addresses[0][1]

    async def stop(self) -> None:
        """Close every connection."""
        if self._runner is not None:
            await self._runner.cleanup()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        raw = await request.read()
        try:
            body = msgspec.json.decode(raw) if raw else None
        except msgspec.DecodeError:
            body = None
        received = Received(
            method=request.method,
            path=request.path,
            query=dict(request.query),
            headers={name.lower(): value for name, value in request.headers.items()},
            raw=raw,
            body=body,
        )
        if self._record:
            self.requests.append(received)
            self.arrived.set()
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        try:
            return await self._play(request, received)
        except asyncio.CancelledError:
            self.abandoned += 1
            self.left.set()
            raise
        finally:
            self.in_flight -= 1

    async def _play(self, request: web.Request, received: Received) -> web.StreamResponse:
        behaviour = self._refusal(received)
        if behaviour is None:
            step = self._script.popleft() if self._script else self._always
            behaviour = step if isinstance(step, Behaviour) else step(received)
        if behaviour.seconds:
            await asyncio.sleep(behaviour.seconds)
        if behaviour.until is not None:
            await behaviour.until.wait()
        if behaviour.drop:
            _hang_up(request)
            return web.Response()
        body = behaviour.body
        if body is None:
            wire = next((made for end, made in self._wires.items() if received.path.endswith(end)), None)
            if wire is None:
                return web.json_response({"detail": "Not Found"}, status=404)
            body = wire(received, behaviour)
        if isinstance(body, str):
            body = body.encode()
        elif not isinstance(body, bytes):
            body = msgspec.json.encode(body)
        body = behaviour.before + body
        if behaviour.cut:
            return await _cut(request, behaviour, body)
        return web.Response(
            status=behaviour.status,
            body=body,
            headers=dict(behaviour.headers),
            content_type=behaviour.content_type,
        )

    def _refusal(self, received: Received) -> Behaviour | None:
        if self.key is not None:
            given = received.headers.get("authorization", "").removeprefix("Bearer ")
            keys = (given, received.headers.get("x-api-key"), received.headers.get("api-key"))
            if self.key not in keys:
                return openai.key_refused()
        return next((refusal for rule in self.rules if (refusal := rule(received)) is not None), None)


def _hang_up(request: web.Request) -> None:
    if request.transport is not None:
        request.transport.abort()


async def _cut(request: web.Request, behaviour: Behaviour, body: bytes) -> web.StreamResponse:
    response = web.StreamResponse(status=behaviour.status, headers=dict(behaviour.headers))
    response.content_type = behaviour.content_type
    response.content_length = len(body)
    await response.prepare(request)
    await response.write(body[: len(body) // 2])
    if request.transport is not None:
        # Closed, not aborted: what was written has to arrive first.
        request.transport.close()
    return response
