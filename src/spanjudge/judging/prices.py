"""What a judge call cost in USD, by the public price list that ships with `genai-prices`.

The list is imported at the first price asked for (0.14 s) and never fetched from the network. A model is
looked up once; after that a price is arithmetic on a few floats. A price never stops an evaluation:
whatever goes wrong, the answer is `None`, which means unknown and is never the same as 0.
"""

import logging
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from spanjudge.judging.usage import Usage

if TYPE_CHECKING:
    from genai_prices.types import ModelInfo, ModelPrice, TieredPrices

FREE = frozenset({"embedded", "scripted"})
"""Providers that run inside this process: a call costs nothing."""

UNLISTED = frozenset({"custom_openai", "ollama", "ollama_chat", "openai_compatible", "openai_like"})
"""Servers of the user's own: only the user knows what a token costs there."""

_PROVIDERS = {
    "azure_ai": "azure",
    "bedrock": "aws",
    "bedrock_converse": "aws",
    "cohere_chat": "cohere",
    "fireworks_ai": "fireworks",
    "gemini": "google",
    "moonshot": "moonshotai",
    "together_ai": "together",
    "vertex_ai": "google",
    "vertex_ai_beta": "google",
    "xai": "x-ai",
}
"""Our name of a provider (LiteLLM's) → the price list's, where they differ."""

_PREFIX = re.compile(r"^(?:models/|accounts/[^/]+/(?:models|routers)/)")
_DATE = re.compile(r"[-@](?:20\d{2}-?[01]\d-?[0-3]\d|[01]\d-20\d{2})$")
_MILLION = 1_000_000

_log = logging.getLogger(__name__)


class _Rate(NamedTuple):
    """USD per million tokens; `tiers` are (input tokens above which it applies, rate), highest first."""

    base: float
    tiers: tuple[tuple[float, float], ...] = ()

    def at(self, tokens_read: int) -> float:
        for start, rate in self.tiers:
            if tokens_read > start:
                return rate
        return self.base


class _Rates(NamedTuple):
    """All a judge call can be charged for; a part without its own rate costs what its whole costs."""

    input: _Rate
    output: _Rate
    cached: _Rate
    cache_write: _Rate
    reasoning: _Rate
    request: float

    def cost(self, usage: Usage) -> float:
        read = usage.input
        plain = max(0, read - usage.cached - usage.cache_write)
        written = max(0, usage.output - usage.reasoning)
        tokens = (
            plain * self.input.at(read)
            + usage.cached * self.cached.at(read)
            + usage.cache_write * self.cache_write.at(read)
            + written * self.output.at(read)
            + usage.reasoning * self.reasoning.at(read)
        )
        return tokens / _MILLION + self.request


class _Listed:
    """One model of the price list; its prices may depend on the date and the time of day."""

    def __init__(self, model: "ModelInfo") -> None:
        self._model = model
        self._known: dict[int, _Rates | None] = {}
        # Most models have one price: then no clock is read.
        self._only = None if isinstance(model.prices, list) else _rates(model.prices)

    def rates(self, at: datetime | None) -> _Rates | None:
        if self._only is not None or not isinstance(self._model.prices, list):
            return self._only
        price = self._model.get_prices(at or datetime.now(UTC))
        # The list is never replaced while we hold the model, so that an id stays one price.
        if id(price) not in self._known:
            self._known[id(price)] = _rates(price)
        return self._known[id(price)]


def cost_of(
    provider: str,
    *,
    answered: str,
    asked: str,
    usage: Usage | None,
    price_input: float | None = None,
    price_output: float | None = None,
    at: datetime | None = None,
) -> float | None:
    """USD for the tokens of one call, or `None` when it is not known.

    `answered` is the model the provider says it used, `asked` the configured name; the first the list
    knows is taken, with or without its date. `price_input` and `price_output` (USD per million tokens)
    are the user's own and win over the list; cached tokens then cost as much as others. `at` (aware, now
    unless given) is when the call was made: some prices depend on the date or the time of day. A call on a
    model inside this process costs 0.0; a server of the user's own is unknown unless prices are given.
    """
    if provider in FREE and price_input is None and price_output is None:
        return 0.0
    if usage is None:
        return None
    if price_input is not None and price_output is not None:
        return (usage.input * price_input + usage.output * price_output) / _MILLION
    try:
        rates = _find(provider, answered, asked, at)
    except Exception as error:  # noqa: BLE001 - a price never stops an evaluation, whatever the list's code does
        _report(provider, asked, f"{type(error).__name__}: {error}")
        return None
    if rates is None:
        return None
    if price_input is not None:
        own = _Rate(price_input)
        rates = rates._replace(input=own, cached=own, cache_write=own)
    if price_output is not None:
        own = _Rate(price_output)
        rates = rates._replace(output=own, reasoning=own)
    return rates.cost(usage)


def warm(provider: str, model: str) -> None:
    """Import the price list and look `model` up, so that the first answer does not wait for it."""
    cost_of(provider, answered="", asked=model, usage=Usage(input=0, output=0))


def forget() -> None:
    """Look every model up again: for a process that has updated the list (`genai_prices.UpdatePrices`)."""
    _lookup.cache_clear()


def _find(provider: str, answered: str, asked: str, at: datetime | None) -> _Rates | None:
    if provider in UNLISTED or provider in FREE:
        return None
    listed = _lookup(provider, answered, asked)
    return listed.rates(at) if listed else None


@lru_cache(maxsize=256)
def _report(provider: str, model: str, fault: str) -> None:
    """Say it once, not at every call."""
    _log.warning("no price for %s/%s: the price list failed: %s", provider, model, fault)


@lru_cache(maxsize=1024)
def _lookup(provider: str, answered: str, asked: str) -> _Listed | None:
    # Imported here: an application that never judges does not pay for the list.
    from genai_prices.data_snapshot import get_snapshot  # noqa: PLC0415

    snapshot = get_snapshot()
    provider_id = _PROVIDERS.get(provider, provider)
    for name in (*_spellings(provider, answered), *_spellings(provider, asked)):
        try:
            _, model = snapshot.find_provider_model(name, None, provider_id, None)
        except LookupError:
            continue
        return _Listed(model)
    return None


def _spellings(provider: str, name: str) -> Iterator[str]:
    """Spell the name as it is, without what stands in front, and both without a date at the end."""
    if provider == "fireworks_ai" and name and "/" not in name:
        yield f"accounts/fireworks/models/{name}"
    bare = _PREFIX.sub("", name.removeprefix(f"{provider}/"))
    for spelling in dict.fromkeys((name, bare, _DATE.sub("", name), _DATE.sub("", bare))):
        if spelling:
            yield spelling


def _rates(price: "ModelPrice") -> _Rates | None:
    if price.input_mtok is None or price.output_mtok is None:
        return None  # charged by something that is not counted here (characters, seconds)
    read, written = _rate(price.input_mtok), _rate(price.output_mtok)
    return _Rates(
        input=read,
        output=written,
        cached=read if price.cache_read_mtok is None else _rate(price.cache_read_mtok),
        cache_write=read if price.cache_write_mtok is None else _rate(price.cache_write_mtok),
        reasoning=written if price.output_reasoning_mtok is None else _rate(price.output_reasoning_mtok),
        request=0.0 if price.requests_kcount is None else _rate(price.requests_kcount).base / 1000,
    )


def _rate(price: "Decimal | TieredPrices") -> _Rate:
    if isinstance(price, Decimal):
        return _Rate(float(price))
    return _Rate(float(price.base), tuple((tier.start, float(tier.price)) for tier in reversed(price.tiers)))
