"""The OpenAI-compatible wire and Ollama's own, with the rules their families enforce."""

import json
import re
from typing import Any

from spanjudge.judging.models.scripted import fill
from tests.mock_judge import deepeval
from tests.mock_judge.behaviour import Behaviour, Received, Rule, error, openai_error

Json = dict[str, Any]


def schema_of(received: Received) -> Json | None:
    """The schema the answer must fit: of the response format, of the tool, or as written in the prompt."""
    body: Json = received.body
    answer_format: Any = body.get("response_format") or {}
    if answer_format.get("type") == "json_schema":
        return answer_format["json_schema"]["schema"]
    if body.get("tools"):
        return body["tools"][0]["function"]["parameters"]
    if isinstance(body.get("format"), dict):
        return body["format"]
    return schema_in_prompt(received)


def schema_in_prompt(received: Received) -> Json | None:
    """The last JSON schema that stands in a message's text."""
    found: Json | None = None
    for message in received.body["messages"]:
        # An assistant that calls a tool says nothing.
        text = message.get("content") or ""
        for match in re.finditer(r'\{\s*"type"\s*:\s*"object"', text):
            try:
                found = json.JSONDecoder().raw_decode(text, match.start())[0]
            except ValueError:
                continue
            else:
                break
    return found


def _simplest(received: Received) -> Any:
    """The simplest answer of the shape asked for."""
    schema = schema_of(received)
    if schema is None:
        return "I do not know what to answer."
    return deepeval.fill(received, schema) if deepeval.is_asked(schema) else fill(schema)


def completion(received: Received, behaviour: Behaviour) -> Json:
    """A chat completion that fills the request's schema."""
    body: Json = received.body
    text = behaviour.says(_simplest(received))
    message: Json = {"role": "assistant", "content": text, "refusal": None}
    finish = "stop"
    if behaviour.refusal is not None:
        message |= {"content": None, "refusal": behaviour.refusal}
    elif body.get("tools"):
        call = {"name": body["tools"][0]["function"]["name"], "arguments": text}
        message |= {"content": None, "tool_calls": [{"id": "call_1", "type": "function", "function": call}]}
        finish = "tool_calls"
    message |= behaviour.message
    choice: Json = {"index": 0, "message": message, "finish_reason": behaviour.finish or finish}
    if body.get("logprobs"):
        choice["logprobs"] = {"content": spelled(text, body.get("top_logprobs", 0))}
    answer: Json = {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": behaviour.model or body.get("model", "deployed-model"),
        "choices": [choice],
    }
    if behaviour.usage is not None:
        answer["usage"] = {
            "prompt_tokens": len(received.raw) // 4,
            "completion_tokens": len(text) // 4,
            "total_tokens": len(received.raw) // 4 + len(text) // 4,
            **behaviour.usage,
        }
    return answer


def spelled(text: str, count: int) -> list[Json]:
    """The text in tokens of one word each, with `count` alternatives."""

    def token(piece: str, logprob: float) -> Json:
        return {"token": piece, "logprob": logprob, "bytes": list(piece.encode())}

    return [
        token(piece, -0.1)
        | {
            "top_logprobs": [
                token(piece if rank == 0 else f"{piece}{rank}", -0.1 - rank) for rank in range(count)
            ]
        }
        for piece in re.findall(r"\w+|\W", text)
    ]


def ollama_chat(received: Received, behaviour: Behaviour) -> Json:
    """Ollama's native answer."""
    text = behaviour.says(_simplest(received))
    answer: Json = {
        "model": behaviour.model or received.body["model"],
        "created_at": "2026-11-21T00:00:00Z",
        "message": {"role": "assistant", "content": text} | dict(behaviour.message),
        "done": True,
        "done_reason": behaviour.finish or "stop",
        "total_duration": 5_000_000,
    }
    if received.body.get("logprobs"):
        answer["logprobs"] = spelled(text, received.body.get("top_logprobs", 0))
    if behaviour.usage is not None:
        answer |= {
            "prompt_eval_count": len(received.raw) // 4,
            "eval_count": len(text) // 4,
            **behaviour.usage,
        }
    return answer


def models(received: Received, behaviour: Behaviour) -> Json:
    """The list of models served."""
    del received
    return {"object": "list", "data": [{"id": behaviour.model or "served-model", "object": "model"}]}


def key_refused() -> Behaviour:
    """401, as OpenAI says it."""
    return openai_error(401, "Incorrect API key provided.", code="invalid_api_key")


# Rules: what a family refuses, in its own words.


def without(*parameters: str, message: str = "") -> Rule:
    """Reasoning models: these parameters are a 400 that names them."""

    def rule(received: Received) -> Behaviour | None:
        for name in parameters:
            if name in received.fields:
                text = message or f"Unsupported parameter: '{name}' is not supported with this model."
                return openai_error(400, text, code="unsupported_parameter", param=name)
        return None

    return rule


def only_temperature_one(received: Received) -> Behaviour | None:
    """The o-series and gpt-5: any other temperature is an unsupported value."""
    if received.fields.get("temperature", 1) != 1:
        return openai_error(
            400,
            "Unsupported value: 'temperature' does not support 0 with this model. "
            "Only the default (1) value is supported.",
            code="unsupported_value",
            param="temperature",
        )
    return None


def strict_schema(received: Received) -> Behaviour | None:
    """OpenAI's strict mode: closed objects, everything required, and keywords it does not know refused."""
    answer_format: Json = received.fields.get("response_format") or {}
    if answer_format.get("type") != "json_schema":
        return None
    wanted: Json = answer_format["json_schema"]
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,64}", wanted["name"]):
        return openai_error(400, "Invalid 'response_format.json_schema.name'", param="response_format")
    fault = _strict_fault(wanted["schema"], ())
    if fault is None:
        return None
    return openai_error(
        400,
        f"Invalid schema for response_format '{wanted['name']}': {fault}",
        param="response_format",
    )


_REFUSED_KEYWORDS = ("oneOf", "allOf", "not", "if", "patternProperties", "uniqueItems", "default")


def _strict_fault(schema: Json, path: tuple[str, ...]) -> str | None:
    where = f"In context={path}, "
    for keyword in _REFUSED_KEYWORDS:
        if keyword in schema:
            return f"{where}'{keyword}' is not permitted."
    if schema.get("type") == "object":
        if schema.get("additionalProperties") is not False:
            return f"{where}'additionalProperties' is required to be supplied and to be false."
        if set(schema.get("required", ())) != set(schema.get("properties", {})):
            return f"{where}'required' is required to be supplied and to include every key in properties."
    parts = [
        *schema.get("properties", {}).items(),
        ("items", schema.get("items")),
        *schema.get("$defs", {}).items(),
    ]
    parts += [("anyOf", part) for part in schema.get("anyOf", ())]
    faults = (_strict_fault(part, (*path, name)) for name, part in parts if part)
    return next((fault for fault in faults if fault), None)


def no_json_schema(
    message: str = "This response_format type is unavailable now", kind: str = "json_schema"
) -> Rule:
    """DeepSeek's words by default; LM Studio refuses `json_object` instead."""

    def rule(received: Received) -> Behaviour | None:
        answer_format: Json = received.fields.get("response_format") or {}
        if answer_format.get("type") == kind:
            return openai_error(400, message)
        return None

    return rule


def no_tools(message: str = "tool_choice is not supported by this model") -> Rule:
    """A model without tools, or without forced ones."""
    return lambda received: (
        openai_error(400, message, param="tool_choice") if received.fields.get("tools") else None
    )


def mistral_fields(received: Received) -> Behaviour | None:
    """Unknown fields are a 422 in FastAPI's shape."""
    known = {
        "model", "messages", "response_format", "tools", "tool_choice", "max_tokens", "temperature", "top_p",
        "random_seed", "reasoning_effort", "stop", "stream", "n", "presence_penalty", "frequency_penalty",
        "parallel_tool_calls", "prediction", "prompt_mode", "safe_prompt", "metadata", "prompt_cache_key",
    }  # fmt: skip
    unknown = [name for name in received.fields if name not in known]
    if not unknown:
        return None
    detail = [
        {
            "type": "extra_forbidden",
            "loc": ["body", name],
            "msg": "Extra inputs are not permitted",
            "input": 0,
        }
        for name in unknown
    ]
    return error(422, {"detail": detail})


def gemini_fields(received: Received) -> Behaviour | None:
    """Unknown fields are a 400 in an array."""
    known = {
        "model", "messages", "response_format", "tools", "tool_choice", "max_tokens", "max_completion_tokens",
        "temperature", "top_p", "reasoning_effort", "stop", "stream", "n",
    }  # fmt: skip
    for name in received.fields:
        if name not in known:
            message = f'Invalid JSON payload received. Unknown name "{name}": Cannot find field.'
            return error(400, [{"error": {"code": 400, "message": message, "status": "INVALID_ARGUMENT"}}])
    return None
