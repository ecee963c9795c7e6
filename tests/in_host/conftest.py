"""The GenAI utilities of the Splunk distribution, with their evaluations, as an application has them.

Run in an environment of its own: the host needs an older OpenTelemetry than everything else here.
"""

import asyncio
import json
import os
from collections.abc import AsyncIterator, Callable, Iterator
from importlib import import_module
from typing import Any

import pytest

from tests.in_host.application import Application
from tests.mock_judge import MockJudge

RUBRICS = {
    "code_quality": {
        "rubric": "Is the code in the answer readable and correct?",
        "score_direction": "higher_is_better",
        "labels": {"pass": "Clean", "fail": "Messy"},
    }
}

EVALS = "OTEL_INSTRUMENTATION_GENAI_EVALS_"

Start = Callable[..., Application]


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch, mock_judge: MockJudge) -> pytest.MonkeyPatch:
    """What an operator sets: the judge, and a metric of their own."""
    for name in list(os.environ):
        if name.startswith(("OTEL_", "OPENAI_", "DEEPEVAL_", "SPANJUDGE_", "O2_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("OPENAI_API_KEY", "any-key")
    monkeypatch.setenv("OPENAI_BASE_URL", f"{mock_judge.url}/v1")
    monkeypatch.setenv(f"{EVALS}CUSTOM_RUBRICS", json.dumps(RUBRICS))
    # How long the host's workers take to notice that they are to end.
    monkeypatch.setenv(f"{EVALS}INTERVAL", "0.05")
    return monkeypatch


@pytest.fixture
async def start(environment: pytest.MonkeyPatch) -> AsyncIterator[Start]:
    """Starts an application with the host in it; settings are those of the host, without their prefix."""
    started: list[Application] = []

    def start_application(evaluators: str | None = None, **settings: str) -> Application:
        if evaluators is not None:
            environment.setenv(f"{EVALS}EVALUATORS", evaluators)
        for name, value in settings.items():
            environment.setenv(EVALS + name, value)
        application = Application()
        started.append(application)
        return application

    yield start_application
    for application in started:
        await asyncio.to_thread(application.stop)


@pytest.fixture(autouse=True)
def fresh_host(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The host keeps its evaluators for the process, and we what was told already."""
    monkeypatch.setattr("spanjudge.in_process.settings.options._told", set[str]())
    registry: Any = import_module("opentelemetry.util.genai.evals.registry")
    registry.clear_registry()
    yield
    registry.clear_registry()
