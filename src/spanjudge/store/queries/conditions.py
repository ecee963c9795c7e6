"""Filters as conditions on rows of results."""

from sqlalchemy import ColumnElement, and_, false, or_

from spanjudge.pipeline.queries import Filters, Verdict
from spanjudge.store.tables import results

Condition = ColumnElement[bool]


def of_outcome(filters: Filters) -> list[Condition]:
    """What the filters want of one current outcome, but for `text`; always that it is current."""
    columns = results.c
    found: list[Condition] = [columns.current.is_(True)]
    if filters.verdicts:
        found.append(or_(*(_VERDICTS[verdict] for verdict in dict.fromkeys(filters.verdicts))))
    for column, wanted in (
        (columns.evaluator, filters.evaluators),
        (columns.code, filters.codes),
        (columns.label, filters.labels),
        (columns.judge_model, filters.judge_models),
    ):
        if wanted:
            found.append(column.in_(wanted))
    if filters.min_score is not None:
        found.append(columns.score >= filters.min_score)
    if filters.max_score is not None:
        found.append(columns.score <= filters.max_score)
    return found


def of_result(filters: Filters, *, alone: bool = True) -> list[Condition]:
    """What the filters want of a result: of its outcome, of what was judged, and when. But for `text`.

    Not `alone`: another condition leaves few rows already, or another index is to be gone through.
    """
    columns = results.c
    found = of_outcome(filters)
    if filters.session or not alone:
        # Said so that no index is used for it.
        found[0] = columns.current.is_not(false())
    for column, wanted in (
        (columns.service, filters.services),
        (columns.model, filters.models),
        (columns.operation, filters.operations),
    ):
        if wanted:
            found.append(column.in_(wanted))
    if filters.session:
        found.append(columns.session_id == filters.session)
    if filters.start_ns is not None:
        found.append(columns.time_ns >= filters.start_ns)
    if filters.end_ns is not None:
        found.append(columns.time_ns < filters.end_ns)
    return found


def asks_of_outcomes(filters: Filters) -> bool:
    """Whether the filters want anything of an outcome."""
    return bool(
        filters.evaluators
        or filters.verdicts
        or filters.codes
        or filters.labels
        or filters.judge_models
        or filters.min_score is not None
        or filters.max_score is not None
    )


_VERDICTS: dict[Verdict, Condition] = {
    "pass": results.c.verdict == "pass",
    "fail": results.c.verdict == "fail",
    "value": and_(results.c.verdict.is_(None), results.c.code.is_(None)),
    "none": results.c.code.is_not(None),
}
