"""Invocations of OpenTelemetry's GenAI utilities, read without importing them.

They are told by the names of their classes and fields: those of `splunk-otel-util-genai` (`LLMInvocation`,
`AgentInvocation`, `Workflow`, …) and those of the upstream `opentelemetry-util-genai` (`InferenceInvocation`,
`WorkflowInvocation`, …), and whatever else has input and output messages of that shape.
"""

from collections.abc import Mapping
from typing import Any, cast

from spanjudge.in_process.host.context import context_of, documents
from spanjudge.in_process.host.messages import instructions_of, messages_of
from spanjudge.in_process.host.plain_values import held, held_text, items, plain
from spanjudge.in_process.invocation import KIND_OF_OPERATION, Invocation, Kind, Seen, Skip
from spanjudge.judging.span_subject import subject_of
from spanjudge.spans.content import content_of
from spanjudge.spans.dialects.found import Found
from spanjudge.spans.facts import Facts
from spanjudge.spans.messages import Content, parse_content
from spanjudge.spans.raw import RawSpan
from spanjudge.spans.span import Message, Span, ToolDefinition
from spanjudge.spans.tool_definitions import tool_definitions
from spanjudge.telemetry.evaluated import Target

_KINDS: Mapping[str, Kind] = {
    "LLMInvocation": "LLMInvocation",
    "InferenceInvocation": "LLMInvocation",
    "FetchResponseInvocation": "LLMInvocation",
    "AgentInvocation": "AgentInvocation",
    "LocalAgentInvocation": "AgentInvocation",
    "RemoteAgentInvocation": "AgentInvocation",
    "AgentCreation": "AgentCreation",
    "EmbeddingInvocation": "EmbeddingInvocation",
    "RetrievalInvocation": "RetrievalInvocation",
    "ToolCall": "ToolCall",
    "ToolInvocation": "ToolCall",
    "MCPToolCall": "ToolCall",
    "Workflow": "Workflow",
    "WorkflowInvocation": "Workflow",
    "Step": "Step",
}
_OPERATIONS: Mapping[Kind, str] = {
    kind: operation
    for operation, kind in KIND_OF_OPERATION.items()
    if operation not in ("generate_content", "text_completion")
}
_ORCHESTRATION: frozenset[Kind] = frozenset({"AgentInvocation", "AgentCreation", "Workflow", "Step"})
"""Kinds whose texts frameworks also leave in the attributes."""

_INPUTS = ("input_context", "input", "initial_input", "prompt", "question", "query")
_OUTPUTS = (
    "output_result",
    "final_output",
    "final_answer",
    "output",
    "response",
    "answer",
    "completion",
    "message",
    "result",
)
_CAPTURE = "prompt_capture"
"""Attribute of an agent under which some frameworks put what went in and came out."""

_NO_TEXT = "the invocation holds no text: no messages, no input and no output"
_ONLY_TOOLS = "the model asked for tools and said nothing, so there is no answer to judge"
_LONGEST_ERROR_TYPE = 80


def host_invocation(given: object) -> Invocation | None:
    """The invocation that an object of the utilities is; `None` when it is nothing of the kind.

    Its texts are read later, at the first look. Never raises.
    """
    kind = _kind(given)
    if kind is None:
        return None
    flags = held(given, "trace_flags")
    return Invocation(
        kind=kind,
        read=lambda: read(given, kind),
        target=target_of(given),
        service=_service(given),
        source=given,
        sampled=bool(flags & 1) if isinstance(flags, int) else True,
    )


def _kind(given: object) -> Kind | None:
    for base in type(given).__mro__:
        if base.__name__ in _KINDS:
            return _KINDS[base.__name__]
    if held(given, "output_messages") is None and held(given, "input_messages") is None:
        return None
    operation = held(given, "operation", "operation_name")
    return (
        KIND_OF_OPERATION.get(operation, "LLMInvocation") if isinstance(operation, str) else "LLMInvocation"
    )


def target_of(given: object) -> Target:
    """The span that an invocation was, by its ids, its span context or its span; empty when it was none."""
    span = held(given, "span")
    for owner in (given, held(given, "span_context"), held(span, "context"), _asked(span)):
        trace_id = _hexadecimal(held(owner, "trace_id"), 32)
        span_id = _hexadecimal(held(owner, "span_id"), 16)
        if trace_id and span_id:
            return Target(trace_id=trace_id, span_id=span_id)
    return Target()


def _asked(span: object) -> object:
    ask = held(span, "get_span_context")
    try:
        return ask() if callable(ask) else None
    except Exception:  # noqa: BLE001  somebody else's span may do anything
        return None


def _hexadecimal(value: object, digits: int) -> str:
    """An id as OpenTelemetry has it, a number, or as it is written; empty for 0 and anything else."""
    if isinstance(value, int) and 0 < value < 16**digits:
        return f"{value:0{digits}x}"
    if isinstance(value, str) and len(value) == digits and value.strip("0"):
        try:
            return f"{int(value, 16):0{digits}x}"
        except ValueError:
            return ""
    return ""


def _service(given: object) -> str:
    attributes = held(held(held(given, "span"), "resource"), "attributes")
    return held_text(attributes, "service.name") or ""


def read(given: object, kind: Kind) -> Seen:
    """What a judge sees of it, or why it sees nothing. Never raises."""
    try:
        return _read(given, kind)
    except Exception as error:  # noqa: BLE001  somebody else's object may do anything
        why = f"the {type(given).__name__} cannot be read ({type(error).__name__})"
        return Seen(skip=Skip("no_content", why))


def _read(given: object, kind: Kind) -> Seen:
    attributes = held(given, "attributes")
    known: Mapping[str, Any] = (
        cast("Mapping[str, Any]", attributes) if isinstance(attributes, Mapping) else {}
    )
    response_id = held_text(given, "response_id")
    failed = _failed(given, known)
    if failed:
        why = f"the invocation failed ({failed}), so there is no answer to judge"
        return Seen(skip=Skip("span_error", why), response_id=response_id)
    span = _span(given, kind, known)
    raw = RawSpan(trace_id=span.trace_id, span_id=span.span_id, attributes=plain(known))
    subject = subject_of(span, raw)
    skip = None
    if not (subject.output or "").strip() and kind == "LLMInvocation" and _asks_for_tools(given, span):
        skip = Skip("no_content", _ONLY_TOOLS)
    elif not (subject.input or subject.output or subject.messages or subject.tool_calls or subject.context):
        skip = Skip("no_content", _NO_TEXT)
    return Seen(subject=subject, skip=skip, response_id=response_id)


def _failed(given: object, attributes: Mapping[str, Any]) -> str | None:
    """The kind of the error that ended it; `None` when none did."""
    kind = held(attributes, "error.type") or held(given, "error_type", "mcp_error_type")
    if kind:
        name = kind.__qualname__ if isinstance(kind, type) else str(plain(kind))
        return name[:_LONGEST_ERROR_TYPE]
    status = held(held(held(given, "span"), "status"), "status_code")
    return "error" if held(status, "name") == "ERROR" else None


def _span(given: object, kind: Kind, attributes: Mapping[str, Any]) -> Span:
    """The span that an instrumentation would have recorded of it."""
    target = target_of(given)
    operation = _OPERATIONS.get(kind)
    found = _found(given, kind, attributes)
    facts = Facts(operation=operation, kind=None if operation else "chain")
    content = content_of(RawSpan(trace_id="", span_id=""), facts, found, failed=False)
    return Span(
        trace_id=target.trace_id,
        span_id=target.span_id,
        name=held_text(given, "name", "workflow_name") or "",
        operation=operation,
        provider=held_text(given, "provider", "provider_name", "system"),
        request_model=held_text(given, "request_model", "model"),
        response_model=held_text(given, "response_model_name", "response_model"),
        system_prompt=content.system_prompt,
        input_text=content.input_text,
        output_text=content.output_text,
        input_messages=content.input_messages,
        output_messages=content.output_messages,
        input_texts=content.input_texts,
        tools=found.tools or (),
        tool_calls=content.tool_calls,
        tool_name=content.tool_name,
        tool_arguments=content.tool_arguments,
        tool_result=content.tool_result,
        context=content.context or found.context or (),
    )


def _found(given: object, kind: Kind, attributes: Mapping[str, Any]) -> Found:
    """What the object says, in the words of a dialect."""
    found = Found(
        system_prompt=instructions_of(held(given, "system_instructions", "system_instruction")),
        input_messages=messages_of(held(given, "input_messages"), "user"),
        output_messages=messages_of(held(given, "output_messages"), "assistant"),
        tools=_tools(given),
        context=context_of(attributes),
    )
    if kind == "LLMInvocation":
        found.output_messages = _first_choice(found.output_messages or ())
    if kind in _ORCHESTRATION:
        _from_attributes(found, given, attributes)
    if kind == "ToolCall":
        found.tool_name = held_text(given, "name")
        found.tool_arguments = plain(held(given, "arguments"))
        found.tool_result = _text(held(given, "tool_result"))
    elif kind == "EmbeddingInvocation":
        found.input_texts = tuple(text for text in items(held(given, "input_texts")) if isinstance(text, str))
    elif kind == "RetrievalInvocation":
        found.input_text = held_text(given, "query", "query_text")
        found.context = documents(held(given, "results", "documents")) or found.context
    return found


def _from_attributes(found: Found, given: object, attributes: Mapping[str, Any]) -> None:
    """Input and output of an agent or workflow that its messages do not tell."""
    capture = held(attributes, _CAPTURE)
    if not _said(found.input_messages, "user"):
        asked = _first(_INPUTS, capture, attributes) or _content(held(given, "objective", "description"))
        found.input_messages = asked.messages if asked and asked.messages else found.input_messages
        found.input_text = asked.as_input() if asked else None
    if not _said(found.output_messages, "assistant"):
        answered = _first(_OUTPUTS, capture, attributes)
        found.output_messages = answered.messages if answered and answered.messages else found.output_messages
        found.output_text = answered.as_output() if answered else None


def _said(messages: tuple[Message, ...] | None, role: str) -> bool:
    return any(message.role == role and message.text.strip() for message in messages or ())


def _first(keys: tuple[str, ...], *owners: object) -> Content | None:
    """The first of the keys with a text, in what was captured before the attributes themselves."""
    for owner in owners:
        for key in keys:
            content = _content(held(owner, key))
            if content is not None:
                return content
    return None


def _content(value: object) -> Content | None:
    content = parse_content(plain(value))
    return content if content and content.text.strip() not in ("", "[]", "{}") else None


def _first_choice(messages: tuple[Message, ...]) -> tuple[Message, ...]:
    """Several complete answers to one question: the first is the one the user saw."""
    answers = all(message.role == "assistant" for message in messages)
    return messages[:1] if answers and len(messages) > 1 and messages[0].text.strip() else messages


def _text(value: object) -> str | None:
    """A result as text: itself, or the text that is read out of it."""
    content = parse_content(plain(value))
    return content.text if content else None


def _tools(given: object) -> tuple[ToolDefinition, ...]:
    """Definitions where there are any, else the tools' names."""
    for field in ("tool_definitions", "request_functions", "tools"):
        tools = tool_definitions([_tool(item) for item in items(held(given, field))])
        if tools:
            return tools
    return ()


def _tool(item: object) -> Any:
    if isinstance(item, Mapping | str):
        return plain(cast("object", item))
    return {name: plain(held(item, name)) for name in ("name", "description", "parameters", "type")}


def _asks_for_tools(given: object, span: Span) -> bool:
    """Whether the answer is a request to call tools, as its parts or its finish reasons say."""
    if span.tool_calls or any(message.tool_calls for message in span.output_messages):
        return True
    reasons = [
        *items(held(given, "response_finish_reasons", "finish_reasons")),
        *(held(message, "finish_reason") for message in items(held(given, "output_messages"))),
    ]
    return any(isinstance(reason, str) and reason.lower() in _TOOL_REASONS for reason in reasons)


_TOOL_REASONS = frozenset({"tool_calls", "tool_call", "tool_use", "function_call"})
