"""OpenLLMetry (Traceloop): flattened `gen_ai.prompt.0.content` up to about 0.46, `traceloop.*` workflows.

LiteLLM, LangChain4j and Dify flatten messages the same way. Its newer versions write OpenTelemetry's own
attributes; what is read of them here are workflows, tasks and tools.
"""

from collections.abc import Sequence
from typing import Any

from spanjudge.spans.conversation import content_parts, message_of
from spanjudge.spans.dialects.found import Found
from spanjudge.spans.facts import first_model
from spanjudge.spans.indexed import at, indexed, items
from spanjudge.spans.json_text import as_count, as_name, as_object, decoded
from spanjudge.spans.operation import operation_of
from spanjudge.spans.payloads import Payload, read_input, read_output
from spanjudge.spans.raw import Attributes, LogEvent, RawSpan
from spanjudge.spans.span import Message, TextPart, ToolDefinition
from spanjudge.spans.tool_definitions import tool_definitions
from spanjudge.spans.tool_records import arguments_of, result_of

_SAYS = ("role", "content", "user", "finish_reason", "reasoning")
_PROMPTS = ("gen_ai.prompt", "llm.prompts")
_COMPLETIONS = ("gen_ai.completion", "llm.completions")
_FUNCTIONS = "llm.request.functions"
_FLAT = frozenset(
    (
        *(f"{prefix}.0.{key}" for prefix in (*_PROMPTS, *_COMPLETIONS) for key in _SAYS),
        f"{_FUNCTIONS}.0.name",
        "llm.request.type",
        "llm.usage.prompt_tokens",
        "llm.usage.total_tokens",
    )
)
"""Keys of which any flattened span has at least one."""
_INPUTS = ("traceloop.entity.input", "gen_ai.task.input")
_OUTPUTS = ("traceloop.entity.output", "gen_ai.task.output")
_ENTITY = frozenset((*_INPUTS, *_OUTPUTS))


def read(raw: RawSpan, logs: Sequence[LogEvent]) -> Found | None:  # noqa: ARG001  # content is never in logs
    """See `Dialect`."""
    attributes = raw.attributes
    found = None if _ENTITY.isdisjoint(attributes) else _step(raw)
    if not _is_flat(attributes):
        return found
    found = found or Found()
    found.input_messages = _flattened(attributes, _PROMPTS, "user") or found.input_messages
    found.output_messages = (
        _answer(_flattened(attributes, _COMPLETIONS, "assistant")) or found.output_messages
    )
    found.tools = _tools(attributes) or None
    found.request_model = first_model(attributes, ("llm.request.model",))
    found.response_model = first_model(attributes, ("llm.response.model",))
    found.input_tokens = as_count(attributes.get("llm.usage.prompt_tokens"))
    found.output_tokens = as_count(attributes.get("llm.usage.completion_tokens"))
    return found


def _is_flat(attributes: Attributes) -> bool:
    return not _FLAT.isdisjoint(attributes)


def _flattened(attributes: Attributes, prefixes: tuple[str, ...], role: str) -> tuple[Message, ...]:
    for prefix in prefixes:
        if found := indexed(attributes, prefix):
            return tuple(message for item in found if (message := _message(item, role)) is not None)
    return ()


def _message(item: dict[str, Any], role: str) -> Message | None:
    if not item.keys() & {"role", "content", "tool_calls", "function_call", "user", "reasoning"}:
        return None
    content = item.get("content")
    if content is None and isinstance(item.get("user"), str):
        # The prompt of the older completions API stands under the name of its role.
        return Message(role="user", parts=(TextPart(item["user"]),))
    calls = [_call(call) for call in items(item.get("tool_calls"))]
    if isinstance(item.get("function_call"), dict):
        calls.append(_call(item["function_call"]))
    message = message_of({**item, "content": content, "tool_calls": calls, "function_call": None}, role)
    known = {call.id for call in message.tool_calls if call.id}
    if len(calls) < len(message.tool_calls) and len(known) < len(message.tool_calls):
        # The blocks of the content name the calls that are listed beside it.
        return Message(role=message.role, parts=content_parts(content), name=message.name)
    return message


def _call(item: dict[str, Any]) -> dict[str, Any]:
    arguments = at(item, "arguments")
    if arguments is None:
        arguments = at(item, "function", "arguments")
    name = as_name(item.get("name")) or as_name(at(item, "function", "name"))
    return {"id": item.get("id"), "name": name, "arguments": arguments_of(arguments)}


def _answer(choices: tuple[Message, ...]) -> tuple[Message, ...]:
    """The first choice that says anything."""
    spoken = [message for message in choices if message.parts]
    return tuple(spoken[:1]) or choices[:1]


def _tools(attributes: Attributes) -> tuple[ToolDefinition, ...]:
    return tool_definitions(indexed(attributes, _FUNCTIONS))


def _step(raw: RawSpan) -> Found:
    """A workflow, a task, an agent or a tool: what a function or a chain was given, and what came out."""
    given = next((raw.attributes[key] for key in _INPUTS if key in raw.attributes), None)
    gave = next((raw.attributes[key] for key in _OUTPUTS if key in raw.attributes), None)
    operation = operation_of(raw)[0]
    if operation == "execute_tool":
        arguments = arguments_of(given)
        inputs = as_object(as_object(arguments).get("inputs"))
        name = as_name(raw.attributes.get("traceloop.entity.name"))
        return Found(tool_name=name, tool_arguments=inputs or arguments, tool_result=_result(gave))
    asked, answered = read_input(given), read_output(gave)
    messages = _of_chain(answered)
    return Found(
        input_messages=asked.messages or None,
        output_messages=messages or None,
        input_text=None if asked.messages else asked.text,
        output_text=None if messages else answered.text,
    )


def _of_chain(answered: Payload) -> tuple[Message, ...]:
    """What a chain gives back may be all messages of its state; the last of the assistant is the answer."""
    last = answered.last_assistant
    return (last,) if last else answered.messages


def _result(value: object) -> str | None:
    held = as_object(value)
    for key in ("output", "outputs"):
        if key in held:
            return result_of(held[key])
    return result_of(decoded(value))
