"""One event for each message: log records, events of the span, lists in attributes."""

import json
from typing import Any

import pytest

from spanjudge.spans.normalize import normalize
from spanjudge.spans.raw import LogEvent
from spanjudge.spans.span import MediaPart, ReasoningPart, TextPart, ToolCall, ToolResultPart
from tests.spans.made import SPAN, TRACE, log_events, raw_span

CHAT = {"gen_ai.operation.name": "chat", "gen_ai.system": "openai", "gen_ai.request.model": "m"}
CALL = {"id": "1", "type": "function", "function": {"name": "look", "arguments": '{"city": "Paris"}'}}
SYSTEM, USER = "gen_ai.system.message", "gen_ai.user.message"
ASSISTANT, TOOL, CHOICE = "gen_ai.assistant.message", "gen_ai.tool.message", "gen_ai.choice"

CONVERSATION: list[tuple[str, dict[str, Any]]] = [
    (SYSTEM, {"content": "Be brief."}),
    (USER, {"content": "Where?"}),
    (ASSISTANT, {"tool_calls": [CALL]}),
    (TOOL, {"content": "a map", "id": "1"}),
    (CHOICE, {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "There."}}),
]


def holds(span: Any) -> bool:
    return (
        (span.system_prompt, span.input_text, span.output_text) == ("Be brief.", "Where?", "There.")
        and [message.role for message in span.input_messages] == ["system", "user", "assistant", "tool"]
        and span.input_messages[2].tool_calls == (ToolCall(name="look", arguments={"city": "Paris"}, id="1"),)
        and span.input_messages[3].parts == (ToolResultPart("a map", "1"),)
    )


def test_log_records_with_a_body() -> None:
    assert holds(normalize(raw_span(CHAT), log_events(*CONVERSATION)))


def test_log_records_with_json_text_as_body() -> None:
    logs = log_events(*((name, json.dumps(body)) for name, body in CONVERSATION))

    assert holds(normalize(raw_span(CHAT), logs))


def test_log_records_in_any_order_of_arrival() -> None:
    logs = list(reversed(log_events(*CONVERSATION)))

    assert holds(normalize(raw_span(CHAT), logs))


def test_log_records_of_one_moment_are_in_the_order_of_their_numbers() -> None:
    logs = [
        LogEvent(trace_id=TRACE, span_id=SPAN, name=USER, body=text, attributes={"CHAT_MESSAGE_INDEX": place})
        for place, text in ((2, "second"), (1, "first"))
    ]

    assert normalize(raw_span(CHAT), logs).input_text == "second"


def test_span_events_with_attributes() -> None:
    events = [(name, {**body, "message": body.get("message")}) for name, body in CONVERSATION]

    assert holds(normalize(raw_span(CHAT, events=events)))


@pytest.mark.parametrize("key", ["events", "all_messages_events"])
def test_a_list_of_events_in_an_attribute(key: str) -> None:
    listed = [{**body, "event.name": name} for name, body in CONVERSATION]

    assert holds(normalize(raw_span({**CHAT, key: json.dumps(listed)})))


def test_azure_puts_the_message_into_one_attribute() -> None:
    events = [(name, {"gen_ai.event.content": json.dumps(body)}) for name, body in CONVERSATION]

    assert holds(normalize(raw_span(CHAT, events=events)))


def test_an_agents_run_without_a_choice_ends_with_its_answer() -> None:
    run = [*CONVERSATION[:-1], (ASSISTANT, {"content": "There."})]
    listed = [{**body, "event.name": name} for name, body in run]
    span = normalize(raw_span({"all_messages_events": json.dumps(listed), "agent_name": "guide"}))

    assert (span.operation, span.agent) == ("invoke_agent", "guide")
    assert holds(span)


def test_google_genai_writes_its_own_contents() -> None:
    logs = log_events(
        (SYSTEM, {"content": "Be brief."}),
        (USER, {"content": {"role": "user", "parts": [{"text": "Where?"}]}}),
        (CHOICE, {"index": 0, "content": {"role": "model", "parts": [{"text": "Th"}]}}),
        (
            CHOICE,
            {"index": 1, "content": {"role": "model", "parts": [{"text": "ere."}]}, "finish_reason": "STOP"},
        ),
    )
    span = normalize(raw_span(CHAT), logs)

    assert (span.system_prompt, span.input_text, span.output_text) == ("Be brief.", "Where?", "There.")


def test_bedrock_writes_blocks() -> None:
    logs = log_events(
        (USER, {"content": [{"text": "Where?"}]}),
        (
            ASSISTANT,
            {"content": [{"toolUse": {"toolUseId": "1", "name": "look", "input": {"city": "Paris"}}}]},
        ),
        (USER, {"content": [{"toolResult": {"toolUseId": "1", "content": [{"text": "a map"}]}}]}),
        (CHOICE, {"index": 0, "finish_reason": "end_turn", "message": {"content": [{"text": "There."}]}}),
    )
    span = normalize(raw_span(CHAT), logs)

    assert (span.input_text, span.output_text) == ("Where?", "There.")
    assert span.input_messages[2].role == "tool"


def test_of_several_choices_the_first_is_the_answer() -> None:
    choices = [
        (CHOICE, {"index": index, "finish_reason": "stop", "message": {"content": text}})
        for index, text in ((1, "No."), (0, "Yes."))
    ]

    assert normalize(raw_span(CHAT), log_events(*choices)).output_text == "Yes."


@pytest.mark.parametrize("content", [None, "", []])
def test_a_choice_that_only_calls_tools_has_no_text(content: object) -> None:
    message = {"role": "assistant", "content": content, "tool_calls": [CALL]}
    span = normalize(raw_span(CHAT), log_events((CHOICE, {"index": 0, "message": message})))

    assert span.output_text is None
    assert span.tool_calls == (ToolCall(name="look", arguments={"city": "Paris"}, id="1"),)


def test_json_that_a_user_sends_stays_text() -> None:
    text = '{"name": "a", "items": [1, 2]}'
    events = [(USER, {"content": text}), (USER, {"content": "[1, 2]"})]
    span = normalize(raw_span(CHAT, events=events))

    assert [message.parts for message in span.input_messages] == [(TextPart(text),), (TextPart("[1, 2]"),)]


class TestStrands:
    SYSTEM_NAME = "strands-agents"

    def test_a_chat_span(self) -> None:
        use = {"toolUse": {"toolUseId": "1", "name": "look", "input": {"city": "Paris"}}}
        result = {"toolResult": {"toolUseId": "1", "status": "success", "content": [{"text": "a map"}]}}
        events = [
            (USER, {"content": json.dumps([{"text": "Where?"}])}),
            (ASSISTANT, {"content": json.dumps([use])}),
            (TOOL, {"content": json.dumps([result])}),
            (CHOICE, {"finish_reason": "end_turn", "message": json.dumps([{"text": "There.\n"}])}),
        ]
        span = normalize(raw_span({**CHAT, "gen_ai.system": self.SYSTEM_NAME}, events=events))

        assert (span.input_text, span.output_text) == ("Where?", "There.")
        assert span.input_messages[2].parts == (ToolResultPart("a map", "1"),)
        assert (span.provider, span.framework) == (None, self.SYSTEM_NAME)

    def test_a_choice_that_calls_a_tool(self) -> None:
        said = [
            {"text": "Let me see."},
            {"toolUse": {"toolUseId": "1", "name": "look", "input": {"city": "Paris"}}},
        ]
        events = [(CHOICE, {"finish_reason": "tool_use", "message": json.dumps(said)})]
        span = normalize(raw_span(CHAT, events=events))

        assert span.output_text == "Let me see."
        assert span.tool_calls == (ToolCall(name="look", arguments={"city": "Paris"}, id="1"),)

    def test_an_agent_span_answers_in_plain_text(self) -> None:
        attributes = {
            "gen_ai.operation.name": "invoke_agent",
            "gen_ai.agent.tools": '["look"]',
            "gen_ai.agent.system_prompt": "Be brief.",
        }
        events = [
            (USER, {"content": '[{"text": "Where?"}]'}),
            (CHOICE, {"message": "There.\n", "finish_reason": "end_turn"}),
        ]
        span = normalize(raw_span(attributes, events=events))

        assert (span.system_prompt, span.input_text, span.output_text) == ("Be brief.", "Where?", "There.")
        assert [tool.name for tool in span.tools] == ["look"]

    def test_a_tool_span(self) -> None:
        events = [
            (TOOL, {"role": "tool", "content": '{"city": "Paris"}', "id": "1"}),
            (CHOICE, {"message": '[{"text": "a map"}]', "id": "1"}),
        ]
        attributes = {"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "look"}
        span = normalize(raw_span(attributes, events=events))

        assert (span.tool_name, span.tool_arguments, span.tool_result) == ("look", {"city": "Paris"}, "a map")

    def test_blocks_that_are_no_text(self) -> None:
        blocks = [
            {"text": "Where?"},
            {"image": {"format": "png", "source": {"bytes": "iVBORw0KGgo"}}},
            {"cachePoint": {"type": "default"}},
            {"reasoningContent": {"reasoningText": {"text": "Hm."}}},
        ]
        (message,) = normalize(
            raw_span(CHAT, events=[(USER, {"content": json.dumps(blocks)})])
        ).input_messages

        assert message.parts == (TextPart("Where?"), MediaPart("png"), ReasoningPart("Hm."))


class TestContentEvents:
    def test_texts(self) -> None:
        events = [
            ("gen_ai.content.prompt", {"gen_ai.prompt": "Where?"}),
            ("gen_ai.content.completion", {"gen_ai.completion": "There."}),
        ]
        span = normalize(raw_span(CHAT, events=events))

        assert (span.input_text, span.output_text) == ("Where?", "There.")

    def test_json_of_messages(self) -> None:
        prompt = json.dumps(
            [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Where?"}]
        )
        completion = json.dumps([{"role": "assistant", "content": "There."}])
        events = [
            ("gen_ai.content.prompt", {"gen_ai.prompt": prompt}),
            ("gen_ai.content.completion", {"gen_ai.completion": completion}),
        ]
        span = normalize(raw_span(CHAT, events=events))

        assert (span.system_prompt, span.input_text, span.output_text) == ("Be brief.", "Where?", "There.")

    def test_a_list_of_texts(self) -> None:
        events = [("gen_ai.content.prompt", {"gen_ai.prompt": ["Be brief.", "Where?"]})]

        assert normalize(raw_span(CHAT, events=events)).input_text == "Where?"
