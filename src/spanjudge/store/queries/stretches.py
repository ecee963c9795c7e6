"""Outcomes summed up by steps of time, and kept as long as their rows are the same."""

import threading
from array import array
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, LargeBinary, case, func, literal, null, select, text

from spanjudge.pipeline.figures import SCORE_STEPS, Grouping
from spanjudge.pipeline.queries import Filters
from spanjudge.store.queries.conditions import Condition, of_result
from spanjudge.store.queries.dialects import whole_part
from spanjudge.store.queries.tally import BIN_STARTS, BIN_WIDTHS, FIRST_BINS, Range, Tally
from spanjudge.store.tables import results

_MOST_KEPT = 10_000
_MOST_TARGETS = 1_000_000
_MOST_A_ROW = 50_000
"""About so many targets come in one row, of 8 bytes each."""
_MOST_NEW = 5_000
"""Outcomes since the last look; of more it is not looked up what they superseded."""

_DAY = 86_400_000_000_000
_PARTS = 16
"""So many parts a step of many outcomes is cut into where only a part of it is wanted."""

_KEYS: Mapping[Grouping, Any] = {
    "evaluator": results.c.evaluator,
    "service": results.c.service,
    "model": results.c.model,
    "judge_model": results.c.judge_model,
}
_ends = text(
    "SELECT coalesce(min(id), 0), coalesce(max(id), 0),"
    " (SELECT time_ns FROM results ORDER BY id LIMIT 1) FROM results"
)
_under_way = text(
    "SELECT CAST(CAST(pg_snapshot_xmin(now.seen) AS text) AS bigint),"
    " CAST(CAST(pg_snapshot_xmax(now.seen) AS text) AS bigint) FROM pg_current_snapshot() AS now (seen)"
)
_unsettled = text("SELECT count(*) FROM results WHERE id > :settled")
_changed = text(
    "SELECT DISTINCT old.time_ns FROM results AS new JOIN results AS old"
    " ON old.target = new.target AND old.evaluator = new.evaluator WHERE new.id > :seen"
)


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """What is summed up, in which steps. `ranges` are the evaluators' scores, sorted by name.

    `filters` are without a window. `alone`: all outcomes are of one evaluator, so each is of another target
    and nobody needs to look at them. `in_brief`: error codes and durations are all that is asked for.
    """

    by: Grouping
    filters: Filters
    ranges: tuple[tuple[str, Range], ...]
    alone: bool
    step_ns: int
    in_brief: bool = False


State = tuple[int, int, int, int]
"""The oldest and the newest id of outcomes; on PostgreSQL the last settled one, and how many are above."""

_MOST_GIVEN_OUT = 1_000

_Place = tuple[Question, int]
"""A question and the number of a step."""


class Sums:
    """By key what outcomes come to; not to be changed afterwards. `targets` are those of all of them."""

    __slots__ = ("tallies", "targets")

    def __init__(self) -> None:
        """Nothing."""
        self.tallies: dict[str, Tally] = {}
        self.targets: list[array[int]] = []

    @property
    def outcomes(self) -> int:
        """How many were counted."""
        return sum(
            max(tally.count, tally.durations.total() + tally.codes.total()) for tally in self.tallies.values()
        )

    @property
    def size(self) -> int:
        """How many targets are held."""
        return sum(map(len, self.targets))


class Stretches:
    """Sums by step; those of whole steps are kept in memory.

    Outcomes change in three ways only: new ones come, with higher ids, and supersede older ones of the same
    evaluator and target; and the oldest are deleted. So one look at the newest and the oldest ids tells what
    of the kept is still true, whoever changed it.

    On PostgreSQL outcomes are seen when their transaction ends, which is not in the order of their ids. An id
    is settled when every transaction that ran while it was given out has ended; those above are counted each
    time.
    """

    def __init__(self, *, many: float = 2_000) -> None:
        """Nothing is kept yet. `many` outcomes a step are too many to be summed up anew each time."""
        self._many = many
        self._kept: OrderedDict[_Place, Sums] = OrderedDict()
        self._targets = 0
        self._state: State = (0, 0, 0, 0)
        self._settled = 0
        self._given_out: deque[tuple[int, int]] = deque(maxlen=_MOST_GIVEN_OUT)
        self._lock = threading.Lock()

    def state(self, connection: Connection) -> State:
        """Of all outcomes; see `State`. What is kept and not true any more is forgotten."""
        first, last, oldest_ns = connection.execute(_ends).one()
        state = (int(first), int(last), *self._above(connection, int(last)))
        with self._lock:
            # Two threads may come in another order than their views of the data are of.
            if state == self._state or 0 < state[1] < self._state[1]:
                return state
            before, self._state = self._state, state
            if not self._kept:
                return state
            seen = before[1] if connection.dialect.name == "sqlite" else before[2]
            if not last or last - seen > _MOST_NEW:
                self._forget(lambda _start, _end: True)
                return state
            if state[0] != before[0]:
                # Some that are kept for their outbox entries may be older than others that are gone.
                self._forget(lambda start, _end: start <= (oldest_ns or 0) + _DAY)
            times = sorted(connection.execute(_changed, {"seen": seen}).scalars())
            if times:
                self._forget(lambda start, end: any(start <= time < end for time in times))
        return state

    def _above(self, connection: Connection, last: int) -> tuple[int, int]:
        """On PostgreSQL: up to which id nothing can come any more, and how many there are above."""
        if connection.dialect.name == "sqlite":
            return (0, 0)
        oldest, following = connection.execute(_under_way).one()
        with self._lock:
            while self._given_out and self._given_out[0][0] <= oldest:
                self._settled = max(self._settled, self._given_out.popleft()[1])
            if not self._given_out or last > self._given_out[-1][1]:
                self._given_out.append((following, last))
            settled = self._settled
        return settled, connection.execute(_unsettled, {"settled": settled}).scalar_one()

    def sums(
        self, connection: Connection, question: Question, start_ns: int, end_ns: int, state: State
    ) -> dict[int, Sums]:
        """By the number of the step (its start ÷ its length), from `start_ns` to before `end_ns`."""
        step = question.step_ns
        found: dict[int, Sums] = {}
        numbers = range(start_ns // step, -(-end_ns // step))
        with self._lock:
            for number in numbers:
                known = (
                    self._kept.get((question, number)) if _is_whole(number, step, start_ns, end_ns) else None
                )
                if known is not None:
                    self._kept.move_to_end((question, number))
                    found[number] = known
        finer = self._finer(question, found, state)
        if finer is not None:
            # A window that moves on with the clock begins and ends inside of steps, each time elsewhere.
            for number in {numbers[0], numbers[-1]} if numbers else ():
                if not _is_whole(number, step, start_ns, end_ns):
                    first, last = max(start_ns, number * step), min(end_ns, (number + 1) * step)
                    found[number] = _merged(self.sums(connection, finer, first, last, state).values())
        for run in _runs([number for number in numbers if number not in found]):
            first, last = max(start_ns, run[0] * step), min(end_ns, (run[-1] + 1) * step)
            summed = _summed(connection, question, first, last)
            for number in run:
                found[number] = summed.get(number) or Sums()
            self._keep(
                question,
                {number: found[number] for number in run if _is_whole(number, step, start_ns, end_ns)},
                state,
            )
        return found

    def _finer(self, question: Question, known: Mapping[int, Sums], state: State) -> Question | None:
        """The same in shorter steps, for a part of one that holds many outcomes, as its neighbours do."""
        if question.step_ns % _PARTS:
            return None
        # Nothing is known of the first steps there ever were, nor after a start.
        outcomes = sum(sums.outcomes for sums in known.values()) if known else state[1] - state[0]
        if outcomes < self._many * max(1, len(known)):
            return None
        return msgspec.structs.replace(question, step_ns=question.step_ns // _PARTS)

    def _keep(self, question: Question, sums: Mapping[int, Sums], state: State) -> None:
        with self._lock:
            # Who looked at an older view has missed what others were told of since.
            if state != self._state:
                return
            for number, one in sums.items():
                self._drop((question, number))
                self._kept[question, number] = one
                self._targets += one.size
            while len(self._kept) > _MOST_KEPT or self._targets > _MOST_TARGETS:
                self._drop(next(iter(self._kept)))

    def _forget(self, touched: Callable[[int, int], bool]) -> None:
        """Drop the steps for which this is so, by start and end."""
        for place in list(self._kept):
            question, number = place
            if touched(number * question.step_ns, (number + 1) * question.step_ns):
                self._drop(place)

    def _drop(self, place: tuple[Question, int]) -> None:
        gone = self._kept.pop(place, None)
        if gone is not None:
            self._targets -= gone.size


def _is_whole(number: int, step: int, start_ns: int, end_ns: int) -> bool:
    return start_ns <= number * step and (number + 1) * step <= end_ns


def _merged(parts: Iterable[Sums]) -> Sums:
    whole = Sums()
    for part in parts:
        for key, tally in part.tallies.items():
            whole.tallies.setdefault(key, Tally()).add(tally)
        whole.targets += part.targets
    return whole


def _runs(numbers: Sequence[int]) -> Iterator[list[int]]:
    """Numbers that follow each other."""
    run: list[int] = []
    for number in numbers:
        if run and number != run[-1] + 1:
            yield run
            run = []
        run.append(number)
    if run:
        yield run


def _summed(connection: Connection, question: Question, start_ns: int, end_ns: int) -> dict[int, Sums]:
    wanted = of_result(msgspec.structs.replace(question.filters, start_ns=start_ns, end_ns=end_ns))
    found: dict[int, Sums] = {}
    if question.in_brief:
        _count_durations(connection, question, wanted, found)
        _count_codes(connection, question, wanted, found)
        return found
    _count(connection, question, wanted, found)
    if found:
        _count_scores(connection, question, wanted, found)
        _count_durations(connection, question, wanted, found)
        if not question.alone:
            _collect_targets(connection, question, wanted, found)
    return found


def _tally(found: dict[int, Sums], step: int, key: str) -> Tally:
    """The one there is, or a new one: making one for each row to see that it is not needed costs more."""
    sums = found.get(step)
    if sums is None:
        sums = found[step] = Sums()
    tally = sums.tallies.get(key)
    if tally is None:
        tally = sums.tallies[key] = Tally()
    return tally


def _place(question: Question) -> tuple[Any, Any]:
    """Step and key, as columns."""
    step = (results.c.time_ns // question.step_ns).label("step")
    return step, func.coalesce(_KEYS[question.by], "").label("key")


def _count(
    connection: Connection, question: Question, wanted: Sequence[Condition], found: dict[int, Sums]
) -> None:
    columns, ranges = results.c, dict(question.ranges)
    names = ("evaluator", "service", "verdict", "label", "code")
    numbers = ("score", "input_tokens", "output_tokens", "cost_usd")
    # Expressions are named inside, so that what is grouped by is a plain column everywhere.
    inside: list[Any] = [*_place(question), *(columns[name] for name in (*names, *numbers))]
    rows = select(*inside).where(*wanted).subquery().c
    groups = [rows[name] for name in ("step", "key", *names)]
    sums: list[Any] = [func.coalesce(func.sum(rows[name]), 0) for name in numbers]
    counted: Sequence[Any] = connection.execute(
        select(*groups, func.count(), func.count(rows.score), *sums).group_by(*groups)
    ).all()
    for row in counted:
        step, key, evaluator, service, verdict, label, code, count, scored, score, read, written, cost = row
        tally = _tally(found, step, key)
        if code is not None:
            tally.none += count
            tally.codes[code] += count
        elif verdict == "pass":
            tally.passed += count
        elif verdict == "fail":
            tally.failed += count
        else:
            tally.valued += count
        if label is not None:
            tally.labels[label] += count
        tally.services[service] += count
        if scored:
            tally.score_count += scored
            tally.score_sum += score
            tally.ranges.add(ranges.get(evaluator))
        tally.input += int(read)
        tally.output += int(written)
        tally.cost += cost


def _count_scores(
    connection: Connection, question: Question, wanted: Sequence[Condition], found: dict[int, Sums]
) -> None:
    """The distribution, each evaluator's over its own range."""
    score = results.c.score
    whens = [
        (results.c.evaluator == name, whole_part((score - low) * SCORE_STEPS / (high - low)))
        for name, (low, high) in question.ranges
    ]
    if whens:
        bins = case(*whens, else_=null())
        for step, key, number, count in _binned(connection, question, [*wanted, score.is_not(None)], bins):
            if number is not None:
                found[step].tallies[key].scores[min(max(number, 0), SCORE_STEPS - 1)] += count


def _count_durations(
    connection: Connection, question: Question, wanted: Sequence[Condition], found: dict[int, Sums]
) -> None:
    """Of results that a judge model was asked for."""
    columns = results.c
    bins = [
        whole_part((columns.duration - start) / width) + first
        for start, width, first in zip(BIN_STARTS, BIN_WIDTHS, FIRST_BINS, strict=True)
    ]
    whens = [(columns.duration < edge, number) for edge, number in zip(BIN_STARTS[1:], bins, strict=False)]
    asked = [*wanted, columns.code.is_(None), columns.judge_model.is_not(None)]
    for step, key, number, count in _binned(connection, question, asked, case(*whens, else_=bins[-1])):
        _tally(found, step, key).durations[number] += count


def _count_codes(
    connection: Connection, question: Question, wanted: Sequence[Condition], found: dict[int, Sums]
) -> None:
    failed = [*wanted, results.c.code.is_not(None)]
    for step, key, code, count in _binned(connection, question, failed, results.c.code):
        _tally(found, step, key).codes[code] += count


def _binned(
    connection: Connection, question: Question, wanted: Sequence[Condition], bins: Any
) -> Sequence[Any]:
    inside: list[Any] = [*_place(question), bins.label("bin")]
    rows = select(*inside).where(*wanted).subquery().c
    return connection.execute(
        select(rows.step, rows.key, rows.bin, func.count()).group_by(rows.step, rows.key, rows.bin)
    ).all()


def _collect_targets(
    connection: Connection, question: Question, wanted: Sequence[Condition], found: dict[int, Sums]
) -> None:
    """The different targets of all, as hashes; those of each key too, unless a key's are never the same."""
    step, key = _place(question)
    if question.by == "evaluator":
        key = literal("").label("key")
    inside: list[Any] = [step, key, results.c.target]
    rows = select(*inside).where(*wanted).distinct().subquery().c
    read = _hashes if connection.dialect.name == "sqlite" else _digests
    for number, group, hashes in read(connection, rows, found):
        found[number].targets.append(hashes)
        if question.by != "evaluator":
            found[number].tallies[group].targets.append(hashes)


def _hashes(connection: Connection, rows: Any, _found: object) -> "Iterator[tuple[int, str, array[int]]]":
    """Few rows, however many targets: see `spanjudge.store.bulk`."""
    joined: Any = func.group_concat(func.hex(rows.target))
    for number, group, targets in connection.execute(
        select(rows.step, rows.key, joined).group_by(rows.step, rows.key)
    ):
        yield number, group, array("q", map(hash, targets.split(",")))


def _digests(
    connection: Connection, rows: Any, found: Mapping[int, Sums]
) -> "Iterator[tuple[int, str, array[int]]]":
    """The database hashes them: 8 bytes each, in rows that no connection needs much room for."""
    most = max(one.outcomes for one in found.values())
    digest: Any = func.substr(func.sha256(rows.target), 1, 8)
    part = func.mod(func.get_byte(digest, 0), min(256, -(-most // _MOST_A_ROW))).label("part")
    hashed = select(rows.step, rows.key, digest.label("digest"), part).subquery().c
    joined = func.string_agg(hashed.digest, literal(b"", LargeBinary))
    for number, group, digests in connection.execute(
        select(hashed.step, hashed.key, joined).group_by(hashed.step, hashed.key, hashed.part)
    ):
        yield number, group, array("q", bytes(digests))
