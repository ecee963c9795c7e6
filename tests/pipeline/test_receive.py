"""What is stored and what is to be done for the spans and log records of one request."""

import logging
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spanjudge.pipeline.ports import Intake, StoredEvaluator
from spanjudge.pipeline.receive import GRACE_NS, Matcher, WindowTimes, session_id
from spanjudge.spans.otlp import ReceivedLog, ReceivedSpan
from spanjudge.spans.raw import RawSpan
from spanjudge.telemetry.evaluated import Target
from tests.pipeline.sent import CHAT, START, capture, chat, content, evaluator, log, published, span

NOW = START + 5


def taken(
    evaluators: list[StoredEvaluator], *spans: ReceivedSpan, logs: tuple[ReceivedLog, ...] = ()
) -> Intake:
    return Matcher(evaluators).intake(spans, logs, now_ns=NOW)


def test_every_span_and_log_is_stored() -> None:
    spans, logs = capture("ms-agent-framework", "tools")
    intake = Matcher([]).intake(spans, logs, now_ns=NOW)
    assert [row.span_id for row in intake.spans] == [one.raw.span_id for one in spans]
    assert [(row.span_id, row.blob) for row in intake.logs] == [(one.event.span_id, one.blob) for one in logs]
    assert (intake.jobs, intake.touches) == ([], [])


def test_what_spans_are_listed_by() -> None:
    conversation = {"gen_ai.conversation.id": "c1", "gen_ai.response.model": "gpt-4o-2024"}
    received = span({**CHAT, **conversation}, number=2, parent=1, name="chat", at=1, lasts=2, failed=True)
    (row,) = taken([], received).spans
    assert (row.trace_id, row.span_id, row.parent_span_id) == ("0" * 31 + "1", "0" * 15 + "2", "0" * 15 + "1")
    assert (row.service, row.name, row.operation, row.model, row.session_id, row.is_error) == (
        "travel",
        "chat",
        "chat",
        "gpt-4o-2024",
        "c1",
        True,
    )
    assert (row.start_ns - START, row.end_ns - START) == (10**9, 3 * 10**9)
    assert (row.blob, row.envelope) == (received.blob, received.envelope)


def test_a_job_for_each_evaluator_that_matches() -> None:
    both = published(evaluator("a"), evaluator("b"), evaluator("c", services=("desk",)))
    received = chat(number=2, parent=1)
    jobs = taken(both, received).jobs
    assert [job.evaluator for job in jobs] == ["a", "b"]
    assert jobs[0].version == both[0].evaluator.version
    assert jobs[0].target == Target(trace_id=received.raw.trace_id, span_id=received.raw.span_id)
    assert (jobs[0].due_ns, jobs[0].awaits_content, jobs[0].model_call) == (NOW, False, True)
    assert jobs[0].parent_span_id == received.raw.parent_span_id


def test_content_is_waited_for() -> None:
    (job,) = taken(published(evaluator()), span(CHAT)).jobs
    assert (job.due_ns, job.awaits_content) == (NOW + GRACE_NS, True)


@pytest.mark.parametrize(
    "received",
    [
        chat(service="desk"),
        chat(scope="spanjudge.judge"),
        span({"gen_ai.operation.name": "retrieval"}),
        span({**CHAT, **content("Where?", None)}, failed=True),
        span(name="GET /"),
    ],
)
def test_what_is_not_judged_makes_no_job(received: ReceivedSpan) -> None:
    intake = taken(published(evaluator(services=("travel",))), received)
    assert (len(intake.spans), intake.jobs) == (1, [])


def test_drafts_do_not_match_and_paused_ones_do() -> None:
    (draft,), (paused,) = published(evaluator("draft")), published(evaluator("paused"))
    draft = _with(draft, status="draft")
    paused = _with(paused, status="paused", paused_by="user")
    assert [job.evaluator for job in taken([draft, paused], chat()).jobs] == ["paused"]


def test_one_poison_span_does_not_take_the_others_along(caplog: pytest.LogCaptureFixture) -> None:
    def attributes() -> dict[str, Any]:
        raise RuntimeError("the secret text of the span")

    bad = chat()
    raw = RawSpan(trace_id=bad.raw.trace_id, span_id=bad.raw.span_id, attributes=attributes)
    poison = ReceivedSpan(raw, bad.blob, bad.envelope)
    with caplog.at_level(logging.ERROR):
        intake = taken(published(evaluator(), evaluator("t", target="trace")), chat(), poison, chat())
    assert len(intake.spans) == 3
    assert len(intake.jobs) == 2
    assert bad.raw.span_id in caplog.text
    assert "RuntimeError" in caplog.text
    assert "secret" not in caplog.text


def test_traces_and_sessions_are_touched_once_a_request() -> None:
    whole = published(evaluator("t", target="trace"), evaluator("s", target="session"))
    said = {"gen_ai.conversation.id": "c1"}
    spans = [
        span({**CHAT, **said}, trace=7),
        span({**CHAT, **said}, trace=7),
        span(CHAT, trace=8),
        span(trace=9),
    ]
    intake = taken(whole, *spans)
    assert intake.jobs == []
    times = WindowTimes()
    found = {touch.target.kind + touch.target.key: touch for touch in intake.touches}
    assert sorted(found) == ["session" + "c1", "trace" + f"{7:032x}", "trace" + f"{8:032x}"]
    session, trace = found["sessionc1"], found[f"trace{7:032x}"]
    assert (session.idle_ns, session.longest_ns) == (times.session_idle_ns, times.session_longest_ns)
    assert (trace.idle_ns, trace.longest_ns) == (times.trace_idle_ns, times.trace_longest_ns)
    assert session.target.trace_id == f"{7:032x}"
    assert (trace.seen_ns, trace.ended) == (NOW, False)


def test_only_traces_that_somebody_may_judge_are_watched() -> None:
    assert taken(published(evaluator()), chat()).touches == []
    assert taken(published(evaluator(target="trace", services=("desk",))), chat()).touches == []
    assert taken(published(evaluator(target="trace", sampling=0)), chat()).touches == []
    assert taken(published(evaluator(target="trace")), chat(scope="spanjudge.judge")).touches == []
    assert taken(published(evaluator(target="session")), chat()).touches == []


@pytest.mark.parametrize(
    ("attributes", "events"),
    [({"spanjudge.session.end": True}, ()), ({"spanjudge.session.end": "true"}, ()), ({}, ("session.end",))],
)
def test_a_session_can_be_ended(attributes: dict[str, Any], events: tuple[str, ...]) -> None:
    last = span({**CHAT, "session.id": "c1", **attributes}, events=events)
    spans = [span({**CHAT, "session.id": "c1"}), last, span({**CHAT, "session.id": "c1"})]
    (touch,) = taken(published(evaluator(target="session")), *spans).touches
    assert touch.ended


def test_a_trace_can_be_ended() -> None:
    one = published(evaluator(target="trace"), evaluator("s", target="session"))
    received = span({**CHAT, "session.id": "c1", "spanjudge.trace.end": True})
    assert {touch.target.kind: touch.ended for touch in taken(one, received).touches} == {
        "trace": True,
        "session": False,
    }


def test_a_log_event_ends_a_session() -> None:
    received = chat()
    end = log(received, "session.end", {}, gen_ai__conversation__id="c1")
    (touch,) = taken(published(evaluator(target="session")), logs=(end,)).touches
    assert (touch.target.session_id, touch.ended) == ("c1", True)


def test_a_very_long_conversation_id_is_shortened_and_stays_unique() -> None:
    long = ["x" * 5_000, "x" * 5_001, "a\x00b", "ab"]
    short = [session_id(one) for one in long]
    assert len(set(short)) == 4
    assert all(len(one) <= 200 and "\x00" not in one for one in short)
    assert session_id("c1") == "c1"


@given(st.dictionaries(st.text(max_size=20), st.one_of(st.text(), st.integers(), st.booleans(), st.none())))
def test_any_span_is_stored(attributes: dict[str, Any]) -> None:
    received = chat()
    raw = RawSpan(
        trace_id=received.raw.trace_id, span_id=received.raw.span_id, attributes={**CHAT, **attributes}
    )
    every = published(
        evaluator(), evaluator("t", target="trace"), evaluator("r", rules=[("name", "not_equals", "x")])
    )
    intake = taken(every, ReceivedSpan(raw, received.blob, received.envelope))
    assert len(intake.spans) == 1


def _with(stored: StoredEvaluator, **changes: Any) -> StoredEvaluator:
    return msgspec.structs.replace(stored, **changes)
