"""From a judge model's settings to the judge model, ready to be asked."""

import difflib
import os
from collections.abc import Callable

import msgspec

from spanjudge.errors import SettingsError
from spanjudge.judging.models.breaker import CircuitBreaker
from spanjudge.judging.models.config import JudgeModelConfig
from spanjudge.judging.models.limits.limiter import Limiter
from spanjudge.judging.models.limits.pace import CallLimits
from spanjudge.judging.models.model import JudgeModel, Traits
from spanjudge.judging.models.providers import PROVIDERS
from spanjudge.judging.models.resilience import ResilientModel

EXAMPLE_MODELS = {
    "anthropic": "claude-haiku-4-5",
    "azure": "the-name-of-your-deployment",
    "bedrock": "eu.anthropic.claude-haiku-4-5-20251001-v1:0",
    "cohere": "command-a-03-2025",
    "deepseek": "deepseek-v4-flash",
    "fireworks_ai": "accounts/fireworks/models/gpt-oss-20b",
    "gemini": "gemini-3.5-flash",
    "groq": "openai/gpt-oss-20b",
    "mistral": "mistral-small-latest",
    "ollama": "qwen3:8b",
    "openai": "gpt-5.4-mini",
    "openai_compatible": "the-name-the-server-knows",
    "openrouter": "vendor/model",
    "together_ai": "Qwen/Qwen3.5-9B",
    "vertex_ai": "gemini-3.5-flash",
}

THROUGH_LITELLM = frozenset({"bedrock", "cohere", "vertex_ai"})
"""Providers of the contract's table that LiteLLM speaks to; others it knows are taken as well."""

_NEED_A_KEY = frozenset({"anthropic", "cohere", *(name for name, row in PROVIDERS.items() if row.needs_key)})
_NEED_AN_ADDRESS = {
    "azure": "https://RESOURCE.openai.azure.com",
    "openai_compatible": "http://localhost:8000/v1",
}
_REGION_VARIABLES = ("AWS_REGION_NAME", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE")


def open_model(config: JudgeModelConfig) -> JudgeModel:
    """The judge model of these settings, with retries, limits and circuit breaker around it.

    No connection is opened, and nothing is imported that this provider does not need. `batching` and
    `max_subject_chars` win over what the model says of itself. Raises `SettingsError`, which names the
    variable and the fix, and `MissingExtraError`.
    """
    make = _MAKERS.get(config.provider)
    if make is None:
        make = _litellm if config.provider in THROUGH_LITELLM else _maker(config)
    _check(config)
    inner = make(config)
    at_home = config.provider in ("embedded", "scripted")
    return ResilientModel(
        inner,
        timeout=config.timeout,
        # What fails inside this process fails again.
        max_retries=0 if at_home else config.max_retries,
        limiter=Limiter(
            CallLimits(
                requests=config.requests_per_minute,
                tokens=config.tokens_per_minute,
                concurrency=config.concurrency,
            ),
            provider=config.provider,
        ),
        traits=_traits(config, inner.traits),
        # Who asks sees what is wrong with it; only work that can wait is kept back.
        breaker=CircuitBreaker(turns_away=False) if at_home else None,
    )


def _traits(config: JudgeModelConfig, own: Traits) -> Traits:
    return msgspec.structs.replace(
        own,
        batches=own.batches if config.batching is None else config.batching,
        max_subject_chars=config.max_subject_chars or own.max_subject_chars,
    )


def _openai_compatible(config: JudgeModelConfig) -> JudgeModel:
    from spanjudge.judging.models.openai_compatible import OpenAICompatibleModel  # noqa: PLC0415 - on use

    return OpenAICompatibleModel(config)


def _anthropic(config: JudgeModelConfig) -> JudgeModel:
    from spanjudge.judging.models.anthropic import AnthropicModel  # noqa: PLC0415 - on use

    return AnthropicModel(config)


def _litellm(config: JudgeModelConfig) -> JudgeModel:
    from spanjudge.judging.models.litellm import LiteLLMModel  # noqa: PLC0415 - on use

    return LiteLLMModel(config)


def _embedded(config: JudgeModelConfig) -> JudgeModel:
    from spanjudge.judging.models.embedded.model import EmbeddedModel  # noqa: PLC0415 - on use

    return EmbeddedModel(config)


def _scripted(config: JudgeModelConfig) -> JudgeModel:
    from spanjudge.judging.models.scripted import ScriptedModel  # noqa: PLC0415 - on use

    return ScriptedModel(model=config.model or "scripted")


_MAKERS: dict[str, Callable[[JudgeModelConfig], JudgeModel]] = {
    **dict.fromkeys(PROVIDERS, _openai_compatible),
    "anthropic": _anthropic,
    "embedded": _embedded,
    "scripted": _scripted,
}


def _maker(config: JudgeModelConfig) -> Callable[[JudgeModelConfig], JudgeModel]:
    """LiteLLM, when it knows the provider; finding that out imports it."""
    from spanjudge.judging.models import litellm_loader  # noqa: PLC0415 - on use

    ours = frozenset({*_MAKERS, *THROUGH_LITELLM})
    name = config.provider
    if not name or difflib.get_close_matches(name.lower(), ours, n=1, cutoff=0.85):
        raise _unknown(name, ours)
    litellm_loader.require(name)
    known = litellm_loader.providers()
    if name not in known:
        raise _unknown(name, ours | known)
    return _litellm


def _unknown(name: str, known: frozenset[str]) -> SettingsError:
    close = difflib.get_close_matches(name.lower(), sorted(known), n=1, cutoff=0.5)
    fix = f"did you mean {close[0]}?" if close else "for example openai, anthropic, ollama or embedded"
    return SettingsError(f"O2_JUDGE_PROVIDER={name!r} is no provider that is known here: {fix}")


def _check(config: JudgeModelConfig) -> None:
    """What every provider of a kind needs, before one of them is looked at."""
    provider = config.provider
    if provider not in ("embedded", "scripted") and not config.model.strip():
        example = EXAMPLE_MODELS.get(provider, "the-name-the-provider-knows")
        raise SettingsError(
            f"O2_JUDGE_MODEL is missing: name the model as {provider} spells it, "
            f"for example O2_JUDGE_MODEL={example}"
        )
    if provider in _NEED_AN_ADDRESS and not (config.url or "").strip():
        raise SettingsError(
            f"O2_JUDGE_URL is missing: {provider} needs it, "
            f"for example O2_JUDGE_URL={_NEED_AN_ADDRESS[provider]}"
        )
    # An address of the user's own may be a gateway that adds the key.
    if provider in _NEED_A_KEY and not config.api_key.strip() and not config.url:
        raise SettingsError(
            f"O2_JUDGE_API_KEY is missing: {provider} takes no calls without one; "
            "for example O2_JUDGE_API_KEY=sk-…"
        )
    if provider == "bedrock" and not config.model.startswith("arn:"):
        _check_region(config)


def _check_region(config: JudgeModelConfig) -> None:
    if config.url is None and not any(os.environ.get(name) for name in _REGION_VARIABLES):
        raise SettingsError(
            "AWS_REGION_NAME is missing: bedrock needs the region of the model, "
            "for example AWS_REGION_NAME=eu-central-1"
        )
