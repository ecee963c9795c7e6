"""OpenTelemetry's instrumentation of the OpenAI SDK, told to send content in log events and not on spans."""

import asyncio
from collections.abc import Generator
from typing import Any

import pytest
from openai import AsyncOpenAI
from opentelemetry.instrumentation.genai.openai import (  # pyright: ignore[reportMissingTypeStubs]  it has none
    OpenAIInstrumentor,
)

from spanjudge.in_process.span_processor import EvaluationSpanProcessor
from tests.in_process.application import Counted, Heard, application
from tests.in_process.telemetry_out import TelemetryOut
from tests.mock_judge import MockJudge
from tests.mock_judge.application import application as model

CAPTURE = "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"
QUESTION: list[Any] = [{"role": "user", "content": "What is the capital of France?"}]


class Traced:
    """An application whose calls of OpenAI are recorded, and the door."""

    def __init__(self, judge: MockJudge, out: TelemetryOut) -> None:
        self.counted, self.heard = Counted(), Heard()
        self.processor = EvaluationSpanProcessor(
            [self.counted], on_results=self.heard, environ={}, **out.providers
        )
        self._client = AsyncOpenAI(api_key="any", base_url=f"{judge.url}/v1", max_retries=0)

    async def ask(self) -> None:
        await self._client.chat.completions.create(model="gpt-4o-mini", messages=QUESTION)
        await self._client.close()
        assert await asyncio.to_thread(self.processor.wait_for_all, 20)


@pytest.fixture
def out() -> Generator[TelemetryOut]:
    with TelemetryOut() as out:
        yield out


@pytest.fixture
def traced(mock_judge: MockJudge, out: TelemetryOut) -> Generator[Traced]:
    mock_judge.always(model("The capital of France is Paris."))
    traced = Traced(mock_judge, out)
    with application(traced.processor) as provider:
        OpenAIInstrumentor().instrument(tracer_provider=provider, **out.providers)
        try:
            yield traced
        finally:
            OpenAIInstrumentor().uninstrument()


@pytest.fixture
def _captured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(CAPTURE, "event_only")


@pytest.mark.usefixtures("_captured")
async def test_content_in_log_events_is_evaluated(traced: Traced) -> None:
    await traced.ask()

    (subject,) = traced.counted.subjects
    assert subject.input == "What is the capital of France?"
    assert subject.output == "The capital of France is Paris."


async def test_without_content_nothing_is_evaluated_and_the_fix_is_told(
    traced: Traced, caplog: pytest.LogCaptureFixture
) -> None:
    await traced.ask()

    assert traced.counted.subjects == []
    assert list(traced.heard.skipped.values()) == [{"no_content"}]
    assert CAPTURE in caplog.text
