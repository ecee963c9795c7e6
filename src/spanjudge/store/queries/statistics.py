"""Statistics: what outcomes come to over time, by group."""

import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from functools import lru_cache

import msgspec
from sqlalchemy import Connection, select

from spanjudge.evaluators.answer_format import Boolean, Score
from spanjudge.evaluators.evaluator import Evaluator
from spanjudge.pipeline.figures import Grouping, Statistics, Step
from spanjudge.pipeline.queries import Filters
from spanjudge.store.queries.stretches import Question, State, Stretches, Sums
from spanjudge.store.queries.tally import Range, Tally, most_first, series_of, together
from spanjudge.store.tables import evaluators

_MOST_ANSWERS = 200
MOST_STEPS = 2_000


class Counting:
    """Statistics of one database, with what is worth keeping of earlier ones."""

    def __init__(self, *, many: float = 2_000) -> None:
        """Nothing is kept yet. `many`: see `Stretches`."""
        self._stretches = Stretches(many=many)
        self._answers: OrderedDict[tuple[Question, int, int], tuple[State, Statistics]] = OrderedDict()
        self._lock = threading.Lock()

    def statistics(
        self, connection: Connection, filters: Filters, *, by: Grouping, step_ns: int
    ) -> Statistics:
        """See `Queries`."""
        start, end = _window(filters, step_ns)
        question = Question(
            by=by,
            filters=msgspec.structs.replace(filters, start_ns=None, end_ns=None),
            ranges=score_ranges(connection),
            alone=len(set(filters.evaluators)) == 1,
            step_ns=step_ns,
        )
        state = self._stretches.state(connection)
        with self._lock:
            known = self._answers.get((question, start, end))
        if known is not None and known[0] == state:
            return known[1]
        # A clock that begins in 1970 has no window before that.
        earlier = self._stretches.sums(connection, question, max(0, 2 * start - end), start, state)
        now = self._stretches.sums(connection, question, start, end, state)
        found = _statistics(question, start, end, list(earlier.values()), now)
        with self._lock:
            self._answers[question, start, end] = (state, found)
            while len(self._answers) > _MOST_ANSWERS:
                self._answers.popitem(last=False)
        return found

    def in_brief(self, connection: Connection, filters: Filters, *, step_ns: int) -> dict[str, Tally]:
        """Error codes and durations alone, by judge model. The window and its steps are as for statistics."""
        start, end = _window(filters, step_ns)
        question = Question(
            by="judge_model",
            filters=msgspec.structs.replace(filters, start_ns=None, end_ns=None),
            ranges=(),
            alone=True,
            step_ns=step_ns,
            in_brief=True,
        )
        state = self._stretches.state(connection)
        sums = list(self._stretches.sums(connection, question, start, end, state).values())
        return {key: together(_of(sums, key)) for key in sorted({key for one in sums for key in one.tallies})}


def _window(filters: Filters, step_ns: int) -> tuple[int, int]:
    start, end = filters.start_ns, filters.end_ns
    if start is None or end is None or end <= start or (end - start) / step_ns > MOST_STEPS:
        raise ValueError(f"statistics need a window of at most {MOST_STEPS:,} steps")
    return start, end


def _statistics(
    question: Question, start: int, end: int, earlier: Sequence[Sums], now: Mapping[int, Sums]
) -> Statistics:
    step_ns = question.step_ns
    steps = sorted(now.items())
    sums = [one for _, one in steps]
    keys = {key for one in (*sums, *earlier) for key in one.tallies}
    here = {key: together(_of(sums, key)) for key in keys}
    before = {key: together(_of(earlier, key)) for key in keys}
    series = [
        series_of(
            key,
            here[key],
            before[key],
            [
                one.tallies[key].step(number * step_ns)
                if key in one.tallies
                else Step(start_ns=number * step_ns)
                for number, one in steps
            ],
            alone=question.alone or question.by == "evaluator",
        )
        for key in keys
    ]
    series.sort(key=lambda one: (one.figures.pass_rate is None, one.figures.pass_rate or 0.0, one.key))
    total, total_before = together(here.values()), together(before.values())
    return Statistics(
        start_ns=start,
        end_ns=end,
        step_ns=step_ns,
        total=total.figures(targets=_targets(question, total, sums)),
        before=total_before.figures(targets=_targets(question, total_before, earlier)),
        steps=tuple(
            together(one.tallies.values(), plain=True).step(number * step_ns) for number, one in steps
        ),
        series=tuple(series),
        codes=most_first(total.codes),
    )


def _of(sums: Sequence[Sums], key: str) -> list[Tally]:
    return [one.tallies[key] for one in sums if key in one.tallies]


def _targets(question: Question, total: Tally, sums: Sequence[Sums]) -> int:
    if question.alone:
        return total.count
    return len(set[int]().union(*(some for one in sums for some in one.targets)))


def score_ranges(connection: Connection) -> tuple[tuple[str, Range], ...]:
    """The lowest and highest score by evaluator, of the version in use, else the newest; others give none."""
    columns = evaluators.c
    found: dict[str, tuple[bool, Range | None]] = {}
    for name, status, definition in connection.execute(
        select(columns.name, columns.status, columns.definition).order_by(columns.number)
    ):
        live = status in {"published", "paused"}
        if live or name not in found or not found[name][0]:
            found[name] = (live, _range(definition))
    return tuple(sorted((name, scale) for name, (_, scale) in found.items() if scale is not None))


@lru_cache(2_000)
def _range(definition: str) -> Range | None:
    answer = msgspec.json.decode(definition, type=Evaluator).answer
    if isinstance(answer, Boolean):
        return (0.0, 1.0)
    return (answer.min, answer.max) if isinstance(answer, Score) and answer.min < answer.max else None
