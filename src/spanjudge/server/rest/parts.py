"""What the routes of the REST API are given by the composition root."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Protocol

import msgspec

from spanjudge.evaluators.evaluator import Evaluator
from spanjudge.judging.budget.ledger import Ledger
from spanjudge.judging.judge import Judge
from spanjudge.pipeline.explain import Explanation
from spanjudge.pipeline.pipeline import Pipeline
from spanjudge.pipeline.ports import Store
from spanjudge.pipeline.queries import Queries
from spanjudge.pipeline.recent import RecentTargets
from spanjudge.server.access import Access


class Explains(Protocol):
    """What explains a span."""

    def __call__(self, span_id: str, *, trace_id: str | None = None) -> Awaitable[list[Explanation]]:
        """One explanation for each evaluator."""
        ...


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What the settings say that pages show.

    `file_evaluators` come from SPANJUDGE_EVALUATORS_DIR. `shared_store`: processes on other machines may use
    the store, and do not see this one's files.
    """

    version: str
    file_evaluators: frozenset[str] = frozenset()
    judges: Sequence[str] = ()
    max_store_bytes: int = 0
    shared_store: bool = False
    grpc_port: Callable[[], int | None] = lambda: None


class Parts(msgspec.Struct, frozen=True, kw_only=True):
    """`trial_judges` keep to the budgets and note what they use; `now` gives nanoseconds since 1970.

    `ending` is set when the server begins to end: answers that would go on must end then.
    """

    store: Store
    queries: Queries
    recent: RecentTargets
    pipeline: Pipeline
    judges: Mapping[str, Judge]
    trial_judges: Mapping[str, Judge]
    ledger: Ledger
    access: Access
    explain: Explains
    not_ready: Callable[[], str | None]
    scorers: Mapping[str, Evaluator]
    facts: Facts
    now: Callable[[], int]
    ending: asyncio.Event = msgspec.field(default_factory=asyncio.Event)
