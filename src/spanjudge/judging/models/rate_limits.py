"""What a provider says its rate limits are, in the headers of its answers.

Sources: OpenAI (https://platform.openai.com/docs/guides/rate-limits), Anthropic
(https://docs.anthropic.com/en/api/rate-limits), Groq (https://console.groq.com/docs/rate-limits).
"""

from collections.abc import Mapping

import msgspec

_REQUESTS = ("x-ratelimit-limit-requests", "anthropic-ratelimit-requests-limit")
_TOKENS = (
    "x-ratelimit-limit-tokens",
    "anthropic-ratelimit-tokens-limit",
    "anthropic-ratelimit-input-tokens-limit",
)
_REQUESTS_A_DAY = frozenset({"groq"})
"""Providers whose header of requests is about a day."""


class RateLimits(msgspec.Struct, frozen=True, kw_only=True):
    """Most requests and tokens in a minute, as far as they are told."""

    requests: int | None = None
    tokens: int | None = None


def rate_limits(provider: str, headers: Mapping[str, str]) -> RateLimits:
    """The limits that an answer's headers tell."""
    return RateLimits(
        requests=None if provider in _REQUESTS_A_DAY else _first(headers, _REQUESTS),
        tokens=_first(headers, _TOKENS),
    )


def _first(headers: Mapping[str, str], names: tuple[str, ...]) -> int | None:
    for name in names:
        text = headers.get(name, "").strip()
        if text.isascii() and text.isdigit() and len(text) < 16:  # noqa: PLR2004 - more is no limit but a fault
            return int(text) or None
    return None
