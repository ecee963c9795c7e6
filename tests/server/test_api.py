"""Everything beside evaluations: probes, documents, and every error in one shape."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from fastapi import APIRouter
from fastapi.responses import StreamingResponse
from hypothesis import given
from hypothesis import strategies as st

from spanjudge.judging.judge import Judge
from spanjudge.judging.models.scripted import ScriptedModel
from spanjudge.remote_scorer.scorer import RemoteScorer
from spanjudge.server.limits import Limits
from tests.server.running import BEARER, BODY, TOKEN, Running, app_with, running

HEALTH = {"status": "ok", "version": "9.9.9", "backend": "scripted", "model": "scripted-1"}
PRIVATE = "private detail"
SHAPE = {"code", "reason", "detail"}


def parsed(answer: bytes) -> tuple[int, dict[str, Any]]:
    head, _, body = answer.partition(b"\r\n\r\n")
    return int(head.split()[1]), json.loads(body)


@pytest.mark.parametrize("path", ["/health", "/healthz", "/v1/health", "/health/"])
async def test_health(server: Running, path: str) -> None:
    assert (await server.send("GET", path)).fields == HEALTH
    assert (await server.send("GET", path, headers={})).status == 401


@pytest.mark.parametrize("path", ["/version", "/v1/version"])
async def test_version_is_for_everybody(server: Running, path: str) -> None:
    assert (await server.send("GET", path, headers={})).fields == {"version": "9.9.9", "api_version": "v1"}


async def test_probes_of_an_orchestrator() -> None:
    reason: str | None = None
    async with running(ready=lambda: reason) as server:
        assert (await server.send("GET", "/livez", headers={})).fields == {"status": "ok"}
        assert (await server.send("GET", "/readyz", headers={})).status == 200
        reason = "secret detail"
        reply = await server.send("GET", "/readyz", headers={})
        assert (reply.status, reply.code) == (503, "NOT_READY")
        assert "secret" not in reply.text
        assert (await server.send("GET", "/livez", headers={})).status == 200


async def test_why_it_is_not_ready_is_told_to_who_has_a_token() -> None:
    reasons: list[str | None] = [None]
    async with running(ready=lambda: reasons[0]) as server:
        assert (await server.send("GET", "/ready")).fields == {"status": "ready"}
        reasons[0] = "the store cannot be reached: it is away"
        reply = await server.send("GET", "/ready")
        assert (reply.status, reply.code) == (503, "NOT_READY")
        assert "the store cannot be reached: it is away" in reply.fields["detail"]
        assert (await server.send("GET", "/ready", headers={})).status == 401
        assert "away" not in (await server.send("GET", "/readyz", headers={})).text
        assert (await server.send("GET", "/livez", headers={})).status == 200


async def test_probes_ask_no_judge() -> None:
    model = ScriptedModel()
    async with running(model) as server:
        for path in ("/health", "/version", "/livez", "/readyz"):
            await server.send("GET", path)
    assert model.requests == []


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("GET", "/evaluate", "POST, PUT, PATCH, OPTIONS"),
        ("DELETE", "/evaluate/toxicity", "POST, PUT, PATCH, OPTIONS"),
        ("GET", "/weave/evaluate", "POST, PUT, PATCH, OPTIONS"),
        ("POST", "/health", "GET, HEAD, OPTIONS"),
        ("DELETE", "/livez", "GET, HEAD, OPTIONS"),
        ("POST", "/docs", "GET, HEAD, OPTIONS"),
    ],
)
async def test_another_method_is_405(server: Running, method: str, path: str, allow: str) -> None:
    reply = await server.send(method, path)
    assert (reply.status, reply.code) == (405, "METHOD_NOT_ALLOWED")
    assert set(reply.fields) == SHAPE
    assert reply.headers["Allow"] == allow


@pytest.mark.parametrize(
    "path", ["/", "/nothing", "/evaluates", "/evaluate/a/b", "/v1", "/docs/", "/%00", "/health/x"]
)
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_another_path_is_404(server: Running, method: str, path: str) -> None:
    reply = await server.send(method, path)
    assert (reply.status, reply.code) == (404, "NOT_FOUND")
    assert set(reply.fields) == SHAPE


@pytest.mark.parametrize(
    "path", ["/health", "/version", "/livez", "/docs", "/openapi.json", "/nothing", "/evaluate"]
)
async def test_head_is_get_without_the_body(server: Running, path: str) -> None:
    head, get = await server.send("HEAD", path), await server.send("GET", path)
    assert (head.status, head.text) == (get.status, "")
    assert head.headers["Content-Length"] == get.headers["Content-Length"]


@pytest.mark.parametrize(
    ("path", "allow"),
    [
        ("/evaluate", "POST, PUT, PATCH, OPTIONS"),
        ("/health", "GET, HEAD, OPTIONS"),
        ("/docs", "GET, HEAD, OPTIONS"),
    ],
)
async def test_options_tells_the_methods(server: Running, path: str, allow: str) -> None:
    reply = await server.send("OPTIONS", path, headers={})
    assert (reply.status, reply.headers["Allow"], reply.text) == (204, allow, "")


async def test_options_of_nothing_is_404(server: Running) -> None:
    assert (await server.send("OPTIONS", "/nothing")).code == "NOT_FOUND"


@pytest.mark.parametrize("path", ["/health", "/docs", "/openapi.json", "/nothing", "/evaluate"])
async def test_every_answer_is_kept_to_itself(server: Running, path: str) -> None:
    headers = (await server.send("GET", path)).headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert "Server" not in headers


@pytest.mark.parametrize(
    "request_",
    [
        b"this is no HTTP\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"GET /health HTTP/1.1\r\nbad header\r\n\r\n",
        b"POST /evaluate HTTP/1.1\r\nContent-Length: nine\r\n\r\n",
        b"GET http:// HTTP/1.1\r\nHost: x\r\n\r\n",
    ],
)
async def test_what_is_no_http_is_400_in_our_shape(server: Running, request_: bytes) -> None:
    status, body = parsed(await server.raw(request_))
    assert (status, body["code"], set(body)) == (400, "INVALID_REQUEST", SHAPE)


async def test_headers_without_end_are_431() -> None:
    async with running(limits=Limits(head_bytes=1_000)) as server:
        answer = await server.raw(b"GET /health HTTP/1.1\r\n", b"X-Filler: abcdefghijklmnop\r\n" * 200)
    status, body = parsed(answer)
    assert (status, body["code"]) == (431, "HEADERS_TOO_LARGE")


async def test_one_connection_too_many_is_503() -> None:
    async with running(limits=Limits(connections=1)) as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n")
        assert (await reader.readline()).startswith(b"HTTP/1.1 200")
        status, body = parsed(await server.raw())
        assert (status, body["code"]) == (503, "OVERLOADED")
        writer.close()


async def test_a_websocket_is_not_taken(server: Running) -> None:
    answer = await server.raw(
        b"GET /nothing HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, close\r\nUpgrade: websocket\r\n"
        b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
    )
    assert parsed(answer)[0] == 404


async def test_the_openapi_document_tells_every_path_and_error(server: Running) -> None:
    reply = await server.send("GET", "/openapi.json", headers={})
    document = reply.fields
    assert document["openapi"].startswith("3.1")
    assert {"/evaluate", "/evaluate/{scorer_name}", "/health", "/version", "/livez", "/readyz"} <= set(
        document["paths"]
    )
    evaluate = document["paths"]["/evaluate"]
    assert set(evaluate) == {"post", "put", "patch"}
    assert set(evaluate["post"]["responses"]) == {
        "200",
        "400",
        "401",
        "403",
        "405",
        "408",
        "413",
        "415",
        "422",
        "429",
        "431",
        "500",
        "502",
        "503",
        "504",
    }
    ids = [op["operationId"] for path in document["paths"].values() for op in path.values()]
    assert len(ids) == len(set(ids))


async def test_the_example_of_the_document_works(server: Running) -> None:
    document = (await server.send("GET", "/openapi.json")).fields
    for path in ("/evaluate", "/weave/evaluate"):
        content = document["paths"][path]["post"]["requestBody"]["content"]["application/json"]
        assert (await server.send("POST", path, content["example"])).status == 200
    example = document["paths"]["/evaluate"]["post"]["responses"]["200"]["content"]["application/json"][
        "example"
    ]
    assert list(example) == list((await server.send("POST", "/evaluate", BODY)).fields)


async def test_the_page_is_whole_in_itself(server: Running) -> None:
    reply = await server.send("GET", "/docs", headers={})
    assert reply.headers["Content-Type"].startswith("text/html")
    assert "/evaluate/{scorer_name}" in reply.text
    assert "JUDGE_PARSE_ERROR" in reply.text
    for fetched in ("<script", "<link", "src=", "@import", "url("):
        assert fetched not in reply.text


def router() -> APIRouter:
    router = APIRouter(prefix="/more")

    @router.get("/number/{number}")
    async def number(number: int) -> dict[str, int]:  # pyright: ignore[reportUnusedFunction]  # FastAPI uses it
        return {"number": number}

    @router.get("/broken")
    async def broken() -> None:  # pyright: ignore[reportUnusedFunction]  # FastAPI uses it
        raise RuntimeError(PRIVATE)

    @router.get("/half")
    async def half() -> StreamingResponse:  # pyright: ignore[reportUnusedFunction]  # FastAPI uses it
        async def pieces() -> AsyncIterator[bytes]:
            yield b"first"
            raise RuntimeError(PRIVATE)

        return StreamingResponse(pieces())

    return router


async def test_an_answer_that_breaks_off_ends_its_connection(caplog: pytest.LogCaptureFixture) -> None:
    async with running(routers=[router]) as server:
        with pytest.raises(aiohttp.ClientPayloadError):
            await server.send("GET", "/more/half")
        assert (await server.send("GET", "/livez")).status == 200
    assert PRIVATE not in caplog.text


async def test_routers_are_added_with_their_errors_in_our_shape(caplog: pytest.LogCaptureFixture) -> None:
    async with running(routers=[router]) as server:
        assert (await server.send("GET", "/more/number/7")).fields == {"number": 7}
        invalid = await server.send("GET", "/more/number/x")
        broken = await server.send("GET", "/more/broken")
        document = (await server.send("GET", "/openapi.json")).fields
    assert (invalid.status, invalid.code, set(invalid.fields)) == (422, "INVALID_REQUEST", SHAPE)
    assert (broken.status, broken.code, set(broken.fields)) == (500, "INTERNAL", SHAPE)
    assert PRIVATE not in caplog.text + broken.text
    assert "/more/number/{number}" in document["paths"]


async def test_an_access_log_tells_facts_and_no_content(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        async with running(access_log=True) as server:
            await server.send("POST", "/evaluate?token=query-secret", {**BODY, "output": "private words"})
            await server.send("GET", "/health", headers={})
    records = [record for record in caplog.records if record.name == "spanjudge.access"]
    assert [(r.method, r.path, r.status) for r in records] == [  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]  # extra facts
        ("POST", "/evaluate", 200),
        ("GET", "/health", 401),
    ]
    written = caplog.text + "".join(str(vars(record)) for record in caplog.records)
    for secret in ("private words", "query-secret", TOKEN):
        assert secret not in written


async def asgi(scope: dict[str, Any], body: bytes = b"") -> list[dict[str, Any]]:
    """What the application sends when it is called without a server."""
    scorer = RemoteScorer({"default": Judge(ScriptedModel())}, {}, timeout=5)
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    await app_with(scorer)(scope, receive, send)
    return sent


async def test_a_root_path_is_not_part_of_the_path() -> None:
    headers = [(name.lower().encode(), value.encode()) for name, value in BEARER.items()]
    scope = {
        "type": "http",
        "method": "GET",
        "path": "/judge/health",
        "root_path": "/judge",
        "headers": headers,
    }
    assert (await asgi(scope))[0]["status"] == 200


async def test_a_websocket_of_another_server_is_closed() -> None:
    assert (await asgi({"type": "websocket", "path": "/"}))[0]["type"] == "websocket.close"


@given(
    path=st.text(max_size=30),
    method=st.sampled_from(["GET", "POST", "HEAD", "OPTIONS", "BREW"]),
    body=st.binary(max_size=50),
)
def test_whatever_is_asked_is_answered_in_our_shape(path: str, method: str, body: bytes) -> None:
    path = "/" + path
    scope = {
        "type": "http", "method": method, "path": path, "raw_path": path.encode("utf-8", "replace"),
        "query_string": b"", "headers": [(b"x-api-key", TOKEN.encode())], "root_path": "",
    }  # fmt: skip
    start, *rest = asyncio.run(asgi(scope, body))
    if start["status"] >= 400 and method != "HEAD":
        assert set(json.loads(b"".join(message["body"] for message in rest))) == SHAPE
