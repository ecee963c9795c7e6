"""Every way to present a token, and to exchange it."""

import base64

import pytest

from spanjudge.server.auth import Tokens
from tests.server.running import BODY, TOKEN, Running


def basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


ACCEPTED = [
    {"Authorization": f"Bearer {TOKEN}"},
    {"authorization": f"bearer  {TOKEN} "},
    {"Authorization": TOKEN},
    {"Authorization": f"ApiKey {TOKEN}"},
    {"Authorization": basic("user", TOKEN)},
    {"Authorization": basic("", TOKEN)},
    {"Authorization": basic(TOKEN, "")},
    {"Authorization": basic(TOKEN, "x")},
    {"X-API-Key": TOKEN},
    {"Api-Key": TOKEN},
    {"X-Whatever-I-Like": TOKEN},
    {"Authorization": "Bearer wrong", "X-API-Key": TOKEN},
]
REFUSED = [
    {},
    {"Authorization": ""},
    {"Authorization": "Bearer"},
    {"Authorization": "Bearer wrong"},
    {"Authorization": f"Bearer {TOKEN}x"},
    {"Authorization": f"Bearer {TOKEN[:-1]}"},
    {"Authorization": basic("user", "wrong")},
    {"Authorization": "Basic !!!"},
    {"Authorization": "Basic " + base64.b64encode(TOKEN[:5].encode()).decode()},
    {"X-API-Key": "wrong"},
    {"User-Agent": TOKEN},
    {"X-API-Key": "x" * 8_000},
]


@pytest.mark.parametrize("headers", ACCEPTED)
@pytest.mark.parametrize(("method", "path", "body"), [("POST", "/evaluate", BODY), ("GET", "/health", None)])
async def test_accepted(
    server: Running, headers: dict[str, str], method: str, path: str, body: object
) -> None:
    assert (await server.send(method, path, body, headers)).status == 200


@pytest.mark.parametrize("headers", REFUSED)
@pytest.mark.parametrize(("method", "path", "body"), [("POST", "/evaluate", BODY), ("GET", "/health", None)])
async def test_refused(
    server: Running, headers: dict[str, str], method: str, path: str, body: object
) -> None:
    reply = await server.send(method, path, body, headers)
    assert (reply.status, reply.code) == (401, "UNAUTHORIZED")
    assert reply.headers["WWW-Authenticate"].startswith("Bearer")
    assert TOKEN not in reply.text


async def test_tokens_are_exchanged_without_a_restart(server: Running) -> None:
    server.tokens.replace(["old", TOKEN])
    for token in ("old", TOKEN):
        assert (
            await server.send("GET", "/health", headers={"Authorization": f"Bearer {token}"})
        ).status == 200
    server.tokens.replace(["new"])
    assert (await server.send("GET", "/health")).status == 401
    assert (await server.send("GET", "/health", headers={"X-API-Key": "new"})).status == 200


@pytest.mark.parametrize("tokens", [[], [""], ["good", " "]])
def test_no_token_and_blank_tokens_are_refused(tokens: list[str]) -> None:
    with pytest.raises(ValueError, match="O2_JUDGE_AUTH_TOKEN"):
        Tokens(tokens)


def test_tokens_are_not_kept() -> None:
    assert TOKEN not in repr(vars(Tokens([TOKEN])))


def test_a_token_may_hold_any_character() -> None:
    for token in ("with:colon", "größe", "a b c"):
        encoded = base64.b64encode(token.encode())
        assert Tokens([token]).accepts([(b"authorization", b"Bearer " + token.encode())])
        assert Tokens([token]).accepts([(b"x-key", token.encode())])
        if ":" not in token:
            assert Tokens([token]).accepts([(b"authorization", b"Basic " + encoded)])
