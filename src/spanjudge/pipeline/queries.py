"""What pages ask of the store: lists, filters, sums. Reading only; every method is one unchanging view.

Times are nanoseconds since 1970, ids lower-case hexadecimal. Only current outcomes count: the newest of an
evaluator and a target. A failure has no verdict and is in no rate.
"""

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Literal, Protocol

import msgspec

from spanjudge.evaluators.evaluator import Evaluator
from spanjudge.pipeline.disagreements import Disagreements
from spanjudge.pipeline.figures import EvaluatorFigures, Grouping, PipelineFigures, Statistics
from spanjudge.pipeline.listings import Facets, Page, Place, ResultRow, SpanRow, TraceRow, TraceView
from spanjudge.pipeline.targets import Targets
from spanjudge.telemetry.evaluated import Target

if TYPE_CHECKING:
    from spanjudge.pipeline.ports import StoredSpan

Verdict = Literal["pass", "fail", "value", "none"]
"""`value`: a result of an evaluator without acceptance criteria; `none`: a failure."""


class Filters(msgspec.Struct, frozen=True, kw_only=True):
    """What a list shall have; empty is no condition, several values of one field are alternatives.

    `start_ns` is included, `end_ns` not. Conditions on outcomes (`evaluators` to `max_score`) hold together
    for one outcome of the trace or span. `text` is looked for in names, ids and content, whatever its case.
    """

    start_ns: int | None = None
    end_ns: int | None = None
    services: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    operations: tuple[str, ...] = ()
    session: str = ""
    evaluators: tuple[str, ...] = ()
    verdicts: tuple[Verdict, ...] = ()
    codes: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    judge_models: tuple[str, ...] = ()
    min_score: float | None = None
    max_score: float | None = None
    text: str = ""


class Counters(msgspec.Struct, frozen=True, kw_only=True):
    """Numbers that grow when something was stored: looked at once a second."""

    spans: int
    results: int
    evaluators: int


class KnownVersion(msgspec.Struct, frozen=True, kw_only=True):
    """A version of an evaluator that is stored: its number, counted from 1, and what it says."""

    number: int
    evaluator: Evaluator


class NewestSpan(msgspec.Struct, frozen=True, kw_only=True):
    """The span that came last, and how many are stored."""

    service: str
    received_ns: int
    count: int


class Heads(msgspec.Struct, frozen=True, kw_only=True):
    """Spans that tell what a trace was about: the root, the first span about GenAI, and the model calls.

    `complete` says that no model call is left out.
    """

    spans: "tuple[StoredSpan, ...]"
    complete: bool = True


class Queries(Targets, Disagreements, Protocol):
    """Raises `StoreError` when it cannot be done now."""

    async def traces(self, filters: Filters, *, after: Place | None = None, limit: int) -> Page[TraceRow]:
        """Traces by their start, newest first.

        Each comes once as long as it stays as it is: a trace whose start is found to be earlier moves down
        and may come again.
        """
        ...

    async def spans(self, filters: Filters, *, after: Place | None = None, limit: int) -> Page[SpanRow]:
        """Spans by their start, newest first."""
        ...

    async def results(self, filters: Filters, *, after: Place | None = None, limit: int) -> Page[ResultRow]:
        """Current results and failures by their time, newest first. `text` is looked for in them too."""
        ...

    async def results_of(self, targets: Sequence[Target]) -> list[ResultRow]:
        """Every result and failure of these targets, oldest first, superseded ones too."""
        ...

    async def trace(self, trace_id: str) -> TraceView | None:
        """One trace, if it is stored."""
        ...

    async def heads(self, trace_ids: Sequence[str]) -> dict[str, Heads]:
        """What traces are about, by trace id; those that are not stored are left out."""
        ...

    async def stored_spans(self, pairs: Sequence[tuple[str, str]]) -> "dict[tuple[str, str], StoredSpan]":
        """Spans by trace and span id; those that are not stored are left out."""
        ...

    async def facets(self, filters: Filters) -> Facets:
        """What there is to filter by in the window of the filters; their other fields are not looked at."""
        ...

    async def counters(self) -> Counters:
        """Cheap."""
        ...

    async def newest_span(self) -> NewestSpan | None:
        """The span that came last; nothing before the first."""
        ...

    async def versions(self, pairs: Collection[tuple[str, str]]) -> dict[tuple[str, str], KnownVersion]:
        """Versions of evaluators by (name, version hash); unknown ones are left out."""
        ...

    async def results_by_version(self, evaluator: str) -> dict[str, int]:
        """How many current outcomes each version (by its hash) of an evaluator has."""
        ...

    async def statistics(self, filters: Filters, *, by: Grouping, step_ns: int) -> Statistics:
        """Sums over the outcomes of a window, and of the window before it.

        `filters` must have `start_ns` and `end_ns`; steps begin at whole multiples of `step_ns`.
        """
        ...

    async def evaluator_figures(self, start_ns: int, end_ns: int) -> dict[str, EvaluatorFigures]:
        """By the evaluator's name; one that judged nothing and has nothing waiting may be missing."""
        ...

    async def pipeline_figures(self, *, today_ns: int, since_ns: int, now_ns: int) -> PipelineFigures:
        """How the pipeline stands: spans received from `today_ns` on, errors and results from `since_ns`."""
        ...
