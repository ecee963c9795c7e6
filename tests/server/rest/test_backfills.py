"""`/api/v1/backfills`: a published evaluator over what is stored, behind what comes in live."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.mock_judge import MockJudge
from tests.mock_judge.behaviour import Behaviour, held, openai_error
from tests.pipeline.live import chats, eventually, question, target
from tests.pipeline.sent import evaluator
from tests.server.rest.trying import Trying, trying

WINDOW = {"start": "2026-01-01T00:00:00Z", "end": "2100-01-01T00:00:00Z"}


@pytest.fixture
async def server(tmp_path: Path, mock_judge: MockJudge) -> AsyncIterator[Trying]:
    async with trying(tmp_path, mock_judge) as running:
        yield running


def body(name: str = "polite", **changes: Any) -> dict[str, Any]:
    return {"evaluator": name, **WINDOW, "most": 1000, **changes}


async def ended(server: Trying, number: int = 1) -> dict[str, Any]:
    """The backfill, once it is over."""
    found: dict[str, Any] = {}

    async def over() -> bool:
        items = (await server.get("/backfills"))["items"]
        found.update(next(one for one in items if one["id"] == number))
        return found["state"] in ("done", "cancelled")

    await eventually(over)
    return found


async def judged(server: Trying, *numbers: int) -> set[int]:
    """Those of the spans that have a result."""
    found = await server.app.store.results_of([target(number) for number in numbers])
    return {int(one.target.span_id, 16) - 1 for one in found if not one.is_failure}


async def test_what_was_not_judged_is_judged_once(server: Trying) -> None:
    await server.receive(chats(*range(70)))
    await server.publish(question("polite"))
    await server.receive(chats(70))
    await server.ended(target(70))
    preview = await server.post("/backfills/preview", body())
    assert (preview["matching"], preview["judged_already"], preview["jobs"]) == (71, 1, 70)
    assert (preview["examined"], preview["exact"]) == (71, True)
    assert preview["tokens"] / 70 == pytest.approx(700, abs=200)
    assert 0 < preview["usd"] < 0.1
    assert preview["budget_left_tokens"] > 0
    begun = await server.post("/backfills", body())
    assert (begun["id"], begun["state"], begun["version"]) == (1, "searching", question("polite").version)
    one = await ended(server)
    assert (one["state"], one["examined"], one["jobs"], one["done"], one["failed"]) == ("done", 71, 70, 70, 0)
    assert one["cost_usd"] > 0
    assert await judged(server, *range(71)) == set(range(71))
    assert len(server.judge.requests) == 71
    await server.post("/backfills", body())
    again = await ended(server, 2)
    assert (again["jobs"], again["done"], len(server.judge.requests)) == (0, 0, 71)
    assert (await server.post("/backfills/preview", body()))["jobs"] == 0


async def test_never_more_than_were_wanted_and_the_newest_first(server: Trying) -> None:
    for number in range(10):
        await server.receive(chats(number))
    await server.publish(question("polite"))
    assert (await server.post("/backfills/preview", body(most=3)))["jobs"] == 3
    await server.post("/backfills", body(most=3))
    one = await ended(server)
    assert (one["jobs"], one["done"]) == (3, 3)
    assert await judged(server, *range(10)) == {9, 8, 7}
    await server.post("/backfills", body(most=2))
    await ended(server, 2)
    assert await judged(server, *range(10)) == {9, 8, 7, 6, 5}


async def test_scope_sampling_and_window_are_kept_to(server: Trying) -> None:
    await server.receive(chats(*range(40)))
    half = evaluator("half", sampling=50.0)
    await server.publish(half, evaluator("shop", services=("shop",)))
    sampled = await server.post("/backfills/preview", body("half"))
    assert 5 < sampled["jobs"] < 35
    everything = await server.post("/backfills/preview", body("half", sampled=False))
    assert everything["jobs"] == 40
    assert (await server.post("/backfills/preview", body("shop")))["jobs"] == 0
    past = {"start": "2020-01-01T00:00:00Z", "end": "2020-01-02T00:00:00Z"}
    assert (await server.post("/backfills/preview", body("half", **past)))["examined"] == 0
    await server.post("/backfills", body("half"))
    assert (await ended(server))["done"] == sampled["jobs"]
    await server.post("/backfills", body("half", sampled=False))
    assert (await ended(server, 2))["done"] == 40 - sampled["jobs"]


async def test_traces_are_judged_whole(server: Trying) -> None:
    for trace in range(6):
        await server.receive(chats(10 * trace, 10 * trace + 1, trace=10 * trace))
    await server.publish(evaluator("whole", target="trace"))
    preview = await server.post("/backfills/preview", body("whole"))
    assert (preview["matching"], preview["jobs"]) == (6, 6)
    await server.post("/backfills", body("whole"))
    one = await ended(server)
    assert (one["examined"], one["done"]) == (6, 6)
    await server.post("/backfills", body("whole"))
    assert (await ended(server, 2))["jobs"] == 0


async def test_failures_are_counted_and_judged_by_the_next_one(server: Trying) -> None:
    await server.receive(chats(1, 2))
    server.judge.always(
        openai_error(400, "This model's maximum context length is 10 tokens", code="context_length_exceeded")
    )
    await server.publish(question("polite"))
    await server.post("/backfills", body())
    one = await ended(server)
    assert (one["jobs"], one["done"], one["failed"]) == (2, 0, 2)
    server.judge.always(Behaviour())
    assert (await server.post("/backfills/preview", body()))["jobs"] == 2
    await server.post("/backfills", body())
    assert (await ended(server, 2))["done"] == 2


async def test_cancelling_skips_what_waits_and_says_so(tmp_path: Path, mock_judge: MockJudge) -> None:
    async with trying(tmp_path, mock_judge, {"SPANJUDGE_WORKER_CONCURRENCY": "4"}) as server:
        await server.receive(chats(*range(30)))
        go = asyncio.Event()
        mock_judge.always(held(go))
        await server.publish(question("polite"))
        await server.post("/backfills", body())
        await mock_judge.arrived.wait()
        one = (await server.send("DELETE", "/backfills/1")).fields
        assert one["state"] == "cancelled"
        go.set()
        await server.ended(*(target(number) for number in range(30)))
        jobs = await server.app.store.jobs_of([target(number) for number in range(30)])
        assert len(jobs) <= 4
        done = sum(job.state == "done" for job in jobs)

        async def counted() -> bool:
            return (await server.get("/backfills"))["items"][0]["done"] == done

        await eventually(counted)
        for job in jobs:
            if job.state == "skipped":
                explained = await server.get(f"/spans/{job.target.span_id}/explain")
                assert "the backfill was cancelled" in explained["evaluators"][0]["line"]
        again = (await server.send("DELETE", "/backfills/1")).fields
        assert (again["state"], again["done"]) == ("cancelled", done)
        mock_judge.always(Behaviour())
        await server.post("/backfills", body())
        assert (await ended(server, 2))["done"] == 30 - done


async def test_what_comes_in_live_waits_for_one_round_at_most(tmp_path: Path, mock_judge: MockJudge) -> None:
    async with trying(tmp_path, mock_judge, {"SPANJUDGE_WORKER_CONCURRENCY": "4"}) as server:
        await server.receive(chats(*range(60)))
        await server.publish(question("polite"))
        go = asyncio.Event()
        mock_judge.always(held(go))
        await server.post("/backfills", body())
        await mock_judge.arrived.wait()
        await server.receive(chats(100))
        go.set()
        await server.ended(target(100))
        before = [asked for asked in mock_judge.requests if "gate 100?" not in asked.text]
        place = next(n for n, asked in enumerate(mock_judge.requests) if "gate 100?" in asked.text)
        assert place <= 8, f"it came after {place} of {len(before)}"
        assert (await ended(server))["done"] == 60


async def test_it_goes_on_after_a_restart(tmp_path: Path, mock_judge: MockJudge) -> None:
    changes = {"SPANJUDGE_WORKER_CONCURRENCY": "4"}
    async with trying(tmp_path, mock_judge, changes) as server:
        await server.receive(chats(*range(50)))
        await server.publish(question("polite"))
        await server.post("/backfills", body(most=45))

        async def some() -> bool:
            return (await server.get("/backfills"))["items"][0]["jobs"] > 5

        await eventually(some)
    async with trying(tmp_path, mock_judge, changes) as server:
        one = await ended(server)
        assert (one["state"], one["jobs"], one["done"]) == ("done", 45, 45)
        assert len(await judged(server, *range(50))) == 45
        results = await server.app.store.results_of([target(number) for number in range(50)])
        assert len(results) == 45


async def test_it_ends_with_the_version_it_was_for(server: Trying) -> None:
    await server.receive(chats(*range(5)))
    await server.publish(question("polite"))
    await server.app.store.pause("polite", reason="", paused_by="user")
    await server.app.pipeline.refresh()
    await server.post("/backfills", body())
    other = evaluator("polite", rubric="Is it something else?")
    await server.publish(other)
    one = await ended(server)
    assert (one["state"], one["done"]) == ("cancelled", 0)


async def test_what_cannot_be_begun(server: Trying) -> None:
    reply = await server.send("POST", "/backfills", body("nobody"))
    assert (reply.status, reply.code) == (404, "unknown_evaluator")
    await server.app.store.save_version(question("polite"), now_ns=server.app.now())
    reply = await server.send("POST", "/backfills", body())
    assert (reply.status, reply.code) == (409, "not_published")
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"start": WINDOW["end"], "end": WINDOW["start"]}, "end"),
        ({"start": "yesterday"}, "start"),
        ({"most": 0}, "most"),
        ({"colour": 1}, "colour"),
    ]
    for path in ("/backfills", "/backfills/preview"):
        for changes, field in wrong:
            reply = await server.send("POST", path, body() | changes)
            assert (reply.status, reply.fields["errors"][0]["field"]) == (422, field), reply.text
    for unknown in ("7", "-1", str(2**70)):
        reply = await server.send("DELETE", f"/backfills/{unknown}")
        assert (reply.status, reply.code) == (404, "no_backfill")
    assert (await server.send("DELETE", "/backfills/x")).status == 422
    assert (await server.get("/backfills"))["items"] == []
