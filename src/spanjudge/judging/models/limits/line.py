"""Who is next: between ranks the lower number, within a rank every flow in its turn."""

from collections import OrderedDict
from heapq import heapify, heappop, heappush
from typing import Generic, TypeVar

from spanjudge.judging.models.limits.rank import Rank

SHARE = 0.05
"""What a rank keeps of all turns while ranks before it take the rest."""

Item = TypeVar("Item")


class _Flow(Generic[Item]):
    __slots__ = ("name", "spent", "waiting")

    def __init__(self, name: str, spent: float) -> None:
        self.name = name
        self.spent = spent
        self.waiting: OrderedDict[int, tuple[Item, float]] = OrderedDict()


class _Queue(Generic[Item]):
    """The flows of a rank. Next is the one that has spent least (start-time fair queueing).

    A flow that comes anew begins where the others are, so that it neither waits for what they had before nor
    is paid for the time it was not there.
    """

    def __init__(self) -> None:
        self.credit = 0.0
        self.size = 0
        self._flows: dict[str, _Flow[Item]] = {}
        self._order: list[tuple[float, int, str]] = []
        self._spent = 0.0
        self._entered = 0

    def add(self, flow: str, number: int, item: Item, cost: float) -> None:
        known = self._flows.get(flow)
        if known is None:
            known = self._flows[flow] = _Flow(flow, self._spent)
            self._push(known)
        known.waiting[number] = (item, cost)
        self.size += 1

    def remove(self, flow: str, number: int) -> bool:
        known = self._flows.get(flow)
        if known is None or known.waiting.pop(number, None) is None:
            return False
        self.size -= 1
        if not known.waiting:
            del self._flows[flow]
            self._order = [entry for entry in self._order if entry[2] != flow]
            heapify(self._order)
        if not self.size:
            self.credit = 0.0
        return True

    def first(self) -> Item:
        flow = self._flows[self._order[0][2]]
        return next(iter(flow.waiting.values()))[0]

    def pop(self) -> Item:
        flow = self._flows[heappop(self._order)[2]]
        _, (item, cost) = flow.waiting.popitem(last=False)
        self.size -= 1
        begun = flow.spent
        flow.spent += cost
        if flow.waiting:
            self._push(flow)
        else:
            del self._flows[flow.name]
            # Should it come again at once, it must not be before those who waited meanwhile.
            begun = flow.spent
        self._spent = max(self._spent, begun) if self.size else 0.0
        return item

    def _push(self, flow: _Flow[Item]) -> None:
        self._entered += 1
        heappush(self._order, (flow.spent, self._entered, flow.name))


class Line(Generic[Item]):
    """A line in which everybody gets on.

    Of the ranks that wait, the first is served; each other one gains `SHARE` of a turn by that, and has its
    turn when it has gained a whole one. Memory is that of what waits.
    """

    def __init__(self) -> None:
        """Nobody waits."""
        self.size = 0
        """How many wait."""
        self._queues: tuple[_Queue[Item], ...] = tuple(_Queue[Item]() for _ in Rank)
        self._numbers = 0

    def add(self, rank: Rank, flow: str, item: Item, cost: float = 1.0) -> tuple[Rank, str, int]:
        """Stand in line; returns what `remove` wants. `cost` is what the turn takes of the flow's share."""
        self._numbers += 1
        self.size += 1
        self._queues[rank].add(flow, self._numbers, item, cost)
        return rank, flow, self._numbers

    def remove(self, place: tuple[Rank, str, int]) -> bool:
        """Leave the line; whether it stood there."""
        rank, flow, number = place
        found = self._queues[rank].remove(flow, number)
        self.size -= found
        return found

    def first(self) -> Item:
        """Who is next; `pop` takes the same one. There must be somebody."""
        return self._next().first()

    def pop(self) -> Item:
        """Take who is next out of the line."""
        chosen = self._next()
        best = next(queue for queue in self._queues if queue.size)
        if chosen is not best:
            chosen.credit -= 1.0
        else:
            for queue in self._queues:
                if queue.size and queue is not best:
                    queue.credit = min(queue.credit + SHARE, 1.0)
        item = chosen.pop()
        self.size -= 1
        if not chosen.size:
            chosen.credit = 0.0
        return item

    def _next(self) -> _Queue[Item]:
        waiting = [queue for queue in self._queues if queue.size]
        return next((queue for queue in waiting[1:] if queue.credit > 1.0 - SHARE / 2), waiting[0])
