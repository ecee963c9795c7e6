"""Langfuse's SDKs: `langfuse.observation.type` with the input and output of an observation as JSON."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from spanjudge.spans.dialects.found import Found
from spanjudge.spans.dialects.recorded import put_input, put_output, put_retrieval
from spanjudge.spans.documents import texts_of
from spanjudge.spans.json_text import as_count, as_name, as_object
from spanjudge.spans.operation import operation_of
from spanjudge.spans.payloads import read_input, read_output
from spanjudge.spans.raw import LogEvent, RawSpan
from spanjudge.spans.tool_records import arguments_of, result_of

_OBSERVATION = "langfuse.observation."
_INPUT, _OUTPUT = f"{_OBSERVATION}input", f"{_OBSERVATION}output"
_METADATA = f"{_OBSERVATION}metadata."
_SIGNS = (f"{_OBSERVATION}type", _INPUT, _OUTPUT, "langfuse.trace.input", "langfuse.trace.output")
_READ = ("prompt_tokens", "input_tokens", "input")
_WRITTEN = ("completion_tokens", "output_tokens", "output")


def read(raw: RawSpan, logs: Sequence[LogEvent]) -> Found | None:
    """See `Dialect`."""
    del logs
    attributes = raw.attributes
    if not any(key in attributes for key in _SIGNS):
        return None
    found = Found(
        provider=as_name(attributes.get(f"{_METADATA}ls_provider")),
        conversation_id=as_name(attributes.get("session.id"))
        or as_name(attributes.get("langfuse.session.id")),
        agent=as_name(attributes.get(f"{_METADATA}lc_agent_name")),
    )
    if as_name(attributes.get(f"{_OBSERVATION}level")) == "ERROR":
        found.notes = ("Langfuse's level of this observation is ERROR",)
    operation, kind = operation_of(raw)
    _READERS.get(operation or kind or "", _step)(raw, found)
    return found


def _call(raw: RawSpan, found: Found) -> None:
    """The model's name is the one that answered, once there is an answer."""
    attributes = raw.attributes
    model = as_name(attributes.get(f"{_OBSERVATION}model.name"))
    found.request_model = as_name(attributes.get(f"{_METADATA}ls_model_name")) or model
    found.response_model = model
    _step(raw, found)
    found.tools = found.tools or ()
    usage = as_object(attributes.get(f"{_OBSERVATION}usage_details"))
    found.input_tokens = _first_count(usage, _READ)
    found.output_tokens = _first_count(usage, _WRITTEN)


def _step(raw: RawSpan, found: Found) -> None:
    attributes = raw.attributes
    put_input(found, read_input(_value(raw, _INPUT, "langfuse.trace.input")))
    put_output(found, read_output(_value(raw, _OUTPUT, "langfuse.trace.output")))
    if found.agent is None and as_name(attributes.get(f"{_OBSERVATION}type")) == "agent":
        found.agent = as_name(raw.name)


def _tool(raw: RawSpan, found: Found) -> None:
    found.tool_name = as_name(raw.name)
    found.tool_arguments = arguments_of(raw.attributes.get(_INPUT))
    found.tool_result = result_of(raw.attributes.get(_OUTPUT))


def _retrieval(raw: RawSpan, found: Found) -> None:
    put_retrieval(found, raw.attributes.get(_INPUT), raw.attributes.get(_OUTPUT))


def _embeddings(raw: RawSpan, found: Found) -> None:
    found.request_model = as_name(raw.attributes.get(f"{_OBSERVATION}model.name"))
    found.input_texts = texts_of(raw.attributes.get(_INPUT))
    usage = as_object(raw.attributes.get(f"{_OBSERVATION}usage_details"))
    found.input_tokens = _first_count(usage, _READ)


def _value(raw: RawSpan, key: str, of_trace: str) -> Any:
    """An observation's own value; at the root of a trace that of the trace stands in for it."""
    value = raw.attributes.get(key)
    return raw.attributes.get(of_trace) if value is None and not raw.parent_span_id else value


def _first_count(usage: Mapping[str, Any], keys: tuple[str, ...]) -> int | None:
    return next((count for key in keys if (count := as_count(usage.get(key))) is not None), None)


_READERS: dict[str, Callable[[RawSpan, Found], None]] = {
    "chat": _call,
    "text_completion": _call,
    "execute_tool": _tool,
    "retrieval": _retrieval,
    "embeddings": _embeddings,
}
