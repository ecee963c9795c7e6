"""OpenLIT: the conversation as one text in `gen_ai.prompt`, the answer in `gen_ai.completion`.

The same two keys, or events with them, are all that some other instrumentations write.
"""

import json
from collections.abc import Sequence
from typing import Any, cast

from spanjudge.spans.conversation import messages_of
from spanjudge.spans.dialects.found import Found
from spanjudge.spans.flat_text import flat_messages
from spanjudge.spans.json_text import as_name, as_text
from spanjudge.spans.operation import operation_of
from spanjudge.spans.raw import Attributes, LogEvent, RawSpan
from spanjudge.spans.span import MODEL_OPERATIONS, ToolCall
from spanjudge.spans.tool_records import arguments_of

_INPUTS = ("gen_ai.prompt", "gen_ai.workflow.input")
_OUTPUTS = ("gen_ai.completion", "gen_ai.workflow.output")
_MOST_CALLS = 64


def read(raw: RawSpan, logs: Sequence[LogEvent]) -> Found | None:  # noqa: ARG001  # content is never in logs
    """See `Dialect`."""
    attributes = raw.attributes
    if "langsmith.span.kind" in attributes:
        # LangSmith writes its own JSON under the same keys.
        return None
    sent = _value(attributes, _INPUTS)
    said = _value(attributes, _OUTPUTS)
    operation = operation_of(raw)[0]
    calls = _calls(attributes) if operation in MODEL_OPERATIONS else ()
    if sent is None and said is None and not calls:
        return None
    notes: list[str] = []
    found = Found(
        input_messages=flat_messages(sent, notes) or None,
        output_messages=messages_of(said, role="assistant", first_choice=True) or None,
        tool_calls=calls or None,
    )
    if operation == "retrieval" and found.input_messages:
        found.input_text = found.input_messages[-1].text
    if attributes.get("gen_ai.request.is_stream") is True and _is_openlit(raw):
        notes.append("tokens are an estimate of the instrumentation, not what the provider counted")
    found.notes = tuple(notes)
    return found


def _is_openlit(raw: RawSpan) -> bool:
    return raw.scope.startswith("openlit") or raw.attributes.get("telemetry.sdk.name") == "openlit"


def _value(attributes: Attributes, keys: tuple[str, ...]) -> object:
    for key in keys:
        value = attributes.get(key)
        if value not in (None, "", [], {}):
            return cast("object", value)
    return None


def _calls(attributes: Attributes) -> tuple[ToolCall, ...]:
    """Calls that the model asked for stand in the attributes of tools, several joined by commas."""
    named = as_name(attributes.get("gen_ai.tool.name"))
    if named is None or "gen_ai.tool.args" not in attributes:
        return ()
    names = [name for part in named.split(", ")[:_MOST_CALLS] if (name := part.strip())]
    ids = [part.strip() for part in (as_text(attributes.get("gen_ai.tool.call.id")) or "").split(", ")]
    written = attributes.get("gen_ai.tool.args")
    arguments = [arguments_of(written)] if len(names) == 1 else _each(as_text(written) or "")
    return tuple(
        ToolCall(
            name=name,
            arguments=arguments[place] if place < len(arguments) else None,
            id=(ids[place] or None) if place < len(ids) else None,
        )
        for place, name in enumerate(names)
    )


def _each(text: str) -> list[Any]:
    """Several JSON values with commas between them; nothing when they are something else."""
    reader = json.JSONDecoder()
    found: list[Any] = []
    place = 0
    try:
        while place < len(text) and len(found) < _MOST_CALLS:
            value, place = reader.raw_decode(text, place)
            found.append(value)
            while text[place : place + 1] in (",", " "):
                place += 1
    except (ValueError, RecursionError):
        return []
    return found
