"""The wires LiteLLM speaks for us: Bedrock Converse, Cohere v2, Vertex AI for Gemini and for Claude."""

import json
from typing import Any

from spanjudge.judging.models.scripted import fill
from tests.mock_judge import openai
from tests.mock_judge.behaviour import Behaviour, Received
from tests.mock_judge.server import Wire

Json = dict[str, Any]


def _text(schema: Json | None, behaviour: Behaviour) -> str:
    filled: Any = fill(schema) if schema else "I do not know what to answer."
    return behaviour.says(filled)


def bedrock(received: Received, behaviour: Behaviour) -> Json:
    """Converse: the schema as JSON text in `outputConfig`, or a forced tool."""
    body = received.fields
    content: Json
    stop = "end_turn"
    if "outputConfig" in body:
        structure = body["outputConfig"]["textFormat"]["structure"]["jsonSchema"]
        content = {"text": _text(json.loads(structure["schema"]), behaviour)}
    elif "toolConfig" in body:
        tool = body["toolConfig"]["tools"][0]["toolSpec"]
        answer = json.loads(_text(tool["inputSchema"]["json"], behaviour))
        content = {"toolUse": {"toolUseId": "t1", "name": tool["name"], "input": answer}}
        stop = "tool_use"
    else:
        content = {"text": _text(_schema_in(body["messages"][-1]["content"][-1]["text"]), behaviour)}
    return {
        "output": {"message": {"role": "assistant", "content": [content]}},
        "stopReason": behaviour.finish or stop,
        "usage": {"inputTokens": 100, "outputTokens": 20, "totalTokens": 120, **(behaviour.usage or {})},
        "metrics": {"latencyMs": 1},
    }


def cohere(received: Received, behaviour: Behaviour) -> Json:
    """Chat v2: its own `response_format`."""
    body = received.fields
    schema = body.get("response_format", {}).get("json_schema")
    text = _text(schema or _schema_in(body["messages"][-1]["content"]), behaviour)
    return {
        "id": "c1",
        "finish_reason": behaviour.finish or "COMPLETE",
        "message": {"role": "assistant", "content": [{"type": "text", "text": text}]},
        "usage": {"tokens": {"input_tokens": 100, "output_tokens": 20}, **(behaviour.usage or {})},
    }


def vertex_gemini(received: Received, behaviour: Behaviour) -> Json:
    """`generateContent`."""
    config: Json = received.fields["generationConfig"]
    schema = config.get("response_json_schema") or config.get("responseJsonSchema")
    blocked: Json = {"promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}}
    parts = [{"text": "a thought", "thought": True}, {"text": _text(schema, behaviour)}]
    answered: Json = {
        "candidates": [
            {"content": {"role": "model", "parts": parts}, "finishReason": behaviour.finish or "STOP"}
        ],
        "modelVersion": behaviour.model or "gemini-2.5-flash",
    }
    counts = {
        "promptTokenCount": 100,
        "candidatesTokenCount": 20,
        "thoughtsTokenCount": 7,
        "totalTokenCount": 127,
    }
    usage = {"usageMetadata": {**counts, **(behaviour.usage or {})}}
    return (blocked if behaviour.refusal is not None else answered) | usage


def vertex_claude(received: Received, behaviour: Behaviour) -> Json:
    """`rawPredict`: a Messages API without a model in the body."""
    body = received.fields
    content: Json
    if "tools" in body:
        tool = body["tools"][0]
        answer = json.loads(_text(tool["input_schema"], behaviour))
        content = {"type": "tool_use", "id": "t1", "name": tool["name"], "input": answer}
    else:
        content = {
            "type": "text",
            "text": _text(_schema_in(body["messages"][-1]["content"][-1]["text"]), behaviour),
        }
    return {
        "id": "m1",
        "type": "message",
        "role": "assistant",
        "model": "claude-haiku-4-5",
        "content": [content],
        "stop_reason": behaviour.finish or ("tool_use" if "tools" in body else "end_turn"),
        "usage": {"input_tokens": 100, "output_tokens": 20, **(behaviour.usage or {})},
    }


def google_token(received: Received, behaviour: Behaviour) -> Json:
    """The service account's `token_uri`."""
    del received, behaviour
    return {"access_token": "google-token", "expires_in": 3600, "token_type": "Bearer"}


def _schema_in(text: str) -> Json | None:
    start = text.rfind('{"type":"object"')
    return json.JSONDecoder().raw_decode(text, start)[0] if start >= 0 else None


WIRES: dict[str, Wire] = {
    "/converse": bedrock,
    "/v2/chat": cohere,
    ":generateContent": vertex_gemini,
    ":rawPredict": vertex_claude,
    "/token": google_token,
    "/chat/completions": openai.completion,
}
