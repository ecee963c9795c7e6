"""What the store knows of the pipeline."""

from sqlalchemy import Connection, text

from spanjudge.pipeline.figures import ErrorCount, OutboxCount, PipelineFigures
from spanjudge.pipeline.queries import Filters
from spanjudge.store.queries.evaluator_figures import waiting_jobs
from spanjudge.store.queries.received import Received
from spanjudge.store.queries.statistics import Counting
from spanjudge.store.queries.tally import together

_HOUR = 3_600_000_000_000

_last_received = text("SELECT max(received_ns) FROM spans")
_owners = text("SELECT owner FROM owners WHERE until_ns > :now ORDER BY owner")
_outbox = text(
    "SELECT waiting.destination, waiting.count, results.stored_ns FROM ("
    "SELECT destination, count(*) AS count, min(result) AS oldest FROM outbox GROUP BY destination"
    ") AS waiting JOIN results ON results.id = waiting.oldest ORDER BY waiting.destination"
)


def pipeline_figures(
    connection: Connection,
    counting: Counting,
    received: Received,
    *,
    today_ns: int,
    since_ns: int,
    now_ns: int,
) -> PipelineFigures:
    """See `Queries`."""
    window = Filters(start_ns=since_ns, end_ns=now_ns)
    judged = counting.in_brief(connection, window, step_ns=_HOUR)
    codes = [(-count, code, model) for model, tally in judged.items() for code, count in tally.codes.items()]
    return PipelineFigures(
        received=received.count(connection, day_ns=today_ns, now_ns=now_ns),
        last_received_ns=connection.execute(_last_received).scalar_one(),
        median=together(judged.values()).median,
        owners=tuple(connection.execute(_owners, {"now": now_ns}).scalars()),
        waiting=waiting_jobs(connection),
        outbox=tuple(
            OutboxCount(destination=name, count=count, oldest_ns=stored)
            for name, count, stored in connection.execute(_outbox)
        ),
        errors=tuple(
            ErrorCount(code=code, judge_model=model, count=-count) for count, code, model in sorted(codes)
        ),
    )
