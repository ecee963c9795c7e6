"""What a judge model charges, as far as budgets need to know."""

import ipaddress
from urllib.parse import urlsplit

import msgspec

from spanjudge.judging import prices
from spanjudge.judging.models.config import JudgeModelConfig
from spanjudge.judging.usage import Usage

_ON_THIS_MACHINE = prices.FREE | {"ollama", "ollama_chat"}
_A_MILLION_TOKENS = Usage(input=1_000_000, output=0)


class Tariff(msgspec.Struct, frozen=True, kw_only=True):
    """Whether calls cost money (`charged`); prices are USD per million tokens, `None` is the list's."""

    provider: str
    model: str
    charged: bool
    price_input: float | None = None
    price_output: float | None = None

    def cost(self, usage: Usage) -> float | None:
        """USD, or `None` when no price is known."""
        if not self.charged:
            return 0.0
        return prices.cost_of(
            self.provider,
            answered="",
            asked=self.model,
            usage=usage,
            price_input=self.price_input,
            price_output=self.price_output,
        )

    @property
    def is_known(self) -> bool:
        """Whether a call's price can be told."""
        return self.cost(_A_MILLION_TOKENS) is not None


def tariff_of(config: JudgeModelConfig) -> Tariff:
    """The tariff of a judge model by its settings.

    What runs in this process or under Ollama costs nothing, nor does an OpenAI-compatible server at a private
    address, nor what is priced 0. Everybody else charges.
    """
    return Tariff(
        provider=config.provider,
        model=config.model,
        charged=_is_charged(config),
        price_input=config.price_input,
        price_output=config.price_output,
    )


def _is_charged(config: JudgeModelConfig) -> bool:
    given = (config.price_input, config.price_output)
    if any(given):
        return True
    if given == (0, 0) or config.provider in _ON_THIS_MACHINE:
        return False
    return config.provider not in prices.UNLISTED or not _is_private(config.url or "")


def _is_private(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        # A name without a dot, or with one of these ends, is resolved on the own network only.
        return bool(host) and ("." not in host or host.endswith((".local", ".internal", ".localhost")))
    return address.is_private
