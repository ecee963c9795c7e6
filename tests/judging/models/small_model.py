"""The small real model of the embedded judge's tests: SmolLM2, got as a user's machine gets it."""

import asyncio
from functools import cache
from pathlib import Path
from typing import Any

from spanjudge.judging.models.config import JudgeModelConfig
from spanjudge.judging.models.embedded.fetch import fetch
from spanjudge.judging.models.embedded.model import EmbeddedModel
from spanjudge.judging.models.embedded.options import EmbeddedOptions
from spanjudge.judging.models.model import JudgeRequest

NAME = "smollm2-135m"
OPTIONS = EmbeddedOptions(context=2048, cache_mib=64)
SUBJECT = "The guide says: " + "the tower stands in Paris and was finished in 1889. " * 12

VERDICT: dict[str, Any] = {
    "type": "object",
    "properties": {
        "explanation": {"type": "string", "maxLength": 60},
        "verdict": {"type": "string", "enum": ["grounded", "invented"]},
    },
    "required": ["explanation", "verdict"],
    "additionalProperties": False,
}
LABEL: dict[str, Any] = {"type": "object", "properties": {"verdict": {"enum": ["yes", "no"]}}}
ENDLESS: dict[str, Any] = {
    "type": "object",
    "properties": {f"thought_{number}": {"type": "string"} for number in range(40)},
}
"""Takes a small model on any machine longer than a test waits for it."""


@cache
def small_model() -> Path:
    """Fetched once and kept in the user's cache for the next runs."""
    return asyncio.run(fetch(NAME))


def config(path: Path) -> JudgeModelConfig:
    return JudgeModelConfig(provider="embedded", path=str(path))


def model(path: Path) -> EmbeddedModel:
    return EmbeddedModel(config(path), OPTIONS)


def question(text: str = "Is it grounded? Answer in JSON.", **changes: Any) -> JudgeRequest:
    values: dict[str, Any] = {
        "system": "You are a judge.",
        "subject": SUBJECT,
        "question": text,
        "schema": VERDICT,
        "schema_name": "verdict",
        **changes,
    }
    return JudgeRequest(**values)
