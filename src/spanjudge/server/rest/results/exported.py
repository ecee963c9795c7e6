"""Results as files: a portion at a time, so that any number of them takes little memory."""

import csv
import io
from collections.abc import AsyncIterator
from datetime import UTC, datetime

from spanjudge.pipeline.listings import Place
from spanjudge.pipeline.queries import Filters, Queries
from spanjudge.server.rest.results.told import numbers_of, result_shape
from spanjudge.server.rest.shapes.results import Result

_PORTION = 500
_NS = 1_000_000_000

_COLUMNS = (
    "time",
    "evaluator",
    "number",
    "version",
    "kind",
    "trace_id",
    "span_id",
    "session_id",
    "service",
    "outcome",
    "value",
    "label",
    "score",
    "explanation",
    "code",
    "message",
    "confidence",
    "judge_provider",
    "judge_model",
    "input_tokens",
    "output_tokens",
    "cost_usd",
    "duration_ms",
    "id",
)
CSV_EXAMPLE = "time,evaluator,…\n2026-11-21T21:54:20.123456Z,toxicity,…\n"
JSONL_EXAMPLE = '{"id":"…","evaluator":"toxicity","outcome":"pass",…}\n'

_OF_TARGET = frozenset({"kind", "trace_id", "span_id", "session_id"})

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
"""What makes a spreadsheet calculate (https://owasp.org/www-community/attacks/CSV_Injection)."""


async def as_csv(queries: Queries, filters: Filters) -> AsyncIterator[bytes]:
    """A table with a head; a text that begins like a formula gets a `'` before it."""
    yield _lines([list(_COLUMNS)])
    async for results in _portions(queries, filters):
        yield _lines([_cells(result) for result in results])


async def as_jsonl(queries: Queries, filters: Filters) -> AsyncIterator[bytes]:
    """One `Result` a line."""
    async for results in _portions(queries, filters):
        lines = [result.model_dump_json(exclude={"input", "output"}) for result in results]
        yield "".join(f"{line}\n" for line in lines).encode()


async def _portions(queries: Queries, filters: Filters) -> AsyncIterator[list[Result]]:
    after: Place | None = None
    while True:
        page = await queries.results(filters, after=after, limit=_PORTION)
        outcomes = [row.evaluated for row in page.rows]
        numbers = await numbers_of(queries, outcomes)
        if outcomes:
            yield [result_shape(one, numbers=numbers) for one in outcomes]
        after = page.following
        if after is None:
            return


def _cells(result: Result) -> list[str]:
    cells: list[str] = []
    for column in _COLUMNS:
        value = getattr(result.target if column in _OF_TARGET else result, column)
        if value is None:
            cells.append("")
        else:
            # Numbers are ours and cannot be formulas, not even negative ones.
            cells.append(harmless(value) if isinstance(value, str) else f"{value}")
    return cells


def harmless(text: str) -> str:
    """A text that no spreadsheet takes for a formula, and every reader of CSV takes for text."""
    text = text.replace("\x00", "\ufffd")
    return f"'{text}" if text.startswith(_FORMULA) else text


def _lines(rows: list[list[str]]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text).writerows(rows)
    return text.getvalue().encode()


def file_name(filters: Filters, ending: str, now_ns: int) -> dict[str, str]:
    """The header that has the answer kept as a file, named after the days it is about."""
    days = [_day(ns) for ns in (filters.start_ns, filters.end_ns or now_ns) if ns is not None]
    name = f"spanjudge-results-{'-to-'.join(dict.fromkeys(days))}.{ending}"
    return {"content-disposition": f'attachment; filename="{name}"'}


def _day(ns: int) -> str:
    last = 253_402_300_799
    return datetime.fromtimestamp(max(0, min(ns // _NS, last)), UTC).strftime("%Y-%m-%d")
