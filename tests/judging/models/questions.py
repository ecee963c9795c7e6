"""One question and one judge model, for every test of a wire."""

import time
from typing import Any

from spanjudge.judging.models.config import JudgeModelConfig
from spanjudge.judging.models.model import JudgeRequest
from spanjudge.judging.models.openai_compatible import OpenAICompatibleModel
from tests.mock_judge import MockJudge

KEY = "sk-test-0123456789abcdef"

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "explanation": {"type": "string"},
        "label": {"type": "string", "enum": ["GOOD", "BAD"]},
        "score": {"type": "number", "minimum": 0, "maximum": 1},
    },
    "required": ["explanation", "label", "score"],
    "additionalProperties": False,
}
FILLED = '{"explanation":"Scripted answer.","label":"GOOD","score":0}'


def question(**changes: Any) -> JudgeRequest:
    """A question with ten seconds to answer."""
    fields: dict[str, Any] = {
        "system": "You are a judge.",
        "subject": "The subject.",
        "question": "Is it good?",
        "schema": SCHEMA,
        "schema_name": "verdict",
        "deadline": time.monotonic() + 10,
    }
    return JudgeRequest(**(fields | changes))


MODELS = {
    "openai": "gpt-4.1-mini",
    "azure": "our-judge",
    "gemini": "gemini-2.0-flash",
    "mistral": "mistral-small-latest",
    "groq": "openai/gpt-oss-20b",
    "deepseek": "deepseek-v4-flash",
    "together_ai": "Qwen/Qwen3.5-9B",
    "fireworks_ai": "qwen3-8b",
    "openrouter": "mistralai/mistral-small",
    "ollama": "qwen3:8b",
    "openai_compatible": "served-model",
}


def model_at(
    judge: MockJudge, provider: str, model: str | None = None, **settings: Any
) -> OpenAICompatibleModel:
    """A model of a provider whose address is the mock's."""
    path = "" if provider in ("ollama", "azure") else "/v1"
    fields: dict[str, Any] = {"api_key": KEY, "url": f"{judge.url}{path}"} | settings
    return OpenAICompatibleModel(
        JudgeModelConfig(provider=provider, model=model or MODELS[provider], **fields)
    )
