"""The parameter tables: what each family is sent, and what it is never sent."""

import pytest

from spanjudge.judging.models.config import JudgeModelConfig
from spanjudge.judging.models.model_rules import ModelRules, rules_of, traits_of


def rules(provider: str, model: str, effort: str | None = None) -> ModelRules:
    return rules_of(JudgeModelConfig(provider=provider, model=model, reasoning_effort=effort))


@pytest.mark.parametrize(
    "model", ["gpt-4o", "gpt-4o-mini-2024-07-18", "gpt-4.1", "gpt-4-turbo", "ft:gpt-4o-mini:o::1"]
)
def test_models_that_do_not_think_take_everything_but_effort(model: str) -> None:
    found = rules("openai", model)
    assert (found.temperature, found.probabilities, found.room) == (True, "top_logprobs", 0)
    assert "reasoning_effort" not in found.fields


@pytest.mark.parametrize(
    ("model", "effort"),
    [
        ("o1", "low"),
        ("o3", "low"),
        ("o3-mini-2025-01-31", "low"),
        ("o4-mini", "low"),
        ("gpt-5", "minimal"),
        ("gpt-5-mini", "minimal"),
        ("gpt-5-nano-2025-08-07", "minimal"),
        ("gpt-6-astra", "low"),
        ("gpt-6.1-sol", "low"),
    ],
)
def test_models_that_always_think_get_room_and_no_sampling(model: str, effort: str) -> None:
    found = rules("openai", model)
    assert (found.temperature, found.probabilities) == (False, None)
    assert found.room >= 4_000
    assert found.caps[0] == "max_completion_tokens"
    assert found.fields == {"reasoning_effort": effort}


@pytest.mark.parametrize(
    "model", ["gpt-5.1", "gpt-5.2", "gpt-5.4", "gpt-5.4-mini", "gpt-5.4-nano-2026-03-01"]
)
def test_where_no_thinking_is_the_default_nothing_is_said_of_it(model: str) -> None:
    found = rules("openai", model)
    assert (found.temperature, found.probabilities, found.fields) == (True, "top_logprobs", {})


@pytest.mark.parametrize(
    "model", ["gpt-5.5", "gpt-5.6-sol", "gpt-5.6-luna", "gpt-6-sol", "gpt-6-luna", "gpt-6.1-terra"]
)
def test_where_thinking_is_the_default_it_is_turned_off_with_the_temperature(model: str) -> None:
    found = rules("openai", model)
    assert found.fields == {"reasoning_effort": "none"}
    assert found.temperature


@pytest.mark.parametrize("model", ["gpt-5.1", "gpt-5.5", "gpt-6-sol"])
def test_thinking_asked_for_takes_the_sampling_away_and_stays(model: str) -> None:
    found = rules("openai", model, "medium")
    assert (found.temperature, found.probabilities) == (False, None)
    assert found.fields == {"reasoning_effort": "medium"}
    assert "reasoning_effort" in found.fixed
    assert found.room >= 8_000


def test_o1_mini_has_no_system_message_no_schema_and_no_tools() -> None:
    found = rules("openai", "o1-mini")
    assert (found.system, found.modes, found.fields) == (False, ("text",), {})


@pytest.mark.parametrize(
    "model", ["gpt-4-turbo", "gpt-4", "gpt-4-0613", "gpt-4o-2024-05-13", "gpt-3.5-turbo"]
)
def test_models_without_schemas_start_with_a_tool(model: str) -> None:
    assert rules("openai", model).modes[0] == "tool"


@pytest.mark.parametrize("model", ["gpt-4o", "gpt-4o-2024-08-06", "gpt-4.1-nano", "gpt-5.4"])
def test_models_with_schemas_start_with_one(model: str) -> None:
    assert rules("openai", model).modes[0] == "json_schema"


def test_a_name_from_the_future_is_sent_little() -> None:
    found = rules("openai", "gpt-9")
    assert (found.temperature, found.probabilities, found.fields) == (False, None, {})


def test_azure_knows_names_it_can_and_finds_out_the_rest() -> None:
    assert rules("azure", "gpt-5-mini").temperature is False
    assert rules("azure", "our-judge").temperature is True


def test_gemini() -> None:
    assert rules("gemini", "gemini-2.0-flash").fields == {}
    assert rules("gemini", "gemini-2.5-flash").fields == {"reasoning_effort": "low"}
    assert rules("gemini", "models/gemini-3.5-flash").temperature is False
    assert all(
        rules("gemini", name).probabilities is None for name in ("gemini-2.0-flash", "gemini-3.5-flash")
    )


def test_groq_is_strict_only_where_it_constrains() -> None:
    assert rules("groq", "openai/gpt-oss-20b").strict
    assert not rules("groq", "qwen/qwen3.8-27b").strict
    assert rules("groq", "openai/gpt-oss-20b").fields == {"reasoning_effort": "low"}
    assert rules("groq", "qwen/qwen3.8-27b").fields == {"reasoning_effort": "none"}
    assert rules("groq", "openai/gpt-oss-20b").probabilities is None


def test_deepseek_thinks_only_when_asked() -> None:
    off = rules("deepseek", "deepseek-v4-flash")
    assert off.fields == {"thinking": {"type": "disabled"}}
    assert (off.temperature, off.probabilities, off.caps) == (True, "top_logprobs", ("max_tokens",))
    assert "json_schema" not in off.modes
    on = rules("deepseek", "deepseek-v4-flash", "high")
    assert on.fields == {"thinking": {"type": "enabled"}, "reasoning_effort": "high"}
    assert (on.temperature, on.probabilities) == (False, None)
    assert "tool" not in on.modes


def test_together_counts_its_probabilities() -> None:
    found = rules("together_ai", "Qwen/Qwen3.5-9B", "none")
    assert found.probabilities == "count"
    assert found.fields == {"reasoning": {"enabled": False}}
    assert rules("together_ai", "openai/gpt-oss-20b").fields == {"reasoning_effort": "low"}


def test_fireworks_shows_the_schema_and_gives_five_alternatives() -> None:
    found = rules("fireworks_ai", "qwen3-8b")
    assert (found.schema_in_prompt, found.alternatives) == (True, 5)


def test_openrouter_never_drops_the_schema_silently() -> None:
    assert rules("openrouter", "vendor/model").fields["provider"] == {"require_parameters": True}
    assert rules("openrouter", "openai/gpt-5").temperature is False
    assert rules("openrouter", "openai/gpt-4o").temperature is True
    assert rules("openrouter", "anthropic/claude-opus-5").temperature is False
    assert rules("openrouter", "x/y", "high").fields["reasoning"] == {"effort": "high"}


def test_ollama_has_no_tools_and_thinks_only_when_asked() -> None:
    found = rules("ollama", "qwen3:8b")
    assert "tool" not in found.modes
    assert found.fields == {"think": False}
    assert rules("ollama", "qwen3:8b", "high").fields == {"think": True}
    assert rules("ollama", "gpt-oss:20b", "high").fields == {"think": "high"}


def test_an_unknown_server_is_sent_little_and_shown_the_schema() -> None:
    found = rules("openai_compatible", "m")
    assert (found.fields, found.schema_in_prompt) == ({}, True)
    assert rules("openai_compatible", "m", "none").fields == {
        "chat_template_kwargs": {"enable_thinking": False}
    }


@pytest.mark.parametrize(
    ("provider", "model", "batches"),
    [
        ("openai", "gpt-5.4-mini", True),
        ("ollama", "qwen3:8b", False),
        ("ollama", "qwen3:32b", True),
        ("ollama", "llama3.2:latest", False),
        ("openai_compatible", "Qwen2.5-1.5B-Instruct", False),
        ("openai_compatible", "Llama-3.3-70B", True),
        ("openai_compatible", "served-model", True),
        ("groq", "openai/gpt-oss-20b", True),
    ],
)
def test_small_models_are_asked_one_criterion_a_call(provider: str, model: str, *, batches: bool) -> None:
    assert traits_of(JudgeModelConfig(provider=provider, model=model)).batches is batches
