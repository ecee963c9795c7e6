"""What pages ask of the database."""

from collections.abc import Collection

from spanjudge.pipeline.figures import EvaluatorFigures, Grouping, PipelineFigures, Statistics
from spanjudge.pipeline.queries import Counters, Filters, KnownVersion, NewestSpan
from spanjudge.store.database import Database
from spanjudge.store.envelopes import Envelopes
from spanjudge.store.queries import counters, versions
from spanjudge.store.queries.disagreements import SqlDisagreements
from spanjudge.store.queries.evaluator_figures import evaluator_figures
from spanjudge.store.queries.listings import SqlListings
from spanjudge.store.queries.newest import newest_span
from spanjudge.store.queries.pipeline_figures import pipeline_figures
from spanjudge.store.queries.received import Received
from spanjudge.store.queries.statistics import Counting
from spanjudge.store.queries.targets import SqlTargets


class SqlQueries(SqlListings, SqlTargets, SqlDisagreements):
    """`Queries` on a database: each method is one view of the data, read by the file of its noun.

    What the methods promise is written at the port, `spanjudge.pipeline.queries.Queries`.
    """

    def __init__(self, database: Database, envelopes: Envelopes) -> None:
        """The schema is up to date already."""
        self._database = database
        self._envelopes = envelopes
        self._counting = Counting()
        self._received = Received()

    async def counters(self) -> Counters:
        """Numbers that grow when something was stored."""
        return await self._database.look(counters.counters)

    async def newest_span(self) -> NewestSpan | None:
        """The span that came last."""
        return await self._database.look(newest_span)

    async def versions(self, pairs: Collection[tuple[str, str]]) -> dict[tuple[str, str], KnownVersion]:
        """Versions of evaluators by (name, version hash)."""
        return await self._database.look(lambda db: versions.versions(db, pairs))

    async def results_by_version(self, evaluator: str) -> dict[str, int]:
        """How many current outcomes each version has."""
        return await self._database.look(lambda db: versions.results_by_version(db, evaluator))

    async def statistics(self, filters: Filters, *, by: Grouping, step_ns: int) -> Statistics:
        """Sums over the outcomes of a window, and of the window before it."""
        return await self._database.look(
            lambda db: self._counting.statistics(db, filters, by=by, step_ns=step_ns)
        )

    async def evaluator_figures(self, start_ns: int, end_ns: int) -> dict[str, EvaluatorFigures]:
        """How each evaluator does."""
        return await self._database.look(lambda db: evaluator_figures(db, self._counting, start_ns, end_ns))

    async def pipeline_figures(self, *, today_ns: int, since_ns: int, now_ns: int) -> PipelineFigures:
        """How the pipeline stands."""
        return await self._database.look(
            lambda db: pipeline_figures(
                db, self._counting, self._received, today_ns=today_ns, since_ns=since_ns, now_ns=now_ns
            )
        )
