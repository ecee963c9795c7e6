"""`/api/v1/variables`: what of a span reaches the judge."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.mock_judge import MockJudge
from tests.pipeline.sent import CHAT, content, span
from tests.server.rest.trying import Trying, trying

IDS = {"trace_id": f"{1:032x}", "span_id": f"{1:016x}"}
RUBRIC: dict[str, Any] = {"name": "polite", "rubric": "Is it polite?", "answer": {"type": "boolean"}}
WRITTEN: dict[str, Any] = {
    "name": "written",
    "prompt": {
        "system": "You know {{tenant}} and {{nobody}}.",
        "user": '{{span.input}} {{span.output}} {{span.expected}} {{span.attributes["app.tenent"]}}',
    },
    "variables": {"tenant": "app.tenant", "nobody": "app.user"},
    "answer": {"type": "boolean"},
}


@pytest.fixture
async def server(tmp_path: Path, mock_judge: MockJudge) -> AsyncIterator[Trying]:
    async with trying(tmp_path, mock_judge) as running:
        said = content("Where to?", "x" * 200_000)
        extra = {"app.tenant": "acme", "app.user": ""}
        await running.receive([span(CHAT | said | extra, number=1)])
        yield running


async def shown(
    server: Trying, definition: dict[str, Any], **on: Any
) -> tuple[dict[str, Any], dict[str, Any]]:
    found = await server.post("/variables", {"definition": definition} | (on or {"span": IDS}))
    return {one["name"]: one for one in found["variables"]}, found


async def test_each_variable_is_resolved_empty_missing_or_cut(server: Trying) -> None:
    variables, _ = await shown(server, WRITTEN)
    assert {name: one["state"] for name, one in variables.items()} == {
        "tenant": "resolved",
        "nobody": "empty",
        "span.input": "resolved",
        "span.output": "cut",
        "span.expected": "missing",
        'span.attributes["app.tenent"]': "missing",
    }
    assert (variables["tenant"]["attribute"], variables["tenant"]["text"]) == ("app.tenant", "acme")
    cut = variables["span.output"]
    assert (cut["total_chars"], len(cut["text"])) == (200_000, 500)
    assert 119_000 < cut["kept_chars"] < 120_001
    assert cut["note"] == f"{200_000 - cut['kept_chars']:,} characters are left out"
    assert variables['span.attributes["app.tenent"]']["note"].endswith("did you mean app.tenant?")


async def test_the_prompt_is_what_the_judge_is_sent(server: Trying) -> None:
    for definition in (WRITTEN, RUBRIC):
        _, found = await shown(server, definition, pasted={"input": "a", "output": "b"})
        server.judge.requests.clear()
        await server.post("/trials", {"definition": definition, "pasted": {"input": "a", "output": "b"}})
        (asked,) = server.judge.requests
        said = [one["content"] for one in asked.fields["messages"]]
        assert said == [found["prompt"]["system"], found["prompt"]["user"]]
        sent_schema = asked.fields["response_format"]["json_schema"]["schema"]
        assert sent_schema["properties"].keys() == found["prompt"]["answer_schema"]["properties"].keys()
        assert (found["prompt"]["exact"], found["prompt"]["note"]) == (True, "")
        assert 100 < found["tokens"] < 1_200


async def test_a_rubric_shows_every_field_and_names_its_needs_first(server: Trying) -> None:
    variables, _ = await shown(server, RUBRIC | {"needs": ["context", "output"]})
    assert list(variables) == ["span.context", "span.output", "span.input"]
    assert [one["state"] for one in variables.values()] == ["missing", "cut", "resolved"]
    assert variables["span.context"]["note"].startswith("nothing of the kind was recorded")


async def test_unfinished_definitions_are_shown_as_far_as_they_go(server: Trying) -> None:
    _, found = await shown(server, {})
    assert "Where to?" in found["prompt"]["user"]
    assert found["prompt"]["exact"] is False
    for field in ("rubric", "answer.labels"):
        assert field in found["prompt"]["note"]
    broken = WRITTEN | {"prompt": {"system": "", "user": "{{span.inputt}} {{span.output}} {{ {{tenant}}"}}
    variables, found = await shown(server, broken)
    assert variables["span.output"]["state"] == "cut"
    assert "{ {span.inputt}}" in found["prompt"]["user"]
    assert "did you mean “span.input”" in found["prompt"]["note"]


async def test_blank_is_not_missing(server: Trying) -> None:
    variables, _ = await shown(server, RUBRIC | {"needs": ["output"]}, pasted={"input": "a"})
    assert variables["span.output"]["state"] == "empty"
    variables, _ = await shown(server, WRITTEN, pasted={"output": "b"})
    assert variables["span.input"]["state"] == "missing"
