from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.trace import NonRecordingSpan, SpanContext, Status, StatusCode, TraceFlags

from spanjudge.in_process.invocation import Invocation, Seen
from spanjudge.in_process.reading import invocation_of
from spanjudge.spans.span import MediaPart, ToolCall, ToolDefinition
from spanjudge.telemetry.evaluated import Target
from tests.in_process import host_shapes as host
from tests.in_process.host_shapes import Text, answered, asked, chat


def seen(invocation: object) -> Seen:
    return invocation_of(invocation).seen


# A model's call


def test_a_question_and_its_answer() -> None:
    invocation = chat(provider="openai", response_model_name="gpt-4o-2024", response_id="resp-1")
    invocation.input_messages.insert(0, host.InputMessage("system", [Text("Be brief.")]))
    subject = seen(invocation).subject
    assert (subject.input, subject.output) == ("What is the capital of France?", "Paris.")
    assert subject.system_prompt == "Be brief."
    assert [message.role for message in subject.messages] == ["system", "user"]
    assert (subject.model, subject.provider) == ("gpt-4o-2024", "openai")
    assert seen(invocation).response_id == "resp-1"
    assert seen(invocation).skip is None


def test_it_is_read_at_the_first_look() -> None:
    invocation = chat(output_messages=[])
    waiting = invocation_of(invocation)
    invocation.output_messages = answered(Text("Paris."))
    assert waiting.subject.output == "Paris."


def test_messages_and_parts_may_be_mappings() -> None:
    invocation = chat(
        input_messages=[{"role": "user", "parts": [{"type": "text", "content": "Hello?"}]}],
        output_messages=[{"role": "assistant", "content": "Yes?", "finish_reason": "stop"}],
    )
    subject = seen(invocation).subject
    assert (subject.input, subject.output) == ("Hello?", "Yes?")


def test_the_last_question_and_the_first_of_several_answers() -> None:
    invocation = chat(
        input_messages=[*asked(Text("One?")), *answered(Text("1")), *asked(Text("Two?"))],
        output_messages=[*answered(Text("2")), *answered(Text("two"))],
    )
    subject = seen(invocation).subject
    assert (subject.input, subject.output) == ("Two?", "2")


def test_results_of_tools_in_a_conversation() -> None:
    invocation = chat(
        input_messages=[
            *asked(Text("Weather?")),
            *answered(host.ToolCall(name="weather", arguments='{"city": "Rome"}', id="c1")),
            host.InputMessage("tool", [host.ToolCallResponse({"degrees": 31}, "c1")]),
        ],
        output_messages=answered(Text("31 degrees.")),
    )
    subject = seen(invocation).subject
    assert subject.messages[1].tool_calls == (ToolCall(name="weather", arguments={"city": "Rome"}, id="c1"),)
    assert [document.content for document in subject.context] == ['{"degrees": 31}']


@pytest.mark.parametrize(
    "tools",
    [
        {"tool_definitions": '[{"type": "function", "function": {"name": "weather"}}]'},
        {"request_functions": [{"name": "weather"}]},
        {"tool_definitions": [SimpleNamespace(), SimpleNamespace(name="weather", description=None)]},
    ],
)
def test_tools_that_were_offered(tools: dict[str, Any]) -> None:
    assert seen(chat(**tools)).subject.tools == (ToolDefinition(name="weather"),)


def test_an_answer_of_tool_calls_alone_is_left_out_with_words() -> None:
    calls = answered(host.ToolCall(name="weather", arguments={"city": "Rome"}), reason="tool_calls")
    skip = seen(chat(output_messages=calls)).skip
    assert skip is not None
    assert skip.reason == "no_content"
    assert "asked for tools" in skip.message
    with_words = answered(Text("Let me look."), *calls[0].parts)
    assert seen(chat(output_messages=with_words)).skip is None


def test_an_answer_that_only_says_it_called_tools() -> None:
    skip = seen(chat(output_messages=[], response_finish_reasons=["tool_calls"])).skip
    assert skip is not None
    assert "asked for tools" in skip.message


# Where it came from


def test_ids_as_numbers() -> None:
    target = invocation_of(chat(trace_id=0xABC, span_id=0xD)).target
    assert target == Target(trace_id="abc".zfill(32), span_id="d".zfill(16))


CONTEXT = SpanContext(0xABC, 0xD, is_remote=False, trace_flags=TraceFlags(1))


@pytest.mark.parametrize(
    "fields",
    [
        {"span_context": CONTEXT},
        {"span": NonRecordingSpan(CONTEXT)},
        {"trace_id": "ABC".zfill(32), "span_id": "D".zfill(16)},
        {"trace_id": 0, "span_id": "nothing", "span_context": CONTEXT},
    ],
)
def test_ids_from_wherever_they_are(fields: dict[str, Any]) -> None:
    target = invocation_of(chat(**fields)).target
    assert target == Target(trace_id="abc".zfill(32), span_id="d".zfill(16))


@pytest.mark.parametrize(
    ("trace_id", "span_id"), [(None, None), (0, 0), (-1, 3), (2**200, 1), ("x" * 32, "y" * 16), ([], {})]
)
def test_without_ids_there_is_no_target(trace_id: Any, span_id: Any) -> None:
    assert invocation_of(chat(trace_id=trace_id, span_id=span_id)).target == Target()


def test_the_service_and_the_sampling_of_its_span() -> None:
    provider = TracerProvider(resource=Resource({"service.name": "travel-desk"}))
    span = provider.get_tracer("test").start_span("chat")
    assert invocation_of(chat(span=span, trace_flags=1)).service == "travel-desk"
    assert invocation_of(chat(span=span, trace_flags=1)).sampled
    assert not invocation_of(chat(span=span, trace_flags=0)).sampled
    assert invocation_of(chat()).sampled


def test_why_it_is_dropped_is_told_on_the_object() -> None:
    invocation = chat()
    invocation_of(invocation).refused("the queue is full")
    assert invocation.evaluation_error == "the queue is full"


# Failures


def test_a_failed_invocation_is_left_out() -> None:
    skip = seen(chat(attributes={"error.type": "RateLimitError"})).skip
    assert skip is not None
    assert (skip.reason, "RateLimitError" in skip.message) == ("span_error", True)


def test_a_failure_that_only_the_span_knows_of() -> None:
    span = TracerProvider().get_tracer("test").start_span("chat")
    span.set_status(Status(StatusCode.ERROR, "gone"))
    skip = seen(chat(span=span)).skip
    assert skip is not None
    assert skip.reason == "span_error"


def test_a_tool_that_failed() -> None:
    skip = seen(host.ToolCall(name="weather", error_type="TimeoutError")).skip
    assert skip is not None
    assert skip.reason == "span_error"


# What it was grounded in


def test_retrieved_context_and_other_context_in_every_shape() -> None:
    attributes = {
        "retrieval_context": ["one", {"page_content": "two", "metadata": {"id": "d2"}}],
        "retrieved_context": '["three"]',
        "retrieved_documents": [SimpleNamespace(page_content="four", id="d4", metadata={})],
        "documents": {"documents": [{"content": "five", "score": 0.5}]},
        "sources": ({"value": {"text": "six"}}, {"body": "seven"}, {"value": "eight"}),
        "evidence": {"title": "nine"},
        "context": "ten",
        "additional_context": ["ten", 11, None, "", b"bytes"],
    }
    documents = seen(chat(attributes=attributes)).subject.context
    assert [document.content for document in documents] == [
        *("one", "two", "three", "four", "five", "six", "seven", "eight"),
        *('{"title": "nine"}', "ten", "11"),
    ]
    assert [document.id for document in documents[:4]] == [None, "d2", None, "d4"]
    assert documents[4].score == 0.5


def test_context_that_holds_itself() -> None:
    round_trip: list[Any] = ["a fact"]
    round_trip.append(round_trip)
    documents = seen(chat(attributes={"context": round_trip})).subject.context
    assert [document.content for document in documents] == ["a fact"]


# Pictures, and what nobody knows


def test_bytes_are_never_kept() -> None:
    class Picture:
        type = "blob"
        mime_type = "image/png"
        content = b"\x89PNG" * 1024

    parts = [
        Text("What is this?"),
        Picture(),
        {"type": "image", "source": {"data": b"x" * 4096, "media_type": "image/jpeg"}},
        {"type": "uri", "uri": "https://example.com/cat.png"},
        {"type": "image_url", "image_url": {"url": "data:image/gif;base64," + "QUJD" * 1000}},
    ]
    subject = seen(chat(input_messages=asked(*parts))).subject
    assert subject.input == "What is this?"
    described = [part.description for part in subject.messages[0].parts if isinstance(part, MediaPart)]
    assert described[:2] == ["image/png, about 4 KB, not shown", "image/jpeg, about 4 KB, not shown"]
    assert described[2] == "uri: https://example.com/cat.png"
    assert "image/gif" in described[3]
    assert "QUJD" not in str(subject)


def test_an_answer_that_is_a_picture_has_no_text() -> None:
    found = seen(chat(output_messages=answered({"type": "blob", "content": b"x"})))
    assert found.skip is None
    assert found.subject.output is None


def test_a_part_of_an_unknown_kind_is_told_by_its_fields() -> None:
    @host.dataclass
    class Citation:
        page: int
        type: str = "citation"

    class Opaque:
        type = "weather_map"

    subject = seen(chat(input_messages=asked(Text("Look:"), Citation(7), Opaque(), 5))).subject
    assert "page" in (subject.input or "")
    assert MediaPart("weather_map, not shown") in subject.messages[0].parts


# Agents, workflows and the rest


def test_an_agent() -> None:
    agent = host.AgentInvocation(
        system_instructions="Be an agent.",
        tools=["search", "book"],
        model="gpt-4o",
        input_messages=asked(Text("Book it.")),
        output_messages=[*answered(Text("Searching.")), *answered(Text("Booked."))],
    )
    subject = seen(agent).subject
    assert invocation_of(agent).kind == "AgentInvocation"
    assert (subject.input, subject.system_prompt, subject.model) == ("Book it.", "Be an agent.", "gpt-4o")
    assert subject.output == "Booked."
    assert [tool.name for tool in subject.tools] == ["search", "book"]


@pytest.mark.parametrize(
    ("attributes", "question", "answer"),
    [
        ({"input_context": "Where?", "output_result": "There."}, "Where?", "There."),
        ({"initial_input": {"content": "Where?"}, "final_answer": "There."}, "Where?", "There."),
        (
            {"prompt_capture": {"input": "Where?", "final_output": "There."}, "input": "no"},
            "Where?",
            "There.",
        ),
        (
            {
                "input": '{"messages": [{"role": "user", "content": "Where?"}]}',
                "output": [{"role": "assistant", "content": "There."}],
            },
            "Where?",
            "There.",
        ),
    ],
)
@pytest.mark.parametrize("made", [host.AgentInvocation, host.Workflow])
def test_what_frameworks_leave_in_the_attributes(
    made: Any, attributes: dict[str, Any], question: str, answer: str
) -> None:
    subject = seen(made(attributes=attributes)).subject
    assert answer in (subject.output or "")
    assert question in (subject.input or "")
    own = made(attributes=attributes, output_messages=answered(Text("Here.")))
    assert seen(own).subject.output == "Here."


def test_the_other_kinds() -> None:
    tool = host.ToolCall(name="weather", arguments={"city": "Rome"}, tool_result={"degrees": 31})
    embedding = host.EmbeddingInvocation(input_texts=["one", "two"])
    retrieval = host.RetrievalInvocation(query="Rome", results=[{"content": "A city.", "id": "r1"}])
    step = host.Step(objective="Find Rome.", attributes={"result": "Found."})
    creation = host.AgentCreation(system_instructions="Be an agent.")
    found = {
        invocation_of(each).kind: seen(each).subject for each in (tool, embedding, retrieval, step, creation)
    }
    assert found["ToolCall"].tool_calls[0].arguments == {"city": "Rome"}
    assert "31" in (found["ToolCall"].output or "")
    assert found["EmbeddingInvocation"].input == "one\n\ntwo"
    assert (found["RetrievalInvocation"].input, found["RetrievalInvocation"].context[0].id) == ("Rome", "r1")
    assert (found["Step"].input, found["Step"].output) == ("Find Rome.", "Found.")
    assert found["AgentCreation"].system_prompt == "Be an agent."


def test_subclasses_and_whatever_has_messages() -> None:
    class OurInvocation(host.LLMInvocation):
        pass

    assert invocation_of(OurInvocation(input_messages=asked(Text("Hi")))).kind == "LLMInvocation"
    alike = SimpleNamespace(
        operation_name="invoke_agent", input_messages="Hi", output_messages=[{"role": "ai", "content": "Ho"}]
    )
    assert invocation_of(alike).kind == "AgentInvocation"
    assert (seen(alike).subject.input, seen(alike).subject.output) == ("Hi", "Ho")


# Odd ones


@pytest.mark.parametrize("nothing", [None, 5, "text", object(), {"input": "hi"}, [], SimpleNamespace(a=1)])
def test_what_is_no_invocation_is_refused_in_plain_words(nothing: object) -> None:
    with pytest.raises(TypeError, match="cannot be evaluated: give a"):
        invocation_of(nothing)


@pytest.mark.parametrize(
    "fields",
    [
        {"input_messages": None, "output_messages": None},
        {"input_messages": [], "output_messages": [], "attributes": None},
        {"input_messages": asked(Text("  ")), "output_messages": answered()},
        {"input_messages": 7, "output_messages": object(), "attributes": "none"},
        {"input_messages": [None], "output_messages": [host.OutputMessage(None, None)]},
        {"input_messages": asked(Text(None)), "output_messages": [SimpleNamespace()], "request_model": 5},
    ],
)
def test_nothing_usable_is_no_trouble(fields: dict[str, Any]) -> None:
    found = seen(chat(**fields))
    assert not (found.subject.output or "").strip()
    assert found.skip is None or found.skip.reason == "no_content"


class SpitefulError(Exception):
    """What no part of the standard library raises."""


def test_an_object_that_raises_whatever_it_is_asked() -> None:
    class LLMInvocation:
        def __getattribute__(self, name: str) -> Any:
            if name == "__class__":
                return LLMInvocation
            raise SpitefulError(name)

    found = invocation_of(LLMInvocation())
    assert (found.kind, found.target) == ("LLMInvocation", Target())
    assert found.seen.skip is not None
    assert found.seen.skip.reason == "no_content"


def test_parts_that_raise_leave_the_others_alone() -> None:
    class Broken:
        type = "text"

        @property
        def content(self) -> str:
            raise SpitefulError

        def __eq__(self, other: object) -> bool:
            raise SpitefulError

        __hash__ = None  # type: ignore[assignment]  it is compared all the same

    class Unending:
        def __iter__(self) -> Iterator[str]:
            while True:
                yield "never asked"

    invocation = chat(output_messages=answered(Broken(), Text("Paris."), Unending()))
    assert seen(invocation).subject.output is not None
    assert "Paris." in (seen(invocation).subject.output or "")


def test_arguments_that_hold_themselves_and_much_else() -> None:
    loop: dict[str, Any] = {}
    loop["again"] = [loop] * 20
    wide: list[Any] = []
    for _ in range(9):
        wide = [wide] * 9
    calls = [host.ToolCall(name="f", arguments=loop), host.ToolCall(name="g", arguments=wide)]
    subject = seen(chat(output_messages=answered(Text("ok"), *calls))).subject
    assert [call.name for call in subject.tool_calls] == ["f", "g"]


def test_a_megabyte_of_text() -> None:
    text = "word " * 200_000
    found = seen(chat(output_messages=answered(Text(text)), attributes={"context": [text]}))
    assert found.subject.output == text.strip()
    assert len(found.subject.context[0].content) == len(text.strip())


json_like = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["type", "content", "role", "parts", "text", "id", "x"]), inner)
        | st.builds(Text, inner)
        | st.builds(host.OutputMessage, inner, inner)
    ),
    max_leaves=8,
)


@given(value=json_like)
def test_whatever_stands_in_its_fields_it_is_read(value: Any) -> None:
    for made in (host.LLMInvocation, host.AgentInvocation, host.Workflow):
        keys = ("context", "documents", "input", "output", "error.type")
        found = invocation_of(
            made(input_messages=value, output_messages=value, attributes=dict.fromkeys(keys[:-1], value))
        )
        assert isinstance(found, Invocation)
        assert isinstance(found.seen, Seen)
        assert found.seen.skip is None or "cannot be read" not in found.seen.skip.message
