import pytest

from spanjudge.judging.budget.tariff import tariff_of
from spanjudge.judging.models.config import JudgeModelConfig
from spanjudge.judging.usage import Usage


@pytest.mark.parametrize(
    ("config", "charged"),
    [
        (JudgeModelConfig(provider="openai", model="gpt-4o-mini"), True),
        (JudgeModelConfig(provider="openai", model="gpt-4o-mini", url="http://127.0.0.1:9/v1"), True),
        (JudgeModelConfig(provider="anthropic", model="claude-haiku-4-5"), True),
        (JudgeModelConfig(provider="bedrock", model="x"), True),
        (JudgeModelConfig(provider="embedded"), False),
        (JudgeModelConfig(provider="scripted"), False),
        (JudgeModelConfig(provider="ollama", model="qwen3:8b"), False),
        (JudgeModelConfig(provider="ollama", model="big", price_input=1.0, price_output=2.0), True),
        (JudgeModelConfig(provider="openai_compatible", model="m", url="http://localhost:8000/v1"), False),
        (JudgeModelConfig(provider="openai_compatible", model="m", url="http://10.1.2.3:8000/v1"), False),
        (JudgeModelConfig(provider="openai_compatible", model="m", url="http://vllm:8000/v1"), False),
        (JudgeModelConfig(provider="openai_compatible", model="m", url="http://vllm.svc.internal"), False),
        (JudgeModelConfig(provider="openai_compatible", model="m", url="https://api.example.com/v1"), True),
        (JudgeModelConfig(provider="openai_compatible", model="m", url="https://8.8.8.8/v1"), True),
        (JudgeModelConfig(provider="openai", model="m", price_input=0.0, price_output=0.0), False),
        (JudgeModelConfig(provider="openai", model="m", price_input=0.0, price_output=0.5), True),
    ],
)
def test_who_charges(config: JudgeModelConfig, *, charged: bool) -> None:
    assert tariff_of(config).charged is charged


def test_prices_are_the_users_own_or_the_lists_or_unknown() -> None:
    million = Usage(input=1_000_000, output=1_000_000)
    own = tariff_of(JudgeModelConfig(provider="openai", model="x", price_input=2.0, price_output=8.0))
    assert own.cost(million) == pytest.approx(10.0)
    listed = tariff_of(JudgeModelConfig(provider="openai", model="gpt-4o-mini")).cost(million)
    assert listed is not None
    assert 0.1 < listed < 10
    unknown = tariff_of(
        JudgeModelConfig(provider="openai_compatible", model="m", url="https://api.example.com/v1")
    )
    assert unknown.cost(million) is None
    assert not unknown.is_known
    assert tariff_of(JudgeModelConfig(provider="ollama", model="m")).cost(million) == 0.0
