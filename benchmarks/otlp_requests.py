"""OTLP requests as a collector sends them: batches of GenAI chat spans of about 2.4 KB, every id new."""

import json
import os
import time

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

BATCH = 512
_PARAGRAPH = (
    "You can return an item within 30 days of purchase for a full refund, as long as it is unused and in its "
    "box. Shipping takes 3 to 5 business days within the country and up to 14 days abroad. "
)


def request(service: str, number: int, *, spans: int = BATCH, size: int = 1_450) -> bytes:
    """One `ExportTraceServiceRequest` of chat spans, four to a trace; `size` characters of text in each."""
    message = ExportTraceServiceRequest()
    group = message.resource_spans.add()
    for key, value in (("service.name", service), ("telemetry.sdk.language", "python"), ("host.name", "a1")):
        group.resource.attributes.add(key=key).value.string_value = value
    scope = group.scope_spans.add()
    scope.scope.name = "opentelemetry.instrumentation.openai_v2"
    now = time.time_ns()
    trace_id = b""
    for index in range(spans):
        if index % 4 == 0:
            trace_id = os.urandom(16)
        span = scope.spans.add(
            trace_id=trace_id,
            span_id=os.urandom(8),
            name="chat gpt-4o-mini",
            kind=Span.SPAN_KIND_CLIENT,
            start_time_unix_nano=now - 900_000_000,
            end_time_unix_nano=now,
        )
        _attributes(span, f"{number}-{index}", size)
    return message.SerializeToString()


def _attributes(span: Span, name: str, size: int) -> None:
    question = f"Question {name}: what is the refund policy? "
    context = (_PARAGRAPH * (size // len(_PARAGRAPH) + 1))[:size]
    texts = {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "gpt-4o-mini",
        "gen_ai.response.model": "gpt-4o-mini-2024-07-18",
        "gen_ai.response.id": f"chatcmpl-{name}",
        "gen_ai.conversation.id": f"conversation-{name}",
        "server.address": "api.openai.com",
        "gen_ai.input.messages": json.dumps(
            [
                {"role": "system", "parts": [{"type": "text", "content": context}]},
                {"role": "user", "parts": [{"type": "text", "content": question}]},
            ]
        ),
        "gen_ai.output.messages": json.dumps(
            [
                {
                    "role": "assistant",
                    "parts": [{"type": "text", "content": f"Within 30 days, says rule {name}."}],
                    "finish_reason": "stop",
                }
            ]
        ),
    }
    for key, value in texts.items():
        span.attributes.add(key=key).value.string_value = value
    for key, number in (
        ("gen_ai.usage.input_tokens", 311),
        ("gen_ai.usage.output_tokens", 18),
        ("gen_ai.request.max_tokens", 256),
        ("server.port", 443),
    ):
        span.attributes.add(key=key).value.int_value = number
    span.attributes.add(key="gen_ai.request.temperature").value.double_value = 0.2
    span.attributes.add(
        key="gen_ai.response.finish_reasons"
    ).value.array_value.values.add().string_value = "stop"
