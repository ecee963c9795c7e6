"""`/api/v1/facets`: what there is to filter by."""

from pathlib import Path

from tests.mock_judge import MockJudge
from tests.pipeline.sent import chat, span
from tests.server.rest.browsed import say, target_of
from tests.server.rest.trying import trying


async def test_values_are_counted(tmp_path: Path, mock_judge: MockJudge) -> None:
    async with trying(tmp_path, mock_judge) as server:
        spans = [chat(trace=n, number=n, at=n, service=("shop", "docs")[n > 2]) for n in (1, 2, 3)]
        inner = span({"gen_ai.operation.name": "retrieval"}, trace=1, number=9, service="index")
        await server.receive([*spans, inner])
        await say(server, target_of(spans[0]), "tone", verdict="pass", score_label="kind")
        await say(server, target_of(spans[1]), "tone", verdict="fail", score_label="rude")
        await say(server, target_of(spans[1]), "tone", verdict="pass", score_label="kind", version="v2")
        await say(server, target_of(spans[2]), "topic", code="judge_timeout")
        found = await server.get("/facets")
        told = {name: [(one["value"], one["count"]) for one in counts] for name, counts in found.items()}
        assert told == {
            "services": [("shop", 2), ("docs", 1), ("index", 1)],
            "models": [("gpt-4o", 3)],
            "operations": [("chat", 3), ("retrieval", 1)],
            "evaluators": [("tone", 2), ("topic", 1)],
            "labels": [("kind", 2)],
            "codes": [("judge_timeout", 1)],
            "judge_models": [("gpt-4.1", 3)],
        }
        later = await server.get("/facets", **{"from": "2023-11-14T22:13:23Z", "to": "2023-11-14T22:14:00Z"})
        assert [one["value"] for one in later["services"]] == ["docs"]
        assert later["evaluators"] == []
