"""What a judge sees of a span of the application, and why some are not judged."""

# Tests wait for what nobody outside can see.
# pyright: reportPrivateUsage=false

import asyncio
import logging
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from spanjudge.in_process.background.loop import background
from spanjudge.in_process.recorded.recent import Recent, RecentSpan
from spanjudge.in_process.recorded.span_reader import MOST_IN_VAIN, SpanReader
from spanjudge.spans.raw import STATUS_ERROR, LogEvent, RawSpan
from tests.in_process.replay import logs_of
from tests.spans.captures import capture

TRACE = "0af7651916cd43dd8448eb211c80319c"
QUESTION = '[{"role": "user", "parts": [{"type": "text", "content": "What is the capital of France?"}]}]'
ANSWER = '[{"role": "assistant", "parts": [{"type": "text", "content": "Paris."}], "finish_reason": "stop"}]'
CONTENT = {"gen_ai.input.messages": QUESTION, "gen_ai.output.messages": ANSWER}


def name(number: int) -> str:
    return f"{number:016x}"


def call(
    number: int, parent: int = 0, attributes: Mapping[str, Any] | None = None, **options: Any
) -> RecentSpan:
    """A model call; later numbers end later."""
    raw = RawSpan(
        trace_id=TRACE,
        span_id=name(number),
        parent_span_id=name(parent) if parent else "",
        scope=options.pop("scope", "a.scope"),
        start_ns=options.pop("start_ns", number),
        end_ns=options.pop("end_ns", number + 1_000),
        status_code=options.pop("status_code", 0),
        attributes={"gen_ai.operation.name": "chat", **(attributes or {})},
    )
    return RecentSpan(raw, is_call=True, **options)


def retrieval(number: int, parent: int, text: str, *, end_ns: int = 0) -> RecentSpan:
    raw = RawSpan(
        trace_id=TRACE,
        span_id=name(number),
        parent_span_id=name(parent),
        end_ns=end_ns,
        attributes={
            "openinference.span.kind": "RETRIEVER",
            "retrieval.documents.0.document.content": text,
        },
    )
    return RecentSpan(raw, is_source=True)


def choice(number: int) -> LogEvent:
    body = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "Paris."}}
    return LogEvent(trace_id=TRACE, span_id=name(number), name="gen_ai.choice", body=body)


class Scene:
    """Recent spans and their reader; on the background loop, as in an application."""

    def __init__(self, *, hears_events: bool = True, grace: float = 30.0) -> None:
        self.recent = Recent()
        self.reader = SpanReader(self.recent, hears_events=lambda: hears_events, grace=grace)

    def ends(self, *spans: RecentSpan) -> None:
        for span in spans:
            self.recent.add(span)

    def started(self, *pairs: tuple[int, int]) -> None:
        for span_id, parent in pairs:
            self.recent.started(span_id, parent)

    def skipped(self, span: RecentSpan) -> str | None:
        skip = self.reader.read(span).skip
        return skip.reason if skip else None


async def test_what_a_judge_sees() -> None:
    scene = Scene()
    span = call(1, attributes={**CONTENT, "gen_ai.response.id": "resp-1", "gen_ai.response.model": "m"})
    scene.ends(span)
    seen = scene.reader.read(span)

    assert seen.skip is None
    assert (seen.subject.input, seen.subject.output) == ("What is the capital of France?", "Paris.")
    assert seen.subject.model == "m"
    assert seen.response_id == "resp-1"
    assert span.judged


@pytest.mark.parametrize("outer_first", [False, True])
async def test_of_a_call_recorded_twice_the_inner_one_is_judged(*, outer_first: bool) -> None:
    scene = Scene()
    inner, outer = call(2, 1, CONTENT), call(1, 0, CONTENT)
    order = [outer, inner] if outer_first else [inner, outer]
    scene.ends(*order)
    found = {one: scene.reader.read(one) for one in order}

    assert found[inner].skip is None
    skip = found[outer].skip
    assert skip is not None
    assert skip.reason == "same_call"
    assert name(2) in skip.message


async def test_what_was_judged_before_its_twin_came_stays_the_one() -> None:
    scene = Scene()
    inner, outer = call(2, 1, CONTENT), call(1, 0, CONTENT)
    scene.ends(outer)
    first = scene.skipped(outer)
    scene.ends(inner)

    assert first is None
    assert scene.skipped(inner) == "same_call"


async def test_without_content_inside_the_outer_one_is_judged() -> None:
    scene = Scene()
    inner, outer = call(2, 1), call(1, 0, CONTENT)
    scene.ends(inner, outer)

    assert scene.skipped(inner) == "same_call"
    assert scene.skipped(outer) is None


async def test_an_inner_one_without_content_that_is_read_before_the_outer_one_ends() -> None:
    scene = Scene(hears_events=False)
    inner, outer = call(2, 1), call(1, 0, CONTENT)
    scene.ends(inner)
    first = scene.skipped(inner)
    scene.ends(outer)

    assert first == "no_content"
    assert scene.skipped(outer) is None


async def test_a_twin_that_was_dropped_is_no_reason_to_skip() -> None:
    scene = Scene()
    inner, outer = call(2, 1, CONTENT), call(1, 0, CONTENT)
    inner.evaluation_error = "client_evaluation_queue_full"
    scene.ends(inner, outer)

    assert scene.skipped(outer) is None


async def test_of_a_retried_call_the_answered_attempt_is_judged() -> None:
    scene = Scene()
    failed = call(
        2, 1, {"gen_ai.input.messages": QUESTION, "error.type": "Timeout"}, status_code=STATUS_ERROR
    )
    answered, outer = call(3, 1, CONTENT), call(1, 0, CONTENT)
    scene.ends(failed, answered, outer)

    assert scene.skipped(failed) == "span_error"
    assert scene.skipped(answered) is None
    assert scene.skipped(outer) == "same_call"


async def test_calls_beside_each_other_are_two() -> None:
    scene = Scene()
    first, second = call(2, 1, CONTENT), call(3, 1, CONTENT)
    scene.ends(first, second)

    assert scene.skipped(first) is None
    assert scene.skipped(second) is None


async def test_of_a_streamed_call_in_two_spans_the_one_with_the_answer_is_judged() -> None:
    scene = Scene()
    asked = call(2, 1, {"gen_ai.input.messages": QUESTION})
    answered = call(3, 1, CONTENT, end_ns=3)
    scene.ends(asked, answered)

    assert scene.skipped(asked) == "same_call"
    assert scene.skipped(answered) is None


async def test_documents_of_the_nearest_retrieval_are_the_context() -> None:
    """Two turns in one trace; neither their spans nor the one around them have ended."""
    scene = Scene()
    # 1 is around turns 2 and 3; 4 and 5 are chains with the retrieval, 6 and 7 chains with the call.
    scene.started((2, 1), (4, 2), (40, 4), (6, 2), (60, 6), (3, 1), (5, 3), (50, 5), (7, 3), (70, 7))
    first, second = call(60, 6, CONTENT, start_ns=100), call(70, 7, CONTENT, start_ns=300)
    scene.ends(retrieval(40, 4, "about France", end_ns=50), first)
    in_first = scene.reader.read(first).subject.context
    scene.ends(retrieval(50, 5, "about Spain", end_ns=250), second)
    in_second = scene.reader.read(second).subject.context

    assert [document.content for document in in_first] == ["about France"]
    assert [document.content for document in in_second] == ["about Spain"]


async def test_retrievals_after_the_call_or_in_another_trace_are_no_context() -> None:
    scene = Scene()
    scene.started((2, 1), (3, 1))
    later = retrieval(3, 1, "later", end_ns=5_000)
    span = call(2, 1, CONTENT)
    other = RecentSpan(
        RawSpan(
            trace_id="another", span_id=name(9), attributes={"retrieval.documents.0.document.content": "x"}
        ),
        is_source=True,
    )
    scene.ends(later, other, span)

    assert scene.reader.read(span).subject.context == ()


async def test_what_failed_without_an_answer_is_skipped() -> None:
    scene = Scene()
    failed = call(1, 0, {"gen_ai.input.messages": QUESTION}, status_code=STATUS_ERROR)
    cut_off = call(2, 0, {**CONTENT, "error.type": "length"})
    scene.ends(failed, cut_off)

    assert scene.skipped(failed) == "span_error"
    assert scene.skipped(cut_off) == "span_error"


async def test_a_call_of_tools_is_shown_as_it_is() -> None:
    scene = Scene()
    called = (
        '[{"role": "assistant", "parts": [{"type": "tool_call", "name": "get_weather", "arguments": {}}]}]'
    )
    span = call(1, 0, {"gen_ai.input.messages": QUESTION, "gen_ai.output.messages": called})
    scene.ends(span)
    seen = scene.reader.read(span)

    assert seen.skip is None
    assert seen.subject.output is None
    assert [one.name for one in seen.subject.tool_calls] == ["get_weather"]


async def test_content_in_log_events() -> None:
    scene = Scene()
    wire = capture("openai-v2-old", "chat")
    (raw,) = wire.raws.values()
    span = RecentSpan(raw, is_call=True)
    for event in logs_of("openai-v2-old", "chat"):
        scene.reader.heard(event)
    scene.ends(span)
    await scene.reader.settled(span)
    seen = scene.reader.read(span)

    assert seen.subject.input == "What is the capital of France?"
    assert seen.subject.output == "The capital of France is Paris."


def on_the_loop(work: Any) -> Any:
    return background().run(work, 20)


def test_log_events_that_come_late_are_waited_for() -> None:
    scene = Scene()
    span = call(1)
    scene.ends(span)
    waits = asyncio.run_coroutine_threadsafe(scene.reader.settled(span), background().loop)
    on_the_loop(until(lambda: name(1) in scene.reader._awaited))
    assert not waits.done()
    scene.reader.heard(choice(2))
    assert not waits.done()
    scene.reader.heard(choice(1))
    waits.result(20)

    assert scene.reader.read(span).subject.output == "Paris."


async def until(holds: Any) -> None:
    while not holds():  # noqa: ASYNC110  it is no event, but a step of the task that is waited for
        await asyncio.sleep(0)


async def test_nothing_is_waited_for_without_need() -> None:
    deaf = Scene(hears_events=False)
    with_content = call(1, 0, CONTENT)
    failed = call(2, 0, {"error.type": "Timeout"})
    hearing = Scene()
    hearing.ends(with_content, failed)
    async with asyncio.timeout(10):
        await deaf.reader.settled(call(1))
        await hearing.reader.settled(with_content)
        await hearing.reader.settled(failed)


async def test_an_instrumentation_that_never_sends_any_is_not_waited_for_long() -> None:
    scene = Scene(grace=0.001)
    for number in range(MOST_IN_VAIN):
        await scene.reader.settled(call(number + 1))
    scene.reader._grace = 600
    async with asyncio.timeout(10):
        await scene.reader.settled(call(50))
    # Another one may well send some.
    waits = asyncio.create_task(scene.reader.settled(call(60, scope="another.scope")))
    await until(lambda: name(60) in scene.reader._awaited)
    waits.cancel()


def warnings_of(caplog: pytest.LogCaptureFixture) -> Sequence[str]:
    return [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]


@pytest.mark.parametrize(
    ("scope", "fix"),
    [
        (
            "opentelemetry.instrumentation.openai_v2",
            "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT=span_only",
        ),
        ("opentelemetry.instrumentation.openai.v1", "TRACELOOP_TRACE_CONTENT=true"),
        ("openinference.instrumentation.langchain", "OPENINFERENCE_HIDE_INPUTS"),
        ("my.own", "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT=true"),
    ],
)
async def test_content_that_is_missing_is_told_once_with_the_fix(
    scope: str, fix: str, caplog: pytest.LogCaptureFixture
) -> None:
    scene = Scene()
    spans = [call(number, 0, scope=scope) for number in (1, 2, 3)]
    scene.ends(*spans)

    assert {scene.skipped(span) for span in spans} == {"no_content"}
    (told,) = warnings_of(caplog)
    assert fix in told
    assert scope in told


async def test_without_a_logger_provider_the_fix_says_so(caplog: pytest.LogCaptureFixture) -> None:
    scene = Scene(hears_events=False)
    span = call(1, 0, scope="opentelemetry.instrumentation.openai_v2")
    scene.ends(span)
    scene.reader.read(span)

    assert "LoggerProvider" in warnings_of(caplog)[0]


async def test_messages_without_their_texts_are_no_content() -> None:
    """So OpenTelemetry's instrumentation of OpenAI leaves content out."""
    scene = Scene()
    span = call(1)
    scene.ends(span)
    scene.reader.heard(LogEvent(trace_id=TRACE, span_id=name(1), name="gen_ai.user.message", body=None))
    scene.reader.heard(
        LogEvent(
            trace_id=TRACE,
            span_id=name(1),
            name="gen_ai.choice",
            body={"index": 0, "finish_reason": "stop", "message": {"role": "assistant"}},
        )
    )

    assert scene.skipped(span) == "no_content"


async def test_nothing_is_missing_when_the_span_around_has_it(caplog: pytest.LogCaptureFixture) -> None:
    scene = Scene()
    inner, outer = call(2, 1), call(1, 0, CONTENT)
    scene.ends(inner)
    scene.reader.read(inner)
    scene.ends(outer)
    scene.reader.read(outer)
    scene.reader.tell()

    assert warnings_of(caplog) == []


async def test_when_the_span_around_has_none_either_it_is_told(caplog: pytest.LogCaptureFixture) -> None:
    scene = Scene()
    inner, outer = call(2, 1), call(1, 0)
    scene.ends(inner)
    scene.reader.read(inner)
    assert warnings_of(caplog) == []
    scene.ends(outer)
    scene.reader.tell()
    scene.reader.tell()

    assert len(warnings_of(caplog)) == 1
