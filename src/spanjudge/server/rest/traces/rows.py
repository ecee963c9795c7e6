"""Rows of lists as the API gives them out."""

from spanjudge.pipeline import listings
from spanjudge.server.rest.results.told import plain_value, readable
from spanjudge.server.rest.shapes.times import instant
from spanjudge.server.rest.shapes.traces import Chip, SpanRow, TraceRow, Verdicts
from spanjudge.server.rest.traces.beginnings import Beginning

_NOTHING = Beginning()
_MS = 1_000_000


def trace_row(row: listings.TraceRow, beginning: Beginning = _NOTHING) -> TraceRow:
    """A trace in a list."""
    return TraceRow(
        trace_id=row.trace_id,
        name=readable(row.name),
        service=readable(row.service),
        start=instant(row.start_ns),
        duration_ms=milliseconds(row.start_ns, row.end_ns),
        spans=row.spans,
        errors=row.errors,
        models=[readable(model) for model in row.models],
        session_id=row.session_id,
        input=beginning.input,
        output=beginning.output,
        tokens=beginning.tokens,
        judge_cost_usd=row.verdicts.cost_usd,
        verdicts=verdicts_shape(row.verdicts),
    )


def span_row(row: listings.SpanRow, beginning: Beginning = _NOTHING) -> SpanRow:
    """A span in a list."""
    return SpanRow(
        trace_id=row.trace_id,
        span_id=row.span_id,
        name=readable(row.name),
        service=readable(row.service),
        operation=row.operation,
        model=row.model,
        start=instant(row.start_ns),
        duration_ms=milliseconds(row.start_ns, row.end_ns),
        error=row.is_error,
        input=beginning.input,
        output=beginning.output,
        verdicts=verdicts_shape(row.verdicts),
    )


def verdicts_shape(verdicts: listings.Verdicts) -> Verdicts:
    """Outcomes counted."""
    return Verdicts(
        passed=verdicts.passed,
        failed=verdicts.failed,
        valued=verdicts.valued,
        none=verdicts.none,
        waiting=verdicts.waiting,
        chips=[_chip(chip) for chip in verdicts.chips],
    )


def _chip(chip: listings.Chip) -> Chip:
    value = chip.label or ("" if chip.value is None else plain_value(chip.value))
    return Chip(
        evaluator=chip.evaluator,
        outcome=chip.outcome,
        value=chip.code or readable(value),
        result_id=chip.result_id,
    )


def milliseconds(start_ns: int, end_ns: int) -> float:
    """How long it took; never negative, whatever the clocks said."""
    return round(max(0, end_ns - start_ns) / _MS, 3)
