"""How each evaluator does: for lists of evaluators."""

import msgspec
from sqlalchemy import Connection, func, select, text

from spanjudge.judging.result import EvaluationFailure
from spanjudge.pipeline.figures import TREND_STEPS, EvaluatorFigures, Figures, LastFailure
from spanjudge.pipeline.queries import Filters
from spanjudge.store.queries.statistics import Counting
from spanjudge.store.tables import evaluators, results

_waiting = text("SELECT evaluator, count(*) FROM jobs WHERE state = 0 GROUP BY evaluator")
_failure = msgspec.json.Decoder(EvaluationFailure)


def evaluator_figures(
    connection: Connection, counting: Counting, start_ns: int, end_ns: int
) -> dict[str, EvaluatorFigures]:
    """See `Queries`."""
    statistics = counting.statistics(
        connection,
        Filters(start_ns=start_ns, end_ns=end_ns),
        by="evaluator",
        step_ns=max(1, (end_ns - start_ns) // TREND_STEPS),
    )
    found = {one.key: one for one in statistics.series}
    waiting = waiting_jobs(connection)
    names = {*found, *waiting, *connection.execute(select(evaluators.c.name).distinct()).scalars()}
    figures: dict[str, EvaluatorFigures] = {}
    for name in names:
        series = found.get(name)
        steps = series.steps[-TREND_STEPS:] if series else ()
        figures[name] = EvaluatorFigures(
            now=series.figures if series else Figures(),
            before=series.before if series else Figures(),
            trend=tuple(one.mean_score if one.pass_rate is None else one.pass_rate for one in steps),
            last_failure=_last_failure(connection, name, since_ns=2 * start_ns - end_ns),
            last_ns=_last(connection, name),
            waiting=waiting.get(name, 0),
        )
    return figures


def waiting_jobs(connection: Connection) -> dict[str, int]:
    """How many jobs wait, by evaluator."""
    return {row[0]: row[1] for row in connection.execute(_waiting)}


def _last(connection: Connection, name: str) -> int | None:
    columns = results.c
    return connection.execute(select(func.max(columns.time_ns)).where(columns.evaluator == name)).scalar_one()


def _last_failure(connection: Connection, name: str, *, since_ns: int) -> LastFailure | None:
    columns = results.c
    row = connection.execute(
        select(columns.result_id, columns.code, columns.time_ns, columns.outcome)
        .where(
            columns.evaluator == name,
            columns.time_ns >= since_ns,
            columns.code.is_not(None),
            columns.current.is_(True),
        )
        .order_by(columns.time_ns.desc())
        .limit(1)
    ).one_or_none()
    if row is None:
        return None
    return LastFailure(
        code=row.code,
        message=_failure.decode(row.outcome).message,
        time_ns=row.time_ns,
        result_id=row.result_id.hex(),
    )
