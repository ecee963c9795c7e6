"""Statistics against a plain computation, while outcomes come, are superseded and are deleted."""

import asyncio
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spanjudge.evaluators.acceptance import Acceptance
from spanjudge.evaluators.answer_format import Boolean, Category, Label, Score
from spanjudge.evaluators.evaluator import Evaluator
from spanjudge.judging.result import EvaluationFailure, EvaluationResult, Outcome
from spanjudge.judging.usage import Usage
from spanjudge.pipeline.figures import Figures, Grouping, OutboxCount, Statistics, Step
from spanjudge.pipeline.ports import Finish, Store
from spanjudge.pipeline.queries import Filters
from spanjudge.store.database import open_database
from spanjudge.store.queries.statistics import Counting
from spanjudge.store.queries.tally import together
from spanjudge.store.store import open_store
from spanjudge.telemetry.evaluated import Evaluated, Target, result_id
from tests.contracts.stored import NOW, SECOND, done, finish, job, lease, put, span, span_id, trace
from tests.store.queries import naive
from tests.store.queries.naive import Known

HOUR = 3_600 * SECOND
START = NOW - 10 * HOUR
RANGES = {"polite": (0.0, 1.0), "grade": (1.0, 5.0)}
EVALUATORS = (
    Evaluator(name="polite", answer=Boolean(), rubric="x", acceptance=Acceptance(pass_when=True)),
    Evaluator(name="grade", answer=Score(min=1, max=5), rubric="x"),
    Evaluator(name="tone", answer=Category(labels=(Label("warm"), Label("cold"))), rubric="x"),
)
BY: tuple[Grouping, ...] = ("evaluator", "service", "model", "judge_model")


class Event(NamedTuple):
    """One outcome: of which target, by whom, when (minutes before now), and what."""

    number: int
    evaluator: str
    minutes: float
    what: float
    failed: bool
    judge: str | None
    duration: float


events = st.builds(
    Event,
    number=st.integers(1, 6),
    evaluator=st.sampled_from(["polite", "grade", "tone", "gone"]),
    minutes=st.floats(0.5, 600),
    what=st.floats(0, 1),
    failed=st.booleans(),
    judge=st.sampled_from(["gpt-4.1", "claude", None]),
    duration=st.floats(0, 200),
)
wanted = st.builds(
    Filters,
    services=st.sampled_from([(), ("shop",), ("shop", "desk")]),
    models=st.sampled_from([(), ("gpt",)]),
    evaluators=st.sampled_from([(), ("polite",), ("grade", "tone")]),
    verdicts=st.sampled_from([(), ("pass",), ("fail", "none"), ("value",)]),
    min_score=st.sampled_from([None, 0.5]),
)


def outcome_of(event: Event) -> Outcome:
    common: dict[str, Any] = {
        "evaluator": event.evaluator,
        "evaluator_version": "v1",
        "judge_provider": event.judge and "openai",
        "judge_model": event.judge,
        "usage": Usage(input=int(event.what * 1_000), output=7) if event.judge else None,
        "cost_usd": event.what / 100 if event.judge else None,
        "duration": event.duration,
    }
    if event.failed:
        return EvaluationFailure(code="judge_timeout", message="too late", **common)
    match event.evaluator:
        case "polite":
            passed = event.what < 0.6
            return EvaluationResult(
                value=passed, score_value=float(passed), verdict="pass" if passed else "fail", **common
            )
        case "tone":
            label = "warm" if event.what < 0.5 else "cold"
            return EvaluationResult(value=label, score_label=label, **common)
        case _:
            score = 1 + 4 * event.what
            return EvaluationResult(value=score, score_value=score, **common)


class Counted(Protocol):
    """What gives statistics."""

    async def __call__(self, filters: Filters, *, by: Grouping, step_ns: int) -> Statistics:
        """See `Queries`."""
        ...


class Book:
    """A store, and everything that was put into it."""

    def __init__(self, store: Store, counted: Counted | None = None) -> None:
        self.store = store
        self.counted = counted or store.queries.statistics
        self.known: list[Known] = []
        self.generations: dict[tuple[int, str], int] = {}

    async def open(self) -> None:
        spans = [
            span(
                number,
                of=number,
                service="shop" if number % 2 else "desk",
                model="gpt" if number % 3 else None,
            )
            for number in range(1, 7)
        ]
        await put(self.store, spans=spans)
        await self.store.apply(EVALUATORS, publish=True, now_ns=NOW)

    async def add(self, found: Sequence[Event]) -> None:
        for event in found:
            number, name = event.number, event.evaluator
            generation = self.generations[number, name] = self.generations.get((number, name), -1) + 1
            await put(self.store, job(number, name, of=number, generation=generation))
            (leased,) = await lease(self.store, name)
            target = Target(trace_id=trace(number), span_id=span_id(number))
            one = Evaluated(
                id=result_id(name, "v1", target, generation),
                outcome=outcome_of(event),
                target=target,
                service="shop" if number % 2 else "desk",
                time_ns=NOW - int(event.minutes * 60 * SECOND),
                generation=generation,
            )
            await finish(self.store, Finish(job=leased, evaluated=one))
            self.known.append(Known(one, "gpt" if number % 3 else None))

    async def check(self, filters: Filters, *, start: int = START, end: int = NOW, step: int = HOUR) -> None:
        for by in BY:
            asked = msgspec.structs.replace(filters, start_ns=start, end_ns=end)
            found = await self.counted(asked, by=by, step_ns=step)
            self._compare(found, filters, by, start, end, step)

    def _compare(  # noqa: PLR0917  # as it was asked
        self, found: Statistics, filters: Filters, by: Grouping, start: int, end: int, step: int
    ) -> None:
        now = naive.fitting(self.known, filters, start, end)
        before = naive.fitting(self.known, filters, 2 * start - end, start)
        same_figures(found.total, naive.figures(now, RANGES))
        same_figures(found.before, naive.figures(before, RANGES))
        assert list(found.codes) == naive.codes(now)
        key = naive.key_of(by)
        assert {one.key for one in found.series} == {key(one) for one in (*now, *before)}
        assert [one.start_ns for one in found.steps] == list(range(start - start % step, end, step))
        same_steps(found.steps, now, step)
        rates = [one.figures.pass_rate for one in found.series if one.figures.pass_rate is not None]
        assert rates == sorted(rates)
        for one in found.series:
            mine = [known for known in now if key(known) == one.key]
            same_figures(one.figures, naive.figures(mine, RANGES))
            same_figures(
                one.before, naive.figures([known for known in before if key(known) == one.key], RANGES)
            )
            same_steps(one.steps, mine, step)
            assert list(one.labels) == naive.labels(mine)
            assert list(one.codes) == naive.codes(mine)
            assert set(one.services) == {known.evaluated.service for known in mine}
            if by == "evaluator" and one.key in RANGES and one.score_range is not None:
                assert one.score_range == RANGES[one.key]
                assert one.scores == naive.distribution(mine, *RANGES[one.key])


def same_steps(found: Sequence[Step], known: Sequence[Known], length: int) -> None:
    for one in found:
        inside = [each for each in known if one.start_ns <= each.evaluated.time_ns < one.start_ns + length]
        expected = naive.step(inside, RANGES, one.start_ns)
        assert (one.passed, one.failed, one.valued, one.none) == (
            expected.passed,
            expected.failed,
            expected.valued,
            expected.none,
        )
        assert one.mean_score == pytest.approx(expected.mean_score)
        assert one.cost_usd == pytest.approx(expected.cost_usd)
        assert one.tokens == expected.tokens


def same_figures(found: Figures, expected: Figures) -> None:
    for name in ("passed", "failed", "valued", "none", "input_tokens", "output_tokens", "targets"):
        assert getattr(found, name) == getattr(expected, name), name
    assert found.mean_score == pytest.approx(expected.mean_score)
    assert found.cost_usd == pytest.approx(expected.cost_usd)
    same_duration(found.median, expected.median)
    same_duration(found.slowest, expected.slowest)


def same_duration(found: float | None, expected: float | None) -> None:
    """They are told to within 2.5 %, short ones to half a millisecond."""
    assert (found is None) == (expected is None)
    if expected is not None:
        assert found == pytest.approx(expected, rel=0.026, abs=0.000_501)


@settings(max_examples=8, deadline=None)
@given(st.lists(st.tuples(st.lists(events, max_size=8), wanted), min_size=1, max_size=3))
def test_what_is_summed_up_is_what_a_plain_count_finds(rounds: list[tuple[list[Event], Filters]]) -> None:
    async def play() -> None:
        with tempfile.TemporaryDirectory() as folder:
            store = await open_store(f"sqlite:///{Path(folder) / 'store.db'}")
            try:
                book = Book(store)
                await book.open()
                for found, filters in rounds:
                    await book.add(found)
                    # The same question again and again: what is kept must not grow stale.
                    await book.check(Filters())
                    await book.check(filters)
                await book.check(Filters(), start=START + 12_345, end=NOW - 54_321, step=HOUR // 2)
            finally:
                await store.aclose()

    asyncio.run(play())


def event(number: int, evaluator: str = "polite", **fields: Any) -> Event:
    plain: dict[str, Any] = {
        "minutes": 30.0,
        "what": 0.1,
        "failed": False,
        "judge": "gpt-4.1",
        "duration": 1.0,
    }
    return Event(number, evaluator, **{**plain, **fields})


async def test_a_superseded_outcome_leaves_the_step_it_was_in(database_url: str) -> None:
    store = await open_store(database_url)
    book = Book(store)
    await book.open()
    await book.add([event(1, minutes=400.0, what=0.9), event(2, minutes=400.0)])
    await book.check(Filters())
    await book.add([event(1, minutes=5.0)])
    await book.check(Filters())
    asked = Filters(start_ns=START, end_ns=NOW)
    found = await store.queries.statistics(asked, by="evaluator", step_ns=HOUR)
    assert (found.total.passed, found.total.failed, found.total.targets) == (2, 0, 2)
    await store.aclose()


async def test_a_window_that_moves_on_through_busy_steps(database_url: str) -> None:
    store = await open_store(database_url)
    database, counting = open_database(database_url), Counting(many=0.1)

    async def counted(filters: Filters, *, by: Grouping, step_ns: int) -> Statistics:
        return await database.look(lambda db: counting.statistics(db, filters, by=by, step_ns=step_ns))

    book = Book(store, counted)
    await book.open()
    # Steps of a minute are cut into parts again: whole ones, and what is left at both ends.
    for number, minutes in enumerate(range(5, 1_000, 37)):
        await book.add(
            [
                event(
                    number % 6 + 1,
                    ("polite", "grade", "tone")[number % 3],
                    minutes=minutes + 0.5,
                    failed=number % 5 == 0,
                    judge=("gpt-4.1", None)[number % 2],
                )
            ]
        )
    for moved in (0, 1, 61 * SECOND, 125 * SECOND, 41 * 60 * SECOND):
        start, end = START + moved, NOW - 60 * SECOND + moved
        await book.check(Filters(), start=start, end=end)
        window = Filters(start_ns=start, end_ns=end)
        brief = await database.look(lambda db, at=window: counting.in_brief(db, at, step_ns=HOUR))
        now = naive.fitting(book.known, Filters(), start, end)
        same_duration(together(brief.values()).median, naive.figures(now, RANGES).median)
        codes = [(code, key) for key, tally in brief.items() for code in tally.codes.elements()]
        assert sorted(codes) == sorted(
            (one.evaluated.outcome.code, one.evaluated.outcome.judge_model or "")
            for one in now
            if isinstance(one.evaluated.outcome, EvaluationFailure)
        )
    await book.add([event(1, minutes=1.5), event(2, "grade", minutes=2.5, what=0.7)])
    await book.check(Filters(), start=START + 41 * 60 * SECOND, end=NOW - 60 * SECOND)
    await database.aclose()
    await store.aclose()


async def test_the_targets_of_a_busy_hour_are_told_apart(database_url: str) -> None:
    store = await open_store(database_url)
    database = open_database(database_url)
    book = Book(store)
    await book.open()
    await book.add([event(1), event(2, judge="claude")])
    # Ids that count up, as those of a load test do: only the last bytes differ.
    if database.is_shared:
        numbers = "generate_series(1, 60000) AS numbers (n)"
        own = "decode(lpad(to_hex(n * 10 + id), 50, '0'), 'hex')"
    else:
        numbers = (
            "(WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 60000)"
            " SELECT n FROM numbers) AS numbers"
        )
        own = "CAST(printf('%025d', n * 10 + id) AS BLOB)"
    shared = (
        "kind, evaluator, version, generation, service, time_ns, stored_ns, verdict, judge_model, duration,"
        " outcome, current"
    )
    more = (
        f"INSERT INTO results (result_id, target, {shared})"  # noqa: S608  # our own table
        f" SELECT {own}, {own}, {shared} FROM results CROSS JOIN {numbers}"
    )
    assert await database.write(lambda db: db.exec_driver_sql(more).rowcount) == 120_000
    asked = Filters(start_ns=START, end_ns=NOW)
    by_evaluator = await store.queries.statistics(asked, by="evaluator", step_ns=HOUR)
    assert by_evaluator.total.targets == 120_002
    by_judge = await store.queries.statistics(asked, by="judge_model", step_ns=HOUR)
    assert {one.key: one.figures.targets for one in by_judge.series} == {"gpt-4.1": 60_001, "claude": 60_001}
    await database.aclose()
    await store.aclose()


async def test_what_is_deleted_is_counted_no_more(database_url: str) -> None:
    store = await open_store(database_url)
    book = Book(store)
    await book.open()
    await book.add([event(1, minutes=500.0), event(2), event(3)])
    asked = Filters(start_ns=START, end_ns=NOW)
    before = await store.queries.statistics(asked, by="service", step_ns=HOUR)
    assert before.total.passed == 3
    while await store.purge(spans_before_ns=0, results_before_ns=NOW + 1, limit=1):
        pass
    after = await store.queries.statistics(asked, by="service", step_ns=HOUR)
    assert (after.total.passed, after.series) == (0, ())
    await store.aclose()


async def test_a_changed_range_is_taken_at_once(database_url: str) -> None:
    store = await open_store(database_url)
    book = Book(store)
    await book.open()
    await book.add([event(1, "grade", what=0.9)])
    asked = Filters(start_ns=START, end_ns=NOW)
    (first,) = (await store.queries.statistics(asked, by="evaluator", step_ns=HOUR)).series
    assert (first.score_range, first.scores[9]) == ((1.0, 5.0), 1)
    wider = Evaluator(name="grade", answer=Score(min=0, max=10), rubric="x")
    await store.apply([wider], publish=True, now_ns=NOW)
    (second,) = (await store.queries.statistics(asked, by="evaluator", step_ns=HOUR)).series
    assert (second.score_range, second.scores[4]) == ((0.0, 10.0), 1)
    await store.aclose()


async def test_figures_of_each_evaluator(database_url: str) -> None:
    store = await open_store(database_url)
    book = Book(store)
    await book.open()
    await book.add(
        [
            event(1, minutes=30.0),
            event(2, minutes=90.0, what=0.9),
            event(3, minutes=20.0, failed=True),
            event(4, "grade", what=0.5),
            event(5, minutes=700.0),
        ]
    )
    await put(store, job(6, "polite", of=6))
    found = await store.queries.evaluator_figures(START, NOW)
    polite = found["polite"]
    assert (polite.now.passed, polite.now.failed, polite.now.none, polite.before.passed) == (1, 1, 1, 1)
    assert polite.waiting == 1
    assert polite.last_failure is not None
    assert (polite.last_failure.code, polite.last_failure.message) == ("judge_timeout", "too late")
    assert polite.last_ns == NOW - 20 * 60 * SECOND
    assert len(polite.trend) == 24
    assert [rate for rate in polite.trend if rate is not None] == [0.0, 1.0]
    assert [mean for mean in found["grade"].trend if mean is not None] == [3.0]
    assert found["tone"].now == Figures()
    await store.aclose()


async def test_how_the_pipeline_stands(database_url: str) -> None:
    store = await open_store(database_url)
    book = Book(store)
    await book.open()
    await book.add([event(1, failed=True), event(2, failed=True), event(3)])
    await put(store, job(6, "grade", of=6), job(5, of=5))
    (leased,) = await lease(store)
    await finish(store, done(leased), now_ns=NOW - 5, destinations=["otlp"])
    found = await store.queries.pipeline_figures(today_ns=NOW, since_ns=START, now_ns=NOW + 1)
    assert (found.received, found.last_received_ns) == (6, NOW)
    assert found.waiting == {"grade": 1}
    assert found.owners == ("worker",)
    assert found.median == pytest.approx(1.0, rel=0.025)
    assert found.outbox == (OutboxCount(destination="otlp", count=1, oldest_ns=NOW - 5),)
    assert [(one.code, one.judge_model, one.count) for one in found.errors] == [
        ("judge_timeout", "gpt-4.1", 2)
    ]
    await store.aclose()


async def test_the_spans_of_a_day_are_counted_as_they_come(database_url: str) -> None:
    store = await open_store(database_url)
    hour, number = 3_600 * SECOND, 0

    async def come(count: int, received_ns: int) -> None:
        nonlocal number
        spans = [span(number + index, of=number + index) for index in range(1, count + 1)]
        number += count
        await put(store, spans=spans, now_ns=received_ns)

    async def received(day_ns: int, now_ns: int) -> int:
        found = await store.queries.pipeline_figures(today_ns=day_ns, since_ns=START, now_ns=now_ns)
        return found.received

    day = NOW - 5 * hour
    await come(2, day - 1)
    await come(3, day)
    assert await received(day, day + SECOND) == 3
    await come(4, day + hour)
    # Another machine's transaction, of a span that it received a minute ago, ends now.
    assert await received(day, day + hour + 90 * SECOND) == 7
    await come(1, day + hour + 30 * SECOND)
    assert await received(day, day + hour + 91 * SECOND) == 8
    assert await received(day, day + 2 * hour) == 8
    assert await received(day, day + hour) == 8
    await come(1, day + 4 * hour)
    assert await received(day, day + 4 * hour) == 9
    assert await received(day + 3 * hour, day + 4 * hour) == 1
    await store.aclose()
