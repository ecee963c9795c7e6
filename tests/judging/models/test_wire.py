"""The shared session, over real sockets."""

import asyncio
import ssl
import time
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import web

from spanjudge.errors import SettingsError
from spanjudge.judging.models import wire as wire_module
from spanjudge.judging.models.model import JudgeModelError
from spanjudge.judging.models.wire import Wire, to_json
from tests.mock_judge import Behaviour, MockJudge, authority, behaviour

SECRET = {"Authorization": "Bearer sk-secret-0123456789"}


def soon(seconds: float = 10.0) -> float:
    return time.monotonic() + seconds


@pytest.fixture
async def wire() -> AsyncIterator[Wire]:
    made = Wire()
    yield made
    await made.aclose()


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "REQUEST_METHOD"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


async def fails(wire: Wire, url: str, deadline: float | None = None) -> JudgeModelError:
    with pytest.raises(JudgeModelError) as caught:
        await wire.post_json(url, SECRET, {"a": 1}, deadline or soon())
    text = caught.value.message
    assert "sk-secret" not in text
    assert "?" not in text
    return caught.value


async def test_json_goes_out_and_json_comes_back(wire: Wire, mock_judge: MockJudge) -> None:
    mock_judge.then(Behaviour(body={"b": [1, "é"]}, headers={"X-Request-Id": "req_1"}))
    reply = await wire.post_json(f"{mock_judge.url}/x", SECRET, {"a": "ü"}, soon())
    assert (reply.status, reply.body, reply.is_json) == (200, {"b": [1, "é"]}, True)
    assert reply.headers.get("x-request-id") == "req_1"
    (received,) = mock_judge.requests
    assert received.body == {"a": "ü"}
    assert received.headers["content-type"] == "application/json"
    assert received.headers["user-agent"].startswith("spanjudge/")


@pytest.mark.parametrize("before", [b"\n\n\n", b" \r\n\t", b"\xef\xbb\xbf"])
async def test_what_stands_before_the_json_is_nothing(
    wire: Wire, mock_judge: MockJudge, before: bytes
) -> None:
    mock_judge.then(Behaviour(body=b'{"a":1}', before=before))
    assert (await wire.post_json(f"{mock_judge.url}/x", {}, {}, soon())).body == {"a": 1}


@pytest.mark.parametrize("body", [b"<html>", b"", b"\xff\xfe", b"[" * 100_000, b'{"a":1} trailing', b"NaN"])
async def test_what_is_no_json_is_text(wire: Wire, mock_judge: MockJudge, body: bytes) -> None:
    mock_judge.then(Behaviour(status=500, body=body))
    reply = await wire.post_json(f"{mock_judge.url}/x", {}, {}, soon())
    assert (reply.status, reply.is_json, type(reply.body)) == (500, False, str)


async def test_nobody_there_is_said_with_the_address_and_the_setting(wire: Wire) -> None:
    error = await fails(wire, "http://127.0.0.1:1/v1?key=abc")
    assert (error.code, error.retryable) == ("judge_unavailable", True)
    assert "http://127.0.0.1:1 (Connection refused): check O2_JUDGE_URL" in error.message


async def test_a_name_nobody_knows(wire: Wire) -> None:
    error = await fails(wire, "http://no-such-host.invalid/v1")
    assert (error.code, error.retryable) == ("judge_unavailable", True)
    assert "http://no-such-host.invalid" in error.message


async def test_a_connection_that_breaks(wire: Wire, mock_judge: MockJudge) -> None:
    mock_judge.then(Behaviour(body={"a": "b"}, cut=True), behaviour.dropped())
    for _ in range(2):
        error = await fails(wire, f"{mock_judge.url}/chat/completions")
        assert (error.code, error.retryable) == ("judge_unavailable", True)
        assert "closed the connection" in error.message


async def test_an_answer_that_comes_too_late(wire: Wire, mock_judge: MockJudge) -> None:
    mock_judge.then(behaviour.held(asyncio.Event()))
    error = await fails(wire, f"{mock_judge.url}/chat/completions", soon(0.05))
    assert (error.code, error.retryable) == ("judge_timeout", True)
    assert "did not answer within" in error.message


async def test_without_time_left_nothing_is_sent(wire: Wire, mock_judge: MockJudge) -> None:
    error = await fails(wire, f"{mock_judge.url}/chat/completions", soon(-1))
    assert error.code == "judge_timeout"
    assert mock_judge.requests == []


async def test_more_than_a_judge_says_is_not_read(wire: Wire, mock_judge: MockJudge) -> None:
    mock_judge.then(behaviour.huge())
    error = await fails(wire, f"{mock_judge.url}/x")
    assert (error.code, error.retryable) == ("judge_answer_invalid", False)
    assert "more than 8 MB" in error.message


async def test_a_redirect_is_an_answer_and_the_key_does_not_follow_it(
    wire: Wire, mock_judge: MockJudge
) -> None:
    mock_judge.then(Behaviour(status=307, body=b"", headers={"Location": f"{mock_judge.url}/elsewhere"}))
    reply = await wire.post_json(f"{mock_judge.url}/x", SECRET, {}, soon())
    assert reply.status == 307
    assert len(mock_judge.requests) == 1


@pytest.mark.parametrize("url", ["ftp://h/v1", "/v1", "http://", "h:8000/v1", ""])
async def test_what_is_no_address_stops_at_once(wire: Wire, url: str) -> None:
    with pytest.raises(SettingsError, match="O2_JUDGE_URL"):
        wire.prepare(url)
    assert (await fails(wire, url)).code == "judge_unavailable"


async def test_all_users_of_a_loop_share_one_session_and_the_last_closes_it(mock_judge: MockJudge) -> None:
    first, second = Wire(), Wire()
    for wire in (first, second, first):
        await wire.post_json(f"{mock_judge.url}/models", {}, {}, soon())
    loop = asyncio.get_running_loop()
    session = wire_module.sessions[loop].session
    assert wire_module.sessions[loop].users == {first, second}
    await first.aclose()
    assert not session.closed
    await second.aclose()
    assert session.closed
    assert loop not in wire_module.sessions
    await second.aclose()
    await first.post_json(f"{mock_judge.url}/models", {}, {}, soon())  # and opens a new one when asked again
    await first.aclose()


def test_a_loop_that_ended_is_forgotten_by_the_next() -> None:
    wire = Wire()
    loops: list[asyncio.AbstractEventLoop] = []  # sessions of other tests' loops may live beside these

    async def ask() -> int:
        loops.append(asyncio.get_running_loop())
        async with MockJudge() as judge:
            return (await wire.post_json(f"{judge.url}/models", {}, {}, soon())).status

    async def close() -> None:
        loops.append(asyncio.get_running_loop())
        await wire.aclose()

    assert [asyncio.run(ask()), asyncio.run(ask())] == [200, 200]
    assert [loop in wire_module.sessions for loop in loops] == [False, True]
    asyncio.run(close())
    assert not any(loop in wire_module.sessions for loop in loops)


def test_half_a_surrogate_pair_becomes_a_question_mark() -> None:
    assert to_json({"a": "\ud83d!"}) == b'{"a":"?!"}'


@asynccontextmanager
async def secure_server(certificate: Path) -> AsyncGenerator[str]:
    async def answer(_request: web.Request) -> web.Response:
        return web.json_response({"secure": True})

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    app = web.Application()
    app.router.add_post("/v1", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context).start()
    try:
        yield f"https://localhost:{runner.addresses[0][1]}/v1"
    finally:
        await runner.cleanup()


async def test_an_authority_nobody_vouches_for_is_refused_and_the_setting_named(
    wire: Wire, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    monkeypatch.delenv("REQUESTS_CA_BUNDLE", raising=False)
    _, certificate = authority.make(tmp_path)
    async with secure_server(certificate) as url:
        error = await fails(wire, url)
    assert (error.code, error.retryable) == ("judge_unavailable", False)
    assert "SSL_CERT_FILE" in error.message


@pytest.mark.parametrize("name", ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"])
async def test_an_authority_of_ones_own_comes_from_the_environment(
    wire: Wire, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str
) -> None:
    ca, certificate = authority.make(tmp_path)
    monkeypatch.setenv(name, str(ca))
    async with secure_server(certificate) as url:
        assert (await wire.post_json(url, {}, {}, soon())).body == {"secure": True}


@pytest.mark.parametrize("name", ["SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE"])
async def test_an_authority_that_is_not_there_stops_the_start(
    wire: Wire, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(name, "/no/such/ca.pem")
    with pytest.raises(SettingsError, match=f"{name}='/no/such/ca.pem' does not exist"):
        wire.prepare("https://localhost/v1")


async def test_a_bundle_without_certificates_stops_the_start(
    wire: Wire, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    empty = tmp_path / "empty.pem"
    empty.write_text("nothing")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(empty))
    with pytest.raises(SettingsError, match="holds no certificates"):
        wire.prepare("https://localhost/v1")


async def test_tls_spoken_to_a_server_without_it(wire: Wire, mock_judge: MockJudge) -> None:
    error = await fails(wire, mock_judge.url.replace("http:", "https:"))
    assert (error.code, error.retryable) == ("judge_unavailable", False)
    assert "http://" in error.message


async def test_the_environments_proxy_is_used_with_its_credentials(
    wire: Wire, mock_judge: MockJudge, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", mock_judge.url.replace("//", "//user:pass@"))
    mock_judge.then(Behaviour(body={"by": "proxy"}))
    reply = await wire.post_json("http://judge.invalid/v1/chat/completions", SECRET, {}, soon())
    assert reply.body == {"by": "proxy"}
    (received,) = mock_judge.requests
    assert received.headers["host"] == "judge.invalid"
    assert received.headers["proxy-authorization"] == "Basic dXNlcjpwYXNz"


async def test_a_proxy_that_is_not_there_is_named_without_its_credentials(
    wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://user:hidden@127.0.0.1:1")
    error = await fails(wire, "http://judge.invalid/v1")
    assert "through the proxy http://127.0.0.1:1" in error.message
    assert "hidden" not in error.message


async def test_a_proxy_that_refuses_a_tunnel(
    wire: Wire, mock_judge: MockJudge, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("https_proxy", mock_judge.url)
    error = await fails(wire, "https://judge.invalid/v1")  # the mock knows no CONNECT: 404
    assert error.code == "judge_unavailable"
    assert "HTTP 404" in error.message
    assert "HTTPS_PROXY" in error.message


async def test_no_proxy_goes_straight(
    wire: Wire, mock_judge: MockJudge, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    monkeypatch.setenv("no_proxy", "localhost,127.0.0.1")
    assert (await wire.post_json(f"{mock_judge.url}/models", {}, {}, soon())).status == 200
