"""Why a span was judged, or was not: every answer there is, out of a real store."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from spanjudge.evaluators import gallery
from spanjudge.evaluators.evaluator import Evaluator, Prompt
from spanjudge.judging.result import EvaluationFailure, EvaluationResult, Outcome
from spanjudge.pipeline.explain import AmbiguousSpanError, Explanation, SpanNotFoundError, explain
from spanjudge.pipeline.ports import Finish, Job, Retry, Store
from spanjudge.pipeline.receive import Matcher
from spanjudge.pipeline.windows import Windows
from spanjudge.spans.otlp import ReceivedSpan
from spanjudge.store.store import open_store
from spanjudge.telemetry.evaluated import Evaluated, result_id
from tests.pipeline.sent import CHAT, SECOND, START, chat, content, evaluator, log, span

ONE = f"{1:016x}"


class Desk:
    """A store, and what happens to it at which second."""

    def __init__(self, store: Store) -> None:
        self.store = store

    async def publish(self, *evaluators: Evaluator, at: float = -10) -> None:
        await self.store.apply(evaluators, publish=True, now_ns=_at(at))

    async def receive(self, *spans: ReceivedSpan, at: float = 0, logs: Any = ()) -> None:
        matcher = Matcher(await self.store.evaluators())
        await self.store.commit([matcher.intake(spans, logs, now_ns=_at(at))], now_ns=_at(at))

    async def lease(self, *names: str, at: float = 1) -> list[Job]:
        return await self.store.lease("me", evaluators=names, now_ns=_at(at), until_ns=_at(at + 60), limit=10)

    async def finish(self, *finishes: Finish, at: float = 2) -> None:
        done = await self.store.finish(finishes, [], owner="me", now_ns=_at(at), destinations=[])
        assert done == len(finishes)

    async def retry(self, job: Job, code: str, message: str, *, at: float, counts: bool = False) -> None:
        again = Retry(job=job, due_ns=_at(at), counts=counts, error_code=code, error_message=message)
        await self.store.finish([], [again], owner="me", now_ns=_at(2), destinations=[])

    async def why(self, span_id: str = ONE, *, at: float = 5) -> dict[str, Explanation]:
        found = await explain(self.store, span_id, now_ns=_at(at))
        assert [one.evaluator for one in found] == sorted({one.evaluator for one in found})
        return {one.evaluator: one for one in found}

    async def line(self, name: str = "good", span_id: str = ONE, *, at: float = 5) -> str:
        return (await self.why(span_id, at=at))[name].line


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    store = await open_store(f"sqlite:///{tmp_path}/e.db")
    yield Desk(store)
    await store.aclose()


def done(job: Job, outcome: Outcome) -> Finish:
    identity = result_id(job.evaluator, job.version, job.target, job.generation)
    return Finish(
        job=job,
        evaluated=Evaluated(
            id=identity, outcome=outcome, target=job.target, time_ns=_at(2), generation=job.generation
        ),
    )


def passed(job: Job, **others: Any) -> EvaluationResult:
    made: dict[str, Any] = {"value": True, "score_value": 1.0, "verdict": "pass", **others}
    return EvaluationResult(evaluator=job.evaluator, evaluator_version=job.version, **made)


async def test_judged(desk: Desk) -> None:
    await desk.publish(evaluator(), evaluator("topic"), evaluator("quality"))
    await desk.receive(chat(number=1))
    jobs = {job.evaluator: job for job in await desk.lease("good", "topic", "quality")}
    await desk.finish(
        done(jobs["good"], passed(jobs["good"])),
        done(jobs["topic"], passed(jobs["topic"], value="ON", score_value=None, score_label="ON")),
        done(jobs["quality"], passed(jobs["quality"], value=0.25, score_value=0.25, verdict="fail")),
    )
    found = await desk.why()
    assert found["good"].line == "judged: pass, true"
    assert found["topic"].line == "judged: pass, ON"
    assert found["quality"].line == "judged: fail, 0.25"
    result = found["good"].result
    assert result is not None
    job = jobs["good"]
    assert found["good"].result_id == result.id == result_id("good", job.version, job.target)
    assert found["good"].since_ns == _at(2)


async def test_judged_by_an_older_version(desk: Desk) -> None:
    await desk.publish(evaluator())
    await desk.receive(chat(number=1))
    (job,) = await desk.lease("good")
    await desk.finish(done(job, passed(job)))
    changed = evaluator(rubric="Is it better?")
    await desk.publish(changed, at=3)
    assert await desk.line() == f"judged: pass, true (by version {job.version}; now it is {changed.version})"


async def test_failed(desk: Desk) -> None:
    await desk.publish(evaluator())
    await desk.receive(chat(number=1))
    (job,) = await desk.lease("good")
    failure = EvaluationFailure(
        evaluator="good", evaluator_version=job.version, code="judge_answer_invalid", message="no JSON"
    )
    await desk.finish(done(job, failure))
    assert await desk.line() == "failed: judge_answer_invalid: no JSON"
    assert (await desk.why())["good"].state == "failed"


async def test_no_budget_was_left(desk: Desk) -> None:
    await desk.publish(evaluator())
    await desk.receive(chat(number=1))
    (job,) = await desk.lease("good")
    failure = EvaluationFailure(
        evaluator="good",
        evaluator_version=job.version,
        code="budget_exhausted",
        message="2,000,000 tokens a month",
    )
    await desk.finish(done(job, failure))
    found = (await desk.why())["good"]
    assert found.line == "budget used up: 2,000,000 tokens a month"
    assert found.result is not None


async def test_waiting_and_being_judged(desk: Desk) -> None:
    await desk.publish(evaluator())
    await desk.receive(chat(number=1))
    found = (await desk.why(at=12))["good"]
    assert found.line == "waiting: for 12 s: not yet its turn"
    assert (found.since_ns, found.next_ns) == (_at(0), _at(0))
    await desk.lease("good")
    assert (await desk.line()).startswith("being judged")


async def test_waiting_for_content(desk: Desk) -> None:
    await desk.publish(evaluator())
    received = span(CHAT, number=1)
    await desk.receive(received)
    told = await desk.line(at=3)
    assert (
        told == "waiting: for 3 s: the span came without content, which may come as log events for 7 s more"
    )
    events = [
        log(received, "gen_ai.user.message", {"content": "Where?"}, gen_ai__system="openai"),
        log(received, "gen_ai.choice", {"content": "Here."}, gen_ai__system="openai"),
    ]
    await desk.receive(at=4, logs=events)
    assert await desk.line(at=5) == "waiting: for 5 s: not yet its turn"


async def test_retrying(desk: Desk) -> None:
    await desk.publish(evaluator())
    await desk.receive(chat(number=1))
    (job,) = await desk.lease("good")
    await desk.retry(job, "judge_timeout", "no answer in 30 s", at=20)
    found = (await desk.why(at=5))["good"]
    assert found.line == "retrying: in 15 s, after judge_timeout: no answer in 30 s"
    assert found.next_ns == _at(20)
    (job,) = await desk.lease("good", at=21)
    await desk.retry(job, "judge_answer_invalid", "no JSON", at=30, counts=True)
    told = "retrying: now, after judge_answer_invalid: no JSON (1 of its attempts used)"
    assert await desk.line(at=40) == told


async def test_budget(desk: Desk) -> None:
    await desk.publish(evaluator())
    await desk.receive(chat(number=1))
    (job,) = await desk.lease("good")
    await desk.retry(job, "budget_exhausted", "2,000,000 tokens a month are used up", at=7_205)
    told = "budget used up: 2,000,000 tokens a month are used up; tried again in 2 h"
    assert await desk.line() == told


async def test_paused(desk: Desk) -> None:
    await desk.publish(evaluator(), evaluator("other", services=("desk",)))
    await desk.receive(chat(number=1))
    await desk.store.pause("good", reason="the key is refused", paused_by="pipeline", retry_ns=_at(60))
    await desk.store.pause("other", reason="", paused_by="user")
    found = await desk.why()
    assert found["good"].line == "paused: the key is refused; the job waits for 5 s"
    assert found["good"].next_ns == _at(60)
    assert found["other"].state == "not_matched"


async def test_draft_and_published_later(desk: Desk) -> None:
    await desk.receive(chat(number=1))
    await desk.store.apply([evaluator("draft")], publish=False, now_ns=_at(1))
    await desk.publish(evaluator(), at=2)
    found = await desk.why()
    assert found["draft"].state == "draft"
    assert "spanjudge evaluators publish draft" in found["draft"].detail
    told = "published after the span came: spans that arrive from now on are judged"
    assert found["good"].line == told


async def test_a_draft_beside_the_published_version(desk: Desk) -> None:
    await desk.publish(evaluator())
    await desk.receive(chat(number=1))
    await desk.store.apply([evaluator(rubric="New.")], publish=False, now_ns=_at(1))
    assert (await desk.why())["good"].state == "waiting"


async def test_what_does_not_fit(desk: Desk) -> None:
    prompt = Prompt(user="{{span.output}} {{tenant}}")
    await desk.publish(
        evaluator("rule", rules=[("app.tier", "equals", "gold")]),
        evaluator("service", services=("desk",)),
        evaluator("sampled", sampling=0),
        evaluator("variable", prompt=prompt, variables={"tenant": "app.tenant"}),
        gallery.templates()["tool_selection_relevance"],
    )
    await desk.receive(span({**CHAT, **content("Where?", "Here."), "app.tier": "silver"}, number=1))
    found = {name: one.line for name, one in (await desk.why()).items()}
    assert found == {
        "rule": 'not matched: rule 1, app.tier equals "gold": it is "silver"',
        "service": "not matched: the service is travel; judged are only desk",
        "sampled": "sampled out: 0 % of traces are judged, and this one is not among them",
        "variable": "missing variable: the span has no tenant (attribute app.tenant)",
        "tool_selection_relevance": "missing variable: the span has no tools, tool_calls",
    }


async def test_failed_calls_own_calls_and_calls_without_content(desk: Desk) -> None:
    await desk.publish(evaluator())
    await desk.receive(
        span({**CHAT, "error.type": "timeout"}, number=1, failed=True),
        chat(number=2, trace=2, scope="spanjudge.judging"),
        span({"gen_ai.operation.name": "embeddings"}, number=3, trace=3),
    )
    assert (await desk.line()).startswith("failed call: it ended in an error (timeout), so")
    assert await desk.line(span_id=f"{2:016x}") == "own telemetry: it is a call of the judge itself"
    assert "it is no model call but embeddings" in await desk.line(span_id=f"{3:016x}")


async def test_a_job_that_was_skipped_says_why(desk: Desk) -> None:
    await desk.publish(evaluator())
    await desk.receive(span(CHAT, number=1))
    (job,) = await desk.lease("good", at=11)
    await desk.finish(Finish(job=job, reason="no_content", detail="no content came"), at=12)
    assert await desk.line(at=20) == "no content: no content came"


async def test_a_call_recorded_twice(desk: Desk) -> None:
    await desk.publish(evaluator())
    await desk.receive(chat(number=1, lasts=5), chat(number=2, parent=1, at=1))
    lines = {number: await desk.line(span_id=f"{number:016x}") for number in (1, 2)}
    (twice,) = [line for line in lines.values() if line.startswith("duplicate: ")]
    other = next(number for number, line in lines.items() if line.startswith("waiting"))
    assert f"{other:016x}" in twice


async def test_the_trace_and_the_session_that_it_is_part_of(desk: Desk) -> None:
    await desk.publish(evaluator("whole", target="trace"), evaluator("talk", target="session"))
    await desk.publish(evaluator("elsewhere", target="trace", services=("desk",)))
    received = span({**CHAT, **content("q", "a"), "gen_ai.conversation.id": "c1"}, number=1)
    await desk.receive(received)
    found = await desk.why(at=10)
    assert found["whole"].line == (
        "waiting (trace): until the trace has been quiet for 30 s, at most 30 min after its first span"
    )
    assert found["talk"].state == "waiting"
    assert found["talk"].target.session_id == "c1"
    assert found["elsewhere"].state == "not_matched"
    live = await desk.store.evaluators()
    await Windows(desk.store, lambda: live).close(_at(40))
    (job,) = await desk.lease("whole", at=41)
    await desk.finish(done(job, passed(job)), at=42)
    assert (await desk.why(at=50))["whole"].line == "judged (trace): pass, true"


async def test_a_span_without_a_conversation_is_in_no_session(desk: Desk) -> None:
    await desk.publish(evaluator("talk", target="session"), evaluator())
    await desk.receive(chat(number=1))
    assert list(await desk.why()) == ["good"]


async def test_a_trace_judged_only_from_now_on(desk: Desk) -> None:
    await desk.receive(chat(number=1))
    await desk.publish(evaluator("whole", target="trace"), at=100)
    told = "published after the span came (trace): the trace is judged when another of its spans arrives"
    assert await desk.line("whole", at=110) == told


async def test_what_would_fit_now_and_did_not_then(desk: Desk) -> None:
    await desk.publish(evaluator())
    late = chat(number=1)
    intake = Matcher([]).intake([late], (), now_ns=_at(0))
    await desk.store.commit([intake], now_ns=_at(0))
    assert (await desk.why())["good"].state == "missed"


async def test_an_evaluator_that_was_taken_out_of_use(desk: Desk) -> None:
    await desk.publish(evaluator(), evaluator("gone"))
    await desk.receive(chat(number=1))
    jobs = {job.evaluator: job for job in await desk.lease("good", "gone")}
    await desk.finish(done(jobs["gone"], passed(jobs["gone"])))
    await desk.store.archive("gone")
    found = await desk.why()
    assert found["gone"].line == "judged: pass, true"
    await desk.receive(chat(number=2, trace=2), at=6)
    assert "gone" not in await desk.why(f"{2:016x}", at=7)


async def test_ids_as_people_paste_them(desk: Desk) -> None:
    await desk.publish(evaluator())
    await desk.receive(chat(number=0xABC))
    assert list(await desk.why(f" 0x{0xABC:016X} ")) == ["good"]


@pytest.mark.parametrize("span_id", [f"{9:016x}", "nonsense", "", "12", "g" * 16])
async def test_a_span_that_is_not_there(desk: Desk, span_id: str) -> None:
    await desk.receive(chat(number=1))
    with pytest.raises(SpanNotFoundError, match="no span"):
        await desk.why(span_id)


async def test_a_span_id_in_two_traces(desk: Desk) -> None:
    await desk.publish(evaluator())
    await desk.receive(chat(number=1, trace=1), chat(number=1, trace=2))
    with pytest.raises(AmbiguousSpanError) as caught:
        await desk.why()
    assert caught.value.trace_ids == (f"{1:032x}", f"{2:032x}")
    (found,) = await explain(desk.store, ONE, trace_id=f"{2:032x}", now_ns=_at(5))
    assert found.target.trace_id == f"{2:032x}"


def _at(seconds: float) -> int:
    return START + int(seconds * SECOND)
