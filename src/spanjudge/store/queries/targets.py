"""Spans, traces and sessions of a window, newest first."""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Connection, LargeBinary, Select, Table, func, or_, select, union_all

from spanjudge.pipeline.targets import StoredTarget, Stretch
from spanjudge.store.bulk import Select as Rows
from spanjudge.store.database import Database
from spanjudge.store.outcomes import IDS, PLAIN, evaluated_of
from spanjudge.store.tables import logs, spans, traces
from spanjudge.telemetry.evaluated import Evaluated, Target, TargetKind

Selected = Select[*tuple[Any, ...]]

_rows = msgspec.json.Decoder(list[list[Any]])

_BETWEEN = "\x1f"
"""Stands around every service of a trace."""

_outcome = Rows(
    f"SELECT {', '.join((*IDS, *PLAIN))} FROM results WHERE result_id = :id",  # noqa: S608  # our own columns
    ids=IDS,
    plain=PLAIN,
)


class SqlTargets:
    """`Targets` on a database: see `spanjudge.pipeline.targets`."""

    _database: Database

    async def targets(
        self, kind: TargetKind, stretch: Stretch, *, limit: int, skip: int = 0
    ) -> list[StoredTarget]:
        """The newest."""
        return await self._database.look(lambda db: newest(db, kind, stretch, limit=limit, skip=skip))

    async def count_targets(self, kind: TargetKind, stretch: Stretch) -> int:
        """How many there are."""
        return await self._database.look(lambda db: count(db, kind, stretch))

    async def stored_since(self) -> int | None:
        """When the oldest span was received."""
        return await self._database.look(
            lambda db: db.execute(select(func.min(spans.c.received_ns))).scalar()
        )

    async def outcome(self, result_id: str) -> Evaluated | None:
        """One result or failure."""
        return await self._database.look(lambda db: outcome(db, result_id))

    async def came_after(self, target: Target, time_ns: int) -> int:
        """Spans and log records of a target that came late."""
        return await self._database.look(lambda db: came_after(db, target, time_ns))


def newest(
    connection: Connection, kind: TargetKind, stretch: Stretch, *, limit: int, skip: int
) -> list[StoredTarget]:
    """Targets that started in the window, the newest first."""
    rows = _packed(connection, _LISTS[kind](stretch).limit(limit).offset(skip))
    rows.sort(key=lambda row: (-row[0], *row[1:]))
    return [StoredTarget(_target(kind, row), row[0]) for row in rows]


def _packed(connection: Connection, query: Selected) -> list[list[Any]]:
    """The rows in one step (see `store.bulk`), ids as hexadecimal text; their order is not kept."""
    inner = query.subquery()
    if connection.dialect.name != "sqlite":
        return [
            [value.hex() if isinstance(value, bytes | memoryview) else value for value in row]
            for row in connection.execute(select(inner))
        ]
    columns = [
        func.lower(func.hex(column)) if isinstance(column.type, LargeBinary) else column for column in inner.c
    ]
    return _rows.decode(
        connection.execute(select(func.json_group_array(func.json_array(*columns)))).scalar_one()
    )


def count(connection: Connection, kind: TargetKind, stretch: Stretch) -> int:
    """How many targets started in the window."""
    if kind == "session":
        inner = select(traces.c.session_id).where(*_of_traces(stretch), traces.c.session_id.is_not(None))
        return connection.execute(select(func.count()).select_from(inner.distinct().subquery())).scalar_one()
    table, where = (spans, _of_spans(stretch)) if kind == "span" else (traces, _of_traces(stretch))
    return connection.execute(select(func.count()).select_from(table).where(*where)).scalar_one()


def outcome(connection: Connection, result_id: str) -> Evaluated | None:
    """One result or failure by its id."""
    try:
        key = bytes.fromhex(result_id)
    except ValueError:
        return None
    rows = _outcome(connection, id=key)
    return evaluated_of(rows[0]) if rows else None


def came_after(connection: Connection, target: Target, time_ns: int) -> int:
    """How many spans and log records belong to a target and are younger than a moment.

    Of a span count its own log records and the retrieval spans of its trace.
    """
    counts: list[Selected] = []
    if target.kind == "session":
        of_session = spans.c.session_id == target.session_id
        members = select(spans.c.trace_id, spans.c.span_id).where(of_session).subquery()
        same = (logs.c.trace_id == members.c.trace_id) & (logs.c.span_id == members.c.span_id)
        counts.append(select(func.count()).select_from(spans).where(of_session, _late(spans, time_ns)))
        counts.append(select(func.count()).select_from(members.join(logs, same)).where(_late(logs, time_ns)))
    else:
        trace_id = bytes.fromhex(target.trace_id)
        own: dict[str, list[ColumnElement[bool]]] = {"spans": [], "logs": []}
        if target.kind == "span":
            own["spans"].append(spans.c.operation == "retrieval")
            own["logs"].append(logs.c.span_id == bytes.fromhex(target.span_id))
        counts = [
            select(func.count())
            .select_from(table)
            .where(table.c.trace_id == trace_id, _late(table, time_ns), *own[table.name])
            for table in (spans, logs)
        ]
    return sum(connection.execute(union_all(*counts)).scalars())


def _late(table: Table, time_ns: int) -> ColumnElement[bool]:
    return table.c.received_ns > time_ns


def _spans(stretch: Stretch) -> Selected:
    columns = spans.c
    return (
        select(columns.start_ns, columns.trace_id, columns.span_id)
        .where(*_of_spans(stretch))
        .order_by(columns.start_ns.desc(), columns.trace_id, columns.span_id)
    )


def _traces(stretch: Stretch) -> Selected:
    columns = traces.c
    return (
        select(columns.start_ns, columns.trace_id)
        .where(*_of_traces(stretch))
        .order_by(columns.start_ns.desc(), columns.trace_id)
    )


def _sessions(stretch: Stretch) -> Selected:
    columns = traces.c
    started = func.min(columns.start_ns)
    return (
        select(started, columns.session_id)
        .where(*_of_traces(stretch), columns.session_id.is_not(None))
        .group_by(columns.session_id)
        .order_by(started.desc(), columns.session_id)
    )


_LISTS: Mapping[TargetKind, Callable[[Stretch], Selected]] = {
    "span": _spans,
    "trace": _traces,
    "session": _sessions,
}


def _of_spans(stretch: Stretch) -> list[ColumnElement[bool]]:
    found = [spans.c.start_ns >= stretch.start_ns, spans.c.start_ns < stretch.end_ns]
    return [*found, spans.c.service.in_(stretch.services)] if stretch.services else found


def _of_traces(stretch: Stretch) -> list[ColumnElement[bool]]:
    columns = traces.c
    found = [columns.start_ns >= stretch.start_ns, columns.start_ns < stretch.end_ns]
    if not stretch.services:
        return found
    # What stands between the services is in none of them, see the migration that made the column.
    named = [
        columns.services.contains(f"{_BETWEEN}{service.replace(_BETWEEN, ' ')}{_BETWEEN}", autoescape=True)
        for service in stretch.services
    ]
    return [*found, or_(*named)]


def _target(kind: TargetKind, row: list[Any]) -> Target:
    if kind == "span":
        return Target(trace_id=row[1], span_id=row[2])
    if kind == "trace":
        return Target(kind="trace", trace_id=row[1])
    return Target(kind="session", session_id=row[1])
