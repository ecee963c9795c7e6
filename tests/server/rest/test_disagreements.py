"""Where answers differ, over the REST API."""

from pathlib import Path

from spanjudge.evaluators.acceptance import Acceptance
from spanjudge.telemetry.evaluated import Target
from tests.mock_judge import Behaviour, MockJudge
from tests.pipeline.live import eventually
from tests.pipeline.sent import chat, evaluator
from tests.server.rest.trying import trying

PASSES = Acceptance(pass_when=True)


async def test_an_evaluator_that_changed_its_mind_is_shown_with_both_answers(
    tmp_path: Path, mock_judge: MockJudge
) -> None:
    async with trying(tmp_path, mock_judge) as site:
        await site.publish(evaluator("polite", acceptance=PASSES), evaluator("right", acceptance=PASSES))
        received = chat()
        await site.receive([received])
        target = Target(trace_id=received.raw.trace_id, span_id=received.raw.span_id)
        await site.ended(target)
        results = (await site.get("/results", evaluator="polite"))["items"]
        assert [one["outcome"] for one in results] == ["pass"]
        assert (await site.get("/disagreements"))["items"] == []

        mock_judge.always(Behaviour(answer={"explanation": "It is curt.", "value": False}))
        await site.post(f"/results/{results[0]['id']}/retry", None)

        async def failed() -> bool:
            return bool((await site.get("/results", verdict="fail"))["items"])

        await eventually(failed)
        (changed,) = (await site.get("/disagreements", kind="versions"))["items"]
        assert changed["target"]["span_id"] == target.span_id
        told = [(one["evaluator"], one["outcome"], one["current"]) for one in changed["results"]]
        assert told == [("polite", "fail", True), ("polite", "pass", False)]
        assert changed["results"][0]["explanation"] == "It is curt."
        assert changed["results"][0]["number"] == 1

        (mixed,) = (await site.get("/disagreements", kind="evaluators"))["items"]
        told = [(one["evaluator"], one["outcome"], one["current"]) for one in mixed["results"]]
        assert told == [("polite", "fail", True), ("right", "pass", True)]
        assert (await site.get("/disagreements", kind="evaluators", service="elsewhere"))["items"] == []

        changes = (await site.get("/disagreements/changes"))["items"]
        assert changes == [{"evaluator": "polite", "before": "pass", "after": "fail", "count": 1}]


async def test_what_cannot_be_meant_is_refused_in_words(tmp_path: Path, mock_judge: MockJudge) -> None:
    async with trying(tmp_path, mock_judge) as site:
        wrong = await site.send("GET", "/disagreements", cursor="nonsense")
        assert (wrong.status, wrong.fields["code"]) == (400, "bad_cursor")
        wrong = await site.send("GET", "/disagreements", kind="people")
        assert wrong.status == 422
        assert wrong.fields["errors"][0]["field"] == "kind"
