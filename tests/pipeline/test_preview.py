"""A preview counts what live matching does with the same spans."""

import time
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from spanjudge.evaluators.evaluator import Evaluator, Prompt
from spanjudge.pipeline.options import PipelineOptions
from spanjudge.pipeline.ports import Store
from spanjudge.pipeline.preview import Matches, matches_of, nearest_name
from spanjudge.pipeline.receive import Matcher
from spanjudge.pipeline.recent import Bounds, Recent, RecentTargets
from spanjudge.pipeline.targets import Stretch
from spanjudge.spans.otlp import ReceivedSpan
from spanjudge.store.store import open_store
from tests.pipeline.live import eventually, live
from tests.pipeline.sent import (
    CAPTURES,
    CHAT,
    SECOND,
    START,
    capture,
    chat,
    content,
    evaluator,
    published,
    span,
)

EVERYTHING = Stretch(start_ns=0, end_ns=2**62)
SCENARIOS = sorted(
    (path.parent.name, path.stem)
    for path in CAPTURES.glob("*/*.json")
    if not path.name.endswith(".logs.json") and path.name != "expected.json"
)
SCOPES: tuple[Evaluator, ...] = (
    evaluator("everything"),
    evaluator("answered", needs=("input", "output")),
    evaluator("grounded", needs=("output", "context")),
    evaluator("half", sampling=50.0),
    evaluator("roots", rules=[("parent_span_id", "equals", "")]),
    evaluator("chats", rules=[("gen_ai.operation.name", "equals", "chat")], sampling=30.0),
    evaluator("models", rules=[("gen_ai.request.model", "contains", "gpt"), ("kind", "exists", None)]),
    evaluator("failures", rules=[("status", "equals", "error")]),
    evaluator("written", rubric=None, prompt=Prompt(user="{{span.input}} {{span.output}}")),
)
WHOLES: tuple[Evaluator, ...] = (
    evaluator("traces", target="trace"),
    evaluator("some_traces", target="trace", sampling=40.0),
    evaluator("agents", target="trace", rules=[("gen_ai.operation.name", "equals", "invoke_agent")]),
    evaluator("sessions", target="session"),
)


async def read(store: Store, one: Evaluator) -> Recent:
    recent = RecentTargets(store, store.queries, time.time_ns, Bounds(spans=100_000, wholes=10_000))
    stretch = Stretch(start_ns=0, end_ns=2**62, services=one.scope.services)
    return await recent.read_stretch(one.target, stretch)


async def test_captured_spans_are_counted_as_they_are_judged(tmp_path: Path) -> None:
    options = PipelineOptions(poll=0.02, grace=0.1, trace_idle=0.3, session_idle=0.3, purge_every=3600.0)
    async with live(tmp_path, evaluators=(*SCOPES, *WHOLES), options=options) as running:
        for folder, scenario in SCENARIOS:
            spans, logs = capture(folder, scenario)
            await running.pipeline.receive(spans, logs)
        counts = await running.store.queries.count_targets("span", EVERYTHING)
        assert counts > 200
        for one in (*SCOPES, *WHOLES):
            recent = await read(running.store, one)
            targets = [recent.target(place) for place in range(recent.examined)]
            matches = matches_of(one, recent)

            async def over(one: Evaluator = one, targets: Any = targets, matches: Matches = matches) -> bool:
                jobs = [job for job in await running.store.jobs_of(targets) if job.evaluator == one.name]
                open_ones = [job for job in jobs if job.state in ("waiting", "leased")]
                return not open_ones and len(jobs) >= matches.judged

            await eventually(over)
            jobs = [job for job in await running.store.jobs_of(targets) if job.evaluator == one.name]
            judged = {job.target.key for job in jobs if job.state in ("done", "failed")}
            assert judged == {targets[place].key for place in matches.chosen}, one.name
            assert matches.judged == len(matches.chosen)
            assert matches.received == recent.total


SHAPES = st.lists(
    st.tuples(
        st.sampled_from([1, 1, 1, 2]),  # trace
        st.integers(0, 3),  # the parent is the span so many places before, or there is none
        st.sampled_from(["chat", "chat", "chat", "tool", "plain", "silent"]),
        st.sampled_from([False, False, False, True]),  # failed
        st.sampled_from(["travel", "travel", "travel", "shop"]),
    ),
    min_size=1,
    max_size=12,
)


def made(shapes: Sequence[tuple[int, int, str, bool, str]]) -> list[ReceivedSpan]:
    found: list[ReceivedSpan] = []
    for place, (trace, back, kind, failed, service) in enumerate(shapes, 1):
        attributes: dict[str, Any] = {
            "chat": CHAT | content("Where?", "Here."),
            "tool": {"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "find"},
            "silent": CHAT,
            "plain": {"http.method": "GET"},
        }[kind]
        above = place - back if 0 < back < place and shapes[place - back - 1][0] == trace else 0
        found.append(
            span(
                attributes, trace=trace, number=place, parent=above, failed=failed, service=service, at=place
            )
        )
    return found


CALL = (1, 1, "chat", False, "travel")


@example(shapes=[CALL, CALL, CALL], percent=100.0, services=(), rules=[])
@example(shapes=[CALL, (1, 1, "silent", False, "travel"), CALL, CALL], percent=100.0, services=(), rules=[])
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    shapes=SHAPES,
    percent=st.sampled_from([100.0, 60.0, 25.0, 0.0]),
    services=st.sampled_from([(), ("travel",)]),
    rules=st.lists(
        st.sampled_from(
            [
                ("gen_ai.operation.name", "equals", "chat"),
                ("parent_span_id", "equals", ""),
                ("status", "not_equals", "error"),
                ("gen_ai.tool.name", "not_exists", None),
            ]
        ),
        max_size=2,
        unique=True,
    ),
)
async def test_made_up_traces_are_counted_as_jobs_are_made(
    shapes: Any, percent: float, services: Any, rules: Any
) -> None:
    spans = made(shapes)
    one = evaluator("one", sampling=percent, services=services, rules=rules)
    with TemporaryDirectory() as folder:
        store = await open_store(f"sqlite:///{folder}/spanjudge.db")
        try:
            await store.commit([Matcher(published(one)).intake(spans, now_ns=START)], now_ns=START)
            recent = await read(store, one)
            targets = [recent.target(place) for place in range(recent.examined)]
            jobs = await store.jobs_of(targets)
        finally:
            await store.aclose()
    matches = matches_of(one, recent)
    # Without log events, what awaits content is not judged.
    judged = {job.target.key for job in jobs if job.state == "waiting" and not job.awaits_content}
    assert {targets[place].key for place in matches.chosen} == judged
    received = sum(not services or each.raw.resource.service in services for each in spans)
    assert matches.received == received
    assert received - matches.judged == sum(count for _, count in matches.reasons)
    assert received >= matches.matching >= matches.with_content >= matches.judged


async def test_rules_tell_what_they_do_and_which_attribute_was_meant(tmp_path: Path) -> None:
    store = await open_store(f"sqlite:///{tmp_path / 'spanjudge.db'}")
    spans = [chat(number=n, trace=n) for n in range(1, 6)]
    spans += [span({"http.method": "GET"}, number=n, trace=n) for n in range(6, 9)]
    await store.commit([Matcher([]).intake(spans, now_ns=START)], now_ns=START)
    wrong = evaluator(
        rules=[
            ("gen_ai.operation.name", "equals", "chat"),
            ("gen_ai.requst.model", "exists", None),
            ("model_name", "exists", None),
        ]
    )
    matches = matches_of(wrong, await read(store, wrong))
    first, second, third = matches.rules
    assert (first.matching, first.without, first.seen) == (5, 0, True)
    assert (second.matching, second.without, second.seen) == (0, 0, False)
    assert second.nearest == "gen_ai.request.model"
    assert (third.seen, matches.matching, matches.received) == (False, 0, 8)
    assert matches.reasons[0] == ("rule 2 does not hold: gen_ai.requst.model exists", 5)
    right = evaluator(rules=[("gen_ai.operation.name", "equals", "chat")])
    matches = matches_of(right, await read(store, right))
    assert [(one.matching, one.without) for one in matches.rules] == [(5, 5)]
    await store.aclose()


async def test_what_was_read_is_bounded_and_what_is_new_is_seen(tmp_path: Path) -> None:
    store = await open_store(f"sqlite:///{tmp_path / 'spanjudge.db'}")
    recent = RecentTargets(store, store.queries, lambda: START + 100 * SECOND, Bounds(spans=10))
    assert (await recent.read("span", hours=1)).total == 0
    spans = [chat(number=n, trace=n, at=n) for n in range(1, 31)]
    await store.commit([Matcher([]).intake(spans[:20], now_ns=START)], now_ns=START)
    found = await recent.read("span", hours=1)
    assert (found.total, found.examined, found.exact) == (20, 10, False)
    assert [int(one.raw.span_id, 16) for one in found.shown] == list(range(20, 10, -1))
    assert await recent.read("span", hours=1) is found
    await store.commit([Matcher([]).intake(spans[20:], now_ns=START)], now_ns=START)
    later = await recent.read("span", hours=1)
    assert [int(one.raw.span_id, 16) for one in later.shown] == list(range(30, 20, -1))
    small = RecentTargets(store, store.queries, lambda: START + 100 * SECOND, Bounds(size=1))
    assert (await small.read("span", hours=1)).examined == 30  # one portion, whatever its size
    await store.aclose()


def test_the_nearest_name() -> None:
    names = {"gen_ai.request.model", "gen_ai.response.model", "http.method", "tenant.id"}
    assert nearest_name("gen_ai.request_model", names) == "gen_ai.request.model"
    assert nearest_name("tenant_id", names) == "tenant.id"
    assert nearest_name("request.model", names) == "gen_ai.request.model"
    assert nearest_name("colour", names) == ""
