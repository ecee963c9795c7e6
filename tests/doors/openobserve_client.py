"""A double of the client that OpenObserve sends remote scorer requests with, true to its faults.

It renders the template with its two escaping faults, sends on a new connection for each attempt, does not
look at the HTTP status, and retries what is no JSON, what does not arrive, and nothing else.
"""

import asyncio
import base64
import io
import json
import random
from collections.abc import Mapping
from typing import Any, Literal

import aiohttp
import msgspec

KEPT_BYTES = 4_096


class Auth(msgspec.Struct, frozen=True, kw_only=True):
    kind: Literal["none", "bearer", "basic", "api_key"] = "none"
    token: str = ""
    username: str = ""
    header: str = "X-API-Key"

    def headers(self) -> dict[str, str]:
        match self.kind:
            case "bearer":
                return {"Authorization": f"Bearer {self.token}"}
            case "basic":
                pair = base64.b64encode(f"{self.username}:{self.token}".encode()).decode()
                return {"Authorization": f"Basic {pair}"}
            case "api_key":
                return {self.header: self.token}
            case "none":
                return {}


class Score(msgspec.Struct, frozen=True, kw_only=True):
    """What OpenObserve stores."""

    value: Any
    reason: str | None
    metadata: dict[str, Any] | None
    raw: str
    attempts: int

    @property
    def kind(self) -> str:
        match self.value:
            case bool():
                return "boolean"
            case int() | float():
                return "numeric"
            case str():
                return "categorical"
            case _:
                return "text"


class RemoteScorerError(Exception):
    """What OpenObserve shows instead of a score."""

    def __init__(self, message: str, attempts: int) -> None:
        super().__init__(message)
        self.attempts = attempts


class OpenObserveClient(msgspec.Struct, frozen=True, kw_only=True):
    endpoint: str
    template: str
    auth: Auth = Auth()
    method: str = "POST"
    content_type: str = "application/json"
    timeout: float = 30.0
    max_retries: int = 3
    backoff: float = 0.2

    async def score(self, variables: Mapping[str, Any]) -> Score:
        body = render(self.template, variables)
        last: Exception | None = None
        for attempt in range(self.max_retries + 1):
            if attempt:
                base = self.backoff * 2 ** min(attempt - 1, 4)
                await asyncio.sleep(base + random.uniform(0, base / 2))  # noqa: S311  # jitter
            try:
                answer, raw = await self._send(body)
            except (aiohttp.ClientError, TimeoutError, ValueError) as error:
                last = error
                continue
            return _parsed(answer, raw, attempt + 1)
        raise RemoteScorerError(f"remote scorer request failed: {last}", self.max_retries + 1)

    async def _send(self, body: str) -> tuple[Any, str]:
        headers = {**self.auth.headers(), "Content-Type": self.content_type}
        timeout = aiohttp.ClientTimeout(total=self.timeout)
        async with (
            aiohttp.ClientSession(timeout=timeout) as session,
            session.request(
                self.method, self.endpoint, data=io.BytesIO(body.encode()), headers=headers
            ) as response,
        ):
            raw = await response.text()
        return json.loads(raw), raw


def _parsed(answer: Any, raw: str, attempts: int) -> Score:
    if not isinstance(answer, dict):
        raise RemoteScorerError("Remote scorer response must be a JSON object", attempts)
    rest: dict[str, Any] = dict(answer)  # pyright: ignore[reportUnknownArgumentType]  # any JSON
    code = rest.pop("code", None)
    if not isinstance(code, str):
        raise RemoteScorerError("Remote scorer response missing string field 'code'", attempts)
    reason = rest.pop("reason", None)
    reason = reason if isinstance(reason, str) else None
    if code != "OK":
        raise RemoteScorerError(
            f"Remote scorer returned code '{code}': {reason or 'no reason provided'}", attempts
        )
    if "value" not in rest:
        raise RemoteScorerError("Remote scorer response missing field 'value' for code OK", attempts)
    value = rest.pop("value")
    return Score(value=value, reason=reason, metadata=rest or None, raw=raw[:KEPT_BYTES], attempts=attempts)


def render(template: str, variables: Mapping[str, Any]) -> str:
    """Fill the template from left to right, looking at what was filled in before."""
    rendered, start = template, 0
    while (opened := rendered.find("{{", start)) >= 0 and (closed := rendered.find("}}", opened)) >= 0:
        value = lookup(variables, rendered[opened + 2 : closed].strip())
        if inside_string(rendered[:opened]):
            value = json.dumps(value, ensure_ascii=False).strip('"')
        rendered = rendered[:opened] + value + rendered[closed + 2 :]
        start = opened + len(value)
    return rendered


def lookup(variables: Mapping[str, Any], path: str) -> str:
    """The variable as text; its own path when there is none."""
    value: Any = variables
    for step in path.split("."):
        value = value.get(step) if isinstance(value, Mapping) else None  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]  # any JSON
    if value is None:
        return path
    return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def inside_string(text: str) -> bool:
    inside = escaped = False
    for character in text:
        if escaped:
            escaped = False
        elif character == "\\":
            escaped = True
        elif character == '"':
            inside = not inside
    return inside
