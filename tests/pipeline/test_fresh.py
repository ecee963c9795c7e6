"""What receiving read of a span serves its judging, and never a span that has changed since."""

from spanjudge.pipeline.fresh import FreshSpans
from spanjudge.pipeline.ports import Material
from spanjudge.pipeline.receive import Matcher
from spanjudge.pipeline.subjects import Shown, read_target
from spanjudge.spans.otlp import ReceivedSpan
from spanjudge.telemetry.evaluated import Target
from tests.pipeline.sent import CHAT, chat, content, evaluator, log, published, span, stored

SECOND = 1_000_000_000
DETAILS = "gen_ai.client.inference.operation.details"


def target(received: ReceivedSpan) -> Target:
    return Target(trace_id=received.raw.trace_id, span_id=received.raw.span_id)


def received(*spans: ReceivedSpan) -> FreshSpans:
    fresh = FreshSpans()
    Matcher(published(evaluator()), fresh=fresh).intake(spans, now_ns=0)
    return fresh


def test_reads_what_reading_anew_would_give_and_only_once() -> None:
    sent = chat()
    fresh, material = received(sent), Material(spans=stored([sent]))
    known = read_target(target(sent), material, known=fresh)
    assert known.raw is sent.raw
    assert len(fresh) == 0
    anew = read_target(target(sent), material, known=fresh)
    assert anew.raw is not sent.raw
    assert (known.subject, known.span, known.service) == (anew.subject, anew.span, anew.service)


def test_keeps_only_what_is_to_be_judged_now() -> None:
    assert len(received(span({"http.route": "/"}))) == 0
    waits_for_content = span(CHAT)
    assert len(received(waits_for_content)) == 0


def test_log_events_that_came_later_are_read() -> None:
    sent = span({**CHAT, **content("Where?", "Here.")})
    later = log(sent, DETAILS, {"gen_ai.system_instructions": "Be brief."})
    reading = read_target(target(sent), Material(spans=stored([sent], [later])), known=received(sent))
    assert reading.subject.system_prompt == "Be brief."
    assert reading.subject.output == "Here."


def test_documents_of_a_retrieval_that_came_later_are_shown() -> None:
    sent = chat(at=2.0)
    found = span(
        {"gen_ai.operation.name": "retrieval", "gen_ai.retrieval.documents": '[{"content": "Paris."}]'},
    )
    material = Material(spans=stored([sent]), retrievals=stored([found]))
    reading = read_target(target(sent), material, known=received(sent))
    assert [document.content for document in reading.subject.context] == ["Paris."]
    assert reading.shown.subject is reading.subject


def test_a_span_sent_again_with_other_content_is_not_taken_for_the_one_that_is_stored() -> None:
    first, again = chat(answer="Here.", number=9), chat(answer="There.", number=9)
    assert target(first) == target(again)
    reading = read_target(target(first), Material(spans=stored([first])), known=received(again))
    assert reading.subject.output == "Here."


def test_is_bounded_and_makes_room_when_the_oldest_are_too_old() -> None:
    fresh = FreshSpans(most_bytes=10, most_seconds=60)
    shown = Shown(chat().raw)
    fresh.keep(b"first", b"", shown, now_ns=0)
    fresh.keep(b"other", b"", shown, now_ns=1)
    fresh.keep(b"third", b"", shown, now_ns=59 * SECOND)
    assert (len(fresh), fresh.take(b"third", b"")) == (2, None)
    fresh.keep(b"third", b"", shown, now_ns=60 * SECOND)
    assert (fresh.take(b"first", b""), fresh.take(b"third", b"")) == (None, shown)
    fresh.keep(b"longer than all", b"", shown, now_ns=200 * SECOND)
    assert len(fresh) == 0


def test_what_nobody_takes_is_gone_after_a_while_however_much_room_there_is() -> None:
    fresh = FreshSpans(most_seconds=60)
    shown = Shown(chat().raw)
    for number in range(1_000):
        fresh.keep(b"%d" % number, b"", shown, now_ns=number * SECOND)
    assert len(fresh) == 60
    fresh.keep(b"much later", b"", shown, now_ns=10_000 * SECOND)
    assert len(fresh) < 60


def test_what_was_taken_makes_room() -> None:
    fresh = FreshSpans(most_bytes=5)
    shown = Shown(chat().raw)
    for name in (b"first", b"other", b"third"):
        fresh.keep(name, b"", shown, now_ns=0)
        assert fresh.take(name, b"envelope") is None
        assert fresh.take(name, b"") is shown
