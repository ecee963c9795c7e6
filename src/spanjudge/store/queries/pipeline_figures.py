"""What the store knows of the pipeline."""

from sqlalchemy import Connection, func, select, text

from spanjudge.pipeline.figures import ErrorCount, OutboxCount, PipelineFigures
from spanjudge.pipeline.queries import Filters
from spanjudge.store.queries.evaluator_figures import waiting_jobs
from spanjudge.store.queries.statistics import Counting
from spanjudge.store.tables import results

_HOUR = 3_600_000_000_000

_received = text("SELECT count(*) FROM spans WHERE received_ns >= :since")
_last_received = text("SELECT max(received_ns) FROM spans")
_owners = text("SELECT owner FROM owners WHERE until_ns > :now ORDER BY owner")
_outbox = text(
    "SELECT waiting.destination, waiting.count, results.stored_ns FROM ("
    "SELECT destination, count(*) AS count, min(result) AS oldest FROM outbox GROUP BY destination"
    ") AS waiting JOIN results ON results.id = waiting.oldest ORDER BY waiting.destination"
)


def pipeline_figures(
    connection: Connection, counting: Counting, *, today_ns: int, since_ns: int, now_ns: int
) -> PipelineFigures:
    """See `Queries`."""
    columns = results.c
    judge = func.coalesce(columns.judge_model, "").label("judge")
    errors = connection.execute(
        select(columns.code, judge, func.count().label("count"))
        .where(columns.current.is_(True), columns.time_ns >= since_ns, columns.code.is_not(None))
        .group_by(columns.code, judge)
    )
    return PipelineFigures(
        received=connection.execute(_received, {"since": today_ns}).scalar_one(),
        last_received_ns=connection.execute(_last_received).scalar_one(),
        median=counting.median(connection, Filters(start_ns=since_ns, end_ns=now_ns), step_ns=_HOUR),
        owners=tuple(connection.execute(_owners, {"now": now_ns}).scalars()),
        waiting=waiting_jobs(connection),
        outbox=tuple(
            OutboxCount(destination=name, count=count, oldest_ns=stored)
            for name, count, stored in connection.execute(_outbox)
        ),
        errors=tuple(
            ErrorCount(code=code, judge_model=model, count=count)
            for code, model, count in sorted(errors, key=lambda row: (-row[2], row[0], row[1]))
        ),
    )
