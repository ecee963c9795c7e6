"""A LangChain agent with a tool that judges its own answers; OpenInference's instrumentation records it.

    pip install spanjudge opentelemetry-sdk langchain langchain-openai \
        openinference-instrumentation-langchain openinference-instrumentation-openai
    OPENAI_API_KEY=sk-… python langchain_agent.py

OPENAI_BASE_URL, OPENAI_MODEL: see openai_opentelemetry.py. LangChain and the OpenAI SDK below it are both
instrumented, as they are in many applications: each call of the model is recorded twice, and judged once.
"""

import os
import sys
from collections.abc import Iterable
from typing import Any

from langchain.agents import create_agent
from langchain_openai import ChatOpenAI
from openinference.instrumentation.langchain import LangChainInstrumentor
from openinference.instrumentation.openai import OpenAIInstrumentor
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider

import spanjudge  # 1


def show(_invocation: object, evaluations: Iterable[Any]) -> None:
    """Print what the judge found; it also goes out through the application's own logs and metrics."""
    for found in evaluations:
        # A call that only asks for a tool is skipped, and so is the second record of one.
        if not isinstance(found, spanjudge.EvaluationSkipped):
            sys.stdout.write(f"{found.metric_name}: {found.label or found.error}\n")


provider = TracerProvider(resource=Resource.create({"service.name": "travel-desk"}))
judging = spanjudge.EvaluationSpanProcessor(on_results=show)  # 2
provider.add_span_processor(judging)  # 3
LangChainInstrumentor().instrument(tracer_provider=provider)
OpenAIInstrumentor().instrument(tracer_provider=provider)


# From here on it is your application. Nothing in it waits for the judge.
def forecast(town: str) -> str:
    """Tell today's weather in a town."""
    return f"{town} today: rain from 13 h to 19 h, 11 degrees."


agent = create_agent(
    ChatOpenAI(model=os.environ.get("OPENAI_MODEL", "gpt-4o-mini")),
    tools=[forecast],
    system_prompt="You help people to plan their day. Look the weather up before you answer.",
)
answer = agent.invoke({"messages": [{"role": "user", "content": "Do I need an umbrella in Bergen today?"}]})
sys.stdout.write(f"Answer: {answer['messages'][-1].content}\n")

# What the tool said is the context that the answer is held against: look at `hallucination`.
judging.wait_for_all(timeout=60)  # only because this program ends at once
provider.shutdown()
