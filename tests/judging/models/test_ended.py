import datetime as dt

import pytest

from spanjudge.judging.models.ended import ended

TODAY = dt.date(2026, 11, 21)


@pytest.mark.parametrize(
    ("provider", "model", "day"),
    [
        ("openai", "o1-mini", "2025-10-27"),
        ("openai", "gpt-4-turbo", "2026-10-23"),
        ("openai", "o1", "2026-10-23"),
        ("openai", "o3-mini", "2026-10-23"),
        ("openai", "o4-mini", "2026-10-23"),
        ("openai", "gpt-4.1-nano", "2026-10-23"),
        ("anthropic", "claude-3-5-haiku-latest", "2026-02-19"),
        ("anthropic", "claude-3-5-haiku-20241022", "2026-02-19"),
        ("deepseek", "deepseek-chat", "2026-07-24"),
        ("deepseek", "deepseek-reasoner", "2026-07-24"),
        ("openrouter", "openai/o4-mini", "2026-10-23"),
    ],
)
def test_a_model_that_is_gone_is_named_with_its_day_and_successor(
    provider: str, model: str, day: str
) -> None:
    end = ended(provider, model)
    assert end is not None
    assert end.is_past(TODAY)
    assert end.sentence(TODAY) == f"{model} was ended by its vendor on {day}; use {end.successor}"
    assert ended(provider, end.successor) is None


@pytest.mark.parametrize(
    ("provider", "model", "day"),
    [
        ("openai", "o3", "2026-12-11"),
        ("openai", "gpt-5", "2026-12-11"),
        ("openai", "gpt-5-mini", "2026-12-11"),
        ("openai", "gpt-5-nano", "2026-12-11"),
        ("openai", "gpt-4o-2024-08-06", "2027-01-14"),
        ("openai", "gpt-4o-mini", "2027-01-14"),
        ("openai", "gpt-4.1", "2027-01-14"),
        ("openai", "gpt-4.1-mini", "2027-01-14"),
        ("openai", "gpt-5.1", "2027-04-01"),
        ("openai", "gpt-5.4-nano", "2027-04-01"),
        ("anthropic", "claude-sonnet-4-5-20250929", "2026-11-30"),
    ],
)
def test_a_model_that_will_be_gone_is_named_before(provider: str, model: str, day: str) -> None:
    end = ended(provider, model)
    assert end is not None
    assert not end.is_past(TODAY)
    assert f"{model} will be ended by its vendor on {day}" in end.sentence(TODAY)


def test_where_only_the_month_is_known_the_month_is_told() -> None:
    end = ended("anthropic", "claude-3-5-sonnet-latest")
    assert end is not None
    assert "was ended by its vendor in 2025-10;" in end.sentence(TODAY)
    assert not end.is_past(dt.date(2025, 10, 30))


@pytest.mark.parametrize(
    ("provider", "model"),
    [
        ("openai", "gpt-5.4"),
        ("openai", "gpt-5.4-mini"),
        ("openai", "gpt-6-sol"),
        ("anthropic", "claude-opus-4-5"),
        ("anthropic", "claude-haiku-4-5-20251001"),
        ("azure", "gpt-4-turbo"),  # a deployment's name tells nothing
        ("ollama", "o1"),
        ("openai_compatible", "my-own-model"),
    ],
)
def test_live_models_and_names_of_ones_own_have_no_end(provider: str, model: str) -> None:
    assert ended(provider, model) is None
