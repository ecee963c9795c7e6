"""The Vercel AI SDK in its versions: names of 3 to 6, objects, tools, media, embeddings."""

from typing import Any

import pytest

from spanjudge.spans.span import ReasoningPart, ToolResultPart
from tests.spans.dialects.made import PIXEL, calls, packed, read

ID = "ai.operationId"


@pytest.mark.parametrize(
    ("name", "operation"),
    [
        ("ai.generateText", "invoke_agent"),
        ("ai.generateText.doGenerate", "chat"),
        ("ai.streamText", "invoke_agent"),
        ("ai.streamText.doStream", "chat"),
        ("ai.generateObject", "invoke_agent"),
        ("ai.generateObject.doGenerate", "chat"),
        ("ai.streamObject", "invoke_agent"),
        ("ai.streamObject.doStream", "chat"),
        ("ai.toolCall", "execute_tool"),
        ("ai.embed", "embeddings"),
        ("ai.embed.doEmbed", "embeddings"),
        ("ai.embedMany.doEmbed", "embeddings"),
    ],
)
def test_every_operation(name: str, operation: str) -> None:
    assert read({ID: name}).operation == operation


@pytest.mark.parametrize("era", ["response", "result"])
def test_answers_of_old_and_new_versions(era: str) -> None:
    span = read(
        {
            ID: "ai.streamText.doStream",
            "ai.model.id": "gpt-4o",
            "ai.model.provider": "azure-openai.chat",
            "ai.prompt.messages": packed([{"role": "user", "content": "Weather?"}]),
            f"ai.{era}.text": "Looking.",
            f"ai.{era}.toolCalls": packed(
                [
                    {
                        "type": "tool-call",
                        "toolCallId": "c1",
                        "toolName": "w",
                        "args": packed({"city": "Paris"}),
                    }
                ]
            ),
            "ai.usage.promptTokens": 5,
            "ai.usage.completionTokens": 7,
        }
    )
    assert (span.input_text, span.output_text) == ("Weather?", "Looking.")
    assert calls(span) == [("w", {"city": "Paris"})]
    assert span.usage is not None
    assert (span.usage.input, span.usage.output, span.provider) == (5, 7, "azure.ai.openai")


@pytest.mark.parametrize(
    ("output", "text"),
    [
        ({"output": {"type": "text", "value": "Sunny"}}, "Sunny"),
        ({"output": {"type": "json", "value": {"sky": "clear"}}}, '{"sky": "clear"}'),
        ({"output": {"type": "content", "value": [{"type": "text", "text": "Sunny"}]}}, "Sunny"),
        ({"output": {"type": "error-text", "value": "no such city"}}, "no such city"),
        ({"result": "Sunny"}, "Sunny"),
        ({"result": {"sky": "clear"}}, '{"sky": "clear"}'),
    ],
)
def test_results_of_tools_in_the_conversation(output: dict[str, Any], text: str) -> None:
    called = {"type": "tool-call", "toolCallId": "c1", "toolName": "w", "input": {"city": "Paris"}}
    given = {"type": "tool-result", "toolCallId": "c1", "toolName": "w"} | output
    span = read(
        {
            ID: "ai.generateText.doGenerate",
            "ai.prompt.messages": packed(
                [
                    {"role": "system", "content": "Be brief."},
                    {"role": "user", "content": [{"type": "text", "text": "Weather?"}]},
                    {"role": "assistant", "content": [{"type": "reasoning", "text": "Hm."}, called]},
                    {"role": "tool", "content": [given]},
                ]
            ),
            "ai.response.text": "Sunny.",
        }
    )
    _, _, assistant, tool = span.input_messages
    assert assistant.parts[0] == ReasoningPart("Hm.")
    assert assistant.tool_calls[0].arguments == {"city": "Paris"}
    assert tool.parts == (ToolResultPart(text, "c1"),)
    assert (span.input_text, span.system_prompt) == ("Weather?", "Be brief.")


@pytest.mark.parametrize(
    "prompt",
    [
        {"system": "Be brief.", "prompt": "Why?"},
        {"system": "Be brief.", "messages": [{"role": "user", "content": "Why?"}]},
        {"system": "Be brief.", "prompt": [{"role": "user", "content": [{"type": "text", "text": "Why?"}]}]},
        {"messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Why?"}]},
        {"system": [{"role": "system", "content": "Be brief."}], "prompt": "Why?"},
        {"system": "Be brief.", "messages": [{"role": "user", "parts": [{"type": "text", "text": "Why?"}]}]},
    ],
)
def test_prompts_of_the_outer_span(prompt: dict[str, Any]) -> None:
    span = read({ID: "ai.generateText", "ai.prompt": packed(prompt), "ai.response.text": "So."})
    assert (span.system_prompt, span.input_text, span.output_text) == ("Be brief.", "Why?", "So.")


def test_objects_are_written_one_way_and_reasoning_is_kept_apart() -> None:
    span = read(
        {
            ID: "ai.streamObject.doStream",
            "ai.response.object": '{"city":"Paris","n":[1,2]}',
            "ai.response.reasoning": "Easy.",
        }
    )
    assert span.output_text == '{"city": "Paris", "n": [1, 2]}'
    assert span.output_messages[0].parts[0] == ReasoningPart("Easy.")


def test_tools_are_a_list_of_json_texts() -> None:
    schema: dict[str, Any] = {"type": "object", "properties": {}}
    flat = {"type": "function", "name": "a", "description": "d", "inputSchema": schema}
    older = {"type": "function", "name": "b", "parameters": schema}
    provider: dict[str, Any] = {
        "type": "provider-defined",
        "id": "openai.web_search",
        "name": "web_search",
        "args": {},
    }
    span = read(
        {ID: "ai.generateText.doGenerate", "ai.prompt.tools": [packed(t) for t in (flat, older, provider)]}
    )
    assert [(tool.name, tool.parameters) for tool in span.tools] == [
        ("a", schema),
        ("b", schema),
        ("web_search", None),
    ]


@pytest.mark.parametrize(
    ("result", "text"),
    [
        ('"Sunny"', "Sunny"),
        (packed({"sky": "clear"}), '{"sky": "clear"}'),
        (packed({"content": [{"type": "text", "text": "Sunny"}], "isError": False}), "Sunny"),
        (None, None),
    ],
)
def test_tool_spans(result: str | None, text: str | None) -> None:
    given = {
        ID: "ai.toolCall",
        "ai.toolCall.name": "w",
        "ai.toolCall.args": packed({"city": "Paris"}),
        "ai.toolCall.result": result,
    }
    span = read({key: value for key, value in given.items() if value is not None})
    assert (span.tool_name, span.tool_arguments, span.tool_result) == ("w", {"city": "Paris"}, text)


@pytest.mark.parametrize(
    "image",
    [
        {"type": "image", "image": PIXEL * 30},
        {"type": "image", "image": f"data:image/png;base64,{PIXEL}"},
        {"type": "image", "image": {"type": "Buffer", "data": [137, 80, 78, 71]}},
        {"type": "file", "mediaType": "application/pdf", "data": PIXEL * 30},
        {"type": "file", "mimeType": "application/pdf", "data": {"0": 137, "1": 80}},
    ],
)
def test_media_are_named_and_never_kept(image: dict[str, Any]) -> None:
    parts = [{"type": "text", "text": "Look"}, image]
    messages = packed([{"role": "user", "content": parts}])
    span = read({ID: "ai.generateText.doGenerate", "ai.prompt.messages": messages})
    assert span.input_text == "Look"
    assert len(span.input_messages[0].parts) == 2
    assert "iVBOR" not in repr(span)
    assert "137" not in repr(span)


def test_an_embedded_value_and_the_conversation() -> None:
    span = read(
        {ID: "ai.embed", "ai.value": '"a text"', "ai.telemetry.metadata.sessionId": "s1", "ai.model.id": "e"}
    )
    assert (span.input_texts, span.conversation_id, span.request_model) == (("a text",), "s1", "e")
