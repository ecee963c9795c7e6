"""The OpenAPI document of what this server answers in plain ASGI, where no framework writes it."""

from collections.abc import Mapping
from typing import Any

from spanjudge.evaluators.answer_format import Boolean, Category
from spanjudge.evaluators.evaluator import Evaluator
from spanjudge.remote_scorer.problem import STATUS, Word

_MEANING: dict[Word, str] = {
    "INVALID_JSON": "The body is not a JSON object, a key stands twice, or a field has a wrong type.",
    "INVALID_TEMPLATE": "The client's template cannot make JSON; the reason shows one that can.",
    "UNKNOWN_SCORER": "No such scorer, or none named; the reason lists those there are.",
    "MISSING_INPUT": "A field the scorer needs is missing, empty, or holds only a variable's name.",
    "INVALID_REQUEST": "The request is no HTTP, or does not fit the path.",
    "UNAUTHORIZED": "The token is missing or wrong.",
    "FORBIDDEN": "The token is good and may not do this: it lacks the scope.",
    "NOT_FOUND": "There is nothing at this path.",
    "METHOD_NOT_ALLOWED": "The path does not take this method; see `Allow`.",
    "REQUEST_TIMEOUT": "The request did not arrive in time.",
    "INPUT_TOO_LONG": "The body, or the text for the judge model, is too long.",
    "UNSUPPORTED_MEDIA_TYPE": "The body is not JSON, or packed in a way that is not understood.",
    "IDEMPOTENCY_KEY_REUSED": "The Idempotency-Key was sent before with other content.",
    "RATE_LIMITED": "The judge model's provider limits the rate; see `Retry-After`.",
    "BUDGET_EXHAUSTED": "The budget for judge calls is used up.",
    "HEADERS_TOO_LARGE": "The headers are too long.",
    "JUDGE_PARSE_ERROR": "The judge model answered something that does not fit the scorer's type and range.",
    "JUDGE_REFUSED": "The judge model refused to answer.",
    "INTERNAL": "The server failed inside.",
    "UPSTREAM_ERROR": "The judge model cannot be reached, or refused key, account or model name.",
    "OVERLOADED": "Too many evaluations or connections at once; see `Retry-After`.",
    "NOT_READY": "The server is not ready for requests.",
    "UPSTREAM_TIMEOUT": "The judge model did not answer in time.",
}
_OF_OTHER_PATHS: frozenset[Word] = frozenset({"NOT_READY", "NOT_FOUND"})

_CONTENT: dict[str, Any] = {
    "oneOf": [{"type": "string"}, {"type": "object"}, {"type": "array"}],
    "description": "Text, an object, an array, or the JSON text of messages "
    "(GenAI `parts` form or `content` form).",
}
_REQUEST: dict[str, Any] = {
    "type": "object",
    "properties": {
        "scorer_name": {"type": "string", "description": "May stand in the path instead."},
        "input": _CONTENT,
        "output": _CONTENT,
        "expected": {**_CONTENT, "description": "Ground truth, when there is one."},
        "context": {**_CONTENT, "description": "What was retrieved: text, or a list of documents."},
        "messages": {
            **_CONTENT,
            "description": "The conversation so far, when `input` is only its last turn.",
        },
        "system_prompt": _CONTENT,
        "tools": {**_CONTENT, "description": "Tool definitions."},
        "tool_calls": {**_CONTENT, "description": "Tool calls the output made."},
        "statistics": {**_CONTENT, "description": "Sent by trace and session jobs."},
        "spans": {**_CONTENT, "description": "Sent by trace jobs."},
        "steps": {**_CONTENT, "description": "Sent by trace and session jobs."},
        "metadata": {
            "type": ["object", "string"],
            "description": "Passed through into the answer's `metadata` where it fits, "
            "and to the evaluator's variables.",
        },
    },
}
_SCORED: dict[str, Any] = {
    "type": "object",
    "required": ["code", "value", "reason", "metadata"],
    "properties": {
        "code": {"const": "OK"},
        "value": {"type": ["number", "string", "boolean"]},
        "reason": {"type": "string"},
        "metadata": {
            "type": "object",
            "required": ["reason", "model", "elapsed_ms"],
            "properties": {
                "reason": {"type": "string"},
                "model": {"type": ["string", "null"], "description": "The model that answered."},
                "elapsed_ms": {"type": "integer", "description": "Time inside this server."},
            },
        },
        "model": {"type": ["string", "null"]},
        "input_tokens": {"type": ["integer", "null"]},
        "output_tokens": {"type": ["integer", "null"]},
        "cost_usd": {"type": ["number", "null"], "description": "Null when no price is known."},
        "verdict": {"enum": ["pass", "fail", None]},
        "evaluator_version": {"type": "string"},
        "evaluator": {"type": "string"},
        "confidence": {"type": ["number", "null"], "minimum": 0, "maximum": 1},
        "truncated": {"type": "boolean", "description": "The judge saw a shortened text."},
        "cached": {"type": "boolean", "description": "The value comes from an earlier judge call."},
    },
}
_ERROR: dict[str, Any] = {
    "type": "object",
    "required": ["code", "reason", "detail"],
    "properties": {
        "code": {"type": "string", "enum": sorted(STATUS)},
        "reason": {"type": "string", "description": "What is wrong and what to do."},
        "detail": {"type": "string"},
    },
}
_EXAMPLE_REQUEST = {
    "scorer_name": "hallucination",
    "input": "Which city is the capital of Australia?",
    "output": "The capital of Australia is Sydney.",
    "expected": "Canberra",
}
_EXAMPLE_ANSWER = {
    "code": "OK",
    "value": 1.0,
    "reason": "The expected answer is Canberra; the output says Sydney.",
    "metadata": {
        "reason": "The expected answer is Canberra; the output says Sydney.",
        "model": "gpt-4o-mini-2024-07-18",
        "elapsed_ms": 845,
    },
    "model": "gpt-4o-mini-2024-07-18",
    "input_tokens": 412,
    "output_tokens": 38,
    "cost_usd": 0.0000846,
    "verdict": "fail",
    "evaluator_version": "3f9a1c0b72de",
    "evaluator": "hallucination",
    "confidence": None,
    "truncated": False,
    "cached": False,
}
_WEAVE_REQUEST = {
    "schema_version": 1,
    "original_call": {"inputs": {"question": "What is 2 + 2?"}, "output": "4"},
    "scoring_call_id": "0192f0c1-6a3e-7c41-9a52-2f0a6f6f2c11",
    "scorer": {"config": {"scorer_name": "helpfulness"}},
    "triggered_at": "2026-06-01T12:00:00Z",
}
_WEAVE_ANSWER = {"schema_version": 1, "result": [{"value": 1.0, "reason": "Correct and to the point."}]}


def document(version: str, evaluators: Mapping[str, Evaluator]) -> dict[str, Any]:
    """OpenAPI 3.1 for evaluations and probes."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Spanjudge",
            "version": version,
            "description": "Scores what language models said, with a language model as the judge.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "security": [{"bearer": []}, {"basic": []}, {"key": []}],
        "paths": {
            "/evaluate": _methods(evaluators, in_path=False),
            "/evaluate/{scorer_name}": _methods(evaluators, in_path=True),
            "/weave/evaluate": {"post": _weave()},
            "/weave/evaluate/{scorer_name}": {
                "post": {
                    **_weave(),
                    "operationId": "evaluate_weave_by_name",
                    "parameters": [_name_in_path(evaluators)],
                }
            },
            **_probes(),
        },
        "components": {
            "schemas": {"Request": _REQUEST, "Scored": _SCORED, "Error": _ERROR},
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer"},
                "basic": {"type": "http", "scheme": "basic", "description": "The token as user or password."},
                "key": {
                    "type": "apiKey",
                    "in": "header",
                    "name": "X-API-Key",
                    "description": "The token as the value of this or any other header of your choice.",
                },
            },
        },
    }


def _methods(evaluators: Mapping[str, Evaluator], *, in_path: bool) -> dict[str, Any]:
    suffix = "_by_name" if in_path else ""
    operation = {
        "summary": "Evaluate one span" + (" with the scorer named in the path" if in_path else ""),
        "description": _scorers_table(evaluators),
        "tags": ["Evaluate"],
        "parameters": [_name_in_path(evaluators)] if in_path else [_idempotency_key()],
        "requestBody": {
            "required": True,
            "description": "JSON under any content type; gzip is taken.",
            "content": {
                "application/json": {
                    "schema": {"$ref": "#/components/schemas/Request"},
                    "example": {
                        key: value
                        for key, value in _EXAMPLE_REQUEST.items()
                        if not in_path or key != "scorer_name"
                    },
                }
            },
        },
        "responses": {"200": _json("The value", "Scored", _EXAMPLE_ANSWER), **_errors()},
    }
    return {
        method: {**operation, "operationId": f"evaluate_{method}{suffix}"}
        for method in ("post", "put", "patch")
    }


def _weave() -> dict[str, Any]:
    return {
        "summary": "Evaluate one call of W&B Weave",
        "description": "Weave's remote scorer dialect; `/evaluate` recognises it by its shape too. "
        "The scorer is named in the path or in `scorer.config.scorer_name`.",
        "operationId": "evaluate_weave",
        "tags": ["Evaluate"],
        "parameters": [_idempotency_key()],
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": {"type": "object"}, "example": _WEAVE_REQUEST}},
        },
        "responses": {
            "200": {
                "description": "The score objects",
                "content": {"application/json": {"schema": {"type": "object"}, "example": _WEAVE_ANSWER}},
            },
            **_errors(),
        },
    }


def _probes() -> dict[str, Any]:
    health = {"status": "ok", "version": "1.0.0", "backend": "openai", "model": "gpt-4o-mini"}
    version = {"version": "1.0.0", "api_version": "v1"}
    probes: dict[str, tuple[str, dict[str, str], bool]] = {
        "/health": ("Up and configured, without asking the judge", health, True),
        "/healthz": ("The same", health, True),
        "/v1/health": ("The same", health, True),
        "/version": ("Version of server and API", version, False),
        "/v1/version": ("The same", version, False),
        "/livez": ("The process answers", {"status": "ok"}, False),
        "/ready": ("The process may be sent requests, or why not", {"status": "ready"}, True),
        "/readyz": ("The process may be sent requests", {"status": "ok"}, False),
    }
    paths: dict[str, Any] = {}
    for path, (summary, example, guarded) in probes.items():
        responses: dict[str, Any] = {
            "200": {
                "description": summary,
                "content": {"application/json": {"schema": {"type": "object"}, "example": example}},
            }
        }
        if guarded:
            responses["401"] = _error(["UNAUTHORIZED"])
            responses["403"] = _error(["FORBIDDEN"])
        if path in ("/ready", "/readyz"):
            responses["503"] = _error(["NOT_READY"])
        operation: dict[str, Any] = {
            "summary": summary,
            "operationId": path.strip("/").replace("/", "_"),
            "tags": ["Probes"],
            "responses": responses,
        }
        if not guarded:
            operation["security"] = []
        paths[path] = {"get": operation}
    return paths


def _errors() -> dict[str, Any]:
    by_status: dict[int, list[Word]] = {}
    for word, status in STATUS.items():
        if word not in _OF_OTHER_PATHS:
            by_status.setdefault(status, []).append(word)
    return {str(status): _error(by_status[status]) for status in sorted(by_status)}


def _error(words: list[Word]) -> dict[str, Any]:
    first = words[0]
    return _json(
        " · ".join(f"`{word}` {_MEANING[word]}" for word in words),
        "Error",
        {"code": first, "reason": _MEANING[first], "detail": _MEANING[first]},
    )


def _json(description: str, schema: str, example: object) -> dict[str, Any]:
    return {
        "description": description,
        "content": {
            "application/json": {"schema": {"$ref": f"#/components/schemas/{schema}"}, "example": example}
        },
    }


def _name_in_path(evaluators: Mapping[str, Evaluator]) -> dict[str, Any]:
    return {
        "name": "scorer_name",
        "in": "path",
        "required": True,
        "schema": {"type": "string", "examples": sorted(evaluators)},
    }


def _idempotency_key() -> dict[str, Any]:
    return {
        "name": "Idempotency-Key",
        "in": "header",
        "required": False,
        "schema": {"type": "string"},
        "description": "The same key with the same content is the same request; "
        "with other content it is refused.",
    }


def _scorers_table(evaluators: Mapping[str, Evaluator]) -> str:
    lines = ["Scorers:"]
    for name, evaluator in sorted(evaluators.items()):
        answer = evaluator.answer
        if isinstance(answer, Category):
            kind = "one of " + ", ".join(f"`{label.name}`" for label in answer.labels)
        elif isinstance(answer, Boolean):
            kind = "`true` or `false`"
        else:
            kind = f"a number from {answer.min:g} to {answer.max:g}"
        lines.append(f"- `{name}`: {kind}. {evaluator.description}".rstrip())
    return "\n".join(lines)
