"""A span as one JSON object: the keys differ by what the span is about."""

from typing import Any

from spanjudge.cli.spans_seen import SeenSpan
from spanjudge.spans.span import Span


def row(seen: SeenSpan) -> dict[str, Any]:
    """The span's fields, then what a judge would see of it and why it is judged or not.

    A field that the span does not carry is null; a field that such a span never has is not there.
    """
    span = seen.span
    found: dict[str, Any] = {"span_name": span.name, "span_id": span.span_id, "operation": span.operation}
    found |= _fields(seen)
    if seen.same_call_as_parent:
        found["same_call_as_parent"] = True
    if span.error is not None:
        found["error"] = True
    return found | {"scope": span.scope} | _further(seen)


def _fields(seen: SeenSpan) -> dict[str, Any]:
    span = seen.span
    if span.operation is None:
        found: dict[str, Any] = {"kind": span.kind}
        if seen.root and span.kind is not None:
            found |= {"input_text": span.input_text, "output_text": span.output_text}
        return found
    found = {"framework": span.framework} if span.framework else {}
    found["provider"] = span.provider
    match span.operation:
        case "execute_tool":
            return found | {
                "tool_name": span.tool_name,
                "tool_arguments": span.tool_arguments,
                "tool_result": span.tool_result,
            }
        case "retrieval":
            documents = [document.content for document in span.context]
            return found | {"input_text": span.input_text, "context": documents}
        case "embeddings":
            return found | {
                "request_model": span.request_model,
                "input_texts": list(span.input_texts),
                "usage": _usage(span),
            }
        case _:
            return found | {
                "request_model": span.request_model,
                "response_model": span.response_model,
                "system_prompt": span.system_prompt,
                "input_text": span.input_text,
                "output_text": span.output_text,
                "tool_definitions": [tool.name for tool in span.tools],
                "tool_calls": [{"name": call.name, "arguments": call.arguments} for call in span.tool_calls],
                "usage": _usage(span),
            }


def _usage(span: Span) -> dict[str, int | None] | None:
    return {"input": span.usage.input, "output": span.usage.output} if span.usage else None


def _further(seen: SeenSpan) -> dict[str, Any]:
    span, decision = seen.span, seen.decision
    found: dict[str, Any] = {
        "trace_id": span.trace_id,
        "parent_span_id": span.parent_span_id or None,
        "service": span.service,
        "dialect": span.dialect or None,
        "conversation_id": span.conversation_id,
        "agent": span.agent,
        "judged": decision.judge,
        "reason": decision.reason,
        "detail": decision.detail or None,
        "variables": {
            one.name: {"state": one.state, "characters": one.characters, "sent": one.sent}
            if one.characters
            else {"state": one.state}
            for one in seen.variables
        },
    }
    if span.error is not None:
        found["error_message"] = span.error
    if span.notes:
        found["notes"] = list(span.notes)
    return found
