"""The OpenAPI document tells of every route what somebody needs who has nothing else."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from tests.mock_judge import MockJudge
from tests.server.rest.calling import BEARER, ask
from tests.server.rest.trying import trying

PROBLEM = "application/problem+json"


@pytest.fixture
async def document(tmp_path: Path, mock_judge: MockJudge) -> AsyncIterator[dict[str, Any]]:
    async with trying(tmp_path, mock_judge) as server:
        address = server.url.removesuffix("/api/v1")
        yield (await ask(address, "GET", "/openapi.json")).fields


def operations(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, methods in document["paths"].items():
        if path.startswith("/api/v1"):
            for method, operation in methods.items():
                yield f"{method.upper()} {path}", operation


async def test_every_route_is_told(document: dict[str, Any]) -> None:
    assert document["openapi"].startswith("3.1")
    found = dict(operations(document))
    for label, operation in found.items():
        assert operation["summary"], label
        assert operation["description"], label
        assert operation["tags"], label
        for parameter in operation.get("parameters", []):
            schema = parameter["schema"]
            assert parameter.get("description") or schema.get("examples") or "enum" in schema, (
                f"{label}: {parameter['name']} has neither a description nor an example"
            )
    ids = [operation["operationId"] for operation in found.values()]
    assert len(ids) == len(set(ids))


async def test_who_may_ask_is_told(document: dict[str, Any]) -> None:
    schemes = document["components"]["securitySchemes"]
    assert schemes["cookie"]["in"] == "cookie"
    assert schemes["bearer"]["scheme"] == "bearer"
    free = {label for label, operation in operations(document) if operation["security"] == []}
    assert free == {"POST /api/v1/session", "DELETE /api/v1/session"}
    for label, operation in operations(document):
        changes = not label.startswith("GET")
        if label not in free:
            assert {"bearer": []} in operation["security"], label
            assert {"401"} <= set(operation["responses"]), label
            assert operation["x-scope"] in ({"read", "admin"} if changes else {"read", "admin", "known"}), (
                label
            )


async def test_every_problem_is_told_in_one_shape(document: dict[str, Any]) -> None:
    for label, operation in operations(document):
        for status, response in operation["responses"].items():
            if status.startswith(("4", "5")):
                assert set(response["content"]) == {PROBLEM}, (label, status)
        assert "503" in operation["responses"], label
        if "requestBody" in operation:
            assert {"400", "413", "415", "422"} <= set(operation["responses"]), label


async def test_examples_fit_what_they_are_examples_of(document: dict[str, Any]) -> None:
    wrong: list[str] = []
    for label, operation in operations(document):
        holders = {"request": operation.get("requestBody", {}), **operation["responses"]}
        for place, holder in holders.items():
            for kind, content in holder.get("content", {}).items():
                if not kind.endswith("json"):
                    continue
                assert "example" in content or "examples" in content, (label, place)
                schema = {**content["schema"], "components": document["components"]}
                wrong += [
                    f"{label} {place}: {list(error.path)}: {error.message[:200]}"
                    for error in Draft202012Validator(schema).iter_errors(content.get("example"))  # pyright: ignore[reportUnknownMemberType]  # half typed
                ]
    assert not wrong, "\n".join(wrong)


async def test_a_route_that_changes_something_needs_more_than_looking(
    tmp_path: Path, mock_judge: MockJudge
) -> None:
    async with trying(tmp_path, mock_judge) as server:
        address = server.url.removesuffix("/api/v1")
        document = (await ask(address, "GET", "/openapi.json")).fields
        made = (await ask(server.url, "POST", "/tokens", {"scopes": ["read"]}, BEARER)).fields
        reader = {"Authorization": f"Bearer {made['token']}"}
        for label, operation in operations(document):
            method, _, path = label.partition(" ")
            if operation["x-scope"] != "admin":
                continue
            for name in ("name", "token_id", "trace_id", "span_id", "id", "result_id", "backfill_id"):
                path = path.replace(f"{{{name}}}", "1")
            body = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
            reply = await ask(address, method, path, body.get("example"), reader)
            assert (reply.status, reply.fields["code"]) == (403, "scope_missing"), label
