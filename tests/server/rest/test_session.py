"""Signing in: a token for a cookie, and what the cookie is good for."""

import hashlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from spanjudge.server.access import same_origin
from spanjudge.server.attempts import Attempts, address_of
from spanjudge.server.auth import Grant, Tokens
from spanjudge.server.sessions import IDLE_SECONDS, LONGEST_SECONDS, RENEW_SECONDS, Sessions
from tests.mock_judge import MockJudge
from tests.server.rest.calling import BEARER, CSRF, ask
from tests.server.rest.trying import Trying, trying
from tests.server.running import TOKEN

DAY = 86_400
KEY = b"the secret of the data folder..."


@pytest.fixture
async def server(tmp_path: Path, mock_judge: MockJudge) -> AsyncIterator[Trying]:
    async with trying(tmp_path, mock_judge) as server:
        yield server


async def signed_in(server: Trying, token: str = TOKEN) -> dict[str, str]:
    reply = await ask(server.url, "POST", "/session", {"token": token})
    assert reply.status == 200, reply.body
    return {"Cookie": reply.cookie}


async def test_a_token_is_exchanged_for_a_cookie_no_script_can_read(server: Trying) -> None:
    reply = await ask(server.url, "POST", "/session", {"token": TOKEN})
    assert reply.fields["scopes"] == ["score", "ingest", "read", "admin"]
    assert reply.fields["by"] == "cookie"
    cookie = reply.headers["Set-Cookie"]
    assert {"HttpOnly", "SameSite=Strict", "Path=/", f"Max-Age={7 * DAY}"} <= set(cookie.split("; "))
    assert "Secure" not in cookie
    assert TOKEN not in cookie
    who = await ask(server.url, "GET", "/session", headers={"Cookie": reply.cookie})
    assert (who.status, who.fields["by"]) == (200, "cookie")
    assert "Set-Cookie" not in who.headers


async def test_over_https_the_cookie_is_bound_to_the_host(server: Trying) -> None:
    https = {"X-Forwarded-Proto": "https"}
    reply = await ask(server.url, "POST", "/session", {"token": TOKEN}, https)
    assert reply.cookie.startswith("__Host-")
    assert "Secure" in reply.headers["Set-Cookie"].split("; ")
    assert (await ask(server.url, "GET", "/session", headers={"Cookie": reply.cookie, **https})).status == 200
    # A cookie without the prefix can be set by a neighbour of the host; over https it is not taken.
    plain = reply.cookie.removeprefix("__Host-")
    assert (await ask(server.url, "GET", "/session", headers={"Cookie": plain, **https})).status == 401


async def test_without_token_or_session_nothing_is_told(server: Trying) -> None:
    for path in ("/session", "/tokens", "/setup", "/no-such-thing"):
        reply = await ask(server.url, "GET", path)
        assert (reply.status, reply.headers["Content-Type"]) == (401, "application/problem+json")
        assert reply.fields["code"] == "unauthorized"
    changed = (await signed_in(server))["Cookie"][:-2] + "AA"
    assert (await ask(server.url, "GET", "/session", headers={"Cookie": changed})).status == 401


async def test_signing_out_takes_the_cookie_back(server: Trying) -> None:
    cookie = await signed_in(server)
    reply = await ask(server.url, "DELETE", "/session", headers=cookie)
    assert reply.status == 204
    assert reply.cookie.endswith("=")
    assert "Max-Age=0" in reply.headers["Set-Cookie"]


async def test_a_page_of_another_origin_can_do_nothing(server: Trying) -> None:
    cookie = await signed_in(server)
    host = server.url.removesuffix("/api/v1").removeprefix("http://")
    body = {"name": "theirs"}
    lacking = await ask(server.url, "POST", "/tokens", body, cookie)
    assert (lacking.status, lacking.fields["code"]) == (403, "csrf")
    for sign in (
        {"Origin": "https://elsewhere.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site", "Origin": f"http://{host}"},
    ):
        reply = await ask(server.url, "POST", "/tokens", body, {**cookie, **CSRF, **sign})
        assert (reply.status, reply.fields["code"]) == (403, "cross_origin"), sign
        login = await ask(server.url, "POST", "/session", {"token": TOKEN}, sign)
        assert login.status == 403
        assert "Set-Cookie" not in login.headers
    for sign in ({}, {"Origin": f"http://{host}"}, {"Sec-Fetch-Site": "same-origin"}):
        reply = await ask(server.url, "POST", "/tokens", body, {**cookie, **CSRF, **sign})
        assert reply.status == 201, sign
    # A token of its own is no cookie: no page of another origin has it.
    assert (await ask(server.url, "POST", "/tokens", body, BEARER)).status == 201


async def test_a_session_ends_with_its_token(server: Trying) -> None:
    made = (await ask(server.url, "POST", "/tokens", {"scopes": ["read"]}, BEARER)).fields
    cookie = await signed_in(server, made["token"])
    assert (await ask(server.url, "GET", "/setup", headers=cookie)).status == 200
    assert (await ask(server.url, "DELETE", f"/tokens/{made['row']['id']}", headers=BEARER)).status == 204
    assert (await ask(server.url, "GET", "/setup", headers=cookie)).status == 401


async def test_a_session_may_do_what_its_token_may(server: Trying) -> None:
    made = (await ask(server.url, "POST", "/tokens", {"scopes": ["read"]}, BEARER)).fields
    cookie = await signed_in(server, made["token"])
    reply = await ask(server.url, "GET", "/tokens", headers=cookie)
    assert (reply.status, reply.fields["code"], reply.fields["scope"]) == (403, "scope_missing", "admin")
    for scopes, status in ((["ingest"], 403), (["score"], 403), (["read"], 200), (["admin"], 200)):
        made = (await ask(server.url, "POST", "/tokens", {"scopes": scopes}, BEARER)).fields
        assert (await ask(server.url, "POST", "/session", {"token": made["token"]})).status == status


async def test_wrong_tokens_can_be_tried_a_few_times_only(server: Trying) -> None:
    for _ in range(10):
        reply = await ask(server.url, "POST", "/session", {"token": "guessed"})
        assert (reply.status, reply.fields["errors"][0]["field"]) == (401, "token")
    reply = await ask(server.url, "POST", "/session", {"token": TOKEN})
    assert (reply.status, reply.fields["code"]) == (429, "too_many")
    assert 1 <= int(reply.headers["Retry-After"]) <= 60
    # Who is asked for by a proxy in front is somebody else, and has tries of their own.
    other = {"X-Forwarded-For": "198.51.100.7"}
    assert (await ask(server.url, "POST", "/session", {"token": TOKEN}, other)).status == 200


async def test_sessions_survive_a_restart(tmp_path: Path, mock_judge: MockJudge) -> None:
    async with trying(tmp_path, mock_judge) as server:
        cookie = await signed_in(server)
    async with trying(tmp_path, mock_judge) as server:
        assert (await ask(server.url, "GET", "/session", headers=cookie)).status == 200


class Time:
    def __init__(self) -> None:
        self.seconds = 1_790_000_000.0

    def __call__(self) -> float:
        return self.seconds


def grant(text: str = "a token", expires_ns: int | None = None) -> Grant:
    digest = hashlib.sha256(text.encode()).digest()
    return Grant(id="abcd", digest=digest, expires_ns=expires_ns, issued=True)


def test_a_session_ends_a_week_after_it_was_used_or_after_a_month() -> None:
    now = Time()
    sessions = Sessions(KEY, Tokens((), [grant()]), now)
    session = sessions.begin(grant())
    value = sessions.value(session)
    now.seconds += IDLE_SECONDS - 1
    held = sessions.read(value)
    assert held == session
    now.seconds += 2
    assert sessions.read(value) is None
    now.seconds = session.began
    while now.seconds < session.began + LONGEST_SECONDS - DAY:
        now.seconds += DAY
        held = sessions.read(value)
        assert held is not None
        renewed = sessions.renewed(held)
        assert renewed is not None
        value = sessions.value(renewed)
    now.seconds = session.began + LONGEST_SECONDS
    assert sessions.read(value) is None


def test_a_session_is_renewed_when_it_was_seen_a_while_ago() -> None:
    now = Time()
    sessions = Sessions(KEY, Tokens((), [grant()]), now)
    session = sessions.begin(grant())
    now.seconds += RENEW_SECONDS
    assert sessions.renewed(session) is None
    now.seconds += 1
    assert sessions.renewed(session) is not None


def test_a_session_is_of_one_token_and_one_server() -> None:
    now = Time()
    sessions = Sessions(KEY, Tokens((), [grant()]), now)
    value = sessions.value(sessions.begin(grant()))
    assert sessions.read(value) is not None
    # Another token of the same id, another server, a token that has ended, and what is no cookie of ours.
    assert Sessions(KEY, Tokens((), [grant("another")]), now).read(value) is None
    assert Sessions(b"another secret", Tokens((), [grant()]), now).read(value) is None
    ended = grant(expires_ns=int(now.seconds) * 1_000_000_000)
    assert Sessions(KEY, Tokens((), [ended], now_ns=lambda: int(now.seconds * 1e9)), now).read(value) is None
    for other in ("", "a.b.c", value.replace(".", "ü", 1), "x" * 600, value + ".1", "...", "abcd.1.2."):
        assert sessions.read(other) is None
    begun = value.split(".")
    later = ".".join([begun[0], begun[1], str(int(begun[2]) + 5), begun[3]])
    assert sessions.read(later) is None
    assert Sessions(b"another secret", Tokens((), [grant()]), now).cookie != sessions.cookie


def test_tries_are_counted_by_address_and_together() -> None:
    now = Time()
    attempts = Attempts(of_one=2, of_all=5, now=now)
    for _ in range(2):
        assert attempts.wait("one") == 0
        attempts.failed("one")
    assert attempts.wait("one") == 60
    assert attempts.wait("two") == 0
    for number in range(3):
        attempts.failed(f"other {number}")
    assert attempts.wait("two") == 60
    now.seconds += 60
    assert attempts.wait("one") == attempts.wait("two") == 0


def test_who_asks_is_told_by_a_proxy_of_the_own_network_only() -> None:
    def asked(peer: str, forwarded: bytes = b"") -> str:
        headers = [(b"x-forwarded-for", forwarded)] if forwarded else []
        return address_of({"client": (peer, 1), "headers": headers})

    assert asked("1.1.1.1", b"198.51.100.7") == "1.1.1.1"
    assert asked("127.0.0.1", b"192.0.2.1, 198.51.100.7") == "198.51.100.7"
    assert asked("10.0.0.3", b"nonsense") == "10.0.0.3"
    assert asked("2001:db8:1:2:3::1") == asked("2001:db8:1:2:4::9")
    assert address_of({"client": None, "headers": []}) == "unknown"


def test_an_origin_is_compared_with_the_host_and_what_a_proxy_forwarded() -> None:
    def same(**headers: str) -> bool:
        return same_origin(
            [(name.replace("_", "-").encode(), text.encode()) for name, text in headers.items()]
        )

    assert same(host="judge.example")
    assert same(host="judge.example", origin="https://judge.example")
    assert same(host="10.0.0.2:8000", x_forwarded_host="judge.example", origin="https://judge.example")
    assert not same(host="judge.example", origin="https://judge.example:444")
    assert not same(host="judge.example", origin="https://[")
    assert not same(origin="null")
