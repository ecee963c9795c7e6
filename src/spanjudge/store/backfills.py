"""Backfills: where each has come to, and what became of its jobs."""

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, insert, select, text, update

from spanjudge.pipeline.ports import NewJob
from spanjudge.pipeline.requested import Backfill, NewBackfill
from spanjudge.store import jobs as job_rows
from spanjudge.store.bulk import Select, Statement
from spanjudge.store.channels import JOBS
from spanjudge.store.database import Database
from spanjudge.store.keys import DONE, FAILED, portions, target_key, whole
from spanjudge.store.postgres.locks import alone, held
from spanjudge.store.requested import Known, judge
from spanjudge.store.tables import backfills as table

_MOST_COUNTED = 2_000

_open = text("SELECT count(*) FROM jobs WHERE backfill = :id AND state < 2")
_made = text("SELECT count(*) FROM jobs WHERE backfill = :id")
_ended = Select(
    "SELECT j.id, j.state, coalesce(r.cost_usd, 0) AS cost FROM"
    " (SELECT * FROM jobs WHERE backfill = :id AND state > 1 LIMIT :most) AS j"
    " LEFT JOIN results AS r ON r.target = j.target AND r.evaluator = j.evaluator"
    " AND r.version = j.version AND r.generation = j.generation",
    plain=("id", "state", "cost"),
)
_counted = Statement("UPDATE jobs SET backfill = NULL WHERE id IN :ids", lists=("ids",))
_skip = text("UPDATE jobs SET state = 4, reason = NULL, detail = :detail WHERE backfill = :id AND state = 0")
_unfinished = text(
    "SELECT id FROM backfills WHERE state IN ('searching', 'judging')"
    " UNION SELECT DISTINCT backfill FROM jobs WHERE backfill IS NOT NULL ORDER BY 1"
)
_waits = text(
    "SELECT due_ns FROM jobs WHERE state = 0 AND evaluator = :evaluator AND due_ns <= :now"
    " AND backfill IS NULL ORDER BY due_ns LIMIT 1"
)


class SqlRequested:
    """`Requested` on a database: see `spanjudge.pipeline.requested`."""

    def __init__(self, database: Database) -> None:
        """The schema is up to date already."""
        self._database = database

    async def judge(self, jobs: Sequence[NewJob], *, now_ns: int) -> int:
        """Store jobs under their next generation."""
        count = await self._database.write(lambda db: judge(db, jobs, now_ns=now_ns))
        self._tell(count)
        return count

    async def begin(self, wanted: NewBackfill, *, now_ns: int) -> Backfill:
        """A new backfill."""
        return await self._database.write(lambda db: _begin(db, wanted, now_ns))

    async def backfills(self, *, limit: int = 200) -> list[Backfill]:
        """Newest first."""
        return await self._database.look(lambda db: _listed(db, limit))

    async def backfill(self, number: int) -> Backfill | None:
        """One of them."""
        return await self._database.look(lambda db: _one(db, number))

    async def unfinished(self) -> list[Backfill]:
        """Those with something to do or to count."""
        return await self._database.read(_all_unfinished)

    async def advance(  # one keyword for each thing that changes
        self,
        before: Backfill,
        jobs: Sequence[NewJob],
        *,
        examined: int,
        cursor_ns: int,
        cursor_skip: int,
        ended: bool,
        now_ns: int,
    ) -> int:
        """One step: its jobs, and where it came to."""
        after = msgspec.structs.replace(
            before,
            examined=before.examined + examined,
            cursor_ns=whole(cursor_ns),
            cursor_skip=cursor_skip,
            state="judging" if ended else "searching",
        )
        count = await self._database.write(lambda db: _advance(db, before, after, jobs, now_ns))
        self._tell(count)
        return count

    def _tell(self, count: int) -> None:
        if count:
            self._database.announce(JOBS)

    async def count(self, number: int) -> Backfill:
        """Take over what became of its jobs."""
        return await self._database.write(lambda db: _count(db, number))

    async def cancel(self, number: int, *, detail: str) -> Backfill | None:
        """Make no more jobs and skip those that wait."""
        return await self._database.write(lambda db: _cancel(db, number, detail))

    async def waits_since(self, evaluator: str, *, now_ns: int) -> int | None:
        """When the longest waiting job of no backfill became due."""
        return await self._database.read(
            lambda db: db.execute(_waits, {"evaluator": evaluator, "now": now_ns}).scalar()
        )


def _begin(connection: Connection, wanted: NewBackfill, now_ns: int) -> Backfill:
    start_ns, end_ns = whole(wanted.start_ns), whole(wanted.end_ns)
    number = connection.execute(
        insert(table)
        .values(
            evaluator=wanted.evaluator,
            version=wanted.version,
            start_ns=start_ns,
            end_ns=end_ns,
            most=wanted.most,
            sampled=wanted.sampled,
            created_ns=now_ns,
            state="searching",
            cursor_ns=end_ns - 1,
            cursor_skip=0,
            examined=0,
            jobs=0,
            done=0,
            failed=0,
            cost_usd=0.0,
        )
        .returning(table.c.id)
    ).scalar_one()
    return _known(connection, number)


def _advance(
    connection: Connection, before: Backfill, after: Backfill, jobs: Sequence[NewJob], now_ns: int
) -> int:
    alone(connection, "backfills")
    now = _known(connection, before.id)
    if (now.state, now.cursor_ns, now.cursor_skip) != ("searching", before.cursor_ns, before.cursor_skip):
        return 0
    with held(connection, {target_key(job.target) for job in jobs}):
        count = _add(connection, now, jobs, now_ns)
    _set(
        connection,
        before.id,
        state=after.state,
        cursor_ns=after.cursor_ns,
        cursor_skip=after.cursor_skip,
        examined=after.examined,
        jobs=now.jobs + count,
    )
    return count


def _add(connection: Connection, now: Backfill, jobs: Sequence[NewJob], now_ns: int) -> int:
    known = Known(connection, jobs)
    new = [job for job in jobs if not known.is_settled(job)][: max(0, now.wanted.most - now.jobs)]
    return job_rows.add(
        connection,
        [known.next_of(msgspec.structs.replace(job, backfill=now.id), now_ns) for job in new],
        now_ns=now_ns,
    )


def _count(connection: Connection, number: int) -> Backfill:
    alone(connection, "backfills")
    rows = _ended(connection, id=number, most=_MOST_COUNTED)
    one = _known(connection, number)
    if rows:
        for some in portions([row[0] for row in rows]):
            _counted(connection, {"ids": some})
        done = sum(row[1] == DONE for row in rows)
        failed = sum(row[1] == FAILED for row in rows)
        _set(
            connection,
            number,
            done=one.done + done,
            failed=one.failed + failed,
            # What was left out after all does not count.
            jobs=one.jobs - (len(rows) - done - failed),
            cost_usd=one.cost_usd + sum(row[2] for row in rows),
        )
    if one.state == "judging" and not connection.execute(_made, {"id": number}).scalar_one():
        _set(connection, number, state="done")
    return _known(connection, number)


def _cancel(connection: Connection, number: int, detail: str) -> Backfill | None:
    alone(connection, "backfills")
    one = _one(connection, number)
    if one is None or one.state in ("done", "cancelled"):
        return one
    connection.execute(_skip, {"id": number, "detail": detail})
    _set(connection, number, state="cancelled")
    return _count(connection, number)


def _all_unfinished(connection: Connection) -> list[Backfill]:
    numbers = connection.execute(_unfinished).scalars().all()
    found = [_one(connection, number) for number in numbers]
    return [one for one in found if one is not None]


def _listed(connection: Connection, limit: int) -> list[Backfill]:
    rows = connection.execute(select(table).order_by(table.c.id.desc()).limit(limit)).all()
    return [_backfill(connection, row) for row in rows]


def _one(connection: Connection, number: int) -> Backfill | None:
    row = connection.execute(select(table).where(table.c.id == number)).one_or_none()
    return None if row is None else _backfill(connection, row)


def _known(connection: Connection, number: int) -> Backfill:
    return _backfill(connection, connection.execute(select(table).where(table.c.id == number)).one())


def _set(connection: Connection, number: int, **values: Any) -> None:
    connection.execute(update(table).where(table.c.id == number).values(**values))


def _backfill(connection: Connection, row: Row[Any]) -> Backfill:
    return Backfill(
        id=row.id,
        wanted=NewBackfill(
            evaluator=row.evaluator,
            version=row.version,
            start_ns=row.start_ns,
            end_ns=row.end_ns,
            most=row.most,
            sampled=row.sampled,
        ),
        created_ns=row.created_ns,
        state=row.state,
        cursor_ns=row.cursor_ns,
        cursor_skip=row.cursor_skip,
        examined=row.examined,
        jobs=row.jobs,
        done=row.done,
        failed=row.failed,
        cost_usd=row.cost_usd,
        open=connection.execute(_open, {"id": row.id}).scalar_one(),
    )
