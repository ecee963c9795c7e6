"""How the instrumentations of our imagined applications write down what happens.

Keys are those of each one's own documents and code: OpenTelemetry's GenAI conventions as they are now and as
they were (content in log events), OpenInference, OpenLLMetry and the Vercel AI SDK.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from benchmarks.load.traces import Dialect, Step, Trace

Value = str | int | float
Event = tuple[str, dict[str, Any]]
"""The name of a log record and its body."""

SCOPES: Mapping[Dialect, str] = {
    "genai": "opentelemetry.instrumentation.openai_v2",
    "genai_events": "opentelemetry.instrumentation.openai_v2",
    "openinference": "openinference.instrumentation.langchain",
    "openllmetry": "opentelemetry.instrumentation.openai",
    "vercel": "ai",
}


class Written(NamedTuple):
    """A span's name, attributes and, where content is not on the span, log records."""

    name: str
    attributes: dict[str, Value]
    events: tuple[Event, ...] = ()


def written(trace: Trace, step: Step) -> Written:
    """A step as its application's instrumentation records it."""
    if step.kind == "request":
        return Written(
            "POST /ask",
            {"http.request.method": "POST", "url.path": "/ask", "http.response.status_code": 200},
        )
    return _WRITERS[step.application.dialect](trace, step)


def _tokens(text: str) -> int:
    return len(text) // 4 + 1


def _message(role: str, text: str, **more: str) -> dict[str, Any]:
    return {"role": role, "parts": [{"type": "text", "content": text}], **more}


def _provider(model: str) -> str:
    known = {"gpt": "openai", "claude": "anthropic", "gemini": "gcp.gemini", "mistral": "mistral_ai"}
    return known[model.split("-", maxsplit=1)[0]]


def _genai(trace: Trace, step: Step) -> Written:
    """OpenTelemetry's GenAI conventions as they are now."""
    conversation: dict[str, Value] = {"gen_ai.conversation.id": trace.session}
    match step.kind:
        case "chat":
            told: dict[str, Value] = {
                "gen_ai.system_instructions": json.dumps([{"type": "text", "content": step.system}]),
                "gen_ai.input.messages": json.dumps([_message("user", step.text)]),
            }
            if not step.failed:
                told["gen_ai.output.messages"] = json.dumps(
                    [_message("assistant", step.answer, finish_reason="stop")]
                )
            return Written(f"chat {trace.model}", {**_call(trace, step), **conversation, **told})
        case "agent":
            return Written(
                f"invoke_agent {step.application.name}",
                {
                    "gen_ai.operation.name": "invoke_agent",
                    "gen_ai.agent.name": step.application.name,
                    **conversation,
                    "gen_ai.input.messages": json.dumps([_message("user", step.text)]),
                    "gen_ai.output.messages": json.dumps([_message("assistant", step.answer)]),
                },
            )
        case "tool":
            return Written(
                f"execute_tool {step.tool}",
                {
                    "gen_ai.operation.name": "execute_tool",
                    "gen_ai.tool.name": step.tool,
                    "gen_ai.tool.call.arguments": json.dumps({"query": step.text}),
                    "gen_ai.tool.call.result": json.dumps({"result": step.answer}),
                },
            )
        case "retrieve":
            documents = [{"id": str(place), "content": text} for place, text in enumerate(step.documents)]
            return Written(
                "retrieval documents",
                {
                    "gen_ai.operation.name": "retrieval",
                    "gen_ai.retrieval.query.text": step.text,
                    "gen_ai.retrieval.documents": json.dumps(documents),
                },
            )
        case _:
            return Written(
                "embeddings text-embedding-3-small",
                {
                    "gen_ai.operation.name": "embeddings",
                    "gen_ai.request.model": "text-embedding-3-small",
                    "gen_ai.usage.input_tokens": _tokens(step.text),
                },
            )


def _call(trace: Trace, step: Step) -> dict[str, Value]:
    return {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": _provider(trace.model),
        "gen_ai.request.model": trace.model,
        "gen_ai.response.model": trace.model,
        "gen_ai.response.id": f"chatcmpl-{trace.trace_id.hex()[:12]}-{step.place}",
        "gen_ai.request.temperature": 0.2,
        "gen_ai.usage.input_tokens": _tokens(step.system + step.text),
        "gen_ai.usage.output_tokens": _tokens(step.answer),
        "server.address": "llm.example.com",
        "server.port": 443,
    }


def _genai_events(trace: Trace, step: Step) -> Written:
    """The conventions up to 1.36: what was said stands in log records."""
    if step.kind != "chat":
        return _genai(trace, step)
    said: list[Event] = [
        ("gen_ai.system.message", {"content": step.system}),
        ("gen_ai.user.message", {"content": step.text}),
    ]
    if not step.failed:
        message = {"role": "assistant", "content": step.answer}
        said.append(("gen_ai.choice", {"index": 0, "finish_reason": "stop", "message": message}))
    facts = _call(trace, step)
    facts["gen_ai.system"] = facts.pop("gen_ai.provider.name")
    return Written(f"chat {trace.model}", facts, tuple(said))


def _openinference(trace: Trace, step: Step) -> Written:
    kinds = {"chat": "LLM", "agent": "AGENT", "tool": "TOOL", "retrieve": "RETRIEVER", "embed": "EMBEDDING"}
    told: dict[str, Value] = {
        "openinference.span.kind": kinds[step.kind],
        "session.id": trace.session,
        "input.value": step.text,
    }
    if step.answer:
        told["output.value"] = step.answer
    match step.kind:
        case "chat":
            told |= {
                "llm.model_name": trace.model,
                "llm.provider": _provider(trace.model),
                "llm.token_count.prompt": _tokens(step.system + step.text),
                "llm.token_count.completion": _tokens(step.answer),
                "llm.input_messages.0.message.role": "system",
                "llm.input_messages.0.message.content": step.system,
                "llm.input_messages.1.message.role": "user",
                "llm.input_messages.1.message.content": step.text,
            }
            if not step.failed:
                told["llm.output_messages.0.message.role"] = "assistant"
                told["llm.output_messages.0.message.content"] = step.answer
            return Written("ChatCompletion", told)
        case "retrieve":
            for place, text in enumerate(step.documents):
                told[f"retrieval.documents.{place}.document.content"] = text
            return Written("VectorStoreRetriever", told)
        case "tool":
            return Written(step.tool, {**told, "tool.name": step.tool})
        case "agent":
            return Written("AgentExecutor", told)
        case _:
            return Written("Embeddings", told)


def _openllmetry(trace: Trace, step: Step) -> Written:
    entity = {"traceloop.association.properties.session_id": trace.session}
    if step.kind == "chat":
        told: dict[str, Value] = {
            "llm.request.type": "chat",
            "gen_ai.system": _provider(trace.model),
            "gen_ai.request.model": trace.model,
            "gen_ai.response.model": trace.model,
            "gen_ai.prompt.0.role": "system",
            "gen_ai.prompt.0.content": step.system,
            "gen_ai.prompt.1.role": "user",
            "gen_ai.prompt.1.content": step.text,
            "gen_ai.usage.prompt_tokens": _tokens(step.system + step.text),
            "gen_ai.usage.completion_tokens": _tokens(step.answer),
            "llm.usage.total_tokens": _tokens(step.system + step.text + step.answer),
        }
        if not step.failed:
            told |= {
                "gen_ai.completion.0.role": "assistant",
                "gen_ai.completion.0.content": step.answer,
                "gen_ai.completion.0.finish_reason": "stop",
            }
        return Written("openai.chat", {**entity, **told})
    kind, name = ("tool", step.tool) if step.kind == "tool" else ("workflow", step.application.name)
    given = json.dumps({"inputs": {"query": step.text}}) if kind == "tool" else step.text
    return Written(
        f"{name}.{kind}",
        {
            **entity,
            "traceloop.span.kind": kind,
            "traceloop.entity.name": name,
            "traceloop.entity.input": given,
            "traceloop.entity.output": json.dumps({"output": step.answer}),
        },
    )


def _vercel(trace: Trace, step: Step) -> Written:
    provider = f"{_provider(trace.model)}.responses"
    messages = [
        {"role": "system", "content": step.system},
        {"role": "user", "content": [{"type": "text", "text": step.text}]},
    ]
    told: dict[str, Value] = {
        "operation.name": "ai.generateText.doGenerate",
        "ai.operationId": "ai.generateText.doGenerate",
        "ai.model.id": trace.model,
        "ai.model.provider": provider,
        "ai.telemetry.metadata.sessionId": trace.session,
        "ai.prompt.messages": json.dumps(messages),
        "ai.usage.inputTokens": _tokens(step.system + step.text),
        "ai.usage.outputTokens": _tokens(step.answer),
        "gen_ai.system": provider,
        "gen_ai.request.model": trace.model,
    }
    if not step.failed:
        told |= {"ai.response.text": step.answer, "ai.response.finishReason": "stop"}
    return Written("ai.generateText.doGenerate", told)


_WRITERS: Mapping[Dialect, Callable[[Trace, Step], Written]] = {
    "genai": _genai,
    "genai_events": _genai_events,
    "openinference": _openinference,
    "openllmetry": _openllmetry,
    "vercel": _vercel,
}
