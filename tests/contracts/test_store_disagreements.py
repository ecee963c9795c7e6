"""Where answers differ: evaluators of one span, and an evaluator that changed its mind."""

from collections.abc import Sequence
from typing import Any

import msgspec
import pytest

from spanjudge.pipeline.disagreements import Disagreement, DisagreementKind
from spanjudge.pipeline.listings import Page
from spanjudge.pipeline.ports import Finish, Store
from spanjudge.pipeline.queries import Filters
from spanjudge.telemetry.evaluated import Evaluated
from tests.contracts.stored import NOW, SECOND, failure, finish, job, lease, put, result, span

WINDOW = Filters(start_ns=NOW - SECOND, end_ns=NOW + 1_000 * SECOND)


async def judged(store: Store, number: int, verdicts: dict[str, str | None], *, version: str = "v1") -> None:
    """Outcomes of one span by evaluator, at the second of its number; without a verdict it is a failure."""
    jobs = [job(number, name, of=number, version=version) for name in verdicts]
    await put(store, *jobs, spans=[span(number, of=number)])
    for one in await lease(store, *verdicts):
        verdict = verdicts[one.evaluator]
        made: Evaluated = failure(one) if verdict is None else result(one, verdict=verdict)
        made = msgspec.structs.replace(made, time_ns=NOW + number * SECOND + (0 if version == "v1" else 1))
        await finish(store, Finish(job=one, evaluated=made))


async def listed(store: Store, kind: DisagreementKind, limit: int = 50, **filters: Any) -> Page[Disagreement]:
    return await store.queries.disagreements(kind, msgspec.structs.replace(WINDOW, **filters), limit=limit)


def told(page: Page[Disagreement]) -> list[tuple[int, list[tuple[str, str | None, bool]]]]:
    return [
        (
            int(one.target.span_id, 16),
            [
                (
                    row.evaluated.outcome.evaluator,
                    getattr(row.evaluated.outcome, "verdict", None),
                    row.current,
                )
                for row in one.rows
            ],
        )
        for one in page.rows
    ]


def targets(pages: Sequence[Page[Disagreement]]) -> list[int]:
    return [int(one.target.span_id, 16) for page in pages for one in page.rows]


async def test_spans_that_one_passes_and_another_fails(store: Store) -> None:
    await judged(store, 1, {"tone": "pass", "facts": "fail"})
    await judged(store, 2, {"tone": "pass", "facts": "pass"})
    await judged(store, 3, {"tone": "fail", "facts": "fail"})
    await judged(store, 4, {"tone": "fail", "facts": None})
    await judged(store, 5, {"tone": "fail", "facts": "fail", "topic": "pass"})
    assert told(await listed(store, "evaluators")) == [
        (5, [("facts", "fail", True), ("tone", "fail", True), ("topic", "pass", True)]),
        (1, [("facts", "fail", True), ("tone", "pass", True)]),
    ]
    assert told(await listed(store, "versions")) == []


@pytest.mark.parametrize(
    ("names", "found"),
    [
        (("tone",), [5, 1]),
        (("topic",), [5]),
        (("tone", "facts"), [1]),
        (("tone", "topic"), [5]),
        (("no",), []),
    ],
)
async def test_only_some_evaluators_are_compared(
    store: Store, names: tuple[str, ...], found: list[int]
) -> None:
    await judged(store, 1, {"tone": "pass", "facts": "fail"})
    await judged(store, 5, {"tone": "fail", "facts": "fail", "topic": "pass"})
    assert targets([await listed(store, "evaluators", evaluators=names)]) == found


async def test_an_evaluator_that_changed_its_mind(store: Store) -> None:
    for number, (before, after) in enumerate(
        [
            ("pass", "fail"),
            ("pass", "pass"),
            ("fail", "pass"),
            (None, "fail"),
            ("fail", None),
            ("pass", "fail"),
        ],
        1,
    ):
        await judged(store, number, {"tone": before})
        await judged(store, number, {"tone": after}, version="v2")
    assert told(await listed(store, "versions")) == [
        (6, [("tone", "fail", True), ("tone", "pass", False)]),
        (3, [("tone", "pass", True), ("tone", "fail", False)]),
        (1, [("tone", "fail", True), ("tone", "pass", False)]),
    ]
    changes = await store.queries.changes(WINDOW)
    assert [(one.evaluator, one.before, one.after, one.count) for one in changes] == [
        ("tone", "pass", "fail", 2),
        ("tone", "fail", "pass", 1),
    ]
    assert await store.queries.changes(msgspec.structs.replace(WINDOW, evaluators=("facts",))) == ()


@pytest.mark.parametrize("kind", ["evaluators", "versions"])
async def test_the_list_goes_on_where_it_ended(store: Store, kind: DisagreementKind) -> None:
    for number in range(1, 8):
        await judged(store, number, {"tone": "pass", "facts": "fail"})
        await judged(store, number, {"tone": "fail", "facts": "pass"}, version="v2")
    pages = [await listed(store, kind, limit=3)]
    while pages[-1].following:
        pages.append(await store.queries.disagreements(kind, WINDOW, after=pages[-1].following, limit=3))
    expected = [number for number in range(7, 0, -1) for _ in range(1 if kind == "evaluators" else 2)]
    assert targets(pages) == expected


async def test_filters_that_single_out_one_answer_are_not_looked_at(store: Store) -> None:
    await judged(store, 1, {"tone": "pass", "facts": "fail"})
    assert targets(
        [await listed(store, "evaluators", verdicts=("pass",), text="nowhere", min_score=9.0)]
    ) == [1]
    assert targets([await listed(store, "evaluators", services=("other",))]) == []
    assert targets([await listed(store, "evaluators", start_ns=NOW + 2 * SECOND)]) == []
