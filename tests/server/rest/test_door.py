"""What comes before any route: bodies that cannot be read, too much of them, and who is told what."""

import asyncio
import gzip
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from spanjudge.server.limits import Limits, Message
from spanjudge.server.rest.access.door import RestDoor
from tests.mock_judge import MockJudge
from tests.server.rest.calling import BEARER, ask
from tests.server.rest.trying import Trying, trying

PROBLEM = "application/problem+json"


@pytest.fixture
async def server(tmp_path: Path, mock_judge: MockJudge) -> AsyncIterator[Trying]:
    async with trying(tmp_path, mock_judge) as server:
        yield server


BAD: dict[str, tuple[bytes, int, str]] = {
    "no JSON": (b"{name: 1}", 400, "line 1"),
    "cut off": (b'{"name": "x"', 400, "not JSON"),
    "no UTF-8": (b'{"name": "\xff\xfe"}', 400, "UTF-8"),
    "not a number": (b'{"expires_days": NaN}', 400, "NaN"),
    "a huge number": (b'{"expires_days": ' + b"9" * 5_000 + b"}", 400, "not JSON"),
    "deep": (b"[" * 100_000 + b"]" * 100_000, 400, "deeper"),
    "less deep": (b'{"name": ' + b"[" * 200 + b"]" * 200 + b"}", 400, "deeper"),
    "NUL": (b'{"name": "a\\u0000b"}', 422, "name holds a NUL"),
    "NUL in a key": (b'{"a\\u0000": 1}', 422, "NUL"),
    "half a character": (b'{"name": "a\\ud800b"}', 422, "lone surrogate"),
    "a list": (b"[1, 2]", 422, "must be an object"),
    "a text": (b'"name"', 422, "must be an object"),
    "null": (b"null", 422, "The body"),
    "nothing": (b"", 422, "required"),
    "unknown field": (b'{"scope": "read"}', 422, "scope there is no such field"),
    "wrong type": (b'{"name": 3}', 422, "name must be a text"),
    "ten megabytes": (b'{"name": "' + b"x" * 10_000_000 + b'"}', 422, "longer than 100 characters"),
    "too many": (b'{"name": "' + b"x" * 12_100_000 + b'"}', 413, "12,000,000 bytes"),
}


async def test_a_bad_body_is_told(server: Trying) -> None:
    for name, (body, status, words) in BAD.items():
        reply = await ask(server.url, "POST", "/tokens", body, BEARER)
        assert (reply.status, reply.headers["Content-Type"]) == (status, PROBLEM), name
        problem = reply.fields
        assert words in problem["detail"], name
        assert (problem["status"], problem["type"]) == (status, "about:blank")
        assert len(reply.body) < 4_000
    assert (await ask(server.url, "GET", "/tokens", headers=BEARER)).fields["items"] == []


async def test_a_whole_character_of_two_halves_is_good(server: Trying) -> None:
    body = json.dumps({"name": "🚀"}).encode()
    assert b"\\ud83d\\ude80" in body
    made = await ask(server.url, "POST", "/tokens", body, BEARER)
    assert made.fields["row"]["name"] == "🚀"


async def test_what_is_not_sent_as_json_is_not_guessed(server: Trying) -> None:
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "application/xml"):
        reply = await ask(server.url, "POST", "/tokens", b'{"name": "x"}', {**BEARER, "Content-Type": kind})
        assert (reply.status, reply.headers["Content-Type"]) == (415, PROBLEM), kind
    for kind in ("application/json; charset=utf-8", "application/merge-patch+json"):
        reply = await ask(server.url, "POST", "/tokens", b'{"name": "x"}', {**BEARER, "Content-Type": kind})
        assert reply.status == 201, kind


async def test_a_packed_body_is_unpacked_within_the_limit(server: Trying) -> None:
    headers = {**BEARER, "Content-Encoding": "gzip"}
    good = await ask(server.url, "POST", "/tokens", gzip.compress(b'{"name": "packed"}'), headers)
    assert good.status == 201
    bomb = gzip.compress(b'{"name": "' + b"x" * 50_000_000 + b'"}')
    assert (await ask(server.url, "POST", "/tokens", bomb, headers)).status == 413
    cut = await ask(server.url, "POST", "/tokens", gzip.compress(b"{}")[:-6], headers)
    assert (cut.status, cut.headers["Content-Type"]) == (400, PROBLEM)


async def test_a_body_of_a_stranger_is_not_read(server: Trying) -> None:
    reply = await ask(server.url, "POST", "/tokens", b"{no json")
    assert reply.status == 401


ERRORS = (
    ("GET", "/nothing", 404),
    ("GET", "", 404),
    ("POST", "/nothing", 404),
    ("PUT", "/tokens", 405),
    ("PATCH", "/session", 405),
    ("GET", "/tokens%00", 422),
    ("GET", "/setup?x=%00", 422),
    ("OPTIONS", "/nothing", 404),
)


async def test_every_error_is_a_problem(server: Trying) -> None:
    for method, path, status in ERRORS:
        reply = await ask(server.url, method, path, headers=BEARER)
        assert (reply.status, reply.headers["Content-Type"]) == (status, PROBLEM), (method, path)
        assert reply.fields["status"] == status
        if status == 405:
            assert "GET, HEAD, OPTIONS, POST" in reply.headers["Allow"]
            assert "use " in reply.fields["detail"]


async def test_a_slow_body_ends() -> None:
    """Without waiting twenty seconds: the door alone, with a limit of its own."""
    sent: list[Message] = []

    async def never() -> Message:
        await asyncio.Event().wait()
        return {}

    async def send(message: Message) -> None:
        sent.append(message)

    async def app(*_: Any) -> None:
        raise AssertionError("the route was asked before its body was there")

    door = RestDoor(app, _Open(), Limits(read_seconds=0.01))  # type: ignore[arg-type]  # all the door asks of it
    scope: dict[str, Any] = {"type": "http", "method": "POST", "path": "/api/v1/tokens", "headers": []}
    await door(scope, never, send)
    assert sent[0]["status"] == 408
    assert (b"connection", b"close") in sent[0]["headers"]
    assert json.loads(sent[1]["body"])["code"] == "request_timeout"


class _Open:
    """Lets everybody in."""

    def enter(self, scope: object) -> None:
        """Whoever asks."""
