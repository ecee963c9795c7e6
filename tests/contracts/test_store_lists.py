"""Lists and their filters: the same as going through everything in Python."""

import random
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import msgspec
import pytest

from spanjudge.judging.result import EvaluationFailure
from spanjudge.pipeline.listings import Page, Place, TraceRow
from spanjudge.pipeline.ports import Finish, Intake, LogRow, SpanRow, Store
from spanjudge.pipeline.queries import Filters
from spanjudge.store.queries import listing
from spanjudge.telemetry.evaluated import Evaluated
from tests.contracts.stored import NOW, SECOND, done, failure, finish, job, lease, log, result, span, trace

SERVICES = ("shop", "Shop", "docs", "100%_of it")
MODELS = ("gpt", "claude", None)
OPERATIONS = ("chat", "retrieval", None)
EVALUATORS = ("quality", "tone", "safety")
WORDS = ("Refund", "ÄRGER mit Öl", 'he said "no"', "tab\there", "nothing")
EVERYTHING = Filters()


def mixture(seed: int) -> random.Random:
    """The same chances each time."""
    return random.Random(seed)  # noqa: S311  # what to store is no secret


class Stored(msgspec.Struct, dict=True):
    """What is in the store, as it was put in."""

    spans: dict[tuple[str, str], SpanRow]
    texts: dict[tuple[str, str], str]
    outcomes: list[Evaluated]

    def __post_init__(self) -> None:
        self.said: dict[tuple[str, str], list[Evaluated]] = {}
        for one in self.outcomes:
            self.said.setdefault((one.target.trace_id, one.target.span_id), []).append(one)


async def filled(store: Store, chance: random.Random, traces: int) -> Stored:
    """Traces of one to four spans, with log records, and outcomes on some."""
    spans: list[SpanRow] = []
    texts: dict[tuple[str, str], str] = {}
    logs: list[LogRow] = []
    for number in range(1, traces + 1):
        for place in range(chance.randint(1, 4)):
            row = _span(chance, number, place)
            key = (row.trace_id, row.span_id)
            texts[key] = f"{row.name} {row.blob.decode('utf-8', 'ignore')}"
            if chance.random() < 0.1:
                text = f"log {chance.choice(WORDS)} {number}"
                logs.append(log(number * 10 + place, text, of=number))
                texts[key] += text
            spans.append(row)
    chance.shuffle(spans)
    jobs = [
        job(int(one.span_id, 16), name, of=int(one.trace_id, 16))
        for one in spans
        for name in chance.sample(EVALUATORS, chance.choice((0, 1, 3)))
    ]
    half = len(spans) // 2
    await store.commit([Intake(spans=spans[:half], logs=logs)], now_ns=NOW)
    await store.commit([Intake(spans=spans[half:], jobs=jobs)], now_ns=NOW + 1)
    leased = await lease(store, *EVALUATORS, limit=len(jobs), now_ns=NOW + 2)
    outcomes = [_outcome(chance, one) for one in leased]
    finishes = [Finish(job=one, evaluated=said) for one, said in zip(leased, outcomes, strict=True)]
    await finish(store, *finishes)
    return Stored({(one.trace_id, one.span_id): one for one in spans}, texts, outcomes)


def _span(chance: random.Random, number: int, place: int) -> SpanRow:
    start_ns = NOW + number // 3 * SECOND + place
    # What was sent holds the name too.
    name, word = chance.choice(("chat gpt", "Look up", "agent")), chance.choice(WORDS)
    return span(
        number * 10 + place,
        of=number,
        parent_span_id="" if place == 0 and chance.random() < 0.8 else f"{number * 10:016x}",
        service=chance.choice(SERVICES),
        name=name,
        model=chance.choice(MODELS),
        operation=chance.choice(OPERATIONS),
        session_id=chance.choice((None, f"session {number % 7}")),
        start_ns=start_ns,
        end_ns=start_ns + chance.randint(0, 5) * SECOND,
        is_error=chance.random() < 0.1,
        blob=f"\x00{name} {number} {word} \ufffd".encode() + b"\xff\xfe\x00",
    )


def _outcome(chance: random.Random, leased: Any) -> Evaluated:
    draw = chance.random()
    time_ns = NOW + chance.randint(0, 400) * SECOND
    if draw < 0.1:
        code = chance.choice(("judge_refused", "judge_timeout"))
        return msgspec.structs.replace(failure(leased, code=code), time_ns=time_ns)
    verdict = chance.choices(("pass", "fail", None), (8, 2, 1))[0]
    rare = draw > 0.995
    said = result(
        leased,
        verdict=verdict,
        score_value=-1.0 if rare else round(chance.random(), 2),
        score_label="rare" if rare else chance.choice((None, "good", "poor")),
        judge_model=chance.choice(("gpt-4.1", "small")),
        explanation=f"because of the {chance.choice(WORDS)}",
    )
    return msgspec.structs.replace(said, time_ns=time_ns)


def some_filters(chance: random.Random) -> Filters:
    """Any mixture; most with one or two conditions."""
    choices: dict[str, Callable[[], Any]] = {
        "start_ns": lambda: NOW + chance.randint(-10, 400) * SECOND,
        "end_ns": lambda: NOW + chance.randint(0, 400) * SECOND + chance.randint(0, 3),
        "services": lambda: tuple(chance.sample((*SERVICES, "absent"), chance.randint(1, 2))),
        "models": lambda: tuple(chance.sample(("gpt", "claude", "GPT"), chance.randint(1, 2))),
        "operations": lambda: (chance.choice(("chat", "retrieval")),),
        "session": lambda: f"session {chance.randint(0, 8)}",
        "evaluators": lambda: tuple(chance.sample(EVALUATORS, chance.randint(1, 2))),
        "verdicts": lambda: tuple(chance.sample(("pass", "fail", "value", "none"), chance.randint(1, 2))),
        "codes": lambda: (chance.choice(("judge_refused", "judge_timeout", "internal")),),
        "labels": lambda: (chance.choice(("good", "poor", "rare", "Good")),),
        "judge_models": lambda: (chance.choice(("gpt-4.1", "small")),),
        "min_score": lambda: chance.choice((0.5, 0.99, -1.0)),
        "max_score": lambda: chance.choice((0.5, 0.01, -1.0)),
        "text": lambda: chance.choice(
            ("refund", "ärger", "ÄRGER", '"NO"', "tab\t", "look UP", "12", "absent")
        ),
    }
    names = chance.sample(sorted(choices), chance.choice((0, 1, 1, 2, 2, 3)))
    return Filters(**{name: choices[name]() for name in names})


def outcome_fits(filters: Filters, one: Evaluated) -> bool:
    """The conditions on outcomes, for one."""
    outcome = one.outcome
    if isinstance(outcome, EvaluationFailure):
        word, label, score, code = "none", None, None, outcome.code
    else:
        word, label, score, code = (
            outcome.verdict or "value",
            outcome.score_label,
            outcome.score_value,
            None,
        )
    low, high = filters.min_score, filters.max_score
    return (
        (not filters.verdicts or word in filters.verdicts)
        and (not filters.evaluators or outcome.evaluator in filters.evaluators)
        and (not filters.codes or code in filters.codes)
        and (not filters.labels or label in filters.labels)
        and (not filters.judge_models or outcome.judge_model in filters.judge_models)
        and (low is None or (score is not None and score >= low))
        and (high is None or (score is not None and score <= high))
    )


def asks_of_outcomes(filters: Filters) -> bool:
    names = ("verdicts", "evaluators", "codes", "labels", "judge_models")
    bounds = (filters.min_score, filters.max_score)
    return any(getattr(filters, name) for name in names) or any(bound is not None for bound in bounds)


def has_text(text: str, *contents: str | None) -> bool:
    return not text or any(text.lower() in content.lower() for content in contents if content)


def in_window(filters: Filters, time_ns: int) -> bool:
    return (filters.start_ns is None or time_ns >= filters.start_ns) and (
        filters.end_ns is None or time_ns < filters.end_ns
    )


def span_fits(filters: Filters, one: SpanRow, stored: Stored) -> bool:
    said = stored.said.get((one.trace_id, one.span_id), ())
    return (
        in_window(filters, one.start_ns)
        and (not filters.services or one.service in filters.services)
        and (not filters.models or one.model in filters.models)
        and (not filters.operations or one.operation in filters.operations)
        and (not filters.session or one.session_id == filters.session)
        and (not asks_of_outcomes(filters) or any(outcome_fits(filters, each) for each in said))
        and has_text(
            filters.text, one.name, one.service, one.session_id, stored.texts[one.trace_id, one.span_id]
        )
    )


def trace_fits(filters: Filters, members: Sequence[SpanRow], stored: Stored) -> bool:
    said = [e for one in members for e in stored.said.get((one.trace_id, one.span_id), ())]
    sessions = [one.session_id for one in members if one.session_id]
    return (
        in_window(filters, min(one.start_ns for one in members))
        and (not filters.services or any(one.service in filters.services for one in members))
        and (not filters.models or any(one.model in filters.models for one in members))
        and (not filters.operations or any(one.operation in filters.operations for one in members))
        and (not filters.session or min(sessions, default="") == filters.session)
        and (not asks_of_outcomes(filters) or any(outcome_fits(filters, each) for each in said))
        and any(
            has_text(
                filters.text, one.name, one.service, one.session_id, stored.texts[one.trace_id, one.span_id]
            )
            for one in members
        )
    )


def result_fits(filters: Filters, one: Evaluated, stored: Stored) -> bool:
    judged = stored.spans[one.target.trace_id, one.target.span_id]
    explained = getattr(one.outcome, "explanation", "") or getattr(one.outcome, "message", "")
    return (
        in_window(filters, one.time_ns)
        and (not filters.services or one.service in filters.services)
        and (not filters.models or judged.model in filters.models)
        and (not filters.operations or judged.operation in filters.operations)
        and (not filters.session or judged.session_id == filters.session)
        and outcome_fits(filters, one)
        and has_text(
            filters.text,
            explained,
            one.outcome.evaluator,
            msgspec.json.encode(one.outcome).decode(),
            one.service,
            judged.name,
            judged.service,
            judged.session_id,
            stored.texts[judged.trace_id, judged.span_id],
        )
    )


async def walk(ask: Callable[[Place | None], Any]) -> list[Any]:
    """Every row of a list, part by part."""
    rows: list[Any] = []
    after: Place | None = None
    while True:
        page: Page[Any] = await ask(after)
        rows += page.rows
        after = page.following
        if after is None:
            return rows


def by_trace(spans: Iterable[SpanRow]) -> dict[str, list[SpanRow]]:
    found: dict[str, list[SpanRow]] = {}
    for one in spans:
        found.setdefault(one.trace_id, []).append(one)
    return found


@pytest.mark.parametrize(
    ("seed", "few"), [(1, 20_000), (2, 20_000), (3, 0)], ids=["usual", "others", "all frequent"]
)
async def test_filters_give_what_going_through_everything_gives(
    store: Store, monkeypatch: pytest.MonkeyPatch, seed: int, few: int
) -> None:
    chance = mixture(seed)
    # How rare is rare decides how a list is read; a store with that many outcomes would take minutes.
    monkeypatch.setattr(listing, "_FEW", few)
    stored = await filled(store, chance, 600)
    traces = by_trace(stored.spans.values())
    starts = {trace_id: min(one.start_ns for one in members) for trace_id, members in traces.items()}
    queries = store.queries
    for _ in range(15):
        filters, limit = some_filters(chance), chance.choice((7, 50, 200))

        found = await walk(lambda after, f=filters, n=limit: queries.traces(f, after=after, limit=n))
        wanted = {trace_id for trace_id, some in traces.items() if trace_fits(filters, some, stored)}
        assert sorted(row.trace_id for row in found) == sorted(wanted), filters
        assert [row.start_ns for row in found] == sorted((starts[one] for one in wanted), reverse=True)

        found = await walk(lambda after, f=filters, n=limit: queries.spans(f, after=after, limit=n))
        keys = [
            (one.trace_id, one.span_id) for one in stored.spans.values() if span_fits(filters, one, stored)
        ]
        assert sorted((row.trace_id, row.span_id) for row in found) == sorted(keys), filters
        assert [row.start_ns for row in found] == sorted((row.start_ns for row in found), reverse=True)

        found = await walk(lambda after, f=filters, n=limit: queries.results(f, after=after, limit=n))
        ids = [one.id for one in stored.outcomes if result_fits(filters, one, stored)]
        assert sorted(row.evaluated.id for row in found) == sorted(ids), filters
        times = [row.evaluated.time_ns for row in found]
        assert times == sorted(times, reverse=True)


async def test_a_walk_gives_every_row_once_while_others_come(store: Store) -> None:
    chance = mixture(5)
    stored = await filled(store, chance, 100)
    before = set(by_trace(stored.spans.values()))
    found: list[TraceRow] = []
    after: Place | None = None
    number = 200
    while True:
        page = await store.queries.traces(EVERYTHING, after=after, limit=7)
        found += page.rows
        after = page.following
        if after is None:
            break
        new = [_span(chance, one, 0) for one in range(number, number + 3)]
        # Some are older than what was given out already, some newer than everything.
        new[0] = msgspec.structs.replace(new[0], start_ns=NOW - number)
        await store.commit([Intake(spans=new)], now_ns=NOW)
        number += 3
    ids = [row.trace_id for row in found]
    assert len(ids) == len(set(ids))
    assert before <= set(ids)


async def test_an_id_is_found_at_once_however_old_its_trace(store: Store) -> None:
    chance = mixture(6)
    stored = await filled(store, chance, 300)
    oldest = min(stored.spans.values(), key=lambda one: one.start_ns)
    for text in (oldest.trace_id, oldest.trace_id.upper(), f" {oldest.span_id} "):
        page = await store.queries.traces(Filters(text=text), limit=5)
        assert oldest.trace_id in {row.trace_id for row in page.rows}
        spans = await store.queries.spans(Filters(text=text), limit=50)
        assert (oldest.trace_id, oldest.span_id) in {(row.trace_id, row.span_id) for row in spans.rows}
    judged = stored.outcomes[0]
    for text in (judged.id, judged.target.span_id, judged.target.trace_id):
        results = await store.queries.results(Filters(text=text), limit=50)
        assert judged.id in {row.evaluated.id for row in results.rows}


async def test_a_search_does_its_share_and_goes_on(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    stored = await filled(store, mixture(7), 400)
    # No time at all: each request looks at one portion, and the portions are small.
    monkeypatch.setattr(listing, "SHARE_SECONDS", 0.0)
    monkeypatch.setattr(listing, "_SEARCHED", (32, 64))
    pages: list[Page[TraceRow]] = []
    after: Place | None = None
    while not pages or after is not None:
        pages.append(await store.queries.traces(Filters(text="refund"), after=after, limit=200))
        after = pages[-1].following
    assert len(pages) > 3
    assert all(page.partial for page in pages[:-1])
    assert not pages[-1].partial
    wanted = {
        trace_id
        for trace_id, members in by_trace(stored.spans.values()).items()
        if trace_fits(Filters(text="refund"), members, stored)
    }
    assert {row.trace_id for page in pages for row in page.rows} == wanted


async def test_content_is_found_as_json_spells_it(store: Store) -> None:
    contents = {
        1: 'say \\"hi\\"\\n\\u00e4',
        2: "caf\\u00C9",
        3: '{\\"a\\": \\"x\\\\ny\\"}',
    }
    spans = [span(n, of=n, blob=b"\x00\xff" + text.encode()) for n, text in contents.items()]
    await store.commit([Intake(spans=spans)], now_ns=NOW)
    for text, number in {'SAY "hi"\nä': 1, "café": 2, "x\ny": 3}.items():
        page = await store.queries.traces(Filters(text=text), limit=5)
        assert [row.trace_id for row in page.rows] == [trace(number)], text


async def test_what_is_superseded_is_in_no_list(store: Store) -> None:
    await store.commit([Intake(spans=[span(1)], jobs=[job(1)])], now_ns=NOW)
    (first,) = await lease(store)
    await finish(store, done(first, verdict="fail"))
    await store.commit([Intake(jobs=[job(1, version="v2")])], now_ns=NOW + 1)
    (second,) = await lease(store, now_ns=NOW + 1)
    await finish(store, Finish(job=second, evaluated=failure(second)), now_ns=NOW + 2)
    assert not (await store.queries.traces(Filters(verdicts=("fail",)), limit=5)).rows
    (row,) = (await store.queries.traces(Filters(verdicts=("none",)), limit=5)).rows
    assert (row.verdicts.failed, row.verdicts.none) == (0, 1)
    assert [chip.code for chip in row.verdicts.chips] == ["judge_refused"]
    (current,) = (await store.queries.results(EVERYTHING, limit=5)).rows
    assert current.evaluated.outcome.evaluator_version == "v2"
    both = await store.queries.results_of([first.target])
    assert [one.current for one in both] == [False, True]


async def test_a_higher_generation_is_not_taken_back_by_a_late_lower_one(store: Store) -> None:
    jobs = [job(1, generation=generation) for generation in (1, 2)]
    await store.commit([Intake(spans=[span(1)], jobs=jobs)], now_ns=NOW)
    leased = await lease(store)
    for one in sorted(leased, key=lambda each: -each.generation):
        await finish(store, done(one))
    (current,) = (await store.queries.results(EVERYTHING, limit=5)).rows
    assert current.evaluated.generation == 2
