"""What requests brought, stored together."""

from collections.abc import Iterator, Sequence

from sqlalchemy import Connection

from spanjudge.pipeline.ports import Committed, Intake, WindowTouch
from spanjudge.store import jobs, late_content, spans, traces, windows
from spanjudge.store.envelopes import Envelopes
from spanjudge.store.spans import NewSpans


def commit(
    connection: Connection, intakes: Sequence[Intake], envelopes: Envelopes, *, now_ns: int
) -> Committed:
    """Spans first, then logs, then the jobs that look at both."""
    given = [span for one in intakes for span in one.spans]
    new_spans = spans.add_spans(connection, given, envelopes, now_ns=now_ns)
    traces.grow(connection, given, new_spans)
    new_logs, concerned = spans.add_logs(
        connection, [log for one in intakes for log in one.logs], envelopes, now_ns=now_ns
    )
    if concerned:
        late_content.arrived(connection, concerned, now_ns=now_ns)
    new_jobs = jobs.add(connection, [job for one in intakes for job in one.jobs], now_ns=now_ns)
    windows.touch(connection, _news(intakes, new_spans))
    return Committed(spans=new_spans.count, logs=new_logs, jobs=new_jobs)


def _news(intakes: Sequence[Intake], new: NewSpans) -> Iterator[tuple[WindowTouch, bool]]:
    """Each touch, and whether it is for a span that was not there before (or for something else)."""
    for one in intakes:
        if new.keys is None or not one.touches:
            yield from ((touch, True) for touch in one.touches)
            continue
        brought: dict[tuple[str, str], bool] = {}
        for span in one.spans:
            is_new = new.has(span)
            for key in (("trace", span.trace_id), ("session", span.session_id or "")):
                brought[key] = brought.get(key, False) or is_new
        for touch in one.touches:
            yield touch, brought.get((touch.target.kind, touch.target.key), True)
