"""An instrumented application that sends its spans to Spanjudge: three lines more than without it.

    pip install opentelemetry-sdk opentelemetry-exporter-otlp-proto-http
    SPANJUDGE_URL=http://localhost:8000 SPANJUDGE_TOKEN=… python sdk.py

SPANJUDGE_TOKEN is one of the values of the server's O2_JUDGE_AUTH_TOKEN.
"""

import json
import os
import sys

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # 1
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

URL = os.environ.get("SPANJUDGE_URL", "http://localhost:8000")
HEADERS = {"authorization": f"Bearer {os.environ['SPANJUDGE_TOKEN']}"}

provider = TracerProvider(resource=Resource.create({"service.name": "travel-desk"}))
exporter = OTLPSpanExporter(f"{URL}/v1/traces", headers=HEADERS)  # 2
provider.add_span_processor(BatchSpanProcessor(exporter))  # 3


def say(role: str, text: str) -> str:
    """A message as OpenTelemetry's GenAI conventions write it."""
    return json.dumps([{"role": role, "parts": [{"type": "text", "content": text}]}])


# Your instrumentation makes spans like this one by itself, for every call of a model.
with provider.get_tracer("travel-desk").start_as_current_span("chat gpt-5.4-mini") as span:
    span.set_attribute("gen_ai.operation.name", "chat")
    span.set_attribute("gen_ai.provider.name", "openai")
    span.set_attribute("gen_ai.request.model", "gpt-5.4-mini")
    span.set_attribute("gen_ai.input.messages", say("user", "What is the capital of France?"))
    span.set_attribute("gen_ai.output.messages", say("assistant", "The capital of France is Paris."))

provider.shutdown()  # sends what is left
sys.stdout.write(
    f"Sent. Why it was judged, or not: spanjudge explain {span.get_span_context().span_id:016x}\n"
)
