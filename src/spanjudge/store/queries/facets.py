"""What there is to filter by."""

from collections import Counter
from collections.abc import Iterable

from sqlalchemy import Connection, func, select

from spanjudge.pipeline.listings import Facets
from spanjudge.pipeline.queries import Filters
from spanjudge.store.queries.conditions import of_result
from spanjudge.store.queries.rows import packed
from spanjudge.store.queries.traces import conditions
from spanjudge.store.tables import results, traces
from spanjudge.store.traces import listed

_MOST = 200


def facets(connection: Connection, filters: Filters) -> Facets:
    """Values with their counts in the window of the filters; the rest of the filters is not looked at."""
    window = Filters(start_ns=filters.start_ns, end_ns=filters.end_ns)
    lists = (traces.c.services, traces.c.models, traces.c.operations)
    counted = select(*lists, func.count()).where(*conditions(window)).group_by(*lists)
    of_traces = [Counter[str](), Counter[str](), Counter[str]()]
    for *values, count in packed(connection, counted):
        for counter, value in zip(of_traces, values, strict=True):
            counter.update(dict.fromkeys(listed(value), count))
    columns = (results.c.evaluator, results.c.label, results.c.code, results.c.judge_model)
    # Of a long window the index of values is gone through, in its order, and not that of times.
    where = of_result(window, alone=_is_short(connection, window))
    counted = select(*columns, func.count()).where(*where).group_by(*columns)
    of_results = [Counter[str](), Counter[str](), Counter[str](), Counter[str]()]
    for *values, count in packed(connection, counted):
        for counter, value in zip(of_results, values, strict=True):
            if value:
                counter[value] += count
    services, models, operations = map(_most, of_traces)
    evaluators, labels, codes, judge_models = map(_most, of_results)
    return Facets(
        services=services,
        models=models,
        operations=operations,
        evaluators=evaluators,
        labels=labels,
        codes=codes,
        judge_models=judge_models,
    )


def _most(counted: Counter[str]) -> tuple[tuple[str, int], ...]:
    pairs: Iterable[tuple[str, int]] = counted.items()
    return tuple(sorted(pairs, key=lambda pair: (-pair[1], pair[0]))[:_MOST])


def _is_short(connection: Connection, window: Filters) -> bool:
    """Whether the window is a small part of what is stored."""
    if window.start_ns is None:
        return False
    times = select(func.min(results.c.time_ns), func.max(results.c.time_ns)).where(
        results.c.current.is_(True)
    )
    first, last = connection.execute(times).one()
    if first is None:
        return True
    end_ns = last if window.end_ns is None else min(last, window.end_ns)
    return (end_ns - max(first, window.start_ns)) * _SHORT_PART < last - first


_SHORT_PART = 10
