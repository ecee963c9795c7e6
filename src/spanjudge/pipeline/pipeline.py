"""Receive, match, commit, judge, export, retain: the running whole, or the part of it that a process has."""

import asyncio
import contextlib
import logging
import os
import socket
from collections.abc import Callable, Coroutine, Mapping, Sequence

import msgspec

from spanjudge.judging.budget.ledger import Ledger
from spanjudge.judging.judge import Judge
from spanjudge.judging.usage import UsageRow
from spanjudge.pipeline.backfill import Backfills
from spanjudge.pipeline.budget_gauges import observe_budgets
from spanjudge.pipeline.catalogue import Catalogue
from spanjudge.pipeline.chores import DUTIES, RETENTION, Chores, duties_of_worker, export_duty
from spanjudge.pipeline.clock import Clock, Now
from spanjudge.pipeline.company import Company
from spanjudge.pipeline.coordination import ROLES, Member, MemberFigures, Role, Roll
from spanjudge.pipeline.fresh import FreshSpans
from spanjudge.pipeline.health import PipelineHealth
from spanjudge.pipeline.lane import groups_at_once
from spanjudge.pipeline.membership import Membership
from spanjudge.pipeline.options import PipelineOptions
from spanjudge.pipeline.outbox import Pump
from spanjudge.pipeline.ports import Exporter, Health, OverloadedError, Store, StoreError
from spanjudge.pipeline.queue_gauges import observe_queue, oldest_wait
from spanjudge.pipeline.rates import Rate, Rates
from spanjudge.pipeline.reception import Reception
from spanjudge.pipeline.retention import Retention
from spanjudge.pipeline.supervision import ended, supervised, woken
from spanjudge.pipeline.windows import Windows
from spanjudge.pipeline.worker import Worker, new_owner
from spanjudge.spans.otlp import ReceivedLog, ReceivedSpan
from spanjudge.telemetry.evaluated import Evaluated
from spanjudge.telemetry.metrics import ResultMetrics, ServerMetrics
from spanjudge.version import __version__

_log = logging.getLogger("spanjudge.pipeline")

_LOOK_SECONDS = 1.0
_HEALTH_SECONDS = 5.0
_BUDGET_SECONDS = 1.0
_NEED_SECONDS = 0.25
_BUDGET_GAP = 0.02
_LAST_EXPORTS = 5.0


class Pipeline:
    """Takes spans in, judges them, and hands results to exporters. It is what receivers hand over to.

    `roles` say which of it this process does: a receiver takes spans in; a worker judges, exports and takes
    its turn at the chores; with `api` alone it keeps evaluators and budgets up to date for who asks. What a
    process does not do needs nothing: judges and exporters are a worker's, `ledger` is of who judges.

    Store, judges and exporters belong to the caller and stay open. `ledger` guards the judges' budgets: it is
    loaded and kept here; the judges given are those behind it.
    """

    def __init__(
        self,
        store: Store,
        judges: Mapping[str, Judge],
        exporters: Sequence[Exporter],
        options: PipelineOptions | None = None,
        *,
        roles: Sequence[Role] = ROLES,
        ledger: Ledger | None = None,
        now: Now | None = None,
        not_ready: Callable[[], str | None] = lambda: None,
    ) -> None:
        """`not_ready` tells the other processes why this one is not, for pages."""
        self._store = store
        self._options = options = options or PipelineOptions()
        self._now = now or Clock()
        self._ledger = ledger
        self._not_ready = not_ready
        self._metrics = ResultMetrics()
        self._judging = Rate()
        self._catalogue = Catalogue(store)
        self._health: Health | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._lasting: list[asyncio.Task[None]] = []
        self._listeners: list[Callable[[], None]] = []
        self.running = False
        """Whether it has started and not begun to stop."""
        judges_here = "worker" in roles
        fresh = FreshSpans() if judges_here else None
        self._pumps = [
            Pump(store, exporter, self._now, batch=options.export_batch, mine=self._mine(exporter.name))
            for exporter in (exporters if judges_here else ())
        ]
        names = [pump.state.destination for pump in self._pumps]
        self._company = Company(options.shared_note)
        self.membership = Membership(
            store.coordination,
            Member(
                id=new_owner(),
                roles=tuple(role for role in ROLES if role in roles),
                host=socket.gethostname()[:200],
                pid=os.getpid(),
                version=__version__,
                started_ns=self._now(),
            ),
            self._now,
            duties=duties_of_worker(names) if judges_here else (),
            figures=self._figures,
            beat=options.beat,
            lease=options.duty_lease,
            on_roll=self._on_roll,
        )
        """This process among the others."""
        self._reception = (
            Reception(
                store,
                self._catalogue,
                options,
                self._now,
                fresh=fresh,
                waiting=lambda: 0 if self._health is None else self._health.waiting,
                on_jobs=self.wake,
            )
            if "receiver" in roles
            else None
        )
        self._matched = self._catalogue.live
        self._worker = (
            Worker(
                store,
                judges,
                self._catalogue,
                options,
                self._now,
                owner=self.membership.member.id,
                destinations=names,
                on_results=self._results,
                on_usage=self._used,
                judged_elsewhere=self._judged_elsewhere,
                fresh=fresh,
            )
            if judges_here
            else None
        )
        self.backfills = Backfills(
            store,
            lambda: self._catalogue.live,
            self._now,
            places=lambda name: groups_at_once(judges[name], options.concurrency) if name in judges else 1,
            on_jobs=self.wake,
        )
        self._chores = self._new_chores() if judges_here else None

    def _new_chores(self) -> Chores:
        options = self._options
        return Chores(
            self._store,
            self.membership,
            self._now,
            windows=Windows(self._store, lambda: self._catalogue.live, most_spans=options.most_spans),
            backfills=self.backfills,
            retention=Retention(
                self._store,
                self._now,
                spans_days=options.spans_days,
                results_days=options.results_days,
                max_bytes=options.max_bytes,
                every=options.purge_every,
                mine=lambda: self.membership.has(RETENTION),
            ),
            on_jobs=self.wake,
        )

    @property
    def health(self) -> PipelineHealth:
        """How things stand, as seen a few seconds ago at most."""
        seen, worker, reception = self._health, self._worker, self._reception
        found = PipelineHealth(
            in_hand=worker.in_hand if worker else 0,
            counts=dict(worker.counts) if worker else {},
            errors=dict(worker.errors) if worker else {},
            paused={one.evaluator.name: one.reason for one in self._catalogue.live if one.status == "paused"},
            export=tuple(msgspec.structs.replace(pump.state) for pump in self._pumps),
            rates=Rates(
                received=reception.receiving.per_second if reception else 0.0,
                matched=reception.matching.per_second if reception else 0.0,
                judged=self._judging.per_second,
                exported=sum(pump.rate.per_second for pump in self._pumps),
            ),
            full=reception.full if reception else None,
            storing_fails=worker.storing_fails if worker else None,
            away=self.membership.trouble,
        )
        if seen is None:
            return found
        return msgspec.structs.replace(
            found,
            waiting=seen.waiting,
            leased=seen.leased,
            oldest_wait=oldest_wait(seen, self._now()),
            outbox=seen.outbox,
            spans=seen.spans,
            size_bytes=seen.size_bytes,
        )

    @property
    def owner(self) -> str:
        """The name that jobs under way here are leased by, and by which the others know this process."""
        return self.membership.member.id

    async def roll(self) -> Roll:
        """Every process on the store, this one as it is now. Raises `StoreError`."""
        roll = await self._store.coordination.roll(now_ns=self._now())
        mine = msgspec.structs.replace(self.membership.member, seen_ns=self._now(), figures=self._figures())
        members = {one.id: one for one in roll.members} | {mine.id: mine}
        return Roll(members=tuple(members.values()), duties=roll.duties)

    async def start(self) -> None:
        """Begin. Raises `StoreError` when the store cannot be read."""
        await self._catalogue.refresh()
        if self._ledger is not None:
            self._ledger.share(self._store.coordination, self.owner)
            await self._ledger.load(self._store)
            await self._ledger.follow(self._store)
            observe_budgets(self._ledger)
        self._measure()
        await self.membership.beat()
        await self._look_at_health()
        if self._worker is not None:
            others = any("worker" in one.roles for one in self.membership.others)
            await self._worker.start(alone=not others)
        await self.refresh()
        for pump in self._pumps:
            pump.start()
        work: dict[str, Callable[[], Coroutine[None, None, None]]] = {
            "looking at evaluators": self._keep_evaluators,
            "looking at the store": self._keep_health,
            "hearing of changes": self._hear_of_changes,
        }
        lasting: dict[str, Callable[[], Coroutine[None, None, None]]] = {
            "telling the other processes": self.membership.run,
            "keeping budgets": self._keep_budgets,
        }
        if self._chores is not None:
            await self._chores.forget_destinations()
            work |= self._chores.work
        self._tasks = [asyncio.create_task(supervised(name, run)) for name, run in work.items()]
        self._lasting = [asyncio.create_task(supervised(name, run)) for name, run in lasting.items()]
        if self._reception is not None:
            self._reception.open()
        self.running = True

    async def receive(self, spans: Sequence[ReceivedSpan], logs: Sequence[ReceivedLog] = ()) -> None:
        """See `Receiving`."""
        if self._reception is None:
            raise OverloadedError("this process takes no spans: send them to a receiver", retry_after=30.0)
        await self._reception.receive(spans, logs)

    async def stop(self, drain_seconds: float = 30.0) -> None:
        """Take nothing more, finish what is under way for so long, hand the rest back, flush exports."""
        self.running = False
        if self._reception is not None:
            await self._reception.aclose(drain_seconds)
        for task in self._tasks:
            await ended(task)
        if self._chores is not None:
            await self.membership.drop(DUTIES)
        # What is under way needs budgets, and nobody shall think that we died meanwhile.
        if self._worker is not None:
            await self._worker.stop(drain_seconds)
        await asyncio.gather(*(pump.aclose(min(drain_seconds, _LAST_EXPORTS)) for pump in self._pumps))
        if self._ledger is not None:
            try:
                await self._ledger.save(self._store)
            except StoreError as error:
                _log.error("usage could not be stored", extra={"reason": str(error)})
        for task in self._lasting:
            await ended(task)
        await self.membership.leave()
        if self._reception is not None:
            self._reception.end()

    def wake(self) -> None:
        """There may be something to judge that did not come in by `receive`."""
        if self._worker is not None:
            self._worker.wake()

    async def refresh(self) -> None:
        """Take over changes of evaluators now instead of within a second."""
        await self._catalogue.refresh()
        # Pauses refresh it as well: what counts is whether it is what the matcher knows.
        if self._catalogue.live is not self._matched:
            self._matched = self._catalogue.live
            if self._reception is not None:
                self._reception.renew()
            if self._worker is not None:
                await self._worker.look()

    def _mine(self, destination: str) -> Callable[[], bool]:
        return lambda: self.membership.has(export_duty(destination))

    def _judged_elsewhere(self) -> set[str]:
        return {name for one in self.membership.others for name in one.figures.judges}

    def _used(self, rows: Sequence[UsageRow]) -> None:
        if self._ledger is not None:
            self._ledger.stored(rows)

    def _results(self, results: Sequence[Evaluated]) -> None:
        self._judging.add(len(results))
        for pump in self._pumps:
            pump.wake()
        for evaluated in results:
            self._metrics.record(evaluated)

    def _on_roll(self, roll: Roll) -> None:
        self._company.look(roll, self._now())
        for pump in self._pumps:
            pump.wake()

    def _figures(self) -> MemberFigures:
        health = self.health
        return MemberFigures(
            rates=health.rates,
            in_hand=health.in_hand,
            counts=health.counts,
            errors=health.errors,
            not_ready=self._not_ready() or "",
            full=health.full or "",
            storing_fails=health.storing_fails or "",
            destinations=tuple(pump.state.destination for pump in self._pumps),
            judges=() if self._worker is None else self._worker.judges,
            export=tuple(one for one in health.export if self._mine(one.destination)()),
        )

    async def _keep_evaluators(self) -> None:
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            await self.refresh()
            if self._worker is not None:
                await self._worker.look_at_judges()

    async def _hear_of_changes(self) -> None:
        """What other processes changed is looked at now; without word of it, at the next poll."""
        async with contextlib.aclosing(self._store.changes()) as changes:
            async for changed in changes:
                if changed == "jobs":
                    self.wake()
                elif changed == "results":
                    for pump in self._pumps:
                        pump.wake()
                else:
                    await self.refresh()
                for tell in self._listeners:
                    tell()

    def on_change(self, tell: Callable[[], None]) -> None:
        """Call this whenever another process says that something changed; PostgreSQL alone can tell."""
        self._listeners.append(tell)

    async def _keep_health(self) -> None:
        while True:
            await asyncio.sleep(_HEALTH_SECONDS)
            await self._look_at_health()

    async def _look_at_health(self) -> None:
        self._health = await self._store.health(now_ns=self._now())

    async def _keep_budgets(self) -> None:
        ledger, saved = self._ledger, float("-inf")
        loop = asyncio.get_running_loop()
        while ledger is not None:
            await woken(ledger.needs, _NEED_SECONDS if ledger.in_need else _BUDGET_SECONDS)
            try:
                if loop.time() - saved >= _BUDGET_SECONDS:
                    saved = loop.time()
                    await ledger.save(self._store)
                    await ledger.follow(self._store)
                await ledger.sync()
            except StoreError as error:
                _log.warning("budgets cannot be kept now", extra={"reason": str(error)})
                await asyncio.sleep(_BUDGET_SECONDS)
            # What comes meanwhile is asked for together.
            await asyncio.sleep(_BUDGET_GAP)

    def _measure(self) -> None:
        observe_queue(lambda: self._health, self._now)
        reception = self._reception
        ServerMetrics(
            {
                "in_hand": lambda: None if self._worker is None else self._worker.in_hand,
                "spans": lambda: None if self._health is None else self._health.spans,
                "received": lambda: None if reception is None else reception.received,
                "refused": lambda: None if reception is None else reception.refused,
                "dropped": lambda: sum(pump.state.dropped for pump in self._pumps),
            }
        )
