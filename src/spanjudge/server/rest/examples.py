"""Examples of the OpenAPI document, made of what the fields say of themselves."""

from collections.abc import Mapping
from typing import Any, cast

_DEEPEST = 8
_PLAIN: dict[str, object] = {
    "string": "text",
    "integer": 1,
    "number": 0.5,
    "boolean": True,
    "null": None,
    "array": [],
    "object": {},
}


def example_of(schema: Mapping[str, Any], schemas: Mapping[str, Any], depth: int = 0) -> object:
    """One value that fits: the schema's own example, else its default, else one made of its parts."""
    name = str(schema.get("$ref", "")).rpartition("/")[2]
    if name:
        return example_of(schemas.get(name, {}), schemas, depth)
    for key in ("examples", "example", "const", "default", "enum"):
        if schema.get(key) is not None:
            return schema[key][0] if key in {"examples", "enum"} else schema[key]
    options = cast(
        "list[dict[str, Any]]", schema.get("anyOf") or schema.get("oneOf") or schema.get("allOf") or []
    )
    if options:
        return None if depth > _DEEPEST else example_of(options[0], schemas, depth + 1)
    return _of_type(schema, schemas, depth)


def _of_type(schema: Mapping[str, Any], schemas: Mapping[str, Any], depth: int) -> object:
    kind = schema.get("type")
    if isinstance(kind, list):
        kind = cast("list[str]", kind)[0]
    if kind == "object" and depth <= _DEEPEST:
        fields = cast("dict[str, dict[str, Any]]", schema.get("properties", {}))
        return {name: example_of(field, schemas, depth + 1) for name, field in fields.items()}
    if kind == "array" and depth <= _DEEPEST:
        items = schema.get("items")
        return [example_of(items, schemas, depth + 1)] if items else []
    if kind in ("integer", "number"):
        low = schema.get("minimum", schema.get("exclusiveMinimum"))
        return low if low is not None and low > 0 else _PLAIN[kind]
    return _PLAIN.get(str(kind))
