"""`/api/v1/results`: the list, and files of all of them."""

import csv
import io
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from spanjudge.evaluators.acceptance import Acceptance
from spanjudge.evaluators.answer_format import Score
from spanjudge.evaluators.evaluator import Evaluator
from spanjudge.telemetry.evaluated import Target
from tests.mock_judge import MockJudge
from tests.pipeline.sent import CHAT, chat, content, span
from tests.server.rest.browsed import say, target_of
from tests.server.rest.trying import Trying, trying


@pytest.fixture
async def server(tmp_path: Path, mock_judge: MockJudge) -> AsyncIterator[Trying]:
    async with trying(tmp_path, mock_judge) as running:
        yield running


def scored() -> Evaluator:
    return Evaluator(
        name="scored", rubric="How good?", answer=Score(min=0, max=10), acceptance=Acceptance(min=5)
    )


async def test_a_result_tells_all_about_itself(server: Trying) -> None:
    evaluator = scored()
    await server.app.store.save_version(evaluator, now_ns=server.app.now())
    call = chat("Where is gate 7?", "On the left.", number=1)
    await server.receive([call])
    said = await say(
        server,
        target_of(call),
        "scored",
        version=evaluator.version,
        value=3.5,
        score_value=3.5,
        verdict="fail",
    )
    (row,) = (await server.get("/results"))["items"]
    wanted: dict[str, Any] = {
        "id": said.id,
        "evaluator": "scored",
        "number": 1,
        "outcome": "fail",
        "value": "3.5",
        "score": 3.5,
        "score_range": [0.0, 10.0],
        "accepted": [5.0, None],
        "input_tokens": 700,
        "output_tokens": 60,
        "duration_ms": 250.0,
        "current": True,
        "input": "Where is gate 7?",
        "output": "On the left.",
        "code": None,
    }
    assert {name: row[name] for name in wanted} == wanted


async def test_results_of_whole_traces_and_sessions_are_listed_too(server: Trying) -> None:
    call = span({**CHAT, **content("Hello", "Hi"), "gen_ai.conversation.id": "talk"}, number=1)
    await server.receive([call])
    trace = Target(kind="trace", trace_id=call.raw.trace_id)
    session = Target(kind="session", session_id="talk", trace_id=call.raw.trace_id)
    for target in (trace, session, target_of(call)):
        await say(server, target, "resolved", verdict="fail")
    rows = (await server.get("/results", session="talk"))["items"]
    kinds = {row["target"]["kind"]: row["input"] for row in rows}
    assert kinds == {"trace": "Hello", "session": "", "span": "Hello"}
    assert len((await server.get("/results", model="gpt-4o"))["items"]) == 2


async def test_results_are_filtered(server: Trying) -> None:
    spans = [chat(f"Question {n}", trace=n, number=n) for n in range(1, 5)]
    await server.receive(spans)
    await say(server, target_of(spans[0]), "tone", verdict="pass", score_value=0.9, score_label="kind")
    await say(server, target_of(spans[1]), "tone", verdict="fail", score_value=0.1, score_label="rude")
    await say(server, target_of(spans[2]), "tone", code="judge_timeout")
    await say(server, target_of(spans[3]), "topic", verdict=None, explanation="It is about Bäume.")

    async def found(**query: Any) -> set[int]:
        page = await server.get("/results", **query)
        return {int(row["target"]["trace_id"], 16) for row in page["items"]}

    assert await found(verdict="fail") == {2}
    assert await found(verdict="none") == {3}
    assert await found(verdict="value") == {4}
    assert await found(code="judge_timeout") == {3}
    assert await found(label="kind") == {1}
    assert await found(min_score="0.5", max_score="0.95") == {1}
    assert await found(evaluator="topic") == {4}
    assert await found(judge_model="gpt-4.1") == {1, 2, 3, 4}
    assert await found(text="BÄUME") == {4}
    assert await found(text="question 2") == {2}


FORMULAS = ("=1+1", "+1", "-1+2", "@SUM(A1)", "\t=1", "\r=1", "\n=1")


async def test_a_table_for_spreadsheets_holds_no_formula(server: Trying) -> None:
    spans = [chat(trace=n, number=n) for n in range(1, 10)]
    await server.receive(spans)
    for one, text in zip(spans, (*FORMULAS, 'a "quoted", text\nof two lines', "nul \x00"), strict=True):
        await say(
            server,
            target_of(one),
            "tone",
            explanation=text,
            score_label=text,
            score_value=-0.5,
            verdict="fail",
        )
    reply = await server.send("GET", "/results.csv", verdict="fail", **{"from": "2020-01-01T00:00:00Z"})
    assert reply.headers["Content-Type"] == "text/csv; charset=utf-8"
    disposition = reply.headers["Content-Disposition"]
    assert disposition.startswith('attachment; filename="spanjudge-results-2020-01-01-to-20')
    assert disposition.endswith('.csv"')
    rows = list(csv.DictReader(io.StringIO(reply.text, newline="")))
    assert len(rows) == 9
    texts = {row["explanation"] for row in rows}
    assert texts == {*(f"'{one}" for one in FORMULAS), 'a "quoted", text\nof two lines', "nul \ufffd"}
    assert {row["score"] for row in rows} == {"-0.5"}
    assert {row["kind"] for row in rows} == {"span"}


async def test_files_hold_every_row_of_the_filter(server: Trying) -> None:
    spans = [chat(trace=n, number=n) for n in range(1, 24)]
    await server.receive(spans)
    for place, one in enumerate(spans):
        await say(server, target_of(one), "tone", verdict="fail" if place % 2 else "pass")
    listed = (await server.get("/results", verdict="fail", limit=200))["items"]
    reply = await server.send("GET", "/results.jsonl", verdict="fail")
    lines = [json.loads(line) for line in reply.text.splitlines()]
    assert [one["id"] for one in lines] == [one["id"] for one in listed]
    assert lines[0].items() <= listed[0].items()
    assert "attachment" in reply.headers["Content-Disposition"]


async def test_a_file_of_nothing_is_a_head_alone(server: Trying) -> None:
    reply = await server.send("GET", "/results.csv")
    assert reply.text.startswith("time,evaluator,number,version,kind,trace_id")
    assert len(reply.text.splitlines()) == 1
    assert (await server.send("GET", "/results.jsonl")).text == ""
