"""Money has a ceiling: tokens and USD by day and month, reserved before a judge is asked."""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Protocol

import msgspec

from spanjudge.errors import SettingsError
from spanjudge.judging.budget.grants import ALL, NOTHING, Amount, Grants
from spanjudge.judging.budget.limits import LimitBook, Limits, LimitsSet, Period, Unit
from spanjudge.judging.budget.share import Share, Waiting
from spanjudge.judging.budget.standing import Standing, refusal, stand
from spanjudge.judging.budget.tariff import Tariff
from spanjudge.judging.usage import Usage, UsageRow

_log = logging.getLogger("spanjudge.budget")

_NEARLY = 0.8
_LONGEST_MONTH = timedelta(days=31)
_LEARNING = 0.2
_FURTHEST_OFF = 20.0


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
        self._share: Share | None = None
        self._grants: Grants | None = None
        self._member = ""
        self.needs = asyncio.Event()
        """Set when `sync` should be called soon: a call waits for room that only the others can tell."""
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
        return self._limited and tariff is not None and tariff.charged

    @property
    def _limited(self) -> bool:
        return self.limits != Limits() or bool(self.evaluators)

    def _free(self) -> list[str]:
        """Providers whose usage does not count."""
        charged = {tariff.provider for tariff in self._tariffs.values() if tariff.charged}
        return sorted({tariff.provider for tariff in self._tariffs.values()} - charged)

    def share(self, grants: Grants, member: str, share: Share | None = None) -> None:
        """From now on other processes spend as well: nothing is reserved that was not granted.

        `member` is this process's name among them. `sync` must be called every second or so, and soon when
        `needs` is set; and `stored` whenever usage was stored.
        """
        self._grants, self._member = grants, member
        self._share = share or Share()

    async def sync(self) -> None:
        """Tell the others what we hold, take what is granted, and see what they spent.

        Raises what the grants' keeper raises; what was granted before stays good for a while.
        """
        share, grants = self._share, self._grants
        if share is None or grants is None or not self._limited:
            return
        day, was_idle = self._day(), share.idle
        free = self._free()
        asked = share.ask()
        if was_idle:
            used = share.seen(asked, await grants.spent(day, free=free))
        else:
            now = self._now()
            granted = await grants.grant(
                self._member,
                asked.wants,
                {ALL: self.limits, **self.evaluators},
                day=day,
                free=free,
                now_ns=now,
                until_ns=now + int(share.lease * 1e9),
            )
            used = share.take(asked, granted)
        for account in [account for account in self._used if account[0] in (day, day[:7])]:
            del self._used[account]
        for (period, owner), amount in used.items():
            self._used[period, owner or None] = amount
        self._tell()
        self._settled.set()

    @property
    def in_need(self) -> bool:
        """Whether a call waits for room that others hold."""
        return self._share is not None and self._share.in_need

    def stored(self, rows: Iterable[UsageRow]) -> None:
        """These are stored now: others can see them, and this process need not answer for them any more."""
        if self._share is None:
            return
        free = self._free()
        for row in rows:
            if row.provider and row.provider not in free:
                self._share.stored(row.evaluator, _tokens(row.usage))

    async def load(self, books: Books) -> None:
        """Take over what the books say was used in this month and before: a restart forgets nothing."""
        if self._share is not None:
            # What the others spend is looked up all the time.
            await self.sync()
            return
        used: dict[_Account, Amount] = defaultdict(Amount)
        first = datetime.fromtimestamp(self._now() / 1e9, UTC) - _LONGEST_MONTH
        free = self._free()
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
        waiting: Waiting | None = None
        try:
            while True:
                found = self._fit(judge, expected)
                if isinstance(found, tuple):
                    return found
                if self._share is not None and found:
                    if waiting is None:
                        waiting = self._share.wait(found)
                        self.needs.set()
                    # Estimates learn while it waits: what it was expected to take at first would never do.
                    waiting.needs = found
                self._settled.clear()
                await self._settled.wait()
        finally:
            if self._share is not None and waiting is not None:
                self._share.over(waiting)

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
        really: dict[str, Amount] = {}
        for evaluator, (usage, cost) in used.items():
            if usage is None:
                continue
            if evaluator in reservation.expected:
                asked += _tokens(reservation.expected[evaluator])
                told += _tokens(usage)
            dollars = tariff.cost(usage) or 0.0 if cost is None else cost
            really[evaluator] = really.get(evaluator, NOTHING).plus(Amount(_tokens(usage), dollars))
            _add(self._used, day, evaluator, Amount(_tokens(usage), dollars))
        if self._share is not None:
            self._share.settle(day, reservation.amounts, really)
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
            self.stored(rows)

    def _fit(
        self, judge: str, expected: Mapping[str, Usage]
    ) -> tuple[Reservation, dict[str, str]] | dict[str, Amount]:
        """A reservation; or what has to be granted first, which is nothing when others' calls must end."""
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
                if one.used - self._doubtful(one) + before + wanted > one.limit:
                    refused[evaluator] = refusal(one, wanted, edited=self.edited)
                    self._tell_full(one)
                    break
                if one.used + one.reserved + before + wanted > one.limit:
                    return {}
            else:
                amounts[evaluator] = amount
                for one in mine:
                    taken[one.evaluator, one.unit, one.key] += getattr(amount, one.unit)
        if self._share is not None:
            if not all(self._share.fits(evaluator, amount) for evaluator, amount in amounts.items()):
                return amounts
            self._share.reserve(amounts)
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

    def _doubtful(self, one: Standing) -> float:
        """Of what is used: so much may be less. Nothing is refused that may fit after the next look."""
        return 0.0 if self._share is None else getattr(self._share.doubtful(one.key, one.evaluator), one.unit)

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
                _log.warning("a budget is nearly used up", extra={"budget": stand(one)})

    def _tell_full(self, one: Standing) -> None:
        if self._first(one, 1.0):
            _log.error(
                "a budget is used up: evaluation stops",
                extra={"budget": refusal(one, 0.0, edited=self.edited)},
            )

    def _first(self, one: Standing, level: float) -> bool:
        told = (one.evaluator, one.unit, one.key, level)
        known = told in self._told
        self._told.add(told)
        return not known

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


def _tokens(usage: Usage) -> int:
    return usage.input + usage.output
