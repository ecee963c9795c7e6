"""Haystack's own tracing: `haystack.component.*`, `haystack.pipeline.*` and `haystack.agent.*`.

Content is there when HAYSTACK_CONTENT_TRACING_ENABLED is set where the application runs.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from spanjudge.spans.dialects.found import Found
from spanjudge.spans.dialects.recorded import put_input, put_output, put_retrieval
from spanjudge.spans.documents import texts_of
from spanjudge.spans.json_text import as_count, as_list, as_name, as_object
from spanjudge.spans.operation import operation_of
from spanjudge.spans.payloads import Payload, read_input, read_output
from spanjudge.spans.raw import LogEvent, RawSpan
from spanjudge.spans.span import Message
from spanjudge.spans.tool_definitions import tool_definitions
from spanjudge.spans.tool_records import arguments_of, result_of

_PREFIX = "haystack."
_INPUTS = (
    "haystack.component.input",
    "haystack.agent.step.llm.input",
    "haystack.agent.input",
    "haystack.pipeline.input_data",
)
_OUTPUTS = (
    "haystack.component.output",
    "haystack.agent.step.llm.output",
    "haystack.agent.output",
    "haystack.pipeline.output_data",
)
_TOOL_INPUTS = ("haystack.agent.step.tool.input", "haystack.tool.input", "haystack.tool.arguments", *_INPUTS)
_TOOL_OUTPUTS = ("haystack.agent.step.tool.output", "haystack.tool.output", "haystack.tool.result", *_OUTPUTS)


def read(raw: RawSpan, logs: Sequence[LogEvent]) -> Found | None:
    """See `Dialect`."""
    del logs
    if _PREFIX not in "\n".join(raw.attributes):
        return None
    found = Found()
    operation, kind = operation_of(raw)
    _READERS.get(operation or kind or "", _step)(raw, found)
    return found


def _call(raw: RawSpan, found: Found) -> None:
    """A generator: messages or a prompt in, `replies` out, with what the provider told in `meta`."""
    given = as_object(_first(raw.attributes, _INPUTS))
    _step(raw, found)
    found.tools = tool_definitions(_tools(given.get("tools")))
    made = as_object(_first(raw.attributes, _OUTPUTS))
    meta = _meta(made)
    found.response_model = as_name(meta.get("model"))
    asked = as_object(given.get("generation_kwargs"))
    found.request_model = as_name(asked.get("model")) or found.response_model
    usage = as_object(meta.get("usage"))
    found.input_tokens = as_count(usage.get("prompt_tokens", usage.get("input_tokens")))
    found.output_tokens = as_count(usage.get("completion_tokens", usage.get("output_tokens")))
    found.response_id = as_name(meta.get("id"))


def _meta(made: dict[str, Any]) -> dict[str, Any]:
    """Of a chat's first reply it stands in the reply, of a text's beside it."""
    reply = as_object(next(iter(as_list(made.get("replies"))), None))
    beside = next(iter(as_list(made.get("meta"))), None)
    return as_object(reply.get("meta")) or as_object(reply.get("_meta")) or as_object(beside)


def _tools(value: object) -> list[Any]:
    """Haystack writes a tool as its class and its `data`."""
    return [as_object(item).get("data") or item for item in as_list(value)]


def _step(raw: RawSpan, found: Found) -> None:
    given = _first(raw.attributes, _INPUTS)
    put_input(found, _of_components(given, read_input))
    put_output(found, _of_components(_first(raw.attributes, _OUTPUTS), read_output))


def _of_components(value: object, read_value: Callable[[object], Payload]) -> Payload:
    """A pipeline's data is that of its components by name; the only one that says something is meant."""
    read_whole = read_value(value)
    if read_whole.messages:
        return read_whole
    fields = as_object(value)
    by_name = [as_object(held) for held in fields.values()]
    if not fields or not all(by_name):
        return read_whole
    each = [read_value(held) for held in by_name]
    spoken = [payload for payload in each if payload.messages]
    if spoken:
        return spoken[-1]
    texts = dict.fromkeys(payload.text for payload in each if payload.text)
    return Payload(text=next(iter(texts))) if len(texts) == 1 else read_whole


def _agent(raw: RawSpan, found: Found) -> None:
    attributes = raw.attributes
    found.agent = as_name(attributes.get("haystack.component.name")) or as_name(
        attributes.get("haystack.agent.name")
    )
    _step(raw, found)
    system = as_name(as_object(_first(attributes, _INPUTS)).get("system_prompt"))
    if system and not found.system_prompt:
        found.system_prompt = system
    # The state at the end holds the conversation from its start.
    if found.output_messages:
        found.output_messages = _after_input(found)
    found.tools = tool_definitions(_tools(attributes.get("haystack.agent.tools")))


def _after_input(found: Found) -> tuple[Message, ...]:
    return tuple(message for message in found.output_messages or () if message.role != "system")


def _tool(raw: RawSpan, found: Found) -> None:
    attributes = raw.attributes
    found.tool_name = as_name(attributes.get("haystack.tool.name")) or as_name(
        attributes.get("haystack.component.name")
    )
    found.tool_arguments = arguments_of(_first(attributes, _TOOL_INPUTS))
    found.tool_result = result_of(_first(attributes, _TOOL_OUTPUTS))


def _retrieval(raw: RawSpan, found: Found) -> None:
    put_retrieval(found, _first(raw.attributes, _INPUTS), _first(raw.attributes, _OUTPUTS))


def _embeddings(raw: RawSpan, found: Found) -> None:
    found.input_texts = texts_of(_first(raw.attributes, _INPUTS))
    meta = as_object(as_object(_first(raw.attributes, _OUTPUTS)).get("meta"))
    found.request_model = as_name(meta.get("model"))
    found.input_tokens = as_count(as_object(meta.get("usage")).get("prompt_tokens"))


def _first(attributes: Mapping[str, Any], keys: tuple[str, ...]) -> Any:
    return next((attributes[key] for key in keys if attributes.get(key) not in (None, "")), None)


_READERS: dict[str, Callable[[RawSpan, Found], None]] = {
    "chat": _call,
    "text_completion": _call,
    "invoke_agent": _agent,
    "execute_tool": _tool,
    "retrieval": _retrieval,
    "embeddings": _embeddings,
}
