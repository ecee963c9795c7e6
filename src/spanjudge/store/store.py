"""The store: everything that must survive, in one database."""

import contextlib
import logging
from collections.abc import AsyncGenerator, Sequence
from typing import Literal

from sqlalchemy import Connection

from spanjudge.evaluators.evaluator import Evaluator
from spanjudge.judging.budget.limits import LimitsSet
from spanjudge.judging.usage import UsageRow
from spanjudge.pipeline.changes import Changed
from spanjudge.pipeline.ports import (
    Committed,
    Finish,
    Health,
    Intake,
    Job,
    Material,
    NewJob,
    Outgoing,
    Retry,
    Store,
    StoredEvaluator,
    StoredSpan,
    StoreError,
    Window,
)
from spanjudge.store import budgets, intake, outbox, results, schema
from spanjudge.store import evaluators as evaluator_rows
from spanjudge.store import health as state
from spanjudge.store import jobs as job_rows
from spanjudge.store import spans as span_rows
from spanjudge.store import usage as usage_rows
from spanjudge.store import windows as window_rows
from spanjudge.store.backfills import SqlRequested
from spanjudge.store.channels import EVALUATORS, JOBS, RESULTS
from spanjudge.store.coordination.sql_coordination import SqlCoordination
from spanjudge.store.database import Database, Value, Work, open_database
from spanjudge.store.envelopes import Envelopes
from spanjudge.store.postgres.locks import alone
from spanjudge.store.postgres.partitions import Partitions
from spanjudge.store.queries.sql_queries import SqlQueries
from spanjudge.store.retention import Retention
from spanjudge.telemetry.evaluated import Evaluated, Target


async def open_store(url: str, *, create: bool = True) -> Store:
    """Open the database that `url` names, made or brought up to date where needed.

    That is `sqlite:///PATH` or `postgresql://USER:PASSWORD@HOST/DATABASE`. With `create=False` a database
    that is not there, or empty, is an error. Raises `StoreError`, and `MissingExtraError`.
    """
    database = open_database(url, create=create)
    try:
        await database.write(lambda db: schema.bring_up_to_date(db, database.name, create=create))
    except BaseException:
        await database.aclose()
        raise
    return SqlStore(database)


_log = logging.getLogger("spanjudge.store")

_CHANGED: dict[str, Changed] = {JOBS: "jobs", RESULTS: "results", EVALUATORS: "evaluators"}


class SqlStore:
    """A `Store` in an SQL database: each method is one transaction, done by the file of its noun.

    What the methods promise is written at the port, `spanjudge.pipeline.ports.Store`.
    """

    def __init__(self, database: Database) -> None:
        """The schema is up to date already: see `open_store`."""
        self._database = database
        self._envelopes = Envelopes()
        self._retention = Retention(database, self._envelopes)
        self._partitions = Partitions() if database.is_shared else None
        self.queries = SqlQueries(database, self._envelopes)
        """What pages ask."""
        self.requested = SqlRequested(database)
        """Jobs and backfills that people asked for."""
        self.coordination = SqlCoordination(database)
        """What processes on one store tell each other."""

    async def commit(self, intakes: Sequence[Intake], *, now_ns: int) -> Committed:
        """Store what requests brought, on disk when this returns."""
        await self._see_to_partitions(now_ns)
        committed = await self._database.write(
            lambda db: intake.commit(db, intakes, self._envelopes, now_ns=now_ns)
        )
        if committed.jobs or committed.logs:
            self._database.announce(JOBS)
        return committed

    async def _see_to_partitions(self, now_ns: int) -> None:
        known = self._partitions
        if known is None or known.is_ready(now_ns):
            return
        try:
            await self._database.write(lambda db: known.make(db, now_ns))
        except StoreError as error:
            known.postpone()
            _log.info("partitions cannot be made now", extra={"reason": str(error)})
        else:
            known.note(now_ns)

    async def close_windows(self, *, now_ns: int, limit: int) -> list[Window]:
        """Windows that are due."""
        return await self._database.read(lambda db: window_rows.due(db, now_ns=now_ns, limit=limit))

    async def settle_windows(self, windows: Sequence[Window], jobs: Sequence[NewJob], *, now_ns: int) -> None:
        """Store the jobs of closed windows, but not of windows that are not due any more."""
        await self._database.write(lambda db: window_rows.settle(db, windows, jobs, now_ns=now_ns))
        if jobs:
            self._database.announce(JOBS)

    async def lease(
        self,
        owner: str,
        *,
        evaluators: Sequence[str],
        now_ns: int,
        until_ns: int,
        limit: int,
        backfills: int | None = None,
    ) -> list[Job]:
        """Due jobs, now the owner's."""
        return await self._database.write(
            lambda db: job_rows.lease(
                db, owner, evaluators, now_ns=now_ns, until_ns=until_ns, limit=limit, backfills=backfills
            )
        )

    async def extend(self, owner: str, *, until_ns: int) -> int:
        """Keep everything this owner has leased."""
        return await self._database.write(lambda db: job_rows.extend(db, owner, until_ns=until_ns))

    async def release(self, owner: str) -> int:
        """Hand back everything this owner has leased."""
        count = await self._database.write(lambda db: job_rows.release(db, owner))
        if count:
            self._database.announce(JOBS)
        return count

    async def finish(
        self,
        finishes: Sequence[Finish],
        retries: Sequence[Retry],
        *,
        owner: str,
        now_ns: int,
        destinations: Sequence[str],
    ) -> int:
        """End jobs and send others back."""
        await self._see_to_partitions(now_ns)
        ended = await self._database.write(
            lambda db: results.finish(
                db, finishes, retries, owner=owner, now_ns=now_ns, destinations=destinations
            )
        )
        if any(one.evaluated for one in finishes):
            self._database.announce(RESULTS)
        return ended

    async def material(self, targets: Sequence[Target], *, most_spans: int) -> dict[str, Material]:
        """What is stored of the targets; of a long trace or session its first and its last spans."""
        return await self._database.read(
            lambda db: span_rows.material(db, targets, self._envelopes, most_spans=most_spans)
        )

    async def find_spans(self, span_id: str, *, trace_id: str | None = None) -> list[StoredSpan]:
        """Spans with this id."""
        return await self._database.read(lambda db: span_rows.find(db, span_id, trace_id, self._envelopes))

    async def jobs_of(self, targets: Sequence[Target]) -> list[Job]:
        """Every job of the targets, oldest first."""
        return await self._database.read(lambda db: job_rows.of_targets(db, targets))

    async def results_of(self, targets: Sequence[Target]) -> list[Evaluated]:
        """Every result of the targets, oldest first."""
        return await self._database.read(lambda db: results.of_targets(db, targets))

    async def _edit(self, work: Work[Value]) -> Value:
        """Change evaluators: one after another, as each looks at what there is first."""

        def edit(connection: Connection) -> Value:
            alone(connection, "evaluators")
            return work(connection)

        changed = await self._database.write(edit)
        self._database.announce(EVALUATORS)
        return changed

    async def save_version(
        self,
        evaluator: Evaluator,
        *,
        base_version: str | None = None,
        publish: bool = False,
        now_ns: int,
    ) -> StoredEvaluator:
        """A new draft version, or what is stored when that says the same; published when asked for."""
        return await self._edit(
            lambda db: evaluator_rows.save_version(
                db, evaluator, base_version=base_version, publish=publish, now_ns=now_ns
            )
        )

    async def apply(
        self, evaluators: Sequence[Evaluator], *, publish: bool, now_ns: int
    ) -> list[StoredEvaluator]:
        """Several at once, all or nothing."""
        return await self._edit(
            lambda db: evaluator_rows.apply(db, evaluators, publish=publish, now_ns=now_ns)
        )

    async def publish(self, name: str, *, version: str | None = None, now_ns: int) -> StoredEvaluator:
        """Publish the current version, or end a pause."""
        return await self._edit(lambda db: evaluator_rows.publish(db, name, version=version, now_ns=now_ns))

    async def pause(
        self,
        name: str,
        *,
        reason: str,
        paused_by: Literal["user", "pipeline"],
        retry_ns: int | None = None,
    ) -> StoredEvaluator:
        """Pause the published version."""
        return await self._edit(
            lambda db: evaluator_rows.pause(db, name, reason=reason, paused_by=paused_by, retry_ns=retry_ns)
        )

    async def resume(self, name: str, *, paused_by: Literal["user", "pipeline"] = "pipeline") -> None:
        """End a pause."""
        await self._edit(lambda db: evaluator_rows.resume(db, name, paused_by=paused_by))

    async def discard_draft(self, name: str) -> None:
        """Archive the draft."""
        await self._edit(lambda db: evaluator_rows.discard_draft(db, name))

    async def archive(self, name: str) -> None:
        """Take an evaluator out of use."""
        await self._edit(lambda db: evaluator_rows.archive(db, name))

    async def evaluators(
        self, *, all_versions: bool = False, name: str | None = None
    ) -> list[StoredEvaluator]:
        """The published (or paused) and the current version of each name, or every version."""
        return await self._database.read(
            lambda db: evaluator_rows.listed(db, all_versions=all_versions, name=name)
        )

    async def version(self, name: str, version: str) -> StoredEvaluator | None:
        """One version by its hash."""
        return await self._database.read(lambda db: evaluator_rows.version(db, name, version))

    async def revision(self) -> int:
        """A number that changes whenever evaluators do."""
        return await self._database.read(evaluator_rows.revision)

    async def add_usage(self, rows: Sequence[UsageRow]) -> None:
        """Add to what was used."""
        await self._database.write(lambda db: usage_rows.add(db, rows))

    async def usage_since(self, day: str) -> list[UsageRow]:
        """What was used from this day on."""
        return await self._database.read(lambda db: usage_rows.since(db, day))

    async def limits(self) -> LimitsSet:
        """Limits that take the place of the settings'."""
        return await self._database.read(budgets.limits)

    async def set_limits(self, limits: LimitsSet) -> LimitsSet:
        """Put these in their place, or drop them."""
        return await self._database.write(lambda db: budgets.set_limits(db, limits))

    async def outgoing(self, destination: str, *, now_ns: int, limit: int) -> list[Outgoing]:
        """The oldest entries for a destination that are due."""
        return await self._database.read(lambda db: outbox.due(db, destination, now_ns=now_ns, limit=limit))

    async def sent(self, destination: str, ids: Sequence[int]) -> None:
        """These are there: forget them."""
        await self._database.write(lambda db: outbox.sent(db, destination, ids))

    async def postpone(self, destination: str, ids: Sequence[int], *, due_ns: int) -> None:
        """Try these again at `due_ns`."""
        await self._database.write(lambda db: outbox.postpone(db, destination, ids, due_ns=due_ns))

    async def forget_destinations(self, keep: Sequence[str]) -> int:
        """Drop entries for destinations that are no longer set."""
        return await self._database.write(lambda db: outbox.forget_destinations(db, keep))

    async def purge(self, *, spans_before_ns: int, results_before_ns: int, limit: int) -> int:
        """Delete old spans and results, at most `limit` of each."""
        return await self._retention.purge(
            spans_before_ns=spans_before_ns, results_before_ns=results_before_ns, limit=limit
        )

    async def health(self, *, now_ns: int) -> Health:
        """How things stand."""
        return await self._database.read(lambda db: state.health(db, now_ns=now_ns))

    async def changes(self) -> AsyncGenerator[Changed, None]:
        """What changed, by whichever process: see `spanjudge.pipeline.changes`."""
        async with contextlib.aclosing(self._database.listen(_CHANGED)) as news:
            async for channel in news:
                yield _CHANGED[channel]

    async def aclose(self) -> None:
        """Close; nothing may be asked afterwards."""
        await self._database.aclose()
