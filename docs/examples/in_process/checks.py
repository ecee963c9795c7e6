"""Checks of your own beside the judge's: functions, what users say, and a test for your CI.

    pip install spanjudge opentelemetry-sdk openai opentelemetry-instrumentation-genai-openai pytest
    OPENAI_API_KEY=sk-… python checks.py
    OPENAI_API_KEY=sk-… pytest checks.py

OPENAI_BASE_URL, OPENAI_MODEL: see openai_opentelemetry.py. All of it is exported as the judge's results are.
"""

import os
import sys

from openai import OpenAI
from opentelemetry.instrumentation.genai.openai import OpenAIInstrumentor
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider

import spanjudge  # 1
from spanjudge.testing import RecordedEvaluations

os.environ.setdefault("OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT", "span_only")

provider = TracerProvider(resource=Resource.create({"service.name": "travel-desk"}))
provider.add_span_processor(
    spanjudge.EvaluationSpanProcessor("native(LLMInvocation(answer_relevancy))")
)  # 2, 3
OpenAIInstrumentor().instrument(tracer_provider=provider)
tracer = provider.get_tracer("travel-desk")


@spanjudge.evaluator(labels={"pass": "Names a town", "fail": "Names no town"})
def names_a_town(output: str) -> bool:
    """Run by itself for every answer of the model; what it raises is a failure, never a score."""
    return any(town in output for town in ("Paris", "Rome", "Bergen"))


@spanjudge.evaluator(acceptance={"max": 40}, labels={"pass": "Short", "fail": "Long"})
async def words(output: str) -> int:
    """A number is a score; `acceptance` makes a verdict of it."""
    return len(output.split())


def answer(question: str) -> str:
    """Your application."""
    with tracer.start_as_current_span("answer"):
        completion = OpenAI().chat.completions.create(
            model=os.environ.get("OPENAI_MODEL", "gpt-4o-mini"),
            messages=[{"role": "user", "content": question}],
        )
        # What was found elsewhere: here, about the current span; `trace_id` and `span_id` name another.
        spanjudge.submit_evaluation("thumbs_up", value=True, explanation="The user clicked on it.")
        return completion.choices[0].message.content or ""


def test_the_answer(spanjudge_evaluations: RecordedEvaluations) -> None:
    """The fixture comes with the package; an assertion waits for what is still under way."""
    answer("What is the capital of France?")
    spanjudge_evaluations.assert_passed("names_a_town")
    spanjudge_evaluations.assert_score("words", max=40)
    spanjudge_evaluations.assert_no_failures()


if __name__ == "__main__":
    with RecordedEvaluations() as evaluations:
        sys.stdout.write(f"Answer: {answer('What is the capital of France?')}\n")
        evaluations.wait(60)
        for found in evaluations.evaluations:
            sys.stdout.write(f"{found.metric_name}: {found.label or found.score} ({found.explanation})\n")
    provider.shutdown()
