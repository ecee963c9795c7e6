"""OpenInference beyond the captures: what Haystack, LlamaIndex, CrewAI, smolagents and others write."""

from typing import Any

import pytest

from spanjudge.spans.span import MediaPart, ReasoningPart
from tests.spans.dialects.made import PIXEL, calls, packed, read, texts

KIND = "openinference.span.kind"
IN, OUT = "llm.input_messages", "llm.output_messages"


def test_crewai_agents_have_their_task_and_crews_their_tasks() -> None:
    agent = read(
        {
            KIND: "AGENT",
            "input.value": packed({"agent": "Agent(role=Researcher)", "context": "", "tools": []}),
            "formatted_description": "Research AI agents",
            "graph.node.id": "Researcher",
            "output.value": "Agents are programs.",
        },
        "Researcher._execute_core",
    )
    assert (agent.operation, agent.agent) == ("invoke_agent", "Researcher")
    assert (agent.input_text, agent.output_text) == ("Research AI agents", "Agents are programs.")
    crew = read(
        {
            KIND: "CHAIN",
            "crew_tasks": packed([{"description": "Research"}, {"description": "Write"}]),
            "output.value": packed({"raw": "The report.", "pydantic": None, "tasks_output": []}),
        },
        "Crew.kickoff",
    )
    assert (crew.kind, crew.input_text, crew.output_text) == ("chain", "Research\n\nWrite", "The report.")


def test_haystack_values_are_reprs_and_its_builders_are_no_calls() -> None:
    asked = "ChatMessage(_role=<ChatRole.USER: 'user'>, _content=[TextContent(text='Weather?')], _meta={})"
    call = "ToolCall(tool_name='get_weather', arguments={'city': 'Paris'}, id='c1', extra=None)"
    called = f"ChatMessage(_role=<ChatRole.ASSISTANT: 'assistant'>, _content=[{call}])"
    result = f"ToolCallResult(result='Sunny', origin={call}, error=False)"
    answered = f"ChatMessage(_role=<ChatRole.TOOL: 'tool'>, _content=[{result}])"
    spoken = "ChatMessage(_role=<ChatRole.ASSISTANT: 'assistant'>, _content=[TextContent(text='\"Sunny\".')])"
    agent = read(
        {
            KIND: "AGENT",
            "input.value": packed({"messages": [asked]}),
            "output.value": packed({"messages": [asked, called, answered, spoken]}),
        }
    )
    assert (agent.input_text, agent.output_text, agent.tool_calls) == ("Weather?", '"Sunny".', ())
    assert [message.role for message in agent.output_messages] == ["assistant", "tool", "assistant"]
    builder = read(
        {
            KIND: "LLM",
            "input.value": packed({"question": "?"}),
            "output.value": packed({"prompt": "Answer: ?"}),
            "llm.prompt_template.template": "Answer: {{question}}",
        }
    )
    assert (builder.operation, builder.kind) == (None, "chain")
    assert builder.notes == ("recorded as a model call, but nothing shows that a model was asked",)
    by_hand = read({KIND: "LLM", "input.value": "Why?", "output.value": "Because."})
    assert (by_hand.operation, by_hand.input_text, by_hand.output_text) == ("chat", "Why?", "Because.")


def test_llamaindex_chats_agents_and_nodes() -> None:
    chat = read(
        {
            KIND: "LLM",
            "llm.model_name": "gpt-4o-mini",
            f"{IN}.0.message.role": "MessageRole.SYSTEM",
            f"{IN}.0.message.content": "Be brief.",
            f"{IN}.1.message.role": "user",
            f"{IN}.1.message.contents.0.message_content.type": "text",
            f"{IN}.1.message.contents.0.message_content.text": "Why?",
            "output.value": "assistant: Because.",
            f"{OUT}.0.message.role": "assistant",
            f"{OUT}.0.message.content": "Because.",
        }
    )
    assert (chat.system_prompt, chat.input_text, chat.output_text) == ("Be brief.", "Why?", "Because.")
    workflow = read(
        {
            KIND: "AGENT",
            "input.value": packed({"user_msg": "What is 2+2?", "chat_history": None, "max_iterations": None}),
            "output.value": "AgentOutput(response=ChatMessage(role=<MessageRole.ASSISTANT: 'assistant'>, "
            "additional_kwargs={}, blocks=[TextBlock(block_type='text', text='4')]), tool_calls=[])",
        }
    )
    assert (workflow.input_text, workflow.output_text) == ("What is 2+2?", "4")
    retrieval = read(
        {
            KIND: "RETRIEVER",
            "input.value": packed({"query_bundle": {"query_str": "refunds?"}}),
            "output.value": packed([{"node": {"id_": "n1", "text": "30 days."}, "score": 0.8}]),
        }
    )
    assert (retrieval.input_text, texts(retrieval)) == ("refunds?", ["30 days."])
    assert (retrieval.context[0].id, retrieval.context[0].score) == ("n1", 0.8)
    prepared = read({KIND: "LLM", "llm.model_name": "m"}, "OpenAI._prepare_chat_with_tools")
    assert (prepared.operation, prepared.kind) == (None, "chain")


@pytest.mark.parametrize(
    ("value", "arguments"),
    [
        ("Paris", "Paris"),
        (packed({"city": "Paris"}), {"city": "Paris"}),
        (packed({"kwargs": {"city": "Paris"}}), {"city": "Paris"}),
        (packed({"args": [], "kwargs": {"city": "Paris"}}), {"city": "Paris"}),
        (packed({"args": [{"city": "Paris"}], "kwargs": {}}), {"city": "Paris"}),
        ("{'city': 'Paris'}", {"city": "Paris"}),
        (packed({"name": "w", "args": {"city": "Paris"}, "id": "1", "type": "tool_call"}), {"city": "Paris"}),
    ],
)
def test_arguments_of_tools_in_every_wrapping_and_never_the_schema(value: str, arguments: Any) -> None:
    tool = read(
        {
            KIND: "TOOL",
            "tool.name": "get_weather",
            "tool.parameters": packed({"type": "object", "properties": {"city": {"type": "string"}}}),
            "input.value": value,
            "output.value": "content='Sunny' name='get_weather' tool_call_id='c1'",
        }
    )
    assert (tool.tool_name, tool.tool_arguments, tool.tool_result) == ("get_weather", arguments, "Sunny")
    bare = read({KIND: "TOOL", "tool.name": "now", "tool.parameters": packed({"type": "object"})})
    assert (bare.tool_arguments, bare.tool_result) == (None, None)


def test_completions_and_the_older_function_call() -> None:
    completion = read(
        {
            KIND: "LLM",
            "llm.model_name": "gpt-3.5-turbo-instruct",
            "llm.prompts.0.prompt.text": "Once upon",
            "llm.choices.0.completion.text": " a time.",
            "llm.choices.1.completion.text": " a mattress.",
        }
    )
    assert (completion.input_text, completion.output_text) == ("Once upon", "a time.")
    called = read(
        {
            KIND: "LLM",
            f"{IN}.0.message.role": "user",
            f"{IN}.0.message.content": "Weather?",
            f"{OUT}.0.message.role": "assistant",
            f"{OUT}.0.message.function_call_name": "get_weather",
            f"{OUT}.0.message.function_call_arguments_json": packed({"city": "Paris"}),
        }
    )
    assert (called.output_text, calls(called)) == (None, [("get_weather", {"city": "Paris"})])


def test_one_of_several_choices_and_all_items_of_one_response() -> None:
    asked = {KIND: "LLM", f"{IN}.0.message.role": "user", f"{IN}.0.message.content": "?"}
    choices = {f"{OUT}.{i}.message.role": "assistant" for i in range(2)}
    texts_of_choices = {f"{OUT}.0.message.content": "First.", f"{OUT}.1.message.content": "Second."}
    assert read(asked | choices | texts_of_choices).output_text == "First."
    items = {
        f"{OUT}.0.message.contents.0.message_content.type": "reasoning",
        f"{OUT}.0.message.contents.0.message_content.text": "Hmm.",
        f"{OUT}.1.message.content": "Let me look.",
        f"{OUT}.2.message.role": "assistant",
        f"{OUT}.2.message.tool_calls.0.tool_call.function.name": "search",
        f"{OUT}.2.message.tool_calls.0.tool_call.function.arguments": "{}",
    }
    response = read(asked | choices | items)
    assert (response.output_text, calls(response)) == ("Let me look.", [("search", {})])
    assert ReasoningPart("Hmm.") in response.output_messages[0].parts


def test_more_than_ten_messages_stay_in_order() -> None:
    many = {f"{IN}.{i}.message.role": "user" if i % 2 == 0 else "assistant" for i in range(13)}
    spoken = {f"{IN}.{i}.message.content": f"turn {i}" for i in range(13)}
    span = read({KIND: "LLM"} | many | spoken)
    assert span.input_text == "turn 12"
    assert [message.text for message in span.input_messages] == [f"turn {i}" for i in range(13)]


def test_media_are_named_and_never_kept() -> None:
    prefix = f"{IN}.0.message.contents"
    span = read(
        {
            KIND: "LLM",
            "input.value": packed({"messages": [{"content": f"data:image/png;base64,{PIXEL}"}]}),
            f"{IN}.0.message.role": "user",
            f"{prefix}.0.message_content.type": "text",
            f"{prefix}.0.message_content.text": f"Look: data:image/png;base64,{PIXEL}",
            f"{prefix}.1.message_content.type": "image",
            f"{prefix}.1.message_content.image.image.url": f"data:image/png;base64,{PIXEL}",
            f"{prefix}.2.message_content.type": "audio",
            f"{prefix}.2.message_content.audio.audio.url": "https://example.org/a.mp3",
            f"{OUT}.0.message.role": "assistant",
            f"{OUT}.0.message.content": "A pixel.",
        }
    )
    assert PIXEL not in repr(span)
    assert span.input_text == "Look: [image/png, about 1 KB, not shown]"
    media = [part.description for part in span.input_messages[0].parts if isinstance(part, MediaPart)]
    assert media == ["image/png, about 1 KB, not shown", "audio: https://example.org/a.mp3"]


def test_a_graph_whose_messages_lost_their_content_is_read_from_its_value() -> None:
    span = read(
        {
            KIND: "AGENT",
            f"{IN}.0.message.role": "user",
            "input.value": packed({"messages": [["user", "Hello"]], "remaining_steps": 3}),
            "output.value": packed(
                [{"graph": None, "update": {"messages": [{"type": "ai", "content": "Hi"}]}}]
            ),
        }
    )
    assert (span.input_text, span.output_text) == ("Hello", "Hi")


def test_rerankers_prompts_and_guardrails_are_plumbing_and_documents_without_text_are_told() -> None:
    for kind in ("PROMPT", "GUARDRAIL", "EVALUATOR", "RERANKER", "CHAIN"):
        assert read({KIND: kind, "input.value": "x"}).kind == "chain"
    span = read(
        {
            KIND: "RETRIEVER",
            "input.value": "refunds?",
            "retrieval.documents.0.document.id": "7",
            "retrieval.documents.0.document.score": 0.5,
        }
    )
    assert span.context == ()
    assert span.notes == ("the retrieved documents are recorded without their texts",)


def test_tools_in_three_spellings() -> None:
    schema = {"type": "object", "properties": {"city": {"type": "string"}}}
    for definition in (
        {"type": "function", "function": {"name": "w", "description": "d", "parameters": schema}},
        {"type": "function", "name": "w", "description": "d", "parameters": schema},
        {"name": "w", "description": "d", "input_schema": schema},
    ):
        span = read({KIND: "LLM", "llm.tools.0.tool.json_schema": packed(definition)})
        assert [(tool.name, tool.description, tool.parameters) for tool in span.tools] == [("w", "d", schema)]


def test_embedding_texts_from_the_flattened_form_or_the_request() -> None:
    request = read({KIND: "EMBEDDING", "input.value": packed({"input": ["a", "b"], "model": "e"})})
    assert request.input_texts == ("a", "b")
    plain = read({KIND: "EMBEDDING", "embedding.model_name": "e", "input.value": "a"})
    assert (plain.input_texts, plain.request_model) == (("a",), "e")
