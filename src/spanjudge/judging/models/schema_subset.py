"""A JSON schema in the subset that every provider's structured output takes.

Objects are closed and every property is required; what is left out (ranges, lengths) is said in the
description, and the answer is validated after parsing all the same. References are written out, because
several providers follow none.
"""

from typing import Any, cast

Schema = dict[str, Any]

_DEEPEST = 10  # levels OpenAI takes; a schema that refers to itself ends here


class SchemaTooDeepError(ValueError):
    """The schema refers to itself, or is nested more than ten levels deep."""


def common_subset(schema: Schema) -> Schema:
    """The schema, rewritten; equal schemas give equal text, `type` first.

    Raises `SchemaTooDeepError`.
    """
    definitions: Schema = {**schema.get("definitions", {}), **schema.get("$defs", {})}
    return _rewritten(schema, definitions, 0)


def _rewritten(schema: Schema, definitions: Schema, depth: int) -> Schema:
    if depth > _DEEPEST:
        raise SchemaTooDeepError(
            "the answer's schema is nested more than 10 levels deep, or refers to itself"
        )
    reference = schema.get("$ref")
    if isinstance(reference, str):
        target = cast("Schema", definitions.get(reference.rpartition("/")[2], {}))
        beside = {key: value for key, value in schema.items() if key == "description"}
        return _rewritten({**target, **beside}, definitions, depth + 1)
    alternatives = _alternatives(schema)
    if alternatives is not None:
        any_of: Schema = {"anyOf": [_rewritten(part, definitions, depth + 1) for part in alternatives]}
        return _described(any_of, schema)
    kind = schema.get("type") or ("object" if "properties" in schema else None)
    result: Schema = {"type": kind} if kind else {}
    _described(result, schema)
    if "const" in schema:
        result["enum"] = [schema["const"]]
    elif "enum" in schema:
        result["enum"] = schema["enum"]
    if kind == "object":
        properties = cast("dict[str, Schema]", schema.get("properties", {}))
        result["properties"] = {
            name: _rewritten(part, definitions, depth + 1) for name, part in properties.items()
        }
        result["required"] = list(properties)
        result["additionalProperties"] = False
    elif kind == "array":
        items = cast("Schema", schema.get("items", {"type": "string"}))
        result["items"] = _rewritten(items, definitions, depth + 1)
    return result


def _alternatives(schema: Schema) -> list[Schema] | None:
    """The branches of a union, however it is spelled; `None` when the schema is none."""
    kinds: object = schema.get("type")
    if isinstance(kinds, list):
        bare = {key: value for key, value in schema.items() if key != "description"}
        return [{**bare, "type": kind} for kind in cast("list[str]", kinds)]
    return schema.get("anyOf") or schema.get("oneOf")


def _described(result: Schema, schema: Schema) -> Schema:
    """Put the description in, and what no longer stands in keywords behind it."""
    limits = [
        wording.format(schema[keyword])
        for keyword, wording in (
            ("minimum", "at least {}"),
            ("exclusiveMinimum", "more than {}"),
            ("maximum", "at most {}"),
            ("exclusiveMaximum", "less than {}"),
            ("multipleOf", "a multiple of {}"),
            ("minLength", "at least {} characters"),
            ("maxLength", "at most {} characters"),
            ("minItems", "at least {} items"),
            ("maxItems", "at most {} items"),
        )
        if keyword in schema
    ]
    description = str(schema.get("description", ""))
    missing = [limit for limit in limits if limit not in description]
    if missing:
        told = ", ".join(missing)
        description = f"{description} ({told})" if description else told
    if description:
        result["description"] = description
    return result
