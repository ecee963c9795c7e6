"""Whatever stands under a dialect's keys, its reader gives fields of the right kind or none, and no bytes."""

import base64
import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from spanjudge.spans.dialects import haystack, langfuse, langsmith, mlflow, openinference, vercel
from spanjudge.spans.dialects.found import Dialect
from spanjudge.spans.span import Document, Message, ToolCall, ToolDefinition
from tests.spans.dialects.made import raw_span
from tests.spans.dialects.made import read as read_span

KEYS: dict[str, tuple[Dialect, dict[str, list[str]], list[str]]] = {
    "openinference": (
        openinference.read,
        {
            "openinference.span.kind": [
                "LLM",
                "AGENT",
                "TOOL",
                "RETRIEVER",
                "EMBEDDING",
                "RERANKER",
                "CHAIN",
                "PROMPT",
                "nonsense",
            ]
        },
        [
            "input.value",
            "output.value",
            "llm.input_messages",
            "llm.input_messages.0",
            "llm.input_messages.0.message",
            "llm.input_messages.0.message.role",
            "llm.input_messages.0.message.content",
            "llm.input_messages.0.message.contents",
            "llm.input_messages.0.message.contents.0.message_content.type",
            "llm.input_messages.0.message.contents.0.message_content.text",
            "llm.input_messages.0.message.contents.0.message_content.image.image.url",
            "llm.input_messages.99999999999999999999.message.role",
            "llm.output_messages.1.message.tool_calls.0.tool_call.function.name",
            "llm.output_messages.1.message.tool_calls.0.tool_call.function.arguments",
            "llm.output_messages.1.message.tool_calls.0.tool_call",
            "llm.output_messages.0.message.function_call_name",
            "llm.tools.0.tool.json_schema",
            "llm.tools",
            "llm.prompts.0.prompt.text",
            "llm.choices.0.completion.text",
            "llm.invocation_parameters",
            "llm.model_name",
            "llm.token_count.prompt",
            "llm.token_count.completion",
            "tool.name",
            "retrieval.documents",
            "retrieval.documents.0.document.content",
            "retrieval.documents.0.document.score",
            "retrieval.documents.0.document.id",
            "reranker.output_documents.0.document.content",
            "embedding.embeddings.0.embedding.text",
            "embedding.invocation_parameters",
            "crew_tasks",
            "session.id",
        ],
    ),
    "langsmith": (
        langsmith.read,
        {"langsmith.span.kind": ["llm", "chain", "tool", "retriever", "prompt", "parser", "embedding", "?"]},
        [
            "gen_ai.prompt",
            "gen_ai.completion",
            "gen_ai.tool.definitions",
            "gen_ai.tool.name",
            "gen_ai.request.model",
            "gen_ai.usage.input_tokens",
            "langsmith.metadata.usage_metadata",
            "langsmith.metadata.ls_model_name",
        ],
    ),
    "langfuse": (
        langfuse.read,
        {
            "langfuse.observation.type": [
                "generation",
                "agent",
                "tool",
                "retriever",
                "embedding",
                "chain",
                "event",
                "?",
            ]
        },
        [
            "langfuse.observation.input",
            "langfuse.observation.output",
            "langfuse.observation.usage_details",
            "langfuse.observation.model.name",
            "langfuse.observation.level",
            "langfuse.trace.input",
            "langfuse.trace.output",
        ],
    ),
    "mlflow": (
        mlflow.read,
        {"mlflow.spanType": ["CHAT_MODEL", '"LLM"', '"AGENT"', '"TOOL"', '"RETRIEVER"', '"EMBEDDING"', "?"]},
        [
            "mlflow.spanInputs",
            "mlflow.spanOutputs",
            "mlflow.chat.tools",
            "mlflow.chat.tokenUsage",
            "mlflow.llm.model",
            "model",
        ],
    ),
    "vercel": (
        vercel.read,
        {
            "ai.operationId": [
                "ai.generateText",
                "ai.generateText.doGenerate",
                "ai.streamObject.doStream",
                "ai.toolCall",
                "ai.embedMany",
                "ai.new",
            ]
        },
        [
            "ai.prompt",
            "ai.prompt.messages",
            "ai.prompt.tools",
            "ai.response.text",
            "ai.response.object",
            "ai.response.toolCalls",
            "ai.response.reasoning",
            "ai.result.toolCalls",
            "ai.toolCall.name",
            "ai.toolCall.args",
            "ai.toolCall.result",
            "ai.value",
            "ai.values",
            "ai.usage.inputTokens",
            "ai.model.id",
        ],
    ),
    "haystack": (
        haystack.read,
        {
            "haystack.component.type": [
                "OpenAIChatGenerator",
                "OpenAIGenerator",
                "Agent",
                "TextEmbedder",
                "Retriever",
                "?",
            ]
        },
        [
            "haystack.component.input",
            "haystack.component.output",
            "haystack.component.name",
            "haystack.pipeline.input_data",
            "haystack.pipeline.output_data",
            "haystack.agent.input",
            "haystack.agent.output",
            "haystack.agent.tools",
            "haystack.tool.name",
        ],
    ),
}
"""Each dialect's reader, the attribute that says the kind of a span, and the keys it reads."""

WORDS = st.sampled_from(
    [
        "messages",
        "role",
        "content",
        "parts",
        "type",
        "text",
        "tool_calls",
        "function",
        "name",
        "arguments",
        "args",
        "kwargs",
        "input",
        "output",
        "generations",
        "message",
        "data",
        "lc",
        "id",
        "user",
        "assistant",
        "tool",
        "system",
        "human",
        "ai",
        "constructor",
        "HumanMessage",
        "choices",
        "query",
        "documents",
        "page_content",
        "node",
        "score",
        "contents",
        "image",
        "image_url",
        "url",
        "tool_call",
        "tool_call_result",
        "result",
        "origin",
        "blocks",
        "block_type",
        "_role",
        "_content",
        "candidates",
        "update",
        "instructions",
        "replies",
        "meta",
        "usage",
        "prompt",
        "items",
        "function_call",
        "function_call_output",
        "reasoning",
        "summary",
        "output_text",
        "value",
        "toolName",
        "toolCallId",
        "tools",
    ]
)
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-5, 10**20),
    st.floats(),
    WORDS,
    st.text(max_size=20),
    st.binary(max_size=8),
    st.sampled_from(
        [
            "",
            "[",
            "{",
            "NaN",
            "[NaN]",
            '"',
            "\ud800",
            "[HumanMessage(content='a'), AIMessage(content=",
            "ChatMessage(_role=<ChatRole.USER: 'user'>, _content=[TextContent(text='a')])",
            "content='x' tool_call_id='c'",
            "(" * 200,
            "[" * 3000,
            "{'a': " * 100,
            "-" * 500 + "1",
        ]
    ),
)
STRUCTURES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(WORDS, inner, max_size=5),
    max_leaves=15,
)


def encoded(value: Any) -> Any:
    return json.dumps(value, default=str)


VALUES = st.one_of(STRUCTURES, STRUCTURES.map(encoded), STRUCTURES.map(lambda v: encoded(encoded(v))))


@st.composite
def spans(draw: st.DrawFn) -> tuple[Dialect, dict[str, Any]]:
    read, kinds, keys = draw(st.sampled_from(list(KEYS.values())))
    attributes: dict[str, Any] = draw(st.dictionaries(st.sampled_from(keys), VALUES, max_size=6))
    ((kind, words),) = kinds.items()
    attributes[kind] = draw(st.sampled_from(words) | VALUES)
    return read, attributes


def check(found: Any) -> None:
    texts = (found.system_prompt, found.input_text, found.output_text, found.tool_name, found.tool_result)
    names = (found.request_model, found.response_model, found.conversation_id, found.agent, found.provider)
    assert all(text is None or isinstance(text, str) for text in (*texts, *names))
    counts = (found.input_tokens, found.output_tokens)
    assert all(count is None or (type(count) is int and count >= 0) for count in counts)
    kinds: list[tuple[Any, type]] = [
        (found.input_messages, Message),
        (found.output_messages, Message),
        (found.tools, ToolDefinition),
        (found.tool_calls, ToolCall),
        (found.context, Document),
        (found.input_texts, str),
    ]
    for items, kind in kinds:
        listed: tuple[Any, ...] = items or ()
        assert type(listed) is tuple
        assert {type(item) for item in listed} <= {kind}
    for message in (*(found.input_messages or ()), *(found.output_messages or ())):
        assert isinstance(message.role, str)
        assert isinstance(message.text, str)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(spans())
def test_readers_never_raise_and_keep_to_their_types(case: tuple[Dialect, dict[str, Any]]) -> None:
    read, attributes = case
    before = repr(attributes)
    found = read(raw_span(attributes), ())
    assert repr(attributes) == before
    assert found is not None
    check(found)


BYTES = base64.b64encode(bytes(range(256)) * 10).decode()
HIDDEN: list[Any] = [
    f"data:image/png;base64,{BYTES}",
    {
        "messages": [
            {"role": "user", "content": [{"type": "image", "source": {"type": "base64", "data": BYTES}}]}
        ]
    },
    [
        {
            "role": "user",
            "content": [{"type": "image_url", "image_url": {"url": f"data:image/png;base64,{BYTES}"}}],
        }
    ],
    {"role": "user", "content": f"see data:image/png;base64,{BYTES} there"},
    {"output": f"data:application/pdf;base64,{BYTES}", "kwargs": {"image": BYTES}},
    {"image": BYTES},
    [{"page_content": f"data:image/png;base64,{BYTES}"}],
]


NAMES = (
    "name",
    "model",
    "id",
    "role",
    "type",
    "score",
    "count.prompt",
    "count.completion",
    "Tokens",
    "level",
)


@pytest.mark.parametrize("name", KEYS)
@pytest.mark.parametrize("hidden", HIDDEN)
def test_no_span_keeps_the_bytes_of_media(name: str, hidden: Any) -> None:
    _, kinds, keys = KEYS[name]
    ((kind, words),) = kinds.items()
    content = [key for key in keys if not key.endswith(NAMES)]
    for word in words:
        for value in (hidden, encoded(hidden)):
            attributes: dict[str, Any] = dict.fromkeys(content, value) | {kind: word}
            assert BYTES[:200] not in repr(read_span(attributes)), word


def test_a_span_of_another_dialect_is_nobody_s() -> None:
    raw = raw_span({"http.method": "GET"})
    assert [read(raw, ()) for read, _, _ in KEYS.values()] == [None] * len(KEYS)
