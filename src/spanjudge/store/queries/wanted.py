"""Which of some traces or spans have an outcome as the filters want it."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, LargeBinary, func, select

from spanjudge.pipeline.queries import Filters
from spanjudge.store.bulk import Select
from spanjudge.store.keys import portions, span_keys_between
from spanjudge.store.queries.conditions import Condition, of_outcome
from spanjudge.store.queries.rows import Asked
from spanjudge.store.tables import results

SKEW_NS = 86_400_000_000_000
"""How far clocks may be apart."""

_COLUMNS = "r.target, r.evaluator, r.verdict, r.code, r.label, r.judge_model, r.score"
_PLAIN = ("evaluator", "verdict", "code", "label", "judge_model", "score")
_between = Select(
    f"WITH wanted (first, last) AS :keys SELECT {_COLUMNS} FROM wanted CROSS JOIN results AS r"  # noqa: S608  # our own columns
    " WHERE r.target >= wanted.first AND r.target <= wanted.last AND r.current <> (1 = 0)",
    ids=("target",),
    plain=_PLAIN,
    pairs="keys",
)
_exact = Select(
    f"SELECT {_COLUMNS} FROM results AS r WHERE r.target IN :keys AND r.current <> (1 = 0)",  # noqa: S608  # our own columns
    ids=("target",),
    plain=_PLAIN,
    lists=("keys",),
)


def traces_with(connection: Connection, filters: Filters, trace_ids: Sequence[str]) -> set[str]:
    """Those of the traces that have such an outcome, themselves or on one of their spans."""
    keys = [
        pair
        for trace_id in map(bytes.fromhex, trace_ids)
        for pair in (span_keys_between(trace_id), (b"t" + trace_id, b"t" + trace_id))
    ]
    return {
        row[0][2:34]
        for some in portions(keys)
        for row in _between(connection, keys=some)
        if _fits(filters, row)
    }


def spans_with(
    connection: Connection, filters: Filters, spans: Sequence[tuple[str, str]]
) -> set[tuple[str, str]]:
    """Those of the spans, by trace and span id, that have such an outcome."""
    keys = [b"s" + bytes.fromhex(trace_id + span_id) for trace_id, span_id in spans]
    return {
        (row[0][2:34], row[0][34:])
        for some in portions(keys)
        for row in _exact(connection, keys=some)
        if _fits(filters, row)
    }


def judged_traces(filters: Filters) -> Asked:
    """The ids of all traces that have such an outcome."""
    trace_id = func.substr(results.c.target, 2, 16, type_=LargeBinary)
    kinds = results.c.kind.in_(("span", "trace"))
    return select(trace_id.label("trace_id")).where(*_since(filters), kinds).distinct()


def judged_spans(filters: Filters) -> Asked:
    """The ids of all spans that have such an outcome: of trace and span."""
    trace_id = func.substr(results.c.target, 2, 16, type_=LargeBinary)
    span_id = func.substr(results.c.target, 18, 8, type_=LargeBinary)
    columns = (trace_id.label("trace_id"), span_id.label("span_id"))
    return select(*columns).where(*_since(filters), results.c.kind == "span").distinct()


def _since(filters: Filters) -> list[Condition]:
    """What is judged started before its outcome came about, as far as clocks can be trusted."""
    found = of_outcome(filters)
    if filters.start_ns is not None:
        found.append(results.c.time_ns >= filters.start_ns - SKEW_NS)
    return found


def _fits(filters: Filters, row: Sequence[Any]) -> bool:
    """What `of_outcome` says in SQL."""
    _, evaluator, verdict, code, label, judge_model, score = row
    word = "none" if code is not None else verdict or "value"
    low, high = filters.min_score, filters.max_score
    return (
        (not filters.verdicts or word in filters.verdicts)
        and (not filters.evaluators or evaluator in filters.evaluators)
        and (not filters.codes or code in filters.codes)
        and (not filters.labels or label in filters.labels)
        and (not filters.judge_models or judge_model in filters.judge_models)
        and (low is None or (score is not None and score >= low))
        and (high is None or (score is not None and score <= high))
    )
