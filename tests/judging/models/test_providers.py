from typing import Any

import pytest

from spanjudge.errors import SettingsError
from spanjudge.judging.models.config import JudgeModelConfig
from spanjudge.judging.models.providers import PROVIDERS, address
from tests.judging.models.questions import KEY, MODELS


def at(provider: str, **settings: Any) -> tuple[str, dict[str, str], str | None]:
    fields: dict[str, Any] = {"model": MODELS[provider], "api_key": KEY} | settings
    found = address(JudgeModelConfig(provider=provider, **fields))
    return found.url, found.headers, found.model


BEARER = {"Authorization": f"Bearer {KEY}"}


@pytest.mark.parametrize(
    ("provider", "url"),
    [
        ("openai", "https://api.openai.com/v1/chat/completions"),
        ("gemini", "https://generativelanguage.googleapis.com/v1beta/openai/chat/completions"),
        ("mistral", "https://api.mistral.ai/v1/chat/completions"),
        ("groq", "https://api.groq.com/openai/v1/chat/completions"),
        ("deepseek", "https://api.deepseek.com/chat/completions"),
        ("together_ai", "https://api.together.xyz/v1/chat/completions"),
        ("fireworks_ai", "https://api.fireworks.ai/inference/v1/chat/completions"),
        ("openrouter", "https://openrouter.ai/api/v1/chat/completions"),
        ("ollama", "http://localhost:11434/api/chat"),
    ],
)
def test_each_provider_has_its_own_address_and_takes_the_key_as_bearer(provider: str, url: str) -> None:
    assert at(provider)[:2] == (url, BEARER)


@pytest.mark.parametrize("provider", sorted(set(PROVIDERS) - {"azure", "ollama"}))
@pytest.mark.parametrize("end", ["", "/", "/chat/completions"])
def test_the_setting_replaces_every_address(provider: str, end: str) -> None:
    assert at(provider, url=f"https://gateway.test:8443/llm/v1{end}")[0] == (
        "https://gateway.test:8443/llm/v1/chat/completions"
    )


@pytest.mark.parametrize("end", ["", "/", "/v1", "/v1/", "/api", "/api/chat"])
def test_ollama_is_found_with_or_without_the_end_of_its_other_api(end: str) -> None:
    assert at("ollama", url=f"http://box:11434{end}", api_key="")[:2] == ("http://box:11434/api/chat", {})


@pytest.mark.parametrize(
    ("version", "url", "model"),
    [
        (
            "2024-10-21",
            "/openai/deployments/our-judge/chat/completions?api-version=2024-10-21",
            None,
        ),
        (
            "2025-01-01-preview",
            "/openai/deployments/our-judge/chat/completions?api-version=2025-01-01-preview",
            None,
        ),
        ("v1", "/openai/v1/chat/completions", "our-judge"),
        ("latest", "/openai/v1/chat/completions", "our-judge"),
        ("preview", "/openai/v1/chat/completions?api-version=preview", "our-judge"),
        (None, "/openai/v1/chat/completions", "our-judge"),
    ],
)
@pytest.mark.parametrize("end", ["", "/", "/openai", "/openai/v1/"])
def test_azure_has_two_forms(version: str | None, url: str, model: str | None, end: str) -> None:
    base = "https://res.openai.azure.com"
    assert at("azure", url=base + end, api_version=version) == (base + url, {"api-key": KEY}, model)


def test_azures_whole_address_copied_from_the_portal_is_understood() -> None:
    base = "https://res.openai.azure.com"
    whole = f"{base}/openai/deployments/other/chat/completions?api-version=2024-10-21"
    assert at("azure", url=whole)[0] == (
        f"{base}/openai/deployments/our-judge/chat/completions?api-version=2024-10-21"
    )


def test_an_entra_token_goes_as_bearer() -> None:
    headers = at("azure", url="https://res.openai.azure.com", api_key="eyJh.eyJz.c2ln")[1]
    assert headers == {"Authorization": "Bearer eyJh.eyJz.c2ln"}


def test_a_fireworks_name_gets_its_prefix_and_a_full_one_stays() -> None:
    assert at("fireworks_ai", model="qwen3-8b")[2] == "accounts/fireworks/models/qwen3-8b"
    assert at("fireworks_ai", model="accounts/me/routers/r")[2] == "accounts/me/routers/r"


@pytest.mark.parametrize("end", ["", "/v1beta", "/v1beta/openai/"])
def test_googles_own_address_gets_its_openai_path(end: str) -> None:
    host = "https://generativelanguage.googleapis.com"
    assert at("gemini", url=host + end)[0] == f"{host}/v1beta/openai/chat/completions"


def test_a_server_without_keys_gets_no_header() -> None:
    assert at("openai_compatible", url="http://localhost:8000/v1", api_key="")[1] == {}


def test_a_key_read_from_a_file_loses_its_line_break() -> None:
    assert at("openai", api_key=f"{KEY}\n")[1] == BEARER


@pytest.mark.parametrize(
    ("provider", "settings", "message"),
    [
        ("openai_compatible", {}, "O2_JUDGE_URL is missing.*http://localhost:8000/v1"),
        ("openai_compatible", {"url": "http://h:8000"}, "must include the API's path.*http://h:8000/v1"),
        ("openai_compatible", {"url": "http://h:8000/"}, "must include the API's path"),
        ("azure", {}, "O2_JUDGE_URL is missing.*RESOURCE.openai.azure.com"),
        ("azure", {"url": "https://r.test", "api_version": "2.0"}, "AZURE_API_VERSION='2.0'"),
        ("openai", {"url": "localhost:8000/v1"}, "is no address"),
        ("openai", {"url": "ftp://h/v1"}, "is no address"),
        ("openai", {"url": "http://h:99999999/v1"}, "is no address"),
        ("openai", {"url": "https://me:pass@h/v1"}, "user name or password"),
        ("openai", {"url": "https://h/v1?key=abc"}, r"no “\?…” part: https://h/v1"),
        ("openai", {"model": " "}, "O2_JUDGE_MODEL is missing"),
        ("openai", {"api_key": ""}, "O2_JUDGE_API_KEY is missing"),
        ("openai", {"api_key": "sk-a\nsk-b"}, "O2_JUDGE_API_KEY holds a line break"),
    ],
)
def test_a_setting_that_cannot_work_is_named_with_its_fix(
    provider: str, settings: dict[str, Any], message: str
) -> None:
    with pytest.raises(SettingsError, match=message) as caught:
        at(provider, **settings)
    text = str(caught.value)
    assert not any(secret in text for secret in (KEY, "pass@", "abc", "sk-a"))
