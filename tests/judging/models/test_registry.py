import json
import subprocess
import sys
import textwrap
import time
from typing import Any

import msgspec
import pytest

from spanjudge.errors import SettingsError
from spanjudge.judging.models.config import JudgeModelConfig
from spanjudge.judging.models.model import JudgeRequest, Traits
from spanjudge.judging.models.registry import EXAMPLE_MODELS, open_model
from spanjudge.judging.models.resilience import ResilientModel
from tests.mock_judge import MockJudge, anthropic

REQUEST = JudgeRequest(
    system="You judge.",
    subject="content",
    question="How toxic?",
    schema={
        "type": "object",
        "properties": {"value": {"type": "string", "enum": ["low", "high"]}},
        "required": ["value"],
        "additionalProperties": False,
    },
    schema_name="toxicity",
)


def config(provider: str, **settings: Any) -> JudgeModelConfig:
    settings = {"model": "m", "api_key": "a-key", **settings}
    return JudgeModelConfig(provider=provider, **settings)


def opened(provider: str, **settings: Any) -> ResilientModel:
    model = open_model(config(provider, **settings))
    assert isinstance(model, ResilientModel)
    return model


@pytest.mark.parametrize(
    ("provider", "kind"),
    [
        ("openai", "OpenAICompatibleModel"),
        ("azure", "OpenAICompatibleModel"),
        ("ollama", "OpenAICompatibleModel"),
        ("openai_compatible", "OpenAICompatibleModel"),
        ("anthropic", "AnthropicModel"),
        ("cohere", "LiteLLMModel"),
        ("vertex_ai", "LiteLLMModel"),
        ("bedrock", "LiteLLMModel"),
        ("scripted", "ScriptedModel"),
    ],
)
async def test_each_provider_has_its_implementation(
    provider: str, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_REGION_NAME", "eu-central-1")
    model = opened(provider, url="http://127.0.0.1:9/v1")
    assert type(model.inner).__name__ == kind
    assert (model.provider, model.model) == (provider, "m")
    await model.aclose()


@pytest.mark.parametrize("provider", ["openai", "anthropic", "openai_compatible"])
async def test_what_is_opened_answers(provider: str) -> None:
    async with MockJudge(wires={"/v1/messages": anthropic.message}) as mock:
        model = opened(provider, url=f"{mock.url}/v1", model="gpt-4o")
        request = msgspec.structs.replace(REQUEST, deadline=time.monotonic() + 5)
        assert json.loads((await model.answer(request)).text) == {"value": "low"}
        await model.aclose()


def test_settings_win_over_what_the_model_says_of_itself() -> None:
    model = opened(
        "openai", batching=False, max_subject_chars=5_000, timeout=7.0, concurrency=3, max_retries=1
    )
    assert model.traits == Traits(batches=False, max_subject_chars=5_000)
    assert (model.timeout, model.concurrency, model.max_retries) == (7.0, 3, 1)
    assert opened("openai").traits.batches is True


async def test_a_model_in_this_process_is_not_asked_twice() -> None:
    model = opened("scripted")
    assert model.max_retries == 0
    assert json.loads((await model.answer(REQUEST)).text) == {"value": "low"}


@pytest.mark.parametrize(
    ("settings", "variable", "example"),
    [
        (config("openai", api_key=""), "O2_JUDGE_API_KEY", "sk-"),
        (config("anthropic", api_key=" "), "O2_JUDGE_API_KEY", "sk-"),
        (config("cohere", api_key=""), "O2_JUDGE_API_KEY", "sk-"),
        (config("azure"), "O2_JUDGE_URL", "https://RESOURCE.openai.azure.com"),
        (config("openai_compatible"), "O2_JUDGE_URL", "http://localhost:8000/v1"),
        (config("bedrock"), "AWS_REGION_NAME", "eu-central-1"),
        *((config(name, model=""), "O2_JUDGE_MODEL", model) for name, model in EXAMPLE_MODELS.items()),
    ],
)
def test_what_is_missing_is_named_with_an_example(
    settings: JudgeModelConfig, variable: str, example: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_REGION_NAME", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(SettingsError, match=f"^{variable} is missing") as caught:
        open_model(settings)
    assert example in str(caught.value)


@pytest.mark.parametrize(
    ("name", "near"),
    [("opnai", "openai"), ("antropic", "anthropic"), ("OpenAI", "openai"), ("vertexai", "vertex_ai")],
)
def test_a_misspelt_provider_gets_the_nearest_name(name: str, near: str) -> None:
    with pytest.raises(SettingsError, match=f"did you mean {near}"):
        open_model(config(name))


def test_a_provider_nobody_knows_is_said_so_and_one_litellm_knows_is_taken() -> None:
    with pytest.raises(SettingsError, match="O2_JUDGE_PROVIDER='qqqqzzzz' is no provider"):
        open_model(config("qqqqzzzz"))
    assert type(opened("perplexity").inner).__name__ == "LiteLLMModel"


def run(code: str) -> str:
    done = subprocess.run(  # noqa: S603 - our own interpreter and code
        [sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, check=False, timeout=50
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


HEAVY = ("litellm", "xllamacpp", "torch", "genai_prices", "fastapi", "pydantic", "openai")


def test_nothing_heavy_is_imported_before_it_is_used() -> None:
    imported = run(f"""
        import sys
        import spanjudge
        from spanjudge.judging.models.config import JudgeModelConfig
        from spanjudge.judging.models.registry import open_model
        open_model(JudgeModelConfig(provider="openai", model="gpt-4o", api_key="k"))
        open_model(JudgeModelConfig(provider="anthropic", model="claude-haiku-4-5", api_key="k"))
        open_model(JudgeModelConfig(provider="cohere", model="command-a-03-2025", api_key="k"))
        print([name for name in {HEAVY!r} if name in sys.modules])
    """)
    assert imported == "[]"


def test_litellm_is_imported_without_the_network() -> None:
    asked = run("""
        import socket
        asked = []
        def refuse(*address, **_):
            asked.append(address)
            raise OSError("no network here")
        socket.getaddrinfo = socket.create_connection = socket.socket.connect = refuse
        from spanjudge.judging.models import litellm_loader
        litellm = litellm_loader.load()
        assert len(litellm.model_cost) > 1000
        print(asked)
    """)
    assert asked == "[]"


def test_a_missing_extra_is_named_when_the_model_is_opened() -> None:
    error = run("""
        import sys
        sys.modules["litellm"] = None  # as if it were not installed
        from spanjudge.errors import MissingExtraError
        from spanjudge.judging.models.config import JudgeModelConfig
        from spanjudge.judging.models.registry import open_model
        try:
            open_model(JudgeModelConfig(provider="cohere", model="command-a-03-2025", api_key="k"))
        except MissingExtraError as error:
            print(error)
    """)
    assert error == "provider “cohere” needs the extra “litellm”: pip install 'spanjudge[litellm]'"
