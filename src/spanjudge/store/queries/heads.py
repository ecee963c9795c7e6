"""The spans of traces that tell what a trace was asked and answered, and its model calls."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, select

from spanjudge.pipeline.queries import Heads
from spanjudge.spans.span import MODEL_OPERATIONS
from spanjudge.store.envelopes import Envelopes
from spanjudge.store.queries.rows import packed
from spanjudge.store.spans import by_rows
from spanjudge.store.tables import spans, traces

_COLUMNS = (spans.c.trace_id, spans.c.id, spans.c.span_id, spans.c.operation, spans.c.start_ns)
_SHORT = 200
_MOST_CALLS = 10
_LOOKED_AT = 20


def heads(connection: Connection, trace_ids: Sequence[str], envelopes: Envelopes) -> dict[str, Heads]:
    """By trace id; a trace that is not stored is left out."""
    known = packed(
        connection,
        select(traces.c.trace_id, traces.c.root_id, traces.c.spans).where(
            traces.c.trace_id.in_([bytes.fromhex(trace_id) for trace_id in trace_ids])
        ),
    )
    members: dict[str, list[list[Any]]] = {trace_id: [] for trace_id, _, _ in known}
    short = [bytes.fromhex(trace_id) for trace_id, _, count in known if count <= _SHORT]
    for row in packed(connection, select(*_COLUMNS).where(spans.c.trace_id.in_(short))):
        members[row[0]].append(row)
    for trace_id, root_id, count in known:
        if count > _SHORT:
            members[trace_id] = _beginning(connection, trace_id, root_id)
    roots = {trace_id: root_id for trace_id, root_id, _ in known}
    complete = {trace_id: count <= _SHORT for trace_id, _, count in known}
    return _stored(connection, members, roots, complete, envelopes)


def _beginning(connection: Connection, trace_id: str, root_id: str) -> list[list[Any]]:
    """The root of a very long trace, and what came first."""
    same = spans.c.trace_id == bytes.fromhex(trace_id)
    root = select(*_COLUMNS).where(same, spans.c.span_id == bytes.fromhex(root_id))
    first = select(*_COLUMNS).where(same).limit(_LOOKED_AT)
    rows = packed(connection, root) + packed(connection, first)
    return list({row[1]: row for row in rows}.values())


def _stored(
    connection: Connection,
    members: Mapping[str, list[list[Any]]],
    roots: Mapping[str, str],
    complete: Mapping[str, bool],
    envelopes: Envelopes,
) -> dict[str, Heads]:
    chosen: dict[str, tuple[list[int], bool]] = {}
    for trace_id, rows in members.items():
        rows.sort(key=lambda row: (row[2] != roots[trace_id], row[4], row[1]))
        about = [row for row in rows[1:] if row[3]]
        calls = [row for row in rows if row[3] in MODEL_OPERATIONS]
        few = calls if len(calls) <= _MOST_CALLS else [calls[0], calls[-1]]
        wanted = [row[1] for row in (*rows[:1], *about[:1], *few)]
        chosen[trace_id] = (list(dict.fromkeys(wanted)), complete[trace_id] and few is calls)
    found = by_rows(connection, [row for wanted, _ in chosen.values() for row in wanted], envelopes)
    return {
        trace_id: Heads(spans=tuple(found[row] for row in wanted), complete=whole)
        for trace_id, (wanted, whole) in chosen.items()
    }
