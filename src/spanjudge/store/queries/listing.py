"""How a list is filtered, whatever its rows are: newest first, a part at a time."""

import time
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Connection, and_, or_

from spanjudge.pipeline.listings import Place
from spanjudge.pipeline.queries import Filters
from spanjudge.store.queries.conditions import Condition, asks_of_outcomes
from spanjudge.store.queries.needle import Needle

Row = list[Any]

SHARE_SECONDS = 0.1
"""A search for text goes through what is stored for this long, then says how far it has come."""

_CLOSE_BY = 512
"""So many rows are looked at one by one for outcomes that fit: most filters find enough there. Then all
outcomes are gone through, for filters that few fit."""

_SMALLEST_STEP = 64
_SEARCHED = 64


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
    def identified(self, needle: Needle) -> Condition | None:
        """That a row has, or is of something that has, this id; nothing if it can be no id."""

    @abstractmethod
    def holding(self, connection: Connection, needle: Needle, rows: list[Row]) -> list[Row]:
        """Those of the rows that hold a text in names, ids or content."""

    def found(self, connection: Connection, filters: Filters, after: Place | None, limit: int) -> Found:
        """The next rows after a place, at most `limit`."""
        where = self.conditions(filters)
        if not filters.text.strip():
            return self._cut(self.next(connection, filters, where, after, limit + 1), limit)
        needle = Needle(filters.text)
        identified = self.identified(needle)
        if identified is not None:
            known = [*where, identified]
            if self.next(connection, filters, known, None, 1):
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
        conditions = [*where]
        if after is not None:
            time_column, number = self.time_column, self.number_column
            # Not as a pair: SQLite makes use of the index for the first condition alone.
            conditions += [
                time_column <= after.time_ns,
                or_(time_column < after.time_ns, and_(time_column == after.time_ns, number < after.number)),
            ]
        rows = self.read(connection, conditions, most)
        rows.sort(key=lambda row: (row[self.time], row[self.number]), reverse=True)
        return rows

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
        while True:
            some = self.next(connection, filters, where, after, _SEARCHED)
            rows += self.holding(connection, needle, some)
            if len(rows) > limit:
                return self._cut(rows, limit)
            if len(some) < _SEARCHED:
                return Found(rows)
            after = self.place(some[-1])
            if time.monotonic() >= end:
                return Found(rows, after, partial=True)


class JudgedListing(Listing):
    """Rows of what was judged, each with any number of outcomes."""

    @abstractmethod
    def outcomes(self, filters: Filters) -> Condition:
        """That a row has an outcome as the filters want it."""

    @abstractmethod
    def with_outcomes(self, connection: Connection, filters: Filters, rows: list[Row]) -> list[Row]:
        """Those of the rows that have one."""

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
        rows: list[Row] = []
        seen, step = 0, max(_SMALLEST_STEP, most)
        while seen < _CLOSE_BY:
            some = self.read_after(connection, where, after, step)
            rows += self.with_outcomes(connection, filters, some)
            if len(some) < step or len(rows) >= most:
                return rows[:most]
            seen += step
            after = self.place(some[-1])
        everywhere = [*where, self.outcomes(filters)]
        return rows + self.read_after(connection, everywhere, after, most - len(rows))
