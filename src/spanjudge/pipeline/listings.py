"""Rows of lists, as the store gives them to pages. Times are nanoseconds since 1970, ids hexadecimal."""

from typing import Generic, Literal, TypeVar

import msgspec

from spanjudge.telemetry.evaluated import Evaluated

OutcomeWord = Literal["pass", "fail", "value", "none"]

Row = TypeVar("Row")

MOST_CHIPS = 8


class Place(msgspec.Struct, frozen=True):
    """Where a part of a list ended: the time and the number of its last row."""

    time_ns: int
    number: int


class Page(msgspec.Struct, Generic[Row], frozen=True, kw_only=True):
    """A part of a list, newest first. `following` is where what comes next begins; nothing at the end.

    `partial`: a search for text stopped after its share of work, having looked down to `following`.
    """

    rows: tuple[Row, ...]
    following: Place | None = None
    partial: bool = False


class Chip(msgspec.Struct, frozen=True, kw_only=True):
    """One evaluator's current outcome on something. `label`, `value`, `code`: as far as it has them."""

    result_id: str
    evaluator: str
    outcome: OutcomeWord
    label: str | None = None
    value: bool | str | float | None = None
    code: str | None = None


class Verdicts(msgspec.Struct, frozen=True, kw_only=True):
    """Current outcomes counted. `waiting` jobs are not done yet.

    `chips` are at most `MOST_CHIPS`: what failed first, then what has no verdict, then the rest.
    `cost_usd` and `tokens` are what judging used.
    """

    passed: int = 0
    failed: int = 0
    valued: int = 0
    none: int = 0
    waiting: int = 0
    cost_usd: float = 0.0
    tokens: int = 0
    chips: tuple[Chip, ...] = ()


class TraceRow(msgspec.Struct, frozen=True, kw_only=True):
    """A trace. `name` and `service` are its root's, or its first span's when the root did not come."""

    number: int
    trace_id: str
    root_id: str
    name: str
    service: str
    models: tuple[str, ...]
    session_id: str | None
    start_ns: int
    end_ns: int
    spans: int
    errors: int
    verdicts: Verdicts = Verdicts()


class SpanRow(msgspec.Struct, frozen=True, kw_only=True):
    """A span; `number` is the order of arrival."""

    number: int
    trace_id: str
    span_id: str
    parent_span_id: str
    name: str
    service: str
    operation: str | None
    model: str | None
    session_id: str | None
    start_ns: int
    end_ns: int
    is_error: bool
    received_ns: int
    verdicts: Verdicts = Verdicts()


class ResultRow(msgspec.Struct, frozen=True, kw_only=True):
    """A result or failure."""

    number: int
    evaluated: Evaluated
    current: bool = True


class TraceView(msgspec.Struct, frozen=True, kw_only=True):
    """One trace, the outcomes on its spans by span id, and its neighbours in time."""

    trace: TraceRow
    of_spans: dict[str, Verdicts]
    previous: str | None = None
    following: str | None = None


class Facets(msgspec.Struct, frozen=True, kw_only=True):
    """What there is to filter by, with counts, most first: of traces, and of current outcomes."""

    services: tuple[tuple[str, int], ...]
    models: tuple[tuple[str, int], ...]
    operations: tuple[tuple[str, int], ...]
    evaluators: tuple[tuple[str, int], ...]
    labels: tuple[tuple[str, int], ...]
    codes: tuple[tuple[str, int], ...]
    judge_models: tuple[tuple[str, int], ...]
