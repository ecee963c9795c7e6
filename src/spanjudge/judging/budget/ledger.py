"""Money has a ceiling: tokens and USD by day and month, reserved before a judge is asked."""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple, Protocol

import msgspec

from spanjudge.errors import SettingsError
from spanjudge.judging.budget.grants import NOTHING, Amount
from spanjudge.judging.budget.limits import LimitBook, Limits, LimitsSet, Period, Unit
from spanjudge.judging.budget.tariff import Tariff
from spanjudge.judging.usage import Usage, UsageRow

_log = logging.getLogger("spanjudge.budget")

_NEARLY = 0.8
_LONGEST_MONTH = timedelta(days=31)
_LEARNING = 0.2
_FURTHEST_OFF = 20.0


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


_Account = tuple[str, str | None]
"""A period (`2025-11` or `2025-11-21`) and an evaluator, or `None` for all together."""


class Reservation(msgspec.Struct):
    """What is held for a group of evaluators: settle it once, whatever comes."""

    judge: str
    amounts: dict[str, Amount]
    expected: dict[str, Usage]
    accounts: list[tuple[_Account, Amount]]


class Books(Protocol):
    """Where usage is kept from one start to the next."""

    async def add_usage(self, rows: Sequence[UsageRow]) -> None:
        """Add to what was used."""
        ...

    async def usage_since(self, day: str) -> list[UsageRow]:
        """What was used from this day on (`YYYY-MM-DD`, UTC)."""
        ...


class LimitedBooks(Books, LimitBook, Protocol):
    """Books that keep limits as well."""


class Ledger:
    """Knows what was used, and holds back what would go beyond a limit.

    `limits` are for all evaluators together, `evaluators` has those of single ones, `tariffs` those of the
    judge models by name: judges that cost nothing neither count nor are held back. Periods are UTC's; what
    was used belongs to the day it was used on, so a clock that is set back finds everything as it was.
    `now` gives nanoseconds since 1970.
    """

    def __init__(
        self,
        limits: Limits,
        evaluators: Mapping[str, Limits],
        tariffs: Mapping[str, Tariff],
        now: Callable[[], int],
    ) -> None:
        """Raises `SettingsError` when dollars are limited and a judge's price is not known."""
        self.limits = limits
        self.evaluators = dict(evaluators)
        self.edited = False
        """Whether limits hold that took the place of these."""
        self.revision: int = 0
        """Of the limits that were set last."""
        self.from_settings = LimitsSet(all=limits, evaluators=dict(evaluators))
        self._tariffs = dict(tariffs)
        self._now = now
        self._used: dict[_Account, Amount] = defaultdict(Amount)
        self._reserved: dict[_Account, Amount] = defaultdict(Amount)
        self._open = 0
        self._settled = asyncio.Event()
        self._told: set[tuple[str | None, Unit, str, float]] = set()
        self._off: dict[str, float] = {}
        self._unsaved: list[UsageRow] = []
        if (limits.usd or any(own.usd for own in self.evaluators.values())) and (words := self.unpriced()):
            raise SettingsError(f"a budget in US dollars is set, but {words}")

    @property
    def tariffs(self) -> Mapping[str, Tariff]:
        """What each judge charges, by its name in the settings."""
        return self._tariffs

    def unpriced(self) -> str | None:
        """Why no budget in US dollars can be kept, with the fix; nothing when every price is known."""
        for name, tariff in self._tariffs.items():
            if tariff.charged and not tariff.is_known:
                where = "judge" if name == "default" else f"judges.{name}"
                return (
                    f"nobody knows what {tariff.provider}/{tariff.model} costs: set {where}.price_input and "
                    f"{where}.price_output (USD per million tokens), or set a budget in tokens instead"
                )
        return None

    def watches(self, judge: str) -> bool:
        """Whether calls to this judge count."""
        tariff = self._tariffs.get(judge)
        limited = self.limits != Limits() or bool(self.evaluators)
        return limited and tariff is not None and tariff.charged

    async def load(self, books: Books) -> None:
        """Take over what the books say was used in this month and before: a restart forgets nothing."""
        used: dict[_Account, Amount] = defaultdict(Amount)
        first = datetime.fromtimestamp(self._now() / 1e9, UTC) - _LONGEST_MONTH
        free = {tariff.provider for tariff in self._tariffs.values() if not tariff.charged}
        free -= {tariff.provider for tariff in self._tariffs.values() if tariff.charged}
        for row in await books.usage_since(first.strftime("%Y-%m-01")):
            if row.provider and row.provider not in free:
                _add(used, row.day, row.evaluator, Amount(_tokens(row.usage), row.cost_usd))
        # Here more may be known than was stored so far, and there what others used.
        for account, amount in used.items():
            known = self._used[account]
            self._used[account] = Amount(max(known.tokens, amount.tokens), max(known.usd, amount.usd))
        self._tell()

    async def follow(self, books: "LimitedBooks") -> bool:
        """Take over limits that were set since the last look; whether there were any."""
        found = await books.limits()
        if found.revision == self.revision:
            return False
        self.revision, self.edited = found.revision, found.edited
        if not found.edited:
            found = self.from_settings
        elif (found.all.usd or any(own.usd for own in found.evaluators.values())) and (
            words := self.unpriced()
        ):
            _log.error("a budget in US dollars cannot be kept", extra={"reason": words})
        self.limits = found.all
        self.evaluators = {name: own for name, own in found.evaluators.items() if own != Limits()}
        self._told.clear()
        # What was used while there was no limit has not been counted.
        await self.load(books)
        self._settled.set()
        return True

    async def reserve(self, judge: str, expected: Mapping[str, Usage]) -> tuple[Reservation, dict[str, str]]:
        """Hold what evaluators will use; those for whom nothing is left are refused, in plain words.

        What only others' reservations keep from fitting waits until they are settled. May go beyond a limit
        by no more than calls take longer than `expected`.
        """
        while True:
            found = self._fit(judge, expected)
            if found is not None:
                return found
            self._settled.clear()
            await self._settled.wait()

    def settle(self, reservation: Reservation, used: Mapping[str, tuple[Usage | None, float | None]]) -> None:
        """Give a reservation back and count what was really used: usage and USD by evaluator, as known."""
        for account, amount in reservation.accounts:
            self._reserved[account] = self._reserved[account].plus(amount, -1)
        reservation.accounts = []
        self._open -= 1
        if not self._open:
            self._reserved.clear()  # sums of fractions leave traces
        day = self._day()
        tariff = self._tariffs[reservation.judge]
        asked = told = 0
        for evaluator, (usage, cost) in used.items():
            if usage is None:
                continue
            if evaluator in reservation.expected:
                asked += _tokens(reservation.expected[evaluator])
                told += _tokens(usage)
            self._count(day, evaluator, _tokens(usage), tariff.cost(usage) or 0.0 if cost is None else cost)
        if asked and told:
            self._learn(reservation.judge, told / asked)
        self._tell()
        self._settled.set()

    def standings(self) -> Iterator[Standing]:
        """Every limit that is set, and how it stands now."""
        keys = self._periods()
        owners: list[tuple[str | None, Limits]] = [(None, self.limits), *self.evaluators.items()]
        for evaluator, limits in owners:
            for unit in ("tokens", "usd"):
                for period, key in keys:
                    if limit := limits.of(unit, period):
                        account = (key, evaluator)
                        yield Standing(
                            evaluator,
                            unit,
                            period,
                            key,
                            getattr(self._used.get(account, NOTHING), unit),
                            getattr(self._reserved.get(account, NOTHING), unit),
                            limit,
                        )

    def keep(self, row: UsageRow) -> None:
        """Note usage that no job accounts for, to be stored soon."""
        self._unsaved.append(row)

    async def save(self, books: Books) -> None:
        """Store what was noted."""
        while rows := list(self._unsaved):
            await books.add_usage(rows)
            del self._unsaved[: len(rows)]

    def _fit(self, judge: str, expected: Mapping[str, Usage]) -> tuple[Reservation, dict[str, str]] | None:
        tariff, off = self._tariffs[judge], self._off.get(judge, 1.0)
        standings = list(self.standings())
        taken: dict[tuple[str | None, Unit, str], float] = defaultdict(float)
        amounts: dict[str, Amount] = {}
        refused: dict[str, str] = {}
        for evaluator, usage in expected.items():
            amount = Amount(_tokens(usage) * off, (tariff.cost(usage) or 0.0) * off)
            mine = [one for one in standings if one.evaluator in (None, evaluator)]
            for one in mine:
                wanted: float = getattr(amount, one.unit)
                before = taken[one.evaluator, one.unit, one.key]
                if one.used + before + wanted > one.limit:
                    refused[evaluator] = self._words(one, wanted)
                    self._tell_full(one)
                    break
                if one.used + one.reserved + before + wanted > one.limit:
                    return None
            else:
                amounts[evaluator] = amount
                for one in mine:
                    taken[one.evaluator, one.unit, one.key] += getattr(amount, one.unit)
        accounts = [
            ((key, owner), amount)
            for evaluator, amount in amounts.items()
            for _, key in self._periods()
            for owner in (None, evaluator)
        ]
        for account, amount in accounts:
            self._reserved[account] = self._reserved[account].plus(amount)
        self._open += 1
        held = {evaluator: expected[evaluator] for evaluator in amounts}
        return Reservation(judge, amounts, held, accounts), refused

    def _count(self, day: str, evaluator: str, tokens: float, usd: float) -> None:
        _add(self._used, day, evaluator, Amount(tokens, usd))

    def _learn(self, judge: str, off: float) -> None:
        """Estimates follow what the judge really takes: reasoning models write far more than others."""
        known = self._off.get(judge, 1.0)
        told = min(max(off, 1 / _FURTHEST_OFF), _FURTHEST_OFF)
        self._off[judge] = known + _LEARNING * (told - known)

    def _tell(self) -> None:
        for one in self.standings():
            if one.used >= one.limit:
                self._tell_full(one)
            elif one.used >= _NEARLY * one.limit and self._first(one, _NEARLY):
                _log.warning("a budget is nearly used up", extra={"budget": self._stand(one)})

    def _tell_full(self, one: Standing) -> None:
        if self._first(one, 1.0):
            _log.error("a budget is used up: evaluation stops", extra={"budget": self._words(one, 0.0)})

    def _first(self, one: Standing, level: float) -> bool:
        told = (one.evaluator, one.unit, one.key, level)
        known = told in self._told
        self._told.add(told)
        return not known

    def _words(self, one: Standing, wanted: float) -> str:
        room = one.limit - one.used
        rest = ""
        if wanted and room > 0:
            rest = f", and this evaluation takes about {_number(wanted, one.unit)}"
        raised = f"raise {self._setting(one)} (0: no limit)"
        return f"{self._stand(one)}{rest}; resumes on {self._next(one)}; {raised}"

    def _stand(self, one: Standing) -> str:
        who = "all evaluators" if one.evaluator is None else f"“{one.evaluator}”"
        amount = f"{_number(one.used, one.unit)} of {_number(one.limit, one.unit)}"
        what = f"{amount} tokens" if one.unit == "tokens" else amount
        return f"{who} used up {what} of this {one.period}"

    def _setting(self, one: Standing) -> str:
        """What holds it, for who wants to change it."""
        if self.edited:
            return "the limit on the page “Usage”"
        if one.evaluator is None:
            return f"SPANJUDGE_BUDGET_{one.unit.upper()}_{one.period.upper()}"
        return f"budgets.{one.evaluator}.{one.unit}_{one.period} in the file of SPANJUDGE_CONFIG"

    def _next(self, one: Standing) -> str:
        _, end = period_of(one)
        return f"{end.day} {end:%B} 00:00 UTC"

    def _day(self) -> str:
        return datetime.fromtimestamp(self._now() / 1e9, UTC).strftime("%Y-%m-%d")

    def _periods(self) -> tuple[tuple[Period, str], tuple[Period, str]]:
        day = self._day()
        return ("day", day), ("month", day[:7])


def _add(accounts: dict[_Account, Amount], day: str, evaluator: str, amount: Amount) -> None:
    """Count for the day and its month, for the evaluator and for all together."""
    for key in (day, day[:7]):
        for owner in (None, evaluator):
            accounts[key, owner] = accounts[key, owner].plus(amount)


def _number(value: float, unit: Unit) -> str:
    return f"{int(value):,}" if unit == "tokens" else f"${value:,.2f}"


def _tokens(usage: Usage) -> int:
    return usage.input + usage.output
