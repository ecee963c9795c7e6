"""One process's part of budgets that several share: what it may still reserve, and what it asks for next."""

import random
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence

import msgspec

from spanjudge.judging.budget.grants import ALL, NOTHING, Amount, Granted, Want

_HALF_LIFE = 1.0
"""Seconds after which demand that was counts for half."""
_AHEAD = 2.0
"""Of the demand of about a second and a half: what is asked for besides what is needed now."""
_LEAST = 1.0
_LETS_GO = 0.5
_IN_VAIN = 2
_FORGOTTEN_AFTER = 60.0

Day = str


class Waiting(msgspec.Struct):
    """A call that waits for room; `in_vain` counts how often it was asked for and not given."""

    needs: Mapping[str, Amount]
    in_vain: int = 0


class Asked(msgspec.Struct, frozen=True):
    """What was asked for at one moment, to be compared with what has happened when the answer comes."""

    wants: Sequence[Want]
    consumed: Mapping[str, Amount]
    confirmed: Mapping[tuple[Day, str], Amount]
    waiting: Sequence[Waiting]
    at: float


class Share:
    """Keeps count of what was granted, evaluator by evaluator.

    What was granted is consumed by reserving; settling sets that right by what was really used. Usage is ours
    to answer for until it is stored, and what was stored since the last look at the store is added to what
    was seen there: nothing is missed, some may count twice until the next look.
    """

    def __init__(
        self,
        lease: float = 30.0,
        *,
        clock: Callable[[], float] = time.monotonic,
        chance: Callable[[], float] = random.random,
    ) -> None:
        """`lease` (seconds) is how long a grant lasts; `clock` gives seconds."""
        self.lease = lease
        self._clock = clock
        self._chance = chance
        self._allowed: dict[str, Amount] = {}
        self._consumed: dict[str, Amount] = defaultdict(Amount)
        self._reserved: dict[str, Amount] = defaultdict(Amount)
        self._unstored: dict[tuple[Day, str], Amount] = defaultdict(Amount)
        self._confirmed: dict[tuple[Day, str], Amount] = defaultdict(Amount)
        self._demand: dict[str, Amount] = defaultdict(Amount)
        self._waiting: list[Waiting] = []
        self._until = float("-inf")
        self._asked_at = clock()
        self._settled_at = clock()
        self._open = 0
        self._holds = False

    @property
    def idle(self) -> bool:
        """Whether nothing is held and nothing wanted."""
        return not (self._holds or self._waiting or self._open or self._unstored or self._demand)

    @property
    def in_need(self) -> bool:
        """Whether a call waits for room."""
        return bool(self._waiting)

    def fits(self, evaluator: str, amount: Amount) -> bool:
        """Whether so much was granted and is left."""
        if self._clock() >= self._until:
            return False
        return amount.fits(self._allowed.get(evaluator, NOTHING).plus(self._consumed[evaluator], -1))

    def reserve(self, amounts: Mapping[str, Amount]) -> None:
        """Consume for a call that begins."""
        self._open += 1
        for evaluator, amount in amounts.items():
            self._consumed[evaluator] = self._consumed[evaluator].plus(amount)
            self._reserved[evaluator] = self._reserved[evaluator].plus(amount)
            self._demand[evaluator] = self._demand[evaluator].plus(amount)

    def settle(self, day: Day, reserved: Mapping[str, Amount], used: Mapping[str, Amount]) -> None:
        """A call is over: what was reserved for it, and what it used."""
        self._open -= 1
        self._settled_at = self._clock()
        for evaluator, amount in reserved.items():
            self._consumed[evaluator] = self._consumed[evaluator].plus(amount, -1)
            self._reserved[evaluator] = self._reserved[evaluator].plus(amount, -1)
        for evaluator, amount in used.items():
            self._consumed[evaluator] = self._consumed[evaluator].plus(amount)
            self._unstored[day, evaluator] = self._unstored[day, evaluator].plus(amount)
        if not self._open:
            self._reserved.clear()  # sums of fractions leave traces

    def stored(self, evaluator: str, tokens: float) -> None:
        """So many tokens that an evaluator used are stored now, and their dollars."""
        for key in [key for key in self._unstored if key[1] == evaluator]:
            known = self._unstored[key]
            taken = min(tokens, known.tokens)
            part = taken / known.tokens if known.tokens else 1.0
            amount = Amount(taken, known.usd * part)
            self._confirmed[key] = self._confirmed[key].plus(amount)
            self._unstored[key] = known.plus(amount, -1)
            if self._unstored[key].tokens < _LEAST:
                del self._unstored[key]
            tokens -= taken

    def doubtful(self, period: str, evaluator: str | None) -> Amount:
        """What may be counted twice since the last look: stored meanwhile, and seen in the store, too."""
        found = NOTHING
        for (day, name), amount in self._confirmed.items():
            if day.startswith(period) and evaluator in (None, name):
                found = found.plus(amount)
        return found

    def wait(self, needs: Mapping[str, Amount]) -> Waiting:
        """A call waits for so much; hand what this gives to `over` when it does not any more."""
        waiting = Waiting(needs)
        self._waiting.append(waiting)
        return waiting

    def over(self, waiting: Waiting) -> None:
        """A call does not wait any more."""
        self._waiting = [one for one in self._waiting if one is not waiting]

    def ask(self) -> Asked:
        """What to ask for now."""
        at = self._clock()
        fade = 0.5 ** ((at - self._asked_at) / _HALF_LIFE)
        self._asked_at = at
        for evaluator, amount in list(self._demand.items()):
            faded = Amount(amount.tokens * fade, amount.usd * fade)
            self._demand[evaluator] = faded
            if faded.tokens < _LEAST:
                del self._demand[evaluator]
        if not self._open and at - self._settled_at > _FORGOTTEN_AFTER:
            # Whatever it was, nobody is on the way to storing it any more.
            self._unstored.clear()
        # Two who wait each for a part that the other holds would wait for ever: now and then one lets go.
        chosen = [one for one in self._waiting if one.in_vain < _IN_VAIN or self._chance() >= _LETS_GO]
        needs: dict[str, list[Amount]] = defaultdict(list)
        for one in chosen:
            for evaluator, amount in one.needs.items():
                needs[evaluator].append(amount)
        out: dict[str, Amount] = defaultdict(Amount)
        for evaluator, amount in self._reserved.items():
            out[evaluator] = out[evaluator].plus(amount)
        for (_, evaluator), amount in self._unstored.items():
            out[evaluator] = out[evaluator].plus(amount)
        wants = [
            self._want(name, out[name], needs.get(name, ())) for name in sorted({*out, *needs, *self._demand})
        ]
        return Asked(
            [want for want in wants if (want.out, want.next, want.spare) != (NOTHING, NOTHING, NOTHING)],
            dict(self._consumed),
            dict(self._confirmed),
            chosen,
            at,
        )

    def _want(self, evaluator: str, out: Amount, needs: Sequence[Amount]) -> Want:
        largest = Amount(
            max((one.tokens for one in needs), default=0.0), max((one.usd for one in needs), default=0.0)
        )
        demand = self._demand.get(evaluator, NOTHING)
        return Want(
            evaluator=evaluator,
            out=out,
            next=largest,
            spare=Amount(
                sum(one.tokens for one in needs) - largest.tokens + demand.tokens * _AHEAD,
                sum(one.usd for one in needs) - largest.usd + demand.usd * _AHEAD,
            ),
        )

    def take(self, asked: Asked, granted: Granted) -> dict[tuple[str, str], Amount]:
        """Take over what was granted; what is used by period and evaluator, with what is not stored yet."""
        self._holds = bool(asked.wants)
        self._until = asked.at + self.lease * 0.8
        self._allowed = {
            name: asked.consumed.get(name, NOTHING).plus(room) for name, room in granted.room.items()
        }
        for one in asked.waiting:
            one.in_vain += 1
        return self.seen(asked, granted.used)

    def seen(self, asked: Asked, used: Mapping[tuple[str, str], Amount]) -> dict[tuple[str, str], Amount]:
        """The same for stored usage that was looked up when nothing was wanted."""
        for key, amount in asked.confirmed.items():
            left = self._confirmed[key].plus(amount, -1)
            self._confirmed[key] = left
            if left.tokens < _LEAST:
                del self._confirmed[key]
        found: dict[tuple[str, str], Amount] = dict(used)
        for amounts in (self._unstored, self._confirmed):
            for (day, evaluator), amount in amounts.items():
                add(found, day, evaluator, amount)
        return found


def add(accounts: dict[tuple[str, str], Amount], day: Day, evaluator: str, amount: Amount) -> None:
    """Count for the day and its month, for the evaluator and for all together."""
    for period in (day, day[:7]):
        for owner in (ALL, evaluator):
            accounts[period, owner] = accounts.get((period, owner), NOTHING).plus(amount)
