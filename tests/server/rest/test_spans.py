"""`/api/v1/spans`, and all about one span."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.mock_judge import MockJudge
from tests.pipeline.live import question
from tests.pipeline.sent import CHAT, called, capture, chat, content, span, text
from tests.server.rest.browsed import say, target_of
from tests.server.rest.trying import Trying, trying


@pytest.fixture
async def server(tmp_path: Path, mock_judge: MockJudge) -> AsyncIterator[Trying]:
    async with trying(tmp_path, mock_judge) as running:
        yield running


async def detail(server: Trying, one: Any, **query: Any) -> dict[str, Any]:
    return await server.get(f"/traces/{one.raw.trace_id}/spans/{one.raw.span_id}", **query)


async def test_spans_in_a_list(server: Trying) -> None:
    spans = [chat(f"Question {n}", f"Answer {n}", trace=1, number=n, at=n) for n in (1, 2, 3)]
    tool = {"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "look_up"}
    spans.append(span(tool, number=4, at=4, failed=True))
    await server.receive(spans)
    await say(server, target_of(spans[1]), "tone", verdict="fail", score_label="rude")
    rows = (await server.get("/spans", operation="chat"))["items"]
    assert [(row["input"], row["output"]) for row in rows] == [
        (f"Question {n}", f"Answer {n}") for n in (3, 2, 1)
    ]
    (row,) = (await server.get("/spans", verdict="fail"))["items"]
    assert (int(row["span_id"], 16), row["model"], row["service"]) == (2, "gpt-4o", "travel")
    assert row["verdicts"]["chips"][0]["value"] == "rude"
    (row,) = (await server.get("/spans", operation="execute_tool"))["items"]
    assert row["error"]
    first = await server.get("/spans", limit=3)
    (last,) = (await server.get("/spans", limit=3, cursor=first["next_cursor"]))["items"]
    assert int(last["span_id"], 16) == 1


async def test_a_conversation_is_shown_as_messages(server: Trying) -> None:
    asked = [
        text("system", "Be brief."),
        text("user", "Where is gate 7?"),
        called("look_up", gate=7),
        {"role": "tool", "parts": [{"type": "tool_call_response", "id": "call_look_up", "response": "left"}]},
    ]
    call = span(
        {
            **CHAT,
            **content(asked, "On the left."),
            "gen_ai.usage.input_tokens": 11,
            "gen_ai.usage.output_tokens": 3,
            "gen_ai.conversation.id": "talk-1",
            "app.numbers": [1, 2],
            "app.ratio": 0.5,
            "app.flag": True,
        },
        number=1,
        resource={"host.name": "a1"},
    )
    await server.receive([call])
    found = await detail(server, call)
    assert found["system_prompt"] == "Be brief."
    told = [
        (one["role"], [part["kind"] for part in one["parts"]], one["is_output"]) for one in found["messages"]
    ]
    assert told == [
        ("user", ["text"], False),
        ("assistant", ["tool_call"], False),
        ("tool", ["tool_response"], False),
        ("assistant", ["text"], True),
    ]
    asked_for = found["messages"][1]["parts"][0]["tool_call"]
    assert (asked_for["name"], json.loads(asked_for["arguments"])) == ("look_up", {"gate": 7})
    assert (found["input_tokens"], found["output_tokens"]) == (11, 3)
    assert (found["kind"], found["dialect"], found["session_id"]) == ("client", "genai", "talk-1")
    attributes = {one["name"]: (one["type"], one["value"]) for one in found["attributes"]}
    assert attributes["app.numbers"] == ("array", "[1, 2]")
    assert attributes["app.ratio"] == ("double", "0.5")
    assert attributes["app.flag"] == ("bool", "true")
    resource = {one["name"]: one["value"] for one in found["resource_attributes"]}
    assert resource == {"service.name": "travel", "host.name": "a1"}


@pytest.mark.parametrize(
    ("folder", "scenario"),
    [
        ("openinference-openai", "tools"),
        ("openinference-langchain", "rag"),
        ("openai-v2-old", "tools"),
        ("vercel-ai-sdk", "tools"),
        ("pydantic-ai", "structured"),
        ("mlflow-openai", "tools"),
    ],
)
async def test_every_span_of_real_instrumentations_can_be_shown(
    server: Trying, folder: str, scenario: str
) -> None:
    spans, logs = capture(folder, scenario)
    await server.receive(spans, logs)
    outputs = 0
    for one in spans:
        found = await detail(server, one)
        outputs += any(message["is_output"] for message in found["messages"])
        assert len(found["attributes"]) == len(one.raw.attributes)
    assert outputs > 0


async def test_results_come_worst_first_and_the_others_say_why(server: Trying) -> None:
    call = chat(number=1)
    await server.publish(question("elsewhere", service="another"))
    await server.receive([call])
    await say(server, target_of(call), "a-pass", verdict="pass", version="v1")
    await say(server, target_of(call), "a-pass", verdict="pass", version="v2")
    await say(server, target_of(call), "b-fail", verdict="fail", score_value=0.1)
    await say(server, target_of(call), "c-none", code="judge_refused", message="it would not say")
    found = await detail(server, call)
    told = [(one["evaluator"], one["outcome"], one["code"]) for one in found["results"]]
    assert told == [
        ("b-fail", "fail", None),
        ("c-none", "none", "judge_refused"),
        ("a-pass", "pass", None),
    ]
    assert found["superseded"] == 1
    assert [(one["evaluator"], one["state"]) for one in found["explained"]] == [("elsewhere", "not_matched")]


async def test_long_texts_are_cut_and_can_be_had_whole(server: Trying) -> None:
    long = " word" * 20_000 + "."
    call = span({**CHAT, **content(long, long), "app.note": "n" * 5_000}, number=1)
    await server.receive([call])
    cut, whole = await detail(server, call), await detail(server, call, full="true")
    for found, size in ((cut, 20_000), (whole, len(long))):
        part = found["messages"][0]["parts"][0]
        assert (len(part["text"]), part["total_chars"]) == (size, len(long))
    notes = [next(one for one in found["attributes"] if one["name"] == "app.note") for found in (cut, whole)]
    assert [(len(one["value"]), one["total_chars"]) for one in notes] == [(2_000, 5_000), (5_000, 5_000)]


async def test_megabytes_halves_of_characters_and_endless_numbers_come_as_json(server: Trying) -> None:
    messages = [text("user", f"{n} \u202e <img src=x onerror=alert(1)> " + "m" * 30_000) for n in range(100)]
    half = '{"role": "assistant", "parts": [{"type": "text", "content": "\\ud83d"}]}'
    tools = '[{"type": "function", "name": "t\\udfff", "parameters": {"a": NaN, "b": "\\ud800"}}]'
    call = span(
        {
            **CHAT,
            "gen_ai.input.messages": json.dumps(messages),
            "gen_ai.output.messages": f"[{half}]",
            "gen_ai.tool.definitions": tools,
            "app.nul": "a\x00b",
            "app.endless": float("inf"),
        },
        number=1,
    )
    await server.receive([call])
    found = await detail(server, call)
    assert len(found["messages"]) == 101
    assert len(json.dumps(found)) < 2_500_000
    assert found["messages"][-1]["parts"][0]["text"] == "?"
    assert {one["name"]: one["value"] for one in found["attributes"]}["app.nul"] == "a\x00b"
    if found["tools"]:
        assert found["tools"][0]["parameters"] == {"a": None, "b": "?"}


async def test_a_span_that_is_not_there(server: Trying) -> None:
    call = chat(number=1)
    await server.receive([call])
    for trace_id, span_id in ((call.raw.trace_id, "ab" * 8), ("ab" * 16, call.raw.span_id), ("x", "y")):
        reply = await server.send("GET", f"/traces/{trace_id}/spans/{span_id}")
        assert (reply.status, reply.code) == (404, "not_stored")
