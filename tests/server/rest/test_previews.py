"""`/api/v1/previews`: counts, cost and words, on a running server."""

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from spanjudge.judging.usage import Usage, UsageRow
from spanjudge.server.rest.problems.problem import ApiProblem
from spanjudge.server.rest.trying.places import Places
from spanjudge.spans.otlp import read_spans
from tests.mock_judge import MockJudge
from tests.pipeline.live import chats, question, request, target
from tests.server.rest.trying import Trying, trying

DRAFT: dict[str, Any] = {
    "name": "polite",
    "rubric": "Is it polite?",
    "answer": {"type": "boolean"},
    "needs": ["input", "output"],
}


@pytest.fixture
async def server(tmp_path: Path, mock_judge: MockJudge) -> AsyncIterator[Trying]:
    async with trying(tmp_path, mock_judge) as running:
        yield running


def scoped(**scope: Any) -> dict[str, Any]:
    return {"definition": DRAFT | {"scope": scope}}


async def test_spans_are_counted_and_shown(server: Trying) -> None:
    await server.receive([*chats(*range(10)), *chats(10, 11, content=False)])
    found = await server.post("/previews", scoped() | {"samples": 2})
    assert (found["received"], found["matching"], found["with_content"], found["judged"]) == (12, 12, 10, 10)
    assert (found["examined"], found["exact"]) == (12, True)
    (reason,) = found["reasons"]
    assert reason["value"].startswith("no content: the span carries no text")
    assert reason["count"] == 2
    assert [one["service"] for one in found["samples"]] == ["travel-desk"] * 2
    assert found["samples"][0]["input"].startswith("Where is gate")


async def test_where_nothing_can_be_judged_the_samples_are_of_what_lacks_something(server: Trying) -> None:
    await server.receive(chats(*range(3)))
    needy = DRAFT | {"needs": ["context"]}
    found = await server.post("/previews", {"definition": needy, "samples": 2})
    assert (found["matching"], found["judged"]) == (3, 0)
    assert [one["service"] for one in found["samples"]] == ["travel-desk"] * 2
    elsewhere = needy | {"scope": {"services": ["elsewhere"]}}
    found = await server.post("/previews", {"definition": elsewhere, "samples": 2})
    assert found["samples"] == []


async def test_the_cost_of_a_day_is_that_of_the_prompts_that_would_be_sent(server: Trying) -> None:
    await server.receive(chats(*range(8)))
    alone = await server.post("/previews", scoped())
    prompt = await server.post("/variables", {"definition": DRAFT, "span": ids(0)})
    assert prompt["tokens"] < alone["tokens_call"] < prompt["tokens"] + 300
    # The store is minutes old: a day is projected from an hour.
    assert alone["calls_day"] == 8 * 24
    assert alone["tokens_day"] == pytest.approx(alone["calls_day"] * alone["tokens_call"])
    assert 0 < alone["usd_day"] < 0.2
    assert "A day is projected from 1 h" in alone["note"]
    assert alone["batched"] is False
    await server.publish(question("right"), question("brief"))
    shared = await server.post("/previews", scoped())
    assert shared["batched"] is True
    assert shared["tokens_call"] < alone["tokens_call"] * 0.75
    assert shared["budget_left_tokens"] > 0


async def test_models_that_write_much_cost_what_they_cost_lately(server: Trying) -> None:
    await server.receive(chats(1))
    before = await server.post("/previews", scoped())
    today = time.strftime("%Y-%m-%d", time.gmtime())
    row = UsageRow(
        day=today,
        evaluator="thinker",
        provider="openai",
        model="gpt-4o-mini-2024-07-18",
        usage=Usage(input=100, output=25 * 4_000),
        calls=25,
        results=25,
    )
    await server.app.store.add_usage([row])
    after = await server.post("/previews", scoped())
    assert after["tokens_call"] - before["tokens_call"] == pytest.approx(4_000, abs=200)


async def test_each_rule_says_what_it_does(server: Trying) -> None:
    await server.receive(chats(*range(6)))
    rules = [
        {"attribute": "gen_ai.request.model", "operator": "equals", "value": "m-1"},
        {"attribute": "", "operator": "exists"},
        {"attribute": "gen_ai.respons.id", "operator": "exists"},
    ]
    found = await server.post("/previews", scoped(rules=rules))
    assert [one["index"] for one in found["rules"]] == [0, 2]
    first, last = found["rules"]
    assert (first["matching"], first["without"], first["seen"]) == (6, 0, True)
    assert (last["matching"], last["without"], last["seen"]) == (0, 6, False)
    assert last["nearest"] == "gen_ai.response.id"
    assert found["usd_day"] == 0.0


async def test_traces_sessions_services_and_sampling(server: Trying) -> None:
    await server.receive(chats(0, 1, 2, trace=0))
    await server.receive(chats(3, 4, trace=3))
    whole: dict[str, Any] = DRAFT | {"target": "trace", "needs": []}
    found = await server.post("/previews", {"definition": whole})
    assert (found["received"], found["judged"]) == (2, 2)
    found = await server.post("/previews", {"definition": DRAFT | {"target": "session"}})
    assert (found["received"], found["judged"], found["calls_day"]) == (0, 0, 0)
    found = await server.post("/previews", scoped(services=["another"]))
    assert found["received"] == 0
    found = await server.post("/previews", scoped(sampling=0))
    assert (found["with_content"], found["judged"]) == (5, 0)
    assert found["reasons"] == [{"value": "sampled out", "count": 5}]


async def test_only_what_is_matched_by_must_be_right(server: Trying) -> None:
    unfinished = {"definition": {"scope": {"sampling": 10}}}
    assert (await server.post("/previews", unfinished))["received"] == 0
    rules = [{"attribute": "name", "operator": "matches", "value": "(["}]
    reply = await server.send(
        "POST", "/previews", {"definition": {"scope": {"rules": rules, "sampling": 200}}}
    )
    assert (reply.status, reply.code) == (422, "invalid_evaluator")
    assert [one["field"] for one in reply.fields["errors"]] == ["scope.sampling", "scope.rules[0].value"]
    reply = await server.send("POST", "/previews", {"definition": {}, "hours": 0, "colour": "red"})
    assert {one["field"] for one in reply.fields["errors"]} == {"hours", "colour"}


async def test_a_judge_model_that_is_not_there_has_no_price(server: Trying) -> None:
    await server.receive(chats(1))
    found = await server.post("/previews", {"definition": DRAFT | {"judge": "nobody"}})
    assert (found["judged"], found["usd_day"]) == (1, None)
    assert "no judge model “nobody”" in found["note"]


async def test_old_spans_are_not_of_the_last_hours(server: Trying) -> None:
    message = request([1, 2])
    for one in message.resource_spans[0].scope_spans[0].spans:
        one.start_time_unix_nano -= 2 * 3_600_000_000_000
    await server.receive(read_spans(message).spans)
    assert (await server.post("/previews", scoped() | {"hours": 1}))["received"] == 0
    assert (await server.post("/previews", scoped() | {"hours": 3}))["received"] == 2


async def test_places_hold_back_and_refuse() -> None:
    places = Places(1, 1, "previews")
    inside, go = asyncio.Event(), asyncio.Event()

    async def stay() -> None:
        async with places:
            inside.set()
            await go.wait()

    first = asyncio.create_task(stay())
    await inside.wait()
    second = asyncio.create_task(stay())
    await asyncio.sleep(0)
    with pytest.raises(ApiProblem) as refused:
        async with places:
            pass
    assert (refused.value.status, refused.value.headers["retry-after"]) == (429, "2")
    go.set()
    await asyncio.gather(first, second)
    async with places:
        pass


def ids(number: int) -> dict[str, str]:
    one = target(number)
    return {"trace_id": one.trace_id, "span_id": one.span_id}
