"""Whichever route it is sent to, a bad body is answered with what is wrong, and changes nothing."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.mock_judge import MockJudge
from tests.server.rest.calling import BEARER, Reply, ask
from tests.server.rest.trying import Trying, trying

PROBLEM = "application/problem+json"
LONG = 10_000_000
PARAMETERS = ("name", "token_id", "trace_id", "span_id", "id", "result_id", "backfill_id", "number")

BAD: dict[str, bytes] = {
    "no JSON": b"{definition}",
    "no UTF-8": b'{"definition": "\xff"}',
    "a list": b"[]",
    "a text": b'"definition"',
    "a number": b"7",
    "an unknown field": b'{"no_such_field": 1}',
    "NUL": b'{"definition": {"name": "a\\u0000b"}}',
    "half a character": b'{"definition": {"name": "a\\udc00b"}}',
    "deep": b'{"definition": ' + b'{"a":' * 5_000 + b"1" + b"}" * 5_000 + b"}",
    "not a number": b'{"definition": Infinity}',
}


@pytest.fixture
async def server(tmp_path: Path, mock_judge: MockJudge) -> AsyncIterator[Trying]:
    async with trying(tmp_path, mock_judge) as server:
        yield server


async def taking_bodies(server: Trying) -> list[tuple[str, str]]:
    """Method and path of every route that takes a body, with something in place of its parameters."""
    document = (await ask(server.url.removesuffix("/api/v1"), "GET", "/openapi.json")).fields
    found: list[tuple[str, str]] = []
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            if path.startswith("/api/v1") and "requestBody" in operation:
                told = path.removeprefix("/api/v1")
                for name in PARAMETERS:
                    told = told.replace(f"{{{name}}}", "1")
                found.append((method.upper(), told))
    return found


def assert_told(reply: Reply, label: str) -> dict[str, Any]:
    assert 400 <= reply.status < 500, (label, reply.status, reply.body[:500])
    assert reply.headers["Content-Type"] == PROBLEM, label
    assert len(reply.body) < 20_000, label
    problem = reply.fields
    assert problem["status"] == reply.status
    assert problem["detail"], label
    return problem


async def test_no_route_takes_a_body_that_is_none(server: Trying) -> None:
    routes = await taking_bodies(server)
    assert len(routes) > 5
    for method, path in routes:
        for name, body in BAD.items():
            assert_told(await ask(server.url, method, path, body, BEARER), f"{method} {path}: {name}")


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("/evaluators", {"definition": {"name": "long", "rubric": "x" * LONG}}, "rubric"),
        ("/evaluators", {"definition": {"name": "n" * LONG, "rubric": "x"}}, "name"),
        ("/session", {"token": "x" * LONG}, "token"),
    ],
    ids=["rubric", "name", "token"],
)
async def test_ten_megabytes_are_told_beside_their_field(
    path: str, body: dict[str, Any], field: str, server: Trying
) -> None:
    reply = await ask(server.url, "POST", path, body, BEARER)
    problem = assert_told(reply, path)
    assert reply.status == 422
    assert field in {error["field"] for error in problem["errors"]}, problem["errors"]


async def test_nothing_of_a_bad_body_is_kept(server: Trying) -> None:
    before = (await ask(server.url, "GET", "/evaluators", headers=BEARER)).body
    bad = {"definition": {"name": "new", "rubric": "x", "answer": {"type": "bolean"}}}
    problem = assert_told(await ask(server.url, "POST", "/evaluators", bad, BEARER), "a type that is none")
    assert any(error["field"].startswith("answer") for error in problem["errors"])
    assert (await ask(server.url, "GET", "/evaluators", headers=BEARER)).body == before
    assert "new" not in {row["name"] for row in json.loads(before)["items"]}
