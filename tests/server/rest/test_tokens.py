"""Tokens over the REST API: made once, listed without themselves, revoked at once; and what scopes open."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.mock_judge import MockJudge
from tests.server.rest.calling import BEARER, ask
from tests.server.rest.trying import Trying, trying

NO_SPANS: dict[str, list[object]] = {"resourceSpans": []}


@pytest.fixture
async def server(tmp_path: Path, mock_judge: MockJudge) -> AsyncIterator[Trying]:
    async with trying(tmp_path, mock_judge) as server:
        yield server


async def test_a_token_is_shown_once_and_kept_as_a_hash(server: Trying, tmp_path: Path) -> None:
    body = {"name": "the dashboard", "scopes": ["score", "read"], "expires_days": 90}
    made = await ask(server.url, "POST", "/tokens", body, BEARER)
    assert made.status == 201
    token, row = made.fields["token"], made.fields["row"]
    assert len(token) >= 43
    assert row["scopes"] == ["score", "read"]
    listed = await ask(server.url, "GET", "/tokens", headers=BEARER)
    assert listed.fields == {"items": [row], "from_settings": 1, "only_in": None}
    kept = await asyncio.to_thread((tmp_path / "issued_tokens").read_text, "utf-8")
    assert row["id"] in kept
    assert token not in kept
    assert token.encode() not in listed.body


async def test_processes_on_one_store_know_each_others_tokens(
    tmp_path: Path, mock_judge: MockJudge, postgres_url: str
) -> None:
    changes = {"SPANJUDGE_DATABASE_URL": postgres_url}
    here, there = tmp_path / "here", tmp_path / "there"
    async with trying(here, mock_judge, changes) as one, trying(there, mock_judge, changes) as other:
        made = (await ask(one.url, "POST", "/tokens", {"scopes": ["read"]}, BEARER)).fields
        own = {"Authorization": f"Bearer {made['token']}"}
        assert (await ask(one.url, "GET", "/setup", headers=own)).status == 200
        await other.app.token_file.look()
        assert (await ask(other.url, "GET", "/setup", headers=own)).status == 200
        listed = await ask(other.url, "GET", "/tokens", headers=BEARER)
        assert listed.fields == {"items": [made["row"]], "from_settings": 1, "only_in": None}
        gone = await ask(other.url, "DELETE", f"/tokens/{made['row']['id']}", headers=BEARER)
        assert gone.status == 204
        assert (await ask(other.url, "GET", "/setup", headers=own)).status == 401
        await one.app.token_file.look()
        assert (await ask(one.url, "GET", "/setup", headers=own)).status == 401
    assert not (here / "issued_tokens").exists()


async def test_with_a_shared_store_it_is_said_who_does_not_know_the_tokens_of_a_file(
    tmp_path: Path, mock_judge: MockJudge, postgres_url: str
) -> None:
    file = str(tmp_path / "issued")
    changes = {"SPANJUDGE_DATABASE_URL": postgres_url, "SPANJUDGE_TOKENS_FILE": file}
    async with trying(tmp_path, mock_judge, changes) as server:
        listed = await ask(server.url, "GET", "/tokens", headers=BEARER)
    assert listed.fields["only_in"] == file


async def test_each_scope_opens_its_own_doors(server: Trying) -> None:
    address = server.url.removesuffix("/api/v1")
    score = {"scorer_name": "toxicity", "output": "Good morning."}
    doors: dict[str, tuple[str, str, object]] = {
        "score": ("POST", "/evaluate", score),
        "ingest": ("POST", "/v1/traces", NO_SPANS),
        "read": ("GET", "/api/v1/setup", None),
        "admin": ("GET", "/api/v1/tokens", None),
    }
    for scope in doors:
        made = (await ask(server.url, "POST", "/tokens", {"scopes": [scope]}, BEARER)).fields
        own = {"Authorization": f"Bearer {made['token']}"}
        for needed, (method, path, body) in doors.items():
            reply = await ask(address, method, path, body, own)
            assert reply.status == (200 if scope in (needed, "admin") else 403), (scope, path, reply.body)
            if reply.status == 403:
                assert f"scope “{needed}”" in json.dumps(reply.fields, ensure_ascii=False)
    health = await ask(address, "GET", "/health", headers=BEARER)
    assert health.status == 200


async def test_a_token_ends(server: Trying) -> None:
    issued = server.app.access.issued
    assert issued is not None
    token, grant = await issued.make(["read"], now_ns=time.time_ns(), expires_ns=time.time_ns() - 1)
    await server.app.access.reload()
    own = {"Authorization": f"Bearer {token}"}
    assert (await ask(server.url, "GET", "/setup", headers=own)).status == 401
    assert (await ask(server.url, "POST", "/session", {"token": token})).status == 401
    assert (await ask(server.url, "DELETE", f"/tokens/{grant.id}", headers=BEARER)).status == 204
    again = await ask(server.url, "DELETE", f"/tokens/{grant.id}", headers=BEARER)
    assert (again.status, again.fields["code"]) == (404, "unknown_token")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"scopes": ["everything"]}, "scopes[0]"),
        ({"scopes": []}, "scopes"),
        ({"expires_days": 0}, "expires_days"),
        ({"expires_days": "soon"}, "expires_days"),
        ({"name": "x" * 101}, "name"),
        ({"nmae": "x"}, "nmae"),
    ],
)
async def test_what_is_wrong_stands_beside_its_field(
    body: dict[str, object], field: str, server: Trying
) -> None:
    reply = await ask(server.url, "POST", "/tokens", body, BEARER)
    assert reply.status == 422
    assert [error["field"] for error in reply.fields["errors"]] == [field]
    assert (await ask(server.url, "GET", "/tokens", headers=BEARER)).fields["items"] == []


async def test_a_file_that_cannot_be_written_is_told(tmp_path: Path, mock_judge: MockJudge) -> None:
    (tmp_path / "file").touch()
    changes = {"SPANJUDGE_TOKENS_FILE": str(tmp_path / "file" / "tokens")}
    async with trying(tmp_path, mock_judge, changes) as server:
        reply = await ask(server.url, "POST", "/tokens", {}, BEARER)
        assert (reply.status, reply.fields["code"]) == (503, "tokens_file")
        assert "SPANJUDGE_TOKENS_FILE" in reply.fields["detail"]
