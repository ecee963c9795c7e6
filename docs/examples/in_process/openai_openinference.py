"""An application on the OpenAI SDK that judges its own answers; OpenInference's instrumentation records them.

    pip install spanjudge opentelemetry-sdk openai openinference-instrumentation-openai
    OPENAI_API_KEY=sk-… python openai_openinference.py

OPENAI_BASE_URL, OPENAI_MODEL: see openai_opentelemetry.py. This one names its metrics, one with a threshold
of its own and one with a rubric of its own.
"""

import json
import os
import sys
from collections.abc import Iterable
from typing import Any

from openai import OpenAI
from openinference.instrumentation.openai import OpenAIInstrumentor
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider

import spanjudge  # 1

RUBRICS = {
    "brevity": {
        "rubric": "A brief answer says what was asked and stops. Count every sentence that nobody asked for.",
        "labels": {"pass": "Brief", "fail": "Long-winded"},
    }
}
os.environ.setdefault("OTEL_INSTRUMENTATION_GENAI_EVALS_CUSTOM_RUBRICS", json.dumps(RUBRICS))


def show(_invocation: object, evaluations: Iterable[Any]) -> None:
    """Print what the judge found; it also goes out through the application's own logs and metrics."""
    for found in evaluations:
        sys.stdout.write(f"{found.metric_name}: {found.label or found.error or found.explanation}\n")


provider = TracerProvider(resource=Resource.create({"service.name": "travel-desk"}))
judging = spanjudge.EvaluationSpanProcessor(  # 2
    "native(LLMInvocation(answer_relevancy, toxicity(threshold=0.3), brevity))", on_results=show
)
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
