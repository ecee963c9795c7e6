"""What a judge sees of spans, traces and sessions, also of those that real instrumentations sent."""

import json
from collections.abc import Sequence
from typing import Any

import pytest

from spanjudge.evaluators.prompt import Variable
from spanjudge.judging.material import prepare, texts, variable
from spanjudge.judging.subject import Subject
from spanjudge.pipeline.ports import Material
from spanjudge.pipeline.subjects import Reading, read_target
from spanjudge.spans.messages import transcript
from spanjudge.spans.otlp import ReceivedLog, ReceivedSpan
from spanjudge.spans.span import Message
from spanjudge.telemetry.evaluated import Target
from tests.pipeline.sent import CHAT, called, capture, chat, content, log, material, span, stored, text

AGENT = {"gen_ai.operation.name": "invoke_agent"}


def read_span(received: ReceivedSpan, *logs: ReceivedLog) -> Reading:
    target = Target(trace_id=received.raw.trace_id, span_id=received.raw.span_id)
    return read_target(target, Material(spans=stored([received], logs)))


def read_trace(spans: Sequence[ReceivedSpan], logs: Sequence[ReceivedLog] = (), **options: Any) -> Reading:
    target = Target(kind="trace", trace_id=spans[0].raw.trace_id)
    return read_target(target, material(spans, logs), **options)


def read_session(spans: Sequence[ReceivedSpan], logs: Sequence[ReceivedLog] = ()) -> Reading:
    return read_target(Target(kind="session", session_id="s"), material(spans, logs))


def said(messages: Sequence[Message]) -> list[tuple[str, str]]:
    return [(message.role, message.text) for message in messages]


def tool(name: str, result: str, **others: Any) -> ReceivedSpan:
    attributes = {
        "gen_ai.operation.name": "execute_tool",
        "gen_ai.tool.name": name,
        "gen_ai.tool.call.result": result,
    }
    return span({**attributes, **others.pop("more", {})}, name=f"execute_tool {name}", **others)


def test_a_span() -> None:
    attributes = {**CHAT, **content([text("system", "Be kind."), text("user", "Where?")], "Here.")}
    more = {"gen_ai.response.id": "r1", "spanjudge.expected": "There.", "app.tier": "gold"}
    reading = read_span(span({**attributes, **more}, resource={"region": "eu"}))
    subject = reading.subject
    assert (subject.input, subject.output, subject.system_prompt) == ("Where?", "Here.", "Be kind.")
    assert (subject.model, subject.provider, subject.expected) == ("gpt-4o", "openai", "There.")
    assert {
        key: subject.attributes[key] for key in ("app.tier", "region", "resource.region", "service.name")
    } == {
        "app.tier": "gold",
        "region": "eu",
        "resource.region": "eu",
        "service.name": "travel",
    }
    assert (reading.service, reading.response_id, reading.total) == ("travel", "r1", 1)


def test_a_tools_run() -> None:
    run = tool("weather", "Sunny", more={"gen_ai.tool.call.arguments": '{"city": "Rome"}'})
    subject = read_span(run).subject
    assert (subject.input, subject.output) == ('{"city": "Rome"}', "Sunny")
    assert [call.name for call in subject.tool_calls] == ["weather"]


def test_nothing_stored() -> None:
    with pytest.raises(ValueError, match="nothing is stored of the trace 01"):
        read_target(Target(kind="trace", trace_id="01"), Material(spans=()))


CAPTURED = [
    "google-adk",
    "langsmith-langchain",
    "ms-agent-framework",
    "openinference-langchain",
    "openinference-openai-agents",
    "pydantic-ai",
    "pydantic-ai-1x-v1",
    "semantic-kernel",
    "strands-latest",
    "vercel-ai-sdk",
]


@pytest.mark.parametrize("folder", CAPTURED)
def test_the_steps_of_a_real_agent(folder: str) -> None:
    """One question, one tool, one answer: however it was recorded, each stands there once and in order."""
    subject = read_trace(*capture(folder, "tools")).subject
    assert subject.input == "What is the weather in Paris?"
    assert subject.output == "The weather in Paris is sunny, 22 degrees Celsius."
    assert "weather assistant" in (subject.system_prompt or "")
    assert [call.name.removeprefix("W-") for call in subject.tool_calls] == ["get_weather"]
    told = transcript(subject.messages)
    assert [message.role for message in subject.messages] == ["user", "assistant", "tool", "assistant"]
    for once in (
        "What is the weather in Paris?",
        '{"city": "Paris"}',
        "Sunny, 22 degrees",
        "is sunny, 22 degrees",
    ):
        assert told.count(once) == 1, told
    assert ("demo-fn" if folder == "vercel-ai-sdk" else "weather_agent") in told


def test_a_call_recorded_twice_stands_there_once() -> None:
    outer = chat("Where?", "Here.", number=1)
    inner = chat("Where?", "Here.", number=2, parent=1, at=0.1, lasts=0.5)
    subject = read_trace([outer, inner]).subject
    assert said(subject.messages) == [("user", "Where?"), ("assistant", "Here.")]


def test_the_way_through_the_agents_can_be_read() -> None:
    spans = [
        span({**AGENT, "gen_ai.agent.name": "planner"}, number=1, lasts=9),
        span({**CHAT, **content("Trip?", called("ask_hotels"))}, number=2, parent=1, at=1),
        tool("ask_hotels", "Hotel Roma", number=3, parent=1, at=2, lasts=3),
        span({**AGENT, "gen_ai.agent.name": "hotels"}, number=4, parent=3, at=2.1, lasts=2),
        chat("Find a hotel.", "Hotel Roma", number=5, parent=4, at=2.2),
        chat("Trip?", "Stay at Hotel Roma.", number=6, parent=1, at=6),
    ]
    reading = read_trace(spans)
    assert [(message.role, message.name) for message in reading.subject.messages] == [
        ("user", None),
        ("assistant", "planner"),
        ("tool", "planner › ask_hotels"),
        ("user", "planner › hotels"),
        ("assistant", "planner › hotels"),
        ("assistant", "planner"),
    ]
    assert (reading.subject.input, reading.subject.output) == ("Trip?", "Stay at Hotel Roma.")
    assert reading.target.span_id == reading.span.span_id == spans[0].raw.span_id


def test_a_trace_with_a_web_server_around_it() -> None:
    """The outermost span that is about GenAI is what the result belongs to, whatever stands around it."""
    spans = [
        span(number=1, name="POST /ask", service="gateway", lasts=9),
        chat("Is this allowed?", "yes", number=2, parent=1, at=0.5),
        chat("Where?", "Here.", number=3, parent=1, at=2),
    ]
    reading = read_trace(spans)
    assert (reading.service, reading.span.name) == ("travel", "chat gpt-4o")
    assert (reading.subject.input, reading.subject.output) == ("Is this allowed?", "Here.")


def test_retrievals_are_steps_and_context() -> None:
    found = {
        "gen_ai.operation.name": "retrieval",
        "gen_ai.retrieval.query.text": "refund",
        "gen_ai.retrieval.documents": json.dumps([{"id": "d1", "score": 1.0, "content": "Within 30 days."}]),
    }
    subject = read_trace(
        [span(found, number=2, parent=1), chat("Refund?", "30 days.", number=3, parent=1, at=2)]
    ).subject
    assert [document.content for document in subject.context] == ["Within 30 days."]
    assert "query: refund" in transcript(subject.messages)
    assert "Within 30 days." in transcript(subject.messages)


def test_errors_are_steps() -> None:
    broken = tool("weather", "", number=2, parent=1, at=1, failed=True)
    told = transcript(
        read_trace([chat("Weather?", "I do not know.", number=1, lasts=5), broken]).subject.messages
    )
    assert "[error]" in told


def test_a_circle_of_parents_is_read() -> None:
    spans = [chat("a", "b", number=1, parent=2), chat("c", "d", number=2, parent=1)]
    assert read_trace(spans).subject.input in ("a", "c")


def test_a_long_trace_is_folded_and_the_result_will_say_so() -> None:
    spans = [span({**AGENT, "gen_ai.agent.name": "a"}, number=1, lasts=900)]
    for turn in range(60):
        spans.append(chat(f"question {turn}", "x" * 500, number=10 + 2 * turn, parent=1, at=1 + turn))
        spans.append(tool("look", "y" * 500, number=11 + 2 * turn, parent=1, at=1.5 + turn))
    subject = read_trace(spans, most_characters=8_000).subject
    assert subject.folded == ("messages",)
    told = transcript(subject.messages)
    assert "steps folded: " in told
    assert "execute_tool look" in told
    assert "question 0" in told
    assert len(told) < 9_000
    ready = prepare(subject, b"key", 120_000)
    assert ready.truncated == ("messages",)
    shown, cut = variable(subject, Variable("trace.spans", "trace", "spans"), ready)
    assert cut
    assert "steps folded" in shown
    assert not variable(subject, Variable("trace.input", "trace", "input"), ready)[1]


def test_what_the_store_did_not_give_is_told_in_its_place() -> None:
    spans = [chat(f"q{turn}", f"a{turn}", number=turn + 1, at=turn) for turn in range(4)]
    whole = Material(spans=stored(spans), total=5_000)
    subject = read_target(Target(kind="trace", trace_id=spans[0].raw.trace_id), whole).subject
    told = [message.text for message in subject.messages]
    assert told == [
        "q0",
        "a0",
        "q1",
        "a1",
        "[… 4,996 more spans of this trace were not read …]",
        "q2",
        "a2",
        "q3",
        "a3",
    ]
    assert subject.folded == ("messages",)


def test_variables_of_a_trace_and_a_session() -> None:
    trace = read_trace([chat("Where?", "Here.")]).subject
    assert shown(trace, "trace", "input") == "Where?"
    assert shown(trace, "trace", "output") == "Here."
    assert shown(trace, "trace", "spans") == "user:\nWhere?\n\nassistant:\nHere."
    session = read_session([chat("Where?", "Here.")]).subject
    assert shown(session, "session", "turns") == "user:\nWhere?\n\nassistant:\nHere."


def test_question_and_answer_are_not_shown_twice() -> None:
    fields = texts(read_trace([chat("Where?", "Here.")]).subject)
    assert fields == {"input": "Where?", "output": "Here."}


def test_a_session_across_traces() -> None:
    spans = [chat(f"q{turn}", f"a{turn}", trace=turn + 1, at=10 * turn) for turn in range(3)]
    reading = read_session([spans[2], spans[0], spans[1]])
    assert said(reading.subject.messages) == [
        pair for turn in range(3) for pair in (("user", f"q{turn}"), ("assistant", f"a{turn}"))
    ]
    assert (reading.subject.input, reading.subject.output) == ("q2", "a2")
    assert (reading.target.session_id, reading.target.trace_id) == ("s", spans[2].raw.trace_id)


@pytest.mark.parametrize(
    "folder",
    [
        "genai-openai",
        "openai-v2-new",
        "traceloop-openai",
        "google-adk",
        "langsmith-langchain",
        "semantic-kernel",
        "ms-agent-framework",
    ],
)
def test_the_turns_of_a_real_conversation(folder: str) -> None:
    """Two turns, sent as one call that repeats the first or as two traces: four messages, none twice."""
    assert said(read_session(*capture(folder, "multi_turn")).subject.messages) == [
        ("user", "What is the capital of France?"),
        ("assistant", "The capital of France is Paris."),
        ("user", "And how many people live there?"),
        ("assistant", "About 2.1 million people live in Paris."),
    ]


@pytest.mark.parametrize(
    "folder", ["genai-openai", "openai-v2-new", "logfire-openai", "traceloop-old-openai", "pydantic-ai"]
)
def test_a_tool_loop_is_one_turn(folder: str) -> None:
    """Also where every call of the loop has a trace of its own."""
    assert said(read_session(*capture(folder, "tools")).subject.messages) == [
        ("user", "What is the weather in Paris?"),
        ("assistant", "The weather in Paris is sunny, 22 degrees Celsius."),
    ]


def test_asking_the_same_again_is_a_turn() -> None:
    spans = [chat("yes", "fine", trace=1), chat("yes", "good", trace=2, at=5)]
    assert [text for _, text in said(read_session(spans).subject.messages)] == ["yes", "fine", "yes", "good"]


def test_agents_below_do_not_speak_with_the_user() -> None:
    spans = [
        span({**AGENT, "gen_ai.agent.name": "planner"}, number=1, lasts=9),
        span({**CHAT, **content("Trip?", called("ask_hotels"))}, number=2, parent=1, at=1),
        tool("ask_hotels", "Hotel Roma", number=3, parent=1, at=2, lasts=3),
        chat("Find a hotel.", "Hotel Roma", number=5, parent=3, at=2.2),
        chat("Trip?", "Stay at Hotel Roma.", number=6, parent=1, at=6),
    ]
    assert said(read_session(spans).subject.messages) == [
        ("user", "Trip?"),
        ("assistant", "Stay at Hotel Roma."),
    ]


def test_a_turn_without_an_answer() -> None:
    spans = [span({**CHAT, **content("Where?", None)}, failed=True), chat("Hello?", "Hi.", trace=2, at=3)]
    told = said(read_session(spans).subject.messages)
    assert told[0] == ("user", "Where?")
    assert told[1][1].startswith("[error]")
    assert told[2:] == [("user", "Hello?"), ("assistant", "Hi.")]


def test_log_events_belong_to_their_span() -> None:
    received = span(CHAT)
    logs = [
        log(received, "gen_ai.user.message", {"content": "Where?"}, gen_ai__system="openai"),
        log(received, "gen_ai.choice", {"content": "Here."}, gen_ai__system="openai"),
    ]
    subject = read_span(received, *logs).subject
    assert (subject.input, subject.output) == ("Where?", "Here.")


def shown(subject: Subject, source: Any, key: str) -> str:
    fenced, _ = variable(subject, Variable(f"{source}.{key}", source, key), prepare(subject, b"key", 120_000))
    return "\n".join(fenced.splitlines()[1:-1])
