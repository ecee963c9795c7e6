"""Lists of what is stored, and what their rows are about."""

from collections.abc import Sequence

from spanjudge.pipeline.listings import Facets, Page, Place, ResultRow, SpanRow, TraceRow, TraceView
from spanjudge.pipeline.ports import StoredSpan
from spanjudge.pipeline.queries import Filters, Heads
from spanjudge.store.database import Database
from spanjudge.store.envelopes import Envelopes
from spanjudge.store.queries import facets, heads, results, spans, trace_views, traces
from spanjudge.store.spans import by_ids
from spanjudge.telemetry.evaluated import Target


class SqlListings:
    """The lists of `spanjudge.pipeline.queries.Queries`."""

    _database: Database
    _envelopes: Envelopes

    async def traces(self, filters: Filters, *, after: Place | None = None, limit: int) -> Page[TraceRow]:
        """Traces, newest first."""
        return await self._database.look(lambda db: traces.page(db, filters, after=after, limit=limit))

    async def spans(self, filters: Filters, *, after: Place | None = None, limit: int) -> Page[SpanRow]:
        """Spans, newest first."""
        return await self._database.look(lambda db: spans.page(db, filters, after=after, limit=limit))

    async def results(self, filters: Filters, *, after: Place | None = None, limit: int) -> Page[ResultRow]:
        """Current results and failures, newest first."""
        return await self._database.look(lambda db: results.page(db, filters, after=after, limit=limit))

    async def results_of(self, targets: Sequence[Target]) -> list[ResultRow]:
        """Every result of these targets, oldest first."""
        return await self._database.look(lambda db: results.of_targets(db, targets))

    async def trace(self, trace_id: str) -> TraceView | None:
        """One trace."""
        return await self._database.look(lambda db: trace_views.trace_view(db, trace_id))

    async def heads(self, trace_ids: Sequence[str]) -> dict[str, Heads]:
        """What traces are about."""
        return await self._database.look(lambda db: heads.heads(db, trace_ids, self._envelopes))

    async def stored_spans(self, pairs: Sequence[tuple[str, str]]) -> dict[tuple[str, str], StoredSpan]:
        """Spans by trace and span id."""
        return await self._database.look(lambda db: by_ids(db, pairs, self._envelopes))

    async def facets(self, filters: Filters) -> Facets:
        """What there is to filter by."""
        return await self._database.look(lambda db: facets.facets(db, filters))
