"""A traced application with GenAI spans, and evaluators that keep what they are shown."""

from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider

from spanjudge.in_process.evaluator import Evaluation, InProcessEvaluator
from spanjudge.in_process.invocation import Invocation
from spanjudge.in_process.span_processor import EvaluationSpanProcessor
from spanjudge.judging.result import EvaluationResult, EvaluationSkipped
from spanjudge.judging.subject import Subject

CHAT = {
    "gen_ai.operation.name": "chat",
    "gen_ai.provider.name": "openai",
    "gen_ai.request.model": "gpt-4o-mini",
    "gen_ai.input.messages": (
        '[{"role": "user", "parts": [{"type": "text", "content": "What is the capital of France?"}]}]'
    ),
    "gen_ai.output.messages": '[{"role": "assistant", "parts": [{"type": "text", "content": "Paris."}]}]',
}


class Heard:
    """What `on_results` was told."""

    def __init__(self) -> None:
        self.of: list[tuple[Invocation, Sequence[Evaluation]]] = []

    def __call__(self, invocation: Invocation, evaluations: Sequence[Evaluation]) -> None:
        self.of.append((invocation, evaluations))

    @property
    def judged(self) -> set[str]:
        """Ids of spans of which something came that is no skip."""
        return {
            invocation.target.span_id
            for invocation, evaluations in self.of
            if any(not isinstance(one, EvaluationSkipped) for one in evaluations)
        }

    @property
    def skipped(self) -> dict[str, set[str]]:
        """Reasons by the span's id."""
        found: dict[str, set[str]] = {}
        for invocation, evaluations in self.of:
            reasons = {one.reason for one in evaluations if isinstance(one, EvaluationSkipped)}
            found.setdefault(invocation.target.span_id, set()).update(reasons)
        return found


class Counted(InProcessEvaluator):
    """Finds everything good."""

    name = "counted"
    metrics = ("good",)

    def __init__(self) -> None:
        self.subjects: list[Subject] = []

    async def outcomes(self, invocation: Invocation) -> list[Evaluation]:
        self.subjects.append(invocation.subject)
        return [EvaluationResult(evaluator="good", evaluator_version="1", value=1.0, score_value=1.0)]


@contextmanager
def application(*processors: EvaluationSpanProcessor, **given: Any) -> Generator[TracerProvider]:
    """A traced application; whatever becomes of it, it is shut down."""
    provider = TracerProvider(shutdown_on_exit=False, **given)
    for processor in processors:
        provider.add_span_processor(processor)
    try:
        yield provider
    finally:
        provider.shutdown()


def chat(provider: trace.TracerProvider, attributes: Mapping[str, Any] = CHAT, scope: str = "a.scope") -> str:
    """One model call; returns the id of its span."""
    with provider.get_tracer(scope).start_as_current_span("chat", attributes=attributes) as span:
        return trace.format_span_id(span.get_span_context().span_id)
