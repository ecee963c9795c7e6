"""How a list is filtered, whatever its rows are: newest first, a part at a time."""

import time
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Connection, and_, or_, select

from spanjudge.pipeline.listings import Place
from spanjudge.pipeline.queries import Filters
from spanjudge.store.queries.conditions import Condition, asks_of_outcomes, of_outcome
from spanjudge.store.queries.needle import Needle
from spanjudge.store.queries.wanted import SKEW_NS
from spanjudge.store.tables import results

Row = list[Any]

SHARE_SECONDS = 0.1
"""A search for text goes through what is stored for this long, then says how far it has come."""

_FURTHER = 8
_FEW = 20_000
_SEARCHED = (64, 512)
"""A search goes through so many rows at first, and so many at most, at a time."""


class Found(msgspec.Struct):
    """Rows, and where what follows begins."""

    rows: list[Row]
    following: Place | None = None
    partial: bool = False


class Listing(ABC):
    """A kind of rows. In each row `number` and `time` are the places of its number and time."""

    number: int
    time: int
    number_column: ColumnElement[int]
    time_column: ColumnElement[int]

    @abstractmethod
    def conditions(self, filters: Filters) -> list[Condition]:
        """What the filters want, but for outcomes and text."""

    @abstractmethod
    def read(self, connection: Connection, where: Sequence[Condition], most: int) -> list[Row]:
        """The newest rows for which all of this is so, in any order."""

    @abstractmethod
    def identified(self, filters: Filters, needle: Needle) -> list[Condition] | None:
        """`conditions`, and that a row has this id or is of what has it; nothing if it can be no id."""

    @abstractmethod
    def holding(self, connection: Connection, needle: Needle, rows: list[Row]) -> list[Row]:
        """Those of the rows that hold a text in names, ids or content."""

    def found(self, connection: Connection, filters: Filters, after: Place | None, limit: int) -> Found:
        """The next rows after a place, at most `limit`."""
        where = self.conditions(filters)
        if not filters.text.strip():
            return self._cut(self.next(connection, filters, where, after, limit + 1), limit)
        needle = Needle(filters.text)
        known = self.identified(filters, needle)
        if known is not None and self.next(connection, filters, known, None, 1):
            return self._cut(self.next(connection, filters, known, after, limit + 1), limit)
        return self._search(connection, filters, needle, after, limit)

    def place(self, row: Row) -> Place:
        """Where a row stands."""
        return Place(row[self.time], row[self.number])

    def _cut(self, rows: list[Row], limit: int) -> Found:
        if len(rows) <= limit:
            return Found(rows)
        rows = rows[:limit]
        return Found(rows, self.place(rows[-1]))

    def read_after(
        self, connection: Connection, where: Sequence[Condition], after: Place | None, most: int
    ) -> list[Row]:
        """The next rows for which all of this is so."""
        return self._in_order(self.read(connection, [*where, *self.comes_after(after)], most))

    def comes_after(self, after: Place | None) -> list[Condition]:
        """That a row comes after a place."""
        if after is None:
            return []
        time_column, number = self.time_column, self.number_column
        # Not as a pair: SQLite makes use of the index for the first condition alone.
        return [
            time_column <= after.time_ns,
            or_(time_column < after.time_ns, and_(time_column == after.time_ns, number < after.number)),
        ]

    def _in_order(self, rows: list[Row]) -> list[Row]:
        return sorted(rows, key=lambda row: (row[self.time], row[self.number]), reverse=True)

    def next(
        self,
        connection: Connection,
        filters: Filters,  # noqa: ARG002  # what kinds of rows with outcomes look at
        where: Sequence[Condition],
        after: Place | None,
        most: int,
    ) -> list[Row]:
        """The next rows, without a look at text."""
        return self.read_after(connection, where, after, most)

    def _search(
        self, connection: Connection, filters: Filters, needle: Needle, after: Place | None, limit: int
    ) -> Found:
        where = self.conditions(filters)
        end = time.monotonic() + SHARE_SECONDS
        rows: list[Row] = []
        first, largest = _SEARCHED
        step = first if after is None else largest
        while True:
            some = self.next(connection, filters, where, after, step)
            rows += self.holding(connection, needle, some)
            if len(rows) > limit:
                return self._cut(rows, limit)
            if len(some) < step:
                return Found(rows)
            after, step = self.place(some[-1]), min(2 * step, largest)
            if time.monotonic() >= end:
                return Found(rows, after, partial=True)


class JudgedListing(Listing):
    """Rows of what was judged, each with any number of outcomes.

    `close_by`: so many rows are looked at for outcomes that fit, as most filters find enough there. Then all
    outcomes are gone through: where few fit, their rows are looked up; where many do, the list is gone
    through from the newest of them.
    """

    close_by: int

    @abstractmethod
    def keys(self, connection: Connection, where: Sequence[Condition], most: int) -> list[Row]:
        """As `read`, but only number, time and ids, in places 0, 1 and from 2 on: an index holds these."""

    @abstractmethod
    def rows(self, connection: Connection, keys: Sequence[Row]) -> list[Row]:
        """The rows of keys."""

    @abstractmethod
    def with_outcomes(self, connection: Connection, filters: Filters, keys: list[Row]) -> list[Row]:
        """Those of the keys that have an outcome as the filters want it."""

    @abstractmethod
    def judged(self, connection: Connection, filters: Filters, most: int) -> list[Row]:
        """At most so many ids of what has an outcome as the filters want it, each once.

        Outcomes from long before the window of the filters need not be looked at.
        """

    @abstractmethod
    def among(self, connection: Connection, filters: Filters, ids: list[Row]) -> list[Row]:
        """The rows with these ids for which the `conditions` of the filters are so."""

    def read(self, connection: Connection, where: Sequence[Condition], most: int) -> list[Row]:
        """The newest rows."""
        return self.rows(connection, self.keys(connection, where, most))

    def next(
        self,
        connection: Connection,
        filters: Filters,
        where: Sequence[Condition],
        after: Place | None,
        most: int,
    ) -> list[Row]:
        """The next rows, without a look at text."""
        if not asks_of_outcomes(filters):
            return self.read_after(connection, where, after, most)
        chosen: list[Row] = []
        seen, step = 0, max(2 * most, self.close_by // 8)
        # Further on than close by only as long as it looks as if there were enough a little further.
        while seen < self.close_by or len(chosen) * _FURTHER * self.close_by >= most * seen:
            some = self._keys_after(connection, where, after, step)
            chosen += self.with_outcomes(connection, filters, some)
            if len(some) < step or len(chosen) >= most:
                return self._in_order(self.rows(connection, chosen[:most]))
            seen += step
            step = min(2 * step, self.close_by)
            after = Place(some[-1][1], some[-1][0])
        rows = self._in_order(self.rows(connection, chosen))
        ids = self.judged(connection, filters, _FEW + 1)
        if len(ids) > _FEW:
            keys = self._further(connection, filters, where, after, most - len(rows))
            return rows + self._in_order(self.rows(connection, keys))
        found = [
            row
            for row in self.among(connection, filters, ids)
            if after is None or (row[self.time], row[self.number]) < (after.time_ns, after.number)
        ]
        return rows + self._in_order(found)[: most - len(rows)]

    def _further(
        self,
        connection: Connection,
        filters: Filters,
        where: Sequence[Condition],
        after: Place | None,
        most: int,
    ) -> list[Row]:
        """Keys, where many fit, but none close by: they are of another time."""
        newest = connection.execute(
            select(results.c.time_ns).where(*of_outcome(filters)).order_by(results.c.time_ns.desc()).limit(1)
        ).scalar()
        if newest is None:
            return []
        jump = newest + SKEW_NS
        if after is None or jump < after.time_ns:
            after = Place(jump, 0)
        chosen: list[Row] = []
        while True:
            some = self._keys_after(connection, where, after, self.close_by)
            chosen += self.with_outcomes(connection, filters, some)
            if len(some) < self.close_by or len(chosen) >= most:
                return chosen[:most]
            after = Place(some[-1][1], some[-1][0])

    def _keys_after(
        self, connection: Connection, where: Sequence[Condition], after: Place | None, most: int
    ) -> list[Row]:
        keys = self.keys(connection, [*where, *self.comes_after(after)], most)
        keys.sort(key=lambda key: (key[1], key[0]), reverse=True)
        return keys
