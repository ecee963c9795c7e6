"""A sample as an instrumented application records it: what was retrieved, and the model's call."""

import json
from typing import Any

from opentelemetry.trace import SpanKind, Tracer, format_span_id

from spanjudge.cli.perf.samples import Sample

MODEL = "the-application-s-model"

Json = dict[str, Any]


def record(tracer: Tracer, sample: Sample) -> str:
    """Start and end the sample's spans; ending the model call offers it, and its span id is returned."""
    with tracer.start_as_current_span(f"answer {sample.id}"):
        if sample.context:
            with tracer.start_as_current_span("retrieval documents", kind=SpanKind.CLIENT) as retrieval:
                retrieval.set_attribute("gen_ai.operation.name", "retrieval")
                retrieval.set_attribute("gen_ai.retrieval.query.text", sample.input)
                retrieval.set_attribute("gen_ai.retrieval.documents", json.dumps(documents(sample)))
        with tracer.start_as_current_span(f"chat {MODEL}", kind=SpanKind.CLIENT) as chat:
            chat.set_attributes(attributes(sample))
    return format_span_id(chat.get_span_context().span_id)


def attributes(sample: Sample) -> dict[str, str]:
    """The attributes of the model call, as OpenTelemetry's GenAI conventions name them."""
    found = {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": MODEL,
        "gen_ai.input.messages": json.dumps(messages(sample)),
        "gen_ai.output.messages": json.dumps([message("assistant", text(sample.output))]),
    }
    if sample.system:
        found["gen_ai.system_instructions"] = json.dumps([text(sample.system)])
    if sample.tools:
        found["gen_ai.tool.definitions"] = json.dumps(
            [
                {
                    "type": "function",
                    "name": tool.name,
                    "description": tool.description,
                    "parameters": tool.parameters,
                }
                for tool in sample.tools
            ]
        )
    return found


def documents(sample: Sample) -> list[Json]:
    """What was retrieved."""
    return [
        {"id": f"{sample.id}-{number}", "content": content}
        for number, content in enumerate(sample.context, 1)
    ]


def messages(sample: Sample) -> list[Json]:
    """The conversation that the model was sent."""
    sent = [message("user", text(sample.asked))]
    for number, step in enumerate(sample.steps, 1):
        call = {"type": "tool_call", "id": f"call_{number}", "name": step.tool, "arguments": step.arguments}
        came = {"type": "tool_call_response", "id": f"call_{number}", "response": step.result}
        sent += [message("assistant", call), message("tool", came)]
    return sent


def message(role: str, part: Json) -> Json:
    """One message of one part."""
    return {"role": role, "parts": [part]}


def text(content: str) -> Json:
    """A part that is text."""
    return {"type": "text", "content": content}
