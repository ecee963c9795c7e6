"""Tools a model was offered, as OpenAI, Anthropic, Gemini, Bedrock and Vercel write them."""

from typing import Any, cast

from spanjudge.spans.json_text import as_name, as_object, decoded
from spanjudge.spans.span import ToolDefinition

_PARAMETERS = ("parameters", "input_schema", "inputSchema", "json_schema", "schema", "parameters_json_schema")
_HOLDERS = ("function", "toolSpec", "tool_spec")
_LISTS = ("function_declarations", "functionDeclarations", "tools")


def tool_definitions(value: object) -> tuple[ToolDefinition, ...]:
    """The tools a value lists: a list, JSON text of one, a list of JSON texts, or names alone.

    What has no name is left out; the same name is kept once.
    """
    found: dict[str, ToolDefinition] = {}
    for tool in _each(decoded(value), depth=0):
        found.setdefault(tool.name, tool)
    return tuple(found.values())


def is_tool_definition(value: object) -> bool:
    """Whether an object is the definition of a tool, not a call or a result: it has a schema, or says so."""
    definition = as_object(value)
    held = as_object(definition.get("function"))
    if definition.get("type") == "function" and held and "arguments" not in held:
        return as_name(held.get("name")) is not None
    if any(key in definition for key in ("arguments", "args", "content", "tool_call_id")):
        return False
    return as_name(definition.get("name")) is not None and any(key in definition for key in _PARAMETERS)


def _each(value: object, depth: int) -> list[ToolDefinition]:
    value = decoded(value)
    if isinstance(value, list) and depth < 3:  # noqa: PLR2004 - a list of groups of tools
        return [tool for item in cast("list[Any]", value) for tool in _each(item, depth + 1)]
    if isinstance(value, str):
        # Tools may be listed by their names alone.
        return [ToolDefinition(name=value)] if depth and value.strip() and len(value) < 200 else []  # noqa: PLR2004 - longer is no name
    if not isinstance(value, dict):
        return []
    definition = cast("dict[str, Any]", value)
    for key in _LISTS:
        if isinstance(definition.get(key), list):
            return _each(definition[key], depth + 1)
    return _one(definition)


def _one(definition: dict[str, Any]) -> list[ToolDefinition]:
    nested = (as_object(definition.get(key)) for key in _HOLDERS)
    held = next((found for found in nested if found), definition)
    name = as_name(held.get("name")) or as_name(definition.get("name"))
    if name is None:
        return []
    given = next((held[key] for key in _PARAMETERS if held.get(key) is not None), None)
    wrapped = as_object(given)
    parameters = wrapped["json"] if set(wrapped) == {"json"} else decoded(given)
    description = as_name(held.get("description")) or ""
    return [ToolDefinition(name=name, description=description, parameters=parameters)]
