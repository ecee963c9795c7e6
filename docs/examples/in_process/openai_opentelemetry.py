"""An application on the OpenAI SDK that judges its own answers; OpenTelemetry's instrumentation records them.

    pip install spanjudge opentelemetry-sdk openai opentelemetry-instrumentation-genai-openai
    OPENAI_API_KEY=sk-… python openai_opentelemetry.py

OPENAI_BASE_URL=http://localhost:11434/v1 takes a local server instead, OPENAI_MODEL another model; the judge
uses the same, unless DEEPEVAL_LLM_BASE_URL and DEEPEVAL_LLM_MODEL name its own.
"""

import os
import sys
from collections.abc import Iterable
from typing import Any

from openai import OpenAI
from opentelemetry.instrumentation.genai.openai import OpenAIInstrumentor
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider

import spanjudge  # 1

# The instrumentation leaves out what was said unless it is told to keep it.
os.environ.setdefault("OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT", "span_only")


def show(_invocation: object, evaluations: Iterable[Any]) -> None:
    """Print what the judge found; it also goes out through the application's own logs and metrics."""
    for found in evaluations:
        sys.stdout.write(f"{found.metric_name}: {found.label or found.error or found.explanation}\n")


provider = TracerProvider(resource=Resource.create({"service.name": "travel-desk"}))
judging = spanjudge.EvaluationSpanProcessor(on_results=show)  # 2
provider.add_span_processor(judging)  # 3
OpenAIInstrumentor().instrument(tracer_provider=provider)

# From here on it is your application. Nothing in it waits for the judge.
completion = OpenAI().chat.completions.create(
    model=os.environ.get("OPENAI_MODEL", "gpt-4o-mini"),
    messages=[{"role": "user", "content": "What is the capital of France?"}],
)
sys.stdout.write(f"Answer: {completion.choices[0].message.content}\n")

judging.wait_for_all(timeout=60)  # only because this program ends at once
provider.shutdown()
