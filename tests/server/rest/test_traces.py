"""`/api/v1/traces`: the list, and one trace."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from spanjudge.telemetry.evaluated import Target
from tests.mock_judge import MockJudge
from tests.pipeline.live import question
from tests.pipeline.sent import CHAT, SECOND, START, capture, chat, content, evaluator, log, span
from tests.server.rest.browsed import say, target_of
from tests.server.rest.trying import Trying, trying


@pytest.fixture
async def server(tmp_path: Path, mock_judge: MockJudge) -> AsyncIterator[Trying]:
    async with trying(tmp_path, mock_judge) as running:
        yield running


async def test_a_trace_in_the_list_tells_what_it_is_about(server: Trying) -> None:
    root = span({"session.id": "s-1"}, number=1, name="POST /ask", service="desk", lasts=3, failed=True)
    usage = {"gen_ai.usage.input_tokens": 100, "gen_ai.usage.output_tokens": 20}
    call = span(
        {**CHAT, **content("Where is gate 7?", "On the left."), **usage},
        number=2,
        parent=1,
        at=0.5,
    )
    await server.receive([call, root])
    await say(server, target_of(call), "tone", verdict="pass", score_label="kind")
    await say(server, target_of(call), "safety", code="judge_timeout", message="too slow")
    await say(server, target_of(call), "topic", verdict="fail", score_value=0.25, value=0.25)
    await say(server, target_of(call), "length", verdict=None, value=True)
    (row,) = (await server.get("/traces"))["items"]
    chips = row.pop("verdicts").pop("chips")
    assert row == {
        "trace_id": root.raw.trace_id,
        "name": "POST /ask",
        "service": "desk",
        "start": "2023-11-14T22:13:20.000000Z",
        "duration_ms": 3000.0,
        "spans": 2,
        "errors": 1,
        "models": ["gpt-4o"],
        "session_id": "s-1",
        "input": "Where is gate 7?",
        "output": "On the left.",
        "tokens": 120,
        "judge_cost_usd": pytest.approx(0.35),
    }
    assert [(one["evaluator"], one["outcome"], one["value"]) for one in chips] == [
        ("topic", "fail", "0.25"),
        ("safety", "none", "judge_timeout"),
        ("length", "value", "true"),
        ("tone", "pass", "kind"),
    ]


async def test_filters_and_cursors(server: Trying) -> None:
    spans = [
        chat(f"Question {n}", trace=n, number=n, at=n, service=("shop", "docs")[n % 2]) for n in range(1, 8)
    ]
    await server.receive(spans)
    await say(server, target_of(spans[2]), "tone", verdict="fail")

    async def ids(**query: Any) -> list[int]:
        page = await server.get("/traces", **query)
        return [int(row["trace_id"], 16) for row in page["items"]]

    assert await ids() == [7, 6, 5, 4, 3, 2, 1]
    assert await ids(service="docs") == [7, 5, 3, 1]
    assert await ids(service="docs", evaluator="tone", verdict="fail") == [3]
    assert await ids(verdict="pass") == []
    assert await ids(text="qUESTION 4") == [4]
    start = "2023-11-14T22:13:22Z"
    assert await ids(**{"from": start, "to": "2023-11-14T22:13:24Z"}) == [3, 2]
    assert await ids(**{"from": "2023-11-14T23:13:26+01:00"}) == [7, 6]
    seen: list[int] = []
    query: dict[str, Any] = {"limit": 3}
    while True:
        page = await server.get("/traces", **query)
        seen += [int(row["trace_id"], 16) for row in page["items"]]
        if page["next_cursor"] is None:
            break
        query["cursor"] = page["next_cursor"]
    assert seen == [7, 6, 5, 4, 3, 2, 1]


@pytest.mark.parametrize(
    ("query", "status", "field"),
    [
        ({"from": "yesterday"}, 422, "from"),
        ({"to": "2026-11-21T10:00:00"}, 422, "to"),
        ({"from": "2026-02-01T00:00:00Z", "to": "2026-01-01T00:00:00Z"}, 422, "from"),
        ({"min_score": "high"}, 422, "min_score"),
        ({"min_score": "nan"}, 422, "min_score"),
        ({"min_score": "2", "max_score": "1"}, 422, "min_score"),
        ({"verdict": "perhaps"}, 422, "verdict[0]"),
        ({"limit": "0"}, 422, "limit"),
        ({"limit": "201"}, 422, "limit"),
        ({"text": "x" * 1_001}, 422, "text"),
        ({"cursor": "%%%"}, 400, "cursor"),
        ({"cursor": "e30"}, 400, "cursor"),
        ({"cursor": "WzEsLTFd"}, 400, "cursor"),
    ],
)
async def test_what_cannot_be_asked_is_told(
    server: Trying, query: dict[str, str], status: int, field: str
) -> None:
    for path in ("/traces", "/spans", "/results"):
        reply = await server.send("GET", path, **query)
        assert reply.status == status, (path, reply.text)
        assert reply.fields["errors"][0]["field"] == field
        assert reply.headers["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize("when", ["0001-01-01T00:00:00+23:00", "9999-12-31T23:59:59-23:00"])
async def test_times_far_away_are_no_trouble(server: Trying, when: str) -> None:
    for name in ("from", "to"):
        for path in ("/traces", "/spans", "/results"):
            assert (await server.get(path, **{name: when}))["items"] == []


async def test_content_that_comes_as_log_events_is_shown_when_it_is_there(server: Trying) -> None:
    call = span(CHAT, number=5)
    await server.receive([call])
    (row,) = (await server.get("/traces"))["items"]
    assert (row["input"], row["output"]) == ("", "")
    told = [
        log(call, "gen_ai.user.message", {"content": "Where to?"}),
        log(call, "gen_ai.choice", {"index": 0, "message": "To the left."}),
    ]
    await server.receive([], told)
    (row,) = (await server.get("/traces"))["items"]
    assert row["input"] == "Where to?"


async def test_a_trace_is_shown_as_a_tree(server: Trying) -> None:
    spans, logs = capture("openinference-langchain", "graph")
    await server.receive(spans, logs)
    trace_id = spans[0].raw.trace_id
    found = await server.get(f"/traces/{trace_id.upper()}")
    assert found["total_spans"] == len(found["spans"]) == len(spans)
    depths: dict[str | None, int] = {None: -1}
    for row in found["spans"]:
        # A parent comes before what is inside it.
        assert row["depth"] == depths[row["parent_span_id"]] + 1
        depths[row["span_id"]] = row["depth"]
        assert row["offset_ms"] >= 0
    assert any(row["operation"] == "chat" and row["tokens"] for row in found["spans"])
    assert found["tokens"] > 0


async def test_circles_lost_parents_and_calls_recorded_twice(server: Trying) -> None:
    spans = [
        span(number=1, parent=2, at=1),
        span(number=2, parent=1, at=2),
        chat(number=3, parent=99, at=3),
        chat(number=4, parent=3, at=4),
    ]
    await server.receive(spans)
    rows = (await server.get(f"/traces/{spans[0].raw.trace_id}"))["spans"]
    told = [(int(row["span_id"], 16), row["depth"], row["duplicate"]) for row in rows]
    assert told == [(3, 0, True), (4, 1, False), (1, 0, False), (2, 1, False)]


async def test_a_trace_has_neighbours_and_results_of_its_own(server: Trying) -> None:
    spans = [chat(trace=n, number=n, at=n) for n in (1, 2, 3)]
    await server.receive(spans)
    await server.publish(question("polite", service="elsewhere"))
    whole = Target(kind="trace", trace_id=spans[1].raw.trace_id)
    await say(server, whole, "resolved", verdict="fail", version="v1")
    await say(server, whole, "resolved", verdict="pass", version="v2")
    found = await server.get(f"/traces/{whole.trace_id}")
    assert (int(found["previous"], 16), int(found["following"], 16)) == (1, 3)
    (result,) = found["results"]
    assert (result["evaluator"], result["version"], result["outcome"]) == ("resolved", "v2", "pass")
    assert result["target"]["kind"] == "trace"
    # What looks at spans is told at the span.
    assert found["explained"] == []
    ends = [await server.get(f"/traces/{one.raw.trace_id}") for one in (spans[0], spans[2])]
    assert ends[0]["previous"] is None
    assert ends[1]["following"] is None


async def test_evaluators_of_whole_traces_say_why_not(server: Trying) -> None:
    call = chat(number=1)
    await server.receive([call])
    await server.publish(evaluator("resolved", services=("elsewhere",), target="trace"))
    found = await server.get(f"/traces/{call.raw.trace_id}")
    (told,) = found["explained"]
    assert (told["evaluator"], told["state"], told["target"]["kind"]) == ("resolved", "not_matched", "trace")


async def test_a_trace_that_is_not_there(server: Trying) -> None:
    for wrong in ("ab" * 16, "xyz", "12", "ab" * 17):
        reply = await server.send("GET", f"/traces/{wrong}")
        assert (reply.status, reply.code) == (404, "not_stored")


async def test_hostile_names_come_as_json(server: Trying) -> None:
    name = "<script>alert(1)</script> \x00 \u202etxt \U0001f600" + "n" * 5_000
    halves = '[{"role": "user", "parts": [{"type": "text", "content": "half \\ud800 of it"}]}]'
    call = span({**CHAT, "gen_ai.input.messages": halves}, number=1, name=name, service="a\x00b")
    await server.receive([call])
    (row,) = (await server.get("/traces"))["items"]
    assert row["name"].startswith("<script>alert(1)</script> ")
    assert row["input"] == "half ? of it"
    assert (await server.get(f"/traces/{call.raw.trace_id}"))["spans"][0]["name"] == name


async def test_clocks_that_run_backwards(server: Trying) -> None:
    call = chat(number=1, at=5, lasts=-2)
    await server.receive([call])
    (row,) = (await server.get("/traces"))["items"]
    assert row["duration_ms"] == 0.0
    assert json.dumps(await server.get(f"/traces/{call.raw.trace_id}"))
    assert call.raw.start_ns == START + 5 * SECOND


async def test_long_answers_come_compressed_to_those_who_take_it(server: Trying) -> None:
    await server.receive(
        [
            span(
                {**CHAT, **content("Where is gate 7?" * 20, "On the left." * 20)}, trace=number, number=number
            )
            for number in range(1, 41)
        ]
    )
    long = await server.send("GET", "/traces")
    assert long.headers["Content-Encoding"] == "gzip"
    assert len(long.fields["items"]) == 40
    short = await server.send("GET", "/traces", None, limit=1)
    assert "Content-Encoding" not in short.headers
