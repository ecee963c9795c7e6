"""What an evaluator said before, and what changed from one version to another."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.mock_judge import MockJudge
from tests.server.rest.trying import Trying, trying

FIRST: dict[str, Any] = {
    "name": "topic",
    "description": "Is it about travel?",
    "needs": ["input"],
    "rubric": "ON when about travel.\nOFF when not.\nA greeting is ON.\n",
    "answer": {
        "type": "category",
        "labels": [{"name": "ON"}, {"name": "OFF", "description": "anything else"}],
    },
    "acceptance": {"pass_values": ["ON"]},
}
SECOND = FIRST | {
    "rubric": "ON when about travel.\nOFF when about something else.\nA greeting is ON.\n",
    "scope": {"sampling": 25, "services": ["desk"]},
    "answer": {"type": "category", "labels": [{"name": "ON"}, {"name": "OFF"}]},
    "acceptance": None,
}
THIRD = SECOND | {"description": "Is it on topic?"}


@pytest.fixture
async def server(tmp_path: Path, mock_judge: MockJudge) -> AsyncIterator[Trying]:
    async with trying(tmp_path, mock_judge) as server:
        first = await server.post("/evaluators", {"definition": FIRST, "publish": True})
        base = first["published_version"]
        for definition in (SECOND, THIRD):
            body = {"definition": definition, "base_version": base}
            reply = await server.send("PUT", "/evaluators/topic", body)
            assert reply.status == 200, reply.text
            base = reply.fields["draft_version"]
        yield server


def by_field(diff: dict[str, Any]) -> dict[str, Any]:
    return {one["field"]: one for one in diff["changes"]}


async def test_every_version_is_there_newest_first(server: Trying) -> None:
    found: Any = (await server.send("GET", "/evaluators/topic/versions")).fields
    assert [(one["number"], one["status"], one["results"]) for one in found] == [
        (3, "draft", 0),
        (2, "archived", 0),
        (1, "published", 0),
    ]
    assert len({one["version"] for one in found}) == 3
    assert found[2]["published"] is not None
    assert found[1]["published"] is None


async def test_an_old_version_can_be_read_and_saved_again(server: Trying) -> None:
    second = await server.get("/evaluators/topic/versions/2")
    assert (second["rubric"], second["scope"]["sampling"]) == (SECOND["rubric"], 25)
    now = await server.get("/evaluators/topic")
    body = {"definition": second, "base_version": now["draft_version"]}
    back = (await server.send("PUT", "/evaluators/topic", body)).fields
    assert (back["draft_number"], back["draft_version"]) == (4, now["versions"][1]["version"])


async def test_without_being_told_the_draft_is_compared_with_what_runs(server: Trying) -> None:
    now = await server.get("/evaluators/topic")
    diff = await server.get("/evaluators/topic/diff")
    assert (diff["before"], diff["after"]) == (now["published_version"], now["draft_version"])
    changes = by_field(diff)
    assert list(changes) == [
        "description",
        "scope.services",
        "scope.sampling",
        "rubric",
        "answer.labels",
        "acceptance",
    ]
    assert (changes["scope.sampling"]["before"], changes["scope.sampling"]["after"]) == ("100", "25")
    assert changes["scope.services"]["after"] == "[desk]"
    assert changes["acceptance"]["after"] == ""
    assert changes["rubric"]["diff"] == [
        "…",
        " ON when about travel.",
        "-OFF when not.",
        "+OFF when about something else.",
        " A greeting is ON.",
    ]
    assert changes["answer.labels"]["diff"] == [
        "- {name: OFF, description: anything else}",
        '+ {name: OFF, description: ""}',
    ]


async def test_any_two_versions_are_compared_by_number_or_hash(server: Trying) -> None:
    third, second, first = (await server.get("/evaluators/topic"))["versions"]
    by_number = await server.get("/evaluators/topic/diff", before="2", after="3")
    by_hash = await server.get("/evaluators/topic/diff", before=second["version"], after=third["version"])
    assert by_number == by_hash
    assert list(by_field(by_number)) == ["description"]
    backwards = await server.get("/evaluators/topic/diff", before="3", after="2")
    assert by_field(backwards)["description"]["after"] == "Is it about travel?"
    same = await server.get("/evaluators/topic/diff", before="1", after=first["version"])
    assert same["changes"] == []
    await server.send("DELETE", "/evaluators/topic/draft")
    below = await server.get("/evaluators/topic/diff")
    assert (below["before"], below["after"]) == (first["version"], first["version"])


async def test_a_version_that_is_not_there_is_told(server: Trying) -> None:
    reply = await server.send("GET", "/evaluators/topic/diff", before="9")
    assert (reply.status, reply.code) == (404, "unknown_version")
    assert reply.fields["errors"][0]["field"] == "before"
    assert "1 to 3" in reply.fields["detail"]
    assert (await server.send("GET", "/evaluators/topic/versions/4")).status == 404
    for odd in ("0", "x", str(2**70)):
        assert (await server.send("GET", f"/evaluators/topic/versions/{odd}")).status == 422
