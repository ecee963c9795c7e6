"""Targets on which answers differ, newest first."""

from collections.abc import Sequence
from typing import Any, Literal, cast

import msgspec
from sqlalchemy import ColumnElement, Connection, Select, and_, exists, func, or_, select
from sqlalchemy.sql.expression import FromClause

from spanjudge.pipeline.disagreements import Change, Disagreement, DisagreementKind
from spanjudge.pipeline.listings import Page, Place, ResultRow
from spanjudge.pipeline.queries import Filters
from spanjudge.store.database import Database
from spanjudge.store.outcomes import IDS, PLAIN, evaluated_of
from spanjudge.store.queries.conditions import Condition, of_result
from spanjudge.store.queries.rows import packed
from spanjudge.store.tables import results

Asked = Select[*tuple[Any, ...]]
Row = list[Any]

_AS_JSON = (*IDS, *PLAIN)
_TARGET, _NUMBER, _TIME = 1, len(IDS), len(IDS) + PLAIN.index("time_ns")
_VERDICT, _EVALUATOR, _CURRENT = range(len(_AS_JSON), len(_AS_JSON) + 3)
_COLUMNS = (
    *(results.c[name] for name in _AS_JSON),
    results.c.verdict,
    results.c.evaluator,
    results.c.current,
)


class SqlDisagreements:
    """`Disagreements` on a database: see `spanjudge.pipeline.disagreements`."""

    _database: Database

    async def disagreements(
        self, kind: DisagreementKind, filters: Filters, *, after: Place | None = None, limit: int
    ) -> Page[Disagreement]:
        """Newest first."""
        return await self._database.look(lambda db: page(db, kind, filters, after=after, limit=limit))

    async def changes(self, filters: Filters) -> tuple[Change, ...]:
        """Changed verdicts of a window by evaluator."""
        return await self._database.look(lambda db: changes(db, filters))


def page(
    connection: Connection, kind: DisagreementKind, filters: Filters, *, after: Place | None, limit: int
) -> Page[Disagreement]:
    """The next part of the list."""
    filters = _of_targets(filters)
    asked = _mixed(filters) if kind == "evaluators" else _changed(filters)
    columns = results.c
    if after is not None:
        asked = asked.where(
            columns.time_ns <= after.time_ns,
            or_(
                columns.time_ns < after.time_ns,
                and_(columns.time_ns == after.time_ns, columns.id < after.number),
            ),
        )
    newest = asked.order_by(columns.time_ns.desc(), columns.id.desc()).limit(limit + 1)
    found = sorted(packed(connection, newest), key=lambda row: (row[2], row[1]), reverse=True)
    more, found = len(found) > limit, found[:limit]
    rows = _rows_of(connection, kind, found)
    return Page(
        rows=tuple(_disagreement(one, rows.get(_key(kind, one), [])) for one in found),
        following=Place(found[-1][2], found[-1][1]) if more else None,
    )


def changes(connection: Connection, filters: Filters) -> tuple[Change, ...]:
    """Changed verdicts, most frequent first."""
    old = results.alias("old")
    counted = func.count()
    rows = connection.execute(
        select(results.c.evaluator, old.c.verdict, results.c.verdict, counted)
        .select_from(_superseded(old))
        .where(*of_result(_of_targets(filters)), *_other_verdict(old))
        .group_by(results.c.evaluator, old.c.verdict, results.c.verdict)
        .order_by(counted.desc(), results.c.evaluator)
    )
    word = cast("Any", Literal["pass", "fail"])
    return tuple(
        Change(
            evaluator=evaluator,
            before=msgspec.convert(before, word),
            after=msgspec.convert(verdict, word),
            count=count,
        )
        for evaluator, before, verdict, count in rows
    )


def _of_targets(filters: Filters) -> Filters:
    """Without what would single out one of the answers that differ."""
    return msgspec.structs.replace(
        filters, verdicts=(), codes=(), labels=(), min_score=None, max_score=None, text=""
    )


def _taking_part(table: FromClause, filters: Filters) -> list[ColumnElement[bool]]:
    """That another current outcome is one of those that are compared."""
    found: list[ColumnElement[bool]] = [table.c.current.is_(True)]
    if len(filters.evaluators) > 1:
        found.append(table.c.evaluator.in_(filters.evaluators))
    return found


def _mixed(filters: Filters) -> Asked:
    """The newest fail of each target that something else passes."""
    passing, newer = results.alias("passing"), results.alias("newer")
    same = results.c.target
    named = len(filters.evaluators) == 1
    passed = exists().where(
        passing.c.target == same, passing.c.verdict == "pass", *_taking_part(passing, filters)
    )
    failed_later = exists().where(
        newer.c.target == same,
        newer.c.verdict == "fail",
        or_(
            newer.c.time_ns > results.c.time_ns,
            and_(newer.c.time_ns == results.c.time_ns, newer.c.id > results.c.id),
        ),
        *_taking_part(newer, filters),
    )
    # Of one evaluator there is one outcome of a target, whether it passes or fails.
    asked = select(results.c.target, results.c.id, results.c.time_ns, results.c.evaluator)
    if named:
        failed = exists().where(
            passing.c.target == same, passing.c.verdict == "fail", passing.c.current.is_(True)
        )
        other = or_(
            and_(results.c.verdict == "fail", passed),
            and_(results.c.verdict == "pass", failed),
        )
        return asked.where(*of_result(filters), other)
    return asked.where(*of_result(filters), results.c.verdict == "fail", passed, ~failed_later)


def _superseded(old: FromClause) -> FromClause:
    return old.join(results, and_(results.c.target == old.c.target, results.c.evaluator == old.c.evaluator))


def _other_verdict(old: FromClause) -> tuple[Condition, ...]:
    """An older outcome with a verdict, and it is another one."""
    return (
        old.c.current.is_(False),
        old.c.verdict.is_not(None),
        results.c.verdict.is_not(None),
        old.c.verdict != results.c.verdict,
    )


def _changed(filters: Filters) -> Asked:
    """Current verdicts that take the place of another one. The older ones are few: they are gone through."""
    old = results.alias("old")
    changed = select(results.c.id).select_from(_superseded(old)).where(*_other_verdict(old))
    return select(results.c.target, results.c.id, results.c.time_ns, results.c.evaluator).where(
        *of_result(filters), results.c.id.in_(changed)
    )


def _key(kind: DisagreementKind, found: Row) -> tuple[str, str]:
    return (found[0], found[3] if kind == "versions" else "")


def _rows_of(
    connection: Connection, kind: DisagreementKind, found: Sequence[Row]
) -> dict[tuple[str, str], list[Row]]:
    """All outcomes of the targets that take part, by what `_key` says."""
    if not found:
        return {}
    targets = {bytes.fromhex(row[0]) for row in found}
    wanted: Condition = results.c.verdict.is_not(None)
    if kind == "evaluators":
        wanted = and_(wanted, results.c.current.is_(True))
    rows: dict[tuple[str, str], list[Row]] = {}
    for row in packed(connection, select(*_COLUMNS).where(results.c.target.in_(targets), wanted)):
        key = (row[_TARGET], row[_EVALUATOR] if kind == "versions" else "")
        rows.setdefault(key, []).append(row)
    for key, some in rows.items():
        if kind == "evaluators":
            some.sort(key=lambda row: (row[_VERDICT] != "fail", row[_EVALUATOR]))
        else:
            some.sort(key=lambda row: (not row[_CURRENT], -row[_TIME], -row[_NUMBER]))
            rows[key] = [one for one in some if one[_CURRENT] or one[_VERDICT] != some[0][_VERDICT]]
    return rows


def _disagreement(found: Row, rows: Sequence[Row]) -> Disagreement:
    parts = tuple(
        ResultRow(number=row[_NUMBER], evaluated=evaluated_of(row), current=bool(row[_CURRENT]))
        for row in rows
    )
    return Disagreement(number=found[1], time_ns=found[2], target=parts[0].evaluated.target, rows=parts)
