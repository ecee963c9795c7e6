"""LangSmith's OpenTelemetry export: `gen_ai.prompt` and `gen_ai.completion` hold a run's values as JSON.

`langsmith.span.kind` says what a run is; `gen_ai.operation.name` does not (retrievers are `embeddings`).
"""

from collections.abc import Callable, Sequence

from spanjudge.spans.dialects.found import Found
from spanjudge.spans.dialects.recorded import put_input, put_output, put_retrieval
from spanjudge.spans.documents import texts_of
from spanjudge.spans.json_text import as_count, as_name, as_object
from spanjudge.spans.operation import operation_of
from spanjudge.spans.payloads import read_input, read_output
from spanjudge.spans.raw import LogEvent, RawSpan
from spanjudge.spans.tool_definitions import tool_definitions
from spanjudge.spans.tool_records import arguments_of, result_of

_INPUT, _OUTPUT = "gen_ai.prompt", "gen_ai.completion"
_METADATA = "langsmith.metadata."
_THREADS = ("thread_id", "session_id", "conversation_id")


def read(raw: RawSpan, logs: Sequence[LogEvent]) -> Found | None:
    """See `Dialect`."""
    del logs
    attributes = raw.attributes
    if "langsmith.span.kind" not in attributes:
        return None
    threads = (as_name(attributes.get(f"{_METADATA}{key}")) for key in _THREADS)
    found = Found(
        provider=as_name(attributes.get(f"{_METADATA}ls_provider")),
        conversation_id=next((thread for thread in threads if thread), None),
        agent=as_name(attributes.get(f"{_METADATA}lc_agent_name")),
    )
    operation, kind = operation_of(raw)
    _READERS.get(operation or kind or "", _step)(raw, found)
    return found


def _call(raw: RawSpan, found: Found) -> None:
    attributes = raw.attributes
    found.request_model = as_name(attributes.get("gen_ai.request.model")) or as_name(
        attributes.get(f"{_METADATA}ls_model_name")
    )
    found.response_model = as_name(attributes.get("gen_ai.response.model"))
    _step(raw, found)
    found.tools = tool_definitions(attributes.get("gen_ai.tool.definitions")) or found.tools or ()
    usage = as_object(attributes.get(f"{_METADATA}usage_metadata"))
    found.input_tokens = as_count(attributes.get("gen_ai.usage.input_tokens", usage.get("input_tokens")))
    found.output_tokens = as_count(attributes.get("gen_ai.usage.output_tokens", usage.get("output_tokens")))


def _step(raw: RawSpan, found: Found) -> None:
    put_input(found, read_input(raw.attributes.get(_INPUT)))
    put_output(found, read_output(raw.attributes.get(_OUTPUT)))


def _tool(raw: RawSpan, found: Found) -> None:
    attributes = raw.attributes
    found.tool_name = as_name(attributes.get("gen_ai.tool.name")) or as_name(raw.name)
    found.tool_arguments = arguments_of(attributes.get(_INPUT))
    found.tool_result = result_of(attributes.get(_OUTPUT))


def _retrieval(raw: RawSpan, found: Found) -> None:
    put_retrieval(found, raw.attributes.get(_INPUT), raw.attributes.get(_OUTPUT))


def _embeddings(raw: RawSpan, found: Found) -> None:
    found.request_model = as_name(raw.attributes.get("gen_ai.request.model"))
    found.input_texts = texts_of(raw.attributes.get(_INPUT))


_READERS: dict[str, Callable[[RawSpan, Found], None]] = {
    "chat": _call,
    "text_completion": _call,
    "execute_tool": _tool,
    "retrieval": _retrieval,
    "embeddings": _embeddings,
}
