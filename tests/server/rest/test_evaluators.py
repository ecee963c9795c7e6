"""Evaluators over the REST API: from nothing to judging, and several who edit at once."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from spanjudge.evaluators.answer_format import Boolean
from spanjudge.evaluators.evaluator import Evaluator
from tests.mock_judge import MockJudge
from tests.pipeline.live import chats, target
from tests.server.rest.calling import ask
from tests.server.rest.trying import Trying, trying

DEFINITION: dict[str, Any] = {
    "name": "polite",
    "needs": ["output"],
    "rubric": "true when the output is polite, else false.\nIrony is not polite.",
    "answer": {"type": "boolean"},
    "acceptance": {"pass_when": True},
}
KEPT_IN_A_FILE = """
name: of_a_file
rubric: true when it is short, else false.
answer: {type: boolean}
"""


@pytest.fixture
async def server(tmp_path: Path, mock_judge: MockJudge) -> AsyncIterator[Trying]:
    async with trying(tmp_path, mock_judge) as server:
        yield server


def changed(**fields: Any) -> dict[str, Any]:
    return DEFINITION | fields


async def made(server: Trying, *, publish: bool = False) -> dict[str, Any]:
    return await server.post("/evaluators", {"definition": DEFINITION, "publish": publish})


async def test_what_is_published_judges_the_very_next_span(server: Trying) -> None:
    reply = await server.send("POST", "/evaluators", {"definition": DEFINITION})
    assert (reply.status, reply.headers["Location"]) == (201, "/api/v1/evaluators/polite")
    draft = reply.fields
    assert (draft["status"], draft["published"], draft["draft_number"]) == ("draft", None, 1)
    await server.receive(chats(1))
    version = {"version": draft["draft_version"]}
    published = await server.post("/evaluators/polite/publish", version)
    assert (published["status"], published["draft"], published["published_number"]) == ("published", None, 1)
    await server.receive(chats(2))
    await server.ended(target(2))
    assert [job.evaluator for job in await server.app.store.jobs_of([target(1), target(2)])] == ["polite"]
    (row,) = (await server.get("/evaluators"))["items"]
    assert (row["name"], row["status"], row["number"], row["answer_type"]) == (
        "polite",
        "published",
        1,
        "boolean",
    )
    assert row["figures"]["passed"] + row["figures"]["failed"] == 1
    assert row["figures"]["spans"] == 1
    assert row["last_result"] is not None
    (one,) = await versions(server)
    assert (one["status"], one["results"]) == ("published", 1)


async def versions(server: Trying) -> Any:
    reply = await server.send("GET", "/evaluators/polite/versions")
    assert reply.status == 200
    return reply.fields


async def test_a_definition_comes_back_as_it_was_saved(server: Trying) -> None:
    await made(server)
    draft = (await server.get("/evaluators/polite"))["draft"]
    assert {name: draft[name] for name in ("name", "needs", "rubric")} == {
        name: DEFINITION[name] for name in ("name", "needs", "rubric")
    }
    assert draft["scope"] == {"services": [], "sampling": 100.0, "rules": []}
    assert draft["acceptance"] == {"pass_values": None, "pass_when": True, "min": None, "max": None}
    body = {"definition": draft, "base_version": "whatever", "publish": False}
    again = await server.send("PUT", "/evaluators/polite", body)
    assert (again.status, again.fields["draft_number"]) == (200, 1)


async def test_a_new_version_waits_as_a_draft_above_what_runs(server: Trying) -> None:
    before = await made(server, publish=True)
    body = {"definition": changed(rubric="new"), "base_version": before["published_version"]}
    after = (await server.send("PUT", "/evaluators/polite", body)).fields
    assert (after["status"], after["published_number"], after["draft_number"]) == ("published", 1, 2)
    assert after["published"]["rubric"] == DEFINITION["rubric"]
    assert after["draft"]["rubric"] == "new"
    (row,) = (await server.get("/evaluators"))["items"]
    assert (row["number"], row["draft_number"]) == (1, 2)
    back = (await server.send("DELETE", "/evaluators/polite/draft")).fields
    assert (back["draft"], back["published_number"], len(back["versions"])) == (None, 1, 2)


async def test_of_two_editors_the_second_is_shown_what_the_first_did(server: Trying) -> None:
    base = (await made(server))["draft_version"]
    mine = {"definition": changed(description="mine"), "base_version": base}
    theirs = {"definition": changed(rubric="one\ntwo"), "base_version": base}
    replies = await asyncio.gather(
        *(server.send("PUT", "/evaluators/polite", body) for body in (mine, theirs))
    )
    assert sorted(reply.status for reply in replies) == [200, 409]
    (kept,) = [reply.fields for reply in replies if reply.status == 200]
    (lost,) = [reply.fields for reply in replies if reply.status == 409]
    assert lost["code"] == "conflict"
    assert "changed since you opened it" in lost["detail"]
    conflict = lost["conflict"]
    assert conflict["stored"] == kept
    field = "description" if kept["draft"]["description"] == "mine" else "rubric"
    assert [one["field"] for one in conflict["changes"]] == [field]
    assert conflict["changes"][0]["after"] == kept["draft"][field]
    assert (await server.get("/evaluators/polite")) == kept


async def test_only_the_version_that_was_seen_is_published(server: Trying) -> None:
    seen = (await made(server))["draft_version"]
    body = {"definition": changed(description="newer"), "base_version": seen}
    await server.send("PUT", "/evaluators/polite", body)
    reply = await server.send("POST", "/evaluators/polite/publish", {"version": seen})
    assert (reply.status, reply.code) == (409, "conflict")
    assert [one["field"] for one in reply.fields["conflict"]["changes"]] == ["description"]
    assert (await server.get("/evaluators/polite"))["status"] == "draft"


async def test_a_name_that_is_taken_says_what_to_do(server: Trying) -> None:
    await made(server, publish=True)
    reply = await server.send("POST", "/evaluators", {"definition": changed(rubric="else")})
    assert (reply.status, reply.code) == (409, "exists")
    assert "edit that one" in reply.fields["detail"]
    assert reply.fields["errors"] == [{"field": "name", "message": "is taken; choose another one"}]
    assert reply.fields["conflict"]["stored"]["published_number"] == 1
    await server.send("POST", "/evaluators/polite/archive")
    reply = await server.send("POST", "/evaluators", {"definition": changed(rubric="else")})
    assert reply.status == 409
    assert "publish it to bring it back" in reply.fields["detail"]


async def test_another_name_is_another_evaluator(server: Trying) -> None:
    base = (await made(server))["draft_version"]
    body = {"definition": changed(name="kind"), "base_version": base}
    reply = await server.send("PUT", "/evaluators/polite", body)
    assert (reply.status, reply.code) == (422, "renamed")
    assert "make a new evaluator" in reply.fields["detail"]
    assert reply.fields["errors"][0]["field"] == "name"
    assert [one["name"] for one in (await server.get("/evaluators"))["items"]] == ["polite"]


async def test_a_pause_and_its_end_leave_the_draft_a_draft(server: Trying) -> None:
    base = (await made(server, publish=True))["published_version"]
    body = {"definition": changed(rubric="new"), "base_version": base}
    await server.send("PUT", "/evaluators/polite", body)
    paused = await server.post("/evaluators/polite/pause", {"reason": "too strict"})
    assert (paused["status"], paused["reason"], paused["paused_by"]) == ("paused", "too strict", "user")
    (row,) = (await server.get("/evaluators"))["items"]
    assert (row["status"], row["reason"], row["draft_number"]) == ("paused", "too strict", 2)
    await server.receive(chats(1))
    (job,) = await server.app.store.jobs_of([target(1)])
    assert job.state == "waiting"
    resumed = await server.post("/evaluators/polite/resume", None)
    assert (resumed["status"], resumed["published_number"], resumed["draft_number"]) == ("published", 1, 2)
    await server.ended(target(1))


async def test_there_is_nothing_to_pause_about_a_draft(server: Trying) -> None:
    await made(server)
    for action in ("pause", "resume"):
        reply = await server.send("POST", f"/evaluators/polite/{action}")
        assert (reply.status, reply.code) == (409, "not_published")
        assert "publish it" in reply.fields["detail"]


async def test_the_archive_gives_back_what_it_took(server: Trying) -> None:
    await made(server, publish=True)
    archived = await server.post("/evaluators/polite/archive", None)
    assert (archived["status"], archived["published"], archived["draft_number"]) == ("archived", None, 1)
    await server.receive(chats(1))
    assert await server.app.store.jobs_of([target(1)]) == []
    assert (await server.get("/evaluators"))["items"] == []
    (row,) = (await server.get("/evaluators", archived="true"))["items"]
    assert row["status"] == "archived"
    body = {"definition": DEFINITION, "base_version": archived["draft_version"]}
    saved = (await server.send("PUT", "/evaluators/polite", body)).fields
    assert (saved["status"], saved["draft_number"]) == ("draft", 1)
    published = await server.post("/evaluators/polite/publish", None)
    assert (published["status"], published["published_number"]) == ("published", 1)


async def test_an_unknown_name_is_told_wherever_it_is_asked_for(server: Trying) -> None:
    asked = [
        ("GET", "", None),
        ("PUT", "", {"definition": changed(name="absent"), "base_version": "0123456789ab"}),
        ("GET", "/versions", None),
        ("GET", "/versions/1", None),
        ("GET", "/diff", None),
        ("DELETE", "/draft", None),
        *(("POST", f"/{action}", None) for action in ("publish", "pause", "resume", "archive")),
    ]
    for method, path, body in asked:
        reply = await server.send(method, f"/evaluators/absent{path}", body)
        assert (reply.status, reply.code) == (404, "unknown_evaluator"), (method, path, reply.text)
        assert "absent" in reply.fields["detail"]


async def test_a_definition_with_faults_is_not_saved_and_every_fault_is_told(server: Trying) -> None:
    bad = {"name": "9 lives", "rubric": " ", "judge": "nobody", "answer": {"labels": [{"name": "A"}]}}
    reply = await server.send("POST", "/evaluators", {"definition": bad})
    assert (reply.status, reply.code) == (422, "invalid_evaluator")
    assert [one["field"] for one in reply.fields["errors"]] == ["judge", "name", "rubric", "answer.labels"]
    assert "Nothing was saved" in reply.fields["detail"]
    assert "and 3 more" in reply.fields["detail"]
    assert (await server.get("/evaluators", archived="true"))["items"] == []
    base = (await made(server))["draft_version"]
    body = {"definition": changed(rubric=""), "base_version": base, "publish": True}
    reply = await server.send("PUT", "/evaluators/polite", body)
    assert (reply.status, [one["field"] for one in reply.fields["errors"]]) == (422, ["rubric"])


async def test_a_judge_that_is_gone_is_told_before_publishing(server: Trying) -> None:
    one = Evaluator(name="of_old", rubric="true when good", answer=Boolean(), judge="gone")
    await server.app.store.save_version(one, now_ns=1)
    reply = await server.send("POST", f"/evaluators/{one.name}/publish")
    assert (reply.status, reply.fields["errors"][0]["field"]) == (422, "judge")
    assert "“gone”" in reply.fields["detail"]


async def test_what_a_file_keeps_is_marked(tmp_path: Path, mock_judge: MockJudge) -> None:
    folder = tmp_path / "files"
    folder.mkdir()
    (folder / "one.yaml").write_text(KEPT_IN_A_FILE, encoding="utf-8")
    async with trying(tmp_path / "data", mock_judge, {"SPANJUDGE_EVALUATORS_DIR": str(folder)}) as server:
        await server.publish(*server.app.own_evaluators)
        await made(server)
        rows = (await server.get("/evaluators"))["items"]
        assert {row["name"]: row["from_file"] for row in rows} == {"of_a_file": True, "polite": False}
        one = await server.get("/evaluators/of_a_file")
        assert one["from_file"]
        found = await server.post("/evaluators/validate", {"definition": one["published"]})
        (warning,) = found["issues"]
        assert (warning["field"], warning["severity"]) == ("name", "warning")
        assert "restart" in warning["message"]
        assert found["version"] == one["published_version"]


async def test_reading_needs_read_and_changing_needs_admin(server: Trying) -> None:
    token = await server.post("/tokens", {"scopes": ["read"], "name": "a reader"})
    reader = {"Authorization": f"Bearer {token['token']}"}
    await made(server)
    asked: list[tuple[str, str, Any, int]] = [
        ("GET", "/evaluators", None, 200),
        ("GET", "/evaluators/polite", None, 200),
        ("GET", "/gallery", None, 200),
        ("POST", "/evaluators/validate", {"definition": {}}, 200),
        ("POST", "/evaluators", {"definition": DEFINITION}, 403),
        ("PUT", "/evaluators/polite", {"definition": DEFINITION, "base_version": "x"}, 403),
        ("DELETE", "/evaluators/polite/draft", None, 403),
        *(("POST", f"/evaluators/polite/{verb}", None, 403) for verb in ("publish", "pause", "archive")),
    ]
    for method, path, body, status in asked:
        reply = await ask(server.url, method, path, body, reader)
        assert reply.status == status, (method, path, reply.body)
