"""What was recorded lately is found again, and never takes more room than it may."""

# The books are compared with what is kept.
# pyright: reportPrivateUsage=false

import gc
import threading
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from spanjudge.in_process.recorded.recent import MOST_UNSORTED, Recent, RecentSpan, size_of
from spanjudge.spans.raw import LogEvent, RawEvent, RawSpan


def name(number: int) -> str:
    return f"{number:016x}"


def recent_span(
    number: int, parent: int = 0, *, trace: str = "t", text: str = "", **options: Any
) -> RecentSpan:
    given: dict[str, Any] = {"is_call": True, **options}
    raw = RawSpan(
        trace_id=trace,
        span_id=name(number),
        parent_span_id=name(parent) if parent else "",
        attributes={"gen_ai.operation.name": "chat", "text": text},
    )
    return RecentSpan(raw, **given)


def event(number: int, *, trace: str = "t", text: str = "") -> LogEvent:
    return LogEvent(trace_id=trace, span_id=name(number), name="gen_ai.choice", body={"content": text})


def numbers(found: list[RecentSpan]) -> list[int]:
    return sorted(int(one.raw.span_id, 16) for one in found)


def test_calls_around_and_inside_and_beside_are_relatives() -> None:
    recent = Recent()
    family = {
        number: recent_span(number, parent)
        for number, parent in [(4, 3), (3, 2), (2, 1), (5, 2), (6, 1), (7, 6), (8, 99)]
    }
    for one in family.values():
        recent.add(one)

    # 2 around 3 around 4; 5 beside 3. 1 has not ended, 6 is beside 2, 7 inside 6.
    assert numbers(recent.relatives_of(family[3])) == [2, 4, 5]
    assert numbers(recent.relatives_of(family[4])) == [2, 3, 5]
    assert numbers(recent.relatives_of(family[2])) == [3, 4, 5, 6]
    assert numbers(recent.relatives_of(family[8])) == []


def test_calls_of_another_instrumentation_beside_are_none() -> None:
    recent = Recent()
    one, other = recent_span(2, 1), recent_span(3, 1)
    other.raw.scope = "another"
    recent.add(one)
    recent.add(other)

    assert recent.relatives_of(one) == []


def test_sources_of_the_trace_are_relatives_of_everything_in_it() -> None:
    recent = Recent()
    source = recent_span(9, 8, is_call=False, is_source=True)
    agent = recent_span(2, 1, is_call=False)
    for one in (source, agent, recent_span(5, trace="other", is_call=False, is_source=True)):
        recent.add(one)

    assert recent.relatives_of(agent) == [source]
    assert recent.relatives_of(source) == []
    assert recent.relatives_of(recent_span(1, trace="unknown")) == []


def test_a_circle_of_parents_ends() -> None:
    recent = Recent()
    one, other, own = recent_span(1, 2), recent_span(2, 1), recent_span(3, 3)
    for span in (one, other, own):
        recent.add(span)
        recent.started(int(span.raw.span_id, 16), int(span.raw.parent_span_id, 16))

    assert numbers(recent.relatives_of(one)) == [2]
    assert recent.relatives_of(own) == []
    assert [span_id for span_id, _ in recent.way_up(name(1))] == [name(1), name(2)]


def test_the_way_up_from_spans_that_only_started() -> None:
    recent = Recent()
    recent.started(3, 2)
    recent.started(2, 1)

    assert list(recent.way_up(name(3))) == [(name(3), name(2)), (name(2), name(1)), (name(1), "")]
    assert list(recent.way_up("")) == []


def timed(number: int, start: int, end: int, scope: str, **options: Any) -> RecentSpan:
    span = recent_span(number, trace=f"t{number}", **options)
    span.raw.start_ns, span.raw.end_ns, span.raw.scope = start, end, scope
    return span


def test_calls_of_another_instrumentation_meanwhile() -> None:
    recent = Recent()
    second = 1_000_000_000
    inner = timed(2, 2 * second, 3 * second, "library")
    for one in (
        timed(1, 0, second, "library"),
        inner,
        timed(3, 2 * second, 3 * second, "framework"),
        timed(4, second, 4 * second, "framework"),
        timed(5, 3 * second, 5 * second, "framework"),
    ):
        recent.add(one)

    assert numbers(recent.meanwhile(inner)) == [3, 4]
    assert numbers(recent.meanwhile(timed(9, 2 * second, 4 * second, "framework"))) == [2]


def test_calls_that_were_forgotten_take_no_room() -> None:
    recent = Recent(most_bytes=10_000, unsorted=1)
    recent.add(timed(1, 1, 2, "library", text="x" * 8_000))
    recent.add(timed(2, 1, 2, "library", text="x" * 8_000))
    gc.collect()

    assert numbers(recent.meanwhile(timed(3, 1, 2, "framework"))) == [2]


def test_log_events_are_found_by_span_and_trace() -> None:
    recent = Recent()
    first, second = event(1, text="a"), event(1, text="b")
    for one in (first, event(2), second, event(1, trace="other")):
        recent.add_event(one)

    assert recent.events_of(recent_span(1).raw) == (first, second)
    assert recent.events_of(recent_span(3).raw) == ()


def test_what_has_been_quiet_for_long_is_forgotten() -> None:
    clock = [0.0]
    recent = Recent(oldest=10, unsorted=1, now=lambda: clock[0])
    old, living = recent_span(1, trace="old"), recent_span(2, trace="living")
    for one in (old, living):
        recent.add(one)
    recent.add_event(event(1))
    clock[0] = 8
    recent.add(recent_span(3, 2, trace="living"))
    clock[0] = 11
    recent.add(recent_span(4, trace="new"))

    assert numbers(recent.relatives_of(living)) == [3]
    assert recent.relatives_of(recent_span(9, 1, trace="old")) == []
    assert (recent.spans, recent.events) == (3, 0)


def test_the_trace_without_news_goes_first() -> None:
    recent = Recent(most=3, unsorted=1)
    recent.add(recent_span(1, trace="a"))
    recent.add(recent_span(2, trace="b"))
    recent.add(recent_span(3, 1, trace="a"))
    recent.add(recent_span(4, trace="c"))

    assert recent.spans == 3
    assert numbers(recent.relatives_of(recent_span(1, trace="a"))) == [3]


def test_of_one_endless_trace_the_first_spans_go() -> None:
    recent = Recent(most=3, unsorted=1)
    for number in range(1, 7):
        recent.add(recent_span(number, 100))

    assert recent.spans == 3
    assert numbers(recent.relatives_of(recent_span(99, 100))) == [4, 5, 6]


def test_one_span_that_is_larger_than_everything_is_not_kept() -> None:
    recent = Recent(most_bytes=10_000, unsorted=1)
    recent.add(recent_span(1, 9, text="x" * 5_000))
    recent.add(recent_span(2, 9, text="x" * 50_000))
    recent.add_event(event(1, text="x" * 50_000))

    assert recent.span_bytes <= 10_000
    assert recent.event_bytes <= 10_000


def test_texts_in_events_of_a_span_count() -> None:
    raw = RawSpan(trace_id="t", span_id="1", events=(RawEvent(name="e", attributes={"a": "x" * 9_000}),))

    recent, span = Recent(), RecentSpan(raw)
    recent.add(span)
    recent.relatives_of(span)

    assert span.size == recent.span_bytes > 9_000


@given(
    st.lists(
        st.tuples(
            st.integers(1, 30), st.integers(0, 30), st.sampled_from("ab"), st.integers(0, 400), st.booleans()
        ),
        max_size=60,
    )
)
def test_the_books_are_right_and_the_bounds_hold(
    recorded: list[tuple[int, int, str, int, bool]],
) -> None:
    recent = Recent(most=12, most_bytes=4_000, unsorted=1)
    for number, parent, trace, length, is_event in recorded:
        if is_event:
            recent.add_event(event(number, trace=trace, text="x" * length))
        else:
            recent.add(recent_span(number, parent, trace=trace, text="x" * length))

        assert recent.spans <= 12
        assert recent.events <= 12
        assert recent.span_bytes <= 4_000
        assert recent.event_bytes <= 4_000
    kept = [span for trace in recent._traces.values() for span in trace.spans.values()]
    below = [span for trace in recent._traces.values() for some in trace.by_parent.values() for span in some]
    assert len(kept) == recent.spans
    assert sum(span.size for span in kept) == recent.span_bytes
    assert sorted(id(span) for span in kept if span.raw.parent_span_id) == sorted(map(id, below))
    assert sum(len(logs.events) for logs in recent._logs.values()) == recent.events
    assert sum(logs.size for logs in recent._logs.values()) == recent.event_bytes


def test_many_threads_record_at_once() -> None:
    recent = Recent()
    start = threading.Barrier(8)

    def work(thread: int) -> None:
        start.wait()
        for number in range(200):
            recent.started(thread * 1000 + number, 1)
            recent.add(recent_span(thread * 1000 + number, 1, trace=f"trace {thread}"))
            recent.add_event(event(thread * 1000 + number))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(1, 9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(recent.relatives_of(recent_span(9, 1, trace="trace 3"))) == 64
    assert recent.spans == recent.events == 1600


def test_what_nobody_reads_takes_no_more_room() -> None:
    recent = Recent(most_bytes=10_000)
    for number in range(200):
        recent.add(recent_span(number, text="x" * 1_000))

    assert len(recent._inbox) < MOST_UNSORTED
    assert recent.span_bytes <= 10_000


def test_who_records_does_not_wait_for_who_is_at_work() -> None:
    recent = Recent()
    with recent._at_work:
        recent.add(recent_span(2, 1))
        recent.add_event(event(2))

    assert numbers(recent.relatives_of(recent_span(3, 1))) == [2]
    assert len(recent.events_of(recent_span(2).raw)) == 1


def test_a_forked_child_starts_anew() -> None:
    recent = Recent()
    recent.add(recent_span(2, 1))
    recent.started(2, 1)
    recent._at_work.acquire()
    recent.forget()
    recent.add(recent_span(3, 1))

    assert numbers(recent.relatives_of(recent_span(4, 1))) == [3]
    assert list(recent.way_up(name(2))) == [(name(2), "")]


def test_a_span_is_normalised_again_when_more_log_events_came() -> None:
    span = recent_span(1)
    first = span.span()

    assert span.span() is first
    assert first.output_text is None
    assert span.span((event(1, text="Paris."),)).output_text == "Paris."


def test_sizes_are_about_right_and_end() -> None:
    deep: list[Any] = []
    for _ in range(5_000):
        deep = [deep]

    assert 1_000 < size_of({"a": "x" * 1_000, "b": [1, 2.5, None, b"y" * 10]}) < 2_000
    assert size_of(deep) > 0
