"""MLflow Tracing: `mlflow.spanInputs` and `mlflow.spanOutputs`, every value encoded as JSON."""

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

_INPUT, _OUTPUT = "mlflow.spanInputs", "mlflow.spanOutputs"
_USAGE = "mlflow.chat.tokenUsage"
_SIGNS = ("mlflow.spanType", _INPUT, _OUTPUT)


def read(raw: RawSpan, logs: Sequence[LogEvent]) -> Found | None:
    """See `Dialect`."""
    del logs
    attributes = raw.attributes
    if not any(key in attributes for key in _SIGNS):
        return None
    found = Found(
        provider=as_name(attributes.get("mlflow.llm.provider")),
        conversation_id=as_name(attributes.get("mlflow.trace.session")),
    )
    usage = as_object(attributes.get(_USAGE))
    found.input_tokens = as_count(usage.get("input_tokens"))
    found.output_tokens = as_count(usage.get("output_tokens"))
    operation, kind = operation_of(raw)
    _READERS.get(operation or kind or "", _step)(raw, found)
    return found


def _call(raw: RawSpan, found: Found) -> None:
    attributes = raw.attributes
    given = read_input(attributes.get(_INPUT))
    put_input(found, given)
    put_output(found, read_output(attributes.get(_OUTPUT)))
    found.tools = tool_definitions(attributes.get("mlflow.chat.tools")) or given.tools
    answered = as_name(attributes.get("mlflow.llm.model"))
    answer = as_object(attributes.get(_OUTPUT))
    found.response_model = answered or as_name(answer.get("model"))
    found.request_model = given.model or as_name(attributes.get("model")) or answered
    found.response_id = as_name(answer.get("id"))


def _step(raw: RawSpan, found: Found) -> None:
    put_input(found, read_input(raw.attributes.get(_INPUT)))
    put_output(found, read_output(raw.attributes.get(_OUTPUT)))


def _agent(raw: RawSpan, found: Found) -> None:
    found.agent = as_name(raw.name)
    _step(raw, found)


def _tool(raw: RawSpan, found: Found) -> None:
    found.tool_name = as_name(raw.attributes.get("mlflow.tool.name")) or as_name(raw.name)
    found.tool_arguments = arguments_of(raw.attributes.get(_INPUT))
    found.tool_result = result_of(raw.attributes.get(_OUTPUT))


def _retrieval(raw: RawSpan, found: Found) -> None:
    put_retrieval(found, raw.attributes.get(_INPUT), raw.attributes.get(_OUTPUT))


def _embeddings(raw: RawSpan, found: Found) -> None:
    given = as_object(raw.attributes.get(_INPUT))
    answered = as_name(raw.attributes.get("mlflow.llm.model"))
    found.request_model = as_name(given.get("model")) or as_name(raw.attributes.get("model")) or answered
    found.input_texts = texts_of(raw.attributes.get(_INPUT))


_READERS: dict[str, Callable[[RawSpan, Found], None]] = {
    "chat": _call,
    "text_completion": _call,
    "invoke_agent": _agent,
    "execute_tool": _tool,
    "retrieval": _retrieval,
    "embeddings": _embeddings,
}
