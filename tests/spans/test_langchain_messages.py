"""LangChain's messages: one message in every serialisation is the same message."""

from typing import Any

import pytest

from spanjudge.spans.langchain_messages import langchain_message, langchain_result
from spanjudge.spans.payloads import messages_in, read_input, read_output
from spanjudge.spans.span import Message, ReasoningPart, TextPart, ToolCall, ToolCallPart, ToolResultPart
from tests.spans.dialects.made import packed

CALL: dict[str, Any] = {"name": "w", "args": {"city": "Paris"}, "id": "c1", "type": "tool_call"}
PROVIDER = {"id": "c1", "type": "function", "function": {"name": "w", "arguments": packed({"city": "Paris"})}}
ASKED = ToolCallPart(ToolCall(name="w", arguments={"city": "Paris"}, id="c1"))


def forms(kind: str, written: str, **fields: Any) -> list[Any]:
    return [
        {
            "lc": 1,
            "type": "constructor",
            "id": ["langchain", "schema", "messages", written],
            "kwargs": fields,
        },
        {"type": kind, "data": fields},
        {"type": kind} | fields,
        {"type": written, **fields},
    ]


@pytest.mark.parametrize(
    "value", [*forms("human", "HumanMessage", content="Hi"), ["user", "Hi"], ("human", "Hi")]
)
def test_a_user_s_message(value: Any) -> None:
    assert langchain_message(value) == Message(role="user", parts=(TextPart("Hi"),))


@pytest.mark.parametrize(
    "value",
    [
        *forms("ai", "AIMessage", content="", tool_calls=[CALL]),
        *forms("ai", "AIMessageChunk", content="", additional_kwargs={"tool_calls": [PROVIDER]}),
        *forms("AIMessageChunk", "AIMessage", content=[], tool_calls=[CALL], invalid_tool_calls=[]),
        *forms(
            "ai",
            "AIMessage",
            content=[{"type": "tool_use", "id": "c1", "name": "w", "input": CALL["args"]}],
            tool_calls=[CALL],
        ),
    ],
)
def test_a_call_is_asked_once_wherever_it_stands(value: Any) -> None:
    assert langchain_message(value) == Message(role="assistant", parts=(ASKED,))


@pytest.mark.parametrize(
    "value", forms("tool", "ToolMessage", content="Sunny", tool_call_id="c1", name="w", status="success")
)
def test_a_tool_s_message(value: Any) -> None:
    assert langchain_message(value) == Message(role="tool", parts=(ToolResultPart("Sunny", "c1"),), name="w")


def test_reasoning_other_roles_and_the_older_function_call() -> None:
    thought = {"type": "ai", "content": "Yes.", "additional_kwargs": {"reasoning_content": "Hm."}}
    assert langchain_message(thought) == Message(
        role="assistant", parts=(ReasoningPart("Hm."), TextPart("Yes."))
    )
    critic = {"type": "chat", "role": "critic", "content": "No."}
    assert langchain_message(critic) == Message(role="critic", parts=(TextPart("No."),))
    function = {"name": "w", "arguments": packed({"city": "Paris"})}
    older = {"type": "ai", "content": "", "additional_kwargs": {"function_call": function}}
    found = langchain_message(older)
    assert found is not None
    assert found.tool_calls == (ToolCall(name="w", arguments={"city": "Paris"}),)


@pytest.mark.parametrize(
    "value",
    [
        None,
        "Hi",
        3,
        [],
        {},
        ["a", "b"],
        {"type": "text", "content": "x"},
        {"type": "human"},
        {"id": [], "kwargs": {}},
    ],
)
def test_what_is_no_message(value: Any) -> None:
    assert langchain_message(value) is None


def test_of_several_generations_the_first() -> None:
    message = {"type": "ai", "data": {"content": "A"}}
    nested = {"generations": [[{"text": "A", "message": message}, {"text": "B"}], [{"text": "C"}]]}
    flat = {"generations": [{"text": "A", "message": message}]}
    assert (
        langchain_result(nested)
        == langchain_result(flat)
        == (Message(role="assistant", parts=(TextPart("A"),)),)
    )
    assert langchain_result({"generations": []}) == ()


@pytest.mark.parametrize(
    "written",
    [
        "[HumanMessage(content='Hi', additional_kwargs={}, id=None), AIMessage(content=\"It's\", id='1')]",
        "{'messages': [HumanMessage(content='Hi'), AIMessage(content=\"It's\", usage_metadata={'a': 1})]}",
        packed(["HumanMessage(content='Hi')", 'AIMessage(content="It\'s")']),
        packed({"messages": [[["human", "Hi"], ["ai", "It's"]]]}),
        packed(
            {"kwargs": {"messages": [["human", "Hi"], ["ai", "It's"]]}, "lc": 1, "id": ["ChatPromptValue"]}
        ),
        packed([{"update": {"messages": [["human", "Hi"], ["ai", "It's"]]}, "goto": []}]),
    ],
)
def test_states_prompts_and_reprs_hold_messages(written: str) -> None:
    assert [(m.role, m.text) for m in messages_in(written)] == [("user", "Hi"), ("assistant", "It's")]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"topic": "AI"}, "AI"),
        ({"context": "long", "question": "Why?"}, "Why?"),
        ({"a": "x", "b": "y"}, '{"a": "x", "b": "y"}'),
        ({"n": 3}, '{"n": 3}'),
        ("plain [text", "plain [text"),
        ("", ""),
        (None, None),
    ],
)
def test_a_text_is_found_or_the_value_stays(value: Any, text: str | None) -> None:
    assert read_input(value).text == text


def test_an_output_is_not_read_as_an_input() -> None:
    both = {"input": "Why?", "output": "Because."}
    assert (read_input(both).text, read_output(both).text) == ("Why?", "Because.")
