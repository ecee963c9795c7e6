"""How a limit stands, and how that is said."""

from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from spanjudge.judging.budget.limits import Period, Unit

_LONGEST_MONTH = timedelta(days=31)


class Standing(NamedTuple):
    """How one limit stands; `evaluator` is `None` for all together, `key` names the period."""

    evaluator: str | None
    unit: Unit
    period: Period
    key: str
    used: float
    reserved: float
    limit: float


def period_of(one: Standing) -> tuple[datetime, datetime]:
    """When the limit's period began, and when it ends and everything is free again."""
    day = one.key if one.period == "day" else f"{one.key}-01"
    start = datetime.strptime(day, "%Y-%m-%d").replace(tzinfo=UTC)
    if one.period == "day":
        return start, start + timedelta(days=1)
    return start, (start + _LONGEST_MONTH).replace(day=1)


def refusal(one: Standing, wanted: float, *, edited: bool) -> str:
    """Why something that takes about `wanted` does not fit any more; `edited`: the limit is the page's."""
    room = one.limit - one.used
    rest = ""
    if wanted and room > 0:
        rest = f", and this evaluation takes about {_number(wanted, one.unit)}"
    raised = f"raise {_setting(one, edited=edited)} (0: no limit)"
    return f"{stand(one)}{rest}; resumes on {_next(one)}; {raised}"


def stand(one: Standing) -> str:
    """Who used up how much of what."""
    who = "all evaluators" if one.evaluator is None else f"“{one.evaluator}”"
    amount = f"{_number(one.used, one.unit)} of {_number(one.limit, one.unit)}"
    what = f"{amount} tokens" if one.unit == "tokens" else amount
    return f"{who} used up {what} of this {one.period}"


def _setting(one: Standing, *, edited: bool) -> str:
    """What holds it, for who wants to change it."""
    if edited:
        return "the limit on the page “Usage”"
    if one.evaluator is None:
        return f"SPANJUDGE_BUDGET_{one.unit.upper()}_{one.period.upper()}"
    return f"budgets.{one.evaluator}.{one.unit}_{one.period} in the file of SPANJUDGE_CONFIG"


def _next(one: Standing) -> str:
    _, end = period_of(one)
    return f"{end.day} {end:%B} 00:00 UTC"


def _number(value: float, unit: Unit) -> str:
    return f"{int(value):,}" if unit == "tokens" else f"${value:,.2f}"
