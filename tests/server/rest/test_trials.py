"""`/api/v1/trials`: a draft on real spans and pasted text."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.mock_judge import MockJudge
from tests.mock_judge.behaviour import Behaviour, held, openai_error
from tests.pipeline.live import chats, eventually, question, target
from tests.pipeline.sent import CHAT, called, content, span, text
from tests.server.rest.test_previews import DRAFT, ids
from tests.server.rest.trying import BEARER, Trying, trying


@pytest.fixture
async def server(tmp_path: Path, mock_judge: MockJudge) -> AsyncIterator[Trying]:
    async with trying(tmp_path, mock_judge) as running:
        yield running


async def test_a_draft_judges_a_stored_span_and_stores_nothing_but_its_cost(server: Trying) -> None:
    await server.receive(chats(1))
    server.judge.always(Behaviour(answer={"explanation": "It greets.", "value": True}))
    definition: dict[str, Any] = DRAFT | {
        "acceptance": {"pass_when": True},
        "labels": {"pass": "Polite", "fail": "Rude"},
    }
    trial = await server.post("/trials", {"definition": definition, "span": ids(1)})
    result = trial["result"]
    assert (result["outcome"], result["label"], result["explanation"]) == ("pass", "Polite", "It greets.")
    assert result["judge_model"].startswith("gpt-4o-mini")
    assert result["cost_usd"] > 0
    assert result["target"]["span_id"] == target(1).span_id
    assert (trial["skipped"], trial["matches"], trial["mismatch"], trial["published"]) == ("", True, "", None)
    assert await server.app.store.results_of([target(1)]) == []
    assert await server.app.store.evaluators() == []

    async def noted() -> bool:
        rows = await server.app.store.usage_since("2000-01-01")
        return [(row.evaluator, row.calls) for row in rows] == [("polite", 1)]

    await eventually(noted)


async def test_what_the_published_version_said_stands_beside_it(server: Trying) -> None:
    await server.publish(question("polite"))
    await server.receive(chats(1))
    await server.ended(target(1))
    trial = await server.post("/trials", {"definition": DRAFT, "span": ids(1)})
    assert trial["published"]["number"] == 1
    assert trial["published"]["version"] != trial["result"]["version"]


async def test_a_span_out_of_scope_is_judged_all_the_same_and_says_so(server: Trying) -> None:
    await server.receive(chats(1))
    scope = {"services": ["shop"]}
    trial = await server.post("/trials", {"definition": DRAFT | {"scope": scope}, "span": ids(1)})
    assert trial["result"]["outcome"] == "value"
    assert trial["matches"] is False
    assert trial["mismatch"] == "the service is travel-desk; judged are only shop"


async def test_what_is_missing_is_not_asked_about(server: Trying) -> None:
    await server.receive(chats(1))
    needs = DRAFT | {"needs": ["expected"]}
    trial = await server.post("/trials", {"definition": needs, "span": ids(1)})
    assert (trial["result"], trial["skipped"]) == (None, "the span has no expected")
    trial = await server.post("/trials", {"definition": needs, "pasted": {"input": "a", "output": "b"}})
    assert (trial["result"], "needs expected" in trial["skipped"]) == (None, True)
    assert server.judge.requests == []


async def test_pasted_text_reaches_the_judge(server: Trying) -> None:
    prompt = {
        "system": "You know {{tenant}}.",
        "user": "{{span.input}} | {{span.context}} | {{span.expected}}",
    }
    definition: dict[str, Any] = DRAFT | {
        "rubric": None,
        "prompt": prompt,
        "needs": [],
        "variables": {"tenant": "app.tenant"},
    }
    pasted = {
        "input": "Where to?",
        "output": "Left.",
        "context": "The gate is left.",
        "expected": "To the left.",
        "attributes": {"app.tenant": "acme"},
    }
    await server.post("/trials", {"definition": definition, "pasted": pasted})
    (asked,) = server.judge.requests
    for words in ("Where to?", "The gate is left.", "To the left.", "acme"):
        assert words in asked.text


async def test_failures_of_the_judge_are_outcomes(server: Trying) -> None:
    body = {"definition": DRAFT, "pasted": {"input": "a", "output": "b"}}
    server.judge.always(openai_error(401, "Incorrect API key", code="invalid_api_key"))
    result = (await server.post("/trials", body))["result"]
    assert (result["outcome"], result["code"], result["value"]) == ("none", "judge_key_refused", "")
    assert "sk-of-a-test" not in json.dumps(result)
    server.judge.always(Behaviour(answer="no JSON at all"))
    assert (await server.post("/trials", body))["result"]["code"] == "judge_answer_invalid"


async def test_budgets_hold_for_trials(tmp_path: Path, mock_judge: MockJudge) -> None:
    async with trying(tmp_path, mock_judge, {"SPANJUDGE_BUDGET_TOKENS_DAY": "10"}) as server:
        body = {"definition": DRAFT, "pasted": {"input": "a", "output": "b"}}
        assert (await server.post("/trials", body))["result"]["code"] == "budget_exhausted"
        assert mock_judge.requests == []


async def test_definitions_that_cannot_be_used_are_refused_by_field(server: Trying) -> None:
    body: dict[str, Any] = {
        "definition": {"rubric": " ", "judge": "nobody", "answer": {"type": "category", "labels": []}},
        "pasted": {"input": "a"},
    }
    reply = await server.send("POST", "/trials", body)
    assert (reply.status, reply.code) == (422, "invalid_evaluator")
    assert {one["field"] for one in reply.fields["errors"]} == {"rubric", "judge", "answer.labels"}
    for wrong, field in (
        ({}, "span"),
        ({"span": ids(1), "pasted": {}}, "span"),
        ({"span": {"trace_id": "x", "span_id": "00"}}, "span.trace_id"),
    ):
        reply = await server.send("POST", "/trials", {"definition": DRAFT} | wrong)
        assert (reply.status, reply.fields["errors"][0]["field"]) == (422, field)
    reply = await server.send("POST", "/trials", {"definition": DRAFT, "span": ids(99)})
    assert (reply.status, reply.code) == (404, "not_stored")


async def test_a_trace_and_a_session_are_judged_whole(server: Trying) -> None:
    conversation = {"gen_ai.conversation.id": "talk"}
    one = span(CHAT | content("First?", "One.") | conversation, trace=1, number=1)
    two = span(CHAT | content("Second?", called("find", what="x")) | conversation, trace=2, number=2, at=5)
    three = span(CHAT | content([text("user", "Alone?")], "Yes."), trace=3, number=3)
    await server.receive([one, two, three])
    span_of = {"trace_id": f"{2:032x}", "span_id": f"{2:016x}"}
    definition: dict[str, Any] = DRAFT | {"needs": [], "target": "session"}
    trial = await server.post("/trials", {"definition": definition, "span": span_of})
    assert trial["result"]["target"]["session_id"] == "talk"
    asked = server.judge.requests[-1].text
    assert "First?" in asked
    assert "Second?" in asked
    trial = await server.post("/trials", {"definition": definition | {"target": "trace"}, "span": span_of})
    assert (trial["result"]["target"]["kind"], trial["result"]["target"]["trace_id"]) == (
        "trace",
        f"{2:032x}",
    )
    alone = {"trace_id": f"{3:032x}", "span_id": f"{3:016x}"}
    reply = await server.send("POST", "/trials", {"definition": definition, "span": alone})
    assert (reply.status, "in no session" in reply.fields["detail"]) == (404, True)


async def test_leaving_cancels_the_call(server: Trying) -> None:
    until = asyncio.Event()
    server.judge.always(held(until))
    body = json.dumps({"definition": DRAFT, "pasted": {"input": "a", "output": "b"}}).encode()
    async with aiohttp.ClientSession() as session:
        asking = asyncio.create_task(session.post(f"{server.url}/trials", data=body, headers=BEARER))
        await server.judge.arrived.wait()
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        async with asyncio.timeout(10):
            await server.judge.left.wait()
    assert server.judge.abandoned == 1
