"""Tool calls against tool definitions: what is wrong by the JSON schema alone."""

import re
from collections.abc import Iterator
from typing import Any, cast

from spanjudge.judging.subject import Subject
from spanjudge.spans.parts import as_json
from spanjudge.spans.span import ToolCall, ToolDefinition

_LARGEST = 50_000
"""Characters of schema and arguments together; what is larger is left to the judge."""

_LONGEST_REASON = 300
_NAMESPACE = re.compile(r"[.:/]|(?<=\w)-(?=\w)")


def unknown_tool(subject: Subject) -> str | None:
    """The first call of a tool that is not on offer, in words; `None` when there is none.

    Namespaces are forgiven: instrumentations write `Plugin-search` or `functions.search` for `search`.
    """
    offered = {name for tool in subject.tools for name in _names(tool.name)}
    for call in subject.tool_calls:
        if not offered.intersection(_names(call.name)):
            return f"The tool “{call.name}” is not on offer."
    return None


def broken_arguments(subject: Subject) -> str | None:
    """The first call whose arguments break the tool's JSON schema, in words; `None` when none does."""
    for call in subject.tool_calls:
        tool = next((tool for tool in subject.tools if tool.name == call.name), None)
        reason = _broken(call, tool) if tool else None
        if reason:
            return f"The arguments of “{call.name}” break its schema: {reason}"[:_LONGEST_REASON]
    return None


def _names(name: str) -> Iterator[str]:
    """A name as written and without its namespaces, in lower case."""
    written = name.strip().casefold()
    yield written
    parts = _NAMESPACE.split(written)
    yield from (part for part in parts[1:] if part)


def _broken(call: ToolCall, tool: ToolDefinition) -> str | None:
    schema = tool.parameters
    if not isinstance(schema, dict) or not schema:
        return None
    shape = cast("dict[str, Any]", schema)
    arguments: Any = {} if call.arguments is None else call.arguments
    if isinstance(arguments, str) and shape.get("type") == "object":
        return "they are no JSON object"
    text = as_json(shape, indent=None)
    # An expression of the author's choice could hang the process; such schemas are left to the judge.
    if '"pattern' in text or len(text) + len(as_json(arguments, indent=None)) > _LARGEST:
        return None
    return _first_error(shape, arguments)


def _first_error(schema: dict[str, Any], arguments: Any) -> str | None:
    # Imported here: they take 60 ms and only evaluators of tool arguments need them.
    from jsonschema import Draft202012Validator  # noqa: PLC0415  see above
    from jsonschema.exceptions import SchemaError, ValidationError, relevance  # noqa: PLC0415  see above
    from referencing import Registry  # noqa: PLC0415  see above
    from referencing.exceptions import Unresolvable  # noqa: PLC0415  see above

    try:
        Draft202012Validator.check_schema(schema)
        # A registry of its own: the default one would fetch what a `$ref` points to.
        validator: Any = Draft202012Validator(schema, registry=Registry[Any]())
        errors: list[ValidationError] = list(validator.iter_errors(arguments))
    except (SchemaError, Unresolvable, RecursionError, TypeError, ValueError):
        return None
    if not errors:
        return None
    error = max(errors, key=relevance)
    place = ".".join(str(part) for part in error.absolute_path)
    return f"{place}: {error.message}" if place else str(error.message)
