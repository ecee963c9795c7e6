"""`/api/v1/results/{id}/prompt`, `…/retry` and `/api/v1/traces/{id}/judge`."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from spanjudge.evaluators.answer_format import Boolean
from spanjudge.evaluators.evaluator import Evaluator, Prompt
from spanjudge.telemetry.evaluated import Evaluated
from tests.mock_judge import MockJudge
from tests.mock_judge.behaviour import Behaviour
from tests.pipeline.live import chats, events, eventually, question, target
from tests.pipeline.sent import evaluator
from tests.server.rest.trying import Trying, trying

ALONE = Evaluator(name="alone", prompt=Prompt(user="Is {{span.output}} kind?"), answer=Boolean())


@pytest.fixture
async def server(tmp_path: Path, mock_judge: MockJudge) -> AsyncIterator[Trying]:
    async with trying(tmp_path, mock_judge) as running:
        yield running


async def results(server: Trying, number: int) -> dict[str, Evaluated]:
    """The newest of each evaluator."""
    return {one.outcome.evaluator: one for one in await server.app.store.results_of([target(number)])}


async def judged(server: Trying, number: int, count: int) -> dict[str, Evaluated]:
    async def there() -> bool:
        return len(await server.app.store.results_of([target(number)])) >= count

    await eventually(there)
    return await results(server, number)


def said(server: Trying) -> list[list[str]]:
    """Both messages of every question."""
    return [[one["content"] for one in asked.fields["messages"]] for asked in server.judge.requests]


async def test_the_prompt_is_the_one_that_was_sent(server: Trying) -> None:
    await server.publish(question("polite"), question("right"), question("brief"), ALONE)
    await server.receive(chats(1))
    found = await judged(server, 1, 4)
    sent = said(server)
    assert len(sent) == 2
    for name in ("polite", "right", "brief"):
        prompt = await server.get(f"/results/{found[name].id}/prompt")
        assert [prompt["system"], prompt["user"]] in sent
        assert sorted([*prompt["shared_with"], name]) == ["brief", "polite", "right"]
        assert (prompt["exact"], prompt["note"]) == (True, "")
        assert len(prompt["answer_schema"]["properties"]) == 3
    prompt = await server.get(f"/results/{found['alone'].id}/prompt")
    assert [prompt["system"], prompt["user"]] in sent
    assert prompt["shared_with"] == []


async def test_what_came_later_is_told(server: Trying) -> None:
    await server.publish(question("polite"))
    await server.receive(chats(1))
    found = await judged(server, 1, 1)
    await server.receive([], events(1))
    prompt = await server.get(f"/results/{found['polite'].id}/prompt")
    assert (prompt["exact"], prompt["note"]) == (
        False,
        "2 spans or log events of it came later and may stand in this prompt",
    )


async def test_a_second_question_is_told(server: Trying) -> None:
    server.judge.then(Behaviour(answer="no JSON"))
    await server.publish(question("polite"))
    await server.receive(chats(1))
    found = await judged(server, 1, 1)
    prompt = await server.get(f"/results/{found['polite'].id}/prompt")
    assert (prompt["exact"], "asked 2 times" in prompt["note"]) == (True, True)
    assert [prompt["system"], prompt["user"]] == said(server)[0]


async def test_results_that_are_not_there(server: Trying) -> None:
    for path, method in (("prompt", "GET"), ("retry", "POST")):
        for wrong in ("0" * 32, "trial", "zz"):
            reply = await server.send(method, f"/results/{wrong}/{path}")
            assert (reply.status, reply.code) == (404, "no_result")


async def test_a_result_is_judged_again_and_the_new_one_counts(server: Trying) -> None:
    await server.publish(question("polite"))
    server.judge.then(Behaviour(answer={"explanation": "First.", "value": False}))
    await server.receive(chats(1))
    first = (await judged(server, 1, 1))["polite"]
    server.judge.then(Behaviour(answer={"explanation": "Second.", "value": True}))
    queued = await server.post(f"/results/{first.id}/retry", None)
    assert (queued["jobs"], queued["target"]["span_id"], queued["note"]) == (1, target(1).span_id, "")
    second = (await judged(server, 1, 2))["polite"]
    assert (second.generation, second.outcome.explanation) == (1, "Second.")
    found = await server.get(f"/spans/{target(1).span_id}/explain")
    assert [one["result"]["id"] for one in found["evaluators"]] == [second.id]


async def test_while_it_is_judged_again_a_span_shows_the_new_result_or_says_that_it_is_under_way(
    server: Trying,
) -> None:
    await server.publish(question("polite"))
    await server.receive(chats(1))
    newest = (await judged(server, 1, 1))["polite"].id
    path = f"/traces/{target(1).trace_id}/spans/{target(1).span_id}"
    under_way = {"waiting", "judging", "retrying"}
    for _ in range(20):
        await server.post(f"/results/{newest}/retry", None)
        shown = newest
        while shown == newest:
            found = await server.get(path)
            (shown,) = (one["id"] for one in found["results"])
            assert shown != newest or {one["state"] for one in found["explained"]} & under_way
        newest = shown


async def test_what_waits_is_not_queued_twice(server: Trying) -> None:
    await server.publish(question("polite"))
    server.judge.always(Behaviour(answer="no JSON"))
    await server.receive(chats(1))

    async def failed() -> bool:
        jobs = await server.app.store.jobs_of([target(1)])
        # Its tries are seconds apart; to be asked again is what matters here.
        return bool(jobs) and jobs[0].attempts > 0

    await eventually(failed)
    reply = await server.send(
        "POST", f"/traces/{target(1).trace_id}/judge", {"evaluator": "polite", "span_id": target(1).span_id}
    )
    assert (reply.status, reply.fields["jobs"]) == (202, 0)
    assert reply.fields["note"] == "It waits to be judged already"


async def test_a_span_is_judged_whatever_scope_and_sampling_say(server: Trying) -> None:
    outside = evaluator("outside", services=("shop",), sampling=0.0)
    whole = evaluator("whole", target="trace", sampling=0.0)
    await server.publish(outside, whole)
    await server.receive([*chats(1), *chats(2, content=False)])
    path = f"/traces/{target(1).trace_id}/judge"
    for name, kind in (("outside", "span"), ("whole", "trace")):
        queued = await server.post(path, {"evaluator": name, "span_id": target(1).span_id})
        assert (queued["jobs"], queued["target"]["kind"]) == (1, kind)
    assert list(await judged(server, 1, 1)) == ["outside"]

    async def whole_judged() -> bool:
        found = await server.get(f"/spans/{target(1).span_id}/explain")
        return {one["evaluator"]: one["state"] for one in found["evaluators"]}["whole"] == "judged"

    await eventually(whole_judged)
    # What it cannot do without is still needed.
    await server.post(
        f"/traces/{target(2).trace_id}/judge", {"evaluator": "outside", "span_id": target(2).span_id}
    )
    await server.ended(target(2))
    (job,) = await server.app.store.jobs_of([target(2)])
    assert (job.state, job.reason) == ("skipped", "no_content")


async def test_who_is_not_published_judges_nobody(server: Trying) -> None:
    await server.receive(chats(1))
    await server.app.store.save_version(question("polite"), now_ns=server.app.now())
    path, body = f"/traces/{target(1).trace_id}/judge", {"evaluator": "polite", "span_id": target(1).span_id}
    reply = await server.send("POST", path, body)
    assert (reply.status, reply.code) == (409, "not_published")
    reply = await server.send("POST", path, body | {"evaluator": "nobody"})
    assert (reply.status, reply.code) == (404, "unknown_evaluator")
    await server.publish(question("polite"))
    reply = await server.send("POST", path, body | {"span_id": target(9).span_id})
    assert (reply.status, reply.code) == (404, "not_stored")
    reply = await server.send("POST", "/traces/x/judge", body)
    assert (reply.status, reply.fields["errors"][0]["field"]) == (422, "trace_id")


async def test_a_paused_evaluator_judges_afterwards(server: Trying) -> None:
    await server.receive(chats(1))
    await server.publish(question("polite"))
    await server.app.store.pause("polite", reason="too dear", paused_by="user")
    body = {"evaluator": "polite", "span_id": target(1).span_id}
    queued = await server.post(f"/traces/{target(1).trace_id}/judge", body)
    assert queued["note"] == "The evaluator is paused (too dear): it is judged afterwards"


async def test_a_trace_that_goes_on_is_judged_again_after_it_was_asked_for(
    tmp_path: Path, mock_judge: MockJudge
) -> None:
    async with trying(tmp_path, mock_judge, {"SPANJUDGE_TRACE_IDLE_SECONDS": "0.3"}) as server:
        await server.publish(evaluator("whole", target="trace"))
        path, body = (
            f"/traces/{target(1).trace_id}/judge",
            {"evaluator": "whole", "span_id": target(1).span_id},
        )
        whole: Any = [type(target(1))(kind="trace", trace_id=target(1).trace_id)]

        async def generations() -> list[int]:
            return [one.generation for one in await server.app.store.results_of(whole)]

        async def are(wanted: list[int]) -> None:
            async def there() -> bool:
                return await generations() == wanted

            await eventually(there)

        await server.receive(chats(1))
        await are([0])
        await server.post(path, body)
        await are([0, 1])
        await server.receive(chats(2, trace=1))
        await are([0, 1, 2])
