"""What the load generator sends, and when."""

import gzip
import itertools
import statistics
from collections import Counter

import pytest

from benchmarks.load.dialects import SCOPES
from benchmarks.load.requests import Prepared, prepared, span_id
from benchmarks.load.schedule import MOST_IN_REQUEST, Load, Sending, schedule
from benchmarks.load.traces import APPLICATIONS, MOST_SPANS, Traces
from spanjudge.spans.normalize import normalize
from spanjudge.spans.otlp import read_logs, read_spans
from spanjudge.spans.raw import LogEvent
from spanjudge.spans.span import Span

LOAD = Load(rate=150, seconds=40, seed=7)
START = 1_790_000_000_000_000_000


@pytest.fixture(scope="module")
def sendings() -> list[Sending]:
    return list(schedule(LOAD))


@pytest.fixture(scope="module")
def requests(sendings: list[Sending]) -> list[Prepared]:
    return list(prepared(iter(sendings), START))


def test_the_same_seed_gives_the_same_bytes_at_the_same_times(requests: list[Prepared]) -> None:
    again = prepared(schedule(LOAD), START)
    assert [one._replace(body=gzip.decompress(one.body)) for one in requests] == [
        one._replace(body=gzip.decompress(one.body)) for one in again
    ]
    other = next(schedule(LOAD._replace(seed=8)))
    assert other != next(schedule(LOAD))


def test_the_rate_is_what_was_asked_for(requests: list[Prepared]) -> None:
    spans = sum(one.spans for one in requests if not one.again)
    assert spans / LOAD.seconds == pytest.approx(LOAD.rate, rel=0.1)


def test_times_are_a_poisson_process_and_in_order(sendings: list[Sending]) -> None:
    times = [one.at for one in sendings]
    assert times == sorted(times)
    assert times[0] > 0
    assert times[-1] < LOAD.seconds
    # In a Poisson process the counts of equal stretches vary as much as their mean.
    counts = Counter(int(time) for time in times)
    each = [counts[second] for second in range(int(LOAD.seconds))]
    assert 0.5 < statistics.variance(each) / statistics.mean(each) < 1.8
    gaps = [after - before for before, after in itertools.pairwise(times)]
    assert statistics.stdev(gaps) == pytest.approx(statistics.mean(gaps), rel=0.2)


def test_spans_are_sent_once_but_for_redeliveries_and_never_before_they_end(sendings: list[Sending]) -> None:
    first = Counter(
        (span.trace.trace_id, span.step.place) for one in sendings if not one.again for span in one.spans
    )
    assert set(first.values()) == {1}
    twice = [one for one in sendings if one.again]
    assert twice
    assert all((span.trace.trace_id, span.step.place) in first for one in twice for span in one.spans)
    assert all(span.trace_start + span.step.end <= one.at for one in sendings for span in one.spans)
    assert max(len(one.spans) for one in sendings) <= MOST_IN_REQUEST


def test_some_spans_come_late_and_after_their_trace_s_root(sendings: list[Sending]) -> None:
    lateness = [
        one.at - span.trace_start - span.step.end
        for one in sendings
        if not one.again
        for span in one.spans
        if span.trace_start >= 0
    ]
    assert max(lateness) > 5
    assert statistics.median(lateness) < 3


def test_traces_are_heavy_tailed_and_of_many_kinds() -> None:
    traces = list(itertools.islice(Traces(3), 3_000))
    spans = sorted(len(trace.steps) for trace in traces)
    assert (spans[0], spans[-1] <= MOST_SPANS) == (1, True)
    assert spans[-1] > 20
    assert spans[len(spans) // 2] <= 5
    texts = sorted(
        len(step.answer) for trace in traces for step in trace.steps if step.kind == "chat" and step.answer
    )
    assert texts[int(0.99 * len(texts))] > 8 * texts[len(texts) // 2]
    assert {step.application.name for trace in traces for step in trace.steps} == {
        *(one.name for one in APPLICATIONS),
        "gateway",
    }
    assert {step.kind for trace in traces for step in trace.steps} == {
        *("request", "agent", "chat", "tool", "retrieve", "embed")
    }
    assert 0 < sum(step.failed for trace in traces for step in trace.steps) < 300
    sessions = Counter(trace.session for trace in traces)
    assert len(sessions) < len(traces)
    for trace in traces:
        assert all(step.parent is None or step.parent < step.place for step in trace.steps)


def spans_read(requests: list[Prepared]) -> dict[tuple[str, str], Span]:
    """Everything that was sent, as the server understands it, by its ids."""
    events: dict[str, list[LogEvent]] = {}
    for one in requests:
        if one.path == "/v1/logs" and not one.again:
            for log in read_logs(gzip.decompress(one.body)).logs:
                events.setdefault(log.event.span_id or "", []).append(log.event)
    return {
        (span.raw.trace_id, span.raw.span_id): normalize(span.raw, events.get(span.raw.span_id, ()))
        for one in requests
        if one.path == "/v1/traces"
        for span in read_spans(gzip.decompress(one.body)).spans
    }


def test_every_dialect_is_understood(sendings: list[Sending], requests: list[Prepared]) -> None:
    found = spans_read(requests)
    assert {span.service for span in found.values()} == {*(one.name for one in APPLICATIONS), "gateway"}
    seen: Counter[tuple[str, str]] = Counter()
    for ended in (one for sending in sendings for one in sending.spans):
        trace, step, _ = ended
        span = found[trace.trace_id.hex(), span_id(trace.trace_id, step.place).hex()]
        assert span.service == step.application.name
        assert (span.error is not None) == step.failed
        seen[step.application.dialect, step.kind] += 1
        if step.kind == "chat":
            assert span.operation == "chat"
            assert span.output_text == (step.answer.strip() or None), step.application
            assert step.text.strip() in (span.input_text or ""), step.application
            assert span.request_model == trace.model
        elif step.kind == "tool":
            assert (span.operation, span.tool_name) == ("execute_tool", step.tool)
        elif step.kind == "retrieve" and step.application.dialect != "openllmetry":
            assert [one.content for one in span.context] == list(step.documents)
        if step.kind == "chat" and step.application.dialect != "genai_events":
            assert span.conversation_id == trace.session
    assert {dialect for dialect, kind in seen if kind == "chat"} == set(SCOPES)
