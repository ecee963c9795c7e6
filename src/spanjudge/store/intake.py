"""What requests brought, stored together."""

from collections.abc import Sequence

from sqlalchemy import Connection

from spanjudge.pipeline.ports import Committed, Intake
from spanjudge.store import jobs, late_content, spans, traces, windows
from spanjudge.store.envelopes import Envelopes
from spanjudge.store.postgres import arriving


def commit(
    connection: Connection, intakes: Sequence[Intake], envelopes: Envelopes, *, now_ns: int
) -> Committed:
    """Spans first, then logs, then the jobs that look at both."""
    if connection.dialect.name != "sqlite":
        return arriving.commit(connection, intakes, envelopes, now_ns=now_ns)
    given = [span for one in intakes for span in one.spans]
    new_spans = spans.add_spans(connection, given, envelopes, now_ns=now_ns)
    traces.grow(connection, given, new_spans)
    new_logs, concerned = spans.add_logs(
        connection, [log for one in intakes for log in one.logs], envelopes, now_ns=now_ns
    )
    if concerned:
        late_content.arrived(connection, concerned, now_ns=now_ns)
    new_jobs = jobs.add(connection, [job for one in intakes for job in one.jobs], now_ns=now_ns)
    windows.touch(connection, windows.news(intakes, new_spans))
    return Committed(spans=new_spans.count, logs=new_logs, jobs=new_jobs)
