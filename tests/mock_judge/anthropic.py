"""Anthropic's Messages API, with what each generation of Claude refuses."""

import json
from typing import Any

from spanjudge.judging.models.scripted import fill
from tests.mock_judge.behaviour import Behaviour, Received, Rule, error

Json = dict[str, Any]

THOUGHT: Json = {
    "type": "thinking",
    "thinking": '{"explanation": "a thought", "value": false}',
    "signature": "s",
}


def message(received: Received, behaviour: Behaviour) -> Json:
    """A message that fills the request's schema; Claude thinks before it when thinking is on."""
    body = received.fields
    schema = _schema_of(body)
    filled: Any = fill(schema) if schema else "I do not know what to answer."
    text = behaviour.says(filled)
    content: list[Json] = [THOUGHT] if thinks(body) else []
    stop = "end_turn"
    if behaviour.refusal is not None:
        content, stop = [], "refusal"
    elif body.get("tools"):
        answer: Any = json.loads(text)
        content.append(
            {"type": "tool_use", "id": "toolu_1", "name": body["tools"][0]["name"], "input": answer}
        )
        stop = "tool_use"
    elif text:
        half = len(text) // 2
        content += [{"type": "text", "text": text[:half]}, {"type": "text", "text": text[half:]}]
    reply: Json = {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": behaviour.model or body["model"],
        "content": content,
        "stop_reason": behaviour.finish or stop,
        **behaviour.message,
    }
    if behaviour.usage is not None:
        reply["usage"] = {"input_tokens": 100, "output_tokens": 20, **behaviour.usage}
    return reply


def thinks(body: Json) -> bool:
    """Whether thinking is asked for, or left on."""
    return body.get("thinking", {}).get("type") in ("enabled", "adaptive")


def _schema_of(body: Json) -> Json | None:
    answer_format = body.get("output_config", {}).get("format")
    if answer_format:
        return answer_format["schema"]
    if body.get("tools"):
        return body["tools"][0]["input_schema"]
    text: str = body["messages"][0]["content"][-1]["text"]
    start = text.rfind('{"type":"object"')
    return json.JSONDecoder().raw_decode(text, start)[0] if start >= 0 else None


def anthropic_error(
    status: int, kind: str, text: str, *, code: str | None = None, **headers: str
) -> Behaviour:
    """The fifth of the nine shapes."""
    inner: Json = {"type": kind, "message": text}
    if code:
        inner["details"] = {"error_code": code}
    return error(status, {"type": "error", "error": inner, "request_id": "req_1"}, **headers)


def refuse(text: str) -> Behaviour:
    return anthropic_error(400, "invalid_request_error", text)


def required(received: Received) -> Behaviour | None:
    """What every request must have, whatever the model."""
    if "anthropic-version" not in received.headers:
        return refuse("anthropic-version: header is required")
    if "max_tokens" not in received.fields:
        return refuse("max_tokens: Field required")
    if any(part["role"] == "system" for part in received.fields["messages"]):
        return refuse('messages: Unexpected role "system"')
    return None


def consistent(received: Received) -> Behaviour | None:
    """What does not go together, whatever the model."""
    body = received.fields
    thinking = body.get("thinking", {})
    if thinking.get("type") == "enabled" and not 1024 <= thinking["budget_tokens"] < body["max_tokens"]:
        return refuse("max_tokens must be greater than thinking.budget_tokens, which is at least 1024")
    if thinks(body) and "temperature" in body:
        return refuse("temperature may only be set to 1 when thinking is enabled")
    if "tools" in body and "output_config" in body and "format" in body["output_config"]:
        return refuse("output_config.format: not together with tools")
    return None


def no_sampling(received: Received) -> Behaviour | None:
    """Opus 4.7 and later, and every model on the later API version."""
    for name in ("temperature", "top_p", "top_k"):
        if name in received.fields:
            return refuse(f"{name}: Extra inputs are not permitted")
    return None


def no_structured_output(received: Received) -> Behaviour | None:
    """The 3-5 family and gateways in front of it."""
    if "format" in received.fields.get("output_config", {}):
        return refuse("output_config.format: structured outputs are not supported for this model")
    return None


def no_forced_tool(received: Received) -> Behaviour | None:
    """Opus 5.5, Sonnet 5.5."""
    if received.fields.get("tool_choice", {}).get("type") == "tool":
        return refuse('tool_choice: "tool" is not supported by this model')
    return None


def no_forced_tool_while_thinking(received: Received) -> Behaviour | None:
    """Up to Opus 4.5."""
    if thinks(received.fields) and "tool_choice" in received.fields:
        return refuse("Thinking may not be enabled when tool_choice forces tool use.")
    return None


def thinking_only(*kinds: str) -> Rule:
    """`thinking.type` must be one of these, or left out."""

    def rule(received: Received) -> Behaviour | None:
        kind = received.fields.get("thinking", {}).get("type")
        if kind is not None and kind not in kinds:
            return refuse(f"thinking.type: Input should be one of {kinds}, not {kind}")
        return None

    return rule


def cap(most: int) -> Rule:
    """The model's largest `max_tokens`."""

    def rule(received: Received) -> Behaviour | None:
        if received.fields["max_tokens"] > most:
            return refuse(f"max_tokens: {received.fields['max_tokens']} > {most}")
        return None

    return rule
