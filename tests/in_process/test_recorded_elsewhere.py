"""One call that two instrumentations record without one being inside the other's span."""

import json
from collections.abc import Sequence

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.sampling import ALWAYS_ON
from opentelemetry.trace import Span

from spanjudge.in_process.evaluator import Evaluation
from spanjudge.in_process.invocation import Invocation
from spanjudge.in_process.span_processor import EvaluationSpanProcessor
from spanjudge.judging.models.scripted import ScriptedModel

FRAMEWORK, LIBRARY = "instrumentation.of.a.framework", "instrumentation.of.a.library"


class Application:
    """Spans of two instrumentations, and what was judged of them."""

    def __init__(self) -> None:
        self.judge = ScriptedModel()
        self.skips: list[str | None] = []
        self.door = EvaluationSpanProcessor(
            "native(LLMInvocation(bias))", judge=self.judge, on_results=self._see
        )
        self.provider = TracerProvider(sampler=ALWAYS_ON, shutdown_on_exit=False)
        self.provider.add_span_processor(self.door)

    def call(
        self, scope: str, output: str = "Paris.", *, response_id: str = "", asked: str = "Where?"
    ) -> Span:
        """A model call that has begun, in a trace of its own."""
        span = self.provider.get_tracer(scope).start_span("chat")
        span.set_attribute("gen_ai.operation.name", "chat")
        span.set_attribute("gen_ai.input.messages", said("user", asked))
        span.set_attribute("gen_ai.output.messages", said("assistant", output))
        if response_id:
            span.set_attribute("gen_ai.response.id", response_id)
        return span

    def judged(self) -> int:
        """How often the judge was asked in all."""
        assert self.door.wait_for_all(30)
        return len(self.judge.requests)

    def _see(self, invocation: Invocation, evaluations: Sequence[Evaluation]) -> None:
        del evaluations
        self.skips.append(invocation.seen.skip and invocation.seen.skip.reason)


def said(role: str, text: str) -> str:
    return json.dumps([{"role": role, "parts": [{"type": "text", "content": text}]}])


def test_a_call_within_the_time_of_the_same_call_is_judged_once() -> None:
    application = Application()
    outer = application.call(FRAMEWORK)
    inner = application.call(LIBRARY)
    inner.end()
    assert application.judged() == 1
    outer.end()
    assert application.judged() == 1
    assert application.skips == [None, "same_call"]
    application.provider.shutdown()


@pytest.mark.parametrize(
    ("scope", "output", "response_id", "asked"),
    [
        (LIBRARY, "Rome.", "", "Where?"),
        (LIBRARY, "Paris.", "", "Which town?"),
        (LIBRARY, "Paris.", "other", "Where?"),
        (FRAMEWORK, "Paris.", "", "Where?"),
    ],
    ids=["another answer", "another question", "another response", "the same instrumentation"],
)
def test_another_call_at_the_same_time_is_judged_too(
    scope: str, output: str, response_id: str, asked: str
) -> None:
    application = Application()
    outer = application.call(FRAMEWORK, response_id="one")
    application.call(scope, output, response_id=response_id, asked=asked).end()
    assert application.judged() == 1
    outer.end()
    assert application.judged() == 2
    application.provider.shutdown()


def test_the_same_call_later_is_judged_too() -> None:
    application = Application()
    application.call(FRAMEWORK).end()
    application.call(LIBRARY).end()
    assert application.judged() == 2
    application.provider.shutdown()
