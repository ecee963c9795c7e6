from datetime import UTC, datetime

import genai_prices
import pytest
from genai_prices.data_snapshot import get_snapshot
from hypothesis import given
from hypothesis import strategies as st

from spanjudge.judging import prices
from spanjudge.judging.prices import cost_of
from spanjudge.judging.usage import Usage

MILLION = Usage(input=1_000_000, output=1_000_000)


def listed(provider: str, model: str, usage: Usage) -> float:
    """What genai-prices itself says."""
    price = genai_prices.calc_price(
        genai_prices.Usage(
            input_tokens=usage.input,
            output_tokens=usage.output,
            cache_read_tokens=usage.cached,
            cache_write_tokens=usage.cache_write,
        ),
        model,
        provider_id=provider,
    )
    return float(price.total_price)


@pytest.mark.parametrize(
    ("provider", "model", "dollars"),
    [
        ("openai", "gpt-4o-mini", 0.15 + 0.60),
        ("openai", "gpt-5.4-mini", 0.75 + 4.50),
        ("anthropic", "claude-opus-4-5", 5 + 25),
        ("anthropic", "claude-opus-4-5-20251101", 5 + 25),
        ("azure", "gpt-4o", 2.50 + 10),
        ("gemini", "gemini-2.5-flash", 0.30 + 2.50),
        ("gemini", "models/gemini-2.5-flash", 0.30 + 2.50),
        ("vertex_ai", "gemini-2.5-flash", 0.30 + 2.50),
        ("groq", "openai/gpt-oss-20b", 0.075 + 0.30),
        ("cohere", "command-a-03-2025", 2.50 + 10),
        ("together_ai", "Qwen/Qwen3.5-9B", 0.17 + 0.25),
        ("bedrock", "anthropic.claude-3-5-sonnet-20240620-v1:0", 3 + 15),
    ],
)
def test_published_prices_of_a_million_tokens_each_way(provider: str, model: str, dollars: float) -> None:
    assert cost_of(provider, answered=model, asked=model, usage=MILLION) == pytest.approx(dollars)


def test_the_whole_list_is_priced_as_genai_prices_prices_it() -> None:
    # Small enough for every tier's base, then large enough for every tier; cached and written parts.
    small = Usage(input=1_000, output=70, cached=300, cache_write=200)
    large = Usage(input=900_000, output=500, cached=100_000, cache_write=50_000)
    asked, unpriced = 0, 0
    noon = datetime(2026, 11, 21, 12, tzinfo=UTC)
    for provider in get_snapshot().providers:
        if provider.id not in {"openai", "anthropic", "google", "mistral", "groq", "cohere", "azure", "aws"}:
            continue
        for model in provider.models:
            price = model.get_prices(noon)
            odd = {"requests_kcount", "output_reasoning_mtok"} & {k for k, v in vars(price).items() if v}
            for usage in (small, large):
                got = cost_of(provider.id, answered=model.id, asked="", usage=usage)
                if price.input_mtok is None or price.output_mtok is None:
                    unpriced += 1
                elif not odd and model.is_match(model.id):  # some ids of the list are names of a group
                    assert got == pytest.approx(listed(provider.id, model.id, usage)), model.id
                    asked += 1
    assert asked > 500
    assert unpriced > 0


@given(
    plain=st.integers(0, 500_000),
    cached=st.integers(0, 500_000),
    written=st.integers(0, 500_000),
    output=st.integers(0, 500_000),
    model=st.sampled_from(["claude-sonnet-4-5", "claude-haiku-4-5", "claude-opus-4-6"]),
)
def test_cached_and_written_tokens_have_their_own_rates(
    plain: int, cached: int, written: int, output: int, model: str
) -> None:
    usage = Usage(input=plain + cached + written, output=output, cached=cached, cache_write=written)
    assert cost_of("anthropic", answered=model, asked=model, usage=usage) == pytest.approx(
        listed("anthropic", model, usage)
    )


def test_the_answers_model_comes_before_the_asked_one() -> None:
    assert cost_of(
        "azure", answered="gpt-4o-mini-2024-07-18", asked="gpt-4o", usage=MILLION
    ) == pytest.approx(0.75)
    assert cost_of("azure", answered="", asked="gpt-4o", usage=MILLION) == pytest.approx(12.5)
    assert cost_of("openai", answered="gpt-none", asked="gpt-4o", usage=MILLION) == pytest.approx(12.5)


@pytest.mark.parametrize("date", ["-2026-01-01", "-20260101", "@20260101", "-01-2026"])
def test_a_date_the_list_does_not_know_falls_back_to_the_model(date: str) -> None:
    with pytest.raises(LookupError):
        listed("openai", f"gpt-4o-mini{date}", MILLION)
    assert cost_of("openai", answered=f"gpt-4o-mini{date}", asked="x", usage=MILLION) == pytest.approx(0.75)


def test_fireworks_has_its_own_name_and_paths() -> None:
    expected = listed("fireworks", "accounts/fireworks/models/gpt-oss-120b", MILLION)
    for name in ("gpt-oss-120b", "accounts/fireworks/models/gpt-oss-120b"):
        assert cost_of("fireworks_ai", answered=name, asked=name, usage=MILLION) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("provider", "model"),
    [
        ("openai", "my-own-model"),
        ("no-such-provider", "gpt-4o"),
        ("ollama", "llama3.2"),
        ("openai_compatible", "gpt-4o"),
        ("openai", ""),
    ],
)
def test_unknown_is_none_and_never_zero(provider: str, model: str) -> None:
    assert cost_of(provider, answered=model, asked=model, usage=MILLION) is None


def test_without_usage_nothing_is_known() -> None:
    assert cost_of("openai", answered="gpt-4o", asked="gpt-4o", usage=None) is None
    assert (
        cost_of("openai", answered="gpt-4o", asked="gpt-4o", usage=None, price_input=1, price_output=1)
        is None
    )


@pytest.mark.parametrize("provider", ["embedded", "scripted"])
def test_models_inside_this_process_cost_nothing(provider: str) -> None:
    assert cost_of(provider, answered="m", asked="m", usage=None) == 0.0
    assert cost_of(provider, answered="m", asked="m", usage=MILLION) == 0.0


def test_configured_prices_win() -> None:
    usage = Usage(input=2_000_000, output=1_000_000, cached=1_000_000)
    for provider in ("ollama", "openai", "openai_compatible", "embedded", "nobody"):
        cost = cost_of(
            provider, answered="gpt-4o", asked="gpt-4o", usage=usage, price_input=0.5, price_output=3.0
        )
        assert cost == pytest.approx(4.0)


def test_one_configured_price_leaves_the_other_to_the_list() -> None:
    assert cost_of("openai", answered="gpt-4o", asked="", usage=MILLION, price_input=1) == pytest.approx(11)
    assert cost_of("openai", answered="gpt-4o", asked="", usage=MILLION, price_output=1) == pytest.approx(3.5)
    assert cost_of("ollama", answered="x", asked="", usage=MILLION, price_input=1) is None


@pytest.mark.parametrize(("hour", "dollars"), [(0, 0.15), (2, 0.30), (5, 0.15), (7, 0.30), (12, 0.15)])
def test_prices_by_the_time_of_day_follow_the_clock(hour: int, dollars: float) -> None:
    usage = Usage(input=1_000_000, output=0)
    at = datetime(2026, 11, 21, hour, tzinfo=UTC)
    cost = cost_of("deepseek", answered="deepseek-flash", asked="", usage=usage, at=at)
    assert cost == pytest.approx(dollars)
    assert cost_of("deepseek", answered="deepseek-flash", asked="", usage=usage) is not None


def test_a_request_fee_is_counted() -> None:
    cost = cost_of("perplexity", answered="sonar", asked="", usage=Usage(input=1_000_000, output=0))
    assert cost == pytest.approx(1 + 0.012)


def test_impossible_counts_still_give_a_price() -> None:
    # More cached than read: genai-prices raises here.
    usage = Usage(input=10, output=0, cached=1_000_000)
    assert cost_of("openai", answered="gpt-4o", asked="", usage=usage) == pytest.approx(1.25)


def test_a_broken_list_is_no_reason_to_fail(caplog: pytest.LogCaptureFixture) -> None:
    class Broken:
        def find_provider_model(self, *_: object) -> None:
            message = "the list is broken"
            raise RuntimeError(message)

    from genai_prices import data_snapshot  # noqa: PLC0415 - only this test swaps the list

    data_snapshot.set_custom_snapshot(Broken())  # pyright: ignore[reportArgumentType] - broken on purpose
    prices.forget()
    try:
        for _ in range(3):
            assert cost_of("openai", answered="gpt-4o", asked="gpt-4o", usage=MILLION) is None
    finally:
        data_snapshot.set_custom_snapshot(None)
    assert cost_of("openai", answered="gpt-4o", asked="gpt-4o", usage=MILLION) == pytest.approx(12.5)
    assert [record.message for record in caplog.records] == [
        "no price for openai/gpt-4o: the price list failed: RuntimeError: the list is broken"
    ]
