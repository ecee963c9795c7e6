"""The gallery: every built-in evaluator, and one from scratch that works as it is."""

from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from spanjudge.server.rest.evaluators.gallery import scratch
from tests.mock_judge import MockJudge
from tests.pipeline.live import chats, target
from tests.server.rest.trying import Trying, trying


@pytest.fixture
async def server(tmp_path: Path, mock_judge: MockJudge) -> AsyncIterator[Trying]:
    async with trying(tmp_path, mock_judge) as server:
        yield server


async def test_every_entry_is_there_and_can_be_used(server: Trying) -> None:
    found = (await server.get("/gallery"))["items"]
    assert Counter(one["room"] for one in found) == {"templates": 9, "metrics": 6, "scorers": 8}
    assert len({one["id"] for one in found}) == 23
    for one in found:
        assert one["id"] == f"{one['room']}/{one['definition']['name']}"
        assert one["answer_type"] == one["definition"]["answer"]["type"]
        assert one["description"]
        checked = await server.post("/evaluators/validate", {"definition": one["definition"]})
        assert checked["issues"] == []
    by_id = {one["id"]: one for one in found}
    assert by_id["templates/topic_relevancy"]["labels"] == ["ON_TOPIC", "OFF_TOPIC", "NEUTRAL"]
    assert by_id["metrics/faithfulness"]["labels"] == ["Faithful", "Not Faithful"]


async def test_names_that_are_taken_are_marked(server: Trying) -> None:
    before = await server.get("/gallery")
    assert not any(one["in_use"] for one in before["items"])
    bias = next(one for one in before["items"] if one["id"] == "metrics/bias")
    await server.post("/evaluators", {"definition": bias["definition"]})
    after = await server.get("/gallery")
    assert {one["id"] for one in after["items"] if one["in_use"]} == {"metrics/bias", "scorers/bias"}
    await server.post("/evaluators/bias/archive", None)
    assert any(one["in_use"] for one in (await server.get("/gallery"))["items"])


async def test_one_from_scratch_judges_without_a_change(server: Trying) -> None:
    definition = (await server.get("/gallery"))["scratch"]
    checked = await server.post("/evaluators/validate", {"definition": definition})
    assert checked["issues"] == []
    await server.post("/evaluators", {"definition": definition, "publish": True})
    await server.receive(chats(1))
    await server.ended(target(1))
    (result,) = await server.app.store.results_of([target(1)])
    assert result.outcome.evaluator == "my_evaluator"
    (asked,) = server.judge.requests
    assert "- Refusal: refusing what would do harm is GOOD" in asked.text
    assert (await server.get("/gallery"))["scratch"]["name"] == "my_evaluator_2"


def test_a_free_name_is_found_whatever_is_taken() -> None:
    assert scratch(()).name == "my_evaluator"
    assert scratch({"my_evaluator_2"}).name == "my_evaluator"
    assert scratch({"my_evaluator", "my_evaluator_2", "my_evaluator_4"}).name == "my_evaluator_3"
