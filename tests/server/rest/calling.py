"""Requests to a whole server as browsers, exporters and mistaken clients send them."""

import io
import json
from collections.abc import Mapping
from typing import Any

import aiohttp

from tests.server.running import TOKEN

BEARER = {"Authorization": f"Bearer {TOKEN}"}
CSRF = {"X-Spanjudge-CSRF": "1"}


class Reply:
    """A response, read to its end."""

    def __init__(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        self.status = status
        self.headers = headers
        self.body = body

    @property
    def fields(self) -> Any:
        return json.loads(self.body)

    @property
    def cookie(self) -> str:
        """Name and value of the cookie that was set."""
        return self.headers["Set-Cookie"].partition(";")[0]


async def ask(
    address: str,
    method: str,
    path: str,
    body: object = None,
    headers: Mapping[str, str] | None = None,
) -> Reply:
    """One request on a connection of its own, without cookies or tokens but those of `headers`.

    A body that is no bytes is sent as JSON.
    """
    text = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
    data = None if text is None else io.BytesIO(text)
    said = {} if body is None else {"Content-Type": "application/json"}
    given = {"Accept-Encoding": "identity", **said, **(headers or {})}
    jar = aiohttp.DummyCookieJar()
    async with (
        aiohttp.ClientSession(auto_decompress=False, cookie_jar=jar) as session,
        session.request(method, address + path, data=data, headers=given, allow_redirects=False) as response,
    ):
        return Reply(response.status, response.headers, await response.read())
