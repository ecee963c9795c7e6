"""`/api/v1/spans/{span_id}/explain`: for each evaluator how it stands."""

from pathlib import Path

from tests.mock_judge import MockJudge
from tests.pipeline.live import chats, question, target
from tests.pipeline.sent import chat, evaluator
from tests.server.rest.trying import trying


async def test_every_evaluator_says_how_it_stands(tmp_path: Path, mock_judge: MockJudge) -> None:
    async with trying(tmp_path, mock_judge) as server:
        await server.publish(question("polite"), evaluator("elsewhere", services=("shop",)))
        await server.receive(chats(1))
        await server.ended(target(1))
        found = await server.get(f"/spans/{target(1).span_id.upper()}/explain")
        assert (found["trace_id"], found["span_id"]) == (target(1).trace_id, target(1).span_id)
        elsewhere, polite = found["evaluators"]
        assert (elsewhere["state"], elsewhere["words"], elsewhere["result"]) == (
            "not_matched",
            "not matched",
            None,
        )
        assert elsewhere["line"] == "not matched: the service is travel-desk; judged are only shop"
        assert (polite["state"], polite["number"], polite["result"]["outcome"]) == ("judged", 1, "value")
        assert polite["since"] == polite["result"]["time"]


async def test_spans_that_are_not_there_or_in_several_traces(tmp_path: Path, mock_judge: MockJudge) -> None:
    async with trying(tmp_path, mock_judge) as server:
        for wrong in ("00000000000000aa", "xyz"):
            reply = await server.send("GET", f"/spans/{wrong}/explain")
            assert (reply.status, reply.code) == (404, "not_stored"), reply.text
        twins = [chat(trace=1, number=7), chat(trace=2, number=7)]
        await server.receive(twins)
        path = f"/spans/{twins[0].raw.span_id}/explain"
        reply = await server.send("GET", path)
        assert (reply.status, reply.code) == (409, "ambiguous_span")
        assert twins[1].raw.trace_id in reply.fields["errors"][0]["message"]
        found = await server.get(path, trace_id=twins[1].raw.trace_id)
        assert (found["trace_id"], found["evaluators"]) == (twins[1].raw.trace_id, [])
