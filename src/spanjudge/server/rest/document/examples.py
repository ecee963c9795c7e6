"""Examples of the OpenAPI document: what fields say of themselves, and a word for what has a usual name."""

from collections.abc import Mapping
from typing import Any, cast

TRACE_ID, SPAN_ID, RESULT_ID = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331", "412"
DEFINITION: dict[str, Any] = {
    "name": "on_topic",
    "description": "Is the message on topic for the travel desk?",
    "target": "span",
    "scope": {
        "services": ["travel-desk"],
        "sampling": 25.0,
        "rules": [{"attribute": "gen_ai.operation.name", "operator": "equals", "value": "chat"}],
    },
    "needs": ["input", "output"],
    "rubric": "ON_TOPIC when the message is about travel, tickets or hotels; else OFF_TOPIC.",
    "answer": {
        "type": "category",
        "labels": [
            {"name": "ON_TOPIC", "description": "about travel"},
            {"name": "OFF_TOPIC", "description": "anything else"},
        ],
    },
    "acceptance": {"pass_values": ["ON_TOPIC"]},
}
ABOUT: dict[str, str] = {
    "limit": "Most items of one answer.",
    "name": "The evaluator's name, or the judge model's.",
    "trace_id": "32 hexadecimal digits.",
    "span_id": "16 hexadecimal digits.",
    "result_id": "The `id` of a result or failure.",
    "backfill_id": "The `id` of a backfill.",
}
"""What parameters are that a route says nothing about."""

_BY_NAME: dict[str, object] = {
    "after": "true when the answer is about travel or a visa.",
    "attribute": "gen_ai.operation.name",
    "base_version": "3f9a1c0b72de",
    "before": "true when the answer is about travel.",
    "code": "judge_timeout",
    "confidence": 0.92,
    "context": "Canberra has been the capital of Australia since 1913.",
    "cost_usd": 0.0000846,
    "definition": DEFINITION,
    "description": DEFINITION["description"],
    "detail": "The judge model did not answer in time.",
    "duration_ms": 845.2,
    "evaluator": "on_topic",
    "evaluator_version": "3f9a1c0b72de",
    "expected": "Canberra",
    "expires_days": 90,
    "explanation": "The question is about a visa for Canada, which the travel desk answers.",
    "field": "scope.rules[1].attribute",
    "grpc": "127.0.0.1:4317",
    "id": RESULT_ID,
    "input": "Do I need a visa for Canada?",
    "input_tokens": 412,
    "judge": "default",
    "judge_model": "gpt-4o-mini-2024-07-18",
    "judge_provider": "openai",
    "key": "app.tenant.id",
    "label": "ON_TOPIC",
    "last_service": "travel-desk",
    "line": "Judged by version 3f9a1c0b72de: pass.",
    "message": "is required",
    "model": "gpt-4o",
    "name": "on_topic",
    "next_cursor": "eyJhIjo0MTJ9",
    "output": "Yes: apply for an eTA before you fly.",
    "output_tokens": 38,
    "provider": "openai",
    "published_version": "3f9a1c0b72de",
    "reason": "",
    "result_id": RESULT_ID,
    "rubric": DEFINITION["rubric"],
    "scopes": ["read", "score"],
    "score": 1.0,
    "service": "travel-desk",
    "session_id": "session-7",
    "span_id": SPAN_ID,
    "system": "You judge answers of a travel desk.",
    "system_prompt": "You answer questions about travel.",
    "text": "visa",
    "token": "spj_6b1ZkQ0qv3dT0nWq3m9yH1cXbR7uJ2sLwE5aP8oKfG4",
    "trace_id": TRACE_ID,
    "user": "Question: {{span.input}}\nAnswer: {{span.output}}",
    "value": "ON_TOPIC",
    "version": "3f9a1c0b72de",
    "yaml": "name: on_topic\nneeds: [output]\nrubric: It is about travel.\nanswer: {type: boolean}\n",
}
_DEEPEST = 8
_PLAIN: dict[str, object] = {
    "string": "",
    "integer": 1,
    "number": 0.5,
    "boolean": True,
    "null": None,
    "array": [],
    "object": {},
}
_PYTHON: dict[type, str] = {str: "string", bool: "boolean", int: "integer", float: "number", list: "array"}


def example_of(
    schema: Mapping[str, Any], schemas: Mapping[str, Any], name: str = "", depth: int = 0
) -> object:
    """One value that fits: the schema's own example, one for its name, its default, or one of its parts."""
    whole = str(schema.get("$ref", "")).rpartition("/")[2]
    if whole == "Definition":
        return DEFINITION
    if whole:
        return example_of(schemas.get(whole, {}), schemas, name, depth)
    for key in ("examples", "example", "const"):
        if schema.get(key) is not None:
            return schema[key][0] if key == "examples" else schema[key]
    if _fits(_BY_NAME.get(name), schema):
        return _BY_NAME[name]
    for key in ("default", "enum"):
        # An empty list or text shows nothing.
        if schema.get(key) not in (None, "", [], {}):
            return schema[key][0] if key == "enum" else schema[key]
    return _made(schema, schemas, name, depth)


def _made(schema: Mapping[str, Any], schemas: Mapping[str, Any], name: str, depth: int) -> object:
    options = cast("list[dict[str, Any]]", schema.get("anyOf") or schema.get("oneOf") or [])
    kind = _types(schema)[0]
    if depth > _DEEPEST:
        return None if options else _PLAIN.get(kind)
    if options:
        return example_of(options[0], schemas, name, depth + 1)
    if kind == "object":
        fields = cast("dict[str, dict[str, Any]]", schema.get("properties", {}))
        return {field: example_of(inner, schemas, field, depth + 1) for field, inner in fields.items()}
    if kind == "array":
        items = schema.get("prefixItems") or ([schema["items"]] if schema.get("items") else [])
        return [example_of(item, schemas, name, depth + 1) for item in items]
    return _PLAIN.get(kind)


def _fits(value: object, schema: Mapping[str, Any]) -> bool:
    if value is None or "enum" in schema:
        return False
    kind = _PYTHON.get(type(value), "object")
    options = cast("list[dict[str, Any]]", schema.get("anyOf") or [schema])
    return any(kind in _types(one) or (kind == "integer" and "number" in _types(one)) for one in options)


def _types(schema: Mapping[str, Any]) -> list[str]:
    kind = schema.get("type", "")
    return cast("list[str]", kind) if isinstance(kind, list) else [str(kind)]
