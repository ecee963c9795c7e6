"""A real server with its page, the mock judge behind it, and ways to fill it."""

import asyncio
import json
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp

from tests.mock_judge import MockJudge
from tests.server.rest.trying import trying

TOKEN = "token-of-the-page-0123456789"
CAPTURES = Path(__file__).parent.parent / "data" / "otlp"
PATIENCE = 60


class Site:
    """What a test of a page works with. `judge` is the mock judge: tell it how to answer."""

    def __init__(self, address: str, judge: MockJudge, session: aiohttp.ClientSession) -> None:
        self.address = address
        self.judge = judge
        self._session = session

    async def api(self, method: str, path: str, body: object = None) -> Any:
        """One request to the REST API with the token; its JSON. A problem fails the test."""
        async with self._session.request(method, f"{self.address}/api/v1{path}", json=body) as response:
            text = await response.text()
            assert response.status < 400, f"{method} {path}: {response.status} {text}"
            return json.loads(text) if text else None

    async def send(self, body: Mapping[str, Any] | bytes, *, logs: bool = False) -> None:
        """Spans, or log records, in OTLP JSON."""
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        path = "/v1/logs" if logs else "/v1/traces"
        headers = {"Content-Type": "application/json"}
        async with self._session.post(self.address + path, data=data, headers=headers) as response:
            assert response.status == 200, await response.text()

    async def send_captures(self, *folders: str) -> None:
        """Everything that was captured from these instrumentations; without names, from all of them."""
        for folder in folders or sorted(one.name for one in CAPTURES.iterdir() if one.is_dir()):
            for file in sorted((CAPTURES / folder).glob("*.json")):
                if "expected" not in file.name:
                    await self.send(file.read_bytes(), logs=".logs." in file.name)

    async def publish(self, definition: Mapping[str, Any]) -> None:
        """A new evaluator that judges what comes from now on."""
        await self.api("POST", "/evaluators", {"definition": definition, "publish": True})

    async def until(self, holds: Callable[[], Awaitable[bool]]) -> None:
        """Wait until something holds, asked again whenever the server tells of a change."""
        async with (
            asyncio.timeout(PATIENCE),
            self._session.get(f"{self.address}/api/v1/events") as events,
        ):
            while not await holds():
                assert await events.content.readline(), "the server ended"

    async def judged(self, count: int) -> list[Any]:
        """Results, as soon as there are so many."""
        found: list[Any] = []

        async def enough() -> bool:
            found[:] = (await self.api("GET", "/results?limit=200"))["items"]
            return len(found) >= count

        await self.until(enough)
        return found


@asynccontextmanager
async def open_site(folder: Path) -> AsyncGenerator[Site]:
    """A server of the test's own, with its data in this folder; in this process, where it starts at once."""
    headers = {"Authorization": f"Bearer {TOKEN}"}
    async with (
        MockJudge() as judge,
        trying(folder, judge, {"O2_JUDGE_AUTH_TOKEN": TOKEN, "SPANJUDGE_WORKER_ATTEMPTS": "1"}) as server,
        aiohttp.ClientSession(headers=headers) as session,
    ):
        yield Site(server.url.removesuffix("/api/v1"), judge, session)


def span(
    number: int = 1,
    *,
    service: str = "shop",
    input: str = "Where is my parcel?",  # noqa: A002  the word of the field
    output: str = "It arrives on Monday.",
    start_s: float,
    attributes: Mapping[str, Any] | None = None,
    name: str = "chat gpt-4o",
) -> dict[str, Any]:
    """A request with one model call, as current instrumentations send it; `number` makes its ids."""
    said: dict[str, Any] = {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "gpt-4o",
        "gen_ai.usage.input_tokens": 12,
        "gen_ai.usage.output_tokens": 8,
        "gen_ai.input.messages": json.dumps(
            [{"role": "user", "parts": [{"type": "text", "content": input}]}], ensure_ascii=False
        ),
        "gen_ai.output.messages": json.dumps(
            [
                {
                    "role": "assistant",
                    "parts": [{"type": "text", "content": output}],
                    "finish_reason": "stop",
                }
            ],
            ensure_ascii=False,
        ),
        **(attributes or {}),
    }
    start = int(start_s * 1e9)
    one = {
        "traceId": f"{number:032x}",
        "spanId": f"{number:016x}",
        "name": name,
        "kind": 3,
        "startTimeUnixNano": str(start),
        "endTimeUnixNano": str(start + 1_200_000_000),
        "attributes": [{"key": key, "value": _value(value)} for key, value in said.items()],
    }
    resource = {"attributes": [{"key": "service.name", "value": {"stringValue": service}}]}
    return {"resourceSpans": [{"resource": resource, "scopeSpans": [{"scope": {}, "spans": [one]}]}]}


def _value(value: object) -> dict[str, Any]:
    if isinstance(value, bool):
        return {"boolValue": value}
    if isinstance(value, int):
        return {"intValue": str(value)}
    return {"doubleValue": value} if isinstance(value, float) else {"stringValue": str(value)}
