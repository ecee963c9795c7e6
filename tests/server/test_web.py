"""The built user interface over HTTP: pages, files, caching, and what must not be reachable."""

import asyncio
import gzip
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from spanjudge.server.web import Web
from tests.server.rest.calling import Reply, ask
from tests.server.running import Running, running

PAGE = b"<!doctype html><title>Spanjudge</title>" + b" " * 500
SCRIPT = b"console.log(1);" * 100
PACKED = gzip.compress(SCRIPT)
"""Once: the second in which it was packed stands in it."""
BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    web = tmp_path / "web"
    (web / "assets").mkdir(parents=True)
    (tmp_path / "secret.txt").write_bytes(b"planted")
    (web / "index.html").write_bytes(PAGE)
    (web / "index.html.gz").write_bytes(gzip.compress(PAGE))
    (web / "icon.svg").write_bytes(b"<svg xmlns='http://www.w3.org/2000/svg'/>")
    (web / "assets" / "app-a1b2c3.js").write_bytes(SCRIPT)
    (web / "assets" / "app-a1b2c3.js.gz").write_bytes(PACKED)
    (web / "assets" / "app-a1b2c3.js.br").write_bytes(b"packed by brotli")
    (web / "assets" / "one-d4e5f6.css").write_bytes(b"a{}")
    (web / "assets" / ".hidden").write_bytes(b"planted")
    return web


@asynccontextmanager
async def serving(folder: Path) -> AsyncGenerator[Running]:
    web = await asyncio.to_thread(Web, folder)
    async with running(web=web) as server:
        yield server


@pytest.fixture
async def server(folder: Path) -> AsyncIterator[Running]:
    async with serving(folder) as server:
        yield server


async def get(server: Running, path: str, **headers: str) -> Reply:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return await ask(server.url, "GET", path, headers={"Accept-Encoding": "identity", **named})


async def test_every_page_of_the_interface_is_the_same_file(server: Running) -> None:
    for path in (
        "/",
        "/traces",
        "/traces/0af7651916cd43dd8448eb211c80319c?tab=evaluation",
        "/evaluators/a.b",
    ):
        reply = await get(server, path, **BROWSER)
        assert (reply.status, reply.body) == (200, PAGE), path
        assert reply.headers["Content-Type"] == "text/html; charset=utf-8"
        assert reply.headers["Cache-Control"] == "no-cache"
    assert (await get(server, "/")).body == PAGE


async def test_nothing_may_be_run_or_loaded_but_what_is_ours(server: Running) -> None:
    policy = (await get(server, "/")).headers["Content-Security-Policy"]
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules["default-src"] == rules["base-uri"] == rules["frame-ancestors"] == "'none'"
    assert rules["script-src"] == rules["style-src"] == rules["connect-src"] == "'self'"
    assert "unsafe" not in policy
    for path in ("/", "/assets/app-a1b2c3.js", "/assets/nothing.js"):
        headers = (await get(server, path)).headers
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "no-referrer"


async def test_files_with_a_hash_are_kept_for_ever(server: Running) -> None:
    reply = await get(server, "/assets/app-a1b2c3.js")
    assert (reply.status, reply.body) == (200, SCRIPT)
    assert reply.headers["Content-Type"] == "text/javascript; charset=utf-8"
    assert reply.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert (await get(server, "/icon.svg")).headers["Cache-Control"] == "no-cache"


@pytest.mark.parametrize(
    ("accepted", "coding"),
    [
        ("gzip, deflate, br, zstd", "br"),
        ("gzip", "gzip"),
        ("br;q=0, gzip;q=0.5", "gzip"),
        ("*", "br"),
        ("identity", None),
        ("br;q=0, *;q=0", None),
        ("", None),
    ],
)
async def test_packed_files_are_sent_to_who_takes_them(
    accepted: str, coding: str | None, server: Running
) -> None:
    reply = await get(server, "/assets/app-a1b2c3.js", Accept_Encoding=accepted)
    assert reply.headers.get("Content-Encoding") == coding
    assert reply.headers["Vary"] == "accept-encoding"
    expected = {"br": b"packed by brotli", "gzip": PACKED, None: SCRIPT}[coding]
    assert reply.body == expected
    assert reply.headers["Content-Length"] == str(len(expected))


async def test_a_page_that_is_the_same_is_not_sent_again(server: Running) -> None:
    for coding in ("identity", "gzip"):
        first = await get(server, "/", Accept_Encoding=coding)
        for asked in (first.headers["ETag"], f'"other", W/{first.headers["ETag"]}', "*"):
            again = await get(server, "/", If_None_Match=asked)
            assert (again.status, again.body) == (304, b""), asked
    assert (await get(server, "/", If_None_Match='"another"')).status == 200


async def test_head_is_get_without_the_body(server: Running) -> None:
    reply = await ask(server.url, "HEAD", "/assets/one-d4e5f6.css")
    assert (reply.status, reply.body, reply.headers["Content-Length"]) == (200, b"", "3")


async def test_what_is_no_file_is_not_found(server: Running) -> None:
    for path in (
        "/assets/nothing.js",
        "/assets/../secret.txt",
        "/assets/%2e%2e/%2e%2e/secret.txt",
        "/assets/..%2f..%2fsecret.txt",
        "/assets/.hidden",
        "/assets//etc/passwd",
        "/assets/app-a1b2c3.js.br",
        "/../secret.txt",
        "/index.html.gz",
    ):
        head, _, body = (await server.raw(_get(path))).partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 404"), path
        assert b"planted" not in body


async def test_others_answer_for_themselves(server: Running) -> None:
    api = await get(server, "/api/nothing", **BROWSER)
    assert (api.status, api.fields["code"]) == (404, "NOT_FOUND")
    assert b"<h1>Spanjudge API" in (await get(server, "/docs", **BROWSER)).body
    assert (await get(server, "/livez", **BROWSER)).fields == {"status": "ok"}
    assert (await get(server, "/nothing")).status == 404
    assert (await ask(server.url, "POST", "/traces", headers=BROWSER)).status == 404


async def test_without_a_build_a_page_says_how_to_make_one(tmp_path: Path) -> None:
    async with serving(tmp_path / "nowhere") as server:
        for path in ("/", "/traces"):
            reply = await get(server, path, **BROWSER)
            assert reply.status == 200
            assert b"UI not built" in reply.body
            assert b"npm --prefix ui run build" in reply.body
        assert (await get(server, "/docs")).status == 200


def _get(path: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode()
